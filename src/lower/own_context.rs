//! The struct of the program that a `@syscall` program gets. To the verifier its memory is a context: helpers do not write there, and a
//! variable index finds no element. A program with arrays or text in it works on a copy.

use super::func::{Dest, Lowering};
use crate::ir::Value;
use crate::sema::tree::{self, LocalId};
use crate::tables::Params;
use crate::types::{Space, Ty, TyKind};

/// A larger one would take most of the stack.
const MAX_COPY: u64 = 256;

impl Lowering<'_> {
    /// The pointer to the copy of what the parameter points to, which is written back on every exit; otherwise the parameter itself.
    pub(super) fn own_context(&mut self, param: LocalId, pointer: Value) -> Value {
        let local = self.source.local(param);
        let is_own = matches!(&self.source.role, tree::Role::Program(role) if role.spec.params == Params::Own {});
        let TyKind::Ptr { to, .. } = self.cx.types.kind(local.ty) else { return pointer };
        if !is_own || self.cx.types.size_of(to) > MAX_COPY || !self.holds_elements(to) {
            return pointer;
        }
        let place = self.cx.types.place(to, Space::Stack);
        let copy = self.b.ks_var(local.name.as_bytes(), place);
        self.copy_words((copy, pointer), to, true);
        let (region, _) = self.region(&[], Dest::Nothing, |this, _| {
            this.copy_words((copy, pointer), to, false);
            None
        });
        self.b.ks_defer(vec![region]);
        self.address(copy)
    }

    /// Copies what the pointer points to, or the copy back to there. LLVM adds to the address of a context where it copies bytes, which the
    /// verifier does not allow: a word is as large as the alignment of the whole.
    fn copy_words(&mut self, (copy, pointer): (Value, Value), of: Ty, to_copy: bool) {
        let word = self.cx.types.align_of(of);
        let unit = self.cx.types.int(8 * word as u8, false);
        let words = self.cx.types.array(unit, self.cx.types.size_of(of) / word);
        let (here, there) = (self.address(copy), pointer);
        let [own, given] = [here, there].map(|pointer| {
            let space = self.cx.types.space(self.b.func.ty(pointer)).unwrap_or(Space::Any);
            let ty = self.cx.types.ptr(words, space, false);
            let pointer = self.b.arith_cast(pointer, ty);
            self.deref(pointer)
        });
        let (from, to) = if to_copy { (given, own) } else { (own, given) };
        for index in 0..(self.cx.types.size_of(of) / word) as usize {
            let place = self.element_place(from, index);
            let value = self.load(place);
            let place = self.element_place(to, index);
            self.store(place, value);
        }
    }

    /// Whether an index finds parts of the type, or it is text.
    fn holds_elements(&self, ty: Ty) -> bool {
        let types = &self.cx.types;
        let TyKind::Struct(id) = types.kind(ty) else { return types.is_aggregate(ty) };
        types.struct_def(id).fields.iter().any(|field| self.holds_elements(field.ty))
    }
}
