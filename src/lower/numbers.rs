//! Scalars: arithmetic, conversions, comparisons.

use super::consts::be_bits;
use super::func::Lowering;
use crate::fold::{self, ArithOp, CompareOp};
use crate::ir::Value;
use crate::sema::tree::{Const, Expr, ExprKind};
use crate::target::Endian;
use crate::types::{Space, Ty, TyKind};

impl Lowering<'_> {
    /// `ty` is the result's and the operands' type, but for shift counts.
    pub(super) fn arith(&mut self, op: ArithOp, left: Value, right: Value, ty: Ty) -> Value {
        if ty == Ty::F64 {
            return self.b.float_arith(op, left, right);
        }
        if self.is_pointer(ty) {
            return self.moved(op, left, right);
        }
        match op {
            ArithOp::Add => self.b.arith_add(left, right, ty),
            ArithOp::Sub => self.b.arith_sub(left, right, ty),
            ArithOp::Mul => self.b.arith_mul(left, right, ty),
            ArithOp::Div => self.b.ks_div(left, right, ty),
            ArithOp::Rem => self.b.ks_rem(left, right, ty),
            ArithOp::And => self.b.arith_and(left, right, ty),
            ArithOp::Or => self.b.arith_or(left, right, ty),
            ArithOp::Xor => self.b.arith_xor(left, right, ty),
            ArithOp::Shl => self.b.ks_shl(left, right, ty),
            ArithOp::Shr => self.b.ks_shr(left, right, ty),
        }
    }

    /// A pointer `count` elements further, or before.
    pub(super) fn moved(&mut self, op: ArithOp, pointer: Value, count: Value) -> Value {
        let TyKind::Ptr { to, space, .. } = self.cx.types.kind(self.b.func.ty(pointer)) else {
            crate::bug!("what moves is a pointer");
        };
        let count = if op == ArithOp::Sub { self.negate(count, Ty::I64) } else { count };
        if space == Space::BtfTrusted || space.is_probed() {
            return self.moved_in_kernel(pointer, (to, space), count);
        }
        let ty = self.cx.types.ptr(to, space, false);
        if space == Space::Arena {
            // The verifier takes the address for a number.
            let size = self.int(self.cx.types.size_of(to).into(), Ty::U64);
            let count = self.b.arith_cast(count, Ty::U64);
            let bytes = self.b.arith_mul(count, size, Ty::U64);
            return self.b.mem_ptr_add(pointer, bytes, ty);
        }
        self.b.mem_index(pointer, count, ty)
    }

    /// `-value`
    pub(super) fn negate(&mut self, value: Value, ty: Ty) -> Value {
        if ty == Ty::F64 {
            return self.b.float_neg(value, ty);
        }
        let zero = self.int(0, ty);
        self.b.arith_sub(zero, value, ty)
    }

    /// `~value`; of a bool `!value`
    pub(super) fn invert(&mut self, value: Value, ty: Ty) -> Value {
        let types = &self.cx.types;
        let unsigned = be_bits(types, ty).or(types.as_int(ty).filter(|(_, signed)| !signed).map(|(bits, _)| bits));
        let ones = match unsigned {
            Some(bits) => (1 << bits) - 1,
            None if ty == Ty::BOOL => 1,
            None => -1,
        };
        let ones = self.int(ones, ty);
        self.b.arith_xor(value, ones, ty)
    }

    /// A `be` value as the number that it means; anything else as it is.
    pub(super) fn host_order(&mut self, value: Value) -> Value {
        match be_bits(&self.cx.types, self.b.func.ty(value)) {
            Some(bits) => self.swapped(value, self.cx.types.int(bits, false)),
            None => value,
        }
    }

    /// A number in the machine's order as one in network order, or the other way, of a type of the same width.
    fn swapped(&mut self, value: Value, to: Ty) -> Value {
        match self.cx.types.machine().endian {
            Endian::Little => self.b.arith_bswap(value, to),
            Endian::Big => self.b.arith_cast(value, to),
        }
    }

    /// A value as the type of where it goes: pointers forget or gain what is known of their space.
    pub(super) fn fit(&mut self, value: Value, ty: Ty) -> Value {
        if self.b.func.ty(value) == ty { value } else { self.b.arith_cast(value, ty) }
    }

    /// Converts between scalar types, as `as` and the implicit conversions do.
    pub(super) fn cast(&mut self, value: Value, to: Ty) -> Value {
        let from = self.b.func.ty(value);
        if from == to {
            return value;
        }
        if from == Ty::LINK {
            let status = self.b.host_link_status(value, Ty::I32);
            return self.cast(status, to);
        }
        if to == Ty::BOOL {
            return self.truth(value);
        }
        if to == Ty::F64 {
            return self.b.float_from_int(value, to);
        }
        if from == Ty::F64 {
            return self.b.float_to_int(value, to);
        }
        if be_bits(&self.cx.types, from).is_some() {
            let host = self.host_order(value);
            return self.cast(host, to);
        }
        if let Some(bits) = be_bits(&self.cx.types, to) {
            let host = self.cast(value, self.cx.types.int(bits, false));
            return self.swapped(host, to);
        }
        let (from_pointer, to_pointer) = (self.is_pointer(from), self.is_pointer(to));
        if from_pointer && !to_pointer {
            let address = self.b.mem_to_int(value, Ty::U64);
            return self.fit(address, to);
        }
        if to_pointer && !from_pointer {
            let address = self.fit(value, Ty::U64);
            let TyKind::Ptr { space, .. } = self.cx.types.kind(to) else { crate::bug!("not a pointer") };
            if space == Space::Arena {
                let null = self.b.ks_null(to);
                return self.b.mem_ptr_add(null, address, to);
            }
            return if space.is_probed() { self.b.core_pointer(address, to) } else { self.b.mem_from_int(address, to) };
        }
        self.b.arith_cast(value, to)
    }

    fn is_pointer(&self, ty: Ty) -> bool {
        matches!(self.cx.types.kind(ty), TyKind::Ptr { .. })
    }

    /// A value converted to an integer type that its consumer wants; a constant is one of that type from the start.
    pub(super) fn scalar_as(&mut self, expr: &Expr, ty: Ty) -> Value {
        if let (ExprKind::Const(Const::Int(number)), Some((bits, signed))) = (&expr.kind, self.cx.types.as_int(ty))
            && self.cx.types.as_int(expr.ty).is_some()
        {
            return self.at(expr.span).int(fold::wrap(*number, bits, signed), ty);
        }
        let value = self.scalar(expr);
        self.at(expr.span).cast(value, ty)
    }

    /// Not zero, not null.
    fn truth(&mut self, value: Value) -> Value {
        let ty = self.b.func.ty(value);
        let zero = self.zero_value(ty);
        self.b.arith_cmp(value, zero, CompareOp::Ne.word(), Ty::BOOL)
    }

    /// Compares; integers of different signs by their values.
    pub(super) fn compare(&mut self, op: CompareOp, left: Value, right: Value) -> Value {
        if self.b.func.ty(left) == Ty::F64 {
            return self.b.float_cmp(left, right, op.word(), Ty::BOOL);
        }
        let types = &self.cx.types;
        let (Some(l), Some(r)) = (types.as_int(self.b.func.ty(left)), types.as_int(self.b.func.ty(right))) else {
            return self.b.arith_cmp(left, right, op.word(), Ty::BOOL);
        };
        if l == r {
            let ty = types.int(l.0, l.1);
            let (left, right) = (self.cast(left, ty), self.cast(right, ty));
            return self.b.arith_cmp(left, right, op.word(), Ty::BOOL);
        }
        if l.1 == r.1 {
            let ty = types.int(l.0.max(r.0), l.1);
            let (left, right) = (self.cast(left, ty), self.cast(right, ty));
            return self.b.arith_cmp(left, right, op.word(), Ty::BOOL);
        }
        let unsigned_bits = if l.1 { r.0 } else { l.0 };
        let signed_bits = if l.1 { l.0 } else { r.0 };
        if unsigned_bits < 64 {
            // A signed type holds all values of both.
            let ty = if unsigned_bits < 32 && signed_bits <= 32 { Ty::I32 } else { Ty::I64 };
            let (left, right) = (self.cast(left, ty), self.cast(right, ty));
            return self.b.arith_cmp(left, right, op.word(), Ty::BOOL);
        }
        self.compare_with_u64(op, left, right, l.1)
    }

    /// One side is `u64`, the other signed, so no type holds all values of both: a negative number is less than any of
    /// the other side, and any other compares as `u64`.
    fn compare_with_u64(&mut self, op: CompareOp, left: Value, right: Value, left_is_signed: bool) -> Value {
        let signed = if left_is_signed { left } else { right };
        let signed_ty = self.b.func.ty(signed);
        let zero = self.int(0, signed_ty);
        let (wide_left, wide_right) = (self.cast(left, Ty::U64), self.cast(right, Ty::U64));
        let unsigned = self.b.arith_cmp(wide_left, wide_right, op.word(), Ty::BOOL);
        let when_negative = match op {
            CompareOp::Eq => false,
            CompareOp::Ne => true,
            CompareOp::Lt | CompareOp::Le => left_is_signed,
            CompareOp::Gt | CompareOp::Ge => !left_is_signed,
        };
        if when_negative {
            let negative = self.b.arith_cmp(signed, zero, CompareOp::Lt.word(), Ty::BOOL);
            self.b.arith_or(negative, unsigned, Ty::BOOL)
        } else {
            let positive = self.b.arith_cmp(signed, zero, CompareOp::Ge.word(), Ty::BOOL);
            self.b.arith_and(positive, unsigned, Ty::BOOL)
        }
    }
}
