//! Blocks of the packet (`packet.block`): so many bytes where they are, or a copy with zeros behind those that there are.

use super::access::{self, Access};
use super::bytes::NAME;
use super::{Bounds, MAX_OFFSET, ends_inside};
use crate::fold::CompareOp;
use crate::ir::ops::{PacketBlock, PacketByte};
use crate::ir::{Builder, Function, OpId, Opcode, Value};
use crate::types::{Space, Ty, TyKind, Types};

/// The parts of a `packet.block`, and the variable for the copy.
struct Block {
    ctx: Value,
    offset: Value,
    count: Value,
    /// Bytes of the block.
    size: u64,
    slot: Value,
    slot_pointer: Ty,
    /// The pointer to the block.
    pointer: Ty,
}

/// `direct`: the packet's bounds, if pointers may lead into it, and the type of those.
pub fn lower(func: &mut Function, types: &mut Types, op: OpId, direct: Option<(Bounds, Ty)>) {
    let view = PacketBlock::of(&func.ops[op]);
    let (ctx, offset, count) = (view.ctx(), view.offset(), view.count());
    let TyKind::Place { of, .. } = types.kind(func.ty(func.ops[op].results[0])) else {
        crate::bug!("a block is a place")
    };
    let (size, pointer) = (types.size_of(of), types.ptr(of, Space::Packet, false));
    let (place, slot_pointer) = (types.place(of, Space::Stack), types.ptr(of, Space::Stack, false));
    let mut b = Builder::before(func, op, NAME);
    let slot = b.ks_var(b"block", place);
    let block = Block { ctx, offset, count, size, slot, slot_pointer, pointer };
    let found = match direct {
        None => block.copied(&mut b, types),
        Some((bounds, byte)) => {
            let held = types.place(pointer, Space::Stack);
            let found = b.ks_var(b"found", held);
            let loc = b.loc;
            // Control leaves the inner block where it takes a copy, the outer one where it does not.
            let (outer, outer_block) = b.region(&[]);
            let (inner, inner_block) = b.region(&[]);
            b.ks_block(vec![outer]);
            let mut b = Builder::at_end(func, inner_block, loc);
            let at = block.linear(&mut b, bounds, byte);
            b.ks_store(found, at);
            b.ks_leave(1);
            let mut b = Builder::at_end(func, outer_block, loc);
            b.ks_block(vec![inner]);
            let copy = block.copied(&mut b, types);
            b.ks_store(found, copy);
            b.done();
            Builder::before(func, op, NAME).ks_load(found, pointer)
        }
    };
    func.become_op(op, Opcode::KsDeref, vec![found], Vec::new());
}

impl Block {
    /// The pointer into the packet; leaves the block around where it has not all bytes in its linear part.
    fn linear(&self, b: &mut Builder<'_>, bounds: Bounds, byte: Ty) -> Value {
        let whole = b.ks_const(self.size.into(), Ty::U64);
        let is_whole = b.arith_cmp(self.count, whole, CompareOp::Eq.word(), Ty::BOOL);
        leave_unless(b, is_whole);
        let at = linear(b, bounds, self.offset, (self.size, byte));
        b.arith_cast(at, self.pointer)
    }

    /// The pointer to a copy.
    fn copied(&self, b: &mut Builder<'_>, types: &mut Types) -> Value {
        b.ks_zero(self.slot);
        let address = b.ks_addr(self.slot, self.slot_pointer);
        // The verifier wants to know that there is a byte, and that the place has room for all.
        let one = b.ks_const(1, Ty::U64);
        let more = b.arith_sub(self.count, one, Ty::U64);
        let more = b.bpf_clamp(more, i128::from(self.size) - 1, Ty::U64);
        let count = b.arith_add(more, one, Ty::U64);
        access::copy(b, types, self.ctx, [self.offset, address, count]);
        b.arith_cast(address, self.pointer)
    }
}

/// The byte of a `packet.byte`, straight or by a copy.
pub fn lower_byte(
    func: &mut Function,
    types: &mut Types,
    op: OpId,
    direct: Option<(Bounds, Ty)>,
    Access { paged, .. }: Access,
) {
    let view = PacketByte::of(&func.ops[op]);
    let (ctx, offset) = (view.ctx(), view.offset());
    let has_load = access::context(func, types, ctx).is_some_and(|context| context.load.is_some());
    let (variable, address) = (types.place(Ty::U8, Space::Stack), types.ptr(Ty::U8, Space::Stack, false));
    let place = types.place(Ty::U8, Space::Packet);
    let mut b = Builder::before(func, op, NAME);
    let byte = b.ks_var(b"byte", variable);
    b.ks_zero(byte);
    let loc = b.loc;
    let (outer, outer_block) = b.region(&[]);
    let (inner, inner_block) = b.region(&[]);
    b.ks_block(vec![outer]);
    let mut b = Builder::at_end(func, inner_block, loc);
    if let Some((bounds, bytes)) = direct {
        let at = linear(&mut b, bounds, offset, (1, bytes));
        let part = b.ks_deref(at, place);
        let found = b.ks_load(part, Ty::U8);
        b.ks_store(byte, found);
        b.ks_leave(1);
    } else {
        b.done();
    }
    let mut b = Builder::at_end(func, outer_block, loc);
    b.ks_block(vec![inner]);
    if has_load && (paged || direct.is_none()) {
        let (to, one) = (b.ks_addr(byte, address), b.ks_const(1, Ty::U64));
        access::copy(&mut b, types, ctx, [offset, to, one]);
    }
    b.done();
    func.become_op(op, Opcode::KsLoad, vec![byte], Vec::new());
}

/// The pointer to so many bytes of the linear packet; leaves the block around where it has not all of them.
fn linear(b: &mut Builder<'_>, bounds: Bounds, offset: Value, (size, byte): (u64, Ty)) -> Value {
    let offset = b.bpf_own(offset, Ty::U64);
    let most = b.ks_const(i128::from(MAX_OFFSET.saturating_sub(size)), Ty::U64);
    let is_near = b.arith_cmp(offset, most, CompareOp::Le.word(), Ty::BOOL);
    leave_unless(b, is_near);
    let offset = b.bpf_clamp(offset, MAX_OFFSET.into(), Ty::U64);
    let at = b.bpf_advance(bounds.start, offset, MAX_OFFSET.into(), byte);
    let is_inside = ends_inside(b, bounds, at, (size, byte));
    leave_unless(b, is_inside);
    at
}

fn leave_unless(b: &mut Builder<'_>, condition: Value) {
    let leave = |b: &mut Builder<'_>| {
        b.ks_leave(0);
    };
    b.either(condition, &[], |b| b.done(), leave);
}
