//! `core-access`: reads of the kernel's structs, at offsets that the loader relocates (CO-RE).
//!
//! Takes `ks.field` of such a struct, which becomes `core.field`, and ops that read places of kernel memory. A scalar in memory that the
//! verifier knows stays a `ks.load`. Other values are copied to the stack by `bpf_probe_read_kernel`, which yields zeros where the address
//! is bad: memory that the verifier does not know, aggregates, elements at a variable index, and bit-fields, whose bytes are relocated too.
//! `text.rs` reads arrays of characters right to where their text goes. `records.rs` reads the record of an event, which is a context. Writes are reported, but for those of the fields that functions of a
//! struct may write (`struct_ops.toml`).

mod elements;
mod records;
mod text;

use super::analysis::kernel_writes::written;
use super::{Because, Changed, Declarations, EVERY, Pass, Run};
use crate::diag::codes::contexts::KernelWrite;
use crate::diag::codes::refused::{NamelessStruct, WholeStruct};
use crate::ir::ops::{CoreField, KsCopy, KsElem, KsLoad, KsStore};
use crate::ir::{Builder, Function, OpId, Opcode, Value};
use crate::session::Session;
use crate::tables::OperandKind;
use crate::target::Endian;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::HashMap;

const NAME: &str = "core-access";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Read the kernel's structs at relocated offsets",
    after: &[("assign-ops", "makes loads and stores"), ("outline", "makes places again in functions of their own")],
    before: &[("strings", "reads the words of text"), ("to-cf", "ends regions"), ("frames", EVERY)],
    because: Because::Target,
    run: Run::Function(run),
};

fn run(func: &mut Function, _: &Declarations, cx: &mut Session) -> Changed {
    let mut changed = Changed::No;
    let mut word = None;
    for op in func.walk() {
        let touches = func.ops[op].operands.iter().any(|&operand| kernel_memory(&cx.types, func.ty(operand)).is_some());
        if touches {
            access(func, op, cx, &mut word);
            changed = Changed::Yes;
        }
    }
    changed
}

/// The value and the space of a place in kernel memory; none for other places. The record of an event, which is the context of a program,
/// is kernel
/// memory too.
fn kernel_memory(types: &Types, place: Ty) -> Option<(Ty, Space)> {
    let TyKind::Place { of, space } = types.kind(place) else { return None };
    matches!(space, Space::BtfTrusted | Space::BtfUntrusted | Space::User | Space::Ctx).then_some((of, space))
}

