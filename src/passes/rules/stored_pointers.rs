//! Pointers in memory that outlives a call: part of the pass `reach`.
//!
//! The kernel's verifier keeps track of a pointer in registers and on the stack alone. A pointer that is read from a map or a global variable
//! is a number to it, through which nothing can be accessed. That is enough where only helpers read the memory, as for processes, and for
//! the kernel's structs behind pointers that the verifier does not know.

use crate::ir::{Function, OpData, OpId, Opcode, Value};
use crate::passes::analysis::root;
use crate::source::Span;
use crate::tables::OperandKind;
use crate::types::{Space, TyKind, Types};
use std::collections::{BTreeMap, HashMap};

/// Where BPF code would keep or find a pointer outside of local variables, each with the memory in words.
pub fn kept(func: &Function, types: &Types) -> Vec<(Span, &'static str)> {
    let mut found = BTreeMap::new();
    let copies = copies(func, types);
    for data in func.all() {
        if matches!(data.opcode, Opcode::KsField | Opcode::KsElem | Opcode::KsZero) {
            continue;
        }
        for &operand in &data.operands {
            let TyKind::Place { of, space } = types.kind(func.ty(operand)) else { continue };
            let copied = || root(func, operand).and_then(|variable| copies.get(&variable)).copied();
            let memory = match memory(space) {
                Some(memory) => memory,
                None if data.opcode == Opcode::KsLoad
                    && let Some(memory) = copied() =>
                {
                    memory
                }
                None => continue,
            };
            if types.holds_followed(of) {
                let span = data.loc.span;
                found.entry((span.lo, span.hi)).or_insert((span, memory));
            }
        }
    }
    found.into_values().collect()
}

/// Memory that outlives a call, in words.
fn memory(space: Space) -> Option<&'static str> {
    match space {
        Space::Global => Some("a global variable"),
        Space::Packet => Some("a packet"),
        Space::MapValue | Space::Percpu => Some(SHARED),
        Space::Any
        | Space::Stack
        | Space::Map
        | Space::Ctx
        | Space::Ringbuf
        | Space::BtfTrusted
        | Space::BtfRcu
        | Space::BtfUntrusted
        | Space::User
        | Space::Host
        | Space::Heap
        | Space::Arena => None,
    }
}

const SHARED: &str = "shared memory";

/// The local variables whose pointers all come from such memory, with copies of what holds them.
fn copies(func: &Function, types: &Types) -> HashMap<OpId, &'static str> {
    let mut filled = HashMap::new();
    let mut assigned = Vec::new();
    for data in func.all() {
        for place in outs(data) {
            let (Some(variable), TyKind::Place { of, .. }) = (root(func, place), types.kind(func.ty(place))) else {
                continue;
            };
            if !types.holds_followed(of) {
                continue;
            }
            match source(func, types, data) {
                Some(memory) => _ = filled.insert(variable, memory),
                None if data.opcode != Opcode::KsZero => assigned.push(variable),
                None => {}
            }
        }
    }
    filled.retain(|variable, _| !assigned.contains(variable));
    filled
}

fn outs(op: &OpData) -> impl Iterator<Item = Value> {
    let outs = std::iter::zip(&op.operands, op.opcode.spec().operands);
    outs.filter(|(_, spec)| spec.kind == OperandKind::Out).map(|(&value, _)| value)
}

/// The memory from which an op copies.
fn source(func: &Function, types: &Types, op: &OpData) -> Option<&'static str> {
    if op.map().is_some() {
        return Some(SHARED);
    }
    let from = (op.opcode == Opcode::KsCopy).then(|| types.kind(func.ty(op.operands[1])))?;
    if let TyKind::Place { space, .. } = from { memory(space) } else { None }
}
