//! Exits of structured code: the ends of regions that do not go on after the op which holds the region.
//!
//! Only the pass `exits` knows the path of a `ks.throw`, a `ks.cancel`, or a `ks.return` under a `ks.defer`: a pass before it that follows
//! control looks at a lowered copy (`exits::lowered`).

use super::ops::{KsLeave, KsStore, KsVar};
use super::{Function, OpData, OpId, Opcode, RegionId};
use crate::tables::ExitKind;
use std::collections::BTreeSet;

/// The target of an exit from a region, as seen from the op that holds the region.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// Out of the innermost loop around.
    Break,
    /// To the next iteration of the innermost loop around.
    Continue,
    /// After one of the blocks around, counted from the innermost one.
    Leave(usize),
    Return,
}

impl Exit {
    /// The kind as records of ops name it, without the number of blocks of a `leave`.
    pub fn kind(self) -> ExitKind {
        match self {
            Exit::Break => ExitKind::Break,
            Exit::Continue => ExitKind::Continue,
            Exit::Leave(_) => ExitKind::Leave,
            Exit::Return => ExitKind::Return,
        }
    }

    /// This exit as seen from outside of `op`, which holds it in this region; none if it leads no further than `op`.
    pub fn beyond(self, op: Opcode, region: usize) -> Option<Exit> {
        let region = op.named_region(region);
        match self {
            _ if op.flow(|from| from.stops(self.kind(), region)).is_none() => Some(self),
            Exit::Leave(depth) => depth.checked_sub(1).map(Exit::Leave),
            Exit::Break | Exit::Continue | Exit::Return => None,
        }
    }
}

impl Function {
    /// The ends in a region, and in the regions inside it, by which control leaves it for more than the op that holds it, in
    /// order of the text. A `ks.break` or `ks.continue` of that op, or a `ks.leave` of it, is one of them.
    pub fn exits(&self, region: RegionId) -> Vec<(OpId, Exit)> {
        let mut found = Vec::new();
        self.add_exits(region, &mut found);
        found
    }

    fn add_exits(&self, region: RegionId, found: &mut Vec<(OpId, Exit)>) {
        for &block in &self.regions[region].blocks {
            for &op in &self.blocks[block].ops {
                found.extend(self.exit(op).map(|exit| (op, exit)));
                self.add_exits_beyond(op, found);
            }
        }
    }

    /// The ends in an op's regions by which control leaves what is around the op too.
    pub fn exits_beyond(&self, op: OpId) -> Vec<(OpId, Exit)> {
        let mut found = Vec::new();
        self.add_exits_beyond(op, &mut found);
        found
    }

    fn add_exits_beyond(&self, op: OpId, found: &mut Vec<(OpId, Exit)>) {
        let data = &self.ops[op];
        for (index, &region) in data.regions.iter().enumerate() {
            let first = found.len();
            self.add_exits(region, found);
            // Those that the op stops go, the others are as seen from outside of it.
            let mut kept = first;
            for at in first..found.len() {
                let (end, exit) = found[at];
                if let Some(exit) = exit.beyond(data.opcode, index) {
                    found[kept] = (end, exit);
                    kept += 1;
                }
            }
            found.truncate(kept);
        }
    }

    /// Whether control goes on from the end of a structured region after the op that holds it.
    pub fn ends_in_yield(&self, region: RegionId) -> bool {
        let end = self.blocks[self.only_block(region)].ops.last();
        end.is_some_and(|&end| self.ops[end].opcode == Opcode::KsYield)
    }

    /// The target of an op that ends a region other than by a yield.
    pub fn exit(&self, op: OpId) -> Option<Exit> {
        let data = &self.ops[op];
        Some(match data.opcode.spec().leaves? {
            ExitKind::Break => Exit::Break,
            ExitKind::Continue => Exit::Continue,
            // No block is so far around; what is out of range stays that.
            ExitKind::Leave => Exit::Leave(usize::try_from(KsLeave::of(data).depth()).unwrap_or(usize::MAX)),
            ExitKind::Return => Exit::Return,
        })
    }

    /// The outermost op that an exit leaves: a block, or a loop, also where the loop goes on with its next iteration;
    /// none for a return.
    pub fn left(&self, end: OpId) -> Option<OpId> {
        let mut exit = self.exit(end)?;
        let mut inside = end;
        loop {
            let region = self.blocks[self.ops[inside].block].region;
            let around = self.regions[region].parent?;
            let index = self.ops[around].regions.iter().position(|&of| of == region)?;
            inside = around;
            match exit.beyond(self.ops[around].opcode, index) {
                Some(beyond) => exit = beyond,
                None => return Some(around),
            }
        }
    }

    /// The regions after which nothing of the function follows: its own, and those of a branch that ends such a region, but
    /// for a `ks.unreachable`.
    pub fn last_regions(&self) -> BTreeSet<RegionId> {
        let (mut found, mut open) = (BTreeSet::new(), vec![self.body]);
        while let Some(region) = open.pop() {
            found.insert(region);
            let ops = &self.blocks[self.only_block(region)].ops;
            let mut from_end = ops.backwards(ops.len());
            let (end, before) = (from_end.next(), from_end.next());
            let is = |op: Option<OpId>, wanted: &[Opcode]| op.filter(|&op| wanted.contains(&self.ops[op].opcode));
            if is(end, &[Opcode::KsUnreachable]).is_some()
                && let Some(branch) = is(before, &[Opcode::KsIf, Opcode::KsIfSome, Opcode::KsMatch])
            {
                open.extend(&self.ops[branch].regions);
            }
        }
        found
    }
}

/// The name that the pass `exits` gives the place of what is thrown: a variable, or the parameter of a function that throws to its caller.
pub const THROWN: &str = "thrown";

/// Whether an op of code without `ks.throw` throws, or takes what was thrown: it stores in that place.
pub fn stores_thrown(func: &Function, data: &OpData) -> bool {
    if data.opcode != Opcode::KsStore {
        return false;
    }
    let place = KsStore::of(data).place();
    match func.def(place).map(|op| &func.ops[op]) {
        Some(data) => {
            data.opcode == Opcode::KsVar && data.loc.made_by.is_some() && KsVar::of(data).name() == THROWN.as_bytes()
        }
        None => {
            let at = func.blocks[func.entry()].args.iter().position(|&arg| arg == place);
            at.and_then(|at| func.params.get(at)).is_some_and(|param| param.name == THROWN)
        }
    }
}
