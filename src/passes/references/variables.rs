//! Which variables the analysis follows.

use super::cases::Known;
use super::is_object;
use crate::ir::{Function, Module, OpData, OpId, Opcode, Uses, Value};
use crate::types::{Ty, TyKind, Types};
use std::collections::BTreeMap;

/// The variables that the analysis follows: those of pointers to objects that only loads, stores, and lookups in maps use,
/// numbers, among them the places where callees leave what they throw, and bools that no loop keeps in memory, where the
/// verifier does not know them.
pub(super) fn variables((module, func): (&Module, &Function), types: &Types) -> BTreeMap<Value, Known> {
    let uses = func.uses();
    let vars = func.ids_of(Opcode::KsVar);
    let params = (0..func.params.len()).map(|index| func.param(index));
    let places = vars.map(|op| func.ops[op].results[0]).chain(params);
    places.filter_map(|place| Some((place, zero((module, func), types, &uses, place)?))).collect()
}

/// The contents of a variable after it is cleared; none if the analysis does not follow it.
fn zero((module, func): (&Module, &Function), types: &Types, uses: &Uses, place: Value) -> Option<Known> {
    let TyKind::Place { of, .. } = types.kind(func.ty(place)) else { return None };
    let object = is_object(module, types, of);
    let plain = |data: &OpData| {
        let stored = data.opcode == Opcode::KsStore && data.operands[1] != place;
        let handed = if object { data.map().is_some() } else { data.opcode == Opcode::KsCall };
        stored || handed || matches!(data.opcode, Opcode::KsLoad | Opcode::KsZero)
    };
    let users = uses.users(place);
    let zero = if object {
        Some(Known::Null)
    } else if of == Ty::BOOL {
        let loop_of = |op: OpId| func.loops(op).next();
        let def = func.def(place)?;
        users.iter().all(|&user| loop_of(user) == loop_of(def)).then_some(Known::Number(0))
    } else {
        types.as_int(of).map(|_| Known::Number(0))
    };
    zero.filter(|_| users.iter().all(|&op| plain(&func.ops[op])))
}
