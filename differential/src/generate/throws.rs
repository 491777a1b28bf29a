//! Errors: `throw`, `try` with its handlers, `defer`. What may be thrown is known of each function and of the body of each
//! `try`, as the checker knows it or more, so that nothing leaves a test uncaught.

use super::types::{Class, Ty, U64};
use super::{Func, Generator};
use std::collections::BTreeSet;

/// What may be thrown: out of a function, or out of the body of a `try`.
#[derive(Clone, Default)]
pub struct Thrown {
    /// Constant codes.
    codes: BTreeSet<i32>,
    /// Others too, which only the run knows.
    any: bool,
}

impl Thrown {
    pub fn is_nothing(&self) -> bool {
        self.codes.is_empty() && !self.any
    }

    fn add(&mut self, other: &Thrown) {
        self.codes.extend(&other.codes);
        self.any |= other.any;
    }
}

/// What of it is around the statement that is being generated.
#[derive(Default)]
pub struct Errors {
    /// The function has such statements.
    are_used: bool,
    /// What the function throws, then what the body of each `try` does, the innermost last.
    thrown: Vec<Thrown>,
    /// So many of them, the outer ones, nothing may be thrown to.
    closed: usize,
    /// The statement is of a block that a `defer` runs.
    pub is_deferred: bool,
}

impl Errors {
    /// Nothing is thrown out of what follows; yields what `reopen` takes.
    pub fn close(&mut self) -> usize {
        std::mem::replace(&mut self.closed, self.thrown.len())
    }

    pub fn reopen(&mut self, closed: usize) {
        self.closed = closed;
    }

    fn may_throw(&self) -> bool {
        self.thrown.len() > self.closed
    }

    fn throw(&mut self, what: &Thrown) {
        if let Some(to) = self.thrown.last_mut() {
            to.add(what);
        }
    }
}

/// Names of codes, with the codes.
pub type Codes = Vec<(String, i32)>;

impl Generator {
    /// Constants and an enum: few codes, so that handlers meet what is thrown.
    pub fn declare_codes(&mut self) {
        for (name, ty) in [("X0", ""), ("X1", ": i32"), ("X2", ": i64")] {
            let code = self.random.between(-3, 6) as i32;
            self.line(&format!("const {name}{ty} = {code}"));
            self.codes.push((name.into(), code));
        }
        let (first, last) = (self.random.between(-2, 3) as i32, self.random.pick(&[i32::MAX, i32::MIN, 90]));
        self.line(&format!("enum Fault {{ BROKEN = {first}, LATE, LOST = {last} }}"));
        for (name, code) in [("BROKEN", first), ("LATE", first + 1), ("LOST", last)] {
            self.codes.push((name.into(), code));
            self.codes.push((format!("Fault::{name}"), code));
        }
    }

    /// At the start of a function; whether it may throw to its callers.
    pub fn begin_errors(&mut self, may_throw: bool) {
        let are_used = self.random.percent(30);
        let may_throw = may_throw && (are_used || self.random.percent(30));
        let closed = usize::from(!may_throw);
        self.errors = Errors { are_used, thrown: vec![Thrown::default()], closed, is_deferred: false };
    }

    /// At its end: what it may throw.
    pub fn end_errors(&mut self) -> Thrown {
        self.errors.thrown.pop().unwrap_or_default()
    }

    /// How often statements are `try`, `throw` and `defer`.
    pub fn error_weights(&self) -> (usize, usize, usize) {
        let used = usize::from(self.errors.are_used);
        let tries = used * usize::from(self.nesting < 3 && self.loops < 2);
        let throws = used * usize::from(self.errors.may_throw());
        let defers = used * usize::from(self.loops == 0 && !self.errors.is_deferred && !self.is_holding());
        (10 * tries, 9 * throws, 6 * defers)
    }

    /// Whether one of these statements may take the place of another one.
    fn throws_instead(&mut self, chance: usize) -> bool {
        self.errors.are_used && self.errors.may_throw() && self.random.percent(chance)
    }

