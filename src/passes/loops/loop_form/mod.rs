//! `loop-form`: which BPF loops the kernel's verifier walks through, and which become calls of `bpf_loop`.
//!
//! The verifier follows a plain loop iteration by iteration, up to a million instructions in all. Takes structured
//! loops. A `ks.for` with constant bounds and few iterations for the size of its body stays as it is. Any other loop
//! becomes `bpf.repeat`, whose number of iterations is at most the kernel's limit; there it ends as by `break`. For
//! kernels that have neither callbacks nor iterators, a `ks.for` with a small, though not constant, high bound stays
//! too; the verifier forgets what iterations change on many paths; other loops are errors. Where much code follows,
//! before calls and in iterations with loops, it forgets all that it has learned (`cuts`). Runs after the passes that
//! expand bodies, so that their sizes are known, and before `iterators` and `outline`, which take `bpf.repeat`.

mod body;
mod cuts;
mod forget;
mod known_ends;
mod known_indexes;
mod learned_bounds;
mod path_values;
mod size;

use cuts::Cut;
pub use forget::forget;
pub use known_indexes::is_of_index;
pub use size::{can_follow_copies, can_follow_forgetting, times_walked};

use super::{Because, Changed, Pass, Run, condition};
use crate::diag::lowered::LoopPlain;
use crate::ir::numbers::{Numbers, Writes};
use crate::ir::ops::{KsFor, KsWhile};
use crate::ir::{Builder, Function, Module, OpId, Opcode, Role, Symbol, Value};
use crate::kernels::FirstKernel;
use crate::passes::verifier::unknown_values;
use crate::session::Session;
use crate::tables::{self, workarounds};
use crate::types::{Ty, Types};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

const NAME: &str = "loop-form";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Choose between plain loops and callbacks",
    after: &[
        ("optionals", "gives bodies the size that they keep"),
        ("assign-ops", "gives bodies the size that they keep"),
    ],
    before: &[
        ("iterators", "takes the loops that this pass chose"),
        ("outline", "takes the loops that this pass chose"),
    ],
    because: Because::Verifier(&[workarounds::WALKED_LOOPS]),
    run: Run::Module(run),
};

/// `BPF_MAX_LOOPS` of the kernel.
pub(super) const MAX_ITERATIONS: i128 = 1 << 23;

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let missing = missing_callbacks(cx);
    let mut changed = Changed::No;
    let traced = cx.options.works_around(workarounds::TRACED_LOOPS);
    let forms = size::forms(module, &cx.types, missing.is_none(), traced);
    if forms.kept {
        cx.worked_around(workarounds::TRACED_LOOPS);
    }
    let mut indexes: BTreeMap<Symbol, HashMap<Value, Value>> = BTreeMap::new();
    // Once for each function: its loops change none of them.
    let mut writes: HashMap<Symbol, Writes> = HashMap::new();
    for (name, op) in forms.too_large {
        let Some(func) = module.funcs.iter_mut().find(|f| f.name == name) else { continue };
        if let Some(version) = missing {
            report(cx, func, op, version);
        } else if func.ops[op].opcode == Opcode::KsFor {
            let writes = writes.entry(name.clone()).or_insert_with(|| Writes::of(func));
            indexes.entry(name).or_default().extend(range(func, &cx.types, op, writes));
            changed = Changed::Yes;
        } else {
            unbounded(func, op);
            changed = Changed::Yes;
        }
    }
    // Once for all loops of a function: it goes through the whole function.
    for func in &mut module.funcs {
        indexes.get(&func.name).into_iter().for_each(|indexes| func.replace_values(indexes));
    }
    if cx.options.works_around(workarounds::FORGOTTEN_NUMBERS) {
        changed = changed.or(unknown_values::forget_stores(module, &mut cx.types, NAME));
    }
    for (name, op) in forms.forgetting {
        let Some(func) = module.funcs.iter_mut().find(|f| f.name == name) else { continue };
        forget(func, &mut cx.types, op);
        changed = Changed::Yes;
    }
    if missing.is_none() && cx.options.works_around(workarounds::LEFT_NUMBERS) {
        changed = changed.or(merge(module, cx, forms.merging));
    }
    if cx.options.works_around(workarounds::LEARNED_FACTS) {
        changed = changed.or(make_cuts(module, cx, forms.cuts));
    }
    if cx.options.works_around(workarounds::KEPT_STATES) {
        changed = changed.or(keep_states(module, forms.checked));
    }
    if missing.is_some() {
        for func in &mut module.funcs {
            for (op, limit) in size::counted(func, &cx.types) {
                bound(func, op, limit);
                changed = Changed::Yes;
            }
        }
    }
    for func in &mut module.funcs {
        changed = changed.or(known_indexes::unbound(func, &cx.types));
    }
    explain(module, cx);
    changed
}

