//! Making the verifier forget what it knows of a variable.
//!
//! It walks through callbacks again and again until nothing new comes. A variable that the loop changes and whose value it
//! knows is new each time: `i == 100` makes `i` known, then it is 101, 102 … The sum with a variable in memory that is
//! always zero is the same value, but not known.

use crate::ir::ops::{ArithCmp, KsField};
use crate::ir::{Builder, Function, OpId, Opcode, RegionId, Symbol, Value};
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::HashSet;

/// A variable, or a field of one: the fields that lead to it from the outermost place.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Path {
    pub variable: Value,
    fields: Vec<i128>,
}

impl Path {
    fn of(func: &Function, place: Value) -> Path {
        let mut path = Path { variable: place, fields: Vec::new() };
        while let Some(op) = func.def(path.variable).filter(|&op| func.ops[op].opcode == Opcode::KsField) {
            let view = KsField::of(&func.ops[op]);
            path.fields.insert(0, view.field());
            path.variable = view.base();
        }
        path
    }

    /// The type of what the path leads to, if that can be hidden.
    pub fn hideable(&self, func: &Function, types: &Types) -> Option<Ty> {
        let TyKind::Place { of, space: Space::Stack } = types.kind(func.ty(self.variable)) else { return None };
        let leaf = self.fields.iter().try_fold(of, |ty, &field| {
            let TyKind::Struct(id) = types.kind(ty) else { return None };
            types.struct_def(id).fields.get(field as usize).filter(|f| f.bits.is_none()).map(|f| f.ty)
        })?;
        matches!(types.kind(leaf), TyKind::Int { .. } | TyKind::Bool).then_some(leaf)
    }

    /// The place that the path leads to from `variable`.
    fn place(&self, b: &mut Builder<'_>, types: &mut Types, variable: Value) -> Value {
        self.fields.iter().fold(variable, |base, &field| {
            let TyKind::Place { of, space } = types.kind(b.func.ty(base)) else {
                crate::bug!("a path through no place")
            };
            let TyKind::Struct(id) = types.kind(of) else { crate::bug!("a path through no struct") };
            let ty = types.struct_def(id).fields[field as usize].ty;
            let place = types.place(ty, space);
            b.ks_field(base, field, place)
        })
    }
}

/// The places that ops of a region write, in order of the text.
pub fn written_places(func: &Function, region: RegionId) -> Vec<Path> {
    let mut ops = Vec::new();
    func.walk_region(region, &mut ops);
    let mut written = Vec::new();
    for op in ops {
        let data = &func.ops[op];
        for (index, &place) in data.operands.iter().enumerate() {
            let path = Path::of(func, place);
            if data.may_write(index) && !written.contains(&path) {
                written.push(path);
            }
        }
    }
    written
}

/// The places whose contents a region compares so that the verifier gets to know them.
pub fn equated_places(func: &Function, types: &Types, region: RegionId) -> HashSet<Path> {
    let mut ops = Vec::new();
    func.walk_region(region, &mut ops);
    let mut equated = HashSet::new();
    for op in ops {
        if equates(func, types, op) {
            let places = func.ops[op].operands.iter().filter_map(|&value| loaded_from(func, value));
            equated.extend(places.map(|place| Path::of(func, place)));
        }
    }
    equated
}

/// Whether an op tells the verifier the value of an operand on one of its ways.
fn equates(func: &Function, types: &Types, op: OpId) -> bool {
    let data = &func.ops[op];
    if data.opcode == Opcode::ArithCmp {
        // What is less than 1 and not negative is 0.
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

/// The same number, which the verifier does not know any more; `zero` names the variable that is zero.
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
        number(b, types, zero, old)
    };
    b.ks_store(place, new);
}
