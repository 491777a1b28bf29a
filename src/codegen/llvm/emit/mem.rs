//! Dialect `mem`.

use super::super::builder::Extend;
use super::super::function::FnGen;
use super::super::memory::part_align;
use super::super::verifier::known_limits;
use crate::diag::codes::ir::IllFormedIr;
use crate::diag::codes::support::NeedsMcpu;
use crate::ir::ops::{
    MemAtomic, MemBlur, MemCompareExchange, MemEqual, MemFetch, MemFromInt, MemIndex, MemIsNull, MemPtrAdd, MemToInt,
    MemUnknown,
};
use crate::ir::{OpData, Opcode, Value};
use crate::session::Mcpu;
use crate::target::Executor;
use crate::types::{Space, TyKind};
use inkwell::values::{BasicValueEnum, IntValue, PointerValue};
use inkwell::{AtomicOrdering, AtomicRMWBinOp, IntPredicate};

pub fn ptr_add(g: &mut FnGen, op: &OpData) {
    let view = MemPtrAdd::of(op);
    let offset = g.g.build.resize(g.int(view.offset()), 64, Extend::Zero);
    let base = g.ptr(view.pointer());
    let pointer = if in_packet(g, view.pointer()) && !offset.is_const() {
        packet_sum(g, base, offset, None)
    } else if matches!(g.types().kind(g.func.ty(view.pointer())), TyKind::Ptr { space: Space::Arena, .. }) {
        g.g.build.element_anywhere(base, g.g.build.int_type(8).into(), offset)
    } else {
        g.g.build.offset(base, offset)
    };
    g.set(op, pointer);
}

/// The verifier gives each addition of a variable to a packet pointer bounds of its own. LLVM would add once for the check and again for
/// the access, where it merges what several branches have in common.
pub fn packet_sum<'c>(
    g: &FnGen<'_, '_, 'c>,
    base: PointerValue<'c>,
    offset: IntValue<'c>,
    largest: Option<u64>,
) -> PointerValue<'c> {
    let sum = g.g.build.asm_offset(base, offset);
    known_limits::mark_sum(g.g, sum, largest);
    sum
}

fn in_packet(g: &FnGen, pointer: Value) -> bool {
    let kind = g.types().kind(g.func.ty(pointer));
    g.g.facts.verified && matches!(kind, TyKind::Ptr { space: Space::Packet, .. })
}

pub fn index(g: &mut FnGen, op: &OpData) {
    let view = MemIndex::of(op);
    let element = g.g.memory_type(g.pointee(op.results[0]));
    let pointer = g.g.build.element_anywhere(g.ptr(view.pointer()), element, g.int(view.count()));
    g.set(op, pointer);
}

pub fn to_int(g: &mut FnGen, op: &OpData) {
    let pointer = MemToInt::of(op).pointer();
    let address = g.g.build.ptr_to_int(g.ptr(pointer));
    let of_arena = matches!(g.types().kind(g.func.ty(pointer)), TyKind::Ptr { space: Space::Arena, .. });
    let address = if g.g.facts.verified && !of_arena && !is_in_record(g, pointer) {
        // The result of a swap is a number to the verifier, which allows little arithmetic with pointers.
        g.g.build.asm_unary("$0 = be64 $0\n\t$0 = be64 $0", "=r,0", address)
    } else {
        address
    };
    g.set(op, address);
}

/// Whether a pointer was loaded from the record of an event: to the verifier those are numbers.
fn is_in_record(g: &FnGen, pointer: Value) -> bool {
    let made = g.func.def(pointer).map(|op| &g.func.ops[op]);
    made.is_some_and(|made| {
        made.opcode == Opcode::CoreRecordLoad || made.opcode == Opcode::ArithCast && is_in_record(g, made.operands[0])
    })
}

pub fn from_int(g: &mut FnGen, op: &OpData) {
    let pointer = g.g.build.int_to_ptr(g.int(MemFromInt::of(op).address()));
    g.set(op, pointer);
}

pub fn is_null(g: &mut FnGen, op: &OpData) {
    let pointer = g.value(MemIsNull::of(op).pointer());
    let null: BasicValueEnum = pointer.get_type().const_zero();
    let value = g.g.build.compare(IntPredicate::EQ, pointer, null);
    g.set(op, value);
}

