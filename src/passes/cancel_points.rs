//! `cancel-points`: loops of user space end when a signal came.
//!
//! The first SIGINT or SIGTERM ends the running or next `wait`, `sleep` or `dispatch`, and the program goes on. A loop
//! without such a call ends the process at the start of its next iteration. Where something is deferred, the loop has a
//! `ks.cancelled` and leaves by itself. Takes structured host code after `map-places`, whose walks are loops too.
//! Leaves `host.cancelled` and `host.exit` at the start of the bodies that need them. Before `to-cf`, since it looks
//! for loops.

use super::{Because, Changed, Pass, Run};
use crate::ir::ops::{Dialect, HostCall, KsCall, KsFor, KsWhile};
use crate::ir::{Attr, Builder, Function, Module, OpData, OpId, Opcode, RegionId, Symbol};
use crate::session::Session;
use crate::tables::BUILTINS;
use crate::types::{Ty, Types};
use std::collections::BTreeSet;

const NAME: &str = "cancel-points";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "End loops of user space on a signal",
    after: &[("map-places", "makes loops of walks")],
    before: &[("to-cf", "takes the loops that this pass looks for")],
    because: Because::Target,
    run: Run::Module(run),
};

/// A loop of at most so many iterations that calls nothing ends before anyone notices.
const SHORT_LOOP: i128 = 1024;

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let interruptible = interruptible_functions(module);
    let mut changed = Changed::No;
    for func in &mut module.funcs {
        for op in func.walk() {
            let Some(body) = loop_body(&func.ops[op]) else { continue };
            let mut ops = Vec::new();
            for &region in &func.ops[op].regions {
                func.walk_region(region, &mut ops);
            }
            let waits = ops.iter().any(|&op| is_interruptible(&func.ops[op], &interruptible));
            let ends = !waits && !is_short(func, &cx.types, op, &ops);
            match own_point(func, body) {
                Some(point) if ends => func.become_op(point, Opcode::HostCancelled, Vec::new(), Vec::new()),
                Some(point) => func.become_op(point, Opcode::KsConst, Vec::new(), vec![Attr::Int(0)]),
                None if ends => cancel_point(func, body),
                None => continue,
            }
            changed = Changed::Yes;
        }
    }
    changed
}

fn loop_body(op: &OpData) -> Option<RegionId> {
    if op.opcode == Opcode::KsWhile {
        return Some(KsWhile::of(op).body_region());
    }
    (op.opcode == Opcode::KsFor).then(|| KsFor::of(op).body_region())
}

/// The functions in which, or in whose callees, a builtin may wait that a signal ends.
fn interruptible_functions(module: &Module) -> BTreeSet<Symbol> {
    let mut found = BTreeSet::new();
    loop {
        let before = found.len();
        for func in &module.funcs {
            if func.walk().into_iter().any(|op| is_interruptible(&func.ops[op], &found)) {
                found.insert(func.name.clone());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

fn is_interruptible(op: &OpData, functions: &BTreeSet<Symbol>) -> bool {
    if op.opcode == Opcode::HostCall {
        let symbol = HostCall::of(op).symbol();
        return BUILTINS.iter().any(|b| b.interruptible && b.host == Some(symbol));
    }
    // The callees of a pointer are not known; a signal then ends the process at the loop's next iteration at the
    // latest.
    op.opcode == Opcode::KsCall && functions.contains(KsCall::of(op).callee())
}

/// Whether a loop has a small constant number of iterations, and nothing in it that may take long.
fn is_short(func: &Function, types: &Types, op: OpId, inside: &[OpId]) -> bool {
    if func.ops[op].opcode != Opcode::KsFor {
        return false;
    }
    let view = KsFor::of(&func.ops[op]);
    let (Some(low), Some(high)) = (func.known(types, view.low()), func.known(types, view.high())) else { return false };
    let takes_long = |op: &OpId| {
        let data = &func.ops[*op];
        let calls = matches!(data.opcode, Opcode::KsCall | Opcode::KsCallPointer | Opcode::KsPrint);
        calls || matches!(data.opcode.dialect(), Dialect::Host | Dialect::Map) || loop_body(data).is_some()
    };
    high - low <= SHORT_LOOP && !inside.iter().any(takes_long)
}

/// Where a loop asks itself, since it does more than to end the process.
fn own_point(func: &Function, body: RegionId) -> Option<OpId> {
    func.regions[body].blocks.iter().flat_map(|&block| &func.blocks[block].ops).find_map(|&op| {
        let data = &func.ops[op];
        if data.opcode == Opcode::KsCancelled {
            return Some(op);
        }
        let regions = data.regions.iter().filter(|_| loop_body(data).is_none());
        regions.copied().find_map(|region| own_point(func, region))
    })
}

fn cancel_point(func: &mut Function, body: RegionId) {
    let block = func.only_block(body);
    let Some(&first) = func.blocks[block].ops.first() else { crate::bug!("a region without an end") };
    let mut b = Builder::before(func, first, NAME);
    let status = b.host_cancelled(Ty::I32);
    let zero = b.ks_const(0, Ty::I32);
    let cancelled = b.arith_cmp(status, zero, "ne", Ty::BOOL);
    let exit = |b: &mut Builder<'_>| {
        b.host_exit(status);
        b.done();
    };
    b.either(cancelled, &[], exit, |b| b.done());
}
