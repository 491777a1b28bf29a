//! Which locals of a function need memory of their own: those that are assigned after their declaration, or whose
//! address is taken.

use crate::sema::tree::{
    Block, Condition, Expr, ExprKind, Func, LocalId, MapId, Optional, OptionalKind, Parts, Stmt, StmtKind,
};

pub(super) struct Uses {
    assigned: Vec<bool>,
    addressed: Vec<bool>,
    /// What stands for maps that are taken out of maps of maps.
    pub bound_maps: Vec<MapId>,
}

impl Uses {
    pub fn in_memory(&self, local: LocalId) -> bool {
        self.assigned[local.0 as usize] || self.addressed[local.0 as usize]
    }

    /// A pointer to it, or to a part of it, may exist.
    pub fn addressed(&self, local: LocalId) -> bool {
        self.addressed[local.0 as usize]
    }
}

pub(super) fn uses(func: &Func) -> Uses {
    let none = vec![false; func.locals.len()];
    let mut uses = Uses { assigned: none.clone(), addressed: none, bound_maps: Vec::new() };
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
        // Of an optional too: `m.entry(k, init)` inserts.
        Parts::Optional(_) | Parts::Effect(_) | Parts::If(_) | Parts::Block(_) | Parts::Match(_) => true,
    }
}

impl Uses {
    fn block(&mut self, block: &Block) {
        for stmt in &block.stmts {
            self.stmt(stmt);
        }
        if let Some(value) = &block.value {
            self.expr(value);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Var { init, .. } => self.exprs(init),
            StmtKind::VarCopy { source, .. } => self.optional(source),
            StmtKind::VarElse { binding, otherwise } => {
                self.optional(&binding.source);
                self.block(otherwise);
            }
            StmtKind::Assign { place, value, .. } => {
                if let Some(local) = root(place) {
                    self.assigned[local.0 as usize] = true;
                }
                self.expr(place);
                self.expr(value);
            }
            StmtKind::MapUpdate { key, value, .. } | StmtKind::MapAssignOp { key, value, .. } => {
                self.expr(key);
                self.expr(value);
            }
            StmtKind::MapDelete { key, .. } => self.expr(key),
            StmtKind::Delete(expr) | StmtKind::Expr(expr) => self.expr(expr),
            StmtKind::While { condition, body } => {
                self.expr(condition);
                self.block(body);
            }
            StmtKind::Loop { body } | StmtKind::Lock { body, .. } | StmtKind::ForMap { body, .. } => self.block(body),
            StmtKind::ForArray { array, body, .. } => {
                self.expr(array);
                self.block(body);
            }
            StmtKind::For { low, high, body, .. } => {
                self.expr(low);
                self.expr(high);
                self.block(body);
            }
            StmtKind::ForCpus { key, body, .. } => {
                self.expr(key);
                self.block(body);
            }
            StmtKind::MapSetInner { key, .. } => self.expr(key),
            StmtKind::MapCpuUpdate { key, cpu, value, .. } => self.exprs([key, cpu, value]),
            StmtKind::Break | StmtKind::Continue => {}
            StmtKind::Return(value) => self.exprs(value),
        }
    }

    fn optional(&mut self, optional: &Optional) {
        match &optional.kind {
            OptionalKind::MapEntry { key, .. } => self.expr(key),
            OptionalKind::InnerMap { key, bound, .. } => {
                self.expr(key);
                if !self.bound_maps.contains(bound) {
                    self.bound_maps.push(*bound);
                }
            }
            OptionalKind::MapEntryOr { key, init, .. } => {
                self.expr(key);
                self.expr(init);
            }
            OptionalKind::MapTake { .. } | OptionalKind::Record { .. } => {}
            OptionalKind::Packet { ctx, offset, .. } => {
                self.expr(ctx);
                self.expr(offset);
            }
            OptionalKind::Pointer(pointer) => self.expr(pointer),
        }
    }

    fn exprs<'a>(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        if let ExprKind::AddressOf(place) = &expr.kind
            && let Some(local) = root(place)
        {
            self.addressed[local.0 as usize] = true;
        }
        match expr.parts() {
            Parts::Operands(parts) | Parts::Effect(parts) => self.exprs(parts),
            Parts::Optional(optional) => self.optional(optional),
            Parts::If(node) => {
                match &node.condition {
                    Condition::Expr(condition) => self.expr(condition),
                    Condition::Bindings(bindings) => bindings.iter().for_each(|b| self.optional(&b.source)),
                }
                self.block(&node.then);
                node.otherwise.iter().for_each(|b| self.block(b));
            }
            Parts::Block(block) => self.block(block),
            Parts::Match(node) => {
                self.expr(&node.subject);
                node.arms.iter().for_each(|arm| self.block(&arm.body));
                node.default.iter().for_each(|b| self.block(b));
            }
        }
    }
}
