//! Where a copy of an entry may be stale: after code that may write to the map by another name, or takes time.

use crate::dataflow::{self, Analysis, Point};
use crate::ir::flow::Graph;
use crate::ir::{Attr, Function, MapDecl, OpData, OpId, Opcode, RegionId, Symbol, Uses, Value};
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
}

impl Analysis for Stale<'_> {
    /// Whether the copy may be behind the entry.
    type State = bool;

    fn step(&mut self, op: OpId, behind: &mut bool) {
        let data = &self.func.ops[op];
        // A loop that waits for something takes its time.
        *behind |= data.opcode == Opcode::KsWhile;
        if self.readers.contains(&op) || self.writers.contains(&op) {
            *behind = false;
        }
        *behind |= !self.writers.contains(&op) && self.disturbs(data);
    }
}

impl Stale<'_> {
    /// The readers in a region that need a fresh copy; the copy is up to date at the start of the region.
    pub fn found(&mut self, region: RegionId) -> Vec<OpId> {
        let mut found = Vec::new();
        let graph = Graph::of_region(self.func, region);
        dataflow::forward(&graph, self, false).visit(self, |stale, (point, &behind)| {
            if let Point::Op(op) = point
                && behind
                && stale.readers.contains(&op)
            {
                found.push(op);
            }
        });
        found
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
    let users = places.iter().flat_map(|place| uses.users(*place).iter().copied());
    users.filter(|op| !func.ops[*op].opcode.has(OpTrait::Pure) && !writers.contains(op)).collect()
}
