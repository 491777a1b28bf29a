//! Making the verifier forget what it knows of a variable.
//!
//! It walks through callbacks again and again until nothing new comes. A variable that the loop changes and whose value it
//! knows is new each time: `i == 100` makes `i` known, then it is 101, 102 … The sum with a variable in memory that is
//! always zero is the same value, but not known.

use crate::ir::ops::ArithCmp;
use crate::ir::{Builder, Function, Opcode, RegionId, Symbol, Value};
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::HashSet;

/// The type of a variable, if it can be hidden.
pub fn hideable(func: &Function, types: &Types, place: Value) -> Option<Ty> {
    let TyKind::Place { of, space: Space::Stack } = types.kind(func.ty(place)) else { return None };
    matches!(types.kind(of), TyKind::Int { .. } | TyKind::Bool).then_some(of)
}

/// The places that ops of a region write.
pub fn written_places(func: &Function, region: RegionId) -> HashSet<Value> {
    let mut ops = Vec::new();
    func.walk_region(region, &mut ops);
    let mut written = HashSet::new();
    for op in ops {
        let data = &func.ops[op];
        let places = data.operands.iter().enumerate().filter(|&(index, _)| data.may_write(index));
        written.extend(places.map(|(_, &place)| place));
    }
    written
}

/// The places whose contents a region compares for equality, by which the verifier gets to know them.
pub fn equated_places(func: &Function, region: RegionId) -> HashSet<Value> {
    let mut ops = Vec::new();
    func.walk_region(region, &mut ops);
    let mut equated = HashSet::new();
    for op in ops {
        let data = &func.ops[op];
        let equates = data.opcode == Opcode::KsMatch
            || (data.opcode == Opcode::ArithCmp && matches!(ArithCmp::of(data).pred(), "eq" | "ne"));
        if equates {
            equated.extend(data.operands.iter().filter_map(|&value| loaded_from(func, value)));
        }
    }
    equated
}

fn loaded_from(func: &Function, value: Value) -> Option<Value> {
    let data = &func.ops[func.def(value)?];
    if data.opcode == Opcode::ArithCast {
        return loaded_from(func, data.operands[0]);
    }
    (data.opcode == Opcode::KsLoad).then(|| data.operands[0])
}

/// The same number, which the verifier does not know any more; `zero` names the variable that is zero.
pub fn number(b: &mut Builder<'_>, types: &mut Types, zero: &Symbol, value: Value) -> Value {
    let zero_place = types.place(Ty::U64, Space::Global);
    let zero = b.ks_global(zero, zero_place);
    let zero = b.ks_load(zero, Ty::U64);
    let ty = b.func.ty(value);
    let zero = if ty == Ty::U64 { zero } else { b.arith_cast(zero, ty) };
    b.arith_add(value, zero, ty)
}

/// Hides the contents of a place; `zero` names the variable that is zero.
pub fn hide(b: &mut Builder<'_>, types: &mut Types, zero: &Symbol, place: Value, ty: Ty) {
    let old = b.ks_load(place, ty);
    let new = if ty == Ty::BOOL {
        let none = b.ks_const(0, Ty::U64);
        let hidden = number(b, types, zero, none);
        let hidden = b.arith_cmp(hidden, none, "ne", Ty::BOOL);
        b.arith_or(old, hidden, ty)
    } else {
        number(b, types, zero, old)
    };
    b.ks_store(place, new);
}
