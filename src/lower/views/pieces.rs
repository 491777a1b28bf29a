//! Views of packets and records by pieces of many bytes, so that the end of a packet is looked for once for a piece and not for each byte.

use super::{Root, View};
use crate::fold::CompareOp;
use crate::ir::ops::{ArithCmp, ArithSelect};
use crate::ir::{Opcode, Value};
use crate::lower::func::{Dest, Lowering};
use crate::types::Ty;

/// The bytes of a piece.
pub(super) const PIECE: u64 = 64;
/// So many pieces are one iteration of the outer loop, which becomes a callback: the call costs as much as some ten words.
const GROUP: u64 = 4;

impl Lowering<'_> {
    /// Whether the parts of a view are asked for, one by one.
    pub(super) fn has_pieces(&self, view: View) -> bool {
        match view.root {
            Root::Packet(_) | Root::Record(_) => true,
            Root::Memory(_) | Root::Buffer(_) => false,
        }
    }

    /// Does `body` with the place of each whole piece, of type `of`, from the first to the last.
    pub(super) fn each_piece(&mut self, view: View, of: Ty, body: impl FnOnce(&mut Self, Value)) {
        let bits = self.int(PIECE.ilog2().into(), Ty::U64);
        let pieces = self.b.arith_shr(view.length, bits, Ty::U64);
        let (round, shift) = (self.int(i128::from(GROUP) - 1, Ty::U64), self.int(GROUP.ilog2().into(), Ty::U64));
        let rounded = self.b.arith_add(pieces, round, Ty::U64);
        let groups = self.b.arith_shr(rounded, shift, Ty::U64);
        let (zero, most) = (self.int(0, Ty::U64), self.int(GROUP.into(), Ty::U64));
        let mut body = Some(body);
        let mut inside = |this: &mut Self, place: Value| {
            if let Some(body) = body.take() {
                body(this, place);
            }
            None
        };
        // A short view does not pay for the start of a loop.
        let any = self.compare(CompareOp::Ne, groups, zero);
        self.when(any, |this| {
            this.count_up(zero, groups, |this, group| {
                let first = this.b.arith_shl(group, shift, Ty::U64);
                this.count_up(zero, most, |this, index| {
                    let piece = this.b.arith_add(first, index, Ty::U64);
                    this.if_below(piece, pieces, |this| {
                        let at = this.b.arith_shl(piece, bits, Ty::U64);
                        this.at_part(view, at, of, &mut inside);
                    });
                });
            });
        });
    }

    /// Does `body` with the places of the parts behind the last whole piece: of half the size of a piece, a quarter, and so on, down to
    /// `least` bytes. A part begins where the length, without the bits below that of its size, has it, whatever parts were there before: so
    /// what the verifier knows behind a part is the same on all paths.
    pub(super) fn each_half(&mut self, view: View, least: u64, mut body: impl FnMut(&mut Self, Value, u64)) {
        let zero = self.int(0, Ty::U64);
        // What the tests find of its bits is about this number alone, and not about the length that other code looks at.
        let length = self.b.bpf_forget(view.length, Ty::U64);
        let sizes = std::iter::successors(Some(PIECE / 2), |size| Some(size / 2)).take_while(|&size| size >= least);
        for size in sizes {
            let bit = self.int(size.into(), Ty::U64);
            let bit = self.b.arith_and(length, bit, Ty::U64);
            let is_there = self.compare(CompareOp::Ne, bit, zero);
            self.when(is_there, |this| {
                let larger = this.int(-2 * i128::from(size), Ty::U64);
                let at = this.b.arith_and(length, larger, Ty::U64);
                let bytes = this.cx.types.array(Ty::U8, size);
                this.at_part(view, at, bytes, &mut |this, place| {
                    body(this, place, size);
                    None
                });
            });
        }
    }

    /// Does `body` with the place of a part that exists.
    fn at_part(&mut self, view: View, at: Value, of: Ty, body: &mut dyn FnMut(&mut Self, Value) -> Option<Value>) {
        let at = self.plus(view.offset, at);
        self.use_view(view);
        self.with_part(view.root, (at, of), Dest::Nothing, body, &mut |_| None);
    }

    /// `then` where an index is below a number; else leaves the loop.
    pub(super) fn if_below(&mut self, index: Value, number: Value, then: impl FnOnce(&mut Self)) {
        let (below, _) = self.region(&[], Dest::Nothing, |this, _| {
            then(this);
            None
        });
        let (behind, _) = self.region(&[], Dest::Nothing, |this, _| this.leave_loop());
        let is_below = self.compare(CompareOp::Lt, index, number);
        self.b.ks_if(is_below, &[], vec![below, behind]);
    }

    /// The most bytes that a view of this length has, if it was asked for so many or has a constant length.
    pub(super) fn most(&self, length: Value) -> Option<u64> {
        if let Some(known) = self.number(length) {
            return Some(known);
        }
        let made_by = |value: Value, opcode: Opcode| {
            let data = &self.b.func.ops[self.b.func.def(value)?];
            (data.opcode == opcode).then_some(data)
        };
        let view = ArithSelect::of(made_by(length, Opcode::ArithSelect)?);
        let test = ArithCmp::of(made_by(view.condition(), Opcode::ArithCmp)?);
        let is_smaller =
            test.pred() == CompareOp::Le.word() && [test.left(), test.right()] == [view.then(), view.otherwise()];
        self.number(view.then()).filter(|_| is_smaller)
    }
}
