//! Expressions and statements that choose: `?:`, `if`, blocks, `match`; and calls.

use super::Generator;
use super::types::{Class, Ty};

impl Generator {
    pub fn choice(&mut self, class: &Class, depth: u32) -> String {
        let condition = self.condition(depth);
        if self.random.percent(60) && !matches!(class, Class::Struct(_) | Class::Array(..)) {
            let (then, otherwise) = (self.branch(class, depth), self.branch(class, depth));
            return format!("({condition} ? {then} : {otherwise})");
        }
        let then = match self.throw_instead(20) {
            Some(throw) => throw,
            None => self.arm_block(class, depth),
        };
        let otherwise = self.arm_block(class, depth);
        format!("(if ({condition}) {{\n{then}\n}} else {{\n{otherwise}\n}})")
    }

    /// A value whose type is the class's in any company: of literals alone nothing would say which.
    fn branch(&mut self, class: &Class, depth: u32) -> String {
        match class {
            Class::Number => {
                let number = self.number(depth);
                if number.constant { self.variable_number() } else { number.text }
            }
            Class::Str => self.string_branch(depth),
            Class::Bool | Class::Be(_) | Class::Struct(_) | Class::Array(..) => self.value_in(class, depth),
        }
    }

    /// The text in the braces of an arm: a value, now and then after a statement.
    fn arm_block(&mut self, class: &Class, depth: u32) -> String {
        if depth == 0 || self.room == 0 || !self.random.percent(30) {
            return self.branch(class, depth);
        }
        self.scope.open();
        let text = self.statements(1);
        let value = self.branch(class, depth);
        self.scope.close();
        format!("{text}\n{value}")
    }

    pub fn block_value(&mut self, class: &Class, depth: u32) -> String {
        if self.room == 0 {
            return self.branch(class, depth);
        }
        self.scope.open();
        let count = 1 + self.random.below(2);
        let text = self.statements(count);
        let value = self.branch(class, depth);
        self.scope.close();
        format!("({{\n{text}\n{value}\n}})")
    }

    pub fn match_value(&mut self, class: &Class, depth: u32) -> String {
        let (subject, patterns, complete) = self.subject(depth);
        let mut text = format!("(match ({subject}) {{\n");
        for (at, pattern) in patterns.into_iter().enumerate() {
            let depth = depth.saturating_sub(1);
            // Some arm has a value.
            if at > 0
                && let Some(throw) = self.throw_instead(12)
            {
                text.push_str(&format!("{pattern}: {throw},\n"));
            } else if self.random.percent(70) {
                text.push_str(&format!("{pattern}: {},\n", self.branch(class, depth)));
            } else {
                let value = self.arm_block(class, depth);
                text.push_str(&format!("{pattern}: {{\n{value}\n}},\n"));
            }
        }
        if !complete {
            text.push_str(&format!("default: {},\n", self.branch(class, depth.saturating_sub(1))));
        }
        text.push_str("})");
        text
    }

    /// What is matched, the patterns of the arms, and whether those take all values that the checker asks for.
    pub fn subject(&mut self, depth: u32) -> (String, Vec<String>, bool) {
        match self.random.below(12) {
            10 | 11 => self.string_subject(),
            0 => {
                let subject = self.boolean(depth);
                let both = self.random.percent(50);
                let patterns = if both { vec!["true".into(), "false".into()] } else { vec!["false".into()] };
                (subject, patterns, both)
            }
            1 | 2 if !self.enums.is_empty() => self.enum_subject(),
            3 => {
                let bits = self.random.pick(&[16, 32]);
                match self.place(&Class::Be(bits), false) {
                    Some(place) => (place.text, self.number_patterns((bits, false)), false),
                    None => self.number_subject(),
                }
            }
            _ => self.number_subject(),
        }
    }

    fn enum_subject(&mut self) -> (String, Vec<String>, bool) {
        let id = self.random.below(self.enums.len());
        let subject = format!("({} as {})", self.variable_number(), self.enums[id].name);
        let count = self.enums[id].variants.len();
        let all = self.random.percent(60);
        let mut patterns: Vec<String> = Vec::new();
        for at in 0..if all { count } else { count - 1 } {
            let name = self.variant_name(id, at);
            match patterns.last_mut() {
                Some(last) if self.random.percent(25) => *last = format!("{last} | {name}"),
                Some(_) | None => patterns.push(name),
            }
        }
        (subject, patterns, all)
    }

