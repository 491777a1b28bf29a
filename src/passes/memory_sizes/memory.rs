//! The memory behind a pointer: a variable, a field, or what follows an element of an array.

use crate::ir::ops::{KsAddr, KsElem, KsLoad};
use crate::ir::{Builder, Function, OpId, Opcode, Value, ValueDef};
use crate::passes::analysis::pointer_sources::yielded;
use crate::tables::OpTrait;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::HashMap;

/// The memory behind a pointer, in bytes.
pub struct Memory {
    /// From the pointer on, or of the whole array whose element it points to.
    pub bytes: u64,
    pub element: Option<Element>,
}

/// An element at an index that is not constant.
pub struct Element {
    array: Value,
    /// As the text computes it.
    pub index: Value,
    /// The type of its place.
    ty: Ty,
    /// The size of one element.
    pub bytes: u64,
}

impl Memory {
    /// What a pointer that `op` takes points to: the address that it is on every path on which it is not null.
    pub fn find(
        func: &Function,
        types: &Types,
        once: &HashMap<Value, Value>,
        (op, pointer, may_be_null): (OpId, Value, bool),
    ) -> Option<Memory> {
        let place = address_of(func, types, once, (pointer, !may_be_null))?;
        let TyKind::Place { of, space } = types.kind(func.ty(place)) else { return None };
        let bytes = Some(types.size_of(of)).filter(|&bytes| bytes > 0)?;
        let made = &func.ops[func.def(place)?];
        if made.opcode != Opcode::KsElem {
            return Some(Memory { bytes, element: None });
        }
        let view = KsElem::of(made);
        let TyKind::Place { of: array, .. } = types.kind(func.ty(view.base())) else { return None };
        let all = types.size_of(array);
        if let Some(index) = func.known(types, view.index()) {
            let before = u64::try_from(index).ok()?.checked_mul(bytes)?;
            return Some(Memory { bytes: all.checked_sub(before)?, element: None });
        }
        let element = Element { array: view.base(), index: view.index(), ty: func.ty(place), bytes };
        let can_form =
            space != Space::Packet && can_repeat(func, element.array, op) && can_repeat(func, element.index, op);
        can_form.then_some(Memory { bytes: all, element: Some(element) })
    }
}

/// The place whose address a pointer is, through variables with one value, conversions, and branches that yield null or it.
fn address_of(
    func: &Function,
    types: &Types,
    once: &HashMap<Value, Value>,
    (mut at, mut is_there): (Value, bool),
) -> Option<Value> {
    let nullable = |value: Value| matches!(types.kind(func.ty(value)), TyKind::Ptr { nullable: true, .. });
    loop {
        is_there |= !nullable(at);
        let ValueDef::Result(op, index) = func.values[at].def else { return None };
        let data = &func.ops[op];
        at = if data.opcode == Opcode::KsAddr {
            return Some(KsAddr::of(data).place());
        } else if data.opcode == Opcode::ArithCast {
            data.operands[0]
        } else if data.opcode == Opcode::KsLoad {
            *once.get(&KsLoad::of(data).place())?
        } else if data.opcode == Opcode::KsIf && is_there {
            let yields = data.regions.iter().filter_map(|&region| yielded(func, region, index as usize));
            let mut addresses = yields.filter(|&value| !is_null(func, value));
            let address = addresses.next()?;
            if addresses.next().is_some() {
                return None;
            }
            address
        } else {
            return None;
        };
    }
}

fn is_null(func: &Function, value: Value) -> bool {
    let Some(op) = func.def(value) else { return false };
    let data = &func.ops[op];
    data.opcode == Opcode::KsNull || data.opcode == Opcode::ArithCast && is_null(func, data.operands[0])
}

/// Whether `op` can use a value, or one made again by the same ops.
fn can_repeat(func: &Function, value: Value, op: OpId) -> bool {
    if is_visible(func, value, op) {
        return true;
    }
    let Some(made) = func.def(value) else { return false };
    let data = &func.ops[made];
    data.opcode.has(OpTrait::Pure) && data.operands.iter().all(|&operand| can_repeat(func, operand, op))
}

/// Whether control has passed the definition of a value wherever it reaches an op.
fn is_visible(func: &Function, value: Value, op: OpId) -> bool {
    let (block, made) = match func.values[value].def {
        ValueDef::Result(made, _) => (func.ops[made].block, Some(made)),
        ValueDef::Arg(block, _) => (block, None),
    };
    let mut holders = std::iter::successors(Some(op), |&op| func.around(op));
    let Some(here) = holders.find(|&holder| func.ops[holder].block == block) else { return false };
    made.is_none_or(|made| func.position(made) < func.position(here))
}

fn repeated(b: &mut Builder<'_>, value: Value, op: OpId) -> Value {
    if is_visible(b.func, value, op) {
        return value;
    }
    let Some(made) = b.func.def(value) else { crate::bug!("the value of an op is made again") };
    let data = b.func.ops[made].clone();
    let operands = data.operands.iter().map(|&operand| repeated(b, operand, op)).collect();
    let ty = b.func.ty(value);
    let made = b.insert(data.opcode, operands, data.attrs, &[ty], Vec::new(), Vec::new());
    b.result(made)
}

impl Element {
    /// The index, where `op` can use it.
    pub fn index_at(&self, b: &mut Builder<'_>, op: OpId) -> Value {
        repeated(b, self.index, op)
    }

    /// The address of the element at an index that is at most `last`.
    pub fn address(&self, b: &mut Builder<'_>, types: &mut Types, (op, index): (OpId, Value), last: u64) -> Value {
        let array = repeated(b, self.array, op);
        let bounded = b.bpf_clamp(index, last.into(), Ty::U64);
        let place = b.ks_elem(array, bounded, self.ty);
        let TyKind::Place { of, space } = types.kind(self.ty) else { crate::bug!("an element is a place") };
        let pointer = types.ptr(of, space, false);
        b.ks_addr(place, pointer)
    }
}
