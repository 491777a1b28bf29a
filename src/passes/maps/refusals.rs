//! Part of `maps` and of `map-places`: counts insertions that found no room, of maps that have a counter for them.
//!
//! Takes the updates that the rest of these passes made, and those of the text. An insertion may also fail since the key is
//! there, or since the program interrupted another update: the errors that a full map yields are in the table of kinds.

use super::declared;
use crate::ir::{Builder, Function, Opcode, Symbol, Value};
use crate::passes::{Changed, Declarations};
use crate::tables::{CONSTS, constant};
use crate::types::{Space, Ty, Types};

/// Counts for the pass of this name, which made the rest of the insertions.
pub fn run(func: &mut Function, module: &Declarations, types: &mut Types, pass: &'static str) -> Changed {
    let mut changed = Changed::No;
    if module.maps.iter().all(|map| map.refusals.is_none()) {
        return changed;
    }
    for op in func.walk() {
        let opcode = func.ops[op].opcode;
        let status = func.ops[op].results.first().copied();
        let inserts =
            [Opcode::MapUpdate, Opcode::MapUpdateWith, Opcode::MapUpdateCpu, Opcode::MapPush].contains(&opcode);
        let Some(status) = status.filter(|_| inserts) else { continue };
        let Some(map) = func.ops[op].map().map(|name| declared(module, name)) else { continue };
        if let Some(counter) = &map.refusals {
            let mut b = Builder::after(func, op, pass);
            count(&mut b, types, status, counter, map.kind.full);
            changed = Changed::Yes;
        }
    }
    changed
}

/// Adds 1 to the counter if the status of an insertion is one of the errors.
fn count(b: &mut Builder<'_>, types: &mut Types, status: Value, counter: &Symbol, errors: &[&str]) {
    let zero = b.ks_const(0, Ty::I32);
    let failed = b.arith_cmp(status, zero, "ne", Ty::BOOL);
    let full = |b: &mut Builder<'_>| {
        let full = is_one_of(b, status, errors);
        let add = |b: &mut Builder<'_>| {
            let place = types.place(Ty::U64, Space::Global);
            let place = b.ks_global(counter, place);
            let one = b.ks_const(1, Ty::U64);
            b.mem_atomic(place, one, "add");
            b.done();
        };
        b.either(full, &[], add, |b| b.done());
        b.done();
    };
    b.either(failed, &[], full, |b| b.done());
}

fn is_one_of(b: &mut Builder<'_>, status: Value, errors: &[&str]) -> Value {
    let mut one = b.ks_const(0, Ty::BOOL);
    for name in errors {
        let Some(error) = constant(name).map(|at| &CONSTS[at]) else { crate::bug!("no constant `{name}`") };
        let error = b.ks_const(-error.value, Ty::I32);
        let equal = b.arith_cmp(status, error, "eq", Ty::BOOL);
        one = b.arith_or(one, equal, Ty::BOOL);
    }
    one
}
