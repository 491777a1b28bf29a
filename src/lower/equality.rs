//! Structs and arrays compared with each other.

use super::consts;
use super::elements::UNROLLED;
use super::func::{Dest, Lowering};
use super::scan::may_write;
use crate::fold::CompareOp;
use crate::ir::Value;
use crate::sema::tree::Expr;
use crate::source::Span;
use crate::tables::LONGEST_OF_CHOICES;
use crate::types::{Space, Ty, TyKind, Types};

/// Arrays of numbers of no more bytes are compared by words, not by elements.
const BY_WORDS: u64 = 64;

/// Whether a type is or has an array of more elements than this.
fn has_array_over(types: &Types, ty: Ty, most: u64) -> bool {
    let kind = types.kind(ty);
    if let TyKind::Struct(id) = kind {
        return types.struct_def(id).fields.iter().any(|field| has_array_over(types, field.ty, most));
    }
    matches!(kind, TyKind::Array(element, length) if length > most || has_array_over(types, element, most))
}

impl Lowering<'_> {
    /// `left == right`, `left != right` of structs and arrays.
    pub(super) fn compare_aggregates(&mut self, op: CompareOp, left: &Expr, right: &Expr, span: Span) -> Value {
        // The right side must not change what was read before it.
        let changes = Self::is_place(left) && may_write(right);
        let l = if changes { self.materialise(left) } else { self.readable(left) };
        let r = self.readable(right);
        self.at(span);
        let (l, r) = (self.indexable(l), self.indexable(r));
        let equal = self.equal(l, r, left.ty);
        if op == CompareOp::Eq { equal } else { self.invert(equal, Ty::BOOL) }
    }

    /// The place, or a copy if it is in a packet and has long arrays: the verifier follows no variable index into packets.
    fn indexable(&mut self, place: Value) -> Value {
        let (ty, space) = self.pointee(place);
        if space != Space::Packet || !has_array_over(&self.cx.types, ty, LONGEST_OF_CHOICES) {
            return place;
        }
        let copy = self.temporary("copy", ty);
        self.b.ks_copy(copy, place);
        copy
    }

    /// Whether two places of one type hold equal values; padding plays no part.
    fn equal(&mut self, left: Value, right: Value, ty: Ty) -> Value {
        let kind = self.cx.types.kind(ty);
        if let TyKind::Struct(id) = kind {
            let fields = 0..self.cx.types.struct_def(id).fields.len();
            let held: Vec<usize> = fields.filter(|&field| !self.cx.types.is_view(id, field)).collect();
            return self.all_equal(0, held.len(), &mut |this, index| this.equal_fields(left, right, held[index]));
        }
        if let TyKind::Str(_) = kind {
            return self.b.str_eq(left, right, Ty::BOOL);
        }
        let TyKind::Array(element, length) = kind else {
            let (l, r) = (self.load(left), self.load(right));
            return self.compare(CompareOp::Eq, l, r);
        };
        if self.cx.types.size_of(ty) <= BY_WORDS && self.is_by_words(left, element) && self.is_by_words(right, element)
        {
            return self.b.mem_equal(left, right, Ty::BOOL);
        }
        if length > UNROLLED || self.cx.types.is_aggregate(element) {
            return self.equal_in_loop(left, right, (element, length));
        }
        self.all_equal(0, length as usize, &mut |this, index| {
            let (l, r) = (this.element_place(left, index), this.element_place(right, index));
            this.equal(l, r, element)
        })
    }

    /// Whether elements are equal if their bytes are, and any word of them may be read: those of an object of the kernel are read with
    /// the sizes that they have.
    fn is_by_words(&self, place: Value, element: Ty) -> bool {
        let (_, space) = self.pointee(place);
        let is_plain = matches!(
            space,
            Space::Stack | Space::Global | Space::MapValue | Space::Percpu | Space::Packet | Space::Ringbuf
        );
        is_plain && matches!(self.cx.types.kind(element), TyKind::Int { .. } | TyKind::Be { .. } | TyKind::Char)
    }

    fn equal_fields(&mut self, left: Value, right: Value, field: usize) -> Value {
        let (of, _) = self.pointee(left);
        let def = &consts::fields(&self.cx.types, of)[field];
        let (ty, bits) = (def.ty, def.bits);
        let (l, r) = (self.field_place(left, field), self.field_place(right, field));
        let Some(bits) = bits else { return self.equal(l, r, ty) };
        let l = self.bits(l, bits, ty);
        let r = self.bits(r, bits, ty);
        self.b.arith_cmp(l, r, CompareOp::Eq.word(), Ty::BOOL)
    }

    /// Whether all parts from `from` on are equal; stops at the first that is not.
    fn all_equal(&mut self, from: usize, parts: usize, equal: &mut dyn FnMut(&mut Self, usize) -> Value) -> Value {
        if from == parts {
            return self.int(1, Ty::BOOL);
        }
        let first = equal(self, from);
        if from + 1 == parts {
            return first;
        }
        let dest = Dest::Value(Ty::BOOL);
        let (more, _) = self.region(&[], dest, |this, _| Some(this.all_equal(from + 1, parts, equal)));
        let (done, _) = self.region(&[], dest, |this, _| Some(this.int(0, Ty::BOOL)));
        let op = self.b.ks_if(first, &[Ty::BOOL], vec![more, done]);
        self.b.result(op)
    }

    /// Compares two arrays element by element, in a loop.
    fn equal_in_loop(&mut self, left: Value, right: Value, (element, length): (Ty, u64)) -> Value {
        let flag = self.temporary("equal", Ty::BOOL);
        let yes = self.int(1, Ty::BOOL);
        self.store(flag, yes);
        self.each_index(length, |this, index| {
            let (l, r) = (this.element_at(left, index), this.element_at(right, index));
            let same = this.equal(l, r, element);
            let (next, _) = this.region(&[], Dest::Nothing, |_, _| None);
            let (differs, _) = this.region(&[], Dest::Nothing, |this, _| {
                let no = this.int(0, Ty::BOOL);
                this.store(flag, no);
                this.leave_loop()
            });
            this.b.ks_if(same, &[], vec![next, differs]);
        });
        self.load(flag)
    }
}
