//! Up to where a function uses its values: what is known of others is dropped.

use crate::ir::{Function, OpId, Value};
use std::collections::HashMap;

pub struct LastUses {
    /// The number of each op in order of the text, and the last one in its regions.
    spans: HashMap<OpId, (usize, usize)>,
    /// For each value the number of the last op that may use it.
    uses: HashMap<Value, usize>,
}

impl LastUses {
    pub fn of(func: &Function) -> LastUses {
        let ops = func.walk();
        let mut spans: HashMap<OpId, (usize, usize)> = HashMap::new();
        for (at, &op) in ops.iter().enumerate().rev() {
            let inside = spans.get(&op).map_or(at, |&(_, last)| last);
            spans.insert(op, (at, inside));
            if let Some(around) = func.around(op) {
                let last = spans.entry(around).or_insert((0, inside));
                last.1 = last.1.max(inside);
            }
        }
        let mut found = LastUses { spans, uses: HashMap::new() };
        for &op in &ops {
            for &value in &func.ops[op].operands {
                let last = found.last_use(func, op, value);
                let known = found.uses.entry(value).or_default();
                *known = last.max(*known);
            }
        }
        found
    }

    /// A loop that the value comes from outside of uses it in each iteration.
    fn last_use(&self, func: &Function, op: OpId, value: Value) -> usize {
        let outside = |holder: &OpId| func.def(value).is_none_or(|def| !func.is_inside(def, *holder));
        let loops = func.loops(op).filter(outside).filter_map(|holder| self.spans.get(&holder)).map(|span| span.1);
        loops.chain(self.spans.get(&op).map(|span| span.0)).max().unwrap_or_default()
    }

    /// Whether no op of the text from this one on uses the value; behind the op, if `behind`.
    pub fn is_over(&self, value: Value, (op, behind): (OpId, bool)) -> bool {
        let at = self.spans.get(&op).map_or(0, |&(at, last)| if behind { last + 1 } else { at });
        self.uses.get(&value).is_none_or(|&last| last < at)
    }
}
