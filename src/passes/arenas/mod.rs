//! `arenas`: connects BPF programs with the arena whose memory they reach, and makes calls of allocations.
//!
//! The kernel converts an address of the arena's memory for the program's one arena, which is the one that the program refers to.
//! So each program that may follow a pointer into the arena names it at its start. `map.alloc` and `map.free` become calls of the
//! functions of `arenas/heap.ksir`, which both sides have, on a variable that both sides see.
//!
//! Pointers into an arena have the space `arena`. For BPF code the emitter gives them LLVM's address space 1, and LLVM converts the
//! address before each access (`addr_space_cast`); stored and compared they are numbers, so they may be anywhere. In user space they
//! are plain. The kernel converts for the arena that the program's code names, so the pass `arenas` puts `map.hold` at the start of
//! each program that may follow such a pointer. It makes calls of `map.alloc` and `map.free`, and adds the functions of
//! `passes/arenas/heap.ksir` for both sides: blocks behind the last one that was taken, or from a list of free ones for each size, in a
//! variable that both sides share. The runtime gives the arena its pages at load (`runtime/src/object/arenas.rs`).

use super::{Because, Changed, Pass, Run};
use crate::diag::codes::maps::NoArena;
use crate::diag::codes::refused::HiddenName;
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::MapAlloc;
use crate::ir::{self, Attr, Builder, Function, Loc, Module, OpId, Opcode, Role, Symbol};
use crate::session::Session;
use crate::source::Span;
use crate::target::{Target, Targets};
use crate::types::{Space, Ty, TyKind, Types};
use std::path::Path;

const NAME: &str = "arenas";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Give programs their arena, and lower its allocations",
    after: &[("reach", "finds the sides of the functions that allocate")],
    before: &[("shared-data", "gives a section to the variable that this pass makes, which both sides see")],
    because: Because::Target,
    run: Run::Module(run),
};

/// What allocates.
const HEAP: &str = include_str!("heap.ksir");
const ALLOC: &str = "arena.alloc";
const FREE: &str = "arena.free";

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let arena = module.maps.iter().find(|map| map.kind.is_arena()).map(|map| (map.name.clone(), map.span));
    let uses: Vec<Option<Span>> = module.funcs.iter().map(|func| follows(func, &cx.types)).collect();
    let Some((arena, span)) = arena else {
        let in_bpf = module.funcs.iter().zip(&uses).filter(|(func, _)| func.targets.any(|on| on.verified));
        for span in in_bpf.filter_map(|(_, span)| *span) {
            cx.error(span, NoArena {}).help("declare one: `var heap: arena(16)`, of 16 pages");
        }
        return Changed::No;
    };
    let held = hold(module, &arena, &uses);
    held.or(allocations(module, cx, &arena, span))
}

/// Has each program that may follow a pointer into the arena, or allocate there, refer to it.
fn hold(module: &mut Module, arena: &Symbol, uses: &[Option<Span>]) -> Changed {
    let graph = CallGraph::of(module);
    let uses: Vec<bool> =
        module.funcs.iter().zip(uses).map(|(func, used)| used.is_some() || !calls(func).is_empty()).collect();
    let mut changed = Changed::No;
    for at in 0..module.funcs.len() {
        let reached = graph.reach([at]);
        let is_program = matches!(module.funcs[at].role, Role::Program { .. });
        if !is_program || !uses.iter().enumerate().any(|(at, &uses)| uses && reached.contains(at)) {
            continue;
        }
        let func = &mut module.funcs[at];
        if let Some(&first) = func.blocks[func.entry()].ops.first() {
            Builder::before(func, first, NAME).map_hold(arena);
            changed = Changed::Yes;
        }
    }
    changed
}

/// Where a function first follows a pointer into an arena.
pub(super) fn follows(func: &Function, types: &Types) -> Option<Span> {
    let is_place = |ty| matches!(types.kind(ty), TyKind::Place { space: Space::Arena, .. });
    let mut ops = func.all();
    ops.find(|op| op.results.iter().any(|&result| is_place(func.ty(result)))).map(|op| op.loc.span)
}

fn calls(func: &Function) -> Vec<OpId> {
    let is_call = |op: &OpId| matches!(func.ops[*op].opcode, Opcode::MapAlloc | Opcode::MapFree);
    func.walk().into_iter().filter(is_call).collect()
}

