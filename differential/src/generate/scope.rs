//! The variables that a generated expression can name.

use super::Generator;
use super::types::{Class, Ty};

#[derive(Clone)]
pub struct Variable {
    pub name: String,
    pub ty: Ty,
    pub assignable: bool,
    /// It is a pointer to the type: a parameter.
    pub pointer: bool,
}

/// A place: a variable, or a field somewhere below one.
#[derive(Clone)]
pub struct Place {
    pub text: String,
    pub ty: Ty,
}

/// What a function being generated sees of its own.
#[derive(Default)]
pub struct Scope {
    /// Inner ones last; an inner one of the same name hides the outer one.
    pub variables: Vec<Variable>,
    /// Where each open block begins.
    blocks: Vec<usize>,
}

impl Scope {
    pub fn open(&mut self) {
        self.blocks.push(self.variables.len());
    }

    pub fn close(&mut self) {
        let start = self.blocks.pop().unwrap_or(0);
        self.variables.truncate(start);
    }

    pub fn add(&mut self, name: &str, ty: Ty, assignable: bool) {
        self.variables.push(Variable { name: name.to_owned(), ty, assignable, pointer: false });
    }

    pub fn add_pointer(&mut self, name: &str, ty: Ty) {
        self.variables.push(Variable { name: name.to_owned(), ty, assignable: true, pointer: true });
    }

    /// A name of an outer block that may be declared once more.
    pub fn shadowable(&self) -> Vec<String> {
        let inner = self.blocks.last().copied().unwrap_or(0);
        let taken: Vec<&String> = self.variables[inner..].iter().map(|v| &v.name).collect();
        let outer = self.variables[..inner].iter().map(|v| &v.name);
        outer.filter(|name| !taken.contains(name)).cloned().collect()
    }

    fn visible(&self) -> impl Iterator<Item = &Variable> {
        let hidden = |at: usize| self.variables[at + 1..].iter().any(|v| v.name == self.variables[at].name);
        (0..self.variables.len()).filter(move |&at| !hidden(at)).map(|at| &self.variables[at])
    }
}

impl Generator {
    /// A place to read (or to write) that holds a value of the class.
    pub fn place(&mut self, class: &Class, write: bool) -> Option<Place> {
        let mut candidates: Vec<Vec<Place>> = Vec::new();
        let locals: Vec<Variable> = self.scope.visible().cloned().collect();
        // Locals come more often.
        let globals = if locals.is_empty() || self.random.percent(25) { self.globals.clone() } else { Vec::new() };
        let from = |generator: &Generator, variables: &[Variable], candidates: &mut Vec<Vec<Place>>| {
            for variable in variables.iter().filter(|v| v.assignable || !write) {
                let mut found = Vec::new();
                let name = &variable.name;
                let text = if variable.pointer { format!("(*{name})") } else { name.clone() };
                generator.below(&text, &variable.ty, (class, write), &mut found);
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
        // `p->f` is another way to say `(*p).f`.
        if let Some((pointer, field)) = place.text.strip_prefix("(*").and_then(|text| text.split_once(")."))
            && self.random.percent(60)
        {
            place.text = format!("{pointer}->{field}");
        }
        while let Some((before, rest)) = place.text.split_once("?]") {
            let (base, length) = before.rsplit_once('[')?;
            let index = self.index(length.parse().ok()?);
            place.text = format!("{base}[{index}]{rest}");
        }
        Some(place)
    }

    /// A pointer to a variable of the type, if there is one that can be written.
    pub fn address(&mut self, ty: &Ty) -> Option<String> {
        let mut all: Vec<Variable> = self.scope.visible().cloned().collect();
        if all.iter().all(|v| v.ty != *ty || !v.assignable) || self.random.percent(25) {
            all.extend(self.globals.clone());
        }
        all.retain(|v| v.ty == *ty && v.assignable);
        if all.is_empty() {
            return None;
        }
        let variable = self.random.pick(&all);
        Some(if variable.pointer { variable.name } else { format!("&{}", variable.name) })
    }

    /// Whether `address` finds one.
    pub fn has_address(&self, ty: &Ty) -> bool {
        self.scope.visible().chain(&self.globals).any(|v| v.ty == *ty && v.assignable)
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
    fn below(&self, text: &str, ty: &Ty, wanted: (&Class, bool), found: &mut Vec<Place>) {
        if ty.class() == *wanted.0 {
            found.push(Place { text: text.to_owned(), ty: ty.clone() });
        }
        if let Ty::Struct(id) = ty {
            for field in &self.structs[*id].fields {
                self.below(&format!("{text}.{}", field.name), &field.ty, wanted, found);
            }
        }
        if let Ty::Array(of, length) = ty {
            self.below(&format!("{text}[{length}?]"), of, wanted, found);
        }
        // Characters are not assigned.
        if let (Ty::Str(length), (Class::Number, false)) = (ty, wanted) {
            self.below(&format!("{text}[{length}?]"), &Ty::Char, wanted, found);
        }
    }
}