    /// Whether a function may be called here for what it throws.
    pub fn takes_throws(&self, func: &Func) -> bool {
        func.throws.is_nothing() || self.errors.may_throw()
    }

    /// It is called.
    pub fn thrown_by(&mut self, func: usize) {
        self.errors.throw(&self.funcs[func].throws);
    }

    /// A code, as it is thrown.
    fn throw(&mut self) -> String {
        let (name, code) = self.random.pick(&self.codes);
        let mut thrown = Thrown::default();
        let computed = match self.random.below(10) {
            0..=4 => None,
            5 => Some(format!("{} as i32", self.variable_number())),
            6 | 7 => Some(format!("(({}) & 3) as i32", self.number(1).text)),
            8 => self.place(&Class::Number, false).filter(|p| matches!(p.ty, Ty::Int { .. })).map(|place| place.text),
            _ => Some(format!("(({}) % 7) as i32 - 2", self.variable_number())),
        };
        let text = match computed {
            Some(text) => {
                thrown.any = true;
                text
            }
            None => {
                thrown.codes.insert(code);
                if self.random.percent(30) { self.spelled(code.into()) } else { name }
            }
        };
        self.errors.throw(&thrown);
        format!("throw {text}")
    }

    /// In place of a value, or of an exit.
    pub fn throw_instead(&mut self, chance: usize) -> Option<String> {
        self.throws_instead(chance).then(|| self.throw())
    }

    /// Under a condition: what follows is reached.
    pub fn throw_stmt(&mut self) -> String {
        match self.random.below(5) {
            0 | 1 => {
                let condition = self.boolean(1);
                format!("if ({condition}) {}", self.throw())
            }
            2 => {
                let condition = self.boolean(1);
                let before = self.assign();
                format!("if ({condition}) {{\n{before}\n{}\n}}", self.throw())
            }
            3 => {
                let subject = self.variable_number();
                let (first, second) = (self.throw(), self.throw());
                let between = self.assign();
                format!(
                    "match (({subject}) & 7) {{\n0 | 1: {first},\n2: {{\n{between}\n{second}\n}},\ndefault: {{ }},\n}}"
                )
            }
            _ => {
                let condition = self.boolean(1);
                let then = self.throw();
                format!("if ({condition}) {{\n{then}\n}} else {{\n{}\n}}", self.assign())
            }
        }
    }

    pub fn try_stmt(&mut self) -> String {
        self.errors.thrown.push(Thrown::default());
        let body = self.inner();
        let is_quiet = self.errors.thrown.last().is_some_and(Thrown::is_nothing);
        let mut text = if is_quiet || self.random.percent(30) {
            // Behind a block of its own: it names what is around, which variables of the body may hide.
            let throw = if self.random.percent(80) { self.throw_stmt() } else { self.throw() };
            format!("try {{\n{{\n{body}\n}}\n{throw}\n}}")
        } else {
            format!("try {{\n{body}\n}}")
        };
        let mut thrown = self.errors.thrown.pop().unwrap_or_default();
        let codes = self.caught(&mut thrown);
        // There is one handler at least.
        let needs_another = codes.is_empty() || (!thrown.is_nothing() && !self.errors.may_throw());
        for code in codes {
            let pattern = self.pattern(code);
            text.push_str(&format!(" catch {pattern} {}", self.handler(None)));
        }
        if !needs_another && self.random.percent(40) {
            self.errors.throw(&thrown);
        } else if self.random.percent(50) {
            text.push_str(&format!(" catch _ {}", self.handler(None)));
        } else {
            let name = self.fresh("e");
            text.push_str(&format!(" catch {name} {}", self.handler(Some(&name))));
        }
        text
    }

    /// The codes that have a handler of their own, which are not thrown on.
    fn caught(&mut self, thrown: &mut Thrown) -> Vec<i32> {
        let mut codes: Vec<i32> = Vec::new();
        if self.random.percent(40) {
            return codes;
        }
        for code in thrown.codes.clone() {
            if self.random.percent(70) {
                thrown.codes.remove(&code);
                codes.push(code);
            }
        }
        if self.random.percent(30) {
            let (_, code) = self.random.pick(&self.codes);
            if !codes.contains(&code) {
                thrown.codes.remove(&code);
                codes.push(code);
            }
        }
        codes
    }

