//! Statements that use maps.

use super::Kind;
use crate::generate::scope::{Entry, Variable};
use crate::generate::types::{Class, Ty};
use crate::generate::{Family, Generator};

#[derive(Clone, Copy)]
enum Form {
    Update,
    Compound,
    Delete,
    Insert,
    Bind,
    Copy,
    Else,
    Walk,
    Line,
    Key,
    Row,
    Count,
}

impl Generator {
    pub fn map_statement(&mut self) -> String {
        let nested = usize::from(self.nesting < 3);
        let looping = if self.loops < 2 && self.weight <= 64 { nested } else { 0 };
        let form = self.random.weighted(&[
            (14, Form::Update),
            (14, Form::Compound),
            (9, Form::Delete),
            (8, Form::Insert),
            (18 * nested, Form::Bind),
            (10, Form::Copy),
            (5 * nested, Form::Else),
            (7 * looping, Form::Walk),
            (6, Form::Line),
            (7, Form::Key),
            (30, Form::Row),
            (8, Form::Count),
        ]);
        self.nesting += 1;
        let text = match form {
            Form::Update => self.update(),
            Form::Compound => self.compound(),
            Form::Delete => self.delete(),
            Form::Insert => self.insert(),
            Form::Bind => self.bind(),
            Form::Copy => self.copy(),
            Form::Else => self.bind_or_leave(),
            Form::Walk => self.walk(),
            Form::Line => self.line_stmt(),
            Form::Key => self.key_stmt(),
            Form::Row => self.row(),
            Form::Count => self.count(),
        };
        self.nesting -= 1;
        text
    }

    /// A map by key whose entries may come and go here.
    fn open_map(&mut self) -> Option<usize> {
        let fits = |at: &usize| !self.maps[*at].kind.is_line() && self.may_update(*at);
        let maps: Vec<usize> = (0..self.maps.len()).filter(fits).collect();
        if maps.is_empty() { None } else { Some(self.random.pick(&maps)) }
    }

    fn update(&mut self) -> String {
        let Some(at) = self.open_map() else { return self.assign() };
        let (name, value) = (self.maps[at].name.clone(), self.maps[at].value.clone());
        let key = self.key_of(at);
        let depth = self.depth();
        let value = self.value_of(&value, depth);
        self.updated(at);
        format!("{name}[{key}] = {value}")
    }

    fn delete(&mut self) -> String {
        let Some(at) = self.open_map().filter(|&at| !self.maps[at].kind.is_array()) else { return self.assign() };
        let name = self.maps[at].name.clone();
        let key = self.key_of(at);
        self.updated(at);
        match self.random.below(3) {
            0 => format!("g0 = mix(g0, {name}.delete({key}) as u64)"),
            _ => format!("delete {name}[{key}]"),
        }
    }

    /// `insert` and `update`, whose results are compared. What flags mean for tries differs between kernels.
    fn insert(&mut self) -> String {
        let Some(at) = self.open_map().filter(|&at| self.maps[at].kind != Kind::Trie) else { return self.update() };
        let (name, value) = (self.maps[at].name.clone(), self.maps[at].value.clone());
        let key = self.key_of(at);
        let value = self.value_of(&value, 1);
        let flags = match self.random.below(5) {
            0 => format!("({}) % 4 as u64", self.variable_number()),
            _ => self.random.pick(&["BPF_ANY", "BPF_NOEXIST", "BPF_EXIST", "0"]).into(),
        };
        let is_insert = self.random.percent(50);
        self.updated(at);
        if is_insert && self.nesting < 3 && self.random.percent(60) {
            let (then, otherwise) = (self.inner(), self.inner());
            return format!("if ({name}.insert({key}, {value})) {{\n{then}\n}} else {{\n{otherwise}\n}}");
        }
        if is_insert {
            return format!("g0 = mix(g0, {name}.insert({key}, {value}) as u64)");
        }
        format!("g0 = mix(g0, {name}.update({key}, {value}, {flags}) as u64)")
    }

    /// What can be bound: its text, its type, the map if it is an entry, and whether it can be assigned to.
    fn optional(&mut self) -> (String, Variable) {
        let name = self.fresh("e");
        if self.random.percent(15)
            && let Some(at) = self.queue()
        {
            let how = self.random.pick(&["pop", "pop", "peek"]);
            let map = &self.maps[at];
            let variable = Variable::new(&name, map.value.clone());
            let text = format!("{}.{how}()", map.name);
            self.uses.writes.insert(at);
            return (text, variable);
        }
        let makes = self.random.percent(30);
        let open = if makes { self.open_map().filter(|&at| self.maps[at].kind != Kind::Trie) } else { None };
        let (at, is_made) = match open {
            Some(at) => (at, true),
            None => (self.keyed_map(), false),
        };
        let (map, value) = (self.maps[at].name.clone(), self.maps[at].value.clone());
        let key = self.key_of(at);
        let text = if is_made {
            let init = self.value_of(&value, 1);
            self.updated(at);
            format!("{map}.entry({key}, {init})")
        } else {
            format!("{map}[{key}]")
        };
        (text, self.entry_variable(at, &name))
    }

