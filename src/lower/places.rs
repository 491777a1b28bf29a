//! Places: where variables, fields and pointees are stored; reading from them and writing to them.

use super::consts;
use super::elements::{constant_index, is_part_of_entry, may_be_absent};
use super::func::{Dest, Lowering, Slot, ir_type};
use crate::fold::CompareOp;
use crate::ir::{Symbol, Value};
use crate::sema::tree::{CompoundOp, Expr, ExprKind, LocalId, Storage};
use crate::source::Span;
use crate::tables::{FieldRole, context_of};
use crate::types::{BitField, Space, Ty, TyKind};

/// The target of an assignment.
enum Destination {
    Place(Value),
    /// A bit-field of a storage unit.
    Bits(Value, BitField, Ty),
    /// A field of a context.
    Context {
        ctx: Value,
        field: usize,
        ty: Ty,
    },
}

impl Lowering<'_> {
    /// The type that a place holds, and its space.
    pub(super) fn pointee(&self, place: Value) -> (Ty, Space) {
        let ty = self.b.func.ty(place);
        let TyKind::Place { of, space } = self.cx.types.kind(ty) else {
            crate::bug!("no place, but a {}", self.cx.types.ir_text(ty));
        };
        (of, space)
    }

    pub(super) fn load(&mut self, place: Value) -> Value {
        let (ty, _) = self.pointee(place);
        self.b.ks_load(place, ty)
    }

    pub(super) fn store(&mut self, place: Value, value: Value) {
        let (ty, _) = self.pointee(place);
        let value = self.fit(value, ty);
        self.b.ks_store(place, value);
    }

    pub(super) fn field_place(&mut self, base: Value, field: usize) -> Value {
        let (of, space) = self.pointee(base);
        let ty = consts::fields(&self.cx.types, of)[field].stored();
        let place = self.cx.types.place(ty, space);
        self.b.ks_field(base, field as i128, place)
    }

    /// An element whose index is known to be in range.
    pub(super) fn element_place(&mut self, base: Value, index: usize) -> Value {
        let (of, space) = self.pointee(base);
        let ty = consts::element(&self.cx.types, of);
        let place = self.cx.types.place(ty, space);
        let index = self.int(index as i128, Ty::U64);
        self.b.ks_elem(base, index, place)
    }

    /// The place of the element at a variable index.
    pub(super) fn element_at(&mut self, base: Value, index: Value) -> Value {
        let (of, space) = self.pointee(base);
        let ty = consts::element(&self.cx.types, of);
        let place = self.cx.types.place(ty, space);
        self.b.ks_elem(base, index, place)
    }

    pub(super) fn deref(&mut self, pointer: Value) -> Value {
        let TyKind::Ptr { to, space, .. } = self.cx.types.kind(self.b.func.ty(pointer)) else {
            crate::bug!("no pointer, but a {}", self.cx.types.ir_text(self.b.func.ty(pointer)));
        };
        let place = self.cx.types.place(to, space);
        self.b.ks_deref(pointer, place)
    }

    /// The address of a place, as a pointer into its space.
    pub(super) fn address(&mut self, place: Value) -> Value {
        let (of, space) = self.pointee(place);
        let pointer = self.cx.types.ptr(of, space, false);
        self.b.ks_addr(place, pointer)
    }

    /// The value of a scalar local.
    pub(super) fn local_value(&mut self, local: LocalId) -> Value {
        match self.slot(local) {
            Slot::Place(place) => self.load(place),
            Slot::Value(value) => value,
            Slot::Pointee(place) => self.address(place),
            Slot::View(_) | Slot::FixedView(_) => crate::bug!("`{}` is a view", self.source.local(local).name),
            Slot::None => crate::bug!("`{}` is used before its declaration", self.source.local(local).name),
        }
    }

    fn local_place(&mut self, local: LocalId) -> Value {
        match self.slot(local) {
            Slot::Place(place) => place,
            Slot::Value(_) | Slot::Pointee(_) | Slot::View(_) | Slot::FixedView(_) | Slot::None => {
                crate::bug!("`{}` has no place of its own", self.source.local(local).name)
            }
        }
    }

    /// Whether an expression names memory that exists before its evaluation.
    pub(super) fn is_place(expr: &Expr) -> bool {
        if let ExprKind::Field { base, .. } = &expr.kind {
            return Self::is_place(base);
        }
        if let ExprKind::Index { base, index } = &expr.kind {
            return constant_index(index).is_some() && Self::is_place(base);
        }
        matches!(
            expr.kind,
            ExprKind::Local(_) | ExprKind::Global(_) | ExprKind::ConfigField { .. } | ExprKind::Deref(_)
        )
    }

    /// Where an expression's value is stored, to be read: its place, read-only data, or a temporary with its value.
    pub(super) fn place(&mut self, expr: &Expr) -> Value {
        if let ExprKind::Local(local) = expr.kind {
            return self.local_place(local);
        }
        if let ExprKind::Global(global) = expr.kind {
            if self.program.is_entry(expr) {
                return self.entry_place(global);
            }
            let percpu = self.program.global(global).storage == Storage::Percpu;
            let space = if percpu { Space::Percpu } else { Space::Global };
            let name = self.names.global(global);
            return self.at(expr.span).global_place(name, expr.ty, space);
        }
        if let ExprKind::ConfigField { config, field } = expr.kind {
            let ty = self.cx.types.intern(TyKind::Struct(self.program.config(config).ty));
            let name = self.names.config(config);
            let base = self.at(expr.span).global_place(name, ty, Space::Global);
            return self.field_place(base, field);
        }
        if may_be_absent(expr) || is_part_of_entry(expr) {
            return self.materialise(expr);
        }
        if let ExprKind::Field { base, field } = &expr.kind {
            let base = self.place(base);
            return self.at(expr.span).field_place(base, *field);
        }
        if let ExprKind::Index { base, index } = &expr.kind
            && let Some(index) = constant_index(index)
        {
            let base = self.place(base);
            return self.at(expr.span).element_place(base, index);
        }
        if let (ExprKind::Const(text), TyKind::Str(_)) = (&expr.kind, self.cx.types.kind(expr.ty)) {
            return self.at(expr.span).string(text, expr.ty);
        }
        let ExprKind::Deref(pointer) = &expr.kind else { return self.materialise(expr) };
        if let ExprKind::Local(local) = pointer.kind
            && let Slot::Pointee(place) = self.slot(local)
        {
            return place;
        }
        // What cannot be read behind such a pointer reads as zero, but in a module.
        let is_untrusted = !self.source.role.is_module()
            && matches!(self.cx.types.kind(pointer.ty), TyKind::Ptr { space, .. } if space.is_probed());
        let pointer = if is_untrusted { self.scalar(pointer) } else { self.followed(pointer) };
        self.at(expr.span).deref(pointer)
    }

    /// A pointer that must not be null.
    pub(super) fn followed(&mut self, pointer: &Expr) -> Value {
        let value = self.scalar(pointer);
        self.at(pointer.span).must_be_present(pointer.ty, value);
        value
    }

    /// Marks a value of a type that allows null, where null is an error.
    pub(super) fn must_be_present(&mut self, ty: Ty, pointer: Value) {
        if matches!(self.cx.types.kind(ty), TyKind::Ptr { nullable: true, .. }) {
            self.b.ks_present(pointer);
        }
    }

    fn global_place(&mut self, name: &Symbol, ty: Ty, space: Space) -> Value {
        let place = self.cx.types.place(ty, space);
        self.b.ks_global(name, place)
    }

    /// A temporary with an expression's value.
    pub(super) fn materialise(&mut self, expr: &Expr) -> Value {
        let ty = ir_type(&mut self.cx.types, expr.ty);
        let place = self.at(expr.span).temporary("tmp", ty);
        self.write(expr, place);
        place
    }

    /// A variable with an expression's value that a pointer may point to for as long as the function runs.
    pub(super) fn pointed_to(&mut self, expr: &Expr) -> Value {
        let ty = ir_type(&mut self.cx.types, expr.ty);
        let place = self.cx.types.place(ty, Space::Stack);
        let place = self.at(expr.span).b.ks_var(b"value", place);
        self.write(expr, place);
        place
    }

    /// Evaluates into a place that nothing else sees meanwhile.
    pub(super) fn write(&mut self, expr: &Expr, place: Value) {
        if self.cx.types.is_aggregate(expr.ty) {
            self.evaluate(expr, Dest::Into(place));
        } else if let (Ty::LINK, ExprKind::Const(_)) = (expr.ty, &expr.kind) {
            // No constant is a link but none.
            self.at(expr.span).b.ks_zero(place);
        } else {
            let value = self.scalar(expr);
            self.at(expr.span).store(place, value);
        }
    }

    /// The scalar in a place that an expression names.
    pub(super) fn read_place(&mut self, expr: &Expr) -> Value {
        let place = self.place(expr);
        self.at(expr.span);
        match self.bit_field(expr) {
            Some((bits, ty)) => self.bits(place, bits, ty),
            None => self.load(place),
        }
    }

    pub(super) fn bit_field(&self, expr: &Expr) -> Option<(BitField, Ty)> {
        let ExprKind::Field { base, field } = &expr.kind else { return None };
        let field = &consts::fields(&self.cx.types, base.ty)[*field];
        field.bits.map(|bits| (bits, field.ty))
    }

    /// Reads a bit-field from its storage unit, as a value of a type.
    pub(super) fn bits(&mut self, unit: Value, bits: BitField, ty: Ty) -> Value {
        let shift = self.cx.types.shift(bits);
        self.b.ks_bits(unit, shift.into(), bits.width.into(), ty)
    }

    /// Writes the low bits of a value to a bit-field, through its storage unit.
    pub(super) fn store_bits(&mut self, unit: Value, bits: BitField, value: Value) {
        let (ty, _) = self.pointee(unit);
        let Some((width, _)) = self.cx.types.as_int(ty) else {
            crate::bug!("a bit-field of type `{}`", self.cx.types.name(ty));
        };
        let mask = (1_i128 << bits.width) - 1;
        let whole = (1_i128 << width) - 1;
        let value = self.fit(value, ty);
        let old = self.load(unit);
        let shift = self.cx.types.shift(bits);
        let others = self.int(whole & !(mask << shift), ty);
        let kept = self.b.arith_and(old, others, ty);
        let mask = self.int(mask, ty);
        let low = self.b.arith_and(value, mask, ty);
        let shift = self.int(shift.into(), ty);
        let shifted = self.b.arith_shl(low, shift, ty);
        let unit_value = self.b.arith_or(kept, shifted, ty);
        self.store(unit, unit_value);
    }

    /// A field of a BPF context.
    pub(super) fn context_field(&mut self, ctx: &Expr, field: usize, expr: &Expr) -> Value {
        let role = self.context_role(ctx, field);
        let ctx = self.followed(ctx);
        let ty = ir_type(&mut self.cx.types, expr.ty);
        self.at(expr.span);
        match role {
            FieldRole::Plain | FieldRole::PacketMeta => self.b.packet_ctx_load(ctx, field as i128, ty),
            FieldRole::PacketStart | FieldRole::PacketEnd => {
                let packet = self.cx.types.ptr(Ty::U8, Space::Packet, false);
                if role == FieldRole::PacketStart {
                    self.b.packet_start(ctx, packet)
                } else {
                    self.b.packet_end(ctx, packet)
                }
            }
        }
    }

    fn context_role(&self, ctx: &Expr, field: usize) -> FieldRole {
        let context = context_of(&self.cx.types, ctx.ty);
        context.and_then(|context| context.fields.get(field)).map_or(FieldRole::Plain, |field| field.role)
    }

    /// `place = value`, `place op= value`
    pub(super) fn assign(&mut self, place: &Expr, op: Option<CompoundOp>, value: &Expr, span: Span) {
        if let (ExprKind::Local(local), Ty::BYTES) = (&place.kind, place.ty) {
            return self.at(span).assign_view(*local, value);
        }
        if let ExprKind::Global(global) = place.kind
            && self.program.global(global).storage == Storage::Sysctl
        {
            return self.assign_setting(global, place, (op, value), span);
        }
        if self.cx.types.is_aggregate(place.ty) {
            return match op {
                None => self.assign_aggregate(place, value, span),
                Some(_) => self.append(place, value, span),
            };
        }
        if may_be_absent(place) {
            let path = self.path(place);
            let value = self.scalar(value);
            self.with_path(
                &path,
                Dest::Nothing,
                &mut |this, part| {
                    let target = this.at(span).target_at(place, part);
                    this.write_target(place, (target, op, value), span);
                    None
                },
                &mut |_| None,
            );
            return;
        }
        let target = self.target(place);
        let value = self.scalar(value);
        self.write_target(place, (target, op, value), span);
    }

    /// `place op= value` of a scalar place that the function alone sees.
    pub(super) fn update(&mut self, place: Value, of: &Expr, op: CompoundOp, value: Value, span: Span) {
        self.write_target(of, (Destination::Place(place), Some(op), value), span);
    }

    /// `target = value`, `target op= value`
    fn write_target(
        &mut self,
        place: &Expr,
        (target, op, value): (Destination, Option<CompoundOp>, Value),
        span: Span,
    ) {
        self.at(span);
        let Some(op) = op else { return self.assign_to(target, value) };
        if let (TyKind::Ptr { .. }, Destination::Place(pointer)) = (self.cx.types.kind(op.compute), &target) {
            let old = self.load(*pointer);
            self.at(place.span).must_be_present(place.ty, old);
            self.at(span);
            let moved = self.moved(op.op, old, value);
            return self.assign_to(target, moved);
        }
        if let Destination::Place(place) = target {
            self.b.ks_assign_op(place, value, op.op.word(), op.compute);
            return;
        }
        let old = match &target {
            Destination::Place(place) => self.load(*place),
            Destination::Bits(place, bits, ty) => self.bits(*place, *bits, *ty),
            Destination::Context { ctx, field, ty } => self.b.packet_ctx_load(*ctx, *field as i128, *ty),
        };
        let ty = self.b.func.ty(old);
        let wide = self.cast(old, op.compute);
        let result = self.arith(op.op, wide, value, op.compute);
        let result = self.cast(result, ty);
        self.assign_to(target, result);
    }

    fn target(&mut self, place: &Expr) -> Destination {
        if let ExprKind::CtxField { ctx, field } = &place.kind {
            let ctx = self.followed(ctx);
            return Destination::Context { ctx, field: *field, ty: place.ty };
        }
        let target = self.place(place);
        self.target_at(place, target)
    }

    /// The destination of a write to `place`, which was lowered to `target`.
    fn target_at(&self, place: &Expr, target: Value) -> Destination {
        match self.bit_field(place) {
            Some((bits, ty)) => Destination::Bits(target, bits, ty),
            None => Destination::Place(target),
        }
    }

    fn assign_to(&mut self, target: Destination, value: Value) {
        match target {
            Destination::Place(place) => self.store(place, value),
            Destination::Bits(place, bits, _) => self.store_bits(place, bits, value),
            Destination::Context { ctx, field, ty } => {
                let value = self.fit(value, ty);
                self.b.packet_ctx_store(ctx, value, field as i128);
            }
        }
    }

    /// Whether a string is not empty.
    pub(super) fn string_truth(&mut self, text: &Expr) -> Value {
        let place = self.place(text);
        self.at(text.span);
        let first = self.element_place(place, 0);
        let first = self.load(first);
        let nul = self.int(0, Ty::CHAR);
        self.b.arith_cmp(first, nul, CompareOp::Ne.word(), Ty::BOOL)
    }
}
