//! Printing in user space: the runtime formats.

use super::super::super::builder::Extend;
use super::super::super::function::FnGen;
use super::super::host::runtime;
use crate::codegen::abi::{KsArg, KsArgKind};
use crate::ir::ops::{HostFormat, HostPanic, KsPrint};
use crate::ir::{OpData, Value};
use crate::target::Endian;
use crate::types::{Ty, TyKind};
use inkwell::values::{BasicValueEnum, IntValue};

/// `KsArg::value` lies after `kind` and `size`.
const VALUE_OFFSET: u64 = std::mem::offset_of!(KsArg, value) as u64;
const ARG_SIZE: u64 = std::mem::size_of::<KsArg>() as u64;

pub fn emit(g: &mut FnGen, view: &KsPrint) {
    let newline = g.number(view.newline().into());
    call(g, "ks_print", &[], (view.format(), view.args()), &[newline]);
}

/// `host.panic`
pub fn panic(g: &mut FnGen, op: &OpData) {
    let view = HostPanic::of(op);
    let file = g.g.string(&[view.file(), b"\0".as_slice()].concat());
    let line = g.g.build.int(32, view.line() as u64);
    call(g, "ks_panic", &[file.into(), line.into()], (view.format(), view.args()), &[]);
}

/// `host.format`
pub fn format(g: &mut FnGen, op: &OpData) {
    let view = HostFormat::of(op);
    let size = g.types().size_of(g.pointee(view.out()));
    let (out, size) = (g.value(view.out()), g.g.build.int(64, size).into());
    call(g, "ks_format", &[out, size], (view.format(), view.args()), &[]);
}

/// Calls a function of the runtime that takes a format and its values, with what comes before and after these.
fn call<'c>(
    g: &mut FnGen<'_, '_, 'c>,
    name: &str,
    before: &[BasicValueEnum<'c>],
    (format, args): (&[u8], &[Value]),
    after: &[BasicValueEnum<'c>],
) {
    let slot = (!args.is_empty()).then(|| g.slot(g.g.bytes_type(args.len() as u64 * ARG_SIZE), 8, ""));
    if let Some(slot) = slot {
        g.begin_life(slot);
        for (index, &arg) in args.iter().enumerate() {
            let (kind, size, value) = describe(g, arg);
            let build = &g.g.build;
            // `kind` and `size` in one store.
            let head = match g.types().machine().endian {
                Endian::Little => u64::from(size) << 32 | kind as u64,
                Endian::Big => (kind as u64) << 32 | u64::from(size),
            };
            let head = build.int(64, head);
            let at = index as u64 * ARG_SIZE;
            build.store(build.offset(slot, build.int(64, at)), head.into(), 8);
            build.store(build.offset(slot, build.int(64, at + VALUE_OFFSET)), value.into(), 8);
        }
    }
    let array = slot.unwrap_or_else(|| g.g.build.null()).into();
    let text = g.g.string(format).into();
    let build = &g.g.build;
    let (length, count) = (build.int(64, format.len() as u64), build.int(64, args.len() as u64));
    let printed = [text, length.into(), array, count.into()];
    runtime(g, name, None, &[before, &printed, after].concat());
    if let Some(slot) = slot {
        g.end_life(slot);
    }
}

/// Kind, size and value of an argument, as `KsArg` has them.
pub fn describe<'c>(g: &FnGen<'_, '_, 'c>, arg: Value) -> (KsArgKind, u32, IntValue<'c>) {
    let ty = g.func.ty(arg);
    let value = g.value(arg);
    let value = if value.is_pointer_value() {
        g.g.build.ptr_to_int(value.into_pointer_value())
    } else if value.is_float_value() {
        g.g.build.float_bits(value.into_float_value())
    } else {
        let extend = if g.g.is_signed(ty) { Extend::Sign } else { Extend::Zero };
        g.g.build.resize(value.into_int_value(), 64, extend)
    };
    let (kind, sized) = kind(g, ty);
    (kind, g.types().size_of(sized) as u32, value)
}

/// The kind of a value, and the type whose size counts.
pub fn kind(g: &FnGen, ty: Ty) -> (KsArgKind, Ty) {
    match g.types().kind(ty) {
        TyKind::Bool => (KsArgKind::Bool, ty),
        TyKind::Be { .. } => (KsArgKind::Be, ty),
        TyKind::Char => (KsArgKind::Char, ty),
        TyKind::F64 => (KsArgKind::F64, ty),
        TyKind::Place { of, .. } => (in_place(g, of), of),
        TyKind::Int { .. } | TyKind::Enum(_) | TyKind::Handle(_) | TyKind::Link => {
            let signed = g.g.is_signed(ty) || ty == Ty::LINK;
            (if signed { KsArgKind::Signed } else { KsArgKind::Unsigned }, ty)
        }
        TyKind::Ptr { .. } | TyKind::Fn(_) | TyKind::Null => (KsArgKind::Pointer, ty),
        TyKind::Void
        | TyKind::Str(_)
        | TyKind::Array(..)
        | TyKind::Struct(_)
        | TyKind::Opt(_)
        | TyKind::Bytes
        | TyKind::Error => {
            crate::bug!("a {} cannot be printed", g.types().ir_text(ty))
        }
    }
}

/// Strings and arrays of characters print as text; other memory is an address of a network.
fn in_place(g: &FnGen, ty: Ty) -> KsArgKind {
    let kind = g.types().kind(ty);
    let text = matches!(kind, TyKind::Str(_)) || matches!(kind, TyKind::Array(Ty::CHAR, _));
    if text { KsArgKind::Str } else { KsArgKind::Bytes }
}
