//! Statements.

use super::Generator;
use super::scope::InMap;
use super::types::{Class, Ty};

#[derive(Clone, Copy)]
enum Form {
    Var,
    Assign,
    Compound,
    If,
    Match,
    For,
    While,
    Loop,
    Block,
    Call,
    Const,
    Leave,
    Try,
    Throw,
    Defer,
}

impl Generator {
    /// Statements of the innermost block, a line or more each.
    pub fn statements(&mut self, count: usize) -> String {
        let lines: Vec<String> = (0..count).map(|_| self.statement()).collect();
        lines.join("\n")
    }

    /// A block of its own, braces not included.
    pub fn inner(&mut self) -> String {
        self.scope.open();
        // The verifier follows each path through a loop in a loop.
        let count = if self.loops > 1 { 1 } else { 1 + self.random.below(3) };
        let text = self.statements(count);
        self.scope.close();
        text
    }

    fn statement(&mut self) -> String {
        self.spend(4);
        if self.room == 0 {
            return self.assign();
        }
        self.room -= 1;
        if !self.maps.is_empty() && self.random.percent(45) {
            return self.map_statement();
        }
        if let Some(text) = self.program_statement() {
            return text;
        }
        let nested = if self.nesting < 3 { 1 } else { 0 };
        let looping = if self.loops < 2 && self.weight <= 64 { nested } else { 0 };
        let (tries, throws, defers) = self.error_weights();
        let form = self.random.weighted(&[
            (22, Form::Var),
            (22, Form::Assign),
            (20, Form::Compound),
            (12 * nested, Form::If),
            (4 * nested, Form::Match),
            (6 * looping, Form::For),
            (3 * looping, Form::While),
            (3 * looping, Form::Loop),
            (3 * nested, Form::Block),
            (5, Form::Call),
            (2, Form::Const),
            (4, Form::Leave),
            (tries, Form::Try),
            (throws, Form::Throw),
            (defers, Form::Defer),
        ]);
        self.nesting += 1;
        let text = match form {
            Form::Var => self.var(),
            Form::Assign => self.assign(),
            Form::Compound => self.compound(),
            Form::If => self.if_stmt(),
            Form::Match => self.match_stmt(),
            Form::For => self.for_stmt(),
            Form::While => self.while_stmt(),
            Form::Loop => self.loop_stmt(),
            Form::Block => format!("{{\n{}\n}}", self.inner()),
            Form::Call => self.call_stmt(),
            Form::Const => self.const_stmt(),
            Form::Leave => self.leave(),
            Form::Try => self.try_stmt(),
            Form::Throw => self.throw_stmt(),
            Form::Defer => self.defer_stmt(),
        };
        self.nesting -= 1;
        text
    }

    pub fn depth(&mut self) -> u32 {
        1 + self.random.below(if self.loops > 1 { 2 } else { 3 }) as u32
    }

    fn var(&mut self) -> String {
        let mut ty = self.value_type();
        if self.stack + self.size_of(&ty).next_multiple_of(8) > self.stack_limit() {
            return self.assign();
        }
        let shadowable = self.scope.shadowable();
        let name = if !shadowable.is_empty() && self.random.percent(10) {
            self.random.pick(&shadowable)
        } else {
            self.fresh("v")
        };
        let type_name = self.type_name(&ty);
        let depth = self.depth();
        let text = match self.random.below(10) {
            0 => format!("var {name}: {type_name}"),
            1 | 2 => {
                // The type comes from the value.
                if let Ty::Int { .. } | Ty::Char | Ty::Enum(_) = ty {
                    format!("var {name} = ({} as {type_name})", self.number(depth).text)
                } else if let Ty::Bool = ty {
                    format!("var {name} = {}", self.boolean(depth))
                } else {
                    format!("var {name}: {type_name} = {}", self.value_of(&ty, depth))
                }
            }
            3 if matches!(ty.class(), Class::Number) => {
                ty = Ty::Int { bits: 64, signed: true };
                format!("let {name}: i64 = {}", self.number(depth).text)
            }
            _ => format!("var {name}: {type_name} = {}", self.value_of(&ty, depth)),
        };
        self.stack += self.size_of(&ty).next_multiple_of(8);
        self.scope.add(&name, ty, true);
        text
    }

    fn any_class(&mut self) -> Class {
        self.value_type().class()
    }