pub fn atomic(g: &mut FnGen, op: &OpData) {
    let view = MemAtomic::of(op);
    let rmw = operation(view.op());
    // Before v3 there is only the addition that does not fetch.
    if rmw != AtomicRMWBinOp::Add && !fetches(g, op, view.op()) || narrow(g, op, view.value()) {
        return;
    }
    // An assignment orders nothing else, and without an order BPF has an instruction that does not fetch.
    g.g.build.atomic(rmw, g.ptr(view.place()), g.int(view.value()), AtomicOrdering::Monotonic);
}

pub fn fetch(g: &mut FnGen, op: &OpData) {
    let view = MemFetch::of(op);
    if !fetches(g, op, view.op()) || narrow(g, op, view.value()) {
        return g.set(op, g.int(view.value()));
    }
    let (op_kind, order) = (operation(view.op()), AtomicOrdering::SequentiallyConsistent);
    let old = g.g.build.atomic(op_kind, g.ptr(view.place()), g.int(view.value()), order);
    g.set(op, old);
}

pub fn compare_exchange(g: &mut FnGen, op: &OpData) {
    let view = MemCompareExchange::of(op);
    if !fetches(g, op, "compare_exchange") || narrow(g, op, view.value()) {
        return g.set(op, g.int(view.value()));
    }
    let old = g.g.build.compare_exchange(g.ptr(view.place()), g.int(view.expected()), g.int(view.value()));
    g.set(op, old);
}

fn operation(word: &str) -> AtomicRMWBinOp {
    match word {
        "add" => AtomicRMWBinOp::Add,
        "and" => AtomicRMWBinOp::And,
        "or" => AtomicRMWBinOp::Or,
        "xor" => AtomicRMWBinOp::Xor,
        "exchange" => AtomicRMWBinOp::Xchg,
        other => crate::bug!("there is no atomic operator `{other}`"),
    }
}

/// Whether the target has atomic instructions that yield the old value; reports if not.
fn fetches(g: &mut FnGen, op: &OpData, word: &str) -> bool {
    if g.g.facts.executor != Executor::Bpf || g.g.cx.options.mcpu >= Mcpu::V3 {
        return true;
    }
    g.g.cx.error(op.loc.span, NeedsMcpu { what: format!("an atomic `{word}`"), level: "v3".into() });
    g.g.failed = true;
    false
}

fn narrow(g: &mut FnGen, op: &OpData, value: Value) -> bool {
    let narrow = g.int(value).get_type().get_bit_width() < 32;
    if narrow {
        g.g.cx.error(op.loc.span, IllFormedIr { why: "atomic operations take 32 and 64 bits".into() });
        g.g.failed = true;
    }
    narrow
}

/// By as much at once as is left, and as the place is aligned. For LLVM these are other numbers, which is why it keeps those
/// stores that something reads after.
pub fn unknown(g: &mut FnGen, op: &OpData) {
    let place = MemUnknown::of(op).place();
    let (size, align) = (g.types().size_of(g.pointee(place)), g.align(place).min(8));
    let mut zero = None;
    let mut offset = 0;
    while offset < size {
        let bytes: u64 = 1 << (size - offset).ilog2().min(align.ilog2());
        let at = g.g.build.offset(g.ptr(place), g.g.build.int(64, offset));
        let bits = 8 * bytes as u32;
        let number = g.g.build.load(g.g.build.int_type(bits).into(), at, bytes).into_int_value();
        let number = g.g.build.resize(number, 64, Extend::Zero);
        let zero = *zero.get_or_insert_with(|| g.g.build.asm_unknown_zero(number));
        let number = g.g.build.resize(g.g.build.xor(number, zero), bits, Extend::Zero);
        g.g.build.store(at, number.into(), bytes);
        offset += bytes;
    }
}

