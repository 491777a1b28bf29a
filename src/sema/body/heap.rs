//! `new T()` and `delete pointer`: objects on the heap of user space.

use super::flow::Flow;
use super::variables::LocalKind;
use super::{Site, State};
use crate::ast;
use crate::diag::codes::limits::{DeleteNotNew, MayBeDeleted, UsedAfterDelete};
use crate::diag::codes::refused::NewFlags;
use crate::sema::tree::{Callee, Const, Expr, ExprKind, LocalId, StmtKind};
use crate::source::Span;
use crate::tables::constant;
use crate::types::{Space, Ty, TyKind};
use std::collections::BTreeMap;

/// A pointer variable whose object was deleted.
#[derive(Clone, Copy)]
pub(super) struct Deleted {
    at: Span,
    /// On every path that comes here.
    certain: bool,
}

/// The deletions at a join: those of both paths, certain if they are on both.
pub(super) fn join(
    left: BTreeMap<LocalId, Deleted>,
    mut right: BTreeMap<LocalId, Deleted>,
) -> BTreeMap<LocalId, Deleted> {
    let mut both = BTreeMap::new();
    for (local, one) in left {
        let certain = right.remove(&local).is_some_and(|other| one.certain && other.certain);
        both.insert(local, Deleted { certain, ..one });
    }
    both.extend(right.into_iter().map(|(local, other)| (local, Deleted { certain: false, ..other })));
    both
}

/// Whether a text is a macro of include/linux/gfp_types.h.
fn is_gfp(text: &str) -> bool {
    text.starts_with("GFP_") && constant(text).is_some()
}

impl State<'_, '_> {
    /// `new T()`: a pointer, null where there is no memory. Fields have their defaults, all else is zero.
    pub fn new_object(&mut self, ty: &ast::Type, args: &[ast::Expr], span: Span) -> Option<Expr> {
        let gfp = args.first().map_or(Some(String::new()), |flags| self.gfp(flags))?;
        let of = self.resolve_bare(ty);
        if of == Ty::ERROR {
            return None;
        }
        let init = self.default_of(of);
        let ty = self.cx.types.ptr(of, Space::Heap, true);
        Some(Expr::operation(Callee::New { arena: None, init, gfp }, Vec::new(), ty, span))
    }

    /// `delete pointer`
    pub fn delete_object(&mut self, pointer: Expr, span: Span) -> Option<StmtKind> {
        if self.is_no_object(&pointer) {
            self.error(pointer.span, DeleteNotNew {}).help("what lives on its own is not deleted");
            return None;
        }
        if self.pointer(pointer.ty).is_some_and(|of| of.space == Space::Arena) {
            let text = self.text(pointer.span).to_owned();
            self.error(pointer.span, DeleteNotNew {})
                .help(format!("`free` of the arena takes it: `heap.free({text})`"));
            return None;
        }
        if self.is_of_kernel(&pointer) {
            return None;
        }
        self.use_object(&pointer);
        self.note_freed(&pointer, span);
        Some(StmtKind::Delete(pointer))
    }

    /// Notes that the pointee of a pointer is freed.
    pub(super) fn note_freed(&mut self, pointer: &Expr, at: Span) {
        if let Some(local) = self.pointer_local(pointer)
            && !self.vars[local].address_taken
        {
            self.flow.freed.insert(local, Deleted { at, certain: true });
        }
    }

    /// Whether it is known that `new` did not make what a pointer points to.
    fn is_no_object(&mut self, pointer: &Expr) -> bool {
        let space = self.pointer(pointer.ty).map(|p| p.space);
        if let ExprKind::AddressOf(place) = &pointer.kind {
            return !matches!(super::places::root(place).kind, ExprKind::Deref(_));
        }
        let Some(local) = self.pointer_local(pointer) else { return matches!(space, Some(Space::Global)) };
        let info = &mut self.vars[local];
        info.kind == LocalKind::Var && info.holds_stack && info.assigned <= 1
    }

    /// A pointer is followed, handed to a function, or deleted: what it points to must still be there.
    pub fn use_object(&mut self, pointer: &Expr) {
        let Some(local) = self.pointer_local(pointer) else { return };
        // Said once.
        let Some(deleted) = self.flow.freed.remove(&local) else { return };
        let name = self.vars[local].name.clone();
        if deleted.certain {
            self.error(pointer.span, UsedAfterDelete { name }).note(deleted.at, "deleted here");
        } else {
            self.warn(pointer.span, MayBeDeleted { name }).note(deleted.at, "deleted here");
        }
    }

    /// A body that may run, or not, gives the variable another value.
    pub fn may_be_new(&mut self, local: LocalId) {
        if let Some(deleted) = self.flow.freed.get_mut(&local) {
            deleted.certain = false;
        }
    }
}

impl Site<'_, '_> {
    /// The flags of `new T(GFP_KERNEL)`, by their name: the number is the kernel's that the module is built for.
    fn gfp(&mut self, flags: &ast::Expr) -> Option<String> {
        let text = self.text(flags.span).to_owned();
        if !self.targets.all(|on| on.is_module) {
            self.error(flags.span, NewFlags { flags: text, why: "only a kernel module has a choice of memory".into() })
                .help("write `new T()`");
        } else if !is_gfp(&text) {
            self.error(flags.span, NewFlags { flags: text, why: "it is no name of the kernel's flags".into() })
                .help("write `GFP_KERNEL`, which may sleep, or `GFP_ATOMIC`");
        } else {
            return Some(text);
        }
        None
    }

    pub(super) fn default_of(&self, ty: Ty) -> Const {
        let kind = self.cx.types.kind(ty);
        if let TyKind::Array(element, length) = kind {
            let value = self.default_of(element);
            return if value.is_zero() { Const::Zero } else { Const::Array(vec![value; length as usize]) };
        }
        let TyKind::Struct(id) = kind else { return Const::Zero };
        let fields = &self.cx.types.struct_def(id).fields;
        let field_value = |(index, ty)| match self.env.field_defaults.get(&(id, index)) {
            Some(value) => value.clone(),
            None => self.default_of(ty),
        };
        let values: Vec<Const> = fields.iter().map(|field| field.ty).enumerate().map(field_value).collect();
        let value = Const::Struct(values);
        if value.is_zero() { Const::Zero } else { value }
    }

    /// Whether a pointer leads to memory of the kernel, which is reported.
    fn is_of_kernel(&mut self, pointer: &Expr) -> bool {
        let space = self.pointer(pointer.ty).map(|of| of.space);
        let refused = self.targets.any(|on| on.verified) && !matches!(space, None | Some(Space::Any | Space::Heap));
        if refused {
            self.error(pointer.span, DeleteNotNew {}).help(
                "`delete map[key]` deletes an entry of a map; an object of the kernel has a function that releases it",
            );
        }
        refused
    }
}

impl Flow {
    /// The variable got another value.
    pub fn forget_freed(&mut self, local: LocalId) {
        self.freed.remove(&local);
    }
}
