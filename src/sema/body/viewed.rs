//! What a variable views: the same thing as long as it lives.

use super::Checker;
use super::value::local;
use crate::diag::codes::types::OtherView;
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

impl Checker<'_, '_> {
    /// What a `bytes` views.
    fn viewed(&self, expr: &Expr) -> Option<Viewed> {
        if let Some(local) = local(expr) {
            return self.info[local.0 as usize].viewed;
        }
        let ExprKind::View(view) = &expr.kind else { return None };
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
            let info = self.info(local);
            info.viewed = viewed.or(info.viewed);
        }
    }

    /// A view is assigned to a variable, which must have viewed the same before.
    pub fn assign_view(&mut self, to: LocalId, value: &Expr) {
        if value.ty != Ty::BYTES || self.viewed(value) == self.info(to).viewed {
            return;
        }
        let name = self.locals[to.0 as usize].name.clone();
        let declared = self.locals[to.0 as usize].span;
        self.error(value.span, OtherView { name })
            .note(declared, "declared here")
            .help("declare another variable for it, or let a function take a `bytes`");
    }
}
