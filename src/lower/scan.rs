//! Which locals of a function need memory of their own: those that are assigned after their declaration, or whose
//! address is taken.

use crate::sema::tree::{
    Block, Condition, Expr, ExprKind, Func, LocalId, MapId, Optional, OptionalKind, Stmt, StmtKind,
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
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Local(_) | ExprKind::Global(_) | ExprKind::ConfigField { .. } => false,
        ExprKind::Field { base: inner, .. }
        | ExprKind::Fill(inner)
        | ExprKind::Deref(inner)
        | ExprKind::DerefIf(inner)
        | ExprKind::AddressOf(inner)
        | ExprKind::CtxField { ctx: inner, .. }
        | ExprKind::PacketLen { ctx: inner }
        | ExprKind::MapGet { key: inner, .. }
        | ExprKind::Neg(inner)
        | ExprKind::BitNot(inner)
        | ExprKind::Not(inner)
        | ExprKind::Cast(inner)
        | ExprKind::Raw(inner) => may_write(inner),
        ExprKind::Index { base: left, index: right }
        | ExprKind::Arith { left, right, .. }
        | ExprKind::Compare { left, right, .. }
        | ExprKind::Logical { left, right, .. } => may_write(left) || may_write(right),
        ExprKind::Struct { fields } => fields.iter().any(|(_, value)| may_write(value)),
        ExprKind::Array(elements) => elements.iter().any(may_write),
        ExprKind::PerCpu { key, cpu, .. } => may_write(key) || cpu.as_deref().is_some_and(may_write),
        ExprKind::IsPresent(_)
        | ExprKind::PacketPointer(_)
        | ExprKind::If(_)
        | ExprKind::Block(_)
        | ExprKind::Match(_)
        | ExprKind::Call { .. }
        | ExprKind::CallPointer { .. }
        | ExprKind::Builtin { .. }
        | ExprKind::Atomic { .. }
        | ExprKind::MapCall { .. }
        | ExprKind::Print(_)
        | ExprKind::Load(_)
        | ExprKind::Attach { .. }
        | ExprKind::New { .. }
        | ExprKind::Detach(_)
        | ExprKind::Dispatch { .. } => true,
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
        match &expr.kind {
            ExprKind::Const(_)
            | ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::ConfigField { .. }
            | ExprKind::New { .. }
            | ExprKind::Load(_) => {}
            ExprKind::AddressOf(place) => {
                if let Some(local) = root(place) {
                    self.addressed[local.0 as usize] = true;
                }
                self.expr(place);
            }
            ExprKind::Field { base: inner, .. }
            | ExprKind::Deref(inner)
            | ExprKind::DerefIf(inner)
            | ExprKind::Fill(inner)
            | ExprKind::CtxField { ctx: inner, .. }
            | ExprKind::PacketLen { ctx: inner }
            | ExprKind::MapGet { key: inner, .. }
            | ExprKind::Neg(inner)
            | ExprKind::BitNot(inner)
            | ExprKind::Not(inner)
            | ExprKind::Cast(inner)
            | ExprKind::Raw(inner)
            | ExprKind::Detach(inner) => self.expr(inner),
            ExprKind::Index { base: left, index: right }
            | ExprKind::Arith { left, right, .. }
            | ExprKind::Compare { left, right, .. }
            | ExprKind::Logical { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::If(node) => {
                match &node.condition {
                    Condition::Expr(condition) => self.expr(condition),
                    Condition::Bindings(bindings) => bindings.iter().for_each(|b| self.optional(&b.source)),
                }
                self.block(&node.then);
                node.otherwise.iter().for_each(|b| self.block(b));
            }
            ExprKind::Block(block) => self.block(block),
            ExprKind::Match(node) => {
                self.expr(&node.subject);
                node.arms.iter().for_each(|arm| self.block(&arm.body));
                node.default.iter().for_each(|b| self.block(b));
            }
            ExprKind::Call { args, .. }
            | ExprKind::Builtin { args, .. }
            | ExprKind::MapCall { args, .. }
            | ExprKind::Array(args) => self.exprs(args),
            ExprKind::CallPointer { callee, args, .. } => {
                self.expr(callee);
                self.exprs(args);
            }
            ExprKind::Atomic { place, args, .. } => {
                self.expr(place);
                self.exprs(args);
            }
            ExprKind::PerCpu { key, cpu, .. } => {
                self.expr(key);
                self.exprs(cpu.as_deref());
            }
            ExprKind::Print(print) => self.exprs(&print.args),
            ExprKind::Attach { handle, target, flags, .. } => {
                self.expr(handle);
                self.exprs(target.as_deref());
                self.exprs(flags.as_deref());
            }
            ExprKind::Dispatch { timeout, .. } => self.exprs(timeout.as_deref()),
            ExprKind::Struct { fields } => fields.iter().for_each(|(_, e)| self.expr(e)),
            ExprKind::IsPresent(optional) | ExprKind::PacketPointer(optional) => self.optional(optional),
        }
    }
}
