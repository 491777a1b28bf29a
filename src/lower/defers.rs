//! `defer`: code that runs when the function ends.
//!
//! The variables that a deferred block names live as long as the function. So a variable of an inner block is in
//! memory, even if it could be a value.

use super::func::{Dest, Lowering, Slot};
use crate::sema::tree::{Block, Catch, CatchKind, Condition, Expr, ExprKind, LocalId, Stmt, StmtKind, Visitor};
use crate::source::Span;

impl Lowering<'_> {
    pub(super) fn defer(&mut self, block: &Block, span: Span) {
        let (region, _) = self.region(&[], Dest::Nothing, |this, _| this.block(block, Dest::Nothing));
        self.at(span).b.ks_defer(vec![region]);
    }

    /// Before a statement of the function's own block: the variables in it that what it defers names.
    pub(super) fn keep_deferred(&mut self, stmt: &Stmt) {
        let mut inner = Inner(Vec::new());
        inner.stmt(stmt);
        for local in inner.0.into_iter().flat_map(named_in) {
            if matches!(self.slot(local), Slot::None) {
                self.uses.keep_in_memory(local);
                self.kept.insert(local);
            }
        }
    }

    /// A named aggregate result, if it is not where the result goes from the start.
    pub(super) fn copy_named(&mut self, named: LocalId, place: crate::ir::Value) {
        if let Slot::Place(own) = self.slot(named)
            && own != place
        {
            self.b.ks_copy(place, own);
        }
    }
}

/// The deferred blocks in a statement, in order of the text.
struct Inner<'t>(Vec<&'t Block>);

impl<'t> Visitor<'t> for Inner<'t> {
    fn stmt(&mut self, stmt: &'t Stmt) {
        if let StmtKind::Defer(block) = &stmt.kind {
            self.0.push(block);
        } else {
            self.parts_of_stmt(stmt);
        }
    }
}

/// The variables that a block names, but for its own.
pub(super) fn named_in(block: &Block) -> Vec<LocalId> {
    let mut named = Named::default();
    named.block(block);
    let Named { mut used, own } = named;
    used.retain(|local| !own.contains(local));
    used
}

#[derive(Default)]
struct Named {
    used: Vec<LocalId>,
    own: Vec<LocalId>,
}

impl Visitor<'_> for Named {
    fn stmt(&mut self, stmt: &Stmt) {
        let kind = &stmt.kind;
        if let StmtKind::Var { local, .. } | StmtKind::For { local, .. } = kind {
            self.own.push(*local);
        } else if let StmtKind::OnReturn { returned, .. } = kind {
            self.own.extend(*returned);
        } else if let StmtKind::VarElse { binding, .. } = kind {
            self.own.push(binding.local);
        } else if let StmtKind::VarCopy { local: first, present: second, .. }
        | StmtKind::ForMap { key: first, value: second, .. }
        | StmtKind::ForOrdered { key: first, value: second, .. }
        | StmtKind::ForCpus { cpu: first, value: second, .. }
        | StmtKind::ForBuckets { low: first, count: second, .. }
        | StmtKind::ForArray { index: first, value: second, .. }
        | StmtKind::ForView { index: first, value: second, .. } = kind
        {
            self.own.extend([*first, *second]);
        } else if let StmtKind::Try { catches, .. } = kind {
            let bound = |catch: &Catch| if let CatchKind::Bind(local) = catch.takes { Some(local) } else { None };
            self.own.extend(catches.iter().filter_map(bound));
        }
        self.parts_of_stmt(stmt);
    }

    fn expr(&mut self, expr: &Expr) {
        if let ExprKind::Local(local) = expr.kind {
            self.used.push(local);
        } else if let ExprKind::If(node) = &expr.kind
            && let Condition::Bindings(bindings) = &node.condition
        {
            self.own.extend(bindings.iter().map(|binding| binding.local));
        }
        self.parts_of_expr(expr);
    }
}
