//! Calls of the program's functions and of builtins.

use super::func::{Dest, Lowering, ir_type};
use crate::fold::CompareOp;
use crate::ir::{Opcode, Value};
use crate::sema::tree::{CFunctionId, Const, Expr, ExprKind, FuncId, KfuncId, Role};
use crate::source::Span;
use crate::tables::{self, BuiltinSpec, HelperSpec};
use crate::types::{EnumId, Ty, TyKind};

/// The runtime's function that copies a text of C.
const C_TEXT: &str = "ks_c_text";

impl Lowering<'_> {
    /// A call; an aggregate result goes to `place`, a fresh one if none is given. Yields a scalar result.
    pub(super) fn call(&mut self, func: FuncId, args: &[Expr], place: Option<Value>, span: Span) -> Option<Value> {
        let callee = self.program.func(func);
        let result = ir_type(&mut self.cx.types, callee.result);
        let is_aggregate = self.cx.types.is_aggregate(result);
        let mut values = Vec::new();
        if is_aggregate {
            let place = place.unwrap_or_else(|| self.at(span).temporary("result", result));
            values.push(place);
        }
        let results = if is_aggregate { &[] } else { result.results() };
        let op = self.scoped(|this| {
            let (mut kinds, mut views) = (Vec::new(), Vec::new());
            for arg in args {
                if arg.ty == Ty::BYTES {
                    let view = this.view(arg);
                    views.push(view);
                    let (kind, parts) = this.at(arg.span).view_argument(view);
                    kinds.push(kind);
                    values.extend(parts);
                    continue;
                }
                values.push(if this.cx.types.is_aggregate(arg.ty) { this.own_copy(arg) } else { this.scalar(arg) });
            }
            let is_member = this.program.impl_of(func).is_some();
            let name =
                if kinds.is_empty() && !is_member { this.names.func(func).clone() } else { this.instance(func, kinds) };
            this.at(span);
            views.into_iter().for_each(|view| this.use_view(view));
            if let Role::Kfunc(_) = callee.role {
                return this.b.bpf_kfunc(&values, &name, results);
            }
            this.b.ks_call(&values, &name, results)
        });
        self.may_exit();
        self.b.first_result(op)
    }

    pub(super) fn builtin(&mut self, builtin: &BuiltinSpec, args: &[Expr], result: Ty, span: Span) -> Option<Value> {
        if let Some(op) = builtin.op.and_then(Opcode::from_name) {
            return Some(self.builtin_op(op, args, result, span));
        }
        if let Some(op) = builtin.views {
            return Some(self.view_builtin(op, args, result, span));
        }
        if builtin.thrown().is_some() {
            let place = self.temporary("parsed", result);
            self.parse(builtin, args, place, span);
            return (!self.cx.types.is_aggregate(result)).then(|| self.load(place));
        }
        if builtin.fills {
            let place = self.temporary("filled", result);
            self.fill_place(builtin, args, place, span);
            return (!self.cx.types.is_aggregate(result)).then(|| self.load(place));
        }
        let values: Vec<Value> = args.iter().flat_map(|arg| self.arguments(arg)).collect();
        self.at(span);
        let op = match (builtin.bpf, builtin.host) {
            (Some(helper), None) => self.b.bpf_helper(&values, &helper.into(), result.results()),
            (None, Some(symbol)) => self.b.host_call(&values, &symbol.into(), result.results()),
            (Some(_), Some(_)) => self.b.ks_builtin(&values, &builtin.name.into(), result.results()),
            (None, None) => crate::bug!("builtin `{}` exists on no side", builtin.name),
        };
        if builtin.host.is_some() {
            self.may_exit();
        }
        self.b.first_result(op)
    }

    /// Calls a function of the runtime by its symbol.
    pub(super) fn runtime_call(&mut self, symbol: &str, args: &[Expr], result: Ty, span: Span) -> Option<Value> {
        let values: Vec<Value> = args.iter().map(|arg| self.scalar(arg)).collect();
        let op = self.at(span).b.host_call(&values, &symbol.into(), result.results());
        self.b.first_result(op)
    }

    /// Hands the result to the function that the record names for one that is not used, and calls the builtin that is to follow this one, if
    /// it is a statement.
    pub(super) fn builtin_behind(&mut self, builtin: &BuiltinSpec, result: Option<Value>, span: Span) {
        if let (Some(check), Some(result)) = (builtin.unused, result) {
            self.at(span).b.host_call(&[result], &check.into(), &[]);
        }
        let Some(name) = builtin.then else { return };
        let Some(behind) = tables::builtin(name) else { crate::bug!("no builtin is named `{name}`") };
        self.builtin(behind, &[], Ty::VOID, span);
    }

    /// A struct goes to the runtime by its address.
    fn argument(&mut self, arg: &Expr) -> Value {
        if !self.cx.types.is_aggregate(arg.ty) {
            return self.scalar(arg);
        }
        let place = self.pointed_to(arg);
        self.at(arg.span).address(place)
    }

    /// An argument for the runtime, which gets the number and the size of the strings of an array too.
    fn arguments(&mut self, arg: &Expr) -> Vec<Value> {
        let value = self.argument(arg);
        if let TyKind::Array(element, length) = self.cx.types.kind(arg.ty)
            && let TyKind::Str(size) = self.cx.types.kind(element)
        {
            let b = self.at(arg.span);
            return vec![value, b.int(size.into(), Ty::U64), b.int(length.into(), Ty::U64)];
        }
        vec![value]
    }

    /// Whether a builtin has a value, which it writes into a place.
    pub(super) fn ask(&mut self, builtin: &BuiltinSpec, args: &[Expr], place: Value, span: Span) -> Value {
        let Some(symbol) = builtin.host else { crate::bug!("`{}` fills nothing", builtin.name) };
        let values: Vec<Value> = args.iter().map(|arg| self.argument(arg)).collect();
        self.at(span).b.host_ask(place, &values, &symbol.into(), Ty::BOOL)
    }

    /// A builtin whose function of the runtime fills a place.
    pub(super) fn fill_place(&mut self, builtin: &BuiltinSpec, args: &[Expr], place: Value, span: Span) {
        let Some(symbol) = builtin.host else { crate::bug!("`{}` fills nothing", builtin.name) };
        if builtin.bpf.is_some() {
            let values: Vec<Value> = args.iter().map(|arg| self.scalar(arg)).collect();
            self.at(span).b.ks_fill(place, &values, &builtin.name.into());
            return;
        }
        let mut values = Vec::new();
        for arg in args {
            if let TyKind::Enum(of) = self.cx.types.kind(arg.ty) {
                values.extend(self.enum_argument(arg, of));
            } else {
                values.push(self.argument(arg));
            }
        }
        self.at(span).b.host_fill(place, &values, &symbol.into());
    }

    /// An enum for the runtime: its number, whether that is signed, and a line of text for each variant.
    fn enum_argument(&mut self, arg: &Expr, of: EnumId) -> [Value; 3] {
        let def = self.cx.types.enum_def(of);
        let signed = self.cx.types.as_int(def.repr).is_some_and(|(_, signed)| signed);
        let lines: String =
            def.variants.iter().map(|variant| format!("{} {}\n", variant.value, variant.name)).collect();
        let value = self.scalar_as(arg, if signed { Ty::I64 } else { Ty::U64 });
        let signed = self.at(arg.span).int(i128::from(signed), Ty::U32);
        let text = self.cx.types.string(u32::try_from(lines.len() + 1).unwrap_or(u32::MAX));
        let names = self.string(&Const::Str(lines.into_bytes()), text);
        [value, signed, self.address(names)]
    }

    /// A helper by its name. Yields a scalar or a pointer.
    pub(super) fn helper(&mut self, helper: &HelperSpec, args: &[Expr], result: Ty, span: Span) -> Option<Value> {
        let mut values: Vec<Value> = args.iter().map(|arg| self.scalar(arg)).collect();
        if helper.name == tables::EXCHANGE {
            values[1] = self.at(span).object_or_null(values[1]);
        }
        let op = self.at(span).b.bpf_helper(&values, &helper.name.into(), result.results());
        self.b.first_result(op)
    }

    /// A pointer for the kernel, which takes an object or null, but no pointer that may be either.
    fn object_or_null(&mut self, given: Value) -> Value {
        let ty = self.b.func.ty(given);
        let is_constant = self.b.func.def(given).is_some_and(|def| self.b.func.ops[def].opcode == Opcode::KsNull);
        let TyKind::Ptr { to, space, nullable: true } = self.cx.types.kind(ty) else { return given };
        if is_constant {
            return given;
        }
        let object = self.cx.types.ptr(to, space, false);
        let null = self.b.ks_null(ty);
        let is_null = self.b.arith_cmp(given, null, CompareOp::Eq.word(), Ty::BOOL);
        let op = self.b.either(
            is_null,
            &[ty],
            |b| {
                let null = b.ks_null(ty);
                b.ks_yield(&[null]);
            },
            |b| {
                let object = b.arith_cast(given, object);
                let object = b.arith_cast(object, ty);
                b.ks_yield(&[object]);
            },
        );
        self.b.result(op)
    }

    /// A function of the kernel. Yields a scalar or a pointer.
    pub(super) fn kfunc(&mut self, kfunc: KfuncId, args: &[Expr], result: Ty, span: Span) -> Option<Value> {
        let values: Vec<Value> = args.iter().map(|arg| self.scalar(arg)).collect();
        let name = self.program.kfunc(kfunc).name.as_str().into();
        let op = self.at(span).b.bpf_kfunc(&values, &name, result.results());
        self.b.first_result(op)
    }

    /// A function or macro of the kernel, in module code.
    pub(super) fn kernel_call(&mut self, function: &str, args: &[Expr], result: Ty, span: Span) -> Option<Value> {
        let values: Vec<Value> = args.iter().map(|arg| self.scalar(arg)).collect();
        let op = self.at(span).b.kmod_call(&values, function.as_bytes(), result.results());
        self.b.first_result(op)
    }

    /// A function of C. Yields a scalar or a pointer.
    pub(super) fn c_call(&mut self, function: CFunctionId, args: &[Expr], result: Ty, span: Span) -> Option<Value> {
        let values: Vec<Value> = args.iter().map(|arg| self.scalar(arg)).collect();
        let called = self.program.c_function(function);
        let (name, library) = (called.name.as_str().into(), called.library.as_bytes());
        let result = ir_type(&mut self.cx.types, result);
        let op = self.at(span).b.host_c_call(&values, &name, library, result.results());
        self.b.first_result(op)
    }

    /// The text that a pointer of C points to, into a place.
    pub(super) fn c_text(&mut self, args: &[Expr], place: Value, span: Span) {
        let [pointer] = args else { crate::bug!("a text of C is that of one pointer") };
        let pointer = self.scalar(pointer);
        self.at(span).b.host_fill(place, &[pointer], &C_TEXT.into());
    }

    /// `parse_ip4(text)` into a place: throws where the text says no such value.
    pub(super) fn parse(&mut self, builtin: &BuiltinSpec, args: &[Expr], place: Value, span: Span) {
        let (Some(code), Some(symbol), [text]) = (builtin.thrown(), builtin.host, args) else {
            crate::bug!("`{}` parses nothing", builtin.name)
        };
        let text = self.place(text);
        let status = self.at(span).b.host_parse(text, place, &symbol.into(), Ty::I32);
        let zero = self.int(0, Ty::I32);
        let failed = self.compare(CompareOp::Ne, status, zero);
        let code = Expr { kind: ExprKind::Const(Const::Int(code)), ty: Ty::I32, span };
        let (then, _) = self.region(&[], Dest::Nothing, |this, _| {
            this.throw(&code, span);
            None
        });
        let (otherwise, _) = self.region(&[], Dest::Nothing, |_, _| None);
        self.b.ks_if(failed, &[], vec![then, otherwise]);
    }

    /// `fetch_add(place, n)` and the like.
    pub(super) fn atomic(&mut self, builtin: &BuiltinSpec, args: &[Expr], ty: Ty, span: Span) -> Value {
        let Some((place, args)) = args.split_first() else { crate::bug!("`{}` has no place", builtin.name) };
        let path = self.path(place);
        let values: Vec<Value> = args.iter().map(|arg| self.scalar(arg)).collect();
        // A pointer into an arena is updated as the number that it is.
        let is_pointer = matches!(self.cx.types.kind(ty), TyKind::Ptr { .. });
        let values: Vec<Value> =
            if is_pointer { values.into_iter().map(|value| self.cast(value, Ty::U64)).collect() } else { values };
        let number = if is_pointer { Ty::U64 } else { ty };
        let old = self.with_path(
            &path,
            Dest::Value(ty),
            &mut |this, place| {
                let b = &mut this.at(span).b;
                let old = match (builtin.atomic, values.as_slice()) {
                    (Some(word), &[value]) => b.mem_fetch(place, value, word, number),
                    (Some(_), &[expected, new]) => b.mem_compare_exchange(place, expected, new, number),
                    (_, _) => crate::bug!("`{}` is no atomic operation", builtin.name),
                };
                Some(this.cast(old, ty))
            },
            &mut |this| Some(this.zero_value(ty)),
        );
        old.unwrap_or_else(|| crate::bug!("an atomic operation yields the old value"))
    }

    /// An atomic operation without its old value, which may then be a simpler instruction.
    pub(super) fn atomic_effect(&mut self, builtin: &BuiltinSpec, args: &[Expr], ty: Ty, span: Span) {
        let (Some(word), [place, value], true) = (builtin.atomic, args, builtin.plain) else {
            self.atomic(builtin, args, ty, span);
            return;
        };
        let path = self.path(place);
        let value = self.scalar(value);
        let update = &mut |this: &mut Self, place: Value| {
            this.at(span).b.mem_atomic(place, value, word);
            None
        };
        self.with_path(&path, Dest::Nothing, update, &mut |_| None);
    }
}
