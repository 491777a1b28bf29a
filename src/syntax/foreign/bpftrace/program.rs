//! The program that clauses of bpftrace become: its maps, and a function with the actions of a clause for each of its probes.

use super::actions::Body;
use super::clauses::Clause;
use super::probes::{self, Probe};

/// A variable of bpftrace, `@name`.
struct Global {
    name: String,
    declared: String,
}

/// What has been translated so far.
#[derive(Default)]
pub struct Program {
    globals: Vec<Global>,
    /// The declarations of structs for keys of several parts.
    keys: Vec<String>,
    has_stacks: bool,
    functions: Vec<String>,
    /// Some action has no counterpart, and `…` stands for it.
    has_gaps: bool,
    /// The statements of `BEGIN`.
    begin: Vec<String>,
    has_begin: bool,
    /// The variables of the whole program.
    known: Vec<Global>,
}

impl Program {
    /// A program that knows the variables of another one, and is empty.
    pub fn knowing(other: Program) -> Program {
        Program { known: other.globals, ..Program::default() }
    }

    /// Whether a variable is a number or a text, and no map.
    pub fn is_plain(&self, name: &str) -> bool {
        let of = |global: &&Global| global.name == name;
        let declared = self.globals.iter().chain(&self.known).find(of).map(|global| global.declared.as_str());
        declared.is_some_and(|declared| !declared.contains(": hist") && !declared.contains(['<', '(']))
    }

    /// Adds a clause. None if it has a probe that is not known.
    pub fn add(&mut self, clause: &Clause<'_>, class: &mut dyn FnMut(&str, &str) -> Option<String>) -> Option<()> {
        for text in &clause.probes {
            match probes::of(text, class)? {
                None => {
                    let mut body = Body::new(self, Probe::of_user_space());
                    let statements = body.statements(&clause.actions);
                    self.begin.extend(statements);
                    self.has_begin = true;
                }
                Some(probe) => {
                    let function = self.function(clause, probe);
                    self.functions.push(function);
                }
            }
        }
        Some(())
    }

    fn function(&mut self, clause: &Clause<'_>, probe: Probe) -> String {
        let (attribute, parameter) = (probe.attribute.clone(), probe.parameter.clone());
        let number = self.functions.len() + 1;
        let name = if number == 1 { "traced".to_owned() } else { format!("traced{number}") };
        let mut body = Body::new(self, probe);
        let mut statements = Vec::new();
        if let Some(predicate) = clause.predicate {
            statements.push(match body.condition(predicate) {
                Some(condition) => format!("if (!({condition})) return"),
                None => "…".to_owned(),
            });
        }
        statements.extend(body.statements(&clause.actions));
        self.has_gaps |= statements.iter().any(|statement| statement == "…");
        format!("{attribute} fn {name}({parameter}) {{ {} }}", statements.join("; "))
    }

    /// Declares a variable at its first use.
    pub fn global(&mut self, name: &str, declared: impl FnOnce(&str) -> String) {
        if !self.globals.iter().any(|global| global.name == name) {
            self.globals.push(Global { name: name.to_owned(), declared: declared(name) });
        }
    }

    /// The name of the struct with these fields, each with a type.
    pub fn key(&mut self, fields: &[(String, String)]) -> String {
        let fields: Vec<String> = fields.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
        let fields = fields.join(", ");
        let at = self.keys.iter().position(|key| *key == fields).unwrap_or_else(|| {
            self.keys.push(fields);
            self.keys.len() - 1
        });
        if at == 0 { "Key".to_owned() } else { format!("Key{}", at + 1) }
    }

    /// Declares the map of stacks.
    pub fn stacks(&mut self) {
        self.has_stacks = true;
    }

    /// The help: the program, a declaration a line.
    pub fn text(&self) -> String {
        if self.functions.is_empty() && self.globals.is_empty() && !self.begin.iter().any(|statement| statement == "…")
        {
            let statements = self.begin.join("; ");
            return format!("this is bpftrace; here it is\nfn main() -> i32 {{ {statements}; return 0 }}");
        }
        if self.functions.is_empty() {
            return "what bpftrace does in `BEGIN` is at the start of `fn main() -> i32 { … }`, before `attach`"
                .to_owned();
        }
        let mut lines = vec!["this is bpftrace; here it is".to_owned()];
        for (index, key) in self.keys.iter().enumerate() {
            let number = if index == 0 { String::new() } else { (index + 1).to_string() };
            lines.push(format!("struct Key{number} {{ {key} }}"));
        }
        lines.extend(self.has_stacks.then(|| "var stacks: stack_trace(1024)".to_owned()));
        lines.extend(self.globals.iter().map(|global| global.declared.clone()));
        lines.extend(self.functions.iter().cloned());
        if self.has_gaps {
            lines.push("with something of your own for each `…`".to_owned());
        }
        if self.has_begin {
            lines.push("and what `BEGIN` does at the start of a `main`, before `attach`".to_owned());
        }
        lines.join("\n")
    }
}
