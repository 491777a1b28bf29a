//! `ks`: variables, memory, calls, and the language's arithmetic.

use super::super::constants;
use super::super::expr::Expr;
use super::super::function::FnGen;
use super::arith::width;
use crate::ir::ops::{
    KsBits, KsBuiltin, KsCall, KsCallPointer, KsConst, KsElem, KsField, KsFunc, KsGlobal, KsPrint, KsStr, KsVar,
};
use crate::ir::{OpData, Opcode};
use crate::tables;
use crate::target::Target;
use crate::types::{Ty, TyKind};

pub use super::control::{block, break_, continue_, for_, if_, leave, match_, return_, unreachable, while_, yield_};

pub fn const_(g: &mut FnGen, op: &OpData) {
    let expr = constants::number(g.types(), g.ty(op.results[0]), KsConst::of(op).value());
    g.result(op, expr);
}

pub fn null(g: &mut FnGen, op: &OpData) {
    g.result(op, Expr::primary("NULL"));
}

pub fn str(g: &mut FnGen, op: &OpData) {
    let place = op.results[0];
    let name = g.g.constant(g.place_type(place), KsStr::of(op).bytes());
    g.bind(place, Expr::primary(name));
}

pub fn var(g: &mut FnGen, op: &OpData) {
    let place = op.results[0];
    let name = g.names.inner(&String::from_utf8_lossy(KsVar::of(op).name()));
    let text = g.g.declare(g.place_type(place), &name);
    // Compilers warn of a variable that nothing reads.
    let unread = if g.is_read(place) { "" } else { " __maybe_unused" };
    g.lines.declare_outside(format!("{text}{unread};"));
    g.bind(place, Expr::primary(name));
}

pub fn zero(g: &mut FnGen, op: &OpData) {
    let place = op.operands[0];
    let (ty, expr) = (g.place_type(place), g.expr(place));
    let text = if g.types().is_aggregate(ty) {
        format!("memset(&{0}, 0, sizeof({1}))", expr.operand(), expr.text())
    } else {
        let zero = if matches!(g.types().kind(ty), TyKind::Ptr { .. } | TyKind::Fn(_)) { "NULL" } else { "0" };
        format!("{} = {zero}", expr.text())
    };
    g.statement(op, text);
}

pub fn load(g: &mut FnGen, op: &OpData) {
    let (place, ty) = (op.operands[0], g.ty(op.results[0]));
    let expr = g.expr(place);
    // The headers have types of their own for the same numbers: `unsigned long`, `char`, `const` pointers.
    let is_plain = g.types().as_int(ty).is_some_and(|(bits, _)| bits == 16 || bits == 32) && ty != Ty::BOOL;
    let expr = if !g.is_of_kernel(place) || is_plain {
        expr
    } else if let (TyKind::Ptr { .. }, Some(to)) = (g.types().kind(ty), g.type_text(ty).strip_suffix('*')) {
        // Another processor may write it, and it may be marked as one that RCU protects.
        Expr::cast(&format!("{to}__force *"), &Expr::call("READ_ONCE", &[expr]))
    } else {
        Expr::cast(&g.type_text(ty), &expr)
    };
    g.result(op, expr);
}

pub fn store(g: &mut FnGen, op: &OpData) {
    let text = format!("{} = {}", g.expr(op.operands[0]).text(), g.expr(op.operands[1]).text());
    g.statement(op, text);
}

pub fn copy(g: &mut FnGen, op: &OpData) {
    let (to, from) = (g.expr(op.operands[0]), g.expr(op.operands[1]));
    if to == from {
        return;
    }
    let is_struct = matches!(g.types().kind(g.place_type(op.operands[0])), TyKind::Struct(_));
    let text = if is_struct {
        format!("{} = {}", to.text(), from.text())
    } else {
        // Two places may be one, except if one is a constant.
        let is_constant = g.func.def(op.operands[1]).is_some_and(|def| g.func.ops[def].opcode == Opcode::KsStr);
        let function = if is_constant { "memcpy" } else { "memmove" };
        let size = format!("sizeof({})", to.text());
        Expr::call(function, &[Expr::address(&to), Expr::address(&from), Expr::primary(size)]).text().to_owned()
    };
    g.statement(op, text);
}

