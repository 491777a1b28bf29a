//! The variables that a generated expression can name.

use super::types::{Class, Ty};
use super::{Family, Generator};
use std::collections::BTreeSet;

#[derive(Clone)]
pub struct Variable {
    pub name: String,
    pub ty: Ty,
    pub assignable: bool,
    /// It is a pointer to the type: a parameter.
    pub pointer: bool,
    /// It is not the value but where that is.
    pub entry: Option<Entry>,
    /// It is a copy of an entry that remembers whether that was there.
    pub is_optional: bool,
}

/// What a name that is bound to an entry of a map refers to.
#[derive(Clone)]
pub struct Entry {
    pub map: usize,
    /// Loops around the binding.
    pub loops: u32,
    /// The map may have let go of it.
    pub is_gone: bool,
}

impl Variable {
    pub fn new(name: &str, ty: Ty) -> Variable {
        let name = name.to_owned();
        Variable { name, ty, assignable: true, pointer: false, entry: None, is_optional: false }
    }

    fn is_gone(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.is_gone)
    }
}

/// A place: a variable, or a field somewhere below one.
#[derive(Clone)]
pub struct Place {
    pub text: String,
    pub ty: Ty,
    pub in_map: InMap,
}

/// Which map has a place, if one has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum InMap {
    No,
    /// `m[k]`
    Whole(usize),
    /// `m[k].f`
    Below(usize),
    /// A bound entry, or what is below.
    Bound(usize),
}

/// What a function being generated sees of its own.
#[derive(Default)]
pub struct Scope {
    /// Inner ones last; an inner one of the same name hides the outer one.
    pub variables: Vec<Variable>,
    /// Names of views.
    pub views: Vec<String>,
    /// Where each open block begins, and among the views.
    blocks: Vec<(usize, usize)>,
}

impl Scope {
    pub fn open(&mut self) {
        self.blocks.push((self.variables.len(), self.views.len()));
    }

    pub fn close(&mut self) {
        let (variables, views) = self.blocks.pop().unwrap_or((0, 0));
        self.variables.truncate(variables);
        self.views.truncate(views);
    }

    pub fn add(&mut self, name: &str, ty: Ty, assignable: bool) {
        self.variables.push(Variable { assignable, ..Variable::new(name, ty) });
    }

    pub fn add_pointer(&mut self, name: &str, ty: Ty) {
        self.variables.push(Variable { pointer: true, ..Variable::new(name, ty) });
    }

    /// Blocks inside one another.
    pub fn depth(&self) -> usize {
        self.blocks.len()
    }

    /// Entries of a map may have gone.
    pub fn let_go(&mut self, map: usize) {
        let entries = self.variables.iter_mut().filter_map(|variable| variable.entry.as_mut());
        for entry in entries.filter(|entry| entry.map == map) {
            entry.is_gone = true;
        }
    }

    /// Entries of all maps may have gone.
    pub fn let_all_go(&mut self) {
        for entry in self.variables.iter_mut().filter_map(|variable| variable.entry.as_mut()) {
            entry.is_gone = true;
        }
    }

    /// A name of an outer block that may be declared once more.
    pub fn shadowable(&self) -> Vec<String> {
        let inner = self.blocks.last().map_or(0, |(variables, _)| *variables);
        let taken: Vec<&String> = self.variables[inner..].iter().map(|v| &v.name).collect();
        let outer = self.variables[..inner].iter().map(|v| &v.name);
        outer.filter(|name| !taken.contains(name)).cloned().collect()
    }

    pub fn visible(&self) -> impl Iterator<Item = &Variable> {
        let hidden = |at: usize| {
            self.variables[at].is_gone() || self.variables[at + 1..].iter().any(|v| v.name == self.variables[at].name)
        };
        (0..self.variables.len()).filter(move |&at| !hidden(at)).map(|at| &self.variables[at])
    }
}

impl Generator {
    /// A place to read (or to write) that holds a value of the class.
    pub fn place(&mut self, class: &Class, write: bool) -> Option<Place> {
        if let Some(place) = self.map_place(class, write) {
            return Some(place);
        }
        let mut candidates: Vec<Vec<Place>> = Vec::new();
        let locals: Vec<Variable> = self.scope.visible().cloned().collect();
        // Locals come more often.
        let globals = if locals.is_empty() || self.random.percent(25) { self.globals.clone() } else { Vec::new() };
        let from = |generator: &Generator, variables: &[Variable], candidates: &mut Vec<Vec<Place>>| {
            for variable in variables.iter().filter(|v| !write || generator.may_write(v)) {
                let mut found = Vec::new();
                let name = &variable.name;
                let text = if variable.pointer { format!("(*{name})") } else { name.clone() };
                let in_map = variable.entry.as_ref().map_or(InMap::No, |entry| InMap::Bound(entry.map));
                generator.below(&text, &variable.ty, (class, write), in_map, &mut found);
                if !found.is_empty() {
                    candidates.push(found);
                }
            }
        };
        from(self, &locals, &mut candidates);
        from(self, &globals, &mut candidates);
        if candidates.is_empty() {
            let globals = self.globals.clone();
            from(self, &globals, &mut candidates);
        }
        if candidates.is_empty() {
            return None;
        }
        let of = self.random.below(candidates.len());
        let mut place = self.random.pick(&candidates[of]);
        // `p->f` is another form of `(*p).f`.
        if let Some((pointer, field)) = place.text.strip_prefix("(*").and_then(|text| text.split_once(")."))
            && self.random.percent(60)
        {
            place.text = format!("{pointer}->{field}");
        }
        self.indexed(place)
    }

