//! Joins of branches: lookups that are known on every branch, and lookups that are known where a branch has found an entry.

use super::{Known, Lookup, Reuse, latest};
use crate::ir::ops::{ArithXor, KsIf, KsIfSome, KsIsSome, MemIsNull, MemSome};
use crate::ir::{OpId, Opcode, RegionId, Value};

/// A branch whose end control reaches, and what it yields.
struct Branch {
    region: usize,
    known: Known,
    yields: Vec<Value>,
}

impl Reuse<'_> {
    /// `ks.if` and `ks.if_some`
    pub(super) fn branches(&mut self, op: OpId, known: &mut Known) {
        let func = self.func;
        let data = &func.ops[op];
        let mut branches = Vec::new();
        for (region, &inside) in data.regions.iter().enumerate() {
            let mut inner = known.clone();
            self.region(inside, &mut inner);
            if let Some(yields) = self.yields(inside) {
                branches.push(Branch { region, known: inner, yields });
            }
        }
        let [first, rest @ ..] = branches.as_slice() else { return };
        let mut joined = first.known.clone();
        // A lookup that happens on only one branch does not dominate the join.
        joined.lookups.retain(|lookup| known.lookups.contains(lookup));
        joined.found.retain(|lookup| known.found.contains(lookup) || known.lookups.contains(lookup));
        for branch in rest {
            joined.contents.meet(&branch.known.contents);
            joined.lookups.retain(|lookup| branch.known.lookups.contains(lookup));
            joined.found.retain(|lookup| branch.known.found.contains(lookup) || branch.known.lookups.contains(lookup));
        }
        joined.found.extend(self.found_on_one_branch(op, &branches, &joined));
        for (index, &result) in data.results.iter().enumerate() {
            joined.lookups.extend(self.yielded(&branches, index, result));
        }
        latest(&mut joined.lookups);
        latest(&mut joined.found);
        *known = joined;
    }

    /// The values that a region ends with, if it does not leave by an exit.
    fn yields(&self, region: RegionId) -> Option<Vec<Value>> {
        let last = *self.func.blocks[self.func.only_block(region)].ops.last()?;
        let data = &self.func.ops[last];
        (data.opcode == Opcode::KsYield).then(|| data.operands.iter().map(|&value| self.resolved(value)).collect())
    }

    /// Lookups of the branch that is taken if they have found an entry.
    fn found_on_one_branch(&self, op: OpId, branches: &[Branch], joined: &Known) -> Vec<Lookup> {
        let Some((pointer, region)) = self.tested(op) else { return Vec::new() };
        let Some(branch) = branches.iter().find(|branch| branch.region == region) else { return Vec::new() };
        let both = branch.known.lookups.iter().chain(&branch.known.found);
        both.filter(|lookup| self.resolved(lookup.pointer) == pointer && !joined.lookups.contains(lookup))
            .filter(|lookup| !joined.found.contains(lookup))
            .cloned()
            .collect()
    }

    /// A result that is, on each branch, what was looked up there by one key.
    fn yielded(&self, branches: &[Branch], index: usize, result: Value) -> Option<Lookup> {
        let (first, rest) = branches.split_first()?;
        let of = |branch: &Branch, lookup: &&Lookup| self.resolved(lookup.pointer) == branch.yields[index];
        let lookup = first.known.lookups.iter().find(|lookup| of(first, lookup))?;
        let same = |other: &&Lookup| (&other.map, other.key) == (&lookup.map, lookup.key);
        rest.iter()
            .all(|branch| branch.known.lookups.iter().any(|other| same(&other) && of(branch, &other)))
            .then(|| Lookup { pointer: result, ..lookup.clone() })
    }

    /// The pointer that decides which branch is taken, and the region that is taken where it is not null.
    fn tested(&self, op: OpId) -> Option<(Value, usize)> {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsIfSome {
            return Some((self.optional(KsIfSome::of(data).optional())?, 0));
        }
        let (pointer, null) = self.null_test(KsIf::of(data).condition())?;
        Some((pointer, usize::from(null)))
    }

    /// The pointer that a condition is about, and whether it holds where that is null.
    fn null_test(&self, condition: Value) -> Option<(Value, bool)> {
        let data = &self.func.ops[self.func.def(condition)?];
        if data.opcode == Opcode::MemIsNull {
            return Some((self.resolved(MemIsNull::of(data).pointer()), true));
        }
        if data.opcode == Opcode::KsIsSome {
            return Some((self.optional(KsIsSome::of(data).optional())?, false));
        }
        // `!c`
        if data.opcode == Opcode::ArithXor && self.func.known(self.types, ArithXor::of(data).right()) == Some(1) {
            let (pointer, null) = self.null_test(ArithXor::of(data).left())?;
            return Some((pointer, !null));
        }
        None
    }

    fn optional(&self, optional: Value) -> Option<Value> {
        let data = &self.func.ops[self.func.def(optional)?];
        (data.opcode == Opcode::MemSome).then(|| self.resolved(MemSome::of(data).pointer()))
    }

    /// The earlier lookup's pointer in the place of one that is not done.
    fn resolved(&self, mut value: Value) -> Value {
        while let Some(&earlier) = self.replaced.get(&value) {
            value = earlier;
        }
        value
    }
}
