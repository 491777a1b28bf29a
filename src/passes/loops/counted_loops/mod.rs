//! `counted-loops`: a `ks.while` whose number of iterations has a limit becomes a `ks.for` over that range.
//!
//! Takes structured loops whose assignments with operators are expanded. The condition becomes a test at the start of each iteration, so
//! the loop ends where it ended before, and never because of the range: that is for `loop-form`, which keeps a short constant range as a
//! plain loop. LLVM finds that the counter of the range and the variable that counts are one. Then unrolls the short loops whose index
//! selects places that the verifier follows only at constant offsets (`unroll`).

mod trips;
mod unroll;

use super::{Because, Changed, Pass, Run, condition};
use crate::ir::numbers::Numbers;
use crate::ir::ops::{KsLoad, KsWhile};
use crate::ir::{Builder, Function, Module, OpId, Opcode, RegionId, Value};
use crate::passes::analysis::pointees::Pointees;
use crate::session::Session;
use crate::types::{Ty, Types};
use trips::{Counter, Trips};

const NAME: &str = "counted-loops";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Give loops that count a constant range",
    after: &[("assign-ops", "shows what a loop adds to a variable")],
    before: &[
        ("elements", "repeats accesses for each element, but for indexes that are constant"),
        ("loop-form", "keeps short constant ranges as plain loops"),
    ],
    because: Because::Speed,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let pointees = Pointees::of(module, &cx.types);
    let any = module.funcs.iter_mut().fold(false, |any, func| {
        let counted = count_all(func, &cx.types);
        any | counted | unroll::unroll(func, &cx.types, &pointees)
    });
    if any { Changed::Yes } else { Changed::No }
}

fn count_all(func: &mut Function, types: &Types) -> bool {
    let loops: Vec<OpId> = func.walk().into_iter().filter(|&op| func.ops[op].opcode == Opcode::KsWhile).collect();
    if loops.is_empty() {
        return false;
    }
    let ranges = Numbers::of(func, types);
    let counted = loops.into_iter().filter_map(|op| Some((op, trips::of_loop(func, types, &ranges, op)?)));
    let counted: Vec<(OpId, Trips)> = counted.collect();
    counted.iter().for_each(|(op, trips)| count(func, *op, trips));
    !counted.is_empty()
}

/// Makes a loop one over a range of so many numbers.
fn count(func: &mut Function, op: OpId, trips: &Trips) {
    let body = KsWhile::of(&func.ops[op]).body_region();
    let block = condition::into_body(func, op, NAME);
    let index = func.add_block_arg(block, Ty::U32);
    if let Some(counter) = &trips.counter {
        show(func, body, index, counter);
    }
    // The new loop has the location of the one in the source, so that reports about its form name that one.
    let loc = func.ops[op].loc;
    let mut b = Builder::before(func, op, NAME);
    let low = b.ks_const(0, Ty::U32);
    let high = b.ks_const(trips.limit.into(), Ty::U32);
    b.loc = loc;
    b.ks_for(low, high, false, vec![body]);
    func.erase(op);
}

/// Computes what a counter holds from the index of the loop, up to where it is counted, if the body has accesses by index: so they depend
/// on the index of the loop alone, which has bounds.
fn show(func: &mut Function, body: RegionId, index: Value, counter: &Counter) {
    let mut ops = Vec::new();
    func.walk_region(body, &mut ops);
    let loads: Vec<OpId> = ops
        .iter()
        .copied()
        .take_while(|&op| op != counter.step)
        .filter(|&op| func.ops[op].opcode == Opcode::KsLoad && KsLoad::of(&func.ops[op]).place() == counter.variable)
        .collect();
    let (Some(&first), Some(&load)) = (ops.first(), loads.first()) else { return };
    if !ops.iter().any(|&op| matches!(func.ops[op].opcode, Opcode::KsElem | Opcode::MemPtrAdd | Opcode::BpfAdvance)) {
        return;
    }
    let ty = func.ty(func.ops[load].results[0]);
    let mut b = Builder::before(func, first, NAME);
    let mut value = if ty == Ty::U32 { index } else { b.arith_cast(index, ty) };
    if counter.by.abs() != 1 {
        let by = b.ks_const(counter.by.abs(), ty);
        value = b.arith_mul(value, by, ty);
    }
    if counter.start != 0 || counter.by < 0 {
        let start = b.ks_const(counter.start, ty);
        value = if counter.by < 0 { b.arith_sub(start, value, ty) } else { b.arith_add(start, value, ty) };
    }
    func.replace_values(&loads.iter().map(|&load| (func.ops[load].results[0], value)).collect());
    loads.into_iter().for_each(|load| func.erase(load));
}