fn access(func: &mut Function, op: OpId, cx: &mut Session, word: &mut Word) {
    let data = func.ops[op].clone();
    let first = data.operands[0];
    let of_struct = kernel_memory(&cx.types, func.ty(first)).is_some_and(|(of, _)| cx.types.is_relocated(of));
    if data.opcode == Opcode::KsField {
        if of_struct {
            refuse_nameless(func, op, first, cx);
            func.become_op(op, Opcode::CoreField, data.operands, data.attrs);
        }
    } else if data.opcode == Opcode::KsElem {
        let element = kernel_memory(&cx.types, func.ty(data.results[0]));
        if element.is_some_and(|(of, _)| cx.types.is_aggregate(of)) {
            if elements::is_part(func, first) {
                elements::element(func, op, &mut cx.types);
            } else {
                let what = "an element of an array behind a pointer, whose size differs among kernels,".to_owned();
                cx.error(data.loc.span, NamelessStruct { what })
                    .help("index the array as a field of the struct that contains it: `s->array[i]`");
            }
        }
    } else if data.opcode == Opcode::KsLoad {
        if records::load(func, op, &mut cx.types) {
            return;
        }
        let place = KsLoad::of(&data).place();
        if is_resized(func, &cx.types, place) {
            let slot = word_of(func, &mut cx.types, word);
            bits(func, op, &mut cx.types, slot);
        } else if !is_direct(func, &cx.types, place) {
            let ty = func.ty(data.results[0]);
            if let Some((store, to)) = stored(func, &cx.types, op) {
                let mut b = Builder::before(func, op, NAME);
                read(&mut b, &mut cx.types, to, place);
                func.erase(store);
                func.erase(op);
                return;
            }
            let slot = word_of(func, &mut cx.types, word);
            let mut b = Builder::before(func, op, NAME);
            let copy = as_place_of(&mut b, &mut cx.types, slot, ty);
            read(&mut b, &mut cx.types, copy, place);
            let value = b.ks_load(copy, ty);
            replace(func, op, value);
        }
    } else if data.opcode == Opcode::KsBits {
        let slot = word_of(func, &mut cx.types, word);
        if func.def(first).is_some_and(|made| func.ops[made].opcode == Opcode::CoreField) {
            bits(func, op, &mut cx.types, slot);
        } else {
            bits_of_header(func, op, &mut cx.types, slot);
        }
    } else if data.opcode == Opcode::KsCopy && kernel_memory(&cx.types, func.ty(KsCopy::of(&data).to())).is_none() {
        let view = KsCopy::of(&data);
        if whole(func, op, view.from(), cx) {
            return;
        }
        let mut b = Builder::before(func, op, NAME);
        read(&mut b, &mut cx.types, view.to(), view.from());
        func.erase(op);
    } else if data.opcode == Opcode::KsStore
        && is_direct(func, &cx.types, first)
        && written(func, &cx.types, &data).is_some()
    {
        // `reach` knows that the programs that come here may write it.
    } else if data.opcode == Opcode::StrCopy && text::read(func, op, &mut cx.types) {
        // It was an array of characters.
    } else if !data.opcode.name().starts_with("core.") && data.opcode != Opcode::KsAddr {
        others(func, op, cx);
    }
}

/// Loaders find the struct where an access begins by its name.
fn refuse_nameless(func: &Function, op: OpId, base: Value, cx: &mut Session) {
    let begins = func.def(base).is_none_or(|op| !matches!(func.ops[op].opcode, Opcode::CoreField | Opcode::CoreElem));
    let TyKind::Place { of, .. } = cx.types.kind(func.ty(base)) else { return };
    let TyKind::Struct(id) = cx.types.kind(of) else { return };
    if begins && cx.types.struct_def(id).name.contains('.') {
        let what = "a struct without a name behind a pointer".to_owned();
        cx.error(func.ops[op].loc.span, NamelessStruct { what })
            .help("read its fields through the struct that contains it: `s->inner.field`");
    }
}

/// A whole struct of the kernel has a size of its own on each kernel, and so have arrays of them; true if that was reported.
fn whole(func: &Function, op: OpId, place: Value, cx: &mut Session) -> bool {
    let of = kernel_memory(&cx.types, func.ty(place)).map(|(of, _)| of);
    let whole = of.is_some_and(|of| cx.types.is_relocated(of));
    if whole {
        let what = "a struct of the kernel".to_owned();
        cx.error(func.ops[op].loc.span, WholeStruct { what })
            .help("read the fields that you need: a local variable may keep a copy of which only fields are read");
    }
    whole
}

/// Ops that read places, whatever they do with them, read copies.
fn others(func: &mut Function, op: OpId, cx: &mut Session) {
    let spec = func.ops[op].opcode.spec();
    for index in 0..func.ops[op].operands.len() {
        let place = func.ops[op].operands[index];
        let Some((of, _)) = kernel_memory(&cx.types, func.ty(place)) else { continue };
        let kind = spec.operands.get(index.min(spec.operands.len().saturating_sub(1))).map(|operand| operand.kind);
        if kind == Some(OperandKind::Out) {
            let of_process = kernel_memory(&cx.types, func.ty(place)).is_some_and(|(_, space)| space == Space::User);
            let of = if of_process { "a process" } else { "the kernel" }.to_owned();
            cx.error(func.ops[op].loc.span, KernelWrite { of });
            return;
        }
        if kind != Some(OperandKind::Place) {
            continue;
        }
        if whole(func, op, place, cx) {
            return;
        }
        let mut b = Builder::before(func, op, NAME);
        let copy = copied(&mut b, &mut cx.types, place, of);
        func.ops[op].operands[index] = copy;
    }
}

