//! The state at a point of the body: whether control reaches it, and what the checker knows of variables.

use super::{Site, State, heap, value};
use crate::sema::tree::{Expr, ExprKind, FuncId, LocalId};
use crate::source::Span;
use crate::types::{Ty, TyKind};
use std::collections::BTreeMap;

#[derive(Clone)]
pub(super) struct Flow {
    pub reachable: bool,
    /// Only a path that the source does not show leads here: a number that is no variant of its enum took no arm of a
    /// `match` over all variants, or an endless loop reached the most iterations that a kernel allows.
    pub unforeseen: bool,
    /// Something before could not be read: it may have tested and changed what is known here.
    pub unread: bool,
    /// Names of entries that were deleted on some path, and where.
    pub deleted: BTreeMap<LocalId, Span>,
    /// Pointers to objects that were deleted.
    pub freed: BTreeMap<LocalId, heap::Deleted>,
    /// The programs that variables hold.
    pub programs: BTreeMap<LocalId, FuncId>,
    /// How many bytes of an object there are where pointers point.
    pub extents: BTreeMap<LocalId, u64>,
}

impl Flow {
    /// The state at the start of a body: control reaches it, and nothing has happened.
    pub fn start() -> Flow {
        Flow {
            reachable: true,
            unforeseen: false,
            unread: false,
            deleted: BTreeMap::new(),
            freed: BTreeMap::new(),
            programs: BTreeMap::new(),
            extents: BTreeMap::new(),
        }
    }

    /// The state after a join.
    pub fn join(self, other: Flow) -> Flow {
        match (self.reachable, other.reachable) {
            (true, true) => {
                let deleted = self.deleted.into_iter().chain(other.deleted).collect();
                let freed = heap::join(self.freed, other.freed);
                let mut programs = self.programs;
                programs.retain(|local, program| other.programs.get(local) == Some(program));
                let mut extents = self.extents;
                extents.retain(|local, extent| other.extents.get(local) == Some(extent));
                let unforeseen = self.unforeseen && other.unforeseen;
                let unread = self.unread || other.unread;
                Flow { reachable: true, unforeseen, unread, deleted, freed, programs, extents }
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

impl State<'_, '_> {
    /// A pointer variable got another value.
    pub fn note_assigned(&mut self, local: LocalId, value: Option<&Expr>) {
        if let Some(value) = value {
            self.note_held(local, value);
        }
        self.flow.forget_freed(local);
        self.note_extent(local, value);
        let info = &mut self.vars[local];
        info.packet = None;
        info.header = None;
        info.program = None;
        info.assigned += 1;
    }
}

impl Site<'_, '_> {
    /// The local that a pointer is read from, through conversions.
    pub fn pointer_local(&self, pointer: &Expr) -> Option<LocalId> {
        if let ExprKind::Cast(inner) = &pointer.kind {
            return self.pointer_local(inner);
        }
        value::local(pointer).filter(|_| self.is_pointer_or_function(pointer.ty))
    }

    fn is_pointer_or_function(&self, ty: Ty) -> bool {
        matches!(self.cx.types.kind(ty), TyKind::Ptr { .. } | TyKind::Fn(_))
    }
}
