//! Copies of views by helpers of the kernel, which take many bytes at a time.

use super::{Root, View};
use crate::fold::CompareOp;
use crate::ir::Value;
use crate::lower::func::{Dest, Lowering};
use crate::tables::{HELPERS, context_of};
use crate::types::{Space, Ty};

/// How many bytes of a packet are copied to a record at a time: they pass through the stack where the record ends before that.
const BLOCK: u64 = 128;

impl<'a> Lowering<'a> {
    /// Copies the first bytes of one view to another, if helpers copy between such views.
    pub(super) fn copied_in_blocks(&mut self, to: View, from: View, count: Value) -> bool {
        match (to.root, from.root) {
            (Root::Record(dynptr), Root::Packet(ctx)) if self.has_load(ctx) => {
                self.packet_to_record((dynptr, to.offset), (ctx, from.offset), count);
            }
            (Root::Record(dynptr), Root::Memory(bytes)) if self.is_readable(bytes) => {
                let Some(place) = self.rest_of(bytes, from.offset) else { return false };
                self.b.map_tail_write(dynptr, to.offset, place, count);
            }
            (Root::Memory(bytes), Root::Packet(ctx)) if self.is_writable(bytes) && self.has_load(ctx) => {
                let Some(place) = self.rest_of(bytes, to.offset) else { return false };
                self.b.packet_load(ctx, from.offset, place, count);
            }
            (Root::Record(_) | Root::Memory(_) | Root::Packet(_) | Root::Buffer(_), _) => return false,
        }
        true
    }

    /// A loop over the blocks of so many bytes: where each begins, and how many bytes it has.
    pub(super) fn each_block(&mut self, length: Value, block: u64, body: impl FnOnce(&mut Self, Value, Value)) {
        let (zero, most) = (self.int(0, Ty::U64), self.int(block.into(), Ty::U64));
        let (round, shift) = (self.int(i128::from(block) - 1, Ty::U64), self.int(block.ilog2().into(), Ty::U64));
        let rounded = self.b.arith_add(length, round, Ty::U64);
        let blocks = self.b.arith_shr(rounded, shift, Ty::U64);
        self.count_up(zero, blocks, |this, index| {
            let at = this.b.arith_shl(index, shift, Ty::U64);
            let rest = this.b.arith_sub(length, at, Ty::U64);
            let count = this.smaller(rest, most);
            body(this, at, count);
        });
    }

    /// Whole blocks directly; the last one, before whose end the record may end, through the stack.
    fn packet_to_record(&mut self, (dynptr, to): (Value, Value), (ctx, from): (Value, Value), count: Value) {
        let block = self.cx.types.array(Ty::U8, BLOCK);
        let stack = self.cx.types.place(block, Space::Stack);
        self.each_block(count, BLOCK, |this, at, count| {
            let (to, from) = (this.plus(to, at), this.plus(from, at));
            let whole = this.int(BLOCK.into(), Ty::U64);
            let is_whole = this.b.arith_cmp(count, whole, CompareOp::Eq.word(), Ty::BOOL);
            let (direct, _) = this.region(&[], Dest::Nothing, |this, _| {
                let copy = &mut |this: &mut Lowering<'a>, part: Value| {
                    this.b.packet_load(ctx, from, part, whole);
                    None
                };
                this.with_part(Root::Record(dynptr), (to, block), Dest::Nothing, copy, &mut |_| None)
            });
            let (rest, _) = this.region(&[], Dest::Nothing, |this, _| {
                let buffer = this.b.ks_var(b"block", stack);
                // Kernels before 6.3 want all of it to be written, whatever the number of bytes.
                this.b.ks_zero(buffer);
                this.b.packet_load(ctx, from, buffer, count);
                this.b.map_tail_write(dynptr, to, buffer, count);
                None
            });
            this.b.ks_if(is_whole, &[], vec![direct, rest]);
        });
    }

    /// Whether a helper copies bytes of the packet, on all kernels that the program is for.
    pub(super) fn has_load(&self, ctx: Value) -> bool {
        let load = context_of(&self.cx.types, self.b.func.ty(ctx)).and_then(|context| context.load);
        let helper = HELPERS.iter().find(|helper| Some(helper.name) == load);
        helper.is_some_and(|helper| self.cx.options.lacks(helper.since).is_none())
    }

    /// Whether helpers read the bytes where they are.
    fn is_readable(&self, bytes: Value) -> bool {
        matches!(self.pointee(bytes).1, Space::Stack | Space::Global | Space::MapValue | Space::Percpu)
    }

    fn is_writable(&self, bytes: Value) -> bool {
        matches!(self.pointee(bytes).1, Space::Stack | Space::MapValue | Space::Percpu | Space::Ringbuf)
    }

    /// The bytes of a place from a constant offset on.
    fn rest_of(&mut self, bytes: Value, from: Value) -> Option<Value> {
        let (from, capacity) = (self.number(from)?, self.capacity(bytes));
        if from == 0 {
            return Some(bytes);
        }
        let rest = capacity.checked_sub(from).filter(|&rest| rest > 0)?;
        let first = self.element_place(bytes, from as usize);
        let rest = self.cx.types.array(Ty::U8, rest);
        Some(self.place_as(first, rest))
    }

    /// A part of what a handler is called with.
    pub(super) fn part_of_buffer(&mut self, start: Value, at: Value, of: Ty) -> Value {
        let byte = self.b.func.ty(start);
        let part = self.cx.types.ptr(of, Space::Any, false);
        let first = self.b.mem_ptr_add(start, at, byte);
        let first = self.b.arith_cast(first, part);
        self.deref(first)
    }
}
