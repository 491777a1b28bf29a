//! Part of `maps`: moves the code that fills the initial value of `map.entry_or` to the path on which the key is absent, as in hand-written
//! C.
//!
//! That is possible if the value is in a temporary of its own: a place that is only written and passed to
//! `map.entry_or`, and filled anew right before each of them.

use crate::ir::ops::{KsElem, KsField, KsStore, KsZero, MapEntryOr};
use crate::ir::{Function, OpId, Opcode, Uses, Value};
use crate::tables::OpTrait;

/// The ops right before `op` that fill `init`, in order, if they can move behind the lookup; else none.
pub fn movable(func: &Function, uses: &Uses, op: OpId, init: Value) -> Vec<OpId> {
    if func.def(init).is_none_or(|var| func.ops[var].opcode != Opcode::KsVar) || !is_private(func, uses, init, init) {
        return Vec::new();
    }
    fill(func, op, init).unwrap_or_default()
}

/// Whether nothing reads `place`, a part of `init`, but `map.entry_or` ops that have it filled right before.
fn is_private(func: &Function, uses: &Uses, init: Value, place: Value) -> bool {
    uses.users(place).iter().all(|&user| {
        let data = &func.ops[user];
        if data.opcode == Opcode::KsStore {
            KsStore::of(data).place() == place
        } else if matches!(data.opcode, Opcode::KsField | Opcode::KsElem) {
            is_private(func, uses, init, data.results[0])
        } else if data.opcode == Opcode::MapEntryOr {
            place == init && MapEntryOr::of(data).init() == init && fill(func, user, init).is_some()
        } else {
            data.opcode == Opcode::KsZero
        }
    })
}

/// The writes to `init` that are before `op` with nothing but pure ops between; none if they do not fill all of it.
fn fill(func: &Function, op: OpId, init: Value) -> Option<Vec<OpId>> {
    let ops = &func.blocks[func.ops[op].block].ops;
    let mut writes = Vec::new();
    for before in ops.backwards(func.position(op)) {
        let data = &func.ops[before];
        let written = if data.opcode == Opcode::KsZero {
            KsZero::of(data).place()
        } else if data.opcode == Opcode::KsStore {
            KsStore::of(data).place()
        } else if data.opcode.has(OpTrait::Pure) {
            continue;
        } else {
            return None;
        };
        if root(func, written) != init {
            return None;
        }
        writes.push(before);
        if written == init {
            writes.reverse();
            return Some(writes);
        }
    }
    None
}

/// The variable that a place is a part of.
fn root(func: &Function, mut place: Value) -> Value {
    while let Some(op) = func.def(place) {
        let data = &func.ops[op];
        if data.opcode == Opcode::KsField {
            place = KsField::of(data).base();
        } else if data.opcode == Opcode::KsElem {
            place = KsElem::of(data).base();
        } else {
            break;
        }
    }
    place
}
