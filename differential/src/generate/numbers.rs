//! Numbers: their arithmetic, and what has a value that the checker knows.

use super::Generator;
use super::exprs::Form;
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

impl Generator {
    /// A variable's number: never a constant.
    pub fn variable_number(&mut self) -> String {
        self.place(&Class::Number, false).map_or("1".into(), |place| self.as_integer(&place.ty, place.text))
    }

    /// What is of an enum as the integer that it is in arithmetic: it does not mix with other enums then.
    pub fn as_integer(&mut self, ty: &Ty, text: String) -> String {
        match ty {
            Ty::Enum(_) if self.random.percent(30) => format!("({text} + 0)"),
            Ty::Enum(id) => {
                let (bits, signed) = self.enums[*id].repr;
                format!("({text} as {})", self.type_name(&Ty::Int { bits, signed }))
            }
            Ty::Int { .. } | Ty::Char | Ty::Bool | Ty::Be(_) | Ty::Str(_) | Ty::Struct(_) | Ty::Array(..) => text,
        }
    }

    fn leaf_number(&mut self) -> Number {
        if self.old_values
            && self.random.percent(6)
            && let Some(old) = self.old_value()
        {
            return Number::variable(old);
        }
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
                let variant = self.variant(id);
                Number::constant(self.as_integer(&Ty::Enum(id), variant))
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
                if self.random.percent(20) {
                    return Number::variable(format!("log2(({operand}) as u64)"));
                }
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

    /// What may follow `/` and `%`: not a constant zero.
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
        let name = if let Ty::Enum(id) = ty {
            let (bits, signed) = self.enums[id].repr;
            format!("{name} as {}", self.type_name(&Ty::Int { bits, signed }))
        } else {
            name
        };
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
}

/// Whether the checker may know the value: one of literals and operators alone has these words in it.
fn may_be_known(text: &str) -> bool {
    text.contains("true") || text.contains("false")
}
