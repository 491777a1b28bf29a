//! Which locals of a function need memory of their own: those that are assigned after their declaration, or whose
//! address is taken.

use crate::sema::tree::{
    Expr, ExprKind, Func, LocalId, MapId, Optional, OptionalKind, Parts, Stmt, StmtKind, View, Visitor,
};

pub(super) struct Uses {
    assigned: Vec<bool>,
    addressed: Vec<bool>,
    /// `ctx` of a program whose parameters are values, and whether it is used.
    context: Option<LocalId>,
    pub has_context: bool,
    /// The placeholders of maps that are taken out of maps of maps.
    pub bound_maps: Vec<MapId>,
    /// It defers something.
    pub defers: bool,
}

impl Uses {
    /// Whether the local needs memory; the others are values.
    pub fn in_memory(&self, local: LocalId) -> bool {
        self.assigned[local.0 as usize] || self.addressed[local.0 as usize]
    }

    /// The local is in memory whatever is done with it.
    pub fn keep_in_memory(&mut self, local: LocalId) {
        self.assigned[local.0 as usize] = true;
    }

    /// A pointer to it, or to a part of it, may exist.
    pub fn addressed(&self, local: LocalId) -> bool {
        self.addressed[local.0 as usize]
    }
}

pub(super) fn uses(func: &Func) -> Uses {
    let none = vec![false; func.locals.len()];
    let (assigned, addressed) = (none.clone(), none);
    let mut uses =
        Uses { assigned, addressed, context: func.context, has_context: false, bound_maps: Vec::new(), defers: false };
    uses.block(&func.body);
    uses
}

/// The local that a place is, or is a part of.
pub(super) fn root(place: &Expr) -> Option<LocalId> {
    if let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &place.kind {
        return root(base);
    }
    if let ExprKind::Local(local) = place.kind { Some(local) } else { None }
}

/// Whether evaluating it can change what is stored somewhere.
pub(super) fn may_write(expr: &Expr) -> bool {
    match expr.parts() {
        Parts::Operands(operands) => operands.into_iter().any(may_write),
        // An optional may write too: `m.entry(k, init)` inserts.
        Parts::Optional(_) | Parts::Operation(..) | Parts::If(_) | Parts::Block(_) | Parts::Match(_) => true,
    }
}

impl Uses {
    fn address(&mut self, place: &Expr) {
        if let Some(local) = root(place) {
            self.addressed[local.0 as usize] = true;
        }
    }
}

impl Visitor<'_> for Uses {
    fn stmt(&mut self, stmt: &Stmt) {
        if let StmtKind::Assign { place, .. } = &stmt.kind
            && let Some(local) = root(place)
        {
            self.assigned[local.0 as usize] = true;
        }
        self.defers |= matches!(stmt.kind, StmtKind::Defer(_));
        self.parts_of_stmt(stmt);
    }

    fn optional(&mut self, optional: &Optional) {
        if let OptionalKind::InnerMap { bound, .. } = &optional.kind
            && !self.bound_maps.contains(bound)
        {
            self.bound_maps.push(*bound);
        }
        self.parts_of_optional(optional);
    }

    fn expr(&mut self, expr: &Expr) {
        if let ExprKind::AddressOf(place) = &expr.kind {
            self.address(place);
        }
        if let ExprKind::View(view) = &expr.kind
            && let View::Value(value) = &**view
        {
            self.address(value);
        }
        self.has_context |= matches!(expr.kind, ExprKind::Local(local) if self.context == Some(local));
        self.parts_of_expr(expr);
    }
}
