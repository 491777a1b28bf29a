//! `throw`, `try`, `catch`. `sema/throws/` follows throws through calls when all bodies are known.

use super::flow::Flow;
use super::value::number;
use super::variables::{LocalKind, Name};
use super::{Checker, Site, State};
use crate::ast::{self, CatchPattern};
use crate::diag::codes::throws::{CaughtInCapitals, UnreachableCatch};
use crate::sema::env::Entity;
use crate::sema::tree::{Catch, CatchKind, LocalId, StmtKind};
use crate::source::Span;
use crate::types::Ty;

/// A `try` whose block is being checked.
#[derive(Default)]
pub(super) struct Try {
    /// The state where something may be thrown in it.
    thrown: Option<Flow>,
}

/// The codes that the catches before one take.
#[derive(Default)]
struct Taken {
    codes: Vec<(i32, Span)>,
    all: Option<Span>,
}

impl Checker<'_, '_> {
    /// Checks a `throw`; control does not go on behind it.
    pub fn throw_stmt(&mut self, code: &ast::Expr) -> StmtKind {
        let code = self.coerced(code, Ty::I32);
        self.may_throw();
        self.flow.reachable = false;
        StmtKind::Throw(code)
    }

    /// Checks a `try` and its handlers. Behind it the states at the ends of all of them join.
    pub fn try_stmt(&mut self, body: &ast::Block, catches: &[ast::Catch]) -> StmtKind {
        let before = self.flow.clone();
        self.tries.push(Try::default());
        let body = self.block(body);
        // If nothing throws, the handlers are still checked.
        let thrown = self.tries.pop().and_then(|around| around.thrown).unwrap_or(before);
        let mut taken = Taken::default();
        let mut after = self.flow.clone();
        let mut checked = Vec::new();
        for catch in catches {
            self.flow = thrown.clone();
            self.vars.blocks.push();
            let takes = self.catch_pattern(&catch.pattern);
            let handler = self.block(&catch.body);
            self.pop_scope();
            let Some(takes) = takes else { continue };
            if self.is_taken(takes, pattern_span(&catch.pattern), &mut taken) {
                continue;
            }
            after = after.join(self.flow.clone());
            let span = Span { hi: pattern_span(&catch.pattern).hi, ..catch.span };
            checked.push(Catch { takes, body: handler, span });
        }
        self.flow = after;
        StmtKind::Try { body, catches: checked }
    }

    /// None if it was reported.
    fn catch_pattern(&mut self, pattern: &CatchPattern) -> Option<CatchKind> {
        let value = match pattern {
            CatchPattern::Any(_) => return Some(CatchKind::Any),
            CatchPattern::Value(value) => value,
        };
        if let Some(local) = self.catch_name(value) {
            return Some(CatchKind::Bind(local));
        }
        let code = self.coerced(value, Ty::I32);
        match number(&code) {
            Some(code) => i32::try_from(code).ok().map(CatchKind::Code),
            None => {
                self.constant_of(&code);
                None
            }
        }
    }
}

impl State<'_, '_> {
    /// Control may go to a handler from here: a `throw`, or a call whose arguments are evaluated.
    pub fn may_throw(&mut self) {
        if !self.flow.reachable {
            return;
        }
        for around in &mut self.tries {
            let here = self.flow.clone();
            around.thrown = Some(match around.thrown.take() {
                Some(before) => before.join(here),
                None => here,
            });
        }
    }

    /// A name that is no constant is a variable, which gets the code.
    fn catch_name(&mut self, value: &ast::Expr) -> Option<LocalId> {
        let ast::ExprKind::Name(path) = &value.kind else { return None };
        let [name] = path.segments.as_slice() else { return None };
        let is_constant = match self.vars.local_name(&name.name) {
            Some(Name::Const { .. } | Name::Broken { .. }) => true,
            Some(Name::Local(_)) => false,
            None => {
                matches!(
                    self.file_entity(&name.name),
                    Some(Entity::Const { .. } | Entity::Variants(_) | Entity::Broken)
                )
            }
        };
        if is_constant {
            return None;
        }
        let local = self.declare(&name.name, Ty::I32, name.span, LocalKind::Caught);
        // One warning for one name.
        self.vars[local].read = self.warn_capitals(name);
        Some(local)
    }
}

impl Site<'_, '_> {
    /// Constants are written in capitals: a variable that is may be meant as one, and would take every code.
    fn warn_capitals(&mut self, name: &ast::Ident) -> bool {
        let text = name.name.as_str();
        if text.len() < 2 || text.starts_with('_') || text.chars().any(char::is_lowercase) {
            return false;
        }
        let near = self.cx.diags.near(text, || self.env.constant_names(self.module));
        let warning = self.warn(name.span, CaughtInCapitals { name: text.to_owned() });
        match near {
            Some(near) => warning.near(name.span, near),
            None => warning.help("a variable in small letters says that every code is meant; `catch _` needs none"),
        };
        true
    }

    /// Whether the catches before take all that this one does, which is reported.
    fn is_taken(&mut self, takes: CatchKind, span: Span, taken: &mut Taken) -> bool {
        let before = match takes {
            CatchKind::Code(code) => taken.codes.iter().find(|(other, _)| *other == code).map(|&(_, span)| span),
            CatchKind::Bind(_) | CatchKind::Any => None,
        };
        if let Some(before) = before.or(taken.all) {
            self.warn(span, UnreachableCatch {}).note(before, "taken here");
            return true;
        }
        match takes {
            CatchKind::Code(code) => taken.codes.push((code, span)),
            CatchKind::Bind(_) | CatchKind::Any => taken.all = Some(span),
        }
        false
    }
}

fn pattern_span(pattern: &CatchPattern) -> Span {
    match pattern {
        CatchPattern::Any(span) => *span,
        CatchPattern::Value(value) => value.span,
    }
}
