//! `host.python`: the arguments and the result as `KsPython` describes them.

use super::super::function::FnGen;
use super::host::runtime;
use super::print::host::{describe, kind};
use crate::codegen::abi::{KsArgKind, KsPython};
use crate::ir::ops::HostPython;
use crate::ir::{OpData, Value};
use crate::target::Endian;
use crate::types::{Ty, TyKind};
use inkwell::values::{IntValue, PointerValue};

const SIZE: u64 = size_of::<KsPython>() as u64;
const _: () = assert!(SIZE == 32);

/// A `KsPython`: kind, size, whether it is a list, whether the value is an address, and how many elements it has.
struct Form {
    kind: u32,
    size: u64,
    is_list: bool,
    in_place: bool,
}

pub fn call(g: &mut FnGen, op: &OpData) {
    let view = HostPython::of(op);
    let [result, forms @ ..] = view.forms() else { crate::bug!("a call of Python has the form of its result") };
    let slot = g.slot(g.g.bytes_type(SIZE * (1 + forms.len() as u64)), 8, "");
    g.begin_life(slot);
    let (form, count) = of_type(g, g.pointee(view.out()), *result);
    let (form, out) = (Form { in_place: true, ..form }, g.ptr(view.out()));
    let (count, out) = (g.g.build.int(64, count), g.g.build.ptr_to_int(out));
    store(g, slot, 0, &form, (count, out));
    let mut args = view.args().iter().copied();
    for (index, letter) in (1..).zip(forms) {
        let Some(arg) = args.next() else { crate::bug!("a call of Python has a form for each argument") };
        let (form, count, value) = argument(g, arg, *letter, &mut args);
        store(g, slot, index, &form, (count, value));
    }
    let count = g.g.build.int(64, forms.len() as u64);
    let [function, file] = [view.function(), view.file()].map(|text| g.g.string(&[text, b"\0"].concat()));
    let first = g.g.build.offset(slot, g.g.build.int(64, SIZE));
    let line = g.number(view.line() as u32);
    let args = [function.into(), first.into(), count.into(), slot.into(), file.into(), line];
    let int = g.g.build.int_type(32).into();
    let status = runtime(g, "ks_python_call", Some(int), &args);
    g.end_life(slot);
    g.set_maybe(op, status);
}

/// The form of an argument, how many elements it has, and its value. A view takes two more operands.
fn argument<'c>(
    g: &mut FnGen<'_, '_, 'c>,
    arg: Value,
    letter: u8,
    rest: &mut impl Iterator<Item = Value>,
) -> (Form, IntValue<'c>, IntValue<'c>) {
    if letter == b'v' {
        let (Some(offset), Some(length)) = (rest.next(), rest.next()) else {
            crate::bug!("a view has a start, an offset and a length")
        };
        let start = describe(g, arg).2;
        let [offset, length] = [offset, length].map(|value| describe(g, value).2);
        let form = Form { kind: KsArgKind::Bytes as u32, size: 1, is_list: false, in_place: true };
        return (form, length, g.g.build.add(start, offset));
    }
    let ty = g.func.ty(arg);
    let (of, in_place) = if let TyKind::Place { of, .. } = g.types().kind(ty) { (of, true) } else { (ty, false) };
    let (form, count) = of_type(g, of, letter);
    let value = if in_place {
        let place = g.ptr(arg);
        g.g.build.ptr_to_int(place)
    } else {
        describe(g, arg).2
    };
    (Form { in_place, ..form }, g.g.build.int(64, count), value)
}

/// The form of a type, and how many elements it has.
fn of_type(g: &FnGen, ty: Ty, letter: u8) -> (Form, u64) {
    let types = g.types();
    let form = |kind, size, is_list| Form { kind, size, is_list, in_place: false };
    match (letter, types.kind(ty)) {
        (b'n', _) => (form(0, 0, false), 0),
        (b'l', TyKind::Array(element, count)) => (form(element_kind(g, element), types.size_of(element), true), count),
        (b'y', _) => (form(KsArgKind::Bytes as u32, 1, false), types.size_of(ty)),
        (_, _) => (form(element_kind(g, ty), types.size_of(ty), false), 1),
    }
}

fn element_kind(g: &FnGen, ty: Ty) -> u32 {
    let of = g.types().kind(ty);
    if matches!(of, TyKind::Str(_) | TyKind::Array(Ty::CHAR, _)) {
        return KsArgKind::Str as u32;
    }
    let found = if let TyKind::Array(..) = of { KsArgKind::Bytes } else { kind(g, ty).0 };
    found as u32
}

fn store<'c>(
    g: &FnGen<'_, '_, 'c>,
    slot: PointerValue<'c>,
    index: u64,
    form: &Form,
    (count, value): (IntValue<'c>, IntValue<'c>),
) {
    let pair = |low: u64, high: u64| match g.types().machine().endian {
        Endian::Little => high << 32 | low,
        Endian::Big => low << 32 | high,
    };
    let build = &g.g.build;
    let first = build.int(64, pair(form.kind.into(), form.size));
    let second = build.int(64, pair(form.is_list.into(), form.in_place.into()));
    for (word, value) in [first, second, count, value].into_iter().enumerate() {
        let at = build.int(64, SIZE * index + 8 * word as u64);
        build.store(build.offset(slot, at), value.into(), 8);
    }
}
