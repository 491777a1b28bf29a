//! Elements of the kernel's arrays whose size each kernel has its own: structs and arrays.

use super::{NAME, address};
use crate::ir::ops::{CoreElem, CoreField, KsElem};
use crate::ir::{Attr, Builder, Function, OpId, Opcode, Value};
use crate::types::{Ty, TyKind, Types};
use std::collections::HashMap;

/// The place where an access begins: what fields and elements of it are relocated from.
pub fn root(func: &Function, place: Value) -> Value {
    let base = func.def(place).map(|op| &func.ops[op]);
    match base.filter(|data| matches!(data.opcode, Opcode::CoreField | Opcode::CoreElem)) {
        Some(data) => root(func, data.operands[0]),
        None => place,
    }
}

/// Whether a place is a part of a struct of the kernel, which relocations start from.
pub fn is_part(func: &Function, place: Value) -> bool {
    root(func, place) != place
}

/// A constant index becomes part of the relocation. For a variable one the access begins that many elements further, and
/// takes the first element.
pub fn element(func: &mut Function, op: OpId, types: &mut Types) {
    let data = func.ops[op].clone();
    let (view, ty) = (KsElem::of(&data), func.ty(data.results[0]));
    if let Some(index) = func.known(types, view.index()) {
        func.become_op(op, Opcode::CoreElem, vec![view.base()], vec![Attr::Int(index)]);
        return;
    }
    let mut b = Builder::before(func, op, NAME);
    let size = b.core_elem_size(view.base(), Ty::U64);
    let bytes = b.arith_mul(view.index(), size, Ty::U64);
    let base = further(&mut b, types, view.base(), bytes);
    let place = unknown(types, ty);
    let first = b.core_elem(base, 0, place);
    func.replace_values(&HashMap::from([(data.results[0], first)]));
    func.erase(op);
}

/// The part of an object that `place` is, taken of the object that begins `bytes` bytes further on.
fn further(b: &mut Builder<'_>, types: &mut Types, place: Value, bytes: Value) -> Value {
    let ty = unknown(types, b.func.ty(place));
    let data = b.func.def(place).map(|op| b.func.ops[op].clone());
    match data {
        Some(data) if data.opcode == Opcode::CoreField => {
            let base = further(b, types, data.operands[0], bytes);
            b.core_field(base, CoreField::of(&data).field(), ty)
        }
        Some(data) if data.opcode == Opcode::CoreElem => {
            let base = further(b, types, data.operands[0], bytes);
            b.core_elem(base, CoreElem::of(&data).index(), ty)
        }
        Some(_) | None => {
            let TyKind::Place { of, space } = types.kind(ty) else { crate::bug!("a part of no place") };
            let pointer = types.ptr(of, space, false);
            let start = address(b, types, place);
            let start = b.mem_ptr_add(start, bytes, pointer);
            b.ks_deref(start, ty)
        }
    }
}

/// The type of a place behind a variable offset: the verifier does not know it, so reads of it are probe reads.
fn unknown(types: &mut Types, place: Ty) -> Ty {
    let TyKind::Place { of, space } = types.kind(place) else { crate::bug!("no place") };
    types.place(of, space.probed())
}
