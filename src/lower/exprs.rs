//! Expressions with scalar values, and expressions for their effect.

use super::elements::{is_part_of_entry, may_be_absent};
use super::func::{Dest, Lowering, ir_type};
use crate::ir::Value;
use crate::sema::tree::{Callee, CompareOp, Const, Expr, ExprKind, MapId, Parts};
use crate::source::Span;
use crate::types::{Space, Ty, TyKind};

impl Lowering<'_> {
    /// The value of an expression that is no aggregate and not `void`.
    pub(super) fn scalar(&mut self, expr: &Expr) -> Value {
        let ty = ir_type(&mut self.cx.types, expr.ty);
        match &expr.kind {
            ExprKind::Const(value) => self.at(expr.span).constant(value, ty),
            ExprKind::Local(local) => self.at(expr.span).local_value(*local),
            ExprKind::Field { .. } | ExprKind::Index { .. } | ExprKind::DerefIf { .. }
                if may_be_absent(expr) || is_part_of_entry(expr) =>
            {
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
            ExprKind::Logical { and, left, right } => self.logical(*and, left, right, expr.span),
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
            ExprKind::Operation { callee, args } => self
                .operation(callee, args, expr.ty, expr.span)
                .unwrap_or_else(|| crate::bug!("a call without a result is used as a value")),
            ExprKind::Struct { .. }
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
        // A text that the kernel reads where it is, and that the verifier must know.
        let is_text = matches!(place.kind, ExprKind::Const(Const::Str(_)))
            && matches!(self.cx.types.kind(ty), TyKind::Ptr { space: Space::Any, .. });
        let place = if is_text || Self::is_place(place) { self.place(place) } else { self.pointed_to(place) };
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
        if let Some(equal) = self.compared_with_zero(op, left, right, span) {
            return equal;
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
    fn logical(&mut self, and: bool, left: &Expr, right: &Expr, whole: Span) -> Value {
        let counted = self.count_logical(whole);
        let condition = self.scalar(left);
        let dest = Dest::Value(Ty::BOOL);
        let span = left.span;
        let (decides, _) = self.region(&[], dest, |this, _| {
            this.count_right(whole, counted);
            Some(this.scalar(right))
        });
        let (decided, _) = self.region(&[], dest, |this, _| Some(this.at(span).int(i128::from(!and), Ty::BOOL)));
        let regions = if and { vec![decides, decided] } else { vec![decided, decides] };
        let op = self.at(span).b.ks_if(condition, &[Ty::BOOL], regions);
        self.b.result(op)
    }

    /// An expression whose value is not used.
    pub(super) fn effect(&mut self, expr: &Expr) {
        match expr.parts() {
            Parts::If(_) | Parts::Block(_) | Parts::Match(_) => {
                self.evaluate(expr, Dest::Nothing);
            }
            Parts::Operation(Callee::Builtin(builtin), args) if builtin.atomic.is_some() => {
                self.atomic_effect(builtin, args, expr.ty, expr.span);
            }
            Parts::Operation(callee, args) => {
                let result = self.operation(callee, args, expr.ty, expr.span);
                if let Callee::Builtin(builtin) = callee {
                    self.builtin_behind(builtin, result, expr.span);
                }
            }
            Parts::Operands(_) | Parts::Optional(_) if self.cx.types.is_aggregate(expr.ty) => {
                self.place(expr);
            }
            Parts::Operands(_) | Parts::Optional(_) if expr.ty == Ty::BYTES => {
                self.view(expr);
            }
            Parts::Operands(_) | Parts::Optional(_) => {
                self.scalar(expr);
            }
        }
    }

    fn packet_length(&mut self, ctx: &Expr, span: Span) -> Value {
        let ctx = self.scalar(ctx);
        self.at(span).b.packet_len(ctx, Ty::U64)
    }

    /// Lowers an operation, which may have a scalar value.
    fn operation(&mut self, callee: &Callee, args: &[Expr], ty: Ty, span: Span) -> Option<Value> {
        let of_map = |map: &Option<MapId>| map.as_ref().map(|map| self.names.map(*map).clone());
        match callee {
            Callee::Func(func) => self.call(*func, args, None, span),
            Callee::Pointer => self.call_pointer(args, (ty, None), span),
            Callee::Builtin(builtin) if builtin.atomic.is_some() => Some(self.atomic(builtin, args, ty, span)),
            Callee::Builtin(builtin) => self.builtin(builtin, args, ty, span),
            Callee::Runtime(symbol) => self.runtime_call(symbol, args, ty, span),
            Callee::Helper(helper) => self.helper(helper, args, ty, span),
            Callee::Argument(helper) => Some(self.function_argument(helper, args, span)),
            Callee::Kernel(function) => self.kernel_call(function, args, ty, span),
            Callee::C(function) => self.c_call(*function, args, ty, span),
            Callee::Kfunc(kfunc) => self.kfunc(*kfunc, args, ty, span),
            Callee::Map { map, method } => self.map_call(*map, method, args, ty, span),
            Callee::Field { method, map, flags } => Some(self.field_call(method, *map, *flags, args, ty, span)),
            Callee::Object { function, less } => self.object_call(function, *less, args, ty, span),
            Callee::Print { format, newline, to_seq } => self.print(format, *newline, *to_seq, args, span),
            Callee::Format(_) | Callee::CText => self.unused_text(callee, args, ty, span),
            Callee::PrintMap { .. } | Callee::PrintValue { .. } => self.print_whole(callee, args, span),
            Callee::HistogramAdd(map) => {
                self.histogram_add(*map, args, span);
                None
            }
            Callee::Histogram(method) => Some(self.histogram_figure(method, args, ty, span)),
            Callee::Show => {
                self.show(args, span);
                None
            }
            Callee::SeqWrite => self.seq_write(args, span),
            Callee::Load(func) => {
                let name = self.names.func(*func);
                Some(self.at(span).b.host_load(name, ty))
            }
            Callee::Attach { has_target, has_flags, options, result_used } => {
                let link = self.attach((*has_target, *has_flags, options), args, span);
                self.used_link(link, *result_used)
            }
            Callee::New { arena, init, gfp } => Some(self.new_object(*arena, init, gfp, ty, span)),
            Callee::Detach => {
                let what = self.scalar(&args[0]);
                Some(self.at(span).b.host_detach(what, Ty::I32))
            }
            Callee::Pin(map) => self.pin(of_map(map), args, span),
            Callee::Unpin(map) => self.unpin(of_map(map), args, span),
            Callee::Python(function) => self.python_value(function, args, ty, span),
            Callee::Exec(script) => {
                Some(self.at(span).b.host_exec(script.name.as_bytes(), script.json().as_bytes(), Ty::I32))
            }
            Callee::Register { implementation, result_used } => {
                let name = self.names.implementation(*implementation);
                let link = self.at(span).b.host_register(name, Ty::LINK);
                self.used_link(link, *result_used)
            }
            Callee::Unregister(implementation) => {
                let name = self.names.implementation(*implementation);
                Some(self.at(span).b.host_unregister(name, Ty::I32))
            }
            Callee::Upgrade => {
                let (handle, other) = (self.scalar(&args[0]), self.scalar(&args[1]));
                Some(self.at(span).b.host_upgrade(handle, other, Ty::I32))
            }
            Callee::UpgradeFunctions(implementation) => {
                let link = self.scalar(&args[0]);
                let name = self.names.implementation(*implementation);
                Some(self.at(span).b.host_upgrade_functions(link, name, Ty::I32))
            }
            Callee::Test { has_input, has_context } => {
                let place = self.temporary("result", ty);
                self.test_run((*has_input, *has_context), args, place, span);
                None
            }
            Callee::Sysctl(setting) => {
                let place = self.temporary("setting", ty);
                self.read_setting(*setting, place, span);
                (!self.cx.types.is_aggregate(ty)).then(|| self.load(place))
            }
            Callee::TestSelected | Callee::TestReturn | Callee::TestEnd => self.test_step(callee, args, span),
            Callee::Dispatch(maps) => Some(self.dispatch(maps, args.first(), span)),
        }
    }

    /// A text that nothing uses is made all the same: that may have effects.
    fn unused_text(&mut self, callee: &Callee, args: &[Expr], ty: Ty, span: Span) -> Option<Value> {
        let place = self.temporary("text", ty);
        if let Callee::Format(format) = callee {
            self.format(format, args, place, span);
        } else {
            self.c_text(args, place, span);
        }
        None
    }

    /// A link that nothing uses is tested.
    fn used_link(&mut self, link: Value, used: bool) -> Option<Value> {
        if !used {
            self.b.host_attach_check(link);
        }
        Some(link)
    }
}