/// Forgets the numbers that these plain loops leave, and those that are returned from inside any.
fn merge(module: &mut Module, cx: &mut Session, loops: Vec<(Symbol, OpId)>) -> Changed {
    let mut changed = Changed::No;
    for (name, op) in loops {
        let Some(func) = module.funcs.iter_mut().find(|f| f.name == name) else { continue };
        forget::forget_behind(func, &mut cx.types, op);
        changed = Changed::Yes;
    }
    for func in module.funcs.iter_mut().filter(|func| !matches!(func.role, Role::Program { .. })) {
        changed = changed.or(forget::forget_returned(func, &cx.types));
    }
    changed
}

fn make_cuts(module: &mut Module, cx: &mut Session, places: Vec<(Symbol, Cut)>) -> Changed {
    let starts = |func: &Function| func.walk().into_iter().any(|op| func.ops[op].opcode == Opcode::PacketStart);
    let packets = module.funcs.iter().any(starts);
    let mut changed = Changed::No;
    for (name, place) in places {
        let Some(func) = module.funcs.iter_mut().find(|f| f.name == name) else { continue };
        cuts::cut(func, &mut cx.types, place, packets);
        changed = Changed::Yes;
    }
    changed
}

/// Makes the verifier keep a state at the start of each iteration of these plain loops.
fn keep_states(module: &mut Module, loops: Vec<(Symbol, OpId)>) -> Changed {
    let mut changed = Changed::No;
    for (name, op) in loops {
        let Some(func) = module.funcs.iter_mut().find(|f| f.name == name) else { continue };
        let block = func.only_block(func.ops[op].regions[0]);
        let Some(&first) = func.blocks[block].ops.first() else { crate::bug!("a region without an end") };
        Builder::before(func, first, NAME).mem_checkpoint();
        changed = Changed::Yes;
    }
    changed
}

/// Reports the loops that stay plain.
fn explain(module: &Module, cx: &mut Session) {
    for func in &module.funcs {
        for data in func.walk().into_iter().map(|op| &func.ops[op]) {
            if data.opcode != Opcode::KsFor || data.loc.made_by.is_some() {
                continue;
            }
            let view = KsFor::of(data);
            if let (Some(low), Some(high)) = (func.known(&cx.types, view.low()), func.known(&cx.types, view.high())) {
                let count = (high - low + i128::from(view.inclusive())).max(0).to_string();
                cx.explain(data.loc.span, &LoopPlain { count });
            }
        }
    }
}

/// The first kernel with `bpf_loop`, if the oldest that is asked for has it not.
fn missing_callbacks(cx: &Session) -> Option<FirstKernel> {
    cx.options.lacks(tables::helper("bpf_loop")?.since)
}

fn report(cx: &mut Session, func: &Function, op: OpId, version: FirstKernel) {
    let data = &func.ops[op];
    let constant = data.opcode == Opcode::KsFor
        && [KsFor::of(data).low(), KsFor::of(data).high()].iter().all(|&bound| func.known(&cx.types, bound).is_some());
    let (what, help) = if constant {
        (
            "a loop with so many paths for the verifier",
            "fewer iterations, or a body with fewer branches and writes, work on every kernel",
        )
    } else {
        (
            "a loop without a small number of iterations",
            "a `for` over a small range works on every kernel: a constant one, or with an end that is bounded, as in `0..(n & 15)`",
        )
    };
    if let Some(error) = cx.needs_kernel(data.loc.span, what.into(), version) {
        error.help(help);
    }
}

