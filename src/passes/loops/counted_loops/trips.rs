//! How many iterations a `ks.while` has at most: where a variable counts from a constant towards a constant that ends the loop, or is
//! shifted until nothing is left of it.
//!
//! The loop goes on only while a comparison of the variable holds: it is a part of the condition, joined to others by `&&`, or the
//! condition of a `break` in the body. Each iteration that goes on passes one assignment which brings the variable nearer to the end; no
//! other moves it away, and none wraps.

use crate::fold::{self, CompareOp};
use crate::ir::numbers::Numbers;
use crate::ir::ops::{ArithCmp, KsIf, KsLoad, KsStore, KsWhile};
use crate::ir::{Exit, Function, OpId, Opcode, RegionId, Value};
use crate::tables::OpTrait;
use crate::types::{TyKind, Types};

/// A limit above this is none: `bpf_loop` has the same.
const MOST: i128 = 1 << 23;

/// The number of iterations of a loop.
pub struct Trips {
    /// The most iterations.
    pub limit: u32,
    pub counter: Option<Counter>,
}

/// A variable that holds `start` in the first iteration and `by` more in each later one, until the only store to it.
pub struct Counter {
    pub variable: Value,
    pub start: i128,
    pub by: i128,
    pub step: OpId,
}

/// The trips of a loop; none if nothing limits them.
pub fn of_loop(func: &Function, types: &Types, ranges: &Numbers<'_>, op: OpId) -> Option<Trips> {
    let view = KsWhile::of(&func.ops[op]);
    let (condition, body) = (view.condition_region(), view.body_region());
    let mut ops = Vec::new();
    func.walk_region(condition, &mut ops);
    let has_effects = ops.iter().any(|&op| !only_reads(func, op));
    func.walk_region(body, &mut ops);
    let looked = Loop { func, types, ranges, op, body, ops };
    let mut tests = Vec::new();
    if let Some(&end) = func.blocks[func.only_block(condition)].ops.last()
        && func.ops[end].opcode == Opcode::KsYield
    {
        looked.conjuncts(func.ops[end].operands[0], true, &mut tests);
    }
    let at_start = tests.len();
    looked.breaks(&mut tests);
    let limits = tests.iter().enumerate().filter_map(|(at, test)| {
        // The last time the test ends the loop: what runs before it runs once more.
        let again = i128::from(at >= at_start || has_effects);
        Some((looked.iterations(test)? + again, test.variable))
    });
    let (limit, variable) = limits.min_by_key(|&(limit, _)| limit).filter(|&(limit, _)| limit <= MOST)?;
    Some(Trips { limit: u32::try_from(limit).ok()?, counter: looked.counter(variable) })
}

fn only_reads(func: &Function, op: OpId) -> bool {
    let opcode = func.ops[op].opcode;
    let reads = [OpTrait::Pure, OpTrait::ReadsMemory].iter().any(|&of| opcode.has(of)) && !opcode.has(OpTrait::Calls);
    reads && !opcode.has(OpTrait::WritesMemory) || matches!(opcode, Opcode::KsIf | Opcode::KsYield | Opcode::KsConst)
}

/// The loop goes on only while `variable pred bound`.
struct Test {
    variable: Value,
    pred: CompareOp,
    bound: i128,
}

/// The effect of an assignment on the value of the variable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Add(i128),
    /// Half of it, or less.
    Halve(u32),
}

struct Loop<'a> {
    func: &'a Function,
    types: &'a Types,
    ranges: &'a Numbers<'a>,
    op: OpId,
    body: RegionId,
    /// The ops of the condition and of the body.
    ops: Vec<OpId>,
}

