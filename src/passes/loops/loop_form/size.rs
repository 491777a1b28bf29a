//! How many instructions of a plain loop the verifier has to walk.

use super::body::Body;
use super::cuts::Cut;
use super::path_values::PathValues;
use super::{forget, learned_bounds};
use crate::ir::numbers::Numbers;
use crate::ir::ops::{KsCall, KsFor, StrAppend, StrCopy, StrEq, StrLen, StrStartsWith};
use crate::ir::{Function, Module, OpId, Opcode, RegionId, Symbol, Value};
use crate::passes::loops::outline::changes_pointer;
use crate::passes::packet::bytes;
use crate::types::{Ty, TyKind, Types};
use std::collections::HashMap;

/// The most operations that a plain loop has in all its iterations.
const PLAIN: u64 = 4096;

/// The most operations of a plain loop in which the verifier forks: it follows each value that a variable can have, and a variable that
/// changes on only one path can have as many values as there are iterations. Well below the limit of a million.
const FORKED: u64 = 1 << 16;

/// A loop that forks, and stays plain, forgets if the verifier might walk more of it.
const FOLLOWED: u64 = 1 << 12;

/// The most operations of a plain loop in which the verifier forgets, in each iteration, the values that the loop changes, so that each
/// iteration is walked once for each of its paths. A callback costs the verifier less, and the program more.
const FORGOTTEN: u64 = 1 << 14;
/// Kernels before 6.12 walk the same loops up to 60 times as often: numbers that they have traced back stay precise. So much in all such
/// loops of a module is below the limit of a million.
const FORGOTTEN_BEFORE: u64 = 3 << 12;

/// Both for one that cannot be a callback, because of the pointers that it changes, or since kernels have none.
const PLAIN_OR_REFUSED: u64 = 1 << 16;
const FORKED_OR_REFUSED: u64 = 1 << 20;

/// The most operations of a plain loop that can have another form, if the verifier learns in it about a packet or a variable, since each
/// iteration keeps the states of those before it; for a loop with calls, on each path through the callees.
const LEARNED: u64 = 1 << 17;

/// The most code behind a plain loop, if the loop has another form: the verifier walks that code once for each of the values that the loop
/// may
/// leave in variables. The limit does not apply where that code is as large by itself: there a known number spares more than it costs.
const AFTER: u64 = 1 << 16;
const AFTER_ITSELF: u64 = 1 << 14;

/// What follows a loop is walked once, and not for each exit from the loop, where it would be more than this.
const MERGED: u64 = 1 << 10;

/// From so much code on that follows, a cut is made.
const CUT: u64 = 1 << 10;

/// As many iterations of a plain loop the verifier follows on each combination of their paths.
const CHECKED: u64 = 8;

/// About how often the verifier walks a callback until its states repeat.
const CALLBACK: u64 = 8;

/// Operations for each byte that one string may add to another, and for each of one that is only looked through, by words.
const ADDED_BYTE: u64 = 10;
const READ_BYTE: u64 = 1;

/// The most iterations of a plain loop whose bound is not constant: the verifier walks the code after the loop once for
/// each number of iterations.
const COUNTED: u64 = 64;

/// The plan for the loops of a module.
#[derive(Default)]
pub struct Forms {
    /// The loops that cannot stay plain, each function's inner ones before outer ones.
    pub too_large: Vec<(Symbol, OpId)>,
    /// The loops that stay plain if the verifier forgets the values that they change.
    pub forgetting: Vec<(Symbol, OpId)>,
    /// Those that stay plain, and behind which the verifier forgets what they change.
    pub merging: Vec<(Symbol, OpId)>,
    /// Those that stay plain, and in which the verifier keeps a state in each iteration.
    pub checked: Vec<(Symbol, OpId)>,
    /// Where cuts are made: before calls of functions with branches, and in loops with loops in them.
    pub cuts: Vec<(Symbol, Cut)>,
    /// Kernels before 6.12 alone keep a loop from that.
    pub kept: bool,
}

/// `callbacks`: kernels have another form for loops; else one stays plain too if its bound is small, though not known, and
/// what it changes can be forgotten. `traced`: the object may meet kernels before 6.12.
pub fn forms(module: &Module, types: &Types, callbacks: bool, traced: bool) -> Forms {
    let mut sizes = Sizes {
        module,
        types,
        callbacks,
        traced,
        funcs: HashMap::new(),
        branches: HashMap::new(),
        path_values: PathValues::default(),
        forms: Forms::default(),
        forgotten: 0,
    };
    for func in &module.funcs {
        sizes.of_function(&func.name);
    }
    sizes.forms
}

