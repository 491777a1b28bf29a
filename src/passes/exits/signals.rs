//! A signal that ends a loop while something is deferred: thrown as a code that no handler takes.

use super::{Around, Kind, Lowering};
use crate::ir::ops::KsCancel;
use crate::ir::{OpData, RegionId, Value};
use crate::types::Ty;

/// Replaces the line where a signal is thrown, which no handler takes; the code is the status of the process.
const SIGNAL: i128 = u32::MAX as i128;

/// The thrown value of a panic of BPF code, the same for all handlers.
pub(super) const PANIC: i128 = SIGNAL << 32 | 1;

impl Lowering<'_> {
    pub(super) fn cancel(&mut self, data: &OpData) {
        let (status, place) = (KsCancel::of(data).status(), self.thrown());
        let mut b = self.builder();
        let status = b.arith_cast(status, Ty::U32);
        let (status, signal) = (b.arith_cast(status, Ty::U64), b.ks_const(SIGNAL << 32, Ty::U64));
        let thrown = b.arith_or(signal, status, Ty::U64);
        b.ks_store(place, thrown);
        self.throw_past();
    }

    /// Whether what was thrown is a signal.
    pub(super) fn is_signal(&mut self, thrown: Value) -> Value {
        let mut b = self.builder();
        let half = b.ks_const(32, Ty::U64);
        let line = b.ks_shr(thrown, half, Ty::U64);
        let signal = b.ks_const(SIGNAL, Ty::U64);
        b.arith_cmp(line, signal, "eq", Ty::BOOL)
    }

    /// Nothing but a signal leaves what is deferred, out of something that it calls; it goes on. False if control does
    /// not reach the end.
    pub(super) fn apart_of_signals(&mut self, region: RegionId, outer: Option<Value>) -> bool {
        let loc = self.loc;
        let body = self.func.only_block(region);
        self.around.push(Around { kind: Kind::Apart, body, left: false });
        self.region(region);
        self.loc = loc;
        let left = self.around.pop().is_some_and(|around| around.left);
        let reached = left || self.func.ends_in_yield(region);
        self.builder().ks_block(vec![region]);
        if !reached {
            self.builder().ks_unreachable();
        } else if let (Some(own), Some(outer)) = (self.thrown, outer) {
            self.keep_signal(own, outer);
        }
        reached
    }

    fn keep_signal(&mut self, own: Value, outer: Value) {
        let mut b = self.builder();
        let (thrown, zero) = (b.ks_load(own, Ty::U64), b.ks_const(0, Ty::U64));
        let came = b.arith_cmp(thrown, zero, "ne", Ty::BOOL);
        self.when(came, |this| {
            let mut b = this.builder();
            b.ks_store(outer, thrown);
            b.done();
        });
    }
}
