//! Up to where a function uses its values: what is known of others is dropped.

use crate::ir::{Function, OpId, Value};
use crate::tables::OpTrait;

/// The last use of each value of a function.
pub struct LastUses {
    /// For each op its number in order of the text, and the last one in its regions.
    spans: Vec<(usize, usize)>,
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
        let uses = vec![0; func.values.ids().count()];
        let mut found = LastUses { spans, uses };
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
        let outside = |holder: &OpId| func.def(value).is_none_or(|def| !func.is_inside(def, *holder));
        let loops = func.loops(op).filter(outside).map(|holder| self.spans[usize::from(holder)].1);
        loops.chain([self.spans[usize::from(op)].0]).max().unwrap_or_default()
    }

    /// The values that no op of the text uses from this one on; behind the op, if `behind`.
    pub fn over(&self, op: OpId, behind: bool) -> impl Fn(Value) -> bool {
        let (first, last) = self.spans[usize::from(op)];
        let at = if behind { last + 1 } else { first };
        move |value| self.uses[usize::from(value)] < at
    }
}
