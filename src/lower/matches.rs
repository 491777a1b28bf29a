//! `match`.

use super::func::{Dest, Lowering};
use crate::ir::Value;
use crate::sema::tree::{Expr, Match};
use crate::types::Ty;

impl Lowering<'_> {
    /// The arms become regions; the last region takes what no arm does: the default, or zero.
    pub(super) fn match_(&mut self, node: &Match, expr: &Expr, dest: Dest) -> Option<Value> {
        let span = node.subject.span;
        let subject = self.scalar(&node.subject);
        self.at(span);
        let subject = self.subject(subject);
        let mut cases = Vec::new();
        let mut regions = Vec::new();
        let mut reached = false;
        for arm in node.arms.iter().filter(|arm| !arm.ranges.is_empty()) {
            for &(low, high) in &arm.ranges {
                cases.extend([low, high, regions.len() as i128]);
            }
            let branch = regions.len() as u32;
            let (region, comes_out) = self.region(&[], dest, |this, _| {
                this.count_branch(span, branch);
                this.at(arm.span).block(&arm.body, dest)
            });
            regions.push(region);
            reached |= comes_out;
        }
        let branch = regions.len() as u32;
        let (last, comes_out) = self.region(&[], dest, |this, _| match &node.default {
            Some(block) => {
                this.count_branch(span, branch);
                this.block(block, dest)
            }
            None if node.exhaustive => {
                this.unreachable();
                None
            }
            None => this.at(span).zero_result(dest),
        });
        regions.push(last);
        reached |= comes_out;
        let results = Self::results(dest);
        let op = self.at(span).b.ks_match(subject, &cases, &results, regions);
        self.at(expr.span).outcome(op, dest, reached)
    }

    /// Patterns are in host order; a bool is matched as a number.
    fn subject(&mut self, value: Value) -> Value {
        let ty = self.b.func.ty(value);
        if ty == Ty::BOOL {
            return self.b.arith_cast(value, Ty::U32);
        }
        self.host_order(value)
    }

    fn zero_result(&mut self, dest: Dest) -> Option<Value> {
        match dest {
            Dest::Nothing => None,
            Dest::Value(ty) => Some(self.zero_value(ty)),
            Dest::Into(place) => {
                self.b.ks_zero(place);
                None
            }
            Dest::View(variables) => {
                self.b.ks_zero(variables.offset);
                self.b.ks_zero(variables.length);
                None
            }
        }
    }
}
