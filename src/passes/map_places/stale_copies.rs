//! Where a copy of an entry may be stale: after code that may write to the map by another name, or takes time.

use super::Uses;
use crate::ir::{Attr, Exit, Function, MapDecl, OpData, OpId, Opcode, RegionId, Symbol, Value};
use crate::tables::{OpTrait, OperandKind};
use crate::types::{Space, TyKind, Types};
use std::collections::BTreeSet;

/// Finds the readers of a copy that have to read the entry again first.
pub struct Stale<'a> {
    pub func: &'a Function,
    pub types: &'a Types,
    pub map: &'a Symbol,
    pub maps: &'a [MapDecl],
    /// What reads the copy or a part of it.
    pub readers: BTreeSet<OpId>,
    /// What writes to it, and so brings it up to date.
    pub writers: &'a BTreeSet<OpId>,
    /// The blocks around, innermost last, each with whether something leaves it with a copy that is behind.
    pub left: Vec<bool>,
    pub found: Vec<OpId>,
}

impl Stale<'_> {
    /// Goes through the region, with a copy that is `behind` the entry at its beginning or not; whether it is at the end.
    pub fn region(&mut self, region: RegionId, mut behind: bool) -> bool {
        for &op in &self.func.blocks[self.func.only_block(region)].ops {
            let data = &self.func.ops[op];
            behind |= self.is_lasting_loop(op);
            if self.readers.contains(&op) && behind {
                self.found.push(op);
                behind = false;
            }
            if self.writers.contains(&op) {
                behind = false;
            } else if data.regions.is_empty() {
                behind |= self.disturbs(data);
                self.leave(op, behind);
            } else {
                behind = self.regions(data, behind);
            }
        }
        behind
    }

    /// An op that has regions.
    fn regions(&mut self, data: &OpData, before: bool) -> bool {
        if data.opcode == Opcode::KsBlock {
            self.left.push(false);
            let end = self.region(data.regions[0], before);
            return self.left.pop().unwrap_or_default() || end;
        }
        if data.opcode == Opcode::KsScope {
            return self.scope(data, before);
        }
        data.regions.iter().fold(before, |behind, &inner| self.region(inner, before) || behind)
    }

    /// The clean-up follows any part of the body, also before what follows a block around.
    fn scope(&mut self, data: &OpData, before: bool) -> bool {
        let (body, cleanup) = (data.regions[0], data.regions[1]);
        let end = self.region(body, before);
        if self.disturbs_in(cleanup) {
            self.left.fill(true);
        }
        let start = before || self.disturbs_in(body);
        self.region(cleanup, start) || end || before
    }

    /// The state of the copy where a block is left. One around the region where the entry is there sees no copy.
    fn leave(&mut self, op: OpId, behind: bool) {
        if let Some(Exit::Leave(depth)) = self.func.exit(op)
            && let Some(left) = self.left.iter_mut().rev().nth(depth)
        {
            *left |= behind;
        }
    }

    /// Whether an op is a loop whose iterations leave the copy behind; one that waits for something takes its time.
    fn is_lasting_loop(&self, op: OpId) -> bool {
        let data = &self.func.ops[op];
        if !matches!(data.opcode, Opcode::KsFor | Opcode::MapEach) {
            return data.opcode == Opcode::KsWhile;
        }
        data.regions.iter().any(|&region| self.disturbs_in(region))
    }

    fn disturbs_in(&self, region: RegionId) -> bool {
        let mut inside = Vec::new();
        self.func.walk_region(region, &mut inside);
        inside.iter().any(|op| !self.writers.contains(op) && self.disturbs(&self.func.ops[*op]))
    }

    /// Whether an op may write to the map, or lets time pass.
    fn disturbs(&self, data: &OpData) -> bool {
        if !data.opcode.has(OpTrait::WritesMemory) || data.opcode == Opcode::KsPrint {
            return false;
        }
        let other = data.attrs.iter().any(|attr| matches!(attr, Attr::Symbol(name) if self.is_other_map(name)));
        let entry = |(index, &operand): (usize, &Value)| {
            let ty = self.types.kind(self.func.ty(operand));
            data.may_write(index) && matches!(ty, TyKind::Place { space: Space::MapValue, .. })
        };
        let writes_places = data.opcode.spec().operands.iter().any(|spec| spec.kind == OperandKind::Out);
        !other && (!writes_places || data.operands.iter().enumerate().any(entry))
    }

    /// A bound name may be of any map.
    fn is_other_map(&self, name: &Symbol) -> bool {
        let declared = |name: &Symbol| self.maps.iter().any(|map| map.name == *name && !map.bound);
        name != self.map && declared(name) && declared(self.map)
    }
}

/// The ops that use one of the places, and write to none.
pub fn readers(func: &Function, places: &[Value], uses: &Uses, writers: &BTreeSet<OpId>) -> BTreeSet<OpId> {
    let users = places.iter().flat_map(|place| uses.get(place).into_iter().flatten().copied());
    users.filter(|op| !func.ops[*op].opcode.has(OpTrait::Pure) && !writers.contains(op)).collect()
}
