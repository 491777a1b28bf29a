//! Making the verifier forget what it knows of a variable.
//!
//! The verifier walks callbacks, and loops over iterators, until its states repeat. A variable that the loop changes
//! and whose value the verifier knows differs each time: `i == 100` makes `i` known, then it is 101, 102 … The sum with
//! a variable in memory that is always zero has the same value, but the verifier does not know it.

use super::Changed;
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::{ArithCmp, KsCopy, KsIf, KsStore};
use crate::ir::{
    Builder, Exit, Function, Global, GlobalKind, Module, OpId, Opcode, Path, RegionId, Section, Symbol, Value,
};
use crate::source::Span;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::{BTreeSet, HashSet};

/// An aggregate with more integers than this stays in memory, where the verifier does not follow what is stored by index.
pub const FOLLOWED: usize = 16;

/// A name for the variable that is always zero, which none of the module has.
pub fn zero_name(module: &Module) -> Symbol {
    let mut name = String::from("ks_zero");
    while module.global(&name).is_some() || module.map(&name).is_some() || module.func(&name).is_some() {
        name.push('_');
    }
    name.into()
}

/// Gives the module the variable that is always zero, made for the code at `span`.
pub fn add_zero(module: &mut Module, name: Symbol, span: Span) {
    module.globals.push(Global {
        name,
        ty: Ty::U64,
        init: vec![0; 8],
        kind: GlobalKind::Var,
        section: Some(Section::Bss),
        span,
    });
}

/// The places that ops of a region write, or whose address they take for others to write, in order of the text.
pub fn written_places(func: &Function, types: &Types, region: RegionId) -> Vec<Path> {
    let mut ops = Vec::new();
    func.walk_region(region, &mut ops);
    let mut written = Vec::new();
    for op in ops {
        let data = &func.ops[op];
        for (index, &place) in data.operands.iter().enumerate() {
            let path = Path::of(func, types, place);
            if (data.may_write(index) || data.opcode == Opcode::KsAddr) && !written.contains(&path) {
                written.push(path);
            }
        }
    }
    written
}

/// The number of ops of a body at which the verifier forks.
pub fn branch_points(func: &Function, body: RegionId) -> usize {
    let mut ops = Vec::new();
    func.walk_region(body, &mut ops);
    let branches = [Opcode::KsIf, Opcode::KsMatch, Opcode::ArithSelect, Opcode::ArithCmp, Opcode::KsCall];
    ops.into_iter().filter(|&op| branches.contains(&func.ops[op].opcode)).count()
}

/// The places whose contents a loop body compares, so that the verifier takes what it learns about them to the next
/// iteration. A callee may compare its arguments. A comparison that leaves the loop has the same outcome in each
/// iteration.
pub fn compared_places(func: &Function, types: &Types, body: RegionId) -> HashSet<Path> {
    let mut ops = Vec::new();
    func.walk_region(body, &mut ops);
    let leaving: HashSet<OpId> = func.exits(body).into_iter().filter_map(leaves_loop).collect();
    let leads_out = |&&op: &&OpId| {
        let data = &func.ops[op];
        let ends = data.regions.iter().filter_map(|&inner| func.blocks[func.only_block(inner)].ops.last());
        data.opcode == Opcode::KsIf && ends.into_iter().any(|end| leaving.contains(end))
    };
    let exits: HashSet<Value> = ops.iter().filter(leads_out).map(|&op| KsIf::of(&func.ops[op]).condition()).collect();
    let mut compared = HashSet::new();
    for op in ops {
        let data = &func.ops[op];
        let narrows = data.opcode == Opcode::ArithCmp && !exits.contains(&data.results[0]);
        if narrows || equates(func, types, op) || data.opcode == Opcode::KsCall {
            let places = data.operands.iter().filter_map(|&value| loaded_from(func, value));
            compared.extend(places.map(|place| Path::of(func, types, place)));
        }
    }
    compared
}

fn leaves_loop((end, exit): (OpId, Exit)) -> Option<OpId> {
    (exit != Exit::Continue).then_some(end)
}

/// Forgets what loops store through pointers, into arguments and into arrays, also in the functions that loops call:
/// the known range of a growing number on the stack is wider in each iteration. `hide` does it for variables of the
/// function and their fields.
pub fn forget_stores(module: &mut Module, types: &mut Types, pass: &'static str) -> Changed {
    let repeated = repeated(module);
    let mut changed = Changed::No;
    for (func, repeated) in std::iter::zip(&mut module.funcs, repeated) {
        let writes: BTreeSet<OpId> = repeated.into_iter().filter(|&op| writes_elsewhere(func, types, op)).collect();
        for op in writes {
            changed = changed.or(forget_stored(func, types, op, pass));
        }
    }
    changed
}

/// For each function the ops that the verifier may reach repeatedly: in loops that become callbacks or walks of
/// iterators, and in what those call.
fn repeated(module: &Module) -> Vec<Vec<OpId>> {
    let mut repeated: Vec<Vec<OpId>> = module.funcs.iter().map(ops_in_loops).collect();
    let graph = CallGraph::direct(module);
    let mut called = BTreeSet::new();
    for (caller, ops) in repeated.iter().enumerate().filter(|(_, ops)| !ops.is_empty()) {
        let ops: HashSet<OpId> = ops.iter().copied().collect();
        let inside = graph.calls(caller).into_iter().filter(|(_, site)| ops.contains(&site.op));
        called.extend(inside.map(|(callee, _)| callee));
    }
    let called = graph.reach(called);
    for (at, func) in module.funcs.iter().enumerate().filter(|&(at, _)| called.contains(at)) {
        repeated[at] = func.walk();
    }
    repeated
}

