//! What is attached at a point of the body, as far as that is certain: of handles that this function loaded.
//!
//! Unknown are handles in variables that go anywhere but to `attach` and `detach`, and all handles in and after a loop.

use super::Checker;
use super::value::{local, number};
use crate::diag::codes::lifecycle::{AttachedTwice, DetachedAgain, NeverAttached};
use crate::sema::tree::{Const, Expr, ExprKind, FuncId, LocalId};
use crate::source::Span;
use crate::types::Ty;
use std::collections::BTreeMap;

/// A target that is a constant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    /// The one of the program's attribute.
    OfProgram,
    Name(Vec<u8>),
    Index(i128),
}

#[derive(Clone, PartialEq, Eq)]
enum State {
    Fresh,
    /// Attached; to these targets for certain, since a failure would have ended the process.
    Attached(BTreeMap<Target, Span>),
    Detached(Span),
}

#[derive(Clone, Default)]
pub(super) struct Attachments {
    /// Handles and links, by the variables that hold them.
    held: BTreeMap<LocalId, State>,
    /// Where programs are attached for certain, by whatever handle.
    programs: BTreeMap<FuncId, BTreeMap<Target, Span>>,
}

impl Attachments {
    /// The facts that hold on both paths to a join.
    pub fn join(self, other: &Attachments) -> Attachments {
        Attachments { held: same(self.held, &other.held), programs: same(self.programs, &other.programs) }
    }

    pub fn forget(&mut self, local: LocalId) {
        self.held.remove(&local);
    }

    pub fn forget_program(&mut self, program: FuncId) {
        self.programs.remove(&program);
    }

    pub fn forget_all(&mut self) {
        *self = Attachments::default();
    }
}

fn same<K: Ord, V: PartialEq>(one: BTreeMap<K, V>, other: &BTreeMap<K, V>) -> BTreeMap<K, V> {
    one.into_iter().filter(|(key, value)| other.get(key) == Some(value)).collect()
}

impl Checker<'_, '_> {
    /// A variable got a new value.
    pub fn note_handle(&mut self, local: LocalId, value: &Expr) {
        if let ExprKind::Load(_) = value.kind {
            self.flow.attachments.held.insert(local, State::Fresh);
        } else if let ExprKind::Attach { .. } = value.kind {
            self.flow.attachments.held.insert(local, State::Attached(BTreeMap::new()));
        } else {
            self.flow.attachments.forget(local);
        }
    }

    /// The argument of `attach` or `detach`, which is no other use of the variable.
    pub fn handle_argument(&mut self, check: impl FnOnce(&mut Self) -> Expr) -> Expr {
        let before = self.flow.attachments.clone();
        let argument = check(self);
        if local(&argument).is_some() {
            self.flow.attachments = before;
        }
        argument
    }

    /// `attach(handle, target)`, whose result may be a failure that the program looks at.
    pub fn note_attach(&mut self, handle: &Expr) {
        let Some(handle) = local(handle) else { return };
        if let Some(state @ (State::Fresh | State::Detached(_))) = self.flow.attachments.held.get_mut(&handle) {
            *state = State::Attached(BTreeMap::new());
        }
    }

    /// The same as a statement: a failure ends the process.
    pub fn note_sure_attach(&mut self, handle: &Expr, target: Option<&Expr>, span: Span) {
        let Some(target) = constant_target(target) else { return };
        let name = self.text(handle.span).to_owned();
        let attachments = &mut self.flow.attachments;
        let before = if let ExprKind::Load(program) = handle.kind {
            attachments.programs.entry(program).or_default().insert(target, span)
        } else {
            let Some(handle) = local(handle) else { return };
            let Some(State::Attached(targets)) = attachments.held.get_mut(&handle) else { return };
            let program = self.info[handle.0 as usize].program;
            let by_others = program.map(|program| attachments.programs.entry(program).or_default());
            let before = targets.insert(target.clone(), span);
            before.or(by_others.and_then(|targets| targets.insert(target, span)))
        };
        if let Some(before) = before {
            self.error(span, AttachedTwice { name })
                .note(before, "attached here")
                .help("one program can be attached to several targets, to each of them once");
        }
    }

    /// `detach(handle)`, `detach(link)`
    pub fn note_detach(&mut self, what: &Expr, span: Span) {
        let Some(handle) = local(what) else { return };
        let name = self.locals[handle.0 as usize].name.clone();
        match self.info(handle).program {
            Some(program) => self.flow.attachments.forget_program(program),
            None => self.flow.attachments.programs.clear(),
        }
        let before = self.flow.attachments.held.insert(handle, State::Detached(span));
        match before {
            Some(State::Fresh) if what.ty == Ty::HANDLE => {
                self.error(span, NeverAttached { name }).help("`attach` comes before");
            }
            Some(State::Detached(before)) => {
                self.warn(span, DetachedAgain { name }).note(before, "detached here");
            }
            Some(State::Fresh | State::Attached(_)) | None => {}
        }
    }
}

fn constant_target(target: Option<&Expr>) -> Option<Target> {
    let Some(target) = target else { return Some(Target::OfProgram) };
    if let ExprKind::Const(Const::Str(name)) = &target.kind {
        return Some(Target::Name(name.clone()));
    }
    number(target).map(Target::Index)
}
