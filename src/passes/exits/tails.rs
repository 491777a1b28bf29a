//! Tail calls under a `defer`: the number of the callee is kept in a variable, and the call comes after the deferred code.

use super::{Kind, Lowering};
use crate::ir::ops::KsTailReturn;
use crate::ir::{OpData, OpId, Opcode, Symbol, Value};
use crate::source::Span;
use crate::types::Ty;

#[derive(Default)]
pub(super) struct Tails {
    /// Where the number of the callee is kept, from 1; 0 where the function returns.
    chosen: Option<Value>,
    /// Each with its first tail call.
    callees: Vec<(Symbol, Span)>,
}

impl Lowering<'_> {
    /// Before the outermost block with something deferred behind it.
    pub(super) fn begin_tails(&mut self) {
        let is_tail = |&op: &OpId| self.func.ops[op].opcode == Opcode::KsTailReturn;
        // Ops that were taken out of their region to be lowered are not found in a walk of the function.
        if self.func.ops.iter().any(|(op, _)| is_tail(&op)) {
            let chosen = self.variable("tail_call", Ty::U32);
            self.builder().ks_zero(chosen);
            self.tails = Tails { chosen: Some(chosen), callees: Vec::new() };
        }
    }

    pub(super) fn tail_return(&mut self, op: OpId, data: &OpData) {
        let (Some(target), Some(chosen)) = (self.target(&[Kind::Deferred]), self.tails.chosen) else {
            return self.adopt(op);
        };
        let callee = KsTailReturn::of(data).callee().clone();
        let callees = &mut self.tails.callees;
        let index = callees.iter().position(|(known, _)| *known == callee).unwrap_or(callees.len());
        if index == callees.len() {
            callees.push((callee, data.loc.span));
        }
        let mut b = self.builder();
        let number = b.ks_const(index as i128 + 1, Ty::U32);
        b.ks_store(chosen, number);
        self.leave(target);
    }

    /// After what is deferred, the tail call that control has come from, if it is one.
    pub(super) fn tail_returns(&mut self) {
        let Some(chosen) = self.tails.chosen else { return };
        for (index, (callee, span)) in self.tails.callees.clone().iter().enumerate() {
            let mut b = self.builder();
            let (number, wanted) = (b.ks_load(chosen, Ty::U32), b.ks_const(index as i128 + 1, Ty::U32));
            let is_meant = b.arith_cmp(number, wanted, "eq", Ty::BOOL);
            self.when(is_meant, |this| {
                let context = this.func.param(0);
                let op = this.builder().ks_tail_return(context, callee);
                this.func.ops[op].loc.span = *span;
            });
        }
    }
}