    /// The place with its indexes.
    pub fn indexed(&mut self, mut place: Place) -> Option<Place> {
        // The referent of the name is found before the indexes.
        let held = self.hold(place.in_map);
        while let Some((before, rest)) = place.text.split_once("?]") {
            let (base, length) = before.rsplit_once('[')?;
            let index = self.index(length.parse().ok()?);
            place.text = format!("{base}[{index}]{rest}");
        }
        self.release(held);
        if let InMap::Bound(map) = place.in_map {
            self.uses.writes.insert(map);
        }
        Some(place)
    }

    fn may_write(&self, variable: &Variable) -> bool {
        variable.assignable && variable.entry.as_ref().is_none_or(|entry| !self.sealed.contains(&entry.map))
    }

    /// A pointer to a variable of the type that can be written, if there is one, for a function that changes maps.
    pub fn address(&mut self, ty: &Ty, changed: &BTreeSet<usize>) -> Option<(String, InMap)> {
        let mut all: Vec<Variable> = self.scope.visible().cloned().collect();
        if all.iter().all(|v| !self.has_as_address(v, ty, changed)) || self.random.percent(25) {
            all.extend(self.globals.clone());
        }
        all.retain(|v| self.has_as_address(v, ty, changed));
        if all.is_empty() {
            return None;
        }
        let variable = self.random.pick(&all);
        let text = if variable.pointer { variable.name } else { format!("&{}", variable.name) };
        match variable.entry {
            Some(entry) => {
                self.uses.writes.insert(entry.map);
                Some((text, InMap::Bound(entry.map)))
            }
            None => Some((text, InMap::No)),
        }
    }

    /// Whether `address` finds one.
    pub fn has_address(&self, ty: &Ty, changed: &BTreeSet<usize>) -> bool {
        self.scope.visible().chain(&self.globals).any(|v| self.has_as_address(v, ty, changed))
    }

    /// User space has no pointers to entries.
    fn has_as_address(&self, variable: &Variable, ty: &Ty, changed: &BTreeSet<usize>) -> bool {
        let fits = |entry: &Entry| self.family == Family::Bpf && !changed.contains(&entry.map);
        variable.ty == *ty && self.may_write(variable) && variable.entry.as_ref().is_none_or(fits)
    }

    /// An index of an array: in range if it is a constant, most often in range if not.
    fn index(&mut self, length: usize) -> String {
        if self.indexing || self.random.percent(40) {
            return self.random.below(length).to_string();
        }
        self.indexing = true;
        let index = match self.random.below(4) {
            0 => format!("({}) % {length}", self.variable_number()),
            1 => format!("({}) & {}", self.variable_number(), length.next_power_of_two() - 1),
            2 => self.variable_number(),
            _ => {
                let number = self.number(1);
                if number.constant { self.variable_number() } else { number.text }
            }
        };
        self.indexing = false;
        index
    }

    /// Elements are `[LENGTH?]` here; `place` puts an index there.
    pub fn below(&self, text: &str, ty: &Ty, wanted: (&Class, bool), in_map: InMap, found: &mut Vec<Place>) {
        if ty.class() == *wanted.0 {
            found.push(Place { text: text.to_owned(), ty: ty.clone(), in_map });
        }
        let in_map = if let InMap::Whole(map) = in_map { InMap::Below(map) } else { in_map };
        if let Ty::Struct(id) = ty {
            for field in &self.structs[*id].fields {
                self.below(&format!("{text}.{}", field.name), &field.ty, wanted, in_map, found);
            }
        }
        if let Ty::Array(of, length) = ty {
            self.below(&format!("{text}[{length}?]"), of, wanted, in_map, found);
        }
        // Characters are not assigned.
        if let (Ty::Str(length), (Class::Number, false)) = (ty, wanted) {
            self.below(&format!("{text}[{length}?]"), &Ty::Char, wanted, in_map, found);
        }
    }
}
