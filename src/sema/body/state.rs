//! The middle layer of the checker: variables, flow and blocks at a point of a body, and the rules for checked expressions.

use super::Site;
use super::flow::Flow;
use super::loops::Loop;
use super::variables::{LocalKind, Variables};
use super::{defers, escapes, throws};
use crate::sema::env::Env;
use crate::sema::tree::{FuncId, LocalId};
use crate::session::Session;
use crate::source::Span;
use std::collections::HashSet;
use std::ops::{Deref, DerefMut};

/// It gets checked expressions alone, and has no way back to the syntax tree.
pub(super) struct State<'c, 'e> {
    pub site: Site<'c, 'e>,
    pub vars: Variables,
    pub flow: Flow,
    pub loops: Vec<Loop>,
    /// The `try` statements whose blocks are around.
    pub tries: Vec<throws::Try>,
    pub defers: defers::Defers,
    /// A help for a value that does not fit where it goes, such as the signature that wants it.
    pub wanted_by: Option<String>,
    pub escapes: escapes::Escapes,
    /// Operations whose mixed signs were reported, or those of an operand: one warning for one sum.
    pub mixed: HashSet<Span>,
    /// The statement at the end of the body, if it may be meant for the result.
    pub last_value: Option<Span>,
    /// The `lock` blocks around, each with its entry, unless it is wrong.
    pub locks: Vec<Option<String>>,
    /// Where a field may be one that only the kernel touches.
    pub kept_at: Option<Span>,
    /// The value that a variable begins with, and its name.
    pub bound: Option<(Span, String)>,
    /// The value of a statement that keeps it: of a variable, an assignment, a `return`.
    pub kept_by_statement: Option<Span>,
    /// The calls in return position.
    pub returned_calls: HashSet<Span>,
    /// It was said that the function has no result: once, however many of its `return`s have a value.
    pub reported_no_result: bool,
}

impl<'c, 'e> Deref for State<'c, 'e> {
    type Target = Site<'c, 'e>;

    fn deref(&self) -> &Site<'c, 'e> {
        &self.site
    }
}

impl DerefMut for State<'_, '_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.site
    }
}

impl<'c, 'e> State<'c, 'e> {
    /// The state at the start of the function's body: the variables that its declaration made.
    pub fn new(cx: &'c mut Session, env: &'c Env<'e>, func: FuncId) -> State<'c, 'e> {
        let mut state = State {
            site: Site::new(cx, env, func),
            vars: Variables::default(),
            flow: Flow::start(),
            loops: Vec::new(),
            tries: Vec::new(),
            defers: defers::Defers::default(),
            wanted_by: None,
            escapes: escapes::Escapes::default(),
            mixed: HashSet::new(),
            last_value: None,
            locks: Vec::new(),
            kept_at: None,
            bound: None,
            kept_by_statement: None,
            returned_calls: HashSet::new(),
            reported_no_result: false,
        };
        state.vars.blocks.push();
        let declared = env.program.func(func);
        for (index, local) in declared.locals.iter().enumerate() {
            let id = LocalId(index as u32);
            // A parameter has another place than the name of the function.
            if declared.context == Some(id) && local.span == declared.name_span {
                state.hidden_context(local);
                continue;
            }
            let named = declared.named_result == Some(id);
            let kind = if named { LocalKind::NamedResult } else { LocalKind::Param };
            state.declare(&local.name, local.ty, local.span, kind);
        }
        state
    }
}
