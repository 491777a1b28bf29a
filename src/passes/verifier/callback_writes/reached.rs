//! Which loops and calls may write to the stack through pointers in a callback.

use super::is_callback;
use crate::ir::callgraph::{CallGraph, called};
use crate::ir::ops::{ArithCast, KsDeref, KsStore};
use crate::ir::{Function, Module, OpId, Opcode, Symbol, Value};
use crate::passes::analysis;
use crate::types::{Space, TyKind, Types};
use std::collections::HashSet;

/// The loops of a module whose callbacks write through pointers.
pub struct Reached {
    /// There is such a loop.
    pub any: bool,
    /// For each function, its loops whose iterations write through pointers, themselves or in what they call.
    loops: Vec<HashSet<OpId>>,
    /// The functions that have such loops, or call one that has.
    callees: HashSet<Symbol>,
}

impl Reached {
    /// Finds them with their callees, for each function.
    pub fn of(module: &Module, types: &Types) -> Reached {
        let graph = CallGraph::direct(module);
        let writes =
            |func: &Function| func.walk().into_iter().find_map(|op| written_through(func, types, op)).map(|_| ());
        let writers: Vec<Option<()>> = module.funcs.iter().map(writes).collect();
        let writers = named(module, &graph.first_reached(&writers));
        let loops: Vec<HashSet<OpId>> = module.funcs.iter().map(|func| writing_loops(func, types, &writers)).collect();
        let has: Vec<Option<()>> = loops.iter().map(|loops| (!loops.is_empty()).then_some(())).collect();
        let callees = named(module, &graph.first_reached(&has));
        Reached { any: !callees.is_empty(), loops, callees }
    }

    /// Whether an op is such a loop, or the call of a function that reaches one.
    pub fn reaches(&self, module: &Module, at: usize, op: OpId) -> bool {
        let callee = called(&module.funcs[at].ops[op]);
        self.loops[at].contains(&op) || callee.is_some_and(|name| self.callees.contains(name))
    }
}

fn named(module: &Module, of: &[Option<()>]) -> HashSet<Symbol> {
    let named = std::iter::zip(&module.funcs, of).filter(|(_, of)| of.is_some());
    named.map(|(func, _)| func.name.clone()).collect()
}

fn writing_loops(func: &Function, types: &Types, writers: &HashSet<Symbol>) -> HashSet<OpId> {
    let writes = |&op: &OpId| {
        let calls = called(&func.ops[op]).is_some_and(|name| writers.contains(name));
        calls || written_through(func, types, op).is_some()
    };
    let has_writes = |&op: &OpId| {
        let mut inside = Vec::new();
        func.walk_region(func.ops[op].regions[0], &mut inside);
        inside.iter().any(writes)
    };
    func.walk().into_iter().filter(|&op| is_callback(func, op)).filter(has_writes).collect()
}

/// The place behind a pointer, perhaps on the stack, that an op writes something to that the verifier may know. Helpers and
/// atomic operations leave nothing known.
pub fn written_through(func: &Function, types: &Types, op: OpId) -> Option<Value> {
    let data = &func.ops[op];
    let stores = [Opcode::KsStore, Opcode::KsCopy, Opcode::KsZero, Opcode::StrCopy, Opcode::StrAppend];
    if !stores.contains(&data.opcode) {
        return None;
    }
    let place = data.operands[0];
    let root = analysis::root(func, place).filter(|&root| func.ops[root].opcode == Opcode::KsDeref)?;
    let pointer = func.ty(KsDeref::of(&func.ops[root]).pointer());
    matches!(types.kind(pointer), TyKind::Ptr { space: Space::Any | Space::Stack, .. }).then_some(place)
}

/// Whether an op stores a number that is unknown to the verifier already, see `unknown_values::forget_stores`.
pub fn stores_unknown(func: &Function, op: OpId) -> bool {
    let data = &func.ops[op];
    data.opcode == Opcode::KsStore && is_forgotten(func, KsStore::of(data).value())
}

fn is_forgotten(func: &Function, value: Value) -> bool {
    let Some(op) = func.def(value) else { return false };
    let data = &func.ops[op];
    data.opcode == Opcode::BpfForget
        || data.opcode == Opcode::ArithCast && is_forgotten(func, ArithCast::of(data).value())
}