/// The verifier marks the bytes of an unknown register as plain bytes, also at the offset of a slot, so this ends a spill. Volatile, since
/// LLVM would drop a store whose byte a later one overwrites; the verifier needs it for the write in between.
pub fn blur(g: &mut FnGen, op: &OpData) {
    let view = MemBlur::of(op);
    let at = g.g.build.offset(g.ptr(view.place()), g.g.build.int(64, view.offset() as u64));
    let byte = g.g.build.load(g.g.build.int_type(8).into(), at, 1).into_int_value();
    let wide = g.g.build.resize(byte, 64, Extend::Zero);
    let unknown = g.g.build.asm_forget(wide);
    let byte = g.g.build.resize(unknown, 8, Extend::Zero);
    g.g.build.store_volatile(at, byte.into(), 1);
}

/// Word by word, as long as they agree.
pub fn equal(g: &mut FnGen, op: &OpData) {
    let view = MemEqual::of(op);
    let places = [view.left(), view.right()];
    let units = units(g.types().size_of(g.pointee(view.left())), places.map(|place| words_of(g, place)));
    let Some((&last, before)) = units.split_last() else {
        let yes = g.g.build.int(1, 1);
        return g.set(op, yes);
    };
    let done = g.g.build.block_behind("equal.done");
    let mut differ = Vec::new();
    for &unit in before {
        let next = g.g.build.block_behind("equal.next");
        let equal = equal_words(g, places, unit);
        differ.push(g.g.build.here());
        g.g.build.cond_br(equal, next, done);
        g.g.build.go_to(next);
    }
    let (equal, end) = (equal_words(g, places, last), g.g.build.here());
    g.g.build.br(done);
    g.g.build.go_to(done);
    let result = g.g.build.phi(g.g.build.int_type(1).into());
    let no = g.g.build.int(1, 0);
    differ.into_iter().for_each(|block| result.add_incoming(&[(&no, block)]));
    result.add_incoming(&[(&equal, end)]);
    g.set(op, result.as_basic_value());
}

fn equal_words<'c>(g: &FnGen<'_, '_, 'c>, places: [Value; 2], (at, bytes): (u64, u64)) -> IntValue<'c> {
    let [left, right] = places.map(|place| {
        let from = g.g.build.offset(g.ptr(place), g.g.build.int(64, at));
        let align = if g.in_packet(place) { bytes } else { part_align(g.align(place), at) };
        g.g.build.load(g.g.build.int_type(8 * bytes as u32).into(), from, align)
    });
    g.g.build.compare(IntPredicate::EQ, left, right)
}

/// How words of a place are aligned; none where they may lie at any address, as in packets and in text, which LLVM knows.
fn words_of(g: &FnGen, place: Value) -> Option<u64> {
    (!g.in_packet(place) && !is_text(g, place)).then(|| g.align(place))
}

fn is_text(g: &FnGen, place: Value) -> bool {
    let Some(data) = g.func.def(place).map(|op| &g.func.ops[op]) else { return false };
    let is_part = matches!(data.opcode, Opcode::KsElem | Opcode::KsDeref | Opcode::ArithCast | Opcode::KsAddr);
    data.opcode == Opcode::KsStr || is_part && is_text(g, data.operands[0])
}

/// The offsets and sizes of words that cover so many bytes of two places. Where words may lie anywhere the last one begins before
/// the end of the one before it if that saves one.
fn units(size: u64, aligns: [Option<u64>; 2]) -> Vec<(u64, u64)> {
    let takes =
        |align: Option<u64>, at: u64, unit: u64| align.is_none_or(|align| align >= unit && at.is_multiple_of(unit));
    let mut units = Vec::new();
    let mut at = 0;
    while at < size {
        let rest = size - at;
        let fits = |&unit: &u64| unit <= rest && aligns.iter().all(|&align| takes(align, at, unit));
        let unit = [8, 4, 2].into_iter().find(fits).unwrap_or(1);
        let over = unit * 2;
        if aligns == [None; 2] && unit < rest && rest < over && over <= size.min(8) {
            units.push((size - over, over));
            break;
        }
        units.push((at, unit));
        at += unit;
    }
    units
}

/// With the branches of an iteration about as many as make the verifier keep a state (`is_state_visited` of kernel/bpf/verifier.c).
const JUMPS: usize = 10;

/// `mem.checkpoint`: `JUMPS` instructions `goto +0`, in one block of inline assembly; yields no value.
pub fn checkpoint(g: &mut FnGen, _: &OpData) {
    g.g.build.asm_jumps(JUMPS);
}
