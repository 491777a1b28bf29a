//! The variables that view packet bytes: a `bytes` of a packet, or of a header in it, and the parameters that calls pass such
//! a view to.

use super::tree::{
    Binding, Condition, Expr, ExprKind, FuncId, LocalId, OptionalKind, Parts, Program, Stmt, StmtKind, View, Visitor,
};
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::BTreeSet;

/// By function and variable.
pub type PacketViews = BTreeSet<(FuncId, LocalId)>;

pub fn of(types: &Types, program: &Program) -> PacketViews {
    let mut views = PacketViews::new();
    loop {
        let before = views.len();
        for at in 0..program.funcs.len() {
            let func = FuncId(at as u32);
            Walk { types, program, func, views: &mut views }.block(&program.func(func).body);
        }
        if views.len() == before {
            return views;
        }
    }
}

struct Walk<'t> {
    types: &'t Types,
    program: &'t Program,
    func: FuncId,
    views: &'t mut PacketViews,
}

impl Walk<'_> {
    /// A variable never views another thing than what it views first.
    fn begins(&mut self, local: LocalId, value: &Expr) {
        if value.ty == Ty::BYTES && self.is_of_packet(value) {
            self.views.insert((self.func, local));
        }
    }

    fn is_of_packet(&self, view: &Expr) -> bool {
        if let ExprKind::Local(local) = view.kind {
            return self.views.contains(&(self.func, local));
        }
        let ExprKind::View(view) = &view.kind else {
            return view.branches().is_some_and(|values| values.into_iter().any(|value| self.is_of_packet(value)));
        };
        match &**view {
            View::Packet { .. } => true,
            View::Slice { view, .. } => self.is_of_packet(view),
            View::Value(value) => self.is_in_packet(value),
        }
    }

    fn is_in_packet(&self, place: &Expr) -> bool {
        if let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &place.kind {
            return self.is_in_packet(base);
        }
        let ExprKind::Deref(pointer) = &place.kind else { return false };
        matches!(self.types.kind(pointer.ty), TyKind::Ptr { space: Space::Packet, .. })
    }

    fn binds(&mut self, binding: &Binding) {
        if let OptionalKind::View(view) = &binding.source.kind {
            self.begins(binding.local, view);
        }
    }
}

impl<'t> Visitor<'t> for Walk<'_> {
    fn stmt(&mut self, stmt: &'t Stmt) {
        if let StmtKind::Var { local, init: Some(init) } = &stmt.kind {
            self.begins(*local, init);
        } else if let StmtKind::VarElse { binding, .. } = &stmt.kind {
            self.binds(binding);
        }
        self.parts_of_stmt(stmt);
    }

    fn expr(&mut self, expr: &'t Expr) {
        if let ExprKind::Call { func, args } = &expr.kind {
            for (arg, &param) in std::iter::zip(args, &self.program.func(*func).params) {
                if arg.ty == Ty::BYTES && self.is_of_packet(arg) {
                    self.views.insert((*func, param));
                }
            }
        } else if let Parts::If(node) = expr.parts()
            && let Condition::Bindings(bindings) = &node.condition
        {
            bindings.iter().for_each(|binding| self.binds(binding));
        }
        self.parts_of_expr(expr);
    }
}
