//! A signal that ends a loop while something is deferred: thrown as a code that no `catch` takes.

use super::func::{Dest, Lowering};
use crate::fold::{ArithOp, CompareOp};
use crate::ir::Value;
use crate::sema::tree::Block;
use crate::types::Ty;

/// What stands for the line where a signal is thrown, which no `catch` takes; the code is the status of the process.
const SIGNAL: i128 = u32::MAX as i128;

impl Lowering<'_> {
    /// At the start of a turn: a signal leaves the loop, if it ends there.
    pub(super) fn cancel_point(&mut self) {
        if !self.source.cancels {
            return;
        }
        let status = self.b.ks_cancelled(Ty::I32);
        let zero = self.int(0, Ty::I32);
        let came = self.compare(CompareOp::Ne, status, zero);
        let (then, _) = self.region(&[], Dest::Nothing, |this, _| {
            let status = this.cast(status, Ty::U32);
            let (status, signal) = (this.cast(status, Ty::U64), this.int(SIGNAL << 32, Ty::U64));
            let thrown = this.arith(ArithOp::Or, signal, status, Ty::U64);
            let place = this.thrown();
            this.store(place, thrown);
            this.throw_past();
            None
        });
        let (otherwise, _) = self.region(&[], Dest::Nothing, |_, _| None);
        self.b.ks_if(came, &[], vec![then, otherwise]);
    }

    /// Whether what was thrown is a signal.
    pub(super) fn is_signal(&mut self, thrown: Value) -> Value {
        let half = self.int(32, Ty::U64);
        let line = self.arith(ArithOp::Shr, thrown, half, Ty::U64);
        let signal = self.int(SIGNAL, Ty::U64);
        self.compare(CompareOp::Eq, line, signal)
    }

    /// Nothing but a signal leaves what is deferred, out of something that it calls; it goes on.
    pub(super) fn apart_of_signals(&mut self, block: &Block, outer: Option<Value>) {
        let mut reached = false;
        let region = self.block_region(|this, target| {
            this.exits.apart = Some(target);
            this.block(block, Dest::Nothing);
            reached = this.exits.apart.take().is_some_and(|target| target.left) || this.reachable;
        });
        self.b.ks_block(vec![region]);
        if !reached {
            self.unreachable();
        } else if let (Some(own), Some(outer)) = (self.exits.thrown, outer) {
            self.keep_signal(own, outer);
        }
    }

    fn keep_signal(&mut self, own: Value, outer: Value) {
        let (thrown, zero) = (self.load(own), self.int(0, Ty::U64));
        let came = self.compare(CompareOp::Ne, thrown, zero);
        let (then, _) = self.region(&[], Dest::Nothing, |this, _| {
            this.store(outer, thrown);
            None
        });
        let (otherwise, _) = self.region(&[], Dest::Nothing, |_, _| None);
        self.b.ks_if(came, &[], vec![then, otherwise]);
    }
}
