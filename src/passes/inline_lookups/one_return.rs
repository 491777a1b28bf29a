//! Functions whose only return is the last op of their body, so that the body may take the place of a call.
//!
//! What comes after a branch that returns moves into the branch that does not: `if (c) return a; …; return b` becomes a `ks.if` that
//! yields `a` or `b`. Nothing is copied, so at most one branch may go on to what comes after it.

use crate::ir::{BlockId, Builder, Function, OpId, Opcode, RegionId, Value, ValueData, ValueDef};
use crate::types::Ty;
use std::collections::HashMap;

/// The function in that form; none if it has no such form: where it returns out of a loop or a block, or never.
pub fn of(func: &Function, pass: &'static str) -> Option<Function> {
    let mut made = func.clone();
    let (entry, span) = (made.entry(), made.name_span);
    let mut closing = Closing { func: &mut made, pass };
    let End::Value(result) = closing.close(entry)? else { return None };
    let loc = crate::ir::Loc { span, made_by: Some(pass) };
    Builder::at_end(&mut made, entry, loc).ks_return(result);
    Some(made)
}

/// How a block ends whose returns were removed.
enum End {
    /// With the result, if the function has one.
    Value(Option<Value>),
    /// Control does not reach its end.
    Never,
}

struct Closing<'f> {
    func: &'f mut Function,
    pass: &'static str,
}

impl Closing<'_> {
    /// Removes the returns of a block. The function returns on each path through it.
    fn close(&mut self, block: BlockId) -> Option<End> {
        let ops: Vec<OpId> = self.func.blocks[block].ops.iter().copied().collect();
        for (at, &op) in ops.iter().enumerate() {
            let data = &self.func.ops[op];
            if data.opcode == Opcode::KsReturn {
                let result = data.operands.first().copied();
                self.func.blocks[block].ops.split_off(at);
                return Some(End::Value(result));
            }
            if data.opcode == Opcode::KsUnreachable {
                return Some(End::Never);
            }
            if data.regions.iter().any(|&region| self.returns(region)) {
                return self.branches(block, at, op);
            }
        }
        None
    }

    fn returns(&self, region: RegionId) -> bool {
        let mut inside = Vec::new();
        self.func.walk_region(region, &mut inside);
        inside.into_iter().any(|op| self.func.ops[op].opcode == Opcode::KsReturn)
    }

    /// Moves what follows the op of a block into the branch that goes on to it, and closes all branches.
    fn branches(&mut self, block: BlockId, at: usize, op: OpId) -> Option<End> {
        if !matches!(self.func.ops[op].opcode, Opcode::KsIf | Opcode::KsIfSome | Opcode::KsMatch) {
            return None;
        }
        let regions = self.func.ops[op].regions.clone();
        let goes_on = |&&region: &&RegionId| self.func.ends_in_yield(region);
        let on: Vec<RegionId> = regions.iter().filter(goes_on).copied().collect();
        match on.as_slice() {
            [] => {
                self.func.blocks[block].ops.split_off(at + 1);
            }
            [region] => self.go_on_in(*region, block, at, op)?,
            [_, ..] => return None,
        }
        let mut reached = false;
        for region in regions {
            let inner = self.func.only_block(region);
            let loc = self.func.ops[op].loc;
            if let End::Value(result) = self.close(inner)? {
                let mut b = Builder::at_end(self.func, inner, crate::ir::Loc { made_by: Some(self.pass), ..loc });
                b.ks_yield(&Vec::from_iter(result));
                reached = true;
            }
        }
        let ty = self.func.result;
        let result = (ty != Ty::VOID).then(|| self.func.values.push(ValueData { ty, def: ValueDef::Result(op, 0) }));
        self.func.ops[op].results = Vec::from_iter(result);
        if reached {
            return Some(End::Value(result));
        }
        let loc = self.func.ops[op].loc;
        Builder::at_end(self.func, block, loc).ks_unreachable();
        Some(End::Never)
    }

    fn go_on_in(&mut self, region: RegionId, block: BlockId, at: usize, op: OpId) -> Option<()> {
        let inner = self.func.only_block(region);
        let end = self.func.blocks[inner].ops.pop()?;
        let yielded = self.func.ops[end].operands.clone();
        let results = self.func.ops[op].results.clone();
        self.func.move_tail(block, at + 1, inner);
        let values: HashMap<Value, Value> = std::iter::zip(results, yielded).collect();
        self.func.replace_values(&values);
        Some(())
    }
}
