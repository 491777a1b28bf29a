//! Views that end where the packet ends: whether such a view has a byte is the same question as whether the packet has it, which is
//! tested for the verifier. So an access that tests the length of the view and then the end of the packet, and does the same if
//! either fails, keeps the second test alone.
//!
//! The view may be handed to functions: all calls of a function must hand it views that are so.

use super::NAME;
use super::access::Access;
use super::views::{Handed, Open, Views};
use crate::fold::CompareOp;
use crate::ir::callgraph::CallGraph;
use crate::ir::numbers::{Number, params};
use crate::ir::ops::KsIf;
use crate::ir::{Attr, Builder, Function, Module, OpId, Opcode, Value};
use crate::passes::Changed;
use crate::passes::analysis::moving::Moving;
use crate::tables::OpTrait;
use crate::types::{Space, Ty, Types};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Removes the tests.
pub fn untested(module: &mut Module, types: &mut Types, moving: &Moving, access: &[Access]) -> Changed {
    // The length of other packets is not that of what pointers lead to.
    let fits = |at: usize, func: &Function| access[at].direct && !access[at].paged && !moving.contains(&func.name);
    let fits: Vec<bool> = module.funcs.iter().enumerate().map(|(at, func)| fits(at, func)).collect();
    let params = params::of(module, types);
    let handed = handed(module, types, &fits);
    let mut changed = Changed::No;
    for (at, func) in module.funcs.iter_mut().enumerate().filter(|&(at, _)| fits[at]) {
        while without_tests(func, types, &handed[at], &params[at]) {
            changed = Changed::Yes;
        }
        if asked_once(func, types, &handed[at], &params[at]) {
            changed = Changed::Yes;
        }
    }
    changed
}

/// Removes those of one function whose branch holds another test and nothing else.
fn without_tests(func: &mut Function, types: &Types, handed: &BTreeSet<Handed>, params: &[Number]) -> bool {
    let found: Vec<(OpId, OpId)> = Views { func, types, handed }.tests(params);
    let mut values = HashMap::new();
    let tests: BTreeSet<Value> = found.iter().map(|&(test, _)| KsIf::of(&func.ops[test]).condition()).collect();
    for &(test, access) in &found {
        let (outer, inner) = (func.ops[test].results.clone(), func.ops[access].results.clone());
        values.extend(std::iter::zip(outer, inner));
        let block = func.ops[test].block;
        let mut ops = func.blocks[func.ops[access].block].ops.take();
        // The yield.
        ops.pop();
        ops.iter().for_each(|&op| func.ops[op].block = block);
        let position = func.position(test);
        func.blocks[block].ops.replace(position, &ops);
    }
    func.replace_values(&values);
    erase_unused(func, tests);
    !found.is_empty()
}

/// Erases those ops that define these values and that nothing uses, then ops that only erased ones used, and so on.
fn erase_unused(func: &mut Function, mut values: BTreeSet<Value>) {
    let uses = func.uses();
    let mut erased: HashSet<OpId> = HashSet::new();
    while !values.is_empty() {
        let unused = |op: &OpId| {
            let data = &func.ops[*op];
            let harmless = data.opcode.has(OpTrait::Pure) || data.opcode == Opcode::PacketSize;
            let mut users = data.results.iter().flat_map(|&result| uses.users(result));
            harmless && !erased.contains(op) && users.all(|user| erased.contains(user))
        };
        let ops: BTreeSet<OpId> = values.iter().filter_map(|&value| func.def(value)).filter(unused).collect();
        values = ops.iter().flat_map(|&op| func.ops[op].operands.clone()).collect();
        ops.iter().for_each(|&op| func.erase(op));
        erased.extend(ops);
    }
}

/// Whether all of a view exists is asked of the packet's end, as accesses ask.
fn asked_once(func: &mut Function, types: &mut Types, handed: &BTreeSet<Handed>, params: &[Number]) -> bool {
    let found = Views { func, types, handed }.whole(params);
    let before = found.iter().flat_map(|&(op, ..)| func.ops[op].operands.clone()).collect();
    for (op, Open { ctx, offset }, count) in &found {
        let part = types.array(Ty::U8, *count);
        let place = types.place(part, Space::Packet);
        let ty = types.opt(place);
        let mut b = Builder::before(func, *op, NAME);
        if offset.terms.is_empty() {
            let (size, end) = (b.packet_size(*ctx, Ty::U64), b.ks_const(offset.constant + i128::from(*count), Ty::U64));
            func.become_op(*op, Opcode::ArithCmp, vec![end, size], vec![Attr::Word(CompareOp::Le.word().into())]);
            continue;
        }
        let constant = (offset.constant != 0).then(|| b.ks_const(offset.constant, Ty::U64));
        let terms = offset.terms.iter().copied().chain(constant);
        let Some(at) = terms.reduce(|sum, term| b.arith_add(sum, term, Ty::U64)) else { continue };
        let found = b.packet_at(*ctx, at, ty);
        func.become_op(*op, Opcode::KsIsSome, vec![found], Vec::new());
    }
    erase_unused(func, before);
    !found.is_empty()
}

/// For each function the views that all its calls hand to it.
fn handed(module: &Module, types: &Types, fits: &[bool]) -> Vec<BTreeSet<Handed>> {
    let graph = CallGraph::of(module);
    let order = graph.callers_first();
    let known = params::called_only(module, &graph, &order);
    let mut found: Vec<Option<BTreeSet<Handed>>> = vec![None; module.funcs.len()];
    for &caller in &order {
        let func = &module.funcs[caller];
        let given = found[caller].clone().unwrap_or_default();
        let views = Views { func, types, handed: &given };
        for (callee, site) in graph.calls(caller).into_iter().filter(|&(callee, _)| known[callee]) {
            let here = if fits[caller] { views.handed_to(&func.ops[site.op].operands) } else { BTreeSet::new() };
            let before = found[callee].take();
            found[callee] = Some(before.map_or(here.clone(), |before| before.intersection(&here).copied().collect()));
        }
    }
    found.into_iter().map(Option::unwrap_or_default).collect()
}
