//! `inline-lookups`: functions that look up entries of the same map as their callers take the place of their calls.
//!
//! Then `map-reuse` sees the lookups of one key together: LLVM, which inlines such functions too, does not know that the helper yields
//! the same pointer again. Takes direct calls outside of loops, of functions of the program that have no loop, and that are small or
//! called once. BPF only. A function that returns out of a block is left to LLVM (`one_return`).

mod one_return;

use super::{Because, Changed, Pass, Run};
use crate::ir::callgraph::{CallGraph, named};
use crate::ir::ops::KsCall;
use crate::ir::{Function, Module, OpData, OpId, Opcode, Role, Symbol, Value, clone};
use crate::session::Session;
use crate::tuning::Tuning;
use crate::types::{TyKind, Types};
use std::collections::{BTreeMap, BTreeSet, HashMap};

const NAME: &str = "inline-lookups";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Inline functions that look up what their callers look up",
    after: &[
        ("exits", "lowers throws, for which a caller has other handlers than its callee"),
        ("function-pointers", "makes calls direct"),
    ],
    before: &[
        ("specialise", "gives pointers of the inlined code the memory that the caller's have"),
        ("map-reuse", "takes lookups in one function"),
    ],
    because: Because::Speed,
    run: Run::Tuned(run),
};

/// The most ops of a function that several calls name.
const SMALL: usize = 64;

/// The most ops of a function that one call names.
const LARGE: usize = 256;

/// The most ops of a function after something was inlined into it.
const MAX_OPS: usize = 2048;

/// So many lookups before a call, and behind it, are compared with it.
const MAX_NEAR: usize = 64;

/// The helper by which ops look up an entry.
const LOOKUP: &str = "bpf_map_lookup_elem";

fn run(module: &mut Module, cx: &mut Session, tuning: &Tuning) -> Changed {
    // A function that stays one has a frame of its own, and `-O1` inlines nothing.
    if cx.options.opt_level == 1 || tuning.scarce {
        return Changed::No;
    }
    let mut inliner = Inliner::of(module);
    for at in CallGraph::direct(module).callers_first().into_iter().rev() {
        inliner.inline_into(module, &cx.types, at);
    }
    let inlined = inliner.inlined;
    if inlined.is_empty() {
        return Changed::No;
    }
    let used: BTreeSet<Symbol> = module.funcs.iter().flat_map(Function::all).filter_map(named).cloned().collect();
    module.funcs.retain(|func| !inlined.contains(&func.name) || used.contains(&func.name));
    Changed::Yes
}

/// What is known of all functions of a module.
struct Inliner {
    /// The place of each function in the module.
    places: HashMap<Symbol, usize>,
    /// How many calls name each.
    calls: Vec<usize>,
    /// The maps whose entries each looks up, its callees' not included.
    maps: Vec<BTreeSet<Symbol>>,
    inlined: BTreeSet<Symbol>,
}

impl Inliner {
    fn of(module: &Module) -> Inliner {
        let places: HashMap<_, _> = module.funcs.iter().enumerate().map(|(at, func)| (func.name.clone(), at)).collect();
        let mut calls = vec![0; module.funcs.len()];
        for data in module.funcs.iter().flat_map(|func| func.all_of(Opcode::KsCall)) {
            if let Some(&at) = places.get(KsCall::of(data).callee()) {
                calls[at] += 1;
            }
        }
        let maps = module.funcs.iter().map(|func| func.all().filter_map(looks_up).cloned().collect()).collect();
        Inliner { places, calls, maps, inlined: BTreeSet::new() }
    }

    fn callee(&self, data: &OpData) -> Option<usize> {
        (data.opcode == Opcode::KsCall).then(|| self.places.get(KsCall::of(data).callee()).copied()).flatten()
    }

