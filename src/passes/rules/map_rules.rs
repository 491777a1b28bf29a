//! Rules about the sides that may access each map: part of the pass `reach`, by the tables of kinds and flags.
//!
//! The checker reports accesses that no side allows, and those that the declared side of a function does not allow. This pass checks the
//! functions
//! whose sides it has found, and writes to entries that BPF code may only read.

use crate::ir::{Function, MapDecl, Module, OpData, OpId, Opcode, Value};
use crate::tables::{KeyRule, MapAccess, OpTrait, Refusal, refusal};
use crate::target::{Maps, Target};
use crate::types::{Ty, TyKind, Types};
use std::collections::HashSet;

/// An op that the target refuses.
pub struct Refused<'m> {
    pub op: OpId,
    pub map: &'m MapDecl,
    pub access: MapAccess,
    pub why: Refusal,
    /// The op writes to an entry that was found.
    pub in_place: bool,
}

/// The accesses of a function that the map or its flags do not allow on this side.
pub fn refused<'m>(func: &Function, types: &Types, module: &'m Module, target: Target) -> Vec<Refused<'m>> {
    let mut refused = Vec::new();
    for (op, data) in func.each() {
        let Some(map) = data.map().and_then(|name| module.map(name)) else { continue };
        let why = |access| refusal(map.kind, map.flags, access, target);
        for &access in data.opcode.spec().needs {
            let presence = access == MapAccess::Lookup && why(MapAccess::Presence).is_none() && only_tested(func, op);
            if let Some(why) = why(access).filter(|_| !presence) {
                refused.push(Refused { op, map, access, why, in_place: false });
            }
        }
        if matches!(data.opcode, Opcode::MapEntry | Opcode::MapEntryOr)
            && let Some(why) = why(MapAccess::Update)
        {
            let writes = writes(func, types, op).into_iter();
            refused.extend(writes.map(|op| Refused { op, map, access: MapAccess::Update, why, in_place: true }));
        }
    }
    refused
}

/// Whether it depends on the map that the target does not have the op.
pub fn tell_of(data: &OpData, module: &Module, target: Target) -> bool {
    let Some(name) = data.map() else { return false };
    let needs = data.opcode.spec().needs;
    let refuses = |map: &MapDecl| needs.iter().any(|&access| refusal(map.kind, map.flags, access, target).is_some());
    needs.is_empty() || module.map(name).is_none_or(refuses)
}

/// The ops of user space that would change an entry of a trie that is found by a longer key: written back, it would be one
/// of that key.
pub fn tries_in_place<'m>(func: &Function, types: &Types, module: &'m Module) -> Vec<(OpId, &'m MapDecl)> {
    let mut found = Vec::new();
    for (op, data) in func.each() {
        let map = data.map().and_then(|name| module.map(name)).filter(|map| map.kind.key == KeyRule::Prefix);
        let Some(map) = map else { continue };
        if data.opcode == Opcode::MapAssignOp {
            found.push((op, map));
        } else if matches!(data.opcode, Opcode::MapEntry | Opcode::MapEntryOr) {
            found.extend(writes(func, types, op).into_iter().map(|op| (op, map)));
        }
    }
    found
}

/// The ops whose key is what finds an object on the other side: a pointer, or what names it. With the type of the key.
pub fn keys_of_other_side<'m>(
    func: &Function,
    types: &Types,
    module: &'m Module,
    target: Target,
) -> Vec<(OpId, &'m MapDecl, Ty)> {
    let mut found = Vec::new();
    for (op, data) in func.each() {
        let map = data.map().and_then(|name| module.map(name)).filter(|map| map.kind.object.is_some());
        // A target that can do nothing at all with the kind is reported elsewhere.
        let map = map.filter(|map| !map.kind.on[target].is_empty());
        let key = data.opcode.spec().operands.iter().position(|operand| operand.name == "key");
        let (Some(map), Some(key)) = (map, key) else { continue };
        let TyKind::Place { of, .. } = types.kind(func.ty(data.operands[key])) else { continue };
        if matches!(types.kind(of), TyKind::Ptr { .. }) != (target.facts().maps == Maps::InPlace) {
            found.push((op, map, of));
        }
    }
    found
}

/// The ops of a function that change entries of a map: as a whole, or in place.
pub fn changes(func: &Function, types: &Types, map: &str) -> Vec<OpId> {
    let of_map = |op: &OpId| func.ops[*op].map().is_some_and(|name| &**name == map);
    let mut found = Vec::new();
    for op in func.walk().into_iter().filter(of_map) {
        let opcode = func.ops[op].opcode;
        if opcode == Opcode::MapEntry {
            found.extend(writes(func, types, op));
        } else if opcode.spec().needs.contains(&MapAccess::Update) || opcode.spec().needs.contains(&MapAccess::Insert) {
            found.push(op);
        }
    }
    found
}

/// The ops of a function that change parts of a map's entries.
pub fn changes_in_place(func: &Function, types: &Types, map: &str) -> Vec<OpId> {
    let finds =
        |op: &OpId| func.ops[*op].opcode == Opcode::MapEntry && func.ops[*op].map().is_some_and(|of| &**of == map);
    func.walk().into_iter().filter(finds).flat_map(|op| writes(func, types, op)).collect()
}

/// Whether an entry is asked for only to see whether it is there.
fn only_tested(func: &Function, op: OpId) -> bool {
    let results = &func.ops[op].results;
    let users = func.walk().into_iter().filter(|&user| func.ops[user].operands.iter().any(|o| results.contains(o)));
    func.ops[op].opcode == Opcode::MapEntry && users.into_iter().all(|user| func.ops[user].opcode == Opcode::KsIsSome)
}

/// The ops that write to the entry that `op` finds, or take its address.
fn writes(func: &Function, types: &Types, op: OpId) -> Vec<OpId> {
    let mut inside: HashSet<Value> = func.ops[op].results.iter().copied().collect();
    let mut writes = Vec::new();
    for (op, data) in func.each() {
        let touched: Vec<usize> = (0..data.operands.len()).filter(|&at| inside.contains(&data.operands[at])).collect();
        if touched.is_empty() {
            continue;
        }
        if data.opcode == Opcode::KsIfSome {
            let block = func.only_block(data.regions[0]);
            inside.extend(&func.blocks[block].args);
        } else if data.opcode == Opcode::KsAddr || touched.iter().any(|&at| data.may_write(at)) {
            writes.push(op);
        } else if data.opcode.has(OpTrait::Pure) {
            let places = data.results.iter().filter(|&&r| matches!(types.kind(func.ty(r)), TyKind::Place { .. }));
            inside.extend(places);
        }
    }
    writes
}
