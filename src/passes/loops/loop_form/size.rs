//! How many instructions of a plain loop the verifier has to walk.

use super::path_values::PathValues;
use super::{forget, learned_bounds};
use crate::ir::ops::{KsBlock, KsCall, KsFor, StrAppend, StrCopy, StrEq, StrLen, StrStartsWith};
use crate::ir::value_ranges::Ranges;
use crate::ir::{Exit, Function, Module, OpId, Opcode, RegionId, Symbol, Value};
use crate::passes::analysis::root;
use crate::passes::loops::outline::changes_pointer;
use crate::tables::OpTrait;
use crate::types::{Space, TyKind, Types};
use std::collections::{HashMap, HashSet};

/// The most operations that a plain loop has in all its iterations.
const PLAIN: u64 = 4096;

/// The same for a loop in which the verifier forks: it follows each value that a variable can have, and a variable that
/// changes on only one path can have as many values as there are iterations. Well below the limit of a million.
const FORKED: u64 = 1 << 16;

/// The same where the verifier forgets in each iteration what the loop changes, so that each iteration is walked once for each
/// of its paths. A callback costs the verifier less, and the program more.
const FORGOTTEN: u64 = 1 << 14;
/// Kernels before 6.12 walk the same loops up to 60 times as often: numbers that they have traced back stay precise.
const FORGOTTEN_BEFORE: u64 = 1 << 11;

/// Both for one that cannot be a callback, because of the pointers that it changes, or since kernels have none.
const PLAIN_OR_REFUSED: u64 = 1 << 16;
const FORKED_OR_REFUSED: u64 = 1 << 20;

/// The same where the loop can have another form: for a loop in which the verifier learns about a packet or a variable,
/// since each iteration keeps the states of those before it; and for one with calls, for each path through the callees.
const LEARNED: u64 = 1 << 17;

/// What follows a plain loop the verifier walks through for each of the values that the loop may leave in variables: so much
/// of it at most, where there is another form for the loop. Not where what follows is as large by itself: there a number that
/// is known spares more than it costs.
const AFTER: u64 = 1 << 16;
const AFTER_ITSELF: u64 = 1 << 14;

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
    /// Those that cannot stay plain, each function's inner ones before outer ones.
    pub too_large: Vec<(Symbol, OpId)>,
    /// Those that stay plain if the verifier forgets what they change.
    pub forgetting: Vec<(Symbol, OpId)>,
}

/// `callbacks`: kernels have another form for loops; else one stays plain too if its bound is small, though not known, and
/// what it changes can be forgotten. `traced`: the object may meet kernels before 6.12.
pub fn forms(module: &Module, types: &Types, callbacks: bool, traced: bool) -> Forms {
    let mut sizes = Sizes {
        module,
        types,
        callbacks,
        forgotten: if traced { FORGOTTEN_BEFORE } else { FORGOTTEN },
        funcs: HashMap::new(),
        branches: HashMap::new(),
        path_values: PathValues::default(),
        forms: Forms::default(),
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
    unknown.filter_map(|op| Some((op, Ranges::of(func, types).largest(KsFor::of(&func.ops[op]).high())?))).collect()
}

/// The cost of a piece of code to the verifier.
#[derive(Clone, Copy, Default)]
struct Size {
    /// Operations, with those of plain loops in all their iterations.
    ops: u64,
    /// The same, with those of callbacks as often as it goes through them.
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
    /// The largest loop that is plain because the verifier forgets, where callbacks are another form.
    forgotten: u64,
    funcs: HashMap<Symbol, Size>,
    branches: HashMap<Symbol, u64>,
    path_values: PathValues,
    forms: Forms,
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
            return self.of_function(KsCall::of(data).callee()).plus(Size::ONE);
        }
        if let Some(work) = self.string_work(func, op) {
            return Size::of(work);
        }
        // After the body of a loop comes the next iteration, which `times` counts.
        let after_body = if data.opcode.is_loop() { 0 } else { after };
        let regions = data.regions.iter().map(|&r| self.of_region(func, r, after_body)).fold(Size::ONE, Size::plus);
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
        if size.is_some() || !self.callbacks { size } else { self.forgotten(func, op, body, after) }
    }

    /// The same where the verifier forgets all that differs from path to path, though there is another form for the loop.
    fn forgotten(&mut self, func: &Function, op: OpId, body: Size, after: u64) -> Option<Size> {
        let view = KsFor::of(&func.ops[op]);
        let (low, high) = (func.known(self.types, view.low())?, func.known(self.types, view.high())?);
        let iterations = u64::try_from((high - low + i128::from(view.inclusive())).max(0)).ok()?;
        let region = view.body_region();
        let mut inner = Body::of(func, self.types, region);
        let forks = inner.forks();
        inner.forgotten = forget::variables(func, self.types, region);
        let size = body.times(iterations);
        let walked = size.walked.saturating_mul(2_u64.saturating_pow(forks)).max(iterations.saturating_mul(after));
        let learned = learned_bounds::all_subjects(func, self.types, region, &inner.ops);
        if inner.forks() > 0 || inner.calls() || learned > 0 || walked > self.forgotten {
            return None;
        }
        self.forms.forgetting.push((func.name.clone(), op));
        Some(size)
    }

    fn followed(&mut self, func: &Function, op: OpId, body: Size, after: u64) -> Option<Size> {
        let view = KsFor::of(&func.ops[op]);
        let low = func.known(self.types, view.low())?;
        let known = func.known(self.types, view.high());
        let high = match known {
            None if !self.callbacks => i128::from(Ranges::of(func, self.types).largest(view.high())?),
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

/// The body of a loop.
struct Body<'a> {
    func: &'a Function,
    types: &'a Types,
    /// In order of the text.
    ops: Vec<OpId>,
    inside: HashSet<OpId>,
    /// The exits of the body: to the next iteration, out of the loop, or out of more.
    exits: HashMap<OpId, Exit>,
    /// Variables whose values count as one.
    forgotten: HashSet<OpId>,
}

impl Body<'_> {
    fn of<'a>(func: &'a Function, types: &'a Types, region: RegionId) -> Body<'a> {
        let mut ops = Vec::new();
        func.walk_region(region, &mut ops);
        let inside = ops.iter().copied().collect();
        Body { func, types, ops, inside, exits: func.exits(region).into_iter().collect(), forgotten: HashSet::new() }
    }

    /// How many times an iteration may change an outer variable differently on different paths.
    fn forks(&self) -> u32 {
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
    fn calls(&self) -> bool {
        self.ops.iter().any(|&op| self.func.ops[op].opcode == Opcode::KsCall)
    }

    /// Whether outer variables may show in which iteration the loop was left.
    fn ends_early(&self) -> bool {
        let leaves = self.exits.values().any(|exit| matches!(exit, Exit::Break | Exit::Leave(_)));
        leaves && self.ops.iter().any(|&op| self.writes_outside(op))
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
