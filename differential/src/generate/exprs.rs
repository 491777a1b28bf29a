//! Expressions of every class, as text in parentheses where precedence could matter.

use super::Generator;
use super::types::{Class, Ty};

/// How an expression is made.
#[derive(Clone, Copy)]
pub enum Form {
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
        if let Ty::Enum(id) = ty
            && self.random.percent(40)
        {
            return self.variant(*id);
        }
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

    pub fn random_be(&mut self) -> u32 {
        self.random.pick(&[16, 32, 64])
    }

    pub fn boolean(&mut self, depth: u32) -> String {
        if !self.maps.is_empty() && self.keys < 2 && self.random.percent(12) {
            return self.presence();
        }
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
        let mut fields: Vec<(String, Ty, bool)> =
            self.structs[id].fields.iter().map(|f| (f.name.clone(), f.ty.clone(), f.default.is_some())).collect();
        // What one does to maps decides what the next ones can be.
        let has_maps = !self.maps.is_empty();
        if has_maps {
            let start = self.random.below(fields.len());
            fields.rotate_left(start);
        }
        let mut values = Vec::new();
        for (name, ty, has_default) in fields {
            if !has_default || self.random.percent(50) {
                values.push(format!("{name}: {}", self.value_of(&ty, depth.saturating_sub(1))));
            }
        }
        // The order is that of evaluation.
        let start = if values.is_empty() || has_maps { 0 } else { self.random.below(values.len()) };
        values.rotate_left(start);
        format!("{} {{ {} }}", self.structs[id].name, values.join(", "))
    }
}
