//! A variable that gets the result of a call and is returned next: `r = other(ctx)`, also at the end of branches, then `return r`.
//!
//! Nothing but deferred code looks at the variable after the return. So the call is returned where it is.

use super::returns::{casts_of, is_call, only_converted, return_instead, types_of};
use crate::ir::ops::{KsLoad, KsStore};
use crate::ir::{Function, OpId, Opcode, Symbol, Value};
use std::collections::BTreeSet;

/// Returns what such variables get from calls of these functions. Whether there was one.
pub fn forward(func: &mut Function, callees: &BTreeSet<Symbol>) -> bool {
    let ends: Vec<OpId> = func.ids_of(Opcode::KsReturn).collect();
    let mut changed = false;
    for end in ends {
        changed |= forward_one(func, callees, end).is_some();
    }
    changed
}

fn forward_one(func: &mut Function, callees: &BTreeSet<Symbol>, end: OpId) -> Option<()> {
    let casts = casts_of(func, end);
    let last = casts.last().copied().unwrap_or(end);
    let read = func.def(*func.ops[last].operands.first()?)?;
    if func.ops[read].opcode != Opcode::KsLoad || !only_converted(func, read, end, &casts) {
        return None;
    }
    let place = KsLoad::of(&func.ops[read]).place();
    let is_variable = func.def(place).is_some_and(|def| func.ops[def].opcode == Opcode::KsVar);
    if !is_variable || is_deferred(func, place) {
        return None;
    }
    let before = func.blocks[func.ops[end].block].ops.backwards(func.position(read)).next()?;
    if let Some(value) = stored_call(func, before, place, callees) {
        func.ops[last].operands[0] = value;
        func.erase(read);
        func.erase(before);
        // A variable between a branch and the return of its value keeps them apart.
        if let Some(def) = func.def(place).filter(|_| func.uses().users(place).is_empty()) {
            func.erase(def);
        }
        return Some(());
    }
    let types = types_of(func, &casts);
    let stores = stores_at_ends(func, before, place, callees);
    for &(store, end) in &stores {
        let value = KsStore::of(&func.ops[store]).value();
        func.erase(store);
        func.ops[end].operands = vec![value];
        return_instead(func, end, &types);
    }
    (!stores.is_empty()).then_some(())
}

/// Whether what is deferred uses the variable.
fn is_deferred(func: &Function, place: Value) -> bool {
    let defers = func.ids_of(Opcode::KsDefer);
    let uses = func.uses();
    defers.into_iter().any(|defer| uses.users(place).iter().any(|&user| func.is_inside(user, defer)))
}

/// The result of such a call, if the op stores it in the variable.
fn stored_call(func: &Function, op: OpId, place: Value, callees: &BTreeSet<Symbol>) -> Option<Value> {
    let store = Some(&func.ops[op]).filter(|data| data.opcode == Opcode::KsStore).map(KsStore::of)?;
    (store.place() == place && is_call(func, store.value(), callees)).then(|| store.value())
}

/// The stores of such results right before the ends of branches, each with the end.
fn stores_at_ends(func: &Function, op: OpId, place: Value, callees: &BTreeSet<Symbol>) -> Vec<(OpId, OpId)> {
    let branches = [Opcode::KsIf, Opcode::KsIfSome, Opcode::KsMatch, Opcode::KsTry];
    if !branches.contains(&func.ops[op].opcode) {
        return Vec::new();
    }
    let in_region = |&region| {
        let ops = &func.blocks[func.only_block(region)].ops;
        let end = ops.last().copied().filter(|&end| func.ops[end].opcode == Opcode::KsYield);
        let last = ops.backwards(ops.len()).nth(1);
        match (last, end) {
            (Some(last), Some(end)) if stored_call(func, last, place, callees).is_some() => vec![(last, end)],
            (Some(last), Some(_)) => stores_at_ends(func, last, place, callees),
            (_, _) => Vec::new(),
        }
    };
    func.ops[op].regions.iter().flat_map(in_region).collect()
}
