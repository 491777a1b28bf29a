//! Packets whose end lies in pages: when a program begins, it makes the bytes linear that it accesses near the start, where headers are, if
//! they are not so already. Then no packet pointer is live that this could invalidate, and all accesses there read and write the packet
//! itself.
//!
//! A program makes all of its packet linear if it writes farther off, or keeps a pointer there.

use super::NAME;
use super::access::{self, NEAR, pulling};
use super::copies::{Plan, near_end};
use super::uses::accesses;
use crate::diag::lowered::{PacketPulled, PacketPulledWhole};
use crate::fold::CompareOp;
use crate::ir::callgraph::CallGraph;
use crate::ir::numbers::Numbers;
use crate::ir::ops::PacketAt;
use crate::ir::{Builder, Function, Module, Value};
use crate::session::Session;
use crate::types::{Space, Ty, Types};

/// How much a program makes linear.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wanted {
    /// So many bytes.
    Near(u64),
    All,
}

/// Makes the bytes that a program and its callees access linear at its start, where the program type has a helper for that.
pub fn pull(module: &mut Module, cx: &mut Session, plans: &[Plan]) {
    let types = &mut cx.types;
    let mut pulled = Vec::new();
    let wanted: Vec<Wanted> = module.funcs.iter().zip(plans).map(|(func, plan)| wanted(func, types, plan)).collect();
    let graph = CallGraph::of(module);
    for at in 0..module.funcs.len() {
        let reached = graph.reach([at]);
        let reached = (0..wanted.len()).filter(|&other| reached.contains(other));
        let most = reached.map(|other| wanted[other]).max().unwrap_or(Wanted::Near(0));
        let func = &mut module.funcs[at];
        if let Some(by) = pulling(func, types)
            && most > Wanted::Near(access::always_linear(func))
        {
            pull_at_start(func, types, func.param(0), most, by);
            pulled.push((func.name_span, func.name.clone(), most, by.0));
        }
    }
    for (at, name, most, helper) in pulled {
        let (name, helper) = (cx.source_name(&name), helper.to_owned());
        match most {
            Wanted::Near(end) => cx.explain(at, &PacketPulled { name, end: end.to_string(), helper }),
            Wanted::All => cx.explain(at, &PacketPulledWhole { name, helper }),
        }
    }
}

fn wanted(func: &Function, types: &Types, plan: &Plan) -> Wanted {
    if plan.whole {
        return Wanted::All;
    }
    let ranges = Numbers::of(func, types);
    let paged = |op| access::context(func, types, PacketAt::of(&func.ops[op]).ctx()).is_some_and(|c| c.pull.is_some());
    let ends = accesses(func).filter(|&op| paged(op)).filter_map(|op| near_end(func, types, &ranges, op, NEAR));
    Wanted::Near(ends.max().unwrap_or(0))
}

fn pull_at_start(func: &mut Function, types: &mut Types, ctx: Value, end: Wanted, (helper, length): (&str, i128)) {
    let Some(&first) = func.blocks[func.entry()].ops.first() else { return };
    let byte = types.ptr(Ty::U8, Space::Packet, false);
    let mut b = Builder::before(func, first, NAME);
    let (start, stop) = (b.packet_start(ctx, byte), b.packet_end(ctx, byte));
    let pull = |b: &mut Builder<'_>| {
        let whole = b.packet_ctx_load(ctx, length, Ty::U32);
        let wanted = match end {
            Wanted::All => whole,
            Wanted::Near(end) => {
                let most = b.ks_const(end.into(), Ty::U32);
                let less = b.arith_cmp(whole, most, CompareOp::Lt.word(), Ty::BOOL);
                b.arith_select(less, whole, most, Ty::U32)
            }
        };
        let (stop, start) = (b.arith_cast(stop, Ty::U64), b.arith_cast(start, Ty::U64));
        let linear = b.arith_sub(stop, start, Ty::U64);
        let linear = b.bpf_whole(linear, Ty::U64);
        let wide = b.arith_cast(wanted, Ty::U64);
        let paged = b.arith_cmp(linear, wide, CompareOp::Lt.word(), Ty::BOOL);
        let call = |b: &mut Builder<'_>| {
            b.bpf_helper(&[ctx, wanted], &helper.into(), &[Ty::I64]);
            b.done();
        };
        b.either(paged, &[], call, |b| b.done());
    };
    let Wanted::Near(end) = end else { return pull(&mut b) };
    let wanted = b.ks_const(end.into(), Ty::U64);
    let after = b.mem_ptr_add(start, wanted, byte);
    let short = b.arith_cmp(after, stop, CompareOp::Gt.word(), Ty::BOOL);
    let pull = |b: &mut Builder<'_>| {
        pull(b);
        b.done();
    };
    b.either(short, &[], pull, |b| b.done());
}