/// Where a number that is loaded goes at once and alone, if that is a record, which nobody else sees yet: the store, and the place.
fn stored(func: &Function, types: &Types, load: OpId) -> Option<(OpId, Value)> {
    let (value, block) = (func.ops[load].results[0], func.ops[load].block);
    let ops = &func.blocks[block].ops;
    let next = ops.position(load)? + 1;
    let store = (next < ops.len()).then(|| ops[next])?;
    let view = Some(&func.ops[store]).filter(|data| data.opcode == Opcode::KsStore).map(KsStore::of)?;
    let to = view.place();
    let TyKind::Place { of, space: Space::Ringbuf } = types.kind(func.ty(to)) else { return None };
    let fits = of == func.ty(value) && matches!(types.kind(of), TyKind::Int { .. } | TyKind::Be { .. });
    (fits && view.value() == value && func.uses().users(value).len() == 1).then_some((store, to))
}

/// Whether the verifier knows the memory and the offset.
fn is_direct(func: &Function, types: &Types, place: Value) -> bool {
    if kernel_memory(types, func.ty(place)).is_none_or(|(_, space)| space != Space::BtfTrusted) {
        return false;
    }
    let Some(data) = func.def(place).map(|op| &func.ops[op]) else { return true };
    if data.opcode == Opcode::KsElem {
        let view = KsElem::of(data);
        return func.known(types, view.index()).is_some() && is_direct(func, types, view.base());
    }
    if matches!(data.opcode, Opcode::KsField | Opcode::CoreField | Opcode::CoreElem) {
        return is_direct(func, types, data.operands[0]);
    }
    true
}

/// The variable that takes the numbers and pointers which a function reads: each is loaded from it at once, so all share it.
type Word = Option<Value>;

fn word_of(func: &mut Function, types: &mut Types, word: &mut Word) -> Value {
    *word.get_or_insert_with(|| {
        let first = func.blocks[func.entry()].ops.first().copied();
        let Some(first) = first else { crate::bug!("a function that reads has ops") };
        let slot = types.place(Ty::U64, Space::Stack);
        Builder::before(func, first, NAME).ks_var(b"kernel", slot)
    })
}

/// The variable as one of this type.
fn as_place_of(b: &mut Builder<'_>, types: &mut Types, slot: Value, ty: Ty) -> Value {
    let (pointer, place) = (types.ptr(ty, Space::Stack, false), types.place(ty, Space::Stack));
    let start = address(b, types, slot);
    let start = b.arith_cast(start, pointer);
    b.ks_deref(start, place)
}

/// A variable with what a place holds.
fn copied(b: &mut Builder<'_>, types: &mut Types, place: Value, ty: Ty) -> Value {
    let slot = types.place(ty, Space::Stack);
    let slot = b.ks_var(b"kernel", slot);
    read(b, types, slot, place);
    slot
}

/// Copies all of `from`, which is as large on each kernel.
fn read(b: &mut Builder<'_>, types: &mut Types, to: Value, from: Value) {
    let TyKind::Place { of, .. } = types.kind(b.func.ty(from)) else { crate::bug!("a read of no place") };
    let source = address(b, types, from);
    let size = b.ks_const(types.size_of(of).into(), Ty::U32);
    let to = address(b, types, to);
    probe(b, types, to, size, source);
}

/// Copies from the address `source` to the address `to`.
fn probe(b: &mut Builder<'_>, types: &Types, to: Value, size: Value, source: Value) {
    let of_process = matches!(types.kind(b.func.ty(source)), TyKind::Ptr { space: Space::User, .. });
    let helper = if of_process { "bpf_probe_read_user" } else { "bpf_probe_read_kernel" };
    b.bpf_helper(&[to, size, source], &helper.into(), &[Ty::I64]);
}

fn address(b: &mut Builder<'_>, types: &mut Types, place: Value) -> Value {
    let TyKind::Place { of, space } = types.kind(b.func.ty(place)) else { crate::bug!("an address of no place") };
    let pointer = types.ptr(of, space, false);
    b.ks_addr(place, pointer)
}

