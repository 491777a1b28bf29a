//! Expressions of every class, as text in parentheses where precedence could matter.

use super::Generator;
use super::types::{Class, Ty};

/// The text of a number, and whether the checker knows its value: constants are computed at once, with errors for
/// division by zero and for values that fit nowhere.
pub struct Number {
    pub text: String,
    pub constant: bool,
}

impl Number {
    fn variable(text: String) -> Number {
        Number { text, constant: false }
    }

    fn constant(text: String) -> Number {
        Number { text, constant: true }
    }
}

#[derive(Clone, Copy)]
enum Form {
    Leaf,
    Arith,
    Divide,
    Shift,
    Unary,
    Cast,
    Compare,
    Equal,
    Truth,
    Logical,
    Bits,
    Choice,
    Match,
    Block,
    Call,
    Literal,
}

impl Generator {
    /// An expression that can go where a value of the type is asked for.
    pub fn value_of(&mut self, ty: &Ty, depth: u32) -> String {
        self.value_in(&ty.class(), depth)
    }

    pub fn value_in(&mut self, class: &Class, depth: u32) -> String {
        match class {
            Class::Number => self.number(depth).text,
            Class::Bool => self.boolean(depth),
            Class::Be(bits) => self.be(*bits, depth),
            Class::Str => self.string(depth),
            Class::Struct(id) => self.structure(*id, depth),
            Class::Array(of, length) => self.array(of, *length, depth),
        }
    }

    /// A variable's number: never a constant.
    pub fn variable_number(&mut self) -> String {
        self.place(&Class::Number, false).map_or("1".into(), |place| place.text)
    }

    fn leaf_number(&mut self) -> Number {
        match self.random.below(22) {
            20 | 21 => Number::variable(self.string_number()),
            0..=11 => Number::variable(self.variable_number()),
            12 if !self.consts.is_empty() => {
                let (name, _) = self.random.pick(&self.consts);
                Number::constant(name)
            }
            13 => Number::constant(self.char_literal()),
            14 if !self.enums.is_empty() => {
                let id = self.random.below(self.enums.len());
                Number::constant(self.variant(id))
            }
            15 => {
                let ty = self.value_type();
                Number::constant(format!("sizeof({})", self.type_name(&ty)))
            }
            16 => {
                let ty = self.int_type();
                let literal = self.literal_of(&ty);
                Number::constant(format!("({literal} as {})", self.type_name(&ty)))
            }
            _ => {
                let ty = self.int_type();
                Number::constant(self.literal_of(&ty))
            }
        }
    }

    pub fn number(&mut self, depth: u32) -> Number {
        if depth == 0 {
            return self.leaf_number();
        }
        let depth = depth - 1;
        let form = self.random.weighted(&[
            (12, Form::Leaf),
            (30, Form::Arith),
            (10, Form::Divide),
            (10, Form::Shift),
            (7, Form::Unary),
            (12, Form::Cast),
            (8, Form::Choice),
            (3, Form::Match),
            (2, Form::Block),
            (8, Form::Call),
        ]);
        match form {
            Form::Arith => self.arith(depth),
            Form::Divide => {
                let left = self.number(depth);
                let right = self.divisor(depth);
                // Two constants would be computed at once, and might not fit.
                let left = if left.constant { self.variable_number() } else { left.text };
                Number::variable(format!("({left} {} {right})", self.random.pick(&["/", "%"])))
            }
            Form::Shift => {
                let left = self.number(depth);
                let count = self.shift_count(depth);
                let left = if left.constant && count.constant { self.variable_number() } else { left.text };
                Number::variable(format!("({left} {} {})", self.random.pick(&["<<", ">>"]), count.text))
            }
            Form::Unary => {
                let operand = self.number(depth);
                let operand = if operand.constant { self.variable_number() } else { operand.text };
                Number::variable(format!("({}{operand})", self.random.pick(&["-", "~"])))
            }
            Form::Cast => self.cast(depth),
            Form::Choice => Number::variable(self.choice(&Class::Number, depth)),
            Form::Match => Number::variable(self.match_value(&Class::Number, depth)),
            Form::Block => Number::variable(self.block_value(&Class::Number, depth)),
            Form::Call => match self.call(&Class::Number, depth) {
                Some(call) => Number::variable(call),
                None => self.arith(depth),
            },
            Form::Leaf | Form::Compare | Form::Equal | Form::Truth | Form::Logical | Form::Bits | Form::Literal => {
                self.leaf_number()
            }
        }
    }

    fn arith(&mut self, depth: u32) -> Number {
        let (left, right) = (self.number(depth), self.number(depth));
        let left = if left.constant && right.constant { self.variable_number() } else { left.text };
        let op = self.random.pick(&["+", "-", "*", "&", "|", "^"]);
        Number::variable(format!("({left} {op} {})", right.text))
    }