/// Counts up to the largest value of the end, and leaves the loop at the end: so every verifier knows the number of
/// iterations. The end is hidden from LLVM, which would find that the first of the two tests never decides.
fn bound(func: &mut Function, op: OpId, limit: u64) {
    let view = KsFor::of(&func.ops[op]);
    let (high, inclusive, body) = (view.high(), view.inclusive(), view.body_region());
    let block = func.only_block(body);
    let (index, ty) = (func.blocks[block].args[0], func.ty(high));
    let Some(&first) = func.blocks[block].ops.first() else { crate::bug!("a region without an end") };
    let mut b = Builder::before(func, op, NAME);
    let last = b.ks_const(limit.into(), ty);
    let wide = if ty == Ty::U64 { high } else { b.arith_cast(high, Ty::U64) };
    let hidden = b.bpf_forget(wide, Ty::U64);
    let high = if ty == Ty::U64 { hidden } else { b.arith_cast(hidden, ty) };
    func.ops[op].operands[1] = last;
    let mut b = Builder::before(func, first, NAME);
    let more = b.arith_cmp(index, high, if inclusive { "le" } else { "lt" }, Ty::BOOL);
    let leave = |b: &mut Builder<'_>| {
        b.ks_break();
    };
    b.either(more, &[], |b| b.done(), leave);
}

/// A loop with as many iterations as there may be, whose condition is the start of each.
fn unbounded(func: &mut Function, op: OpId) {
    let body = KsWhile::of(&func.ops[op]).body_region();
    let block = condition::into_body(func, op, NAME);
    func.add_block_arg(block, Ty::U32);
    let mut b = Builder::before(func, op, NAME);
    let count = b.ks_const(MAX_ITERATIONS, Ty::U32);
    b.bpf_repeat(count, vec![body]);
    func.erase(op);
}

/// The index is the sum of the low bound and the iteration. Returns what replaces the old index.
fn range(func: &mut Function, types: &Types, op: OpId, writes: &Writes) -> Vec<(Value, Value)> {
    let view = KsFor::of(&func.ops[op]);
    let (low, high, inclusive, body) = (view.low(), view.high(), view.inclusive(), view.body_region());
    let ty = func.ty(low);
    let Some((bits, _)) = types.as_int(ty) else { crate::bug!("a range of {}", types.ir_text(ty)) };
    let block = func.only_block(body);
    let old = std::mem::take(&mut func.blocks[block].args);
    let iteration = func.add_block_arg(block, Ty::U32);
    let Some(&first) = func.blocks[block].ops.first() else { crate::bug!("a region without an end") };
    let mut b = Builder::before(func, first, NAME);
    let iteration = if ty == Ty::U32 { iteration } else { b.arith_cast(iteration, ty) };
    let index = b.arith_add(low, iteration, ty);
    let most = Numbers::with_writes(func, types, Cow::Borrowed(writes)).largest(high);
    let from_zero = most.is_some() && func.known(types, low) == Some(0);
    let mut b = Builder::before(func, op, NAME);
    let count = iterations(&mut b, (low, high, inclusive), types.int(bits, false), (from_zero, most));
    b.bpf_repeat(count, vec![body]);
    func.erase(op);
    old.into_iter().map(|arg| (arg, index)).collect()
}

/// The number of iterations of a range, at most the limit. `from_zero`: it begins there, and ends at the largest number `most`.
fn iterations(
    b: &mut Builder<'_>,
    (low, high, inclusive): (Value, Value, bool),
    unsigned: Ty,
    (from_zero, most): (bool, Option<u64>),
) -> Value {
    let ty = b.func.ty(low);
    let limit = if inclusive { MAX_ITERATIONS - 1 } else { MAX_ITERATIONS };
    // A range from zero begins before its end, or has no number.
    let any =
        if from_zero { None } else { Some(b.arith_cmp(low, high, if inclusive { "le" } else { "lt" }, Ty::BOOL)) };
    let mut count = if from_zero { high } else { b.arith_sub(high, low, ty) };
    for wider in [unsigned, Ty::U64] {
        if b.func.ty(count) != wider {
            count = b.arith_cast(count, wider);
        }
    }
    if !(from_zero && most.is_some_and(|most| i128::from(most) <= limit)) {
        let limit = b.ks_const(limit, Ty::U64);
        let within = b.arith_cmp(count, limit, "le", Ty::BOOL);
        count = b.arith_select(within, count, limit, Ty::U64);
    }
    if inclusive {
        let one = b.ks_const(1, Ty::U64);
        count = b.arith_add(count, one, Ty::U64);
    }
    if let Some(any) = any {
        let none = b.ks_const(0, Ty::U64);
        count = b.arith_select(any, count, none, Ty::U64);
    }
    b.arith_cast(count, Ty::U32)
}