/// The loops that are plain though their high bound is not known, each with the most that it can be.
pub fn counted(func: &Function, types: &Types) -> Vec<(OpId, u64)> {
    let loops = func.walk().into_iter().filter(|&op| func.ops[op].opcode == Opcode::KsFor);
    let unknown = loops.filter(|&op| func.known(types, KsFor::of(&func.ops[op]).high()).is_none());
    let ranges = Numbers::of(func, types);
    unknown.filter_map(|op| Some((op, ranges.largest(KsFor::of(&func.ops[op]).high())?))).collect()
}

/// Whether the verifier can follow so many copies of a loop's body one after the other: each fork doubles what it follows then.
pub fn can_follow_copies(func: &Function, types: &Types, body: RegionId, iterations: u64) -> bool {
    let inner = Body::of(func, types, body);
    let forks = iterations.saturating_mul(u64::from(inner.forks()) + u64::from(inner.calls()));
    let paths = 2_u64.saturating_pow(u32::try_from(forks).unwrap_or(u32::MAX));
    iterations.saturating_mul(inner.ops.len() as u64).saturating_mul(paths) <= FORKED
}

/// Whether the verifier can follow so many iterations of a plain loop with this body, if it forgets in each what they change; `most` is
/// how many operations it may walk.
pub fn can_follow_forgetting(func: &Function, types: &Types, body: RegionId, (iterations, most): (u64, u64)) -> bool {
    let mut inner = Body::of(func, types, body);
    inner.forgotten = forget::variables(func, types, body);
    let alike =
        inner.forks() == 0 && !inner.calls() && learned_bounds::all_subjects(func, types, body, &inner.ops) == 0;
    alike && inner.walked().is_some_and(|walked| walked.saturating_mul(iterations) <= most)
}

/// How often the verifier walks a function: once for each chain of calls that leads to it; the largest number if one of them is in a loop.
pub fn times_walked(module: &Module, name: &Symbol) -> u64 {
    let calls = module.funcs.iter().flat_map(|func| {
        let ops = func.walk().into_iter().filter(|&op| func.ops[op].opcode == Opcode::KsCall);
        ops.filter(|&op| KsCall::of(&func.ops[op]).callee() == name).map(move |op| (func, op))
    });
    let times = calls.map(|(caller, call)| {
        let is_again = caller.name == *name || caller.loops(call).next().is_some();
        if is_again { u64::MAX } else { times_walked(module, &caller.name) }
    });
    // Nothing calls a program.
    times.fold(0, u64::saturating_add).max(1)
}

/// Whether a loop walks a block of a packet (`packet-bytes`). It has no other form: in a callback the verifier does not know where in the
/// block a byte is. And it was made for a verifier that forgets: what its numbers are known to be decides branches, whose states differ then.
fn is_walk(func: &Function, op: OpId) -> bool {
    func.ops[op].loc.made_by == Some(bytes::NAME)
}

/// The cost of a piece of code to the verifier.
#[derive(Clone, Copy, Default)]
struct Size {
    /// Operations, with those of plain loops in all their iterations.
    ops: u64,
    /// Operations, with those of callbacks as often as the verifier walks them.
    walked: u64,
}

impl Size {
    const ONE: Size = Size { ops: 1, walked: 1 };

    fn plus(self, other: Size) -> Size {
        Size { ops: self.ops.saturating_add(other.ops), walked: self.walked.saturating_add(other.walked) }
    }

    fn of(ops: u64) -> Size {
        Size { ops, walked: ops }
    }

    fn times(self, iterations: u64) -> Size {
        Size { ops: self.ops.saturating_mul(iterations), walked: self.walked.saturating_mul(iterations) }
    }
}

struct Sizes<'m> {
    module: &'m Module,
    types: &'m Types,
    callbacks: bool,
    traced: bool,
    funcs: HashMap<Symbol, Size>,
    branches: HashMap<Symbol, u64>,
    path_values: PathValues,
    forms: Forms,
    /// What the verifier walks in the loops that forget.
    forgotten: u64,
}