    /// What may stand behind `/` and `%`: not a constant zero.
    pub fn divisor(&mut self, depth: u32) -> String {
        if self.random.percent(30) {
            let ty = self.int_type();
            let literal = self.int_of(&ty).map_or(7, |int| self.number_in(int));
            return self.spelled(if literal == 0 { 3 } else { literal });
        }
        let right = self.number(depth);
        if right.constant { self.variable_number() } else { right.text }
    }

    /// A constant count is less than any width.
    pub fn shift_count(&mut self, depth: u32) -> Number {
        if self.random.percent(40) {
            return Number::constant(self.random.below(32).to_string());
        }
        let count = self.number(depth);
        if count.constant { Number::variable(self.variable_number()) } else { count }
    }

    fn cast(&mut self, depth: u32) -> Number {
        let ty = match self.random.below(12) {
            0 => Ty::Char,
            1 if !self.enums.is_empty() => Ty::Enum(self.random.below(self.enums.len())),
            _ => self.int_type(),
        };
        let name = self.type_name(&ty);
        match self.random.below(10) {
            0 | 1 => {
                let operand = self.boolean(depth);
                Number { constant: may_be_known(&operand), text: format!("({operand} as {name})") }
            }
            2 => {
                let bits = self.random.pick(&[16, 32, 64]);
                let operand = self.be(bits, depth);
                let constant = operand.starts_with(|c: char| c.is_ascii_digit());
                if constant {
                    Number::variable(self.variable_number())
                } else {
                    Number::variable(format!("({operand} as {name})"))
                }
            }
            3 => {
                let bits = self.random_be();
                let place = self.place(&Class::Be(bits), false);
                Number::variable(place.map_or_else(|| self.variable_number(), |place| format!("{}.raw", place.text)))
            }
            _ => {
                let operand = self.number(depth);
                Number { text: format!("({} as {name})", operand.text), constant: operand.constant }
            }
        }
    }

    fn random_be(&mut self) -> u32 {
        self.random.pick(&[16, 32, 64])
    }

    pub fn boolean(&mut self, depth: u32) -> String {
        if depth == 0 {
            return match self.random.below(10) {
                0 => self.random.pick(&["true", "false"]).into(),
                1..=5 => match self.place(&Class::Bool, false) {
                    Some(place) => place.text,
                    None => format!("({} != 0)", self.variable_number()),
                },
                6 => self.string_test(0),
                _ => format!("({} as bool)", self.variable_number()),
            };
        }
        let depth = depth - 1;
        let form = self.random.weighted(&[
            (30, Form::Compare),
            (8, Form::Equal),
            (6, Form::Truth),
            (20, Form::Logical),
            (6, Form::Unary),
            (5, Form::Bits),
            (5, Form::Choice),
            (2, Form::Match),
            (1, Form::Block),
            (3, Form::Call),
            (5, Form::Leaf),
        ]);
        match form {
            Form::Compare => {
                let (left, right) = (self.number(depth), self.number(depth));
                let left = if left.constant && right.constant { self.variable_number() } else { left.text };
                let op = self.random.pick(&["==", "!=", "<", "<=", ">", ">="]);
                format!("({left} {op} {})", right.text)
            }
            Form::Equal => self.equal(depth),
            Form::Truth => format!("({} as bool)", self.variable_number()),
            Form::Logical => {
                let (left, right) = (self.condition(depth), self.condition(depth));
                format!("({left} {} {right})", self.random.pick(&["&&", "||"]))
            }
            Form::Unary => format!("(!{})", self.condition(depth)),
            Form::Bits => {
                let (left, right) = (self.boolean(depth), self.boolean(depth));
                format!("({left} {} {right})", self.random.pick(&["&", "|", "^"]))
            }
            Form::Choice => self.choice(&Class::Bool, depth),
            Form::Match => self.match_value(&Class::Bool, depth),
            Form::Block => self.block_value(&Class::Bool, depth),
            Form::Call => self.call(&Class::Bool, depth).unwrap_or_else(|| self.boolean(0)),
            Form::Leaf | Form::Arith | Form::Divide | Form::Shift | Form::Cast | Form::Literal => self.boolean(0),
        }
    }

    /// Equality of what has no order.
    fn equal(&mut self, depth: u32) -> String {
        if self.random.percent(25) {
            return self.string_test(depth);
        }
        let op = self.random.pick(&["==", "!="]);
        if self.random.percent(40) {
            let (left, right) = (self.boolean(depth), self.boolean(depth));
            return format!("({left} {op} {right})");
        }
        if self.random.percent(50) {
            let ty = self.value_type();
            if let (Ty::Struct(_) | Ty::Array(..), Some(place)) = (&ty, self.place(&ty.class(), false)) {
                return format!("({} {op} {})", place.text, self.value_of(&ty, depth));
            }
        }
        let bits = self.random_be();
        match self.place(&Class::Be(bits), false) {
            Some(place) => format!("({} {op} {})", place.text, self.be(bits, depth)),
            None => self.boolean(0),
        }
    }

