//! Which bytes of packets are written: through pointers that an access found, and past them, by functions that are called and by the
//! helper that stores.

use super::uses::{Followed, part};
use crate::ir::callgraph::called;
use crate::ir::ops::{BpfHelper, PacketAt};
use crate::ir::{Function, Module, OpData, OpId, Opcode, Symbol};
use crate::tables::CONTEXTS;
use crate::types::Types;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of the packet: their offset and number; none if that is not known.
pub type Bytes = Option<(u64, u64)>;

/// A write of a part of the packet.
#[derive(Clone, Copy)]
pub struct Write {
    pub op: OpId,
    /// That found the pointer.
    pub access: Option<OpId>,
    pub bytes: Bytes,
}

impl Write {
    /// The writes through the pointers that an access found.
    pub fn of_access(func: &Function, types: &Types, access: OpId, followed: &Followed) -> Vec<Write> {
        let write = |&(op, bytes)| Write { op, access: Some(access), bytes: range(func, types, access, bytes) };
        followed.writes.iter().map(write).collect()
    }
}

/// The functions in which, or in whose callees, a packet is written through pointers that are looked up there or by a helper.
pub struct Writing<'m>(BTreeMap<&'m Symbol, BTreeSet<Bytes>>);

impl<'m> Writing<'m> {
    /// From the writes of each function.
    pub fn of(module: &'m Module, writes: &[Vec<Write>]) -> Writing<'m> {
        let mut writing = Writing(BTreeMap::new());
        loop {
            let mut grows = false;
            for (func, writes) in module.funcs.iter().zip(writes) {
                let beside = func.walk().into_iter().flat_map(|op| writing.at(&func.ops[op]));
                let bytes: BTreeSet<Bytes> = writes.iter().map(|write| write.bytes).chain(beside).collect();
                if !bytes.is_empty() && writing.0.get(&func.name) != Some(&bytes) {
                    writing.0.insert(&func.name, bytes);
                    grows = true;
                }
            }
            if !grows {
                return writing;
            }
        }
    }

    /// The bytes that an op writes without a pointer of the function's own.
    pub fn at(&self, op: &OpData) -> BTreeSet<Bytes> {
        let is_unknown = match op.opcode == Opcode::BpfHelper {
            true => {
                let name = BpfHelper::of(op).helper();
                CONTEXTS.iter().any(|context| context.store.is_some_and(|store| **name == *store))
            }
            false => op.opcode == Opcode::KsCallPointer && !self.0.is_empty(),
        };
        match is_unknown {
            true => BTreeSet::from([None]),
            false => called(op).and_then(|callee| self.0.get(callee)).cloned().unwrap_or_default(),
        }
    }

    /// The first call that takes a pointer of an access and may write the same bytes through another pointer: the callee does not know that
    /// its pointer may lead to a copy.
    pub fn passed(&self, (func, types): (&Function, &Types), access: OpId, followed: &Followed) -> Option<OpId> {
        let whole = range(func, types, access, None);
        let users: BTreeSet<OpId> = followed.reads.iter().chain(&followed.writes).map(|&(user, _)| user).collect();
        // A helper has read its arguments before it stores.
        let is_call = |user: &OpId| func.ops[*user].opcode != Opcode::BpfHelper;
        let overlaps = |user: &OpId| self.at(&func.ops[*user]).into_iter().any(|written| overlap(whole, written));
        users.into_iter().filter(is_call).find(overlaps)
    }
}

/// The first call that gets pointers of an access and of another one by two arguments, may write through one of them, and may find
/// the same bytes behind both: each would lead to a copy of its own.
pub fn given_twice((func, types): (&Function, &Types), access: OpId, all: &BTreeMap<OpId, Followed>) -> Option<OpId> {
    let own = &all[&access];
    let written = |found: &Followed, call: OpId| found.writes.iter().any(|&(op, _)| op == call);
    let whole = |access| range(func, types, access, None);
    let clashes = |&(call, index): &(OpId, usize)| {
        all.iter().filter(|&(&other, _)| other != access && overlap(whole(access), whole(other))).any(|(_, found)| {
            let apart = found.given.iter().any(|&(op, at)| op == call && at != index);
            apart && (written(own, call) || written(found, call))
        })
    };
    own.given.iter().copied().find(clashes).map(|(call, _)| call)
}

/// Bytes of a part as bytes of the packet.
pub fn range(func: &Function, types: &Types, access: OpId, bytes: Bytes) -> Bytes {
    let offset = func.known(types, PacketAt::of(&func.ops[access]).offset())?;
    let (start, size) = bytes.unwrap_or((0, types.size_of(part(func, types, access))));
    Some((u64::try_from(offset).ok()?.checked_add(start)?, size))
}

/// Whether two ranges have a byte in common; an unknown range may have any.
pub fn overlap(one: Bytes, other: Bytes) -> bool {
    match (one, other) {
        (Some((a, n)), Some((b, m))) => a < b.saturating_add(m) && b < a.saturating_add(n),
        (None, _) | (_, None) => true,
    }
}
