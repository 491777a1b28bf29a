//! `dynptrs`: lowers records of variable size to the kernel's handles of memory (`struct bpf_dynptr`).
//!
//! Takes `map.reserve_sized`, `map.tail_at` and `map.tail_write`, and those `map.submit` and `map.discard` that end a record of
//! `map.reserve_sized`. Leaves calls of helpers and `mem.some` for `optionals` to test. The verifier wants each handle to be released, also
//! where there was no room: then it is discarded at once. It knows the size of a part only if that is a constant, and the size of a copy if
//! it is bounded.

use super::records::aliases::{Derived, Makers, Root};
use super::{Because, Changed, Declarations, Pass, Run};
use crate::diag::lowered::RecordSized;
use crate::fold::CompareOp;
use crate::ir::ops::{KsIfSome, MapReserveSized, MapTailAt, MapTailWrite};
use crate::ir::{Builder, Function, OpId, Opcode, Value};
use crate::session::Session;
use crate::types::{Space, Ty, TyKind, Types};

const NAME: &str = "dynptrs";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Lower records of variable size to dynptrs",
    after: &[
        ("exits", "makes the ends of records that thrown errors pass"),
        ("specialise", "clones functions that take views of records"),
    ],
    before: &[
        ("maps", "takes the records of the size of the map's value, which this pass leaves"),
        ("optionals", "tests the optionals that this pass makes"),
    ],
    because: Because::Target,
    run: Run::Function(run),
};

/// The kernel reserves less than 1 << 24 bytes (kernel/bpf/helpers.c: `DYNPTR_MAX_SIZE`), so that this is too much.
const TOO_LARGE: i128 = 1 << 24;

fn run(func: &mut Function, _: &Declarations, cx: &mut Session) -> Changed {
    let ops = func.walk();
    for data in ops.iter().map(|&op| &func.ops[op]).filter(|data| data.opcode == Opcode::MapReserveSized) {
        let map = cx.source_name(MapReserveSized::of(data).map());
        cx.explain(data.loc.span, &RecordSized { map });
    }
    let types = &mut cx.types;
    if ops.iter().any(|&op| func.ops[op].opcode == Opcode::MapReserveSized) {
        let derived = Derived::of(func, types, &Makers::new());
        for &op in &ops {
            if matches!(func.ops[op].opcode, Opcode::MapSubmit | Opcode::MapDiscard) {
                end(func, types, op, &derived);
            }
        }
    }
    let mut changed = Changed::No;
    for op in ops {
        if func.ops[op].opcode == Opcode::MapReserveSized {
            reserve(func, types, op);
        } else if func.ops[op].opcode == Opcode::MapTailAt {
            part(func, types, op);
        } else if func.ops[op].opcode == Opcode::MapTailWrite {
            write(func, types, op);
        } else {
            continue;
        }
        changed = Changed::Yes;
    }
    changed
}

/// The address of the variable with a handle.
fn address(b: &mut Builder<'_>, types: &mut Types, dynptr: Value) -> Value {
    let TyKind::Place { of, space } = types.kind(b.func.ty(dynptr)) else { crate::bug!("a handle is in a variable") };
    let ty = types.ptr(of, space, false);
    b.ks_addr(dynptr, ty)
}

/// A helper that takes a handle and flags, and yields nothing.
fn release(b: &mut Builder<'_>, types: &mut Types, dynptr: Value, helper: &str) {
    let address = address(b, types, dynptr);
    let flags = b.ks_const(0, Ty::U64);
    b.bpf_helper(&[address, flags], &helper.into(), &[]);
}

/// The end of a record, if that is one of variable size.
fn end(func: &mut Function, types: &mut Types, op: OpId, derived: &Derived) {
    let data = &func.ops[op];
    let Some((Root::Record(reserve), _)) = derived.root(data.operands[0]) else { return };
    if func.ops[reserve].opcode != Opcode::MapReserveSized {
        return;
    }
    let is_submit = data.opcode == Opcode::MapSubmit;
    let helper = if is_submit { "bpf_ringbuf_submit_dynptr" } else { "bpf_ringbuf_discard_dynptr" };
    let dynptr = MapReserveSized::of(&func.ops[reserve]).dynptr();
    release(&mut Builder::before(func, op, NAME), types, dynptr, helper);
    func.erase(op);
}

