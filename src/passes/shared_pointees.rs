//! Which types pointers of unknown origin may share with others: an entry or a shared global of the type has its address
//! handed on somewhere. What such a pointer points to otherwise is on the stack, where atomic operations are not needed, and
//! the verifier refuses them at a variable offset.

use super::assign_ops::root;
use crate::ir::ops::{KsAddr, KsDeref};
use crate::ir::{Function, Module, OpData, Opcode, Value};
use crate::tables::OpTrait;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::BTreeSet;

pub fn of(module: &Module, types: &Types) -> BTreeSet<Ty> {
    let mut shared = BTreeSet::new();
    loop {
        let before = shared.len();
        for func in &module.funcs {
            for op in func.walk() {
                visit(func, types, &func.ops[op], &mut shared);
            }
        }
        if shared.len() == before {
            return shared;
        }
    }
}

fn visit(func: &Function, types: &Types, op: &OpData, shared: &mut BTreeSet<Ty>) {
    let result = op.results.first().and_then(|&result| pointer(func, types, result));
    // Handed to where its space is not known any more.
    let hands_on = !op.opcode.has(OpTrait::Pure) || result.is_some_and(|(_, space)| space == Space::Any);
    let looks = matches!(op.opcode, Opcode::KsDeref | Opcode::MemIsNull | Opcode::MemSome);
    for (to, space) in op.operands.iter().filter_map(|&operand| pointer(func, types, operand)) {
        if hands_on && !looks && matches!(space, Space::MapValue | Space::Global) {
            shared.insert(to);
        }
        // Pointers to it become pointers to something else.
        if let Some((other, _)) = result.filter(|_| shared.contains(&to) && op.opcode != Opcode::KsCall) {
            shared.insert(other);
        }
    }
    // A part of what is shared.
    if op.opcode == Opcode::KsAddr
        && let Some((part, Space::Any)) = result
        && let Some(root) = root(func, KsAddr::of(op).place())
        && func.ops[root].opcode == Opcode::KsDeref
        && let Some((whole, _)) = pointer(func, types, KsDeref::of(&func.ops[root]).pointer())
        && shared.contains(&whole)
    {
        shared.insert(part);
    }
}

fn pointer(func: &Function, types: &Types, value: Value) -> Option<(Ty, Space)> {
    if let TyKind::Ptr { to, space, .. } = types.kind(func.ty(value)) { Some((to, space)) } else { None }
}
