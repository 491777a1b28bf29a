//! The ops that use each value of a function, computed once for a pass that asks for many.

use super::{Function, OpId, Value};

/// The uses at the time when this was computed; values made since then have no users here.
pub struct Uses {
    /// For each value where its users begin; one more for their end.
    starts: Vec<usize>,
    users: Vec<OpId>,
}

impl Uses {
    /// Collects the uses of all values of a function; takes time linear in its operands.
    pub fn of(func: &Function) -> Uses {
        let ops = func.walk();
        let operands = || ops.iter().flat_map(|&op| func.ops[op].operands.iter().map(move |&value| (value, op)));
        let mut starts = vec![0; func.values.len() + 1];
        for (value, _) in operands() {
            starts[usize::from(value) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut users = vec![OpId(0); starts.last().copied().unwrap_or_default()];
        for (value, op) in operands() {
            users[next[usize::from(value)]] = op;
            next[usize::from(value)] += 1;
        }
        Uses { starts, users }
    }

    /// The ops that use a value, in order of the text; each as often as it uses it.
    pub fn users(&self, value: Value) -> &[OpId] {
        let at = usize::from(value);
        let end = self.starts.get(at + 1).copied();
        end.map_or(&[], |end| &self.users[self.starts[at]..end])
    }
}
