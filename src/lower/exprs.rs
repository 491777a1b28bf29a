//! Expressions with scalar values, and expressions for their effect.

use super::elements::may_be_absent;
use super::func::{Dest, Lowering, ir_type};
use crate::ir::Value;
use crate::sema::tree::{CompareOp, Expr, ExprKind};
use crate::source::Span;
use crate::types::{Space, Ty, TyKind};

impl Lowering<'_> {
    /// The value of an expression that is no aggregate and not `void`.
    pub(super) fn scalar(&mut self, expr: &Expr) -> Value {
        let ty = ir_type(&mut self.cx.types, expr.ty);
        match &expr.kind {
            ExprKind::Const(value) => self.at(expr.span).constant(value, ty),
            ExprKind::Local(local) => self.at(expr.span).local_value(*local),
            ExprKind::Field { .. } | ExprKind::Index { .. } | ExprKind::DerefIf { .. } if may_be_absent(expr) => {
                self.read_absent(expr, ty)
            }
            ExprKind::ViewByte { .. } => self.read_absent(expr, ty),
            ExprKind::ViewLen(view) => self.view_length(view, ty),
            ExprKind::ViewRead { view, offset } => self.read_scalar(view, offset, ty, expr.span),
            ExprKind::Global(_)
            | ExprKind::ConfigField { .. }
            | ExprKind::Field { .. }
            | ExprKind::Index { .. }
            | ExprKind::Deref(_)
            | ExprKind::DerefIf { .. } => self.read_place(expr),
            ExprKind::AddressOf(place) => self.address_of(place, ty, expr.span),
            ExprKind::CtxField { ctx, field } => self.context_field(ctx, *field, expr),
            ExprKind::Kernel(fact) => self.kernel_fact(fact, ty, expr.span),
            ExprKind::PacketLen { ctx } => self.packet_length(ctx, expr.span),
            ExprKind::MapGet { map, key } => self.entry_value(*map, key, expr.span),
            ExprKind::PerCpu { map, key, cpu } => self.percpu_scalar(*map, key, cpu.as_deref(), expr.span),
            ExprKind::Arith { op, left, right } => {
                let (left, right) = (self.scalar(left), self.scalar(right));
                self.at(expr.span).arith(*op, left, right, ty)
            }
            ExprKind::Neg(inner) => {
                let value = self.scalar(inner);
                self.at(expr.span).negate(value, ty)
            }
            ExprKind::BitNot(inner) | ExprKind::Not(inner) => {
                let value = self.scalar(inner);
                self.at(expr.span).invert(value, ty)
            }
            ExprKind::Compare { op, left, right } => self.comparison(*op, left, right, expr.span),
            ExprKind::Logical { and, left, right } => self.logical(*and, left, right),
            ExprKind::Cast(inner) => self.conversion(inner, expr),
            ExprKind::Raw(inner) => {
                let value = self.scalar(inner);
                self.at(expr.span).b.arith_cast(value, ty)
            }
            ExprKind::If(_) | ExprKind::Block(_) | ExprKind::Match(_) => {
                self.evaluate(expr, Dest::Value(ty)).unwrap_or_else(|| self.never(ty))
            }
            ExprKind::IsPresent(optional) => self.is_present(optional, expr.span),
            ExprKind::PacketPointer(header) => self.packet_pointer(header, ty),
            ExprKind::MapAddress(map) => {
                let name = self.names.map(*map);
                self.at(expr.span).b.map_address(name, ty)
            }
            ExprKind::Call { .. }
            | ExprKind::CallPointer { .. }
            | ExprKind::Builtin { .. }
            | ExprKind::Helper { .. }
            | ExprKind::Kfunc { .. }
            | ExprKind::KernelCall { .. }
            | ExprKind::Atomic { .. }
            | ExprKind::MapCall { .. }
            | ExprKind::FieldCall { .. }
            | ExprKind::Load(_)
            | ExprKind::Attach { .. }
            | ExprKind::New { .. }
            | ExprKind::ObjectCall { .. }
            | ExprKind::Detach(_)
            | ExprKind::Pin { .. }
            | ExprKind::Register { .. }
            | ExprKind::Unregister(_)
            | ExprKind::Dispatch { .. } => {
                self.effect_value(expr).unwrap_or_else(|| crate::bug!("a call without a result is used as a value"))
            }
            ExprKind::Print(_)
            | ExprKind::SeqWrite { .. }
            | ExprKind::Struct { .. }
            | ExprKind::Array(_)
            | ExprKind::Fill(_)
            | ExprKind::KernelText(_)
            | ExprKind::View(_) => crate::bug!("a `{}` is no scalar", self.cx.types.name(expr.ty)),
        }
    }

    /// The value of a place that may be absent.
    fn read_absent(&mut self, expr: &Expr, ty: Ty) -> Value {
        if let Some(value) = self.read_table(expr) {
            return value;
        }
        match self.read_checked(expr, Dest::Value(ty)) {
            Some(value) => value,
            None => self.never(ty),
        }
    }

    fn address_of(&mut self, place: &Expr, ty: Ty, span: Span) -> Value {
        if may_be_absent(place) {
            return self.element_address(place, ty, span);
        }
        let place = if Self::is_place(place) { self.place(place) } else { self.pointed_to(place) };
        self.at(span).address(place)
    }

    fn comparison(&mut self, op: CompareOp, left: &Expr, right: &Expr, span: Span) -> Value {
        if left.ty == Ty::BYTES {
            return self.compare_views(op, left, right, span);
        }
        if matches!(self.cx.types.kind(left.ty), TyKind::Str(_)) {
            return self.compare_strings(op, left, right, span);
        }
        if self.cx.types.is_aggregate(left.ty) {
            return self.compare_aggregates(op, left, right, span);
        }
        let (left, right) = (self.scalar(left), self.scalar(right));
        self.at(span).compare(op, left, right)
    }

    /// A value that is never computed, since control does not reach this point.
    fn never(&mut self, ty: Ty) -> Value {
        debug_assert!(!self.reachable, "a value is missing where control comes");
        self.zero_value(ty)
    }

    fn conversion(&mut self, inner: &Expr, expr: &Expr) -> Value {
        if self.cx.types.is_aggregate(inner.ty) && expr.ty == Ty::BOOL {
            return self.string_truth(inner);
        }
        if inner.ty == Ty::NULL {
            return self.at(expr.span).zero_value(expr.ty);
        }
        let to_present = matches!(self.cx.types.kind(expr.ty), TyKind::Ptr { nullable: false, .. });
        let value = if to_present { self.followed(inner) } else { self.scalar(inner) };
        let ty = ir_type(&mut self.cx.types, expr.ty);
        let same_pointee = matches!(
            (self.cx.types.kind(self.b.func.ty(value)), self.cx.types.kind(ty)),
            (TyKind::Ptr { to: from, .. }, TyKind::Ptr { to, .. }) if from == to
        );
        let is_followed = matches!(self.cx.types.kind(ty), TyKind::Ptr { space: Space::BtfTrusted, .. });
        // A pointer that merely becomes one that may be null keeps what is known of it.
        if same_pointee && !is_followed { value } else { self.at(expr.span).cast(value, ty) }
    }

    /// `&&` and `||`: the right side is evaluated only where it decides.
    fn logical(&mut self, and: bool, left: &Expr, right: &Expr) -> Value {
        let condition = self.scalar(left);
        let dest = Dest::Value(Ty::BOOL);
        let span = left.span;
        let (decides, _) = self.region(&[], dest, |this, _| Some(this.scalar(right)));
        let (decided, _) = self.region(&[], dest, |this, _| Some(this.at(span).int(i128::from(!and), Ty::BOOL)));
        let regions = if and { vec![decides, decided] } else { vec![decided, decides] };
        let op = self.at(span).b.ks_if(condition, &[Ty::BOOL], regions);
        self.b.result(op)
    }

    /// An expression whose value is not used.
    pub(super) fn effect(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::If(_) | ExprKind::Block(_) | ExprKind::Match(_) => {
                self.evaluate(expr, Dest::Nothing);
            }
            ExprKind::Print(print) => self.print(print, expr.span),
            ExprKind::SeqWrite { seq, value } => self.seq_write(seq, value, expr.span),
            ExprKind::Call { .. }
            | ExprKind::CallPointer { .. }
            | ExprKind::Helper { .. }
            | ExprKind::Kfunc { .. }
            | ExprKind::KernelCall { .. }
            | ExprKind::MapCall { .. }
            | ExprKind::FieldCall { .. }
            | ExprKind::Load(_)
            | ExprKind::Attach { .. }
            | ExprKind::New { .. }
            | ExprKind::ObjectCall { .. }
            | ExprKind::Detach(_)
            | ExprKind::Pin { .. }
            | ExprKind::Register { .. }
            | ExprKind::Unregister(_)
            | ExprKind::Dispatch { .. } => {
                self.effect_value(expr);
            }
            ExprKind::Builtin { builtin, .. } => {
                self.effect_value(expr);
                self.builtin_behind(builtin, expr.span);
            }
            ExprKind::Atomic { builtin, place, args } => self.atomic_effect(builtin, place, args, expr),
            ExprKind::Const(_)
            | ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::ConfigField { .. }
            | ExprKind::Field { .. }
            | ExprKind::Index { .. }
            | ExprKind::Deref(_)
            | ExprKind::DerefIf { .. }
            | ExprKind::AddressOf(_)
            | ExprKind::CtxField { .. }
            | ExprKind::Kernel(_)
            | ExprKind::KernelText(_)
            | ExprKind::PacketLen { .. }
            | ExprKind::MapGet { .. }
            | ExprKind::PerCpu { .. }
            | ExprKind::Arith { .. }
            | ExprKind::Neg(_)
            | ExprKind::BitNot(_)
            | ExprKind::Not(_)
            | ExprKind::Compare { .. }
            | ExprKind::Logical { .. }
            | ExprKind::Cast(_)
            | ExprKind::Raw(_)
            | ExprKind::Struct { .. }
            | ExprKind::Array(_)
            | ExprKind::Fill(_)
            | ExprKind::PacketPointer(_)
            | ExprKind::View(_)
            | ExprKind::ViewLen(_)
            | ExprKind::ViewByte { .. }
            | ExprKind::ViewRead { .. }
            | ExprKind::MapAddress(_)
            | ExprKind::IsPresent(_) => {
                if self.cx.types.is_aggregate(expr.ty) {
                    self.place(expr);
                } else if expr.ty == Ty::BYTES {
                    self.view(expr);
                } else {
                    self.scalar(expr);
                }
            }
        }
    }

    fn packet_length(&mut self, ctx: &Expr, span: Span) -> Value {
        let ctx = self.scalar(ctx);
        self.at(span).b.packet_len(ctx, Ty::U64)
    }

    /// Lowers an expression with an effect, which may have a scalar value.
    fn effect_value(&mut self, expr: &Expr) -> Option<Value> {
        match &expr.kind {
            ExprKind::Call { func, args } => self.call(*func, args, None, expr.span),
            ExprKind::CallPointer { callee, args } => self.call_pointer(callee, args, (expr.ty, None), expr.span),
            ExprKind::Builtin { builtin, args } => self.builtin(builtin, args, expr.ty, expr.span),
            ExprKind::Helper { helper, args } => self.helper(helper, args, expr.ty, expr.span),
            ExprKind::KernelCall { function, args } => self.kernel_call(function, args, expr.ty, expr.span),
            ExprKind::Kfunc { kfunc, args } => self.kfunc(*kfunc, args, expr.ty, expr.span),
            ExprKind::Atomic { builtin, place, args } => Some(self.atomic(builtin, place, args, expr.ty, expr.span)),
            ExprKind::MapCall { map, method, args } => self.map_call(*map, method, args, expr.ty, expr.span),
            ExprKind::FieldCall { method, map, flags, args } => {
                Some(self.field_call(method, *map, *flags, args, expr.ty, expr.span))
            }
            ExprKind::Load(func) => {
                let name = self.names.func(*func);
                Some(self.at(expr.span).b.host_load(name, expr.ty))
            }
            ExprKind::Attach { handle, target, flags, options, result_used } => {
                let link = self.attach(handle, target.as_deref(), flags.as_deref(), options, expr.span);
                if !result_used {
                    self.b.host_attach_check(link);
                }
                Some(link)
            }
            ExprKind::ObjectCall { .. } => self.object_call(expr),
            ExprKind::New { arena, init, gfp } => Some(self.new_object(*arena, init, gfp, expr.ty, expr.span)),
            ExprKind::Detach(what) => {
                let what = self.scalar(what);
                Some(self.at(expr.span).b.host_detach(what, Ty::I32))
            }
            ExprKind::Pin { what, name } => Some(self.pin(what, name.as_deref(), expr.span)),
            ExprKind::Register { implementation, result_used } => {
                let link = self.at(expr.span).register(*implementation);
                if !result_used {
                    self.b.host_attach_check(link);
                }
                Some(link)
            }
            ExprKind::Unregister(implementation) => Some(self.at(expr.span).unregister(*implementation)),
            ExprKind::Dispatch { maps, timeout } => Some(self.dispatch(maps, timeout.as_deref(), expr.span)),
            ExprKind::Const(_)
            | ExprKind::Local(_)
            | ExprKind::Global(_)
            | ExprKind::ConfigField { .. }
            | ExprKind::Field { .. }
            | ExprKind::Index { .. }
            | ExprKind::Deref(_)
            | ExprKind::DerefIf { .. }
            | ExprKind::AddressOf(_)
            | ExprKind::CtxField { .. }
            | ExprKind::Kernel(_)
            | ExprKind::KernelText(_)
            | ExprKind::PacketLen { .. }
            | ExprKind::MapGet { .. }
            | ExprKind::PerCpu { .. }
            | ExprKind::Arith { .. }
            | ExprKind::Neg(_)
            | ExprKind::BitNot(_)
            | ExprKind::Not(_)
            | ExprKind::Compare { .. }
            | ExprKind::Logical { .. }
            | ExprKind::Cast(_)
            | ExprKind::Raw(_)
            | ExprKind::If(_)
            | ExprKind::Block(_)
            | ExprKind::Match(_)
            | ExprKind::Print(_)
            | ExprKind::SeqWrite { .. }
            | ExprKind::Struct { .. }
            | ExprKind::Array(_)
            | ExprKind::Fill(_)
            | ExprKind::PacketPointer(_)
            | ExprKind::View(_)
            | ExprKind::ViewLen(_)
            | ExprKind::ViewByte { .. }
            | ExprKind::ViewRead { .. }
            | ExprKind::MapAddress(_)
            | ExprKind::IsPresent(_) => None,
        }
    }
}
