//! `tail-tables`: which program arrays the tail calls of a module go through.
//!
//! Takes `ks.tail_return`. Adds a map of kind `prog_array` for each group of programs that call one another, with the programs that are
//! called in it, by which libbpf fills the map. `tail-calls` looks the indexes up. A group has two maps if `main` loads only a part of it,
//! because libbpf fills a map with all of its programs or refuses the object. Reports chains that are longer than the kernel allows, and
//! cycles. Before `split`, since what `main` loads is known there.
//!
//! The host's `programs` are those that `main` loads and those that these may call; the runtime leaves out all others, and the arrays
//! (`KS_MAP_IDLE`) that hold only others. A `prog_array` of the text holds handles as user space sees it; the runtime stores the programs'
//! descriptors.

use super::analysis::tail_calls::loaded;
use super::{Because, Changed, Pass, Run};
use crate::diag::codes::contexts::TailCallArray;
use crate::diag::codes::limits::{TailCallChain, TailCallCycle};
use crate::ir::callgraph::{CallGraph, CallSite};
use crate::ir::ops::BpfTailCall;
use crate::ir::{MapDecl, Module, Opcode, Role, Symbol};
use crate::session::Session;
use crate::tables::{MAP_KINDS, MapKindSpec, ValueRule};
use crate::types::Ty;
use petgraph::unionfind::UnionFind;
use std::collections::BTreeMap;

pub static PASS: Pass = Pass {
    name: "tail-tables",
    summary: "Allot program arrays for tail calls",
    after: &[("tail-position", "makes the tail calls")],
    before: &[("split", "drops what loads the programs")],
    because: Because::Target,
    run: Run::Module(run),
};

/// include/linux/bpf.h: `MAX_TAIL_CALL_CNT`.
const MOST_CALLS: usize = 33;

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    check_arrays(module, cx);
    let graph = CallGraph::tails(module);
    let calls: Vec<(usize, usize)> = (0..module.funcs.len())
        .flat_map(|caller| graph.calls(caller).into_iter().map(move |(callee, _)| (caller, callee)))
        .collect();
    if calls.is_empty() {
        return Changed::No;
    }
    check_length(module, cx, &graph);
    let mut groups = UnionFind::<usize>::new(module.funcs.len());
    for &(caller, callee) in &calls {
        groups.union(caller, callee);
    }
    let loaded = loaded(module);
    // By the group's first program, and whether `main` does without them.
    let mut tables: BTreeMap<(usize, bool), Vec<usize>> = BTreeMap::new();
    let first = |of: usize| (0..module.funcs.len()).find(|&at| groups.equiv(at, of)).unwrap_or(of);
    let mut callees: Vec<usize> = calls.iter().map(|&(_, callee)| callee).collect();
    callees.sort_unstable();
    callees.dedup();
    for callee in callees {
        tables.entry((first(callee), !loaded.contains(&callee))).or_default().push(callee);
    }
    for programs in tables.into_values() {
        let map = table(module, &programs);
        module.maps.push(map);
    }
    Changed::Yes
}

/// Reports arrays of the text through which programs of several types call.
fn check_arrays(module: &Module, cx: &mut Session) {
    let mut callers: BTreeMap<Symbol, (String, Symbol)> = BTreeMap::new();
    for func in &module.funcs {
        let Role::Program { spec, mode, target, loading, .. } = &func.role else { continue };
        let section = spec.form(mode).map(|form| form.section(target.as_deref(), loading, cx.options.tcx));
        let Some(section) = section else { continue };
        for op in func.ids_of(Opcode::BpfTailCall) {
            let map = BpfTailCall::of(&func.ops[op]).map().clone();
            let (known, first) = callers.entry(map.clone()).or_insert_with(|| (section.clone(), func.name.clone()));
            if *known != section {
                let [name, one, other] = [&map, &*first, &func.name].map(|symbol| cx.source_name(symbol));
                cx.error(func.ops[op].loc.span, TailCallArray { name, one, other })
                    .help("declare an array for each type of program");
            }
        }
    }
}