    pub fn assign(&mut self) -> String {
        let class = self.any_class();
        let Some(place) = self.place(&class, true) else { return self.compound() };
        let depth = self.depth();
        let held = self.hold(place.in_map);
        let value = self.value_of(&place.ty, depth);
        self.release(held);
        self.written(place.in_map);
        format!("{} = {value}", place.text)
    }

    pub fn compound(&mut self) -> String {
        let class = match self.random.below(10) {
            2 => Class::Str,
            0 => Class::Bool,
            1 => Class::Be(self.random.pick(&[16, 32, 64])),
            _ => Class::Number,
        };
        let depth = self.depth();
        let Some(place) = self.place(&class, true) else {
            return format!("g0 += {}", self.number(depth).text);
        };
        // An entry takes no longer text in place.
        if class == Class::Str && place.in_map != InMap::No {
            let value = self.value_of(&place.ty, depth);
            self.written(place.in_map);
            return format!("{} = {value}", place.text);
        }
        let held = self.hold(place.in_map);
        let bits = self.random.pick(&["&=", "|=", "^="]);
        let (op, value) = match class {
            Class::Number => match self.random.below(10) {
                0 | 1 => (self.random.pick(&["/=", "%="]), self.divisor(depth)),
                2 | 3 => (self.random.pick(&["<<=", ">>="]), self.shift_count(depth).text),
                4 | 5 => (bits, self.number(depth).text),
                _ => (self.random.pick(&["+=", "-=", "*="]), self.number(depth).text),
            },
            Class::Bool => (bits, self.boolean(depth)),
            Class::Be(width) => (bits, self.be(width, depth)),
            Class::Str => ("+=", self.string(depth)),
            Class::Struct(_) | Class::Array(..) => ("=", self.value_of(&place.ty, depth)),
        };
        self.release(held);
        self.written(place.in_map);
        format!("{} {op} {value}", place.text)
    }

    fn if_stmt(&mut self) -> String {
        let depth = self.depth();
        let mut text = format!("if ({}) {{\n{}\n}}", self.condition(depth), self.inner());
        if self.random.percent(25) {
            text.push_str(&format!(" else if ({}) {{\n{}\n}}", self.condition(depth), self.inner()));
        }
        if self.random.percent(40) {
            text.push_str(&format!(" else {{\n{}\n}}", self.inner()));
        }
        text
    }

    fn match_stmt(&mut self) -> String {
        let depth = self.depth();
        let (subject, patterns, _) = self.subject(depth.min(2));
        let mut text = format!("match ({subject}) {{\n");
        for pattern in patterns {
            text.push_str(&format!("{pattern}: {{\n{}\n}},\n", self.inner()));
        }
        if self.random.percent(60) {
            text.push_str(&format!("default: {{\n{}\n}},\n", self.inner()));
        }
        text.push('}');
        text
    }

    /// A loop's body, which runs at most `times` times.
    pub fn body(&mut self, times: u64) -> String {
        let before = self.weight;
        self.weight *= times.max(1);
        self.loops += 1;
        let text = self.inner();
        self.loops -= 1;
        self.weight = before;
        text
    }

    fn for_stmt(&mut self) -> String {
        if self.random.percent(25)
            && let Some(text) = self.for_array()
        {
            return text;
        }
        let name = self.fresh("n");
        let ty = self.int_type();
        let (low, high, inclusive, times) =
            if self.random.percent(50) { self.constant_bounds() } else { self.bounds(&ty) };
        let local = if low.contains("as") { ty } else { Ty::Int { bits: 32, signed: low.starts_with('-') } };
        self.scope.open();
        self.scope.add(&name, local, false);
        let body = self.body(times);
        self.scope.close();
        format!("for ({name} in {low}..{}{high}) {{\n{body}\n}}", if inclusive { "=" } else { "" })
    }

    /// Over the elements of an array.
    fn for_array(&mut self) -> Option<String> {
        let ty = self.value_type();
        let Ty::Array(of, length) = &ty else { return None };
        let place = self.place(&ty.class(), false)?;
        let (index, element) = (self.fresh("n"), self.fresh("e"));
        self.scope.open();
        self.scope.add(&index, Ty::Int { bits: 32, signed: false }, false);
        self.scope.add(&element, (**of).clone(), false);
        let body = self.body(*length as u64);
        self.scope.close();
        Some(format!("for ({index}, {element} in {}) {{\n{body}\n}}", place.text))
    }