    fn number_subject(&mut self) -> (String, Vec<String>, bool) {
        let Some(place) = self.place(&Class::Number, false) else { return ("0".into(), Vec::new(), false) };
        if let Ty::Enum(_) = place.ty {
            return (format!("({} as i32)", place.text), self.number_patterns((32, true)), false);
        }
        let int = self.int_of(&place.ty).unwrap_or((32, false));
        // Small values are worth matching.
        if self.random.percent(40) {
            return (format!("({} & 7)", place.text), vec!["0".into(), "1 | 2".into(), "3..6".into()], false);
        }
        (place.text, self.number_patterns(int), false)
    }

    fn number_patterns(&mut self, int: (u32, bool)) -> Vec<String> {
        let mut patterns = Vec::new();
        for _ in 0..1 + self.random.below(4) {
            let one = |generator: &mut Generator| {
                // Beyond what the subject can be, too.
                let number = if int.0 < 64 && generator.random.percent(10) {
                    generator.number_in((int.0 * 2, true))
                } else {
                    generator.number_in(int)
                };
                if generator.random.percent(60) {
                    return generator.spelled(number);
                }
                let other = generator.number_in(int);
                let (low, high) = (number.min(other), number.max(other));
                format!("{low}..={high}")
            };
            let mut pattern = one(self);
            if self.random.percent(30) {
                pattern = format!("{pattern} | {}", one(self));
            }
            patterns.push(pattern);
        }
        patterns
    }

    /// A call of a function that was declared before and yields the class.
    pub fn call(&mut self, class: &Class, depth: u32) -> Option<String> {
        let fits = |generator: &Generator, at: usize| {
            let func = &generator.funcs[at];
            func.result.as_ref().is_some_and(|ty| ty.class() == *class) && generator.callable(func)
        };
        let candidates: Vec<usize> = (0..self.funcs.len()).filter(|&at| fits(self, at)).collect();
        if candidates.is_empty() {
            return None;
        }
        let at = self.random.pick(&candidates);
        let call = self.call_of(at, depth);
        match self.funcs[at].result.clone() {
            Some(result) => Some(self.as_integer(&result, call)),
            None => Some(call),
        }
    }

    /// A call of any function, for its effects.
    pub fn call_any(&mut self, depth: u32) -> Option<(String, bool)> {
        let candidates: Vec<usize> = (0..self.funcs.len()).filter(|&at| self.callable(&self.funcs[at])).collect();
        if candidates.is_empty() {
            return None;
        }
        let at = self.random.pick(&candidates);
        let has_result = self.funcs[at].result.is_some();
        Some((self.call_of(at, depth), has_result))
    }

    /// Whether a call fits the bounds, and there is something for each pointer to point to.
    pub fn callable(&self, func: &super::Func) -> bool {
        let changed = &func.uses.updates;
        self.affordable(func)
            && self.allows(&func.uses)
            && self.takes_throws(func)
            && func.params.iter().all(|(ty, pointer)| !pointer || self.has_address(ty, changed))
    }

    pub fn call_of(&mut self, at: usize, depth: u32) -> String {
        let (name, params) = (self.funcs[at].name.clone(), self.funcs[at].params.clone());
        let uses = self.funcs[at].uses.clone();
        let mut held = Vec::new();
        self.spend(self.funcs[at].cost);
        self.callee_depth = self.callee_depth.max(self.funcs[at].depth);
        let mut args = Vec::new();
        for (ty, pointer) in &params {
            match if *pointer { self.address(ty, &uses.updates) } else { None } {
                Some((address, in_map)) => {
                    args.push(address);
                    held.push(self.hold(in_map));
                }
                None => args.push(self.value_of(ty, depth.min(2).saturating_sub(1))),
            }
        }
        for held in held {
            self.release(held);
        }
        self.change(&uses);
        self.thrown_by(at);
        format!("{name}({})", args.join(", "))
    }
}
