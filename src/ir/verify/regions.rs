//! Arguments and yields of the regions of ops.

use super::Checker;
use crate::ir::ops::KsYield;
use crate::ir::{OpId, Opcode, RegionId};
use crate::types::{Ty, TyKind};

impl Checker<'_> {
    /// Each region of an op is one block, whose arguments have the types of the values that the op passes in, and whose yield has the
    /// number and the
    /// types of the values that the op takes out.
    pub(super) fn regions(&self, op: OpId) -> Result<(), String> {
        for (index, &region) in self.func.ops[op].regions.iter().enumerate() {
            let [block] = self.func.regions[region].blocks.as_slice() else {
                return Err(self.say(op, "a region of it has more than one block"));
            };
            self.taken(op, index, region)?;
            let last = self.func.blocks[*block].ops.last().filter(|&&last| self.yields(last));
            let Some(&last) = last else { continue };
            let (given, wanted) = (self.yielded(last), self.expected(op, index));
            if given.len() != wanted.len() {
                return Err(
                    self.say(last, &format!("it yields {} values, its op expects {}", given.len(), wanted.len()))
                );
            }
            std::iter::zip(given, wanted).try_for_each(|(given, wanted)| self.same(last, given, wanted))?;
        }
        Ok(())
    }

    /// A function's own region ends in a return.
    pub(super) fn body(&self) -> Result<(), String> {
        for &block in &self.func.regions[self.func.body].blocks {
            if let Some(&last) = self.func.blocks[block].ops.last()
                && self.yields(last)
            {
                return Err(self.say(last, "there is no op around it"));
            }
        }
        Ok(())
    }

    fn yields(&self, op: OpId) -> bool {
        self.func.ops[op].opcode == Opcode::KsYield
    }

    fn yielded(&self, op: OpId) -> Vec<Ty> {
        KsYield::of(&self.func.ops[op]).values().iter().map(|&value| self.func.ty(value)).collect()
    }

    fn expected(&self, op: OpId, index: usize) -> Vec<Ty> {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsWhile && index == 0 {
            return vec![Ty::BOOL];
        }
        data.results.iter().map(|&result| self.func.ty(result)).collect()
    }

    /// Types that depend on the pass which made the op are not checked.
    fn taken(&self, op: OpId, index: usize, region: RegionId) -> Result<(), String> {
        let data = &self.func.ops[op];
        let args = &self.func.blocks[self.func.only_block(region)].args;
        let count = match (data.opcode, index) {
            (Opcode::KsIfSome, 0) | (Opcode::KsFor | Opcode::BpfRepeat, _) => 1,
            (Opcode::KsTry, index) => usize::from(index > 0),
            (Opcode::BpfWalk, _) => 2,
            (_, _) => 0,
        };
        if args.len() != count {
            return Err(self.say(op, &format!("a region of it takes {} values, not {count}", args.len())));
        }
        let Some(&first) = args.first() else { return Ok(()) };
        let given = self.func.ty(first);
        match (data.opcode, data.operands.first().map(|&operand| self.func.ty(operand))) {
            (Opcode::KsTry, _) => self.same(op, Ty::I32, given),
            (Opcode::KsFor, Some(bound)) => self.same(op, bound, given),
            (Opcode::KsIfSome, Some(optional)) => {
                if let TyKind::Opt(of) = self.cx.types.kind(optional) {
                    self.same(op, of, given)
                } else {
                    Ok(())
                }
            }
            (_, _) => Ok(()),
        }
    }
}