/// The record is the address of its value; without a record that is null.
fn reserve(func: &mut Function, types: &mut Types, op: OpId) {
    let view = MapReserveSized::of(&func.ops[op]);
    let (dynptr, tail, map) = (view.dynptr(), view.tail(), view.map().clone());
    let record = func.ops[op].results[0];
    let TyKind::Opt(found) = types.kind(func.ty(record)) else { crate::bug!("a record may be absent") };
    let TyKind::Ptr { to, space, .. } = types.kind(found) else { crate::bug!("a record has an address") };
    let (pointer, map_type) = (types.ptr(to, space, true), types.ptr(Ty::U8, Space::Map, false));
    let tests: Vec<OpId> = func.uses().users(record).to_vec();
    for test in tests {
        let none = func.only_block(KsIfSome::of(&func.ops[test]).none_region());
        let Some(&first) = func.blocks[none].ops.first() else { crate::bug!("a region without an end") };
        release(&mut Builder::before(func, first, NAME), types, dynptr, "bpf_ringbuf_discard_dynptr");
    }
    let mut b = Builder::before(func, op, NAME);
    let most = b.ks_const(TOO_LARGE, Ty::U64);
    let is_less = b.arith_cmp(tail, most, CompareOp::Lt.word(), Ty::BOOL);
    let tail = b.arith_select(is_less, tail, most, Ty::U64);
    let size = b.ks_const(types.size_of(to).into(), Ty::U64);
    let whole = b.arith_add(tail, size, Ty::U64);
    let address = address(&mut b, types, dynptr);
    let (map, zero) = (b.map_address(&map, map_type), b.ks_const(0, Ty::U64));
    b.bpf_helper(&[map, whole, zero, address], &"bpf_ringbuf_reserve_dynptr".into(), &[Ty::I64]);
    let call = b.bpf_helper(&[address, zero, size], &"bpf_dynptr_data".into(), &[pointer]);
    let pointer = b.result(call);
    func.become_op(op, Opcode::MemSome, vec![pointer], Vec::new());
}

fn part(func: &mut Function, types: &mut Types, op: OpId) {
    let view = MapTailAt::of(&func.ops[op]);
    let (dynptr, offset) = (view.dynptr(), view.offset());
    let TyKind::Opt(found) = types.kind(func.ty(func.ops[op].results[0])) else { crate::bug!("a part may be absent") };
    let TyKind::Place { of, space } = types.kind(found) else { crate::bug!("a part is a place") };
    let pointer = types.ptr(of, space, true);
    let mut b = Builder::before(func, op, NAME);
    let size = b.ks_const(types.size_of(of).into(), Ty::U64);
    let call = b.bpf_helper(&[dynptr, offset, size], &"bpf_dynptr_data".into(), &[pointer]);
    let pointer = b.result(call);
    func.become_op(op, Opcode::MemSome, vec![pointer], Vec::new());
}

fn write(func: &mut Function, types: &mut Types, op: OpId) {
    let view = MapTailWrite::of(&func.ops[op]);
    let (dynptr, offset, from, count) = (view.dynptr(), view.offset(), view.from(), view.count());
    let TyKind::Place { of, space } = types.kind(func.ty(from)) else { crate::bug!("bytes are copied from a place") };
    let (room, address) = (types.size_of(of), types.ptr(of, space, false));
    let is_known = func.known(types, count).is_some();
    let mut b = Builder::before(func, op, NAME);
    let count = if is_known { count } else { b.bpf_clamp(count, room.into(), Ty::U64) };
    let (from, flags) = (b.ks_addr(from, address), b.ks_const(0, Ty::U64));
    b.bpf_helper(&[dynptr, offset, from, count, flags], &"bpf_dynptr_write".into(), &[Ty::I64]);
    func.erase(op);
}
