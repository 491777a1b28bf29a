//! `defer`: code that runs on every exit of the function.
//!
//! The code after a `ks.defer` is a block; returns and throws in it leave that block, with the result kept in a variable, and the deferred
//! code is behind it, once. One in a region after which the function goes on sets a flag; the block then begins before the op of the
//! outermost such region, and the variables that it uses do too.

use super::{Around, Kind, Lowering};
use crate::ir::{OpId, Opcode, RegionId, Throws, Value};
use crate::types::{Space, Ty, TyKind};

/// The name of the flags.
pub(super) const FLAG: &[u8] = b"deferred";

impl Lowering<'_> {
    /// Whether the first of these ops, the last ones of the function, defers something: then all of them were lowered.
    pub(super) fn defer_from(&mut self, ops: &[OpId]) -> bool {
        let Some((&first, rest)) = ops.split_first() else { return false };
        if self.func.ops[first].opcode == Opcode::KsDefer {
            self.begin_deferring();
            let region = self.deferred_region(first);
            self.before(region, None, &mut |this| {
                this.ops(rest, true);
            });
            return true;
        }
        let inner = self.flagless(first);
        if inner.is_empty() {
            return false;
        }
        self.begin_deferring();
        for &defer in &inner {
            self.keep_variables(defer, first);
            let place = self.types.place(Ty::U32, Space::Stack);
            let flag = self.builder().ks_var(FLAG, place);
            self.builder().ks_zero(flag);
            self.flags.insert(defer, flag);
        }
        self.flagged(&inner, ops);
        true
    }

    /// The `ks.defer` ops without a flag in those regions of an op after which the function goes on.
    fn flagless(&self, op: OpId) -> Vec<OpId> {
        let regions = self.func.ops[op].regions.iter().filter(|region| !self.last.contains(region));
        let mut inside = Vec::new();
        regions.for_each(|&region| self.func.walk_region(region, &mut inside));
        let is_wanted = |op: &OpId| self.func.ops[*op].opcode == Opcode::KsDefer && !self.flags.contains_key(op);
        inside.into_iter().filter(is_wanted).collect()
    }

    /// Several with flags, the first one outermost: the last one runs first.
    fn flagged(&mut self, defers: &[OpId], ops: &[OpId]) {
        let Some((&first, others)) = defers.split_first() else {
            self.ops(ops, true);
            return;
        };
        let (region, flag) = (self.deferred_region(first), self.flags[&first]);
        self.before(region, Some(flag), &mut |this| this.flagged(others, ops));
    }

    /// Control reaches a `ks.defer` with a flag.
    pub(super) fn set_flag(&mut self, op: OpId) {
        let flag = self.flags[&op];
        let mut b = self.builder();
        let one = b.ks_const(1, Ty::U32);
        b.ks_store(flag, one);
    }

    /// Before the outermost block with something deferred behind it.
    fn begin_deferring(&mut self) {
        let ty = self.func.result;
        if self.target(&[Kind::Deferred]).is_some() {
            return;
        }
        self.begin_tails();
        if ty == Ty::VOID {
            return;
        }
        let place = self.variable("result", ty);
        // Null would be a value that a function pointer may have.
        if !matches!(self.types.kind(ty), TyKind::Fn(_)) {
            self.builder().ks_zero(place);
        }
        self.result = Some(place);
    }

    /// The variables inside `op` that a deferred region uses are there before it.
    fn keep_variables(&mut self, defer: OpId, op: OpId) {
        let mut inside = Vec::new();
        self.func.walk_region(self.deferred_region(defer), &mut inside);
        let used: Vec<Value> = inside.iter().flat_map(|&op| self.func.ops[op].operands.clone()).collect();
        for place in used {
            let Some(variable) = self.func.def(place).filter(|&def| self.func.is_inside(def, op)) else { continue };
            if self.func.ops[variable].opcode == Opcode::KsVar && !self.func.is_inside(variable, defer) {
                self.func.erase(variable);
                self.adopt(variable);
                self.builder().ks_zero(place);
            }
        }
    }

    /// The rest of the function, and then what was deferred before it.
    fn before(&mut self, region: RegionId, flag: Option<Value>, rest: &mut dyn FnMut(&mut Self)) {
        let (at, loc) = (self.at, self.loc);
        let (block_region, block) = self.builder().region(&[]);
        self.around.push(Around { kind: Kind::Deferred, body: block, left: false });
        self.at = block;
        rest(self);
        let left = self.around.pop().is_some_and(|around| around.left);
        (self.at, self.loc) = (at, loc);
        self.builder().ks_block(vec![block_region]);
        if !left {
            self.builder().ks_unreachable();
            return;
        }
        let reached = match flag {
            None => self.apart(region),
            Some(flag) => {
                let came = self.is_set(flag, Ty::U32);
                self.when(came, |this| {
                    if this.apart(region) {
                        this.loc = loc;
                        this.builder().done();
                    }
                });
                true
            }
        };
        self.loc = loc;
        if reached {
            self.deferred_is_done();
        }
    }

    /// Goes on to what was deferred before, or ends the function.
    fn deferred_is_done(&mut self) {
        if let Some(target) = self.target(&[Kind::Deferred]) {
            return self.leave(target);
        }
        if self.func.throws == Throws::Ends && self.thrown.is_some() {
            self.if_thrown(|this| {
                this.uncaught();
                this.builder().done();
            });
        }
        if self.ends_panics() && self.thrown.is_some() {
            self.if_thrown(Self::refuse);
        }
        self.tail_returns();
        let (ty, place) = (self.func.result, self.result);
        let mut b = self.builder();
        let value = place.map(|place| b.ks_load(place, ty));
        b.ks_return(value);
    }

    /// Lowers deferred code. Handlers around it do not see its throws, which have a place of their own. False if control does not reach its
    /// end.
    fn apart(&mut self, region: RegionId) -> bool {
        let around = std::mem::take(&mut self.around);
        let (outer, deferred) = (self.thrown.take(), std::mem::replace(&mut self.deferred, true));
        if self.func.cancels || self.program.may_throw(self.func, region) {
            self.place_apart();
        }
        let reached = if self.func.cancels { self.apart_of_signals(region, outer) } else { self.inline(region) };
        (self.around, self.thrown, self.deferred) = (around, outer, deferred);
        reached
    }
}
