//! Pointers in memory that outlives a call: part of the pass `reach`.
//!
//! The kernel's verifier keeps track of a pointer in registers and on the stack alone. A pointer that is read from a global variable is a
//! number to it, through which nothing can be accessed.

use crate::ir::{Function, Opcode};
use crate::source::Span;
use crate::types::{Space, TyKind, Types};
use std::collections::BTreeMap;

/// Where BPF code would keep or find a pointer outside of local variables, each with the memory in words.
pub fn kept(func: &Function, types: &Types) -> Vec<(Span, &'static str)> {
    let mut found = BTreeMap::new();
    for data in func.all() {
        if matches!(data.opcode, Opcode::KsField | Opcode::KsElem | Opcode::KsZero) {
            continue;
        }
        for &operand in &data.operands {
            let TyKind::Place { of, space } = types.kind(func.ty(operand)) else { continue };
            let memory = if space == Space::Global {
                "a global variable"
            } else if space == Space::Packet {
                "a packet"
            } else if matches!(space, Space::MapValue | Space::Percpu) {
                "shared memory"
            } else {
                continue;
            };
            if types.holds_pointer(of) {
                let span = data.loc.span;
                found.entry((span.lo, span.hi)).or_insert((span, memory));
            }
        }
    }
    found.into_values().collect()
}