pub fn field(g: &mut FnGen, op: &OpData) {
    let view = KsField::of(op);
    let (base, index) = (view.base(), view.field() as usize);
    let TyKind::Struct(id) = g.types().kind(g.place_type(base)) else { crate::bug!("a field is of a struct") };
    let expr = g.g.member(&g.expr(base), id, index);
    g.bind(op.results[0], expr);
}

pub fn elem(g: &mut FnGen, op: &OpData) {
    let view = KsElem::of(op);
    let expr = Expr::element(&g.expr(view.base()), &g.expr(view.index()));
    g.bind(op.results[0], expr);
}

pub fn bits(g: &mut FnGen, op: &OpData) {
    let view = KsBits::of(op);
    let ty = g.ty(op.results[0]);
    if g.is_of_kernel(view.place()) {
        let expr = Expr::cast(&g.type_text(ty), &g.expr(view.place()));
        g.result(op, expr);
        return;
    }
    let unit = Expr::binary(&g.expr(view.place()), ">>", &Expr::primary(view.shift().to_string()));
    let mask = Expr::primary(format!("{:#x}", u64::MAX >> (64 - view.width())));
    let low = Expr::cast(&g.type_text(ty), &Expr::binary(&unit, "&", &mask));
    let expr = if g.types().as_int(ty).is_some_and(|(_, signed)| signed) {
        // The highest bit is the sign: what is flipped with it and loses it again is negative where it was set.
        let sign = Expr::cast(&g.type_text(ty), &Expr::primary(format!("{:#x}", 1u64 << (view.width() - 1))));
        Expr::cast(&g.type_text(ty), &Expr::binary(&Expr::binary(&low, "^", &sign), "-", &sign))
    } else {
        low
    };
    g.result(op, expr);
}

pub fn addr(g: &mut FnGen, op: &OpData) {
    let (place, result) = (op.operands[0], op.results[0]);
    let (own, wanted) = (g.type_text(g.ty(place)), g.type_text(g.ty(result)));
    let address = Expr::address(&g.expr(place));
    g.result(op, if own == wanted && !g.is_of_kernel(place) { address } else { Expr::cast(&wanted, &address) });
}

pub fn deref(g: &mut FnGen, op: &OpData) {
    let (pointer, place) = (op.operands[0], op.results[0]);
    let (own, wanted) = (g.type_text(g.ty(pointer)), g.type_text(g.ty(place)));
    let expr = g.expr(pointer);
    let expr = Expr::deref(if own == wanted { expr } else { Expr::cast(&wanted, &expr) });
    g.bind(place, expr);
}

pub fn global(g: &mut FnGen, op: &OpData) {
    let name = g.g.global_name(KsGlobal::of(op).global());
    g.bind(op.results[0], Expr::primary(name));
}

pub fn div(g: &mut FnGen, op: &OpData) {
    divide(g, op, "div");
}

pub fn rem(g: &mut FnGen, op: &OpData) {
    divide(g, op, "rem");
}

/// Division and remainder, guarded unless a constant divides.
pub fn divide(g: &mut FnGen, op: &OpData, what: &str) {
    let ty = g.ty(op.results[0]);
    let (bits, signed) = width(g, ty);
    let (left, right) = (g.expr(op.operands[0]), g.expr(op.operands[1]));
    let known = g.func.known(g.types(), op.operands[1]);
    let wide = format!("{}{}", if signed { 's' } else { 'u' }, bits.max(32));
    let expr = if bits < 64 && known.is_some_and(|by| by != 0 && by != -1) {
        Expr::binary(&left, if what == "div" { "/" } else { "%" }, &right)
    } else {
        let function = g.g.prelude.function(&format!("ks_{what}_{wide}"));
        Expr::call(function, &[left, right])
    };
    let expr = if bits < 32 { Expr::cast(&g.type_text(ty), &expr) } else { expr };
    g.result(op, expr);
}