/// Makes calls of allocations, and adds what they call, for the sides that do.
fn allocations(module: &mut Module, cx: &mut Session, arena: &Symbol, declared: Span) -> Changed {
    let allocating: Vec<&Function> = module.funcs.iter().filter(|func| !calls(func).is_empty()).collect();
    if allocating.is_empty() {
        return Changed::No;
    }
    let mut targets: Targets = allocating.iter().flat_map(|func| func.targets.iter()).collect();
    // The runtime looks for the variable in the object.
    targets.insert(Target::Bpf);
    for func in &mut module.funcs {
        for op in calls(func) {
            lower(func, &mut cx.types, op);
        }
    }
    let mut heap = heap(cx, declared);
    let state = Symbol::from(format!("{arena}__arena").as_str());
    if module.global(&state).is_some() || module.map(&state).is_some() {
        let of = format!("the blocks of the arena `{arena}`");
        cx.error(declared, HiddenName { name: state.to_string(), of }).help("give the map or variable another name");
    }
    for func in &mut heap.funcs {
        func.targets = targets;
        let first = func.blocks[func.entry()].ops.first().copied();
        if let Some(first) = first.filter(|_| targets.any(|on| !on.in_kernel)) {
            Builder::before(func, first, NAME).map_hold(arena);
        }
        for op in func.ids_of(Opcode::KsGlobal).collect::<Vec<_>>() {
            func.become_op(op, Opcode::KsGlobal, Vec::new(), vec![Attr::Symbol(state.clone())]);
        }
    }
    heap.globals.iter_mut().for_each(|global| global.name = state.clone());
    module.globals.extend(heap.globals);
    module.funcs.extend(heap.funcs);
    Changed::Yes
}

fn lower(func: &mut Function, types: &mut Types, op: OpId) {
    let byte = types.ptr(Ty::U8, Space::Arena, true);
    let data = func.ops[op].clone();
    let mut b = Builder::before(func, op, NAME);
    if data.opcode == Opcode::MapAlloc {
        let (bytes, class) = block(MapAlloc::of(&data).size().clamp(0, MAX_SIZE) as u64);
        let bytes = b.ks_const(bytes.into(), Ty::U64);
        let class = b.ks_const(class.into(), Ty::U64);
        let call = b.ks_call(&[bytes, class], &ALLOC.into(), &[byte]);
        let object = b.result(call);
        func.become_op(op, Opcode::ArithCast, vec![object], Vec::new());
    } else {
        let object = b.arith_cast(data.operands[0], byte);
        func.become_op(op, Opcode::KsCall, vec![object], vec![Attr::Symbol(FREE.into())]);
    }
}

/// An arena has no more, so there is no room for it.
const MAX_SIZE: i128 = 1 << 32;
/// Bytes of the unit of blocks.
const UNIT: u64 = 16;
/// Larger blocks have a power of two of bytes.
const LARGE: u64 = 1024;

/// The bytes of the block for an object, with the word before it, and the class of such blocks.
fn block(size: u64) -> (u64, u64) {
    let bytes = (size + 8).next_multiple_of(UNIT);
    if bytes <= LARGE {
        return (bytes, bytes / UNIT);
    }
    let bytes = bytes.next_power_of_two();
    (bytes, LARGE / UNIT + u64::from(bytes.ilog2() - LARGE.ilog2()))
}

/// The functions and the variable of allocations, with the place of the arena as theirs.
fn heap(cx: &mut Session, at: Span) -> Module {
    let file = cx.sources.add("heap.ksir", Path::new("heap.ksir"), HEAP.to_owned());
    let Some(mut heap) = ir::parse::module(cx, file) else { crate::bug!("heap.ksir is well formed") };
    for global in &mut heap.globals {
        global.span = at;
    }
    for func in &mut heap.funcs {
        (func.name_span, func.span) = (at, at);
        func.params.iter_mut().for_each(|param| param.span = at);
        for op in func.walk() {
            func.ops[op].loc = Loc { span: at, made_by: Some(NAME) };
        }
    }
    heap
}

#[cfg(test)]
mod tests {
    use super::block;

    #[test]
    fn blocks_have_room_for_the_word_before_an_object() {
        assert_eq!(block(1), (16, 1));
        assert_eq!(block(8), (16, 1));
        assert_eq!(block(9), (32, 2));
        assert_eq!(block(1016), (1024, 64));
        assert_eq!(block(1017), (2048, 65));
        assert_eq!(block(1 << 31), (1 << 32, 86));
    }
}
