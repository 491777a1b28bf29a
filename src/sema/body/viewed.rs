//! What variables of type `bytes` view: one thing as long as they live, also where a condition chooses among views of it.

use super::State;
use super::value::{error_expr, local};
use super::variables::Variables;
use crate::diag::codes::types::{OtherView, ViewsDiffer};
use crate::sema::tree::{Expr, ExprKind, LocalId, View};
use crate::types::Ty;

/// What a variable views.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Viewed {
    /// The packet of this context.
    Packet(LocalId),
    /// The bytes after the value of the record that this variable is bound to.
    Tail(LocalId),
    /// What this variable viewed first.
    By(LocalId),
}

impl State<'_, '_> {
    /// A view as a variable has it, a call makes it, or a condition chooses it.
    pub fn plain_view(&mut self, expr: Expr) -> Expr {
        if matches!(expr.kind, ExprKind::Local(_) | ExprKind::View(_)) {
            return expr;
        }
        let Some(values) = expr.branches() else { return expr };
        let outlives = |viewed| match viewed {
            Viewed::Packet(_) => true,
            Viewed::Tail(local) | Viewed::By(local) => self.vars.local_of(&self.vars[local].name) == Some(local),
        };
        if self.vars.viewed(&expr).is_some_and(outlives) {
            return expr;
        }
        let span = expr.span;
        let parts: Vec<_> = values.iter().map(|value| (value.span, value.ty)).collect();
        if parts.iter().any(|&(_, ty)| ty == Ty::ERROR) {
            return error_expr(span);
        }
        let error = self.error(span, ViewsDiffer {});
        for (branch, _) in parts {
            error.note(branch, "one of them");
        }
        error.help("call a function that takes a `bytes` in each branch, or make each a part of one view: `var all: bytes = …`");
        error_expr(span)
    }

    /// A view is assigned to a variable, which must have viewed the same before.
    pub fn assign_view(&mut self, to: LocalId, value: &Expr) {
        if value.ty != Ty::BYTES || self.vars.viewed(value) == self.vars[to].viewed {
            return;
        }
        let name = self.vars[to].name.clone();
        let declared = self.vars[to].span;
        self.error(value.span, OtherView { name })
            .note(declared, "declared here")
            .help("declare another variable for it, or let a function take a `bytes`");
    }
}

impl Variables {
    /// What a `bytes` views.
    fn viewed(&self, expr: &Expr) -> Option<Viewed> {
        if let Some(local) = local(expr) {
            return self[local].viewed;
        }
        let ExprKind::View(view) = &expr.kind else {
            let mut viewed = expr.branches()?.into_iter().map(|value| self.viewed(value));
            let first = viewed.next()??;
            return viewed.all(|other| other == Some(first)).then_some(first);
        };
        match &**view {
            View::Value(_) => None,
            View::Packet { ctx, .. } => local(ctx).map(Viewed::Packet),
            View::Tail(record) => local(record).map(Viewed::Tail),
            View::Slice { view, .. } => self.viewed(view),
        }
    }

    /// A variable begins with a view.
    pub fn note_view(&mut self, local: LocalId, value: &Expr) {
        if value.ty == Ty::BYTES {
            let viewed = self.viewed(value);
            let info = &mut self[local];
            info.viewed = viewed.or(info.viewed);
        }
    }
}
