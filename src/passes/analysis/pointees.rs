//! The possible pointees of pointers of unknown origin, by type: a map entry, a shared global, or a variable or header of that type whose
//! address is passed on.
//!
//! Updates of memory that CPUs share are atomic. The verifier refuses atomic operations in packets and at variable
//! offsets of the stack, which does not need them.

use super::root;
use crate::ir::ops::{KsAddr, KsCall, KsDeref};
use crate::ir::{Function, Module, OpData, Opcode, Value};
use crate::tables::OpTrait;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::BTreeSet;

/// Types that pointers of unknown origin point to.
#[derive(Default)]
pub struct Pointees {
    /// Where they may point to entries or globals.
    pub shared: BTreeSet<Ty>,
    /// Where they may point to the stack.
    pub stack: BTreeSet<Ty>,
    /// Where they may point into the packet.
    pub packet: BTreeSet<Ty>,
    /// Where what they point to is updated by one operation, or a part of it.
    pub updated: BTreeSet<Ty>,
}

impl Pointees {
    /// Collects the pointees of a module: a fixed point, since pointers are found behind pointers. None for a target without a verifier.
    pub fn of(module: &Module, types: &Types) -> Pointees {
        let mut found = Pointees::default();
        if module.target.is_none_or(|target| !target.facts().verified) {
            return found;
        }
        loop {
            let before = found.len();
            for func in &module.funcs {
                for op in func.walk() {
                    found.visit(module, func, types, &func.ops[op]);
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }

    fn len(&self) -> usize {
        self.shared.len() + self.stack.len() + self.packet.len() + self.updated.len()
    }

    /// Whether the address of an element on the stack is used where atomic operations may follow.
    pub fn meets_atomics(&self, of: Ty) -> bool {
        self.stack.contains(&of) && self.shared.contains(&of) && self.updated.contains(&of)
    }

    fn visit(&mut self, module: &Module, func: &Function, types: &Types, op: &OpData) {
        let result = op.results.first().and_then(|&result| pointer(func, types, result));
        let becomes_any = result.is_some_and(|(_, space)| space == Space::Any);
        let looks = matches!(op.opcode, Opcode::KsDeref | Opcode::MemIsNull | Opcode::MemSome);
        for (index, &operand) in op.operands.iter().enumerate() {
            let Some((to, space)) = pointer(func, types, operand) else { continue };
            if matches!(space, Space::MapValue | Space::Global) {
                // Handed to where its space is not known any more.
                if !looks && (becomes_any || !op.opcode.has(OpTrait::Pure)) {
                    self.shared.insert(to);
                }
            } else if becomes_any || takes_any(module, types, op, index) {
                if space == Space::Stack {
                    self.stack.insert(to);
                } else if space == Space::Packet {
                    self.packet.insert(to);
                }
            }
            if let Some((other, _)) = result.filter(|_| op.opcode != Opcode::KsCall) {
                self.lead(to, other);
            }
        }
        // A part of what is pointed to.
        if let (Opcode::KsAddr, Some((part, Space::Any))) = (op.opcode, result)
            && let Some((whole, _)) = followed(func, types, KsAddr::of(op).place())
        {
            self.lead(whole, part);
        }
        if op.opcode.has(OpTrait::Updates)
            && let Some((whole, Space::Any)) = followed(func, types, op.operands[0])
        {
            self.updated.insert(whole);
        }
    }

    /// Pointers to the one become pointers to the other.
    fn lead(&mut self, from: Ty, to: Ty) {
        for kind in [&mut self.shared, &mut self.stack, &mut self.packet] {
            if kind.contains(&from) {
                kind.insert(to);
            }
        }
        if self.updated.contains(&to) {
            self.updated.insert(from);
        }
    }
}

/// Whether an operand is an argument for a parameter that may point to any memory.
fn takes_any(module: &Module, types: &Types, op: &OpData, index: usize) -> bool {
    let callee = (op.opcode == Opcode::KsCall).then(|| module.func(KsCall::of(op).callee())).flatten();
    let param = callee.and_then(|callee| callee.params.get(index));
    param.is_some_and(|param| matches!(types.kind(param.ty), TyKind::Ptr { space: Space::Any, .. }))
}

/// The pointee of the pointer that leads to a place.
pub fn followed(func: &Function, types: &Types, place: Value) -> Option<(Ty, Space)> {
    let root = root(func, place).filter(|&root| func.ops[root].opcode == Opcode::KsDeref)?;
    pointer(func, types, KsDeref::of(&func.ops[root]).pointer())
}

fn pointer(func: &Function, types: &Types, value: Value) -> Option<(Ty, Space)> {
    if let TyKind::Ptr { to, space, .. } = types.kind(func.ty(value)) { Some((to, space)) } else { None }
}
