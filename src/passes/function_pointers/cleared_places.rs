//! Whether a cleared place keeps null pointers. Most places are cleared for their padding, and each function pointer in
//! them is written before anything reads it.

use crate::ir::ops::{KsCopy, KsElem, KsField, KsStore, KsZero};
use crate::ir::{Exit, Function, OpData, OpId, Opcode, Value};
use crate::passes::analysis::root;
use crate::types::{Ty, TyKind, Types};
use std::collections::{BTreeMap, BTreeSet};

/// More function pointers than this in one variable are not followed.
const MANY: usize = 256;

/// Whether all function pointers of the type in the place that a `ks.zero` clears are written right after it.
pub fn is_overwritten(func: &Function, types: &Types, zero: OpId, wanted: Ty) -> bool {
    let place = KsZero::of(&func.ops[zero]).place();
    let mut left = BTreeSet::new();
    if !pointers(types, pointee(func, types, place), wanted, 0, &mut left) {
        return false;
    }
    // The places inside, by their offset.
    let mut inside = BTreeMap::from([(place, 0)]);
    let ops = &func.blocks[func.ops[zero].block].ops;
    for &op in ops.iter().skip_while(|&&o| o != zero).skip(1) {
        if left.is_empty() {
            return true;
        }
        if read_early(func, place, op) || !follow(func, types, op, &mut inside, &mut left) {
            return false;
        }
    }
    left.is_empty()
}

/// Whether control may go on from inside an op to where the place is read as it was cleared.
fn read_early(func: &Function, place: Value, op: OpId) -> bool {
    let exits = func.exits_beyond(op).into_iter().filter(|&(_, exit)| exit != Exit::Return);
    exits.into_iter().any(|(end, _)| func.left(end).is_none_or(|left| is_read_after(func, place, left)))
}

/// Whether something may read the variable that the place is, or is a part of, after `left` was left, with no other
/// clearing before.
fn is_read_after(func: &Function, place: Value, left: OpId) -> bool {
    let variable = root(func, place).filter(|&op| func.ops[op].opcode == Opcode::KsVar);
    let Some(variable) = variable else { return true };
    let mut parts = BTreeSet::from([func.ops[variable].results[0]]);
    for (op, data) in func.each() {
        if !data.operands.iter().any(|operand| parts.contains(operand)) {
            continue;
        }
        let writes = matches!(data.opcode, Opcode::KsZero | Opcode::KsStore)
            || data.opcode == Opcode::KsCopy && !parts.contains(&KsCopy::of(data).from());
        if matches!(data.opcode, Opcode::KsField | Opcode::KsElem) {
            parts.extend(&data.results);
        } else if data.opcode == Opcode::KsAddr || !writes && !is_cleared_before(func, place, op, left) {
            return true;
        }
    }
    false
}

/// Whether the place is cleared on every path from `left` to `user`.
fn is_cleared_before(func: &Function, place: Value, user: OpId, left: OpId) -> bool {
    let mut at = Some(user);
    while let Some(op) = at {
        for before in func.blocks[func.ops[op].block].ops.backwards(func.position(op) + 1) {
            if before == left || func.is_inside(left, before) {
                return false;
            }
            let data = &func.ops[before];
            if data.opcode == Opcode::KsZero && KsZero::of(data).place() == place {
                return true;
            }
        }
        at = func.around(op);
    }
    false
}

/// One op after the clearing; false where it may read a part.
fn follow(
    func: &Function,
    types: &Types,
    op: OpId,
    inside: &mut BTreeMap<Value, u64>,
    left: &mut BTreeSet<u64>,
) -> bool {
    let data = &func.ops[op];
    if data.opcode == Opcode::KsStore && !inside.contains_key(&KsStore::of(data).value()) {
        if let Some(at) = inside.get(&KsStore::of(data).place()) {
            left.remove(at);
        }
        return true;
    }
    if data.opcode == Opcode::KsCopy && !inside.contains_key(&KsCopy::of(data).from()) {
        let to = KsCopy::of(data).to();
        if let Some(&at) = inside.get(&to) {
            let size = types.size_of(pointee(func, types, to));
            left.retain(|offset| !(at..at + size).contains(offset));
        }
        return true;
    }
    if let Some(part) = part(func, types, data, inside) {
        inside.insert(data.results[0], part);
        return true;
    }
    let mut all = vec![op];
    for &region in &data.regions {
        func.walk_region(region, &mut all);
    }
    !all.iter().any(|&op| func.ops[op].operands.iter().any(|operand| inside.contains_key(operand)))
}

/// The offset of the field or element that an op names, in a place that is followed.
fn part(func: &Function, types: &Types, data: &OpData, inside: &BTreeMap<Value, u64>) -> Option<u64> {
    if data.opcode == Opcode::KsField {
        let view = KsField::of(data);
        let base = inside.get(&view.base())?;
        let TyKind::Struct(id) = types.kind(pointee(func, types, view.base())) else { return None };
        return Some(base + types.struct_def(id).fields[view.field() as usize].offset);
    }
    if data.opcode == Opcode::KsElem {
        let view = KsElem::of(data);
        let base = inside.get(&view.base())?;
        let index = func.known(types, view.index())? as u64;
        return Some(base + index * types.size_of(pointee(func, types, data.results[0])));
    }
    None
}

fn pointee(func: &Function, types: &Types, place: Value) -> Ty {
    if let TyKind::Place { of, .. } = types.kind(func.ty(place)) { of } else { Ty::ERROR }
}

/// The offsets of the function pointers of one type in a type; false if they are too many.
fn pointers(types: &Types, ty: Ty, wanted: Ty, at: u64, found: &mut BTreeSet<u64>) -> bool {
    let kind = types.kind(ty);
    if ty == wanted {
        found.insert(at);
    } else if let TyKind::Struct(id) = kind {
        return types.struct_def(id).fields.iter().all(|f| pointers(types, f.ty, wanted, at + f.offset, found));
    } else if let TyKind::Array(element, length) = kind {
        let mut one = BTreeSet::new();
        if !pointers(types, element, wanted, 0, &mut one) || one.len() as u64 * length > MANY as u64 {
            return one.is_empty();
        }
        let size = types.size_of(element);
        return one.is_empty() || (0..length).all(|index| pointers(types, element, wanted, at + index * size, found));
    }
    found.len() <= MANY
}
