//! What is known at a point of the body: whether control comes there, and which pointers are not null.

use super::attachments::Attachments;
use super::{Checker, value};
use crate::sema::tree::{CompareOp, Const, Expr, ExprKind, LocalId};
use crate::source::Span;
use crate::types::{Ty, TyKind};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone)]
pub(super) struct Flow {
    pub reachable: bool,
    /// Locals that hold a pointer which is not null.
    pub not_null: BTreeSet<LocalId>,
    pub attachments: Attachments,
    /// Names of entries that were deleted on some path, and where.
    pub deleted: BTreeMap<LocalId, Span>,
}

impl Flow {
    pub fn start() -> Flow {
        Flow {
            reachable: true,
            not_null: BTreeSet::new(),
            attachments: Attachments::default(),
            deleted: BTreeMap::new(),
        }
    }

    /// After a place where two ways meet.
    pub fn join(self, other: Flow) -> Flow {
        match (self.reachable, other.reachable) {
            (true, true) => {
                let not_null = self.not_null.intersection(&other.not_null).copied().collect();
                let attachments = self.attachments.join(&other.attachments);
                let deleted = self.deleted.into_iter().chain(other.deleted).collect();
                Flow { reachable: true, not_null, attachments, deleted }
            }
            (true, false) => self,
            (false, _) => other,
        }
    }
}

impl Checker<'_, '_> {
    /// Adds what a condition tells about pointers where it came out as `outcome`.
    pub fn learn(&mut self, condition: &Expr, outcome: bool) {
        if let ExprKind::Not(inner) = &condition.kind {
            self.learn(inner, !outcome);
        } else if let ExprKind::Logical { and, left, right } = &condition.kind {
            if *and == outcome {
                self.learn(left, outcome);
                self.learn(right, outcome);
            }
        } else if let ExprKind::Compare { op, left, right } = &condition.kind {
            let differs = match op {
                CompareOp::Ne => outcome,
                CompareOp::Eq => !outcome,
                CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => false,
            };
            if differs && matches!(right.kind, ExprKind::Const(Const::Null)) {
                self.learn_not_null(left);
            }
            if differs && matches!(left.kind, ExprKind::Const(Const::Null)) {
                self.learn_not_null(right);
            }
        } else if let ExprKind::Cast(inner) = &condition.kind
            && outcome
        {
            self.learn_not_null(inner);
        }
    }

    fn learn_not_null(&mut self, pointer: &Expr) {
        if let Some(local) = self.pointer_local(pointer) {
            self.flow.not_null.insert(local);
        }
    }

    /// The local that a pointer is read from, through conversions.
    pub fn pointer_local(&self, pointer: &Expr) -> Option<LocalId> {
        if let ExprKind::Cast(inner) = &pointer.kind {
            return self.pointer_local(inner);
        }
        value::local(pointer).filter(|_| self.is_pointer_or_function(pointer.ty))
    }

    /// Whether a pointer may be null here.
    pub fn may_be_null(&self, pointer: &Expr) -> bool {
        if !matches!(self.cx.types.kind(pointer.ty), TyKind::Ptr { nullable: true, .. } | TyKind::Fn(_))
            || matches!(pointer.kind, ExprKind::Const(Const::Func(_)))
        {
            return false;
        }
        if let ExprKind::Cast(inner) = &pointer.kind
            && matches!(self.cx.types.kind(inner.ty), TyKind::Ptr { .. })
        {
            return self.may_be_null(inner);
        }
        self.pointer_local(pointer).is_none_or(|local| !self.flow.not_null.contains(&local))
    }

    /// Something may have been written through a pointer: pointer variables whose address is known elsewhere may be null.
    pub fn forget_addressed(&mut self) {
        let info = &self.info;
        self.flow.not_null.retain(|local| !info[local.0 as usize].address_taken);
    }

    fn is_pointer_or_function(&self, ty: Ty) -> bool {
        matches!(self.cx.types.kind(ty), TyKind::Ptr { .. } | TyKind::Fn(_))
    }

    /// A pointer variable got another value.
    pub fn note_assigned(&mut self, local: LocalId, value: Option<&Expr>) {
        let holds = value.is_some_and(|v| self.is_pointer_or_function(v.ty) && !self.may_be_null(v));
        if holds {
            self.flow.not_null.insert(local);
        } else {
            self.flow.not_null.remove(&local);
        }
        if let Some(value) = value {
            self.note_held(local, value);
        }
        self.flow.attachments.forget(local);
        let info = self.info(local);
        info.packet = None;
        info.program = None;
        info.assigned += 1;
    }
}
