//! Whether an iteration leaves the loop on each path on which a comparison has some outcome: then the verifier takes the facts of that
//! outcome to no other iteration.
//!
//! Follows the body with the numbers that are known by then: a byte that the comparison finds to be missing is zero, and the body may
//! end on zero.

use crate::fold::{self, CompareOp};
use crate::ir::ops::{ArithCmp, KsConst, KsIf, KsLoad, KsStore};
use crate::ir::{Exit, Function, OpId, Opcode, RegionId, Value};
use crate::tables::OpTrait;
use crate::types::{Ty, Types};
use std::collections::{HashMap, HashSet};

/// No more paths than this are followed.
const PATHS: usize = 64;

/// The constants that values and variables hold on a path.
#[derive(Clone, Default)]
struct Path {
    known: HashMap<Value, i128>,
    /// The comparison was there.
    passed: bool,
}

/// How a path ends in a region.
enum End {
    /// At a yield of these values.
    Yields(Vec<Option<i128>>),
    Leaves,
    Continues,
}

struct Walk<'a> {
    func: &'a Function,
    types: &'a Types,
    exits: HashMap<OpId, Exit>,
    /// Variables that may be written through pointers.
    addressed: HashSet<Value>,
    comparison: OpId,
    outcome: bool,
    paths: usize,
}

/// Whether no path with that outcome goes on with the next iteration.
pub fn leaves(func: &Function, types: &Types, body: RegionId, (comparison, outcome): (OpId, bool)) -> bool {
    let exits = func.exits(body).into_iter().collect();
    let addresses = func.walk().into_iter().map(|op| &func.ops[op]).filter(|data| data.opcode == Opcode::KsAddr);
    let addressed = addresses.map(|data| data.operands[0]).collect();
    let mut walk = Walk { func, types, exits, addressed, comparison, outcome, paths: 0 };
    let Some(ends) = walk.region(body, Path::default()) else { return false };
    ends.into_iter().all(|(path, end)| !path.passed || matches!(end, End::Leaves))
}

