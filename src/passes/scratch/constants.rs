//! Part of `scratch`: an op that reads a variable right after a constant was written to it reads the constant in read-only data.
//!
//! Such variables are what a call like `m.insert(k, EMPTY)` takes its value from. One that nothing else reads is gone.

use super::NAME;
use crate::ir::ops::KsCopy;
use crate::ir::{Builder, Function, OpId, Opcode, Uses, Value};
use crate::passes::Changed;
use crate::tables::OpTrait;
use crate::types::{Space, Types};

pub(super) fn run(func: &mut Function, types: &mut Types, vars: &[OpId]) -> Changed {
    let uses = Uses::of(func);
    let mut changed = Changed::No;
    for &var in vars {
        let place = func.ops[var].results[0];
        for &read in uses.users(place) {
            if let Some((write, operand)) = constant_read(func, read, place) {
                let constant = constant(func, types, (var, write));
                func.ops[read].operands[operand] = constant;
                changed = Changed::Yes;
            }
        }
    }
    if changed == Changed::Yes {
        drop_unread(func, vars);
    }
    changed
}

/// The write of a constant to all of a variable right before an op that reads it, and as which operand that does.
fn constant_read(func: &Function, read: OpId, place: Value) -> Option<(OpId, usize)> {
    let data = &func.ops[read];
    if !matches!(data.opcode, Opcode::MapUpdate | Opcode::KsCopy) {
        return None;
    }
    let operand = data.operands.iter().position(|&operand| operand == place)?;
    let ops = &func.blocks[data.block].ops;
    let is_pure = |&op: &OpId| func.ops[op].opcode.has(OpTrait::Pure);
    let write = ops.backwards(func.position(read)).find(|op| !is_pure(op))?;
    (!data.may_write(operand) && writes_constant(func, write, place)).then_some((write, operand))
}

fn writes_constant(func: &Function, op: OpId, place: Value) -> bool {
    let data = &func.ops[op];
    let is_constant = |from: Value| func.def(from).is_some_and(|def| func.ops[def].opcode == Opcode::KsStr);
    if data.opcode == Opcode::KsZero {
        return data.operands[0] == place;
    }
    data.opcode == Opcode::KsCopy && KsCopy::of(data).to() == place && is_constant(KsCopy::of(data).from())
}

/// Where the constant is that an op writes to a variable.
fn constant(func: &mut Function, types: &mut Types, (var, write): (OpId, OpId)) -> Value {
    if func.ops[write].opcode == Opcode::KsCopy {
        return KsCopy::of(&func.ops[write]).from();
    }
    let of = super::variable_type(func, types, var);
    // The op adds a NUL.
    let zeros = vec![0; types.size_of(of) as usize - 1];
    let ty = types.place(of, Space::Global);
    Builder::before(func, write, NAME).ks_str(&zeros, ty)
}

/// Erases the variables that are only written, and only as a whole.
fn drop_unread(func: &mut Function, vars: &[OpId]) {
    let uses = Uses::of(func);
    let mut gone = Vec::new();
    for &var in vars {
        let place = func.ops[var].results[0];
        let users = uses.users(place);
        let only_writes = |&op: &OpId| {
            let data = &func.ops[op];
            data.opcode == Opcode::KsZero || data.opcode == Opcode::KsCopy && KsCopy::of(data).from() != place
        };
        if users.iter().all(only_writes) {
            gone.extend(users.iter().copied().chain([var]));
        }
    }
    super::erase(func, &gone);
}
