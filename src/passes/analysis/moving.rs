//! Finds the calls that move packet data: helpers and kernel functions that do so by their records, ops, and functions that contain such,
//! also
//! through pointers.

use crate::ir::callgraph::called;
use crate::ir::ops::{KsCallPointer, KsFunc};
use crate::ir::{Function, Module, OpData, Opcode, Symbol};
use crate::types::Ty;
use std::collections::BTreeSet;

/// The functions of a module that may move packet data.
#[derive(Default)]
pub struct Moving {
    funcs: BTreeSet<Symbol>,
    /// The types of those of them that are values.
    types: BTreeSet<Ty>,
}

impl Moving {
    /// Finds the functions: a fixed point over calls, also through pointers.
    pub fn of(module: &Module) -> Moving {
        let mut moving = Moving::default();
        loop {
            let before = moving.funcs.len() + moving.types.len();
            for func in &module.funcs {
                for op in func.all() {
                    if moving.is_moved_by(func, op) {
                        moving.funcs.insert(func.name.clone());
                    } else if op.opcode == Opcode::KsFunc && moving.contains(KsFunc::of(op).func()) {
                        moving.types.insert(func.ty(op.results[0]));
                    }
                }
            }
            if moving.funcs.len() + moving.types.len() == before {
                return moving;
            }
        }
    }

    /// Whether no function moves packet data.
    pub fn is_empty(&self) -> bool {
        self.funcs.is_empty()
    }

    /// Whether something in the function, or in its callees, moves the packet.
    pub fn contains(&self, func: &Symbol) -> bool {
        self.funcs.contains(func)
    }

    /// Whether an op may move the packet.
    pub fn is_moved_by(&self, func: &Function, op: &OpData) -> bool {
        if op.opcode == Opcode::KsCallPointer {
            return self.types.contains(&func.ty(KsCallPointer::of(op).callee()));
        }
        op.moves_packet() || called(op).is_some_and(|callee| self.contains(callee))
    }
}