    /// In user space an entry of a trie is not changed in place.
    pub fn is_fixed(&self, at: usize) -> bool {
        self.maps[at].kind == Kind::Trie && self.family == Family::Maps
    }

    fn entry_variable(&self, at: usize, name: &str) -> Variable {
        let entry = Some(Entry { map: at, loops: self.loops, is_gone: false });
        Variable { entry, assignable: !self.is_fixed(at), ..Variable::new(name, self.maps[at].value.clone()) }
    }

    /// The name refers to an entry from here on.
    pub fn bind_name(&mut self, at: usize, name: &str) {
        let variable = self.entry_variable(at, name);
        self.scope.variables.push(variable);
    }

    /// `if (var v = …) { … } else { … }`
    fn bind(&mut self) -> String {
        self.scope.open();
        let mut bindings = Vec::new();
        for _ in 0..1 + usize::from(self.random.percent(20)) {
            let (text, variable) = self.optional();
            bindings.push(format!("var {} = {text}", variable.name));
            self.scope.variables.push(variable);
        }
        let then = self.inner();
        self.scope.close();
        let mut text = format!("if ({}) {{\n{then}\n}}", bindings.join(", "));
        if self.random.percent(40) {
            text.push_str(&format!(" else {{\n{}\n}}", self.inner()));
        }
        text
    }

    /// `var v = m[k]`
    fn copy(&mut self) -> String {
        let at = self.keyed_map();
        let (map, value) = (self.maps[at].name.clone(), self.maps[at].value.clone());
        if self.stack + self.size_of(&value).next_multiple_of(8) > self.stack_limit() {
            return self.update();
        }
        let key = self.key_of(at);
        let name = self.fresh("c");
        self.stack += self.size_of(&value).next_multiple_of(8);
        let wider = Ty::Int { bits: 64, signed: true };
        let is_wider = matches!(value.class(), Class::Number) && self.random.percent(15);
        let (declared, ty) = if is_wider { (": i64", wider) } else { ("", value) };
        self.scope.variables.push(Variable { is_optional: true, ..Variable::new(&name, ty) });
        format!("var {name}{declared} = {map}[{key}]")
    }

    /// `var v = … else { … }`
    fn bind_or_leave(&mut self) -> String {
        if self.errors.is_deferred && self.loops <= self.conditions {
            return self.update();
        }
        let (text, variable) = self.optional();
        let leave = if let Some(throw) = self.throw_instead(40) {
            throw
        } else if self.loops > self.conditions && (self.errors.is_deferred || self.random.percent(60)) {
            self.random.pick(&["break", "continue"]).to_owned()
        } else {
            self.return_stmt()
        };
        let name = variable.name.clone();
        self.scope.variables.push(variable);
        format!("var {name} = {text} else {{\n{leave}\n}}")
    }

    fn queue(&mut self) -> Option<usize> {
        let lines: Vec<usize> =
            (0..self.maps.len()).filter(|&at| self.maps[at].kind.is_line() && !self.is_sealed(at)).collect();
        if lines.is_empty() { None } else { Some(self.random.pick(&lines)) }
    }

    fn line_stmt(&mut self) -> String {
        let Some(at) = self.queue() else { return self.update() };
        let (name, value) = (self.maps[at].name.clone(), self.maps[at].value.clone());
        let value = self.value_of(&value, 2);
        self.uses.writes.insert(at);
        match self.random.below(3) {
            0 => format!("{name}.push({value})"),
            _ => format!("g0 = mix(g0, {name}.push({value}) as u64)"),
        }
    }

    /// A variable for keys, or another key in one.
    fn key_stmt(&mut self) -> String {
        let at = self.keyed_map();
        let Some(ty) = self.maps[at].key.clone() else { return self.update() };
        let taken: Vec<String> = self
            .scope
            .visible()
            .filter(|v| v.ty == ty && v.assignable && !v.pointer && v.entry.is_none() && v.name.starts_with('k'))
            .map(|v| v.name.clone())
            .collect();
        let key = if self.maps[at].kind.is_array() || self.random.percent(30) {
            self.small(&ty, 1)
        } else {
            self.random.pick(&self.maps[at].keys)
        };
        if !taken.is_empty() && self.random.percent(60) {
            return format!("{} = {key}", self.random.pick(&taken));
        }
        if self.stack + self.size_of(&ty).next_multiple_of(8) > self.stack_limit() {
            return self.update();
        }
        self.stack += self.size_of(&ty).next_multiple_of(8);
        let name = self.fresh("k");
        let text = format!("var {name}: {} = {key}", self.type_name(&ty));
        self.scope.add(&name, ty, true);
        self.sticky.push((at, name));
        text
    }
}