fn table(module: &Module, programs: &[usize]) -> MapDecl {
    let first = &module.funcs[programs[0]];
    let Role::Program { spec, .. } = &first.role else { crate::bug!("@{} is no program", first.name) };
    MapDecl {
        programs: programs.iter().map(|&at| module.funcs[at].name.clone()).collect(),
        ..MapDecl::new(name(module, spec.name), kind(), Ty::U32, Ty::U32, programs.len() as u32, first.name_span)
    }
}

fn kind() -> &'static MapKindSpec {
    let found = MAP_KINDS.iter().find(|kind| kind.value == ValueRule::Program);
    found.unwrap_or_else(|| crate::bug!("there is no kind of map with programs"))
}

/// A symbol that nothing in the object has.
fn name(module: &Module, of: &str) -> Symbol {
    let is_taken =
        |name: &str| module.map(name).is_some() || module.global(name).is_some() || module.func(name).is_some();
    let plain = format!("tails_{of}");
    let numbered = (2..).map(|number| format!("{plain}{number}"));
    let mut names = std::iter::once(plain.clone()).chain(numbered);
    names.find(|name| !is_taken(name)).unwrap_or(plain).into()
}

/// Reports chains of tail calls that the kernel ends, and cycles, which it ends too.
fn check_length(module: &Module, cx: &mut Session, graph: &CallGraph) {
    let cycles = graph.cycles();
    for cycle in &cycles {
        let programs = cycle.iter().chain(cycle.first()).map(|site| site.caller);
        let cycle_text = listed(module, cx, programs);
        let warning = cx.warn(span(module, cycle[0]), TailCallCycle { cycle: cycle_text });
        for site in &cycle[1..] {
            warning.note(span(module, *site), "called from here");
        }
        warning.help("the kernel ends it after 33 tail calls; then the program that is running refuses the packet");
    }
    let circular: Vec<usize> = cycles.iter().flatten().map(|site| site.caller).collect();
    let mut longest: BTreeMap<usize, Vec<CallSite>> = BTreeMap::new();
    let chains = (0..module.funcs.len()).map(|at| chain(graph, &circular, at, &mut longest));
    let Some(chain) =
        chains.max_by_key(|chain| (chain.len(), std::cmp::Reverse(chain.first().map(|site| site.caller))))
    else {
        return;
    };
    if chain.len() <= MOST_CALLS {
        return;
    }
    let last = chain[0];
    let callee = graph.calls(last.caller).into_iter().find(|(_, site)| *site == last).map(|(callee, _)| callee);
    let programs = chain.iter().rev().map(|site| site.caller).chain(callee);
    let text = listed(module, cx, programs);
    let count = chain.len().to_string();
    // The call that fails.
    let over = chain[chain.len() - 1 - MOST_CALLS];
    cx.error(span(module, over), TailCallChain { count, chain: text })
        .help("join some of the programs, or share their code in `@helper` functions");
}

/// The longest chain of tail calls from a program, the last call first; it ends at cycles.
fn chain(
    graph: &CallGraph,
    circular: &[usize],
    from: usize,
    longest: &mut BTreeMap<usize, Vec<CallSite>>,
) -> Vec<CallSite> {
    if circular.contains(&from) {
        return Vec::new();
    }
    if let Some(known) = longest.get(&from) {
        return known.clone();
    }
    let mut best: Vec<CallSite> = Vec::new();
    for (callee, site) in graph.calls(from) {
        let mut chain = chain(graph, circular, callee, longest);
        chain.push(site);
        if chain.len() > best.len() {
            best = chain;
        }
    }
    longest.insert(from, best.clone());
    best
}

fn listed(module: &Module, cx: &Session, programs: impl Iterator<Item = usize>) -> String {
    let names: Vec<String> = programs.map(|at| format!("`{}`", cx.source_name(&module.funcs[at].name))).collect();
    names.join(", ")
}

fn span(module: &Module, site: CallSite) -> crate::source::Span {
    module.funcs[site.caller].ops[site.op].loc.span
}
