//! What several passes ask about places, globals and pointers. Changes nothing.

pub mod after;
pub mod global_uses;
pub mod pointees;
pub mod pointer_sources;

use crate::ir::ops::{KsElem, KsField};
use crate::ir::{Function, OpId, Opcode, Value};

/// The op that yields the outermost place that a place is a part of; none if that is an argument.
pub fn root(func: &Function, place: Value) -> Option<OpId> {
    let op = func.def(place)?;
    let data = &func.ops[op];
    if data.opcode == Opcode::KsField {
        root(func, KsField::of(data).base())
    } else if data.opcode == Opcode::KsElem {
        root(func, KsElem::of(data).base())
    } else {
        Some(op)
    }
}
