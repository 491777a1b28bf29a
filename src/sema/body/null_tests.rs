//! Bools that keep the outcome of a test for null: `var found = p != null`, and later `if (found)`.
//!
//! If such a bool is a condition, the test is repeated beside it. That does not change the outcome, as long as neither
//! variable was assigned since: so the checker knows the pointer behind the condition, and the kernel's verifier does
//! too.

use super::Checker;
use super::value::{cast, local};
use crate::sema::tree::{CompareOp, Const, Expr, ExprKind, LocalId};
use crate::types::{Ty, TyKind};

impl Checker<'_, '_> {
    /// A variable got a value: what its old value showed ends. A bool may show which pointers are not null, and for
    /// which of its values.
    pub fn note_test(&mut self, assigned: LocalId, value: Option<&Expr>) {
        self.flow.null_tests.remove(&assigned);
        self.flow.null_tests.retain(|_, tested| tested.iter().all(|&(pointer, _)| pointer != assigned));
        let Some(value) = value.filter(|value| value.ty == Ty::BOOL) else { return };
        if self.info[assigned.0 as usize].address_taken {
            return;
        }
        let mut tested = Vec::new();
        for outcome in [true, false] {
            let before = (self.flow.not_null.clone(), self.flow.not_null_parts.clone());
            self.learn(value, outcome);
            let learnt = self.flow.not_null.difference(&before.0).copied();
            tested.extend(learnt.filter(|pointer| !self.info[pointer.0 as usize].address_taken).map(|p| (p, outcome)));
            (self.flow.not_null, self.flow.not_null_parts) = before;
        }
        if !tested.is_empty() {
            self.flow.null_tests.insert(assigned, tested);
        }
    }

    /// A body that may run more than once, or not, assigns to the variable.
    pub fn forget_tests(&mut self, assigned: LocalId) {
        self.note_test(assigned, None);
    }

    /// A bool as a condition, with the tests that it keeps.
    pub fn with_null_tests(&mut self, condition: Expr) -> Expr {
        let Some(tested) = local(&condition).and_then(|local| self.flow.null_tests.get(&local)).cloned() else {
            return condition;
        };
        // The facts for true, or for false; a test has one of them.
        let Some(&(_, outcome)) = tested.first() else { return condition };
        let pointers = tested.into_iter().filter(|&(_, of)| of == outcome).map(|(pointer, _)| pointer);
        pointers.fold(condition, |condition, pointer| {
            let span = condition.span;
            let pointer = self.local_expr(pointer, span);
            let nullable = if let TyKind::Ptr { to, space, .. } = self.cx.types.kind(pointer.ty) {
                self.cx.types.ptr(to, space, true)
            } else {
                pointer.ty
            };
            let null = Box::new(Expr { kind: ExprKind::Const(Const::Null), ty: nullable, span });
            let op = if outcome { CompareOp::Ne } else { CompareOp::Eq };
            let kind = ExprKind::Compare { op, left: Box::new(cast(pointer, nullable)), right: null };
            let right = Box::new(Expr { kind, ty: Ty::BOOL, span });
            let kind = ExprKind::Logical { and: outcome, left: Box::new(condition), right };
            Expr { kind, ty: Ty::BOOL, span }
        })
    }
}
