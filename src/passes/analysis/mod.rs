//! Analyses of places, globals and pointers that several passes share. They change nothing.

pub mod after_event;
pub mod global_uses;
pub mod kernel_writes;
pub mod moving;
pub mod open_paths;
pub mod pointees;
pub mod pointer_sources;
pub mod pointer_uses;
pub mod runs;
pub mod tail_calls;
pub mod test_needs;

use crate::ir::ops::{KsElem, KsField, KsStore, MapInner, MapSetInner};
use crate::ir::{Function, Module, OpId, Opcode, Symbol, Value};
use crate::tables::MAX_STACK;
use crate::types::{Space, TyKind, Types};
use std::collections::{BTreeSet, HashMap};

/// The op that yields the outermost place that a place is a part of; none if that is an argument.
pub fn root(func: &Function, place: Value) -> Option<OpId> {
    let op = func.def(place)?;
    let data = &func.ops[op];
    if data.opcode == Opcode::KsField {
        root(func, KsField::of(data).base())
    } else if data.opcode == Opcode::KsElem {
        root(func, KsElem::of(data).base())
    } else {
        Some(op)
    }
}

/// Whether anything behind a loop, or around one that repeats it, may read a variable.
pub fn read_behind(func: &Function, around: OpId, variable: Value) -> bool {
    let owner = func.def(variable);
    let ops = func.walk();
    let repeats = func.loops(around).any(|outer| !owner.is_some_and(|owner| func.is_inside(owner, outer)));
    let behind = ops.iter().skip_while(|&&op| op != around && !repeats);
    behind.copied().filter(|&op| op != around && !func.is_inside(op, around)).any(|op| {
        let data = &func.ops[op];
        let part = matches!(data.opcode, Opcode::KsField | Opcode::KsElem);
        let read = data.operands.iter().enumerate().filter(|&(index, _)| {
            let writes = index == 0 && matches!(data.opcode, Opcode::KsStore | Opcode::KsZero);
            !part && !writes
        });
        read.into_iter().any(|(_, &place)| root(func, place).is_some() && root(func, place) == owner)
    })
}

/// Whether a place of BPF code may be on the stack: nothing is that is larger, nor a part of it. Local variables that are larger
/// move to other memory (`scratch`), where they keep the type of a place on the stack.
pub fn may_be_on_stack(func: &Function, types: &Types, place: Value) -> bool {
    let fits = |place: Value| {
        let kind = types.kind(func.ty(place));
        matches!(kind, TyKind::Place { of, space: Space::Stack | Space::Any } if types.size_of(of) <= MAX_STACK)
    };
    fits(place) && root(func, place).is_none_or(|root| func.ops[root].results.iter().all(|&outermost| fits(outermost)))
}

/// The local variables that one store gives their value, and nothing else, each with that value.
pub fn stored_once(func: &Function) -> HashMap<Value, Value> {
    // None for a write that is not a store.
    let mut written: HashMap<Value, Vec<Option<Value>>> = HashMap::new();
    for data in func.all() {
        if data.opcode == Opcode::KsVar {
            written.insert(data.results[0], Vec::new());
        } else if data.opcode == Opcode::KsStore {
            let view = KsStore::of(data);
            written.entry(view.place()).and_modify(|by| by.push(Some(view.value())));
        } else if data.opcode != Opcode::KsLoad {
            for &operand in &data.operands {
                written.entry(operand).and_modify(|by| by.push(None));
            }
        }
    }
    let once = |(place, by): (Value, Vec<Option<Value>>)| match by[..] {
        [Some(value)] => Some((place, value)),
        _ => None,
    };
    written.into_iter().filter_map(once).collect()
}

/// The maps that a function names, and templates of those that it takes out of others.
pub fn maps_of(module: &Module, func: &Function) -> BTreeSet<Symbol> {
    let mut maps = BTreeSet::new();
    for data in func.all() {
        maps.extend(data.map().cloned());
        if data.opcode == Opcode::MapSetInner {
            maps.insert(MapSetInner::of(data).inner().clone());
        } else if data.opcode == Opcode::MapInner {
            // The template: what is taken out is as it is.
            maps.extend(module.map(MapInner::of(data).map()).and_then(|outer| outer.inner.clone()));
        }
    }
    maps
}