    fn constant_bounds(&mut self) -> (String, String, bool, u64) {
        let low = self.random.between(-4, 6);
        let times = self.random.between(0, 6);
        let inclusive = self.random.percent(30);
        (low.to_string(), (low + times).to_string(), inclusive, times as u64 + 1)
    }

    /// Bounds that only the run knows, at most eight apart; some at the ends of the type.
    fn bounds(&mut self, ty: &Ty) -> (String, String, bool, u64) {
        let name = self.type_name(ty);
        let (low, high) = self.int_of(ty).map_or((0, 0), |(bits, signed)| super::types::range(bits, signed));
        let (a, b) = (self.number(1).text, self.number(1).text);
        match self.random.below(6) {
            0 => (format!("(({a}) & 3) as {name}"), format!("(({b}) & 7) as {name}"), self.random.percent(30), 9),
            1 => (format!("({high} - (({a}) & 3)) as {name}"), format!("{high} as {name}"), true, 4),
            2 => (format!("{low} as {name}"), format!("({low} + (({b}) & 3)) as {name}"), self.random.percent(50), 5),
            3 => (format!("(({a}) & 7) as {name}"), format!("(({b}) & 3) as {name}"), false, 4),
            4 => (format!("(0 - (({a}) & 3)) as {name}"), format!("(({b}) & 3) as {name}"), false, 6),
            _ => (format!("0 as {name}"), format!("(({b}) & 7) as {name}"), false, 7),
        }
    }

    fn while_stmt(&mut self) -> String {
        let name = self.fresh("w");
        let times = 1 + self.random.below(6) as u64;
        let ty = Ty::Int { bits: self.random.pick(&[8, 32, 64]), signed: false };
        let type_name = self.type_name(&ty);
        self.stack += 8;
        self.scope.add(&name, ty, false);
        // It is new in each iteration, but not in the loop.
        self.loops += 1;
        self.conditions += 1;
        let more = if self.random.percent(50) { format!(" && {}", self.condition(1)) } else { String::new() };
        self.conditions -= 1;
        self.loops -= 1;
        let body = self.body(times);
        format!("var {name}: {type_name} = 0\nwhile ({name} < {times}{more}) {{\n{name} += 1\n{body}\n}}")
    }

    fn loop_stmt(&mut self) -> String {
        let name = self.fresh("l");
        let times = 1 + self.random.below(6) as u64;
        let ty = Ty::Int { bits: self.random.pick(&[16, 32, 64]), signed: true };
        let type_name = self.type_name(&ty);
        self.stack += 8;
        self.scope.add(&name, ty, false);
        let body = self.body(times);
        format!("var {name}: {type_name} = 0\nloop {{\n{name} += 1\nif ({name} > {times}) break\n{body}\n}}")
    }

    fn call_stmt(&mut self) -> String {
        match self.call_any(2) {
            Some((call, true)) if self.random.percent(70) => format!("_ = {call}"),
            Some((call, _)) => call,
            None => self.assign(),
        }
    }

    fn const_stmt(&mut self) -> String {
        let ty = self.int_type();
        let name = self.fresh("k");
        let literal = self.literal_of(&ty);
        let text = format!("const {name}: {} = {literal}", self.type_name(&ty));
        // Constants and variables have like names, so that only this statement knows of it.
        format!("{text}\ng0 ^= {name}")
    }

    /// `return`, `break` or `continue`, under a condition: what follows is reached.
    fn leave(&mut self) -> String {
        if self.is_holding() {
            return self.assign();
        }
        let condition = self.boolean(1);
        if self.loops > self.conditions && self.random.percent(60) {
            let word = self.random.pick(&["break", "continue"]);
            return match self.random.below(3) {
                0 => format!("if ({condition}) {word}"),
                1 => format!("match ({condition}) {{\ntrue: {word},\nfalse: {{ }},\n}}"),
                _ => format!("if ({condition}) {{\n{}\n{word}\n}}", self.assign()),
            };
        }
        // A deferred block is not left.
        let leave = if self.errors.is_deferred { self.assign() } else { self.return_stmt() };
        format!("if ({condition}) {{\n{leave}\n}}")
    }

    pub fn return_stmt(&mut self) -> String {
        if self.program.is_some() {
            return self.leave_program();
        }
        let value = match (self.result.clone(), &self.named_result) {
            (None, _) => String::new(),
            (Some(_), Some(_)) if self.random.percent(50) => String::new(),
            (Some(ty), _) => self.value_of(&ty, 2),
        };
        format!("return {value}")
    }
}
