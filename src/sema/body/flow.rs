//! The state at a point of the body: whether control reaches it, and which pointers are not null.

use super::value::Value;
use super::{Checker, heap, value};
use crate::sema::tree::{CompareOp, Const, Expr, ExprKind, FuncId, GlobalId, LocalId};
use crate::source::Span;
use crate::types::{Ty, TyKind};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone)]
pub(super) struct Flow {
    pub reachable: bool,
    /// Only a path that the source does not show leads here: a number that is no variant of its enum took no arm of a
    /// `match` over all variants, or an endless loop reached the most iterations that a kernel allows.
    pub unforeseen: bool,
    /// Something before could not be read: it may have tested and changed what is known here.
    pub unread: bool,
    /// Locals that hold a pointer which is not null.
    pub not_null: BTreeSet<LocalId>,
    /// The same for fields, and for what is behind pointers.
    pub not_null_parts: BTreeSet<Part>,
    /// Names of entries that were deleted on some path, and where.
    pub deleted: BTreeMap<LocalId, Span>,
    /// Pointers to objects that were deleted.
    pub freed: BTreeMap<LocalId, heap::Deleted>,
    /// Bools that are outcomes of null tests: pointers that are not null, and for which value of the bool.
    pub null_tests: BTreeMap<LocalId, Vec<(LocalId, bool)>>,
    /// The programs that variables hold.
    pub programs: BTreeMap<LocalId, FuncId>,
    /// How many bytes of an object there are where pointers point.
    pub extents: BTreeMap<LocalId, u64>,
    /// How many bytes the packets of contexts have at least.
    pub packet_lengths: BTreeMap<LocalId, u64>,
}

/// A pointer that is a field of a variable, or behind one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    root: Root,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Root {
    Local(LocalId),
    Global(GlobalId),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Field(usize),
    Deref,
}

fn part(expr: &Expr) -> Option<Part> {
    if let ExprKind::Local(local) = expr.kind {
        return Some(Part { root: Root::Local(local), steps: Vec::new() });
    }
    if let ExprKind::Global(global) = expr.kind {
        return Some(Part { root: Root::Global(global), steps: Vec::new() });
    }
    if let ExprKind::Cast(inner) = &expr.kind {
        return part(inner);
    }
    let (inner, step) = if let ExprKind::Field { base, field } = &expr.kind {
        (base, Step::Field(*field))
    } else if let ExprKind::Deref(pointer) = &expr.kind {
        (pointer, Step::Deref)
    } else {
        return None;
    };
    let mut part = part(inner)?;
    part.steps.push(step);
    Some(part)
}

impl Flow {
    pub fn start() -> Flow {
        Flow {
            reachable: true,
            unforeseen: false,
            unread: false,
            not_null: BTreeSet::new(),
            not_null_parts: BTreeSet::new(),
            deleted: BTreeMap::new(),
            freed: BTreeMap::new(),
            null_tests: BTreeMap::new(),
            programs: BTreeMap::new(),
            extents: BTreeMap::new(),
            packet_lengths: BTreeMap::new(),
        }
    }

    /// The state after a join.
    pub fn join(self, other: Flow) -> Flow {
        match (self.reachable, other.reachable) {
            (true, true) => {
                let least = |(of, bytes): (LocalId, u64)| Some((of, bytes.min(*other.packet_lengths.get(&of)?)));
                let packet_lengths = self.packet_lengths.into_iter().filter_map(least).collect();
                let not_null = self.not_null.intersection(&other.not_null).copied().collect();
                let not_null_parts = self.not_null_parts.intersection(&other.not_null_parts).cloned().collect();
                let deleted = self.deleted.into_iter().chain(other.deleted).collect();
                let freed = heap::join(self.freed, other.freed);
                let mut null_tests = self.null_tests;
                null_tests.retain(|local, outcomes| other.null_tests.get(local) == Some(outcomes));
                let mut programs = self.programs;
                programs.retain(|local, program| other.programs.get(local) == Some(program));
                let mut extents = self.extents;
                extents.retain(|local, extent| other.extents.get(local) == Some(extent));
                let unforeseen = self.unforeseen && other.unforeseen;
                let unread = self.unread || other.unread;
                Flow {
                    reachable: true,
                    unforeseen,
                    unread,
                    not_null,
                    not_null_parts,
                    deleted,
                    freed,
                    null_tests,
                    programs,
                    extents,
                    packet_lengths,
                }
            }
            (true, false) => self,
            (false, _) => other,
        }
    }
}

impl Flow {
    /// Whether control leaves before, by all that the source says of.
    pub fn leaves(&self) -> bool {
        !self.reachable || self.unforeseen
    }
}

