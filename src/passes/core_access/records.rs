//! Numbers in the record of an event, the context of a program: the verifier takes a load only at a constant offset of the context.
//!
//! So a load is one op, for which the emitter makes one instruction with a relocated offset. As for C, the loader widens or narrows a load
//! of an unsigned number that has another size on the kernel that runs, and refuses one of a signed number.

use super::{NAME, replace};
use crate::ir::ops::{CoreField, KsDeref, KsElem, KsLoad};
use crate::ir::{Builder, Function, OpId, Opcode, Value};
use crate::tables::NARROW_FIELDS;
use crate::types::{Space, Ty, TyKind, Types};

/// A field of the record, or an element of one at a constant index.
struct Found {
    ctx: Value,
    /// The place of the field.
    place: Value,
    /// The index of the element in the field; none if the field itself is meant.
    element: Option<u64>,
}

/// Replaces a load from a record; false if it is no such load.
pub(super) fn load(func: &mut Function, op: OpId, types: &mut Types) -> bool {
    let place = KsLoad::of(&func.ops[op]).place();
    let Some(found) = find(func, types, place) else { return false };
    let ty = func.ty(func.ops[op].results[0]);
    let narrow = if found.element.is_none() { narrow(func, types, found.place) } else { None };
    let mut b = Builder::before(func, op, NAME);
    let place = match found.element {
        Some(index) => {
            let element = types.place(ty, Space::Ctx);
            b.core_elem(found.place, index.into(), element)
        }
        None => found.place,
    };
    let value = match narrow {
        // The kernel writes the first bytes, and attaches programs that read no others to events without arguments.
        Some(narrow) => {
            let first = b.core_record_load(found.ctx, place, narrow);
            b.arith_cast(first, ty)
        }
        None => b.core_record_load(found.ctx, place, ty),
    };
    replace(func, op, value);
    true
}

/// The type of what the kernel writes of a field, if that is less than the field holds.
fn narrow(func: &Function, types: &Types, place: Value) -> Option<Ty> {
    let view = CoreField::of(&func.ops[func.def(place)?]);
    let TyKind::Place { of, .. } = types.kind(func.ty(view.base())) else { return None };
    let TyKind::Struct(id) = types.kind(of) else { return None };
    let (name, field) = (types.struct_def(id).name.clone(), view.field() as usize);
    let field = &types.struct_def(id).fields[field];
    let spec = NARROW_FIELDS.iter().find(|spec| spec.name == name && spec.field == field.name)?;
    let TyKind::Int { signed, .. } = types.kind(field.ty) else { return None };
    Some(types.int(spec.bits, signed))
}

fn find(func: &Function, types: &Types, place: Value) -> Option<Found> {
    let TyKind::Place { space: Space::Ctx, .. } = types.kind(func.ty(place)) else { return None };
    let data = &func.ops[func.def(place)?];
    if data.opcode == Opcode::KsElem {
        let view = KsElem::of(data);
        let found = find(func, types, view.base()).filter(|found| found.element.is_none())?;
        let index = u64::try_from(func.known(types, view.index())?).ok()?;
        return Some(Found { element: Some(index), ..found });
    }
    if data.opcode != Opcode::CoreField {
        return None;
    }
    let record = &func.ops[func.def(CoreField::of(data).base())?];
    let is_whole = record.opcode == Opcode::KsDeref;
    is_whole.then(|| Found { ctx: KsDeref::of(record).pointer(), place, element: None })
}
