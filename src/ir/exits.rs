//! Ways out of structured code: the ends of regions that do not go on after the op which holds the region.

use super::ops::KsLeave;
use super::{Function, OpId, Opcode, RegionId};
use crate::tables::ExitKind;

/// Where an end leads that leaves a region, as seen from the op that holds the region.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Exit {
    /// Out of the innermost loop around.
    Break,
    /// To the next turn of the innermost loop around.
    Continue,
    /// After one of the blocks around, counted from the innermost one.
    Leave(usize),
    Return,
}

impl Exit {
    pub fn kind(self) -> ExitKind {
        match self {
            Exit::Break => ExitKind::Break,
            Exit::Continue => ExitKind::Continue,
            Exit::Leave(_) => ExitKind::Leave,
            Exit::Return => ExitKind::Return,
        }
    }

    /// The same exit as seen from outside of `op`, which holds it in this region; none if it leads no further than `op`.
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
        for &block in &self.regions[region].blocks {
            for &op in &self.blocks[block].ops {
                found.extend(self.exit(op).map(|exit| (op, exit)));
                found.extend(self.exits_beyond(op));
            }
        }
        found
    }

    /// The ends in an op's regions by which control leaves what is around the op too.
    pub fn exits_beyond(&self, op: OpId) -> Vec<(OpId, Exit)> {
        let data = &self.ops[op];
        let exits = |(index, &region): (usize, &RegionId)| {
            let exits = self.exits(region).into_iter();
            exits.filter_map(move |(end, exit)| Some((end, exit.beyond(data.opcode, index)?)))
        };
        data.regions.iter().enumerate().flat_map(exits).collect()
    }

    /// Whether control goes on from the end of a structured region after the op that holds it.
    pub fn ends_in_yield(&self, region: RegionId) -> bool {
        let end = self.blocks[self.only_block(region)].ops.last();
        end.is_some_and(|&end| self.ops[end].opcode == Opcode::KsYield)
    }

    /// Where an op leads that ends a region otherwise than by a yield.
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

    /// The outermost op that an exit leaves: a block, or a loop for its next turn too; none for a return.
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
}