impl Checker<'_, '_> {
    /// Adds what a condition shows about pointers if its outcome is `outcome`.
    pub fn learn(&mut self, condition: &Expr, outcome: bool) {
        if let ExprKind::Not(inner) = &condition.kind {
            self.learn(inner, !outcome);
        } else if let ExprKind::Logical { and, left, right } = &condition.kind {
            if *and == outcome {
                self.learn(left, outcome);
                self.learn(right, outcome);
            }
        } else if let ExprKind::Compare { op, left, right } = &condition.kind {
            self.learn_length(*op, left, right, outcome);
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
        self.note_not_null(pointer);
    }

    /// From here on the pointer is not null, as long as nothing changes it.
    pub fn note_not_null(&mut self, pointer: &Expr) {
        if let Some(local) = self.pointer_local(pointer) {
            self.flow.not_null.insert(local);
        } else if let Some(part) = part(pointer) {
            self.flow.not_null_parts.insert(part);
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
        if self.flow.unread
            || !matches!(self.cx.types.kind(pointer.ty), TyKind::Ptr { nullable: true, .. } | TyKind::Fn(_))
            || matches!(pointer.kind, ExprKind::Const(Const::Func(_)))
        {
            return false;
        }
        if let ExprKind::Cast(inner) = &pointer.kind
            && matches!(self.cx.types.kind(inner.ty), TyKind::Ptr { .. })
        {
            return self.may_be_null(inner);
        }
        match self.pointer_local(pointer) {
            Some(local) => !self.flow.not_null.contains(&local),
            None => part(pointer).is_none_or(|part| !self.flow.not_null_parts.contains(&part)),
        }
    }

    /// A value of one branch of a choice: what is known of it there goes into its type.
    pub fn as_not_null(&mut self, value: Value) -> Value {
        let TyKind::Ptr { to, space, nullable: true } = self.cx.types.kind(value.ty()) else { return value };
        if self.may_be_null(&value.expr) {
            return value;
        }
        let ty = self.cx.types.ptr(to, space, false);
        value::cast(value.expr, ty).into()
    }

    /// Something may have been written through a pointer: pointer variables whose address is known elsewhere may be null.
    pub fn forget_addressed(&mut self) {
        let info = &self.info;
        let addressed = |local: &LocalId| info[local.0 as usize].address_taken;
        self.flow.not_null.retain(|local| !addressed(local));
        self.flow.null_tests.retain(|bool, outcomes| !addressed(bool) && !outcomes.iter().any(|(p, _)| addressed(p)));
        self.forget_pointed();
    }

    /// The same of what is behind pointers, and of parts that pointers may lead to.
    pub fn forget_pointed(&mut self) {
        let info = &self.info;
        self.flow.not_null_parts.retain(|part| match part.root {
            Root::Local(local) => !info[local.0 as usize].address_taken && !part.steps.contains(&Step::Deref),
            Root::Global(_) => false,
        });
    }

    fn is_pointer_or_function(&self, ty: Ty) -> bool {
        matches!(self.cx.types.kind(ty), TyKind::Ptr { .. } | TyKind::Fn(_))
    }

    /// A variable, or a pointer in it, got another value.
    pub fn forget_parts(&mut self, local: LocalId) {
        let others_lead_there = self.info[local.0 as usize].address_taken;
        self.flow.not_null_parts.retain(|part| {
            part.root != Root::Local(local) && !(others_lead_there && part.steps.contains(&Step::Deref))
        });
    }

    /// A part of a variable got another value: other fields keep theirs.
    pub fn forget_parts_at(&mut self, local: LocalId, place: &Expr) {
        let Some(changed) = part(place) else { return self.forget_parts(local) };
        let others_lead_there = self.info[local.0 as usize].address_taken;
        self.flow.not_null_parts.retain(|part| {
            let is_part = part.root == changed.root && part.steps.starts_with(&changed.steps);
            !(is_part || others_lead_there && part.steps.contains(&Step::Deref))
        });
    }

    /// A pointer variable got another value.
    pub fn note_assigned(&mut self, local: LocalId, value: Option<&Expr>) {
        let holds = value.is_some_and(|v| self.is_pointer_or_function(v.ty) && !self.may_be_null(v));
        if holds {
            self.flow.not_null.insert(local);
        } else {
            self.flow.not_null.remove(&local);
        }
        self.forget_parts(local);
        if let Some(value) = value {
            self.note_held(local, value);
        }
        self.flow.forget_freed(local);
        self.note_test(local, value);
        self.note_extent(local, value);
        let info = self.info(local);
        info.packet = None;
        info.header = None;
        info.program = None;
        info.assigned += 1;
    }
}
