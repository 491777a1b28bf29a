//! Uses of pointers that may be null, in functions that run on the side of their callers: an error if BPF code reaches
//! the function, else a warning. Programs, helpers and `main` know their side; their errors are reported at once.

use super::tree::{Const, FuncId, Program, Role};
use crate::diag::Diagnostic;
use crate::diag::codes::limits::{MaybeNull, UncheckedNull};
use crate::session::Session;
use crate::source::Span;
use std::collections::VecDeque;

/// What the body of a function says of other functions, and of null; gathered also from one with errors.
#[derive(Default)]
pub struct Uses {
    mentions: Vec<Mention>,
    nulls: Vec<NullUse>,
}

/// A call of a function, or its name as a value.
#[derive(Clone, Copy)]
struct Mention {
    func: FuncId,
    span: Span,
    called: bool,
}

/// A pointer is followed, or goes where null may not.
pub struct NullUse {
    pub span: Span,
    /// As it is written.
    pub name: String,
    pub help: String,
}

impl Uses {
    pub fn calls(&mut self, func: FuncId, span: Span) {
        self.mentions.push(Mention { func, span, called: true });
    }

    /// The functions whose addresses are in a value.
    pub fn addresses(&mut self, value: &Const, span: Span) {
        match value {
            Const::Func(func) => self.mentions.push(Mention { func: *func, span, called: false }),
            Const::Struct(parts) | Const::Array(parts) => parts.iter().for_each(|part| self.addresses(part, span)),
            Const::Int(_) | Const::Bool(_) | Const::Float(_) | Const::Null | Const::Str(_) | Const::Zero => {}
        }
    }

    pub fn null(&mut self, pointer: NullUse) {
        self.nulls.push(pointer);
    }
}

impl NullUse {
    pub fn refuse(self, cx: &mut Session) -> &mut Diagnostic {
        cx.error(self.span, MaybeNull { name: self.name }).help(self.help)
    }

    pub fn warn(self, cx: &mut Session) {
        cx.warn(self.span, UncheckedNull { name: self.name }).help(self.help);
    }
}

/// Reports what the bodies, in order of the functions, left open.
pub fn report(cx: &mut Session, program: &Program, bodies: Vec<Uses>) {
    let reached = reach(program, &bodies);
    for (at, uses) in bodies.into_iter().enumerate() {
        for pointer in uses.nulls {
            let Some(mut from) = reached[at] else {
                pointer.warn(cx);
                continue;
            };
            let error = pointer.refuse(cx);
            while let From::Mention(caller, mention) = from {
                note(error, program, caller, mention);
                let Some(before) = reached[caller] else { break };
                from = before;
            }
        }
    }
}

/// The call site from which BPF code reaches a function.
#[derive(Clone, Copy)]
enum From {
    /// Its attribute.
    Itself,
    Mention(usize, Mention),
}

/// The functions that run in BPF, each by a shortest path.
fn reach(program: &Program, bodies: &[Uses]) -> Vec<Option<From>> {
    let in_bpf = |role: &Role| match role {
        Role::Program(_) | Role::Helper => Some(From::Itself),
        Role::Plain | Role::Main(_) => None,
    };
    let mut reached: Vec<Option<From>> = program.funcs.iter().map(|func| in_bpf(&func.role)).collect();
    let mut open: VecDeque<usize> = (0..reached.len()).filter(|&at| reached[at].is_some()).collect();
    while let Some(caller) = open.pop_front() {
        for &mention in &bodies[caller].mentions {
            let to = mention.func.0 as usize;
            if reached[to].is_none() {
                reached[to] = Some(From::Mention(caller, mention));
                open.push_back(to);
            }
        }
    }
    reached
}

fn note(error: &mut Diagnostic, program: &Program, caller: usize, mention: Mention) {
    let caller = &program.funcs[caller];
    let how = if mention.called { "called from" } else { "its address is taken" };
    let name = &caller.name;
    let what = match &caller.role {
        Role::Program(of) => format!("{how} here, in the `@{}` program `{name}`", of.spec.name),
        Role::Helper | Role::Plain | Role::Main(_) => format!("{how} here, in `{name}`"),
    };
    error.note(mention.span, what);
}
