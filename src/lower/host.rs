//! Operations of user space: `attach`, and the heap.

use super::func::{Dest, Lowering};
use super::scan::may_write;
use crate::ir::Value;
use crate::sema::tree::{Const, Expr, ExprKind};
use crate::source::Span;
use crate::types::{Ty, TyKind};

impl Lowering<'_> {
    /// `attach(handle, target, flags)`: the target is a string, a number, a map, or the attribute's.
    pub(super) fn attach(
        &mut self,
        handle: &Expr,
        target: Option<&Expr>,
        flags: Option<&Expr>,
        result_used: bool,
        span: Span,
    ) -> Value {
        let handle = self.scalar(handle);
        if let Some(&Expr { kind: ExprKind::MapAddress(map), .. }) = target {
            let flags = self.attach_flags(flags, span);
            let name = self.names.map(map);
            let link = self.at(span).b.map_attach(handle, flags, name, Ty::LINK);
            return self.attached(link, result_used);
        }
        let is_name = target.is_some_and(|t| self.cx.types.is_aggregate(t.ty));
        // The evaluation of the flags must not change the name.
        let changes = flags.is_some_and(may_write);
        let target = target.map(|target| match is_name {
            true if changes && Self::is_place(target) => self.materialise(target),
            true => self.place(target),
            false => self.scalar_as(target, Ty::I64),
        });
        let flags = self.attach_flags(flags, span);
        self.at(span);
        let link = match target {
            None => self.b.host_attach(handle, flags, Ty::LINK),
            Some(name) if is_name => self.b.host_attach_name(handle, name, flags, Ty::LINK),
            Some(number) => self.b.host_attach_number(handle, number, flags, Ty::LINK),
        };
        self.attached(link, result_used)
    }

    fn attach_flags(&mut self, flags: Option<&Expr>, span: Span) -> Value {
        match flags {
            Some(flags) => self.scalar_as(flags, Ty::U64),
            None => self.at(span).int(0, Ty::U64),
        }
    }

    fn attached(&mut self, link: Value, result_used: bool) -> Value {
        if !result_used {
            self.b.host_attach_check(link);
        }
        link
    }

    /// `new T()`: memory that is zero, then the value, if there is memory.
    pub(super) fn new_object(&mut self, init: &Const, ty: Ty, span: Span) -> Value {
        let TyKind::Ptr { to, .. } = self.cx.types.kind(ty) else { crate::bug!("an object is a pointer") };
        let size = self.cx.types.size_of(to);
        let pointer = self.at(span).b.host_new(size.into(), ty);
        if init.is_zero() {
            return pointer;
        }
        let null = self.b.mem_is_null(pointer, Ty::BOOL);
        let (none, _) = self.region(&[], Dest::Nothing, |_, _| None);
        let (some, _) = self.region(&[], Dest::Nothing, |this, _| {
            let value = this.at(span).constant_place(init, to);
            let place = this.deref(pointer);
            this.b.ks_copy(place, value);
            None
        });
        self.at(span).b.ks_if(null, &[], vec![none, some]);
        pointer
    }

    /// `delete pointer`
    pub(super) fn delete_object(&mut self, pointer: &Expr, span: Span) {
        let pointer = self.scalar(pointer);
        self.at(span).b.host_delete(pointer);
    }
}
