//! Views by pieces of many bytes, so that the end of a packet is looked for once for a piece and not for each byte.

use super::View;
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