impl Loop<'_> {
    /// The comparisons that hold where a bool has an outcome.
    fn conjuncts(&self, value: Value, outcome: bool, tests: &mut Vec<Test>) {
        let Some(data) = self.func.def(value).map(|op| &self.func.ops[op]) else { return };
        let known = |value: Value| self.func.known(self.types, value);
        if data.opcode == Opcode::ArithCmp {
            tests.extend(self.test(ArithCmp::of(data), outcome));
        } else if data.opcode == Opcode::ArithXor && known(data.operands[1]) == Some(1) {
            self.conjuncts(data.operands[0], !outcome, tests);
        } else if (data.opcode == Opcode::ArithAnd && outcome) || (data.opcode == Opcode::ArithOr && !outcome) {
            data.operands.iter().for_each(|&operand| self.conjuncts(operand, outcome, tests));
        } else if data.opcode == Opcode::KsIf {
            // `a && b` yields `b`, or false; `a || b` true, or `b`.
            let ends = data.regions.iter().map(|&region| self.yielded(region, value));
            let [then, otherwise] = ends.collect::<Vec<_>>()[..] else { return };
            let other = i128::from(!outcome);
            let (Some(then), Some(otherwise)) = (then, otherwise) else { return };
            if known(otherwise) == Some(other) {
                self.conjuncts(KsIf::of(data).condition(), true, tests);
                self.conjuncts(then, outcome, tests);
            } else if known(then) == Some(other) {
                self.conjuncts(KsIf::of(data).condition(), false, tests);
                self.conjuncts(otherwise, outcome, tests);
            }
        }
    }

    /// What a region yields for a result of its op.
    fn yielded(&self, region: RegionId, result: Value) -> Option<Value> {
        let op = self.func.def(result)?;
        let at = self.func.ops[op].results.iter().position(|&of| of == result)?;
        let end = *self.func.blocks[self.func.only_block(region)].ops.last()?;
        Some(&self.func.ops[end]).filter(|end| end.opcode == Opcode::KsYield)?.operands.get(at).copied()
    }

    /// The tests in the body, before any path to the next iteration, that end the loop on one outcome.
    fn breaks(&self, tests: &mut Vec<Test>) {
        let exits = self.func.exits(self.body);
        for &op in &self.func.blocks[self.func.only_block(self.body)].ops {
            let data = &self.func.ops[op];
            let inside = |end: OpId| end == op || self.func.is_inside(end, op);
            if exits.iter().any(|&(end, exit)| exit == Exit::Continue && inside(end)) {
                return;
            }
            if data.opcode != Opcode::KsIf {
                continue;
            }
            for (&region, outcome) in data.regions.iter().zip([false, true]) {
                let end = self.func.blocks[self.func.only_block(region)].ops.last();
                let leaves = end.is_some_and(|end| exits.iter().any(|(op, _)| op == end));
                if leaves {
                    self.conjuncts(KsIf::of(data).condition(), outcome, tests);
                }
            }
        }
    }

    fn test(&self, cmp: ArithCmp<'_>, outcome: bool) -> Option<Test> {
        let pred = CompareOp::from_word(cmp.pred())?;
        let pred = if outcome { pred } else { pred.negated() };
        let known = |value: Value| self.func.known(self.types, value);
        let (of, pred, bound) = match (known(cmp.left()), known(cmp.right())) {
            (None, Some(bound)) => (cmp.left(), pred, bound),
            (Some(bound), None) => (cmp.right(), pred.mirrored(), bound),
            (None, None) | (Some(_), Some(_)) => return None,
        };
        let (load, variable) = self.loaded(of)?;
        // A value that was loaded before the loop is the same in each iteration, so it is no test of the variable.
        self.ops.contains(&load).then_some(Test { variable, pred, bound })
    }

    /// The load, and the variable, of a value that is what a variable holds, perhaps in a wider type.
    fn loaded(&self, value: Value) -> Option<(OpId, Value)> {
        let op = self.func.def(value)?;
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsLoad {
            return Some((op, KsLoad::of(data).place()));
        }
        let from = *data.operands.first().filter(|_| data.opcode == Opcode::ArithCast)?;
        let (low, high) = self.range(from)?;
        let (bits, signed) = self.types.as_int(self.func.ty(value))?;
        (fold::fits(low, bits, signed) && fold::fits(high, bits, signed)).then_some(())?;
        self.loaded(from)
    }

    /// The numbers of a value's type.
    fn range(&self, value: Value) -> Option<(i128, i128)> {
        let (bits, signed) = self.types.as_int(self.func.ty(value))?;
        Some(fold::range(bits, signed))
    }

    /// The most iterations in which the test holds.
    fn iterations(&self, test: &Test) -> Option<i128> {
        let steps = self.steps(test.variable)?;
        let (_, first) = *steps.iter().find(|&&(op, _)| self.runs_always(op))?;
        let TyKind::Place { of, .. } = self.types.kind(self.func.ty(test.variable)) else { return None };
        let (bits, signed) = self.types.as_int(of)?;
        if let Step::Halve(by) = first {
            let halves = steps.iter().all(|(_, step)| matches!(step, Step::Halve(_)));
            // A number that is below 0 stays that.
            let ends = match test.pred {
                CompareOp::Gt => test.bound >= 0,
                CompareOp::Ge => test.bound > 0,
                CompareOp::Ne => test.bound == 0 && !signed,
                CompareOp::Eq | CompareOp::Lt | CompareOp::Le => false,
            };
            let bits = self.bits(test.variable).unwrap_or(u32::from(bits));
            return (halves && ends).then(|| i128::from(bits.div_ceil(by)));
        }
        let adds: Option<Vec<i128>> = steps
            .iter()
            .map(|&(_, step)| match step {
                Step::Add(number) => Some(number),
                Step::Halve(_) => None,
            })
            .collect();
        let (adds, Step::Add(by)) = (adds?, first) else { return None };
        self.counted(test, &adds, by, fold::range(bits, signed))
    }

    fn counter(&self, variable: Value) -> Option<Counter> {
        let &[(step, Step::Add(by))] = &self.steps(variable)?[..] else { return None };
        self.runs_always(step).then_some(Counter { variable, start: self.start(variable)?, by, step })
    }

    /// The most iterations of a loop whose variable grows by `by` in each iteration, and perhaps by the rest of `adds`.
    fn counted(&self, test: &Test, adds: &[i128], by: i128, (low, high): (i128, i128)) -> Option<i128> {
        let start = self.start(test.variable)?;
        let up = by > 0;
        if adds.iter().any(|&add| (add > 0) != up) {
            return None;
        }
        // Counted down is counted up of the negated numbers.
        let sign = if up { 1 } else { -1 };
        let (from, by, sum) = (start * sign, by * sign, adds.iter().sum::<i128>() * sign);
        let most = if up { high } else { -low };
        let to = match (test.pred, up) {
            (CompareOp::Lt, true) | (CompareOp::Gt, false) => test.bound * sign,
            (CompareOp::Le, true) | (CompareOp::Ge, false) => test.bound * sign + 1,
            (CompareOp::Ne, _) => {
                let to = test.bound * sign;
                // A variable that begins at the bound may be tested behind the first step alone.
                let hits = to > from && (to - from) % by == 0 && adds.len() == 1;
                hits.then_some(to)?
            }
            (CompareOp::Lt | CompareOp::Le, false) | (CompareOp::Gt | CompareOp::Ge, true) | (CompareOp::Eq, _) => {
                return None;
            }
        };
        let largest = (to - 1).max(from).checked_add(sum)?;
        (largest <= most).then(|| ((to - from).max(0) + by - 1) / by)
    }

    /// The assignments to a variable in the loop; none if anything else may write it, or an inner loop does.
    fn steps(&self, variable: Value) -> Option<Vec<(OpId, Step)>> {
        self.func.def(variable).filter(|&def| self.func.ops[def].opcode == Opcode::KsVar)?;
        let uses = |op: OpId| self.func.ops[op].operands.contains(&variable);
        let mut steps = Vec::new();
        for op in self.func.walk().into_iter().filter(|&op| uses(op)) {
            let data = &self.func.ops[op];
            let stores = data.opcode == Opcode::KsStore && KsStore::of(data).value() != variable;
            if data.opcode != Opcode::KsLoad && !stores {
                return None;
            }
            if stores && self.ops.contains(&op) {
                let alone = self.func.loops(op).next() == Some(self.op);
                steps.push((op, self.step(op, variable).filter(|_| alone)?));
            }
        }
        Some(steps)
    }

    /// The arithmetic of a store, of what the variable held just before.
    fn step(&self, store: OpId, variable: Value) -> Option<Step> {
        let mut value = KsStore::of(&self.func.ops[store]).value();
        let (low, high) = self.range(value)?;
        // A number of the variable's type is the same in types that have all of those.
        while let Some(cast) = self.func.def(value).filter(|&op| self.func.ops[op].opcode == Opcode::ArithCast) {
            let (bits, signed) = self.types.as_int(self.func.ty(value))?;
            (fold::fits(low, bits, signed) && fold::fits(high, bits, signed)).then_some(())?;
            value = self.func.ops[cast].operands[0];
        }
        let op = self.func.def(value)?;
        let data = &self.func.ops[op];
        let &[left, right] = &data.operands[..] else { return None };
        let known = |value: Value| self.func.known(self.types, value);
        let (of, number) = match (known(left), known(right)) {
            (None, Some(number)) => (left, number),
            (Some(number), None) if data.opcode == Opcode::ArithAdd => (right, number),
            (None, None) | (Some(_), _) => return None,
        };
        let (load, from) = self.loaded(of)?;
        if from != variable || !self.is_fresh(load, store, variable) {
            return None;
        }
        let is = |opcodes: &[Opcode]| opcodes.contains(&data.opcode);
        if is(&[Opcode::ArithAdd]) && number != 0 {
            Some(Step::Add(number))
        } else if is(&[Opcode::ArithSub]) && number != 0 {
            Some(Step::Add(-number))
        } else if is(&[Opcode::ArithShr, Opcode::KsShr]) && (1..128).contains(&number) {
            Some(Step::Halve(u32::try_from(number).ok()?))
        } else if is(&[Opcode::KsDiv]) && number >= 2 && (number & (number - 1)) == 0 {
            Some(Step::Halve(number.trailing_zeros()))
        } else {
            None
        }
    }

    /// Whether nothing writes the variable between a load of it and a store, which are in one block.
    fn is_fresh(&self, load: OpId, store: OpId, variable: Value) -> bool {
        let (from, to) = (&self.func.ops[load], &self.func.ops[store]);
        if from.block != to.block {
            return false;
        }
        let between = self.func.blocks[from.block].ops.iter().skip_while(|&&op| op != load);
        between.copied().take_while(|&op| op != store).all(|op| !self.writes(op, variable))
    }

    /// Whether an op, or one in its regions, stores to a variable that is only loaded and stored.
    fn writes(&self, op: OpId, variable: Value) -> bool {
        let mut ops = vec![op];
        self.func.ops[op].regions.iter().for_each(|&region| self.func.walk_region(region, &mut ops));
        ops.into_iter()
            .map(|op| &self.func.ops[op])
            .any(|data| data.opcode == Opcode::KsStore && KsStore::of(data).place() == variable)
    }

    /// Whether each iteration that is followed by another one passes an op of the body.
    fn runs_always(&self, op: OpId) -> bool {
        let block = self.func.only_block(self.body);
        if self.func.ops[op].block != block {
            return false;
        }
        let exits = self.func.exits(self.body);
        let continues = exits.iter().filter(|(_, exit)| *exit == Exit::Continue).map(|&(end, _)| end);
        let before: Vec<OpId> = self.func.blocks[block].ops.iter().copied().take_while(|&other| other != op).collect();
        continues.into_iter().all(|end| !before.iter().any(|&other| other == end || self.func.is_inside(end, other)))
    }

    /// The value of the variable where the loop begins, if that is a constant: from the last store before it, in the same iteration of a
    /// loop around.
    fn start(&self, variable: Value) -> Option<i128> {
        let mut at = self.op;
        loop {
            let block = self.func.ops[at].block;
            let before: Vec<OpId> =
                self.func.blocks[block].ops.iter().copied().take_while(|&other| other != at).collect();
            if let Some(&write) = before.iter().rev().find(|&&op| self.writes(op, variable)) {
                let data = &self.func.ops[write];
                let stored = (data.opcode == Opcode::KsStore).then(|| KsStore::of(data).value())?;
                return self.func.known(self.types, stored);
            }
            at = self.func.around(at).filter(|&around| !self.func.ops[around].opcode.is_loop())?;
        }
    }

    /// How many bits the numbers have that are stored outside of the loop.
    fn bits(&self, variable: Value) -> Option<u32> {
        let outside = self.func.walk().into_iter().filter(|op| !self.ops.contains(op)).filter_map(|op| {
            let data = &self.func.ops[op];
            let stores = data.opcode == Opcode::KsStore && KsStore::of(data).place() == variable;
            stores.then(|| self.ranges.largest(KsStore::of(data).value()))
        });
        let largest = outside.collect::<Option<Vec<u64>>>()?.into_iter().max()?;
        Some(u64::BITS - largest.leading_zeros())
    }
}