    /// A code, as a handler names it.
    fn pattern(&mut self, code: i32) -> String {
        let names: Vec<String> = self.codes.iter().filter(|c| c.1 == code).map(|c| c.0.clone()).collect();
        if names.is_empty() || self.random.percent(30) {
            return self.spelled(code.into());
        }
        self.random.pick(&names)
    }

    /// The block of a handler, which may throw the code on.
    fn handler(&mut self, name: Option<&str>) -> String {
        self.scope.open();
        let mut text = String::new();
        if let Some(name) = name {
            self.scope.add(name, Ty::Int { bits: 32, signed: true }, false);
            text.push_str(&format!("g0 = mix(g0, {name} as u64)\n"));
        }
        let body = self.inner();
        if self.throws_instead(25) {
            text.push_str(&format!("{{\n{body}\n}}"));
            let condition = self.boolean(0);
            let on = match name {
                Some(name) if self.random.percent(60) => {
                    self.errors.throw(&Thrown { any: true, ..Thrown::default() });
                    format!("throw {name}")
                }
                Some(_) | None => self.throw(),
            };
            text.push_str(&if self.random.percent(60) {
                format!("\nif ({condition}) {on}")
            } else {
                format!("\n{on}")
            });
        } else {
            text.push_str(&body);
        }
        self.scope.close();
        format!("{{\n{text}\n}}")
    }

    pub fn defer_stmt(&mut self) -> String {
        // What is bound to an entry may have lost it by then.
        let is_inner = self.scope.depth() > 1;
        if self.random.percent(35)
            && let Some(call) = self.deferred_call(is_inner)
        {
            return format!("defer {call}");
        }
        self.scope.let_all_go();
        let closed = self.errors.close();
        self.errors.is_deferred = true;
        let order = 1 + self.random.below(250);
        let text = format!("defer {{\ng0 = mix(g0, {order})\n{}\n}}", self.inner());
        self.errors.is_deferred = false;
        self.errors.reopen(closed);
        text
    }

    /// A call of a function that throws nothing; from an inner block without pointers into it.
    fn deferred_call(&mut self, is_inner: bool) -> Option<String> {
        let fits = |generator: &Generator, at: usize| {
            let func = &generator.funcs[at];
            func.throws.is_nothing()
                && generator.callable(func)
                && func.params.iter().all(|(_, pointer)| !(is_inner && *pointer))
        };
        let candidates: Vec<usize> = (0..self.funcs.len()).filter(|&at| fits(self, at)).collect();
        if candidates.is_empty() {
            return None;
        }
        let at = self.random.pick(&candidates);
        self.stack += 8 * self.funcs[at].params.len();
        Some(self.call_of(at, 2))
    }

    /// A small function that throws: it counts for nothing among calls inside one another.
    pub fn thrower(&mut self) {
        let name = self.fresh("y");
        self.begin(Some(U64), 0, 0);
        self.errors = Errors { are_used: true, thrown: vec![Thrown::default()], closed: 0, is_deferred: false };
        self.scope.add("n", Ty::Int { bits: 64, signed: true }, true);
        let defer = if self.random.percent(40) { self.defer_stmt() } else { "g0 += 1".into() };
        let throw = self.throw_stmt();
        let value = self.value_of(&U64, 1);
        let attribute = self.family.attribute();
        self.line(&format!("{attribute}fn {name}(n: i64) -> u64 {{\n{defer}\n{throw}\nreturn {value}\n}}"));
        let (uses, throws) = (std::mem::take(&mut self.uses), self.end_errors());
        let params = vec![(Ty::Int { bits: 64, signed: true }, false)];
        self.funcs.push(Func { name, params, result: Some(U64), cost: self.cost, depth: 0, uses, throws });
    }
}
