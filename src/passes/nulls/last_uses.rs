//! Up to where a function uses its values: what is known of others is dropped.

use crate::ir::{Function, OpId, Value};
use crate::tables::OpTrait;

/// The last use of each value of a function.
pub struct LastUses {
    /// For each op its number in order of the text, and the last one in its regions.
    spans: Vec<(usize, usize)>,
    /// For each op the innermost loop around it.
    loops: Vec<Option<OpId>>,
    /// For each value the number of the last op that may use it; 0 if there is none.
    uses: Vec<usize>,
}

impl LastUses {
    /// Computes them in one walk over the function.
    pub fn of(func: &Function) -> LastUses {
        let ops = func.walk();
        let mut spans = vec![(0, 0); func.ops.ids().count()];
        for (at, &op) in ops.iter().enumerate().rev() {
            let last = spans[usize::from(op)].1.max(at);
            spans[usize::from(op)] = (at, last);
            if let Some(around) = func.around(op) {
                let span = &mut spans[usize::from(around)];
                span.1 = span.1.max(last);
            }
        }
        let mut loops = vec![None; func.ops.ids().count()];
        for &op in &ops {
            loops[usize::from(op)] = func.around(op).and_then(|around| match func.ops[around].opcode.is_loop() {
                true => Some(around),
                false => loops[usize::from(around)],
            });
        }
        let uses = vec![0; func.values.ids().count()];
        let mut found = LastUses { spans, loops, uses };
        // The values that a condition is computed from are used where the condition is: the facts that it shows are asked for there.
        for &op in ops.iter().rev() {
            let data = &func.ops[op];
            let results = data.results.iter().filter(|_| data.opcode.has(OpTrait::Pure));
            let of_results = results.map(|&result| found.uses[usize::from(result)]).max().unwrap_or_default();
            for &value in &data.operands {
                let last = found.last_use(func, op, value).max(of_results);
                let known = &mut found.uses[usize::from(value)];
                *known = last.max(*known);
            }
        }
        found
    }

    /// A loop that the value comes from outside of uses it in each iteration.
    fn last_use(&self, func: &Function, op: OpId, value: Value) -> usize {
        let of_def = func.def(value).map(|def| self.spans[usize::from(def)].0);
        let outside = |&(first, last): &(usize, usize)| of_def.is_none_or(|def| def <= first || def > last);
        let around = std::iter::successors(self.loops[usize::from(op)], |&at| self.loops[usize::from(at)]);
        let loops = around.map(|holder| self.spans[usize::from(holder)]).filter(outside).map(|(_, last)| last);
        loops.chain([self.spans[usize::from(op)].0]).max().unwrap_or_default()
    }

    /// The values that no op of the text uses from this one on; behind the op, if `behind`.
    pub fn over(&self, op: OpId, behind: bool) -> impl Fn(Value) -> bool {
        let (first, last) = self.spans[usize::from(op)];
        let at = if behind { last + 1 } else { first };
        move |value| self.uses[usize::from(value)] < at
    }
}
