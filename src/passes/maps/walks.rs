//! Walks over maps in BPF code: part of the pass `maps`.
//!
//! `map.each` becomes `bpf.walk`, whose body gets the addresses of key and value in the map. The body copies them to its
//! variables first, so that what it writes to the map does not change them; a variable that it does not use gets no copy.

use super::{NAME, copy_value};
use crate::ir::ops::MapEach;
use crate::ir::{Builder, Function, MapDecl, OpId, Opcode, Value, ValueDef};
use crate::types::{Space, Ty, TyKind, Types};

/// Lowers a `map.each` to a `bpf.walk`.
pub fn walk(func: &mut Function, map: &MapDecl, types: &mut Types, op: OpId) {
    let view = MapEach::of(&func.ops[op]);
    let (key, value, body) = (view.key(), view.value(), view.body_region());
    let block = func.only_block(body);
    let space = if map.kind.percpu { Space::Percpu } else { Space::MapValue };
    let variables = [(key, map.key, Space::MapValue), (value, map.value, space)];
    for (variable, ty, space) in variables {
        let pointer = types.ptr(ty, space, false);
        let address = func.add_block_arg(block, pointer);
        if func.uses().users(variable).iter().any(|&user| user != op) {
            copy_in(func, types, (variable, ty), (address, space));
        }
    }
    let mut b = Builder::before(func, op, NAME);
    b.bpf_walk(&map.name, vec![body]);
    func.erase(op);
    for (variable, ..) in variables {
        let unused = func.uses().users(variable).is_empty();
        if let Some(made) = func.def(variable).filter(|_| unused) {
            func.erase(made);
        }
    }
}

/// Makes the variable one of the body, and a copy of what is at the address.
fn copy_in(func: &mut Function, types: &mut Types, (variable, ty): (Value, Ty), (address, space): (Value, Space)) {
    let Some(made) = func.def(variable).filter(|&made| func.ops[made].opcode == Opcode::KsVar) else {
        crate::bug!("a walk fills a variable of its own");
    };
    debug_assert!(matches!(types.kind(func.ty(variable)), TyKind::Place { space: Space::Stack, .. }));
    let ValueDef::Arg(block, _) = func.values[address].def else { crate::bug!("an address is the body's argument") };
    let Some(&first) = func.blocks[block].ops.first() else { crate::bug!("a region without an end") };
    func.erase(made);
    func.ops[made].block = block;
    func.blocks[block].ops.insert(0, made);
    let place = types.place(ty, space);
    let mut b = Builder::before(func, first, NAME);
    let entry = b.ks_deref(address, place);
    copy_value(&mut b, types, ty, variable, entry);
}
