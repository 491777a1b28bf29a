//! How many bytes follow a pointer in its object, where the checker knows it: `p[i]` is then an element of an array, in
//! range or not as §6 of the language defines, and the kernel's verifier sees the bound.

use super::type_kinds::Pointer;
use super::value::{Value, cast, error_expr, local, number, strip_cast};
use super::{Site, State};
use crate::sema::tree::{ArithOp, Block, Expr, ExprKind, LocalId};
use crate::source::Span;
use crate::types::Space;

impl State<'_, '_> {
    /// How many bytes of an object there are from where a pointer points, if that is known.
    fn extent(&self, pointer: &Expr) -> Option<u64> {
        let Pointer { to, .. } = self.pointer(pointer.ty)?;
        if let ExprKind::Local(local) = pointer.kind {
            let known = self.flow.extents.get(&local).copied();
            return known.filter(|_| !self.vars[local].address_taken);
        }
        if let ExprKind::AddressOf(place) = &pointer.kind {
            return self.extent_of_place(place);
        }
        if let ExprKind::Cast(inner) = &pointer.kind {
            let from = self.pointer(inner.ty)?;
            let (larger, smaller) = (self.cx.types.size_of(from.to), self.cx.types.size_of(to));
            return self.extent(inner).or((larger > smaller && is_memory(from.space)).then_some(larger));
        }
        if let ExprKind::If(choice) = &pointer.kind {
            let of = |block: &Block| self.extent(block.value.as_ref()?);
            let then = of(&choice.then)?;
            return (of(choice.otherwise.as_ref()?)? == then).then_some(then);
        }
        let ExprKind::Arith { op: ArithOp::Add, left, right } = &pointer.kind else { return None };
        let bytes = u64::try_from(number(right)?).ok()?.checked_mul(self.cx.types.size_of(to))?;
        self.extent(left)?.checked_sub(bytes)
    }

    /// A pointer variable got a value.
    pub fn note_extent(&mut self, assigned: LocalId, value: Option<&Expr>) {
        match value.and_then(|value| self.extent(value)) {
            Some(extent) => drop(self.flow.extents.insert(assigned, extent)),
            None => drop(self.flow.extents.remove(&assigned)),
        }
    }

    /// How many elements follow a pointer into a known object, its pointee included.
    pub fn elements_within(&self, base: &Expr) -> Option<u64> {
        let size = self.cx.types.size_of(self.pointer(base.ty)?.to);
        self.extent(base)?.checked_div(size).filter(|&count| count > 0)
    }

    /// `p[i]` of a pointer with this number of elements.
    pub fn element_within(&mut self, base: Expr, count: u64, index: Value, span: Span) -> Expr {
        let Some(Pointer { to, space, nullable }) = self.pointer(base.ty) else { return error_expr(span) };
        if let Some(local) = local(strip_cast(&base)) {
            self.vars[local].indexed = true;
        }
        let array = self.cx.types.array(to, count);
        let ty = self.cx.types.ptr(array, space, nullable);
        let whole = self.pointee(cast(base, ty), span);
        self.element_at(whole, index, span)
    }
}

impl Site<'_, '_> {
    /// Behind an element at a known index the rest of the array follows.
    fn extent_of_place(&self, place: &Expr) -> Option<u64> {
        let size = self.cx.types.size_of(place.ty);
        let ExprKind::Index { base, index } = &place.kind else { return Some(size) };
        let Some(index) = number(index).and_then(|index| u64::try_from(index).ok()) else { return Some(size) };
        self.cx.types.size_of(base.ty).checked_sub(index.checked_mul(size)?)
    }

    /// How many bytes a function may have of the memory whose address is given: of an array at most all, where the index of the
    /// element is not constant.
    pub fn room(&self, memory: &Expr) -> Option<u64> {
        let ExprKind::AddressOf(place) = &strip_cast(memory).kind else { return None };
        if let ExprKind::Index { base, index } = &place.kind
            && number(index).is_none()
        {
            return Some(self.cx.types.size_of(base.ty));
        }
        self.extent_of_place(place)
    }
}

/// Whether memory of the kind is accessed directly.
fn is_memory(space: Space) -> bool {
    !matches!(space, Space::Ctx | Space::BtfTrusted | Space::BtfUntrusted | Space::User | Space::Map)
}