impl Sizes<'_> {
    fn of_function(&mut self, name: &Symbol) -> Size {
        if let Some(&size) = self.funcs.get(name) {
            return size;
        }
        let Some(func) = self.module.func(name) else { return Size::default() };
        let size = self.of_region(func, func.body, 0);
        self.funcs.insert(name.clone(), size);
        size
    }

    /// `after` is what the verifier walks through from the end of the region on. From the last op to the first, so that this is
    /// known for each; what is too large stays in the order of the text.
    fn of_region(&mut self, func: &Function, region: RegionId, after: u64) -> Size {
        let before = std::mem::take(&mut self.forms.too_large);
        let mut found = Vec::new();
        let mut size = Size::default();
        for &op in func.blocks[func.only_block(region)].ops.iter().rev() {
            size = size.plus(self.of_op(func, op, after.saturating_add(size.walked)));
            found.push(std::mem::take(&mut self.forms.too_large));
        }
        self.forms.too_large = before;
        self.forms.too_large.extend(found.into_iter().rev().flatten());
        size
    }

    fn of_op(&mut self, func: &Function, op: OpId, after: u64) -> Size {
        let data = &func.ops[op];
        if data.opcode == Opcode::KsCall {
            let callee = KsCall::of(data).callee();
            let size = self.of_function(callee).plus(Size::ONE);
            let follows = after.saturating_add(size.walked);
            let in_loop = func.loops(op).next().is_some();
            if self.callbacks
                && follows > CUT
                && !in_loop
                && self.branches(callee) > 0
                && self.is_behind_forks(func, op)
            {
                self.forms.cuts.push((func.name.clone(), Cut::Call(op)));
            }
            return size;
        }
        if let Some(work) = self.string_work(func, op) {
            return Size::of(work);
        }
        // After the body of a loop comes the next iteration, which `times` counts.
        let after_body = if data.opcode.is_loop() { 0 } else { after };
        let has_cut = data.opcode == Opcode::KsFor && self.has_cut(func, op);
        let place = self.forms.cuts.len();
        let regions = data.regions.iter().map(|&r| self.of_region(func, r, after_body)).fold(Size::ONE, Size::plus);
        let often = || self.iterations(func, op).unwrap_or(CALLBACK);
        if has_cut && regions.walked.saturating_mul(often()) > CUT {
            self.forms.cuts.insert(place, (func.name.clone(), Cut::Iterations(data.regions[0])));
        }
        if data.opcode == Opcode::KsFor
            && let Some(all) = self.plain(func, op, regions, after)
        {
            return all;
        }
        if matches!(data.opcode, Opcode::KsFor | Opcode::KsWhile) {
            self.forms.too_large.push((func.name.clone(), op));
            return Size { walked: regions.walked.saturating_mul(CALLBACK), ..regions };
        }
        regions
    }

    /// Whether control comes to an op by several paths: behind a branch that goes on from more than one of its regions, or behind a loop or
    /// the call of a function with branches.
    fn is_behind_forks(&mut self, func: &Function, op: OpId) -> bool {
        let mut around = Some(op);
        while let Some(at) = around {
            let block = &func.blocks[func.ops[at].block];
            let before: Vec<OpId> = block.ops.iter().copied().take_while(|&other| other != at).collect();
            if before.into_iter().any(|op| self.forks(func, op)) {
                return true;
            }
            around = func.around(at);
        }
        false
    }

    fn forks(&mut self, func: &Function, op: OpId) -> bool {
        let data = &func.ops[op];
        if data.opcode == Opcode::KsCall {
            return self.branches(KsCall::of(data).callee()) > 0;
        }
        let yields = |&region: &RegionId| {
            let end = func.blocks[func.only_block(region)].ops.last().map(|&end| &func.ops[end])?;
            (end.opcode == Opcode::KsYield).then(|| end.operands.first().copied())
        };
        let ends: Vec<Option<Value>> = data.regions.iter().filter_map(yields).collect();
        // `a && b`, `a || b`: the branch on the outcome is what forks.
        let is_constant = |value: &Option<Value>| value.is_some_and(|value| func.known(self.types, value).is_some());
        let joins_conditions =
            data.results.iter().all(|&result| func.ty(result) == Ty::BOOL) && ends.iter().any(is_constant);
        data.opcode.is_loop() || (ends.len() > 1 && !joins_conditions)
    }

    /// Whether iterations of a loop begin with a cut: behind a loop in it, or a call of a function with loops, an iteration goes on.
    fn has_cut(&self, func: &Function, op: OpId) -> bool {
        let body = Body::of(func, self.types, KsFor::of(&func.ops[op]).body_region());
        let inner = body.ops.iter().copied().filter(|&op| func.ops[op].opcode.is_loop() || self.calls_loops(func, op));
        self.callbacks && inner.into_iter().any(|op| body.goes_on_behind(op))
    }

    /// Whether an op calls a function that has loops, or calls such a function.
    fn calls_loops(&self, func: &Function, op: OpId) -> bool {
        let data = &func.ops[op];
        let callee = (data.opcode == Opcode::KsCall).then(|| self.module.func(KsCall::of(data).callee())).flatten();
        callee.is_some_and(|callee| {
            let ops = callee.walk();
            ops.into_iter().any(|op| callee.ops[op].opcode.is_loop() || self.calls_loops(callee, op))
        })
    }

    /// The cost of an operation on strings: loops over as many bytes as the string has room for.
    fn string_work(&self, func: &Function, op: OpId) -> Option<u64> {
        let data = &func.ops[op];
        let (place, for_each) = if data.opcode == Opcode::StrAppend {
            (StrAppend::of(data).from(), ADDED_BYTE)
        } else if data.opcode == Opcode::StrCopy {
            (StrCopy::of(data).from(), READ_BYTE)
        } else if data.opcode == Opcode::StrLen {
            (StrLen::of(data).place(), READ_BYTE)
        } else if data.opcode == Opcode::StrEq {
            (StrEq::of(data).left(), READ_BYTE)
        } else if data.opcode == Opcode::StrStartsWith {
            (StrStartsWith::of(data).place(), READ_BYTE)
        } else {
            return None;
        };
        let TyKind::Place { of, .. } = self.types.kind(func.ty(place)) else { return None };
        Some(self.types.size_of(of).saturating_mul(for_each))
    }

    /// The size of all iterations of a loop that can stay plain.
    fn plain(&mut self, func: &Function, op: OpId, body: Size, after: u64) -> Option<Size> {
        let size = self.followed(func, op, body, after);
        let forgets = self.callbacks && (is_walk(func, op) || size.is_none() || self.forks_often(func, op, body));
        let forgotten = forgets.then(|| self.forgotten(func, op, body, after)).flatten();
        if forgotten.is_none() && size.is_some() && self.callbacks && self.has_many_ends(func, op, after) {
            self.forms.merging.push((func.name.clone(), op));
        }
        let size = forgotten.or(size);
        if size.is_some() && self.has_many_paths(func, op) {
            self.forms.checked.push((func.name.clone(), op));
        }
        size
    }

    /// Whether the paths through several iterations of a plain loop are too many to follow each combination of them. LLVM changes a loop
    /// with a checkpoint less, so only loops in loops have one.
    fn has_many_paths(&self, func: &Function, op: OpId) -> bool {
        let body = Body::of(func, self.types, KsFor::of(&func.ops[op]).body_region());
        let inner = |ops: &[OpId]| ops.iter().any(|&op| func.ops[op].opcode.is_loop());
        let nested = |body: &Body<'_>| inner(&body.ops) || func.loops(op).next().is_some();
        let often = self.iterations(func, op).is_some_and(|iterations| iterations >= CHECKED);
        often && body.rejoins() && nested(&body)
    }

    /// Whether a plain loop leaves so many states that it pays to merge them behind it. Of a loop in another one each is there again in
    /// each iteration of that one.
    fn has_many_ends(&self, func: &Function, op: OpId, after: u64) -> bool {
        let Some(iterations) = self.iterations(func, op) else { return false };
        let inner = Body::of(func, self.types, KsFor::of(&func.ops[op]).body_region());
        let ends = u64::from(inner.forks()) + u64::from(inner.ends_early());
        ends > 0 && (func.loops(op).next().is_some() || iterations.saturating_mul(after) > MERGED)
    }

    /// Whether a plain loop leaves so many states that it pays to forget them.
    fn forks_often(&self, func: &Function, op: OpId, body: Size) -> bool {
        let Some(iterations) = self.iterations(func, op) else { return false };
        let forks = Body::of(func, self.types, KsFor::of(&func.ops[op]).body_region()).forks();
        body.times(iterations).ops.saturating_mul(iterations.saturating_pow(forks)) > FOLLOWED
    }

    /// The iterations of a loop with constant bounds; none for other loops.
    fn iterations(&self, func: &Function, op: OpId) -> Option<u64> {
        let view = KsFor::of(&func.ops[op]);
        let (low, high) = (func.known(self.types, view.low())?, func.known(self.types, view.high())?);
        u64::try_from((high - low + i128::from(view.inclusive())).max(0)).ok()
    }

    /// The size of a plain loop in which the verifier forgets all that differs from path to path, if that is small enough.
    fn forgotten(&mut self, func: &Function, op: OpId, body: Size, after: u64) -> Option<Size> {
        let iterations = self.iterations(func, op)?;
        let region = KsFor::of(&func.ops[op]).body_region();
        let mut inner = Body::of(func, self.types, region);
        let forks = inner.forks();
        inner.forgotten = forget::variables(func, self.types, region);
        let size = body.times(iterations);
        let forked = size.walked.saturating_mul(2_u64.saturating_pow(forks));
        let by_paths = inner.walked().map_or(u64::MAX, |walked| walked.saturating_mul(iterations));
        let walked = forked.min(by_paths).max(iterations.saturating_mul(after));
        let learned = learned_bounds::all_subjects(func, self.types, region, &inner.ops);
        if inner.forks() > 0 || inner.calls() || learned > 0 || walked > FORGOTTEN {
            return None;
        }
        let forgotten = self.forgotten.saturating_add(walked);
        let adds_to_strings = || inner.ops.iter().any(|&op| func.ops[op].opcode == Opcode::StrAppend);
        let too_often =
            || forgotten > FORGOTTEN_BEFORE || adds_to_strings() || times_walked(self.module, &func.name) > 1;
        if self.traced && !is_walk(func, op) && too_often() {
            self.forms.kept = true;
            return None;
        }
        self.forgotten = forgotten;
        self.forms.forgetting.push((func.name.clone(), op));
        Some(size)
    }

    fn followed(&mut self, func: &Function, op: OpId, body: Size, after: u64) -> Option<Size> {
        let view = KsFor::of(&func.ops[op]);
        let low = func.known(self.types, view.low())?;
        let known = func.known(self.types, view.high());
        let high = match known {
            None if !self.callbacks => i128::from(Numbers::of(func, self.types).largest(view.high())?),
            known => known?,
        };
        let iterations = u64::try_from((high - low + i128::from(view.inclusive())).max(0)).ok()?;
        if known.is_none() && iterations > COUNTED {
            return None;
        }
        let size = body.times(iterations);
        let all = size.ops;
        let region = view.body_region();
        let mut inner = Body::of(func, self.types, region);
        let forks = inner.forks();
        let mut followed = all.saturating_mul(iterations.saturating_pow(forks));
        let only_form = !self.callbacks || changes_pointer(func, self.types, region);
        let (plain, forked) = if only_form { (PLAIN_OR_REFUSED, FORKED_OR_REFUSED) } else { (PLAIN, FORKED) };
        if !only_form {
            let subjects = learned_bounds::subjects(func, self.types, region, &inner.ops);
            let learned = (1..=u64::from(subjects)).fold(all, |size, nth| size.saturating_mul(iterations) / (nth + 1));
            let paths = self.paths_of_calls(func, &inner.ops);
            let early = u32::from(inner.ends_early());
            let again = iterations.saturating_pow(forks + early).saturating_mul(after);
            let many_ends = forks + early > 0 && again > AFTER && after <= AFTER_ITSELF;
            if (subjects > 0 && learned > LEARNED) || all.saturating_mul(paths) > LEARNED || many_ends {
                return None;
            }
            let histories = all.saturating_mul(2_u64.saturating_pow(u32::try_from(iterations).unwrap_or(u32::MAX)));
            if (forks > 0 || inner.calls())
                && histories > forked
                && self.path_values.kept(self.module, func, &inner.ops)
            {
                followed = histories;
            }
        }
        if all > plain || followed <= forked {
            return (all <= plain).then_some(size);
        }
        if self.callbacks {
            return None;
        }
        inner.forgotten = forget::variables(func, self.types, region);
        let kept = inner.forks();
        let paths = iterations.saturating_pow(kept).saturating_mul(2_u64.saturating_pow(forks - kept));
        if all.saturating_mul(paths) > forked {
            return None;
        }
        self.forms.forgetting.push((func.name.clone(), op));
        Some(size)
    }

    /// The number of paths through the functions that a body calls. What the verifier learns on each path about their
    /// arguments holds in the next iteration too, if it passes the same arguments.
    fn paths_of_calls(&mut self, func: &Function, ops: &[OpId]) -> u64 {
        let calls = ops.iter().map(|&op| &func.ops[op]).filter(|data| data.opcode == Opcode::KsCall);
        calls.fold(1, |paths, data| paths.saturating_mul(self.branches(KsCall::of(data).callee()).saturating_add(1)))
    }

    /// The branches in a function and in those that it calls.
    fn branches(&mut self, name: &Symbol) -> u64 {
        if let Some(&known) = self.branches.get(name) {
            return known;
        }
        let Some(func) = self.module.func(name) else { return 0 };
        let mut branches = 0_u64;
        for op in func.walk() {
            let data = &func.ops[op];
            if data.opcode == Opcode::KsCall {
                branches = branches.saturating_add(self.branches(KsCall::of(data).callee()));
            } else if matches!(data.opcode, Opcode::KsIf | Opcode::KsMatch) {
                branches += data.regions.len() as u64 - 1;
            }
        }
        self.branches.insert(name.clone(), branches);
        branches
    }
}