/// Whether a place is a number that the program declares itself, in a flavour of a struct: the kernel may have another width.
fn is_resized(func: &Function, types: &Types, place: Value) -> bool {
    let Some(data) = func.def(place).map(|op| &func.ops[op]) else { return false };
    let TyKind::Place { of, .. } = types.kind(func.ty(place)) else { return false };
    if data.opcode != Opcode::CoreField || types.as_int(of).is_none() {
        return false;
    }
    let TyKind::Place { of: base, .. } = types.kind(func.ty(data.operands[0])) else { return false };
    matches!(types.kind(base), TyKind::Struct(id) if types.struct_def(id).span.is_some())
}

/// The bytes that hold a number or a bit-field, as many as there are on the kernel that runs, shifted until only the field is left.
fn bits(func: &mut Function, op: OpId, types: &mut Types, slot: Value) {
    let (place, ty) = (func.ops[op].operands[0], func.ty(func.ops[op].results[0]));
    let Some(of) = func.def(place).map(|op| &func.ops[op]).filter(|of| of.opcode == Opcode::CoreField) else {
        crate::bug!("a bit-field of kernel memory is a field");
    };
    let (base, field) = (of.operands[0], CoreField::of(of).field());
    let mut b = Builder::before(func, op, NAME);
    let value = number(&mut b, types, slot, (base, field), ty);
    replace(func, op, value);
}

/// A bit-field of a struct that is the same on each kernel, such as the header of a packet: of a copy of what holds it.
fn bits_of_header(func: &mut Function, op: OpId, types: &mut Types, slot: Value) {
    let place = func.ops[op].operands[0];
    let TyKind::Place { of, .. } = types.kind(func.ty(place)) else { crate::bug!("a bit-field is in a place") };
    let mut b = Builder::before(func, op, NAME);
    let copy = as_place_of(&mut b, types, slot, of);
    read(&mut b, types, copy, place);
    func.ops[op].operands[0] = copy;
}

/// The number of a field: its bytes, as many as there are on the kernel that runs, shifted until only the field is left.
fn number(b: &mut Builder<'_>, types: &mut Types, slot: Value, (base, field): (Value, i128), ty: Ty) -> Value {
    let signed = types.as_int(ty).is_some_and(|(_, signed)| signed);
    let wide = types.int(64, signed);
    let slot = as_place_of(b, types, slot, wide);
    b.ks_zero(slot);
    let space = kernel_memory(types, b.func.ty(base)).map_or(Space::BtfUntrusted, |(_, space)| space.probed());
    let byte = types.ptr(Ty::U8, space, false);
    // The offset counts from where the access begins.
    let start = elements::root(b.func, base);
    let base_address = address(b, types, start);
    let offset = b.core_bits(base, field, "offset", Ty::U64);
    let source = b.mem_ptr_add(base_address, offset, byte);
    let size = b.core_bits(base, field, "size", Ty::U32);
    // The bytes become the low ones of the word.
    let mut to = address(b, types, slot);
    if types.machine().endian == Endian::Big {
        let (word, wide) = (b.ks_const(8, Ty::U64), b.arith_cast(size, Ty::U64));
        let before = b.arith_sub(word, wide, Ty::U64);
        let ty = types.ptr(Ty::U8, Space::Stack, false);
        to = b.mem_ptr_add(to, before, ty);
    }
    probe(b, types, to, size, source);
    let value = b.ks_load(slot, wide);
    let left = b.core_bits(base, field, "left", wide);
    let right = b.core_bits(base, field, "right", wide);
    let value = b.arith_shl(value, left, wide);
    let value = b.arith_shr(value, right, wide);
    if ty == wide { value } else { b.arith_cast(value, ty) }
}

fn replace(func: &mut Function, op: OpId, value: Value) {
    func.replace_values(&HashMap::from([(func.ops[op].results[0], value)]));
    func.erase(op);
}