    fn inline_into(&mut self, module: &mut Module, types: &Types, at: usize) {
        let func = &module.funcs[at];
        let places = self.lookups(func);
        let wanted: Vec<(OpId, usize)> = func
            .each()
            .filter_map(|(op, data)| Some((op, self.callee(data)?)))
            .filter(|&(op, callee)| callee != at && self.shares(func, &places, op, callee))
            .collect();
        let mut size = func.walk().len();
        for (op, callee) in wanted {
            let body = &module.funcs[callee];
            let ops = body.walk().len();
            let fits = ops <= if self.calls[callee] == 1 { LARGE } else { SMALL } && size + ops <= MAX_OPS;
            if !fits || !may_move(body, types) {
                continue;
            }
            let Some(body) = one_return::of(body, NAME) else { continue };
            size += ops;
            self.inlined.insert(body.name.clone());
            let more = self.maps[callee].clone();
            self.maps[at].extend(more);
            put(&mut module.funcs[at], &body, op);
        }
    }

    /// By map, the ops of a function that look up its entries, or call what does, in order. Those in loops share nothing with the others.
    fn lookups<'m>(&'m self, func: &'m Function) -> BTreeMap<&'m Symbol, Vec<OpId>> {
        let mut places: BTreeMap<&Symbol, Vec<OpId>> = BTreeMap::new();
        for (op, data) in func.each().filter(|&(op, _)| func.loops(op).next().is_none()) {
            let own = looks_up(data);
            let maps = own.into_iter().chain(self.callee(data).into_iter().flat_map(|callee| &self.maps[callee]));
            maps.for_each(|map| places.entry(map).or_default().push(op));
        }
        places
    }

    /// Whether a lookup in a callee may be of the same key as one that comes before it or behind it wherever both run.
    fn shares(&self, func: &Function, places: &BTreeMap<&Symbol, Vec<OpId>>, call: OpId, callee: usize) -> bool {
        let region = |op: OpId| func.blocks[func.ops[op].block].region;
        let encloses = |outer: OpId, inner: OpId| {
            let around = std::iter::successors(Some(inner), |&op| func.around(op));
            around.map(region).any(|around| around == region(outer))
        };
        self.maps[callee].iter().any(|map| {
            let ops = places.get(map).map_or(&[][..], Vec::as_slice);
            let Some(own) = ops.iter().position(|&op| op == call) else { return false };
            let before = ops[..own].iter().rev().take(MAX_NEAR).any(|&op| encloses(op, call));
            before || ops[own + 1..].iter().take(MAX_NEAR).any(|&op| encloses(call, op))
        })
    }
}

fn looks_up(data: &OpData) -> Option<&Symbol> {
    data.map().filter(|_| data.opcode.spec().helpers.contains(&LOOKUP))
}

/// Whether the body of a function may be in its caller: only the program calls it, and it returns no pointer: the verifier knows
/// less of pointers where paths join. It binds no map that it takes out of another: a function has one variable for each name of those.
fn may_move(func: &Function, types: &Types) -> bool {
    let called = matches!(func.role, Role::Helper | Role::Plain) && !func.global;
    let pointer = matches!(types.kind(func.result), TyKind::Ptr { .. } | TyKind::Fn(_));
    let stays = |opcode: Opcode| opcode.is_loop() || matches!(opcode, Opcode::KsTailReturn | Opcode::MapBind);
    called && !pointer && !func.all().any(|data| stays(data.opcode))
}

/// Puts a body with one return, its last op, in the place of a call.
fn put(func: &mut Function, body: &Function, call: OpId) {
    let (block, at) = (func.ops[call].block, func.position(call));
    let behind = func.blocks[block].ops.split_off(at + 1);
    func.blocks[block].ops.pop();
    let args = func.ops[call].operands.clone();
    let params = body.blocks[body.entry()].args.iter().copied();
    let mut values: HashMap<Value, Value> = std::iter::zip(params, args).collect();
    clone::ops(body, body.entry(), func, block, &mut values);
    let end = func.blocks[block].ops.pop().unwrap_or_else(|| crate::bug!("@{} has no end", body.name));
    func.blocks[block].ops.extend(&behind);
    let (results, returned) = (func.ops[call].results.clone(), func.ops[end].operands.clone());
    func.replace_values(&std::iter::zip(results, returned).collect());
}
