//! Numbers in the record of an event, the context of a program: the verifier takes a load only at a constant offset of the context.
//!
//! LLVM moves relocated offsets away from the loads, and merges loads at different ones. So a load has the offset of the kernel of
//! the compilation, where the kernel that runs has the field there too, in the same size. Elsewhere the field is copied. The loader
//! knows which of the two it is, and the verifier removes the other.

use super::{NAME, Word, copied, number, replace, word_of};
use crate::ir::ops::{CoreField, KsDeref, KsElem, KsLoad};
use crate::ir::{Builder, Function, OpId, Opcode, Value};
use crate::types::{Space, Ty, TyKind, Types};

/// A field of the record, or an element of one at a constant index.
struct Found {
    ctx: Value,
    /// The record and the field in it.
    record: Value,
    field: i128,
    /// Of the element in the field; none if the field itself is meant.
    element: Option<u64>,
}

/// Replaces a load from a record; false if it is no such load.
pub(super) fn load(func: &mut Function, op: OpId, types: &mut Types, word: &mut Word) -> bool {
    let place = KsLoad::of(&func.ops[op]).place();
    let Some(found) = find(func, types, place) else { return false };
    let ty = func.ty(func.ops[op].results[0]);
    let Some((offset, size)) = layout(func, types, &found) else { return false };
    let slot = word_of(func, types, word);
    let mut b = Builder::before(func, op, NAME);
    let here = b.core_bits(found.record, found.field, "offset", Ty::U64);
    let bytes = b.core_bits(found.record, found.field, "size", Ty::U64);
    let there = b.ks_const(offset.into(), Ty::U64);
    let whole = b.ks_const(size.into(), Ty::U64);
    let moved = b.arith_xor(here, there, Ty::U64);
    let resized = b.arith_xor(bytes, whole, Ty::U64);
    let differs = b.arith_or(moved, resized, Ty::U64);
    let zero = b.ks_const(0, Ty::U64);
    let same = b.arith_cmp(differs, zero, "eq", Ty::BOOL);
    let at = offset + found.element.unwrap_or(0);
    let direct = |b: &mut Builder<'_>| {
        let value = b.core_record_load(found.ctx, at.into(), ty);
        b.ks_yield(&[value]);
    };
    let result = b.either(same, &[ty], direct, |b| {
        let value = match found.element {
            None if types.as_int(ty).is_some() => number(b, types, slot, (found.record, found.field), ty),
            Some(_) | None => {
                let slot = copied(b, types, place, ty);
                b.ks_load(slot, ty)
            }
        };
        b.ks_yield(&[value]);
    });
    let value = b.result(result);
    replace(func, op, value);
    true
}

fn find(func: &Function, types: &Types, place: Value) -> Option<Found> {
    let TyKind::Place { space: Space::Ctx, .. } = types.kind(func.ty(place)) else { return None };
    let data = &func.ops[func.def(place)?];
    if data.opcode == Opcode::KsElem {
        let view = KsElem::of(data);
        let found = find(func, types, view.base()).filter(|found| found.element.is_none())?;
        let index = u64::try_from(func.known(types, view.index())?).ok()?;
        let TyKind::Place { of, .. } = types.kind(func.ty(place)) else { return None };
        return Some(Found { element: Some(index * types.size_of(of)), ..found });
    }
    if data.opcode != Opcode::CoreField {
        return None;
    }
    let view = CoreField::of(data);
    let record = &func.ops[func.def(view.base())?];
    let is_whole = record.opcode == Opcode::KsDeref;
    is_whole.then(|| Found {
        ctx: KsDeref::of(record).pointer(),
        record: view.base(),
        field: view.field(),
        element: None,
    })
}

/// Where the field is on the kernel of the compilation, and how many bytes it has.
fn layout(func: &Function, types: &Types, found: &Found) -> Option<(u64, u64)> {
    let TyKind::Place { of, .. } = types.kind(func.ty(found.record)) else { return None };
    let TyKind::Struct(id) = types.kind(of) else { return None };
    let field = types.struct_def(id).fields.get(usize::try_from(found.field).ok()?)?;
    Some((field.offset, types.size_of(field.ty)))
}
