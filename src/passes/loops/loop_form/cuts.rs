//! Cuts: points of a function from which on the verifier knows nothing that the code before has shown.
//!
//! It walks what follows a branch once for each thing that it has learned on a path: a number that equals a constant, how much of the packet
//! is there, whether a length is zero. Where much code follows, and several functions and loops one after the other, these are multiplied.
//! Behind a cut all numbers are unknown, and the packet's bounds are loaded again, so what follows is walked once.

use super::NAME;
use super::forget::{forget_at, variables_of};
use super::known_indexes::is_of_index;
use crate::ir::ops::{PacketEnd, PacketStart};
use crate::ir::{Builder, Function, OpId, Opcode, RegionId, Value, ValueDef};
use crate::passes::analysis;
use crate::passes::verifier::unknown_values::forgotten;
use crate::types::{Space, TyKind, Types};
use std::collections::{HashMap, HashSet};

/// Where a cut is made.
#[derive(Clone, Copy)]
pub enum Cut {
    /// Before this call.
    Call(OpId),
    /// At the start of each iteration of the loop that has this body.
    Iterations(RegionId),
}

/// Makes a cut, for what follows in the block. `packets`: contexts may have packets.
pub fn cut(func: &mut Function, types: &mut Types, place: Cut, packets: bool) {
    let first = |region: RegionId| func.blocks[func.only_block(region)].ops.first().copied();
    let op = match place {
        Cut::Call(op) => op,
        Cut::Iterations(body) => first(body).unwrap_or_else(|| crate::bug!("a region without an end")),
    };
    let behind = behind(func, op);
    let read = |variable: Value| {
        behind.iter().any(|&other| {
            let roots = func.ops[other].operands.iter().filter_map(|&place| analysis::root(func, place));
            roots.into_iter().any(|root| Some(root) == func.def(variable))
        })
    };
    let parts = variables_of(func, types, op).into_iter().filter(|(path, _)| read(path.variable)).collect::<Vec<_>>();
    let mut new = HashMap::new();
    for value in used(func, op, &behind) {
        if let Some(made) = anew(func, types, (op, value), packets, &mut new) {
            new.insert(value, made);
        }
    }
    forget_at(func, types, op, &parts);
    for user in behind {
        let stays = |&value: &Value| addresses(func, user) || is_start(func, value) && !asks(func, types, user);
        let operand = |value: &Value| new.get(value).filter(|_| !stays(value)).copied().unwrap_or(*value);
        func.ops[user].operands = func.ops[user].operands.iter().map(operand).collect();
    }
}

/// The op and all that follow it in its block, with what is in them.
fn behind(func: &Function, op: OpId) -> Vec<OpId> {
    let mut behind = Vec::new();
    for &next in func.blocks[func.ops[op].block].ops.iter().skip_while(|&&other| other != op) {
        behind.push(next);
        func.ops[next].regions.iter().for_each(|&region| func.walk_region(region, &mut behind));
    }
    behind
}

/// The values of outer blocks, or of the function's start, that some ops use, contexts first. In a loop's body its index stays known.
fn used(func: &Function, op: OpId, behind: &[OpId]) -> Vec<Value> {
    let inside: HashSet<OpId> = behind.iter().copied().collect();
    let in_loop = func.loops(op).next().is_some();
    let own = |value: Value| match func.values[value].def {
        ValueDef::Result(def, _) if in_loop && func.ops[def].block == func.ops[op].block => true,
        ValueDef::Arg(block, _) if in_loop && block == func.ops[op].block => true,
        ValueDef::Result(op, _) => inside.contains(&op),
        ValueDef::Arg(block, _) => {
            func.regions[func.blocks[block].region].parent.is_some_and(|holder| inside.contains(&holder))
        }
    };
    let mut seen = HashSet::new();
    let operands = behind.iter().flat_map(|&op| func.ops[op].operands.iter().copied());
    let mut used: Vec<Value> = operands.filter(|&value| !own(value) && seen.insert(value)).collect();
    used.sort_by_key(|&value| func.def(value).is_some());
    used
}

/// The value as it is behind the cut, if that is another one.
fn anew(
    func: &mut Function,
    types: &Types,
    (op, value): (OpId, Value),
    packets: bool,
    new: &mut HashMap<Value, Value>,
) -> Option<Value> {
    let ty = func.ty(value);
    if types.as_int(ty).is_some() {
        let bounded = func.def(value).is_some_and(|def| func.ops[def].opcode == Opcode::BpfClamp);
        let known = bounded || func.known(types, value).is_some() || is_of_index(func, types, value);
        return (!known).then(|| forgotten(&mut Builder::before(func, op, NAME), value));
    }
    if matches!(types.kind(ty), TyKind::Ptr { space: Space::Ctx, .. }) {
        return packets.then(|| Builder::before(func, op, NAME).bpf_opaque(value, ty));
    }
    let bound = func.def(value)?;
    let (start, end) = (func.ops[bound].opcode == Opcode::PacketStart, func.ops[bound].opcode == Opcode::PacketEnd);
    if !start && !end {
        return None;
    }
    let ctx = if start { PacketStart::of(&func.ops[bound]).ctx() } else { PacketEnd::of(&func.ops[bound]).ctx() };
    let of = func.ty(ctx);
    let mut b = Builder::before(func, op, NAME);
    let ctx = *new.entry(ctx).or_insert_with(|| b.bpf_opaque(ctx, of));
    Some(if start { b.packet_start(ctx, ty) } else { b.packet_end(ctx, ty) })
}

fn is_start(func: &Function, value: Value) -> bool {
    func.def(value).is_some_and(|op| func.ops[op].opcode == Opcode::PacketStart)
}

/// Whether an op takes the packet's first byte to measure the packet, or to make a pointer that is tested behind it. Any other takes it as
/// the address of a header, which the code before may have tested.
fn asks(func: &Function, types: &Types, op: OpId) -> bool {
    let opcode = func.ops[op].opcode;
    matches!(opcode, Opcode::BpfAdvance | Opcode::ArithCmp)
        || opcode == Opcode::ArithCast && types.as_int(func.ty(func.ops[op].results[0])).is_some()
}

/// Whether an op computes an address: the code before may have shown that it is within bounds.
fn addresses(func: &Function, op: OpId) -> bool {
    matches!(func.ops[op].opcode, Opcode::KsElem | Opcode::MemPtrAdd)
}