fn ops_in_loops(func: &Function) -> Vec<OpId> {
    let mut inside = Vec::new();
    for op in func.walk() {
        if matches!(func.ops[op].opcode, Opcode::BpfRepeat | Opcode::BpfWalk) {
            func.walk_region(func.ops[op].regions[0], &mut inside);
        }
    }
    inside
}

fn forget_stored(func: &mut Function, types: &mut Types, op: OpId, pass: &'static str) -> Changed {
    if func.ops[op].opcode == Opcode::KsCopy {
        return forget_copied(func, types, op, pass);
    }
    let value = KsStore::of(&func.ops[op]).value();
    let value = forgotten(&mut Builder::before(func, op, pass), value);
    func.ops[op].operands[1] = value;
    Changed::Yes
}

/// Numbers in a local variable, before it is copied.
fn forget_copied(func: &mut Function, types: &mut Types, op: OpId, pass: &'static str) -> Changed {
    let from = Path::of(func, types, KsCopy::of(&func.ops[op]).from());
    let integers = from.integers(func, types, FOLLOWED).unwrap_or_default();
    let integers: Vec<(Path, Ty)> = integers.into_iter().filter(|&(_, ty)| ty != Ty::BOOL).collect();
    let mut b = Builder::before(func, op, pass);
    for part in &integers {
        forget_part(&mut b, types, part);
    }
    if integers.is_empty() { Changed::No } else { Changed::Yes }
}

/// Makes the verifier forget an integer in its place.
pub fn forget_part(b: &mut Builder<'_>, types: &mut Types, (path, ty): &(Path, Ty)) {
    let place = path.place(b, types, path.variable);
    let value = b.ks_load(place, *ty);
    let value = forgotten(b, value);
    b.ks_store(place, value);
}

/// The same integer, which the verifier does not know any more.
pub fn forgotten(b: &mut Builder<'_>, value: Value) -> Value {
    let ty = b.func.ty(value);
    if ty == Ty::U64 || ty == Ty::U32 {
        return b.bpf_forget(value, ty);
    }
    let wide = b.arith_cast(value, Ty::U64);
    let unknown = b.bpf_forget(wide, Ty::U64);
    b.arith_cast(unknown, ty)
}

/// Whether an op writes numbers that the verifier may know to the stack, but not to a variable of the function.
fn writes_elsewhere(func: &Function, types: &Types, op: OpId) -> bool {
    let data = &func.ops[op];
    let to = if data.opcode == Opcode::KsCopy {
        KsCopy::of(data).to()
    } else if data.opcode == Opcode::KsStore && is_unknown_number(func, types, KsStore::of(data).value()) {
        KsStore::of(data).place()
    } else {
        return false;
    };
    let path = Path::of(func, types, to);
    let own = func.def(path.variable).is_some_and(|op| func.ops[op].opcode == Opcode::KsVar) && path.is_of_fields();
    let on_stack = matches!(types.kind(func.ty(path.variable)), TyKind::Place { space: Space::Any | Space::Stack, .. });
    !own && on_stack
}

/// Whether a value is a number that the compiler does not know.
fn is_unknown_number(func: &Function, types: &Types, value: Value) -> bool {
    types.as_int(func.ty(value)).is_some() && func.known(types, value).is_none()
}

/// Whether on one outcome of an op the verifier knows the value of an operand.
fn equates(func: &Function, types: &Types, op: OpId) -> bool {
    let data = &func.ops[op];
    if data.opcode == Opcode::ArithCmp {
        // A number less than 1 and not negative is 0.
        let at_edge = |&value: &Value| func.known(types, value).is_some_and(|known| known.abs() <= 1);
        return matches!(ArithCmp::of(data).pred(), "eq" | "ne") || data.operands.iter().any(at_edge);
    }
    // Signed division compares with 0, see the pass `numeric`.
    matches!(data.opcode, Opcode::KsMatch | Opcode::KsDiv | Opcode::KsRem)
}

fn loaded_from(func: &Function, value: Value) -> Option<Value> {
    let data = &func.ops[func.def(value)?];
    if data.opcode == Opcode::ArithCast {
        return loaded_from(func, data.operands[0]);
    }
    (data.opcode == Opcode::KsLoad).then(|| data.operands[0])
}

/// Yields `value` as a number that the verifier does not know; `zero` names the variable that is zero.
pub fn number(b: &mut Builder<'_>, types: &mut Types, zero: &Symbol, value: Value) -> Value {
    let zero_place = types.place(Ty::U64, Space::Global);
    let zero = b.ks_global(zero, zero_place);
    let zero = b.ks_load(zero, Ty::U64);
    let ty = b.func.ty(value);
    let zero = if ty == Ty::U64 { zero } else { b.arith_cast(zero, ty) };
    b.arith_add(value, zero, ty)
}

/// Hides what a path leads to from `variable`; `zero` names the variable that is zero.
pub fn hide(b: &mut Builder<'_>, types: &mut Types, zero: &Symbol, variable: Value, (path, ty): &(Path, Ty)) {
    let (place, ty) = (path.place(b, types, variable), *ty);
    let old = b.ks_load(place, ty);
    let new = if ty == Ty::BOOL {
        let none = b.ks_const(0, Ty::U64);
        let hidden = number(b, types, zero, none);
        let hidden = b.arith_cmp(hidden, none, "ne", Ty::BOOL);
        b.arith_or(old, hidden, ty)
    } else {
        let Some((bits, signed)) = types.as_int(ty) else { crate::bug!("{} is no integer", types.ir_text(ty)) };
        let int = types.int(bits, signed);
        let old = if int == ty { old } else { b.arith_cast(old, int) };
        let new = number(b, types, zero, old);
        if int == ty { new } else { b.arith_cast(new, ty) }
    };
    b.ks_store(place, new);
}
