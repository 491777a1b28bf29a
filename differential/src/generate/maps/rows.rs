//! Several accesses in a row: what a lookup found may serve the next one only as long as the map is as it was.

use crate::generate::Generator;
use crate::generate::types::{Class, Ty};

#[derive(Clone, Copy)]
enum Step {
    Read,
    Test,
    Write,
    Delete,
    Part,
    Bind,
    Absent,
    Call,
    Key,
}

impl Generator {
    /// At the start of a test: some entries.
    pub fn filled(&mut self) -> String {
        let mut lines = String::new();
        for at in 0..self.maps.len() {
            if self.maps[at].keys.is_empty() || !self.random.percent(50) {
                continue;
            }
            let (key, value) = (self.random.pick(&self.maps[at].keys), self.maps[at].value.clone());
            let value = self.value_of(&value, 1);
            self.updated(at);
            lines.push_str(&format!("{}[{key}] = {value}\n", self.maps[at].name));
        }
        lines
    }

    /// The same key several times, with changes of the map between: by the key, by others, and in functions.
    pub fn row(&mut self) -> String {
        let at = self.keyed_map();
        let key = self.key_of(at);
        let mut lines = Vec::new();
        if self.may_update(at) && self.random.percent(60) {
            lines.extend(self.step(at, &key, Step::Write));
        }
        lines.extend(self.step(at, &key, Step::Read));
        for _ in 0..1 + self.random.below(4) {
            let step = self.random.weighted(&[
                (20, Step::Read),
                (15, Step::Test),
                (16, Step::Write),
                (22, Step::Delete),
                (14, Step::Part),
                (10, Step::Bind),
                (12, Step::Absent),
                (14, Step::Call),
                (8, Step::Key),
            ]);
            let other = if self.random.percent(25) { self.key_of(at) } else { key.clone() };
            lines.extend(self.step(at, &other, step));
        }
        let last = if self.random.percent(60) { Step::Read } else { Step::Test };
        lines.extend(self.step(at, &key, last));
        lines.join("\n")
    }

    /// None where that is not possible.
    fn step(&mut self, at: usize, key: &str, step: Step) -> Option<String> {
        let (name, ty) = (self.maps[at].name.clone(), self.maps[at].value.clone());
        let entry = format!("{name}[{key}]");
        Some(match step {
            Step::Read => self.folded("g0", &entry, &ty).trim_end().to_owned(),
            Step::Test => format!("if ({entry} {} null) g0 += 3", self.random.pick(&["==", "!="])),
            Step::Write => {
                if !self.may_update(at) {
                    return None;
                }
                let value = self.value_of(&ty, 1);
                self.updated(at);
                let is_integer = matches!(ty, Ty::Int { .. });
                let is_summed = is_integer && !self.is_fixed(at) && self.random.percent(30);
                format!("{entry} {} {value}", if is_summed { "+=" } else { "=" })
            }
            Step::Delete => {
                if !self.may_update(at) || self.maps[at].kind.is_array() {
                    return None;
                }
                self.updated(at);
                format!("delete {entry}")
            }
            // In place: the lookup stays good.
            Step::Part => self.part(at, &entry)?,
            Step::Bind => {
                if self.nesting >= 3 {
                    return None;
                }
                self.scope.open();
                let bound = self.fresh("e");
                self.bind_name(at, &bound);
                let inner = self.inner();
                self.scope.close();
                let otherwise = if self.random.percent(50) { self.changes(at, key) } else { String::new() };
                let otherwise = if otherwise.is_empty() { otherwise } else { format!(" else {{\n{otherwise}\n}}") };
                format!("if (var {bound} = {entry}) {{\n{inner}\n}}{otherwise}")
            }
            // Only where there is none the map changes.
            Step::Absent => {
                let (op, changes) = (self.random.pick(&["==", "==", "!="]), self.changes(at, key));
                format!("if ({entry} {op} null) {{\n{changes}\n}}")
            }
            Step::Call => match self.call_any(1)? {
                (call, true) => format!("_ = {call}"),
                (call, false) => call,
            },
            // If the key is a variable it is another one from here on.
            Step::Key => {
                let key_ty = self.maps[at].key.clone()?;
                let is_variable =
                    self.scope.visible().any(|v| v.name == key && v.ty == key_ty && v.assignable && v.entry.is_none());
                if !is_variable {
                    return None;
                }
                format!("{key} = {}", self.small(&key_ty, 1))
            }
        })
    }

    /// One or two changes, most often of the key.
    fn changes(&mut self, at: usize, key: &str) -> String {
        self.scope.open();
        let mut lines = Vec::new();
        for _ in 0..1 + self.random.below(2) {
            let other = if self.random.percent(25) { self.key_of(at) } else { key.to_owned() };
            let step = self.random.weighted(&[
                (40, Step::Write),
                (15, Step::Delete),
                (15, Step::Part),
                (15, Step::Call),
                (10, Step::Key),
            ]);
            lines.extend(self.step(at, &other, step));
        }
        self.scope.close();
        lines.join("\n")
    }

    /// A write to a number in the entry.
    fn part(&mut self, at: usize, entry: &str) -> Option<String> {
        if self.is_sealed(at) || self.is_fixed(at) {
            return None;
        }
        let mut found = Vec::new();
        let place = crate::generate::scope::InMap::Whole(at);
        self.below(entry, &self.maps[at].value, (&Class::Number, true), place, &mut found);
        found.retain(|place| place.text != entry);
        if found.is_empty() {
            return None;
        }
        let picked = self.random.pick(&found);
        let place = self.indexed(picked)?;
        self.written(place.in_map);
        let op = self.random.pick(&["=", "+=", "^="]);
        Some(format!("{} {op} {}", place.text, self.variable_number()))
    }
}