/// The count of a shift, less than the width.
fn count(g: &FnGen, op: &OpData, bits: u8) -> Expr {
    let (count, ty) = (op.operands[1], g.ty(op.operands[1]));
    match g.func.known(g.types(), count) {
        Some(known) => Expr::primary((known & i128::from(bits - 1)).to_string()),
        None => Expr::binary(&g.expr(count), "&", &constants::number(g.types(), ty, i128::from(bits - 1))),
    }
}

pub fn shl(g: &mut FnGen, op: &OpData) {
    let ty = g.ty(op.results[0]);
    let (bits, signed) = width(g, ty);
    let (left, count) = (g.expr(op.operands[0]), count(g, op, bits));
    let expr = if !signed && bits >= 32 {
        Expr::binary(&left, "<<", &count)
    } else {
        let shifted = Expr::binary(&Expr::cast(&format!("u{}", bits.max(32)), &left), "<<", &count);
        Expr::cast(&g.type_text(ty), &shifted)
    };
    g.result(op, expr);
}

/// For signed numbers GCC and clang shift copies of the sign in.
pub fn shr(g: &mut FnGen, op: &OpData) {
    let ty = g.ty(op.results[0]);
    let bits = width(g, ty).0;
    let expr = Expr::binary(&g.expr(op.operands[0]), ">>", &count(g, op, bits));
    let expr = if bits < 32 { Expr::cast(&g.type_text(ty), &expr) } else { expr };
    g.result(op, expr);
}

/// The arguments of a call: an aggregate goes by its address.
pub fn arguments(g: &FnGen, values: &[crate::ir::Value]) -> Vec<Expr> {
    let argument = |&value: &crate::ir::Value| {
        if !matches!(g.types().kind(g.ty(value)), TyKind::Place { .. }) {
            return g.expr(value);
        }
        let address = Expr::address(&g.expr(value));
        if g.is_of_kernel(value) { Expr::cast(&g.type_text(g.ty(value)), &address) } else { address }
    };
    values.iter().map(argument).collect()
}

fn called(g: &mut FnGen, op: &OpData, call: Expr) {
    match op.results.first() {
        Some(_) => g.result(op, call),
        None => g.statement(op, call.text().to_owned()),
    }
}

pub fn call(g: &mut FnGen, op: &OpData) {
    let view = KsCall::of(op);
    let name = g.g.function_name(view.callee());
    let call = Expr::call(&name, &arguments(g, view.args()));
    called(g, op, call);
}

pub fn func(g: &mut FnGen, op: &OpData) {
    let name = g.g.function_name(KsFunc::of(op).func());
    g.result(op, Expr::primary(name));
}

pub fn call_pointer(g: &mut FnGen, op: &OpData) {
    let view = KsCallPointer::of(op);
    let callee = g.expr(view.callee()).operand();
    let callee = if callee.contains(' ') { format!("({callee})") } else { callee };
    let call = Expr::call(&callee, &arguments(g, view.args()));
    called(g, op, call);
}

pub fn builtin(g: &mut FnGen, op: &OpData) {
    let view = KsBuiltin::of(op);
    let name = view.builtin();
    let callee = tables::builtin(name).and_then(|b| b.callee(Target::Kmod));
    let Some(callee) = callee else { crate::bug!("`{name}` does not exist in a module") };
    let call = Expr::call(callee, &arguments(g, view.args()));
    called(g, op, call);
}

pub fn print(g: &mut FnGen, op: &OpData) {
    super::print::emit(g, op, &KsPrint::of(op));
}

/// The size of what a place holds, and its first byte.
pub fn text_of(g: &FnGen, place: crate::ir::Value) -> [Expr; 2] {
    let size = g.types().size_of(g.place_type(place));
    let expr = g.expr(place);
    let is_text = matches!(g.types().kind(g.place_type(place)), TyKind::Str(_) | TyKind::Array(Ty::CHAR | Ty::U8, _));
    let first = if is_text && !g.is_of_kernel(place) { expr } else { Expr::cast("const u8 *", &Expr::address(&expr)) };
    [first, Expr::primary(size.to_string())]
}
