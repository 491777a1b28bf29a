//! In how many states the verifier may leave an iteration of a loop.

use crate::ir::ops::KsBlock;
use crate::ir::{Exit, Function, OpId, Opcode, RegionId, Value};
use crate::passes::analysis::root;
use crate::passes::strings;
use crate::tables::{On, OpTrait};
use crate::target::Target;
use crate::types::{Space, TyKind, Types};
use std::collections::{HashMap, HashSet};

/// The body of a loop.
pub struct Body<'a> {
    func: &'a Function,
    types: &'a Types,
    region: RegionId,
    /// In order of the text.
    pub ops: Vec<OpId>,
    inside: HashSet<OpId>,
    /// The exits of the body: to the next iteration, out of the loop, or out of more.
    exits: HashMap<OpId, Exit>,
    /// Variables whose values count as one.
    pub forgotten: HashSet<OpId>,
}

impl Body<'_> {
    /// Collects the ops and exits of a body.
    pub fn of<'a>(func: &'a Function, types: &'a Types, region: RegionId) -> Body<'a> {
        let mut ops = Vec::new();
        func.walk_region(region, &mut ops);
        let inside = ops.iter().copied().collect();
        Body {
            func,
            types,
            region,
            ops,
            inside,
            exits: func.exits(region).into_iter().collect(),
            forgotten: HashSet::new(),
        }
    }

    /// How many times an iteration may change an outer variable differently on different paths.
    pub fn forks(&self) -> u32 {
        let forks = |op: OpId| self.is_branch(op) && (self.writes_on_a_path(op) || self.skips_writes(op));
        let branches = self.ops.iter().filter(|&&op| forks(op)).count();
        let chosen = self.chosen_values();
        let stores = self.ops.iter().filter(|&&op| {
            let data = &self.func.ops[op];
            data.opcode == Opcode::KsStore && chosen.contains(&data.operands[1]) && self.writes_outside(op)
        });
        let calls =
            self.ops.iter().filter(|&&op| self.func.ops[op].opcode == Opcode::KsCall && self.writes_outside(op));
        (branches + stores.count() + calls.count()) as u32
    }

    /// Whether there are branches that `forks` does not see.
    pub fn calls(&self) -> bool {
        self.ops.iter().any(|&op| self.func.ops[op].opcode == Opcode::KsCall)
    }

    /// Whether outer variables may show in which iteration the loop was left.
    pub fn ends_early(&self) -> bool {
        let leaves = self.exits.values().any(|exit| matches!(exit, Exit::Break | Exit::Leave(_)));
        leaves && self.ops.iter().any(|&op| self.writes_outside(op))
    }

    /// Whether several paths from one branch of an iteration go on in the loop.
    pub fn rejoins(&self) -> bool {
        self.ops.iter().any(|&op| {
            let ends = self.func.ops[op].regions.iter().filter_map(|&region| {
                let block = self.func.only_block(region);
                self.func.blocks[block].ops.last().copied()
            });
            self.is_branch(op) && ends.filter(|&end| self.stays(end)).count() > 1
        })
    }

    /// Whether another iteration may follow once control is behind an op of the body.
    pub fn goes_on_behind(&self, op: OpId) -> bool {
        let block = &self.func.blocks[self.func.ops[op].block];
        let mut behind = Vec::new();
        for &next in block.ops.iter().skip_while(|&&other| other != op).skip(1) {
            behind.push(next);
            self.func.ops[next].regions.iter().for_each(|&region| self.func.walk_region(region, &mut behind));
        }
        if behind.iter().any(|end| self.exits.get(end) == Some(&Exit::Continue)) {
            return true;
        }
        let Some(&end) = block.ops.last() else { return false };
        let around = self.func.left(end).or_else(|| self.func.around(op)).filter(|around| self.inside.contains(around));
        self.stays(end)
            && around.is_none_or(|around| self.func.ops[around].opcode.is_loop() || self.goes_on_behind(around))
    }

    /// How many operations the verifier walks in an iteration that it walks on each of its paths; none if the body has loops, calls, or
    /// operations that become loops.
    pub fn walked(&self) -> Option<u64> {
        let mut paths = Paths { body: self, left: HashMap::new(), walked: 0 };
        let expands = |op: &OpId| {
            let opcode = self.func.ops[*op].opcode;
            let of_strings = opcode.spec().on[Target::Bpf] == On::Lower(strings::PASS.name);
            opcode.is_loop() || opcode == Opcode::KsCall || of_strings
        };
        if self.ops.iter().any(expands) {
            return None;
        }
        paths.region(self.region, 1);
        Some(paths.walked)
    }

    fn is_branch(&self, op: OpId) -> bool {
        matches!(self.func.ops[op].opcode, Opcode::KsIf | Opcode::KsMatch)
    }

    /// A path that leaves the loop does not count: the next iteration sees none of its writes. A path that leaves an
    /// inner loop does.
    fn writes_on_a_path(&self, op: OpId) -> bool {
        self.func.ops[op].regions.iter().any(|&region| {
            let block = self.func.only_block(region);
            let stays = self.func.blocks[block].ops.last().is_some_and(|&end| self.stays(end));
            let mut ops = Vec::new();
            self.func.walk_region(region, &mut ops);
            stays && ops.into_iter().any(|op| self.writes_outside(op))
        })
    }

    /// Whether control goes on in the loop after the end of a region.
    fn stays(&self, end: OpId) -> bool {
        match self.func.exit(end) {
            Some(Exit::Return) => false,
            Some(Exit::Break | Exit::Leave(_)) => !self.exits.contains_key(&end),
            Some(Exit::Continue) => true,
            None => self.func.ops[end].opcode == Opcode::KsYield,
        }
    }

    /// Whether a branch has a path that leaves a block inside the body and so skips writes in the rest of that block.
    fn skips_writes(&self, op: OpId) -> bool {
        self.func.ops[op].regions.iter().any(|&region| {
            let block = self.func.only_block(region);
            let Some(&end) = self.func.blocks[block].ops.last() else { return false };
            let is_leave = self.func.ops[end].opcode == Opcode::KsLeave;
            let left = if is_leave && self.stays(end) { self.func.left(end) } else { None };
            left.is_some_and(|left| {
                let mut inside = Vec::new();
                self.func.walk_region(KsBlock::of(&self.func.ops[left]).body_region(), &mut inside);
                inside.into_iter().skip_while(|&other| other != end).any(|op| self.writes_outside(op))
            })
        })
    }

    /// Whether an op writes to a variable that was there before the loop.
    fn writes_outside(&self, op: OpId) -> bool {
        let data = &self.func.ops[op];
        data.operands.iter().enumerate().any(|(index, &place)| {
            let on_stack = matches!(
                self.types.kind(self.func.ty(place)),
                TyKind::Place { space: Space::Stack | Space::Any, .. }
                    | TyKind::Ptr { space: Space::Stack | Space::Any, .. }
            );
            let known = |root: OpId| self.inside.contains(&root) || self.forgotten.contains(&root);
            on_stack && data.may_write(index) && !root(self.func, place).is_some_and(known)
        })
    }

    /// Values that depend on the path taken.
    fn chosen_values(&self) -> HashSet<Value> {
        let mut chosen = HashSet::new();
        for &op in &self.ops {
            let data = &self.func.ops[op];
            let derived = data.opcode.has(OpTrait::Pure) && data.operands.iter().any(|o| chosen.contains(o));
            if self.is_branch(op) || self.becomes_branch(op) || derived {
                chosen.extend(&data.results);
            }
        }
        chosen
    }

    /// Ops whose result is known on each path that they expand to: a comparison is 1 or 0. The result of a call may be,
    /// too.
    fn becomes_branch(&self, op: OpId) -> bool {
        let data = &self.func.ops[op];
        let signed = || self.types.as_int(self.func.ty(data.operands[0])).is_some_and(|(_, signed)| signed);
        // Signed division is one of magnitudes, see the pass `numeric`.
        matches!(data.opcode, Opcode::ArithCmp | Opcode::ArithSelect | Opcode::KsCall)
            || (matches!(data.opcode, Opcode::KsDiv | Opcode::KsRem) && signed())
    }
}

/// The paths through a body.
struct Paths<'a> {
    body: &'a Body<'a>,
    /// For each block: the paths that leave it before its end.
    left: HashMap<OpId, u64>,
    /// The operations on all paths.
    walked: u64,
}

impl Paths<'_> {
    /// Walks a region to which so many paths come. Yields how many come to its end.
    fn region(&mut self, region: RegionId, mut paths: u64) -> u64 {
        let func = self.body.func;
        for &op in &func.blocks[func.only_block(region)].ops {
            self.walked = self.walked.saturating_add(paths);
            let data = &func.ops[op];
            if let Some(left) = func.left(op).filter(|left| self.body.inside.contains(left)) {
                let count = self.left.entry(left).or_default();
                *count = count.saturating_add(paths);
            }
            if func.exit(op).is_some() {
                return 0;
            }
            if !data.regions.is_empty() {
                let ends = data.regions.iter().map(|&inner| self.region(inner, paths));
                let ends = ends.fold(0, u64::saturating_add);
                paths = ends.saturating_add(self.left.remove(&op).unwrap_or(0));
            }
        }
        paths
    }
}