    /// What an `if` takes: a bool, or anything that is true or false.
    pub fn condition(&mut self, depth: u32) -> String {
        match self.random.below(10) {
            0 => self.variable_number(),
            1 if self.random.percent(30) => {
                self.place(&Class::Str, false).map_or_else(|| self.boolean(depth), |place| place.text)
            }
            1 => {
                let bits = self.random_be();
                self.place(&Class::Be(bits), false).map_or_else(|| self.boolean(depth), |place| place.text)
            }
            _ => self.boolean(depth),
        }
    }

    pub fn be(&mut self, bits: u32, depth: u32) -> String {
        let leaf = |generator: &mut Generator| match generator.place(&Class::Be(bits), false) {
            Some(place) => place.text,
            None => format!("({} as be{bits})", generator.variable_number()),
        };
        if depth == 0 {
            return leaf(self);
        }
        let depth = depth - 1;
        match self.random.below(14) {
            0..=2 => {
                // A literal alone has no byte order.
                let number = self.number(depth);
                let number = if number.constant { self.variable_number() } else { number.text };
                format!("({number} as be{bits})")
            }
            3 | 4 => {
                let left = leaf(self);
                let right = if self.random.percent(30) {
                    let number = self.number_in((bits, false));
                    self.spelled(number)
                } else {
                    self.be(bits, depth)
                };
                format!("({left} {} {right})", self.random.pick(&["&", "|", "^"]))
            }
            5 => format!("(~{})", leaf(self)),
            6 => self.choice(&Class::Be(bits), depth),
            7 => self.call(&Class::Be(bits), depth).unwrap_or_else(|| leaf(self)),
            8 => self.match_value(&Class::Be(bits), depth),
            _ => leaf(self),
        }
    }

    pub fn structure(&mut self, id: usize, depth: u32) -> String {
        let form = self.random.weighted(&[
            (40, Form::Leaf),
            (30, Form::Literal),
            (10, Form::Choice),
            (4, Form::Match),
            (4, Form::Block),
            (15, Form::Call),
        ]);
        let class = Class::Struct(id);
        match form {
            Form::Choice if depth > 0 => self.choice(&class, depth - 1),
            Form::Match if depth > 0 => self.match_value(&class, depth - 1),
            Form::Block if depth > 0 => self.block_value(&class, depth - 1),
            Form::Call => self.call(&class, depth).unwrap_or_else(|| self.struct_literal(id, depth)),
            Form::Leaf => self.place(&class, false).map_or_else(|| self.struct_literal(id, depth), |place| place.text),
            Form::Arith
            | Form::Divide
            | Form::Shift
            | Form::Unary
            | Form::Cast
            | Form::Compare
            | Form::Equal
            | Form::Truth
            | Form::Logical
            | Form::Bits
            | Form::Choice
            | Form::Match
            | Form::Block
            | Form::Literal => self.struct_literal(id, depth),
        }
    }

    pub fn array(&mut self, of: &Ty, length: usize, depth: u32) -> String {
        let class = Class::Array(Box::new(of.clone()), length);
        match self.random.below(12) {
            0..=4 => {
                if let Some(place) = self.place(&class, false) {
                    return place.text;
                }
            }
            5 if depth > 0 => return self.choice(&class, depth - 1),
            6 if depth > 0 => return self.match_value(&class, depth - 1),
            7 => {
                if let Some(call) = self.call(&class, depth) {
                    return call;
                }
            }
            _ => {}
        }
        // Where nothing asks for a type the literal would get one of its own.
        let depth = depth.saturating_sub(1);
        match self.random.below(5) {
            0 => format!("[{}; {length}]", self.value_of(of, depth)),
            1 => format!("[{}]", self.value_of(of, depth)),
            _ => {
                let values: Vec<String> = (0..length).map(|_| self.value_of(of, depth)).collect();
                format!("[{}]", values.join(", "))
            }
        }
    }

    fn struct_literal(&mut self, id: usize, depth: u32) -> String {
        let fields: Vec<(String, Ty, bool)> =
            self.structs[id].fields.iter().map(|f| (f.name.clone(), f.ty.clone(), f.default.is_some())).collect();
        let mut values = Vec::new();
        for (name, ty, has_default) in fields {
            if !has_default || self.random.percent(50) {
                values.push(format!("{name}: {}", self.value_of(&ty, depth.saturating_sub(1))));
            }
        }
        // The order is that of evaluation.
        let turn = if values.is_empty() { 0 } else { self.random.below(values.len()) };
        values.rotate_left(turn);
        format!("{} {{ {} }}", self.structs[id].name, values.join(", "))
    }
}

/// Whether the checker may know the value: one of literals and operators alone has these words in it.
fn may_be_known(text: &str) -> bool {
    text.contains("true") || text.contains("false")
}