impl Walk<'_> {
    /// The paths through a region; none if it has something that is not followed, or too many.
    fn region(&mut self, region: RegionId, path: Path) -> Option<Vec<(Path, End)>> {
        let mut ends = Vec::new();
        let ops: Vec<OpId> = self.func.blocks[self.func.only_block(region)].ops.iter().copied().collect();
        self.ops(&ops, path, &mut ends)?;
        Some(ends)
    }

    fn ops(&mut self, ops: &[OpId], mut path: Path, ends: &mut Vec<(Path, End)>) -> Option<()> {
        for (at, &op) in ops.iter().enumerate() {
            let data = &self.func.ops[op];
            if data.opcode == Opcode::KsYield {
                let values = data.operands.iter().map(|value| path.known.get(value).copied()).collect();
                ends.push((path, End::Yields(values)));
                return Some(());
            }
            if let Some(exit) = self.func.exit(op) {
                let leaves = matches!(self.exits.get(&op), Some(Exit::Break | Exit::Return | Exit::Leave(_)));
                if !leaves && exit != Exit::Continue {
                    return None;
                }
                ends.push((path, if leaves { End::Leaves } else { End::Continues }));
                return Some(());
            }
            if data.opcode == Opcode::KsIf {
                return self.branch(op, &ops[at + 1..], path, ends);
            }
            if !data.regions.is_empty() {
                return None;
            }
            self.step(op, &mut path);
        }
        None
    }

    /// A branch, and what is behind it on each path through it.
    fn branch(&mut self, op: OpId, behind: &[OpId], path: Path, ends: &mut Vec<(Path, End)>) -> Option<()> {
        let data = &self.func.ops[op];
        let condition = KsIf::of(data).condition();
        let taken = path.known.get(&condition).copied();
        for (outcome, &region) in [1, 0].into_iter().zip(&data.regions) {
            if taken.is_some_and(|taken| taken != outcome) {
                continue;
            }
            self.paths += 1;
            let mut path = path.clone();
            self.learn(condition, outcome, &mut path);
            if self.paths > PATHS {
                return None;
            }
            for (mut path, end) in self.region(region, path)? {
                let End::Yields(values) = end else {
                    ends.push((path, end));
                    continue;
                };
                for (&result, value) in data.results.iter().zip(values) {
                    path.set(result, value);
                }
                self.ops(behind, path, ends)?;
            }
        }
        Some(())
    }

    /// What the outcome of a condition shows: the number that equals a known one, also in the variable that it is from.
    fn learn(&self, condition: Value, outcome: i128, path: &mut Path) {
        path.set(condition, Some(outcome));
        let Some(data) = self.func.def(condition).map(|op| &self.func.ops[op]) else { return };
        let equal = if outcome == 1 { "eq" } else { "ne" };
        if data.opcode != Opcode::ArithCmp || ArithCmp::of(data).pred() != equal {
            return;
        }
        let (left, right) = (ArithCmp::of(data).left(), ArithCmp::of(data).right());
        for (of, other) in [(left, right), (right, left)] {
            if let Some(&number) = path.known.get(&other) {
                self.equals(of, number, path);
            }
        }
    }

    fn equals(&self, value: Value, number: i128, path: &mut Path) {
        path.set(value, Some(number));
        let Some(data) = self.func.def(value).map(|op| &self.func.ops[op]) else { return };
        let ty = self.func.ty(data.operands.first().copied().unwrap_or(value));
        if data.opcode == Opcode::KsLoad {
            let place = KsLoad::of(data).place();
            path.set(place, Some(number).filter(|_| self.is_variable(place)));
        } else if data.opcode == Opcode::ArithCast
            && self.types.as_int(ty).is_some_and(|(bits, signed)| fold::fits(number, bits, signed))
        {
            self.equals(data.operands[0], number, path);
        }
    }

    fn step(&self, op: OpId, path: &mut Path) {
        let data = &self.func.ops[op];
        path.passed |= op == self.comparison;
        if data.opcode == Opcode::KsStore {
            let view = KsStore::of(data);
            let value = path.known.get(&view.value()).copied();
            return path.set(view.place(), value.filter(|_| self.is_variable(view.place())));
        }
        if let &[result] = &data.results[..] {
            path.set(result, self.computed(op, path));
        }
        if !data.opcode.has(OpTrait::Pure) && data.opcode != Opcode::KsLoad {
            let written = data.operands.iter().enumerate().filter(|&(index, _)| data.may_write(index));
            written.for_each(|(_, &place)| path.set(place, None));
        }
    }

    fn is_variable(&self, place: Value) -> bool {
        let is_own = self.func.def(place).is_some_and(|op| self.func.ops[op].opcode == Opcode::KsVar);
        is_own && !self.addressed.contains(&place)
    }

    fn computed(&self, op: OpId, path: &Path) -> Option<i128> {
        let data = &self.func.ops[op];
        if op == self.comparison {
            return Some(self.outcome.into());
        }
        let known = |value: Value| path.known.get(&value).copied();
        let int = |ty: Ty| if ty == Ty::BOOL { Some((1, false)) } else { self.types.as_int(ty) };
        if data.opcode == Opcode::KsConst {
            Some(KsConst::of(data).value())
        } else if data.opcode == Opcode::KsLoad {
            known(KsLoad::of(data).place())
        } else if data.opcode == Opcode::ArithCast {
            let (bits, signed) = int(self.func.ty(data.results[0]))?;
            Some(fold::wrap(known(data.operands[0])?, bits, signed))
        } else if data.opcode == Opcode::ArithCmp {
            let (left, right) = (known(data.operands[0])?, known(data.operands[1])?);
            Some(fold::compare(CompareOp::from_word(ArithCmp::of(data).pred())?, left, right).into())
        } else if data.opcode == Opcode::ArithXor {
            Some(known(data.operands[0])? ^ known(data.operands[1])?)
        } else {
            None
        }
    }
}

impl Path {
    fn set(&mut self, of: Value, number: Option<i128>) {
        match number {
            Some(number) => {
                self.known.insert(of, number);
            }
            None => {
                self.known.remove(&of);
            }
        }
    }
}
