//! Where two ways meet: what is known on both, and what is known if an entry was found.

use super::{Known, Lookup, Reuse, latest};
use crate::ir::ops::{ArithXor, KsIf, KsIfSome, KsIsSome, MemIsNull, MemSome};
use crate::ir::{OpId, Opcode, RegionId, Value};

/// A way that comes to its end, and what it yields.
struct Way {
    region: usize,
    known: Known,
    yields: Vec<Value>,
}

impl Reuse<'_> {
    /// `ks.if` and `ks.if_some`
    pub(super) fn ways(&mut self, op: OpId, known: &mut Known) {
        let func = self.func;
        let data = &func.ops[op];
        let mut ways = Vec::new();
        for (region, &inside) in data.regions.iter().enumerate() {
            let mut inner = known.clone();
            self.region(inside, &mut inner);
            if let Some(yields) = self.yields(inside) {
                ways.push(Way { region, known: inner, yields });
            }
        }
        let [first, rest @ ..] = ways.as_slice() else { return };
        let mut joined = first.known.clone();
        // What only one way has looked up is not to be had after it.
        joined.lookups.retain(|lookup| known.lookups.contains(lookup));
        joined.found.retain(|lookup| known.found.contains(lookup) || known.lookups.contains(lookup));
        for way in rest {
            joined.contents.meet(&way.known.contents);
            joined.lookups.retain(|lookup| way.known.lookups.contains(lookup));
            joined.found.retain(|lookup| way.known.found.contains(lookup) || way.known.lookups.contains(lookup));
        }
        joined.found.extend(self.found_on_one_way(op, &ways, &joined));
        for (index, &result) in data.results.iter().enumerate() {
            joined.lookups.extend(self.yielded(&ways, index, result));
        }
        latest(&mut joined.lookups);
        latest(&mut joined.found);
        *known = joined;
    }

    /// The values that a region ends with, if it does not leave by another way.
    fn yields(&self, region: RegionId) -> Option<Vec<Value>> {
        let last = *self.func.blocks[self.func.only_block(region)].ops.last()?;
        let data = &self.func.ops[last];
        (data.opcode == Opcode::KsYield).then(|| data.operands.iter().map(|&value| self.resolved(value)).collect())
    }

    /// Lookups that the way keeps which is taken where they have found an entry.
    fn found_on_one_way(&self, op: OpId, ways: &[Way], joined: &Known) -> Vec<Lookup> {
        let Some((pointer, region)) = self.tested(op) else { return Vec::new() };
        let Some(way) = ways.iter().find(|way| way.region == region) else { return Vec::new() };
        let both = way.known.lookups.iter().chain(&way.known.found);
        both.filter(|lookup| self.resolved(lookup.pointer) == pointer && !joined.lookups.contains(lookup))
            .filter(|lookup| !joined.found.contains(lookup))
            .cloned()
            .collect()
    }

    /// A result that is, on each way, what was looked up there by one key.
    fn yielded(&self, ways: &[Way], index: usize, result: Value) -> Option<Lookup> {
        let (first, rest) = ways.split_first()?;
        let of = |way: &Way, lookup: &&Lookup| self.resolved(lookup.pointer) == way.yields[index];
        let lookup = first.known.lookups.iter().find(|lookup| of(first, lookup))?;
        let same = |other: &&Lookup| (&other.map, other.key) == (&lookup.map, lookup.key);
        rest.iter()
            .all(|way| way.known.lookups.iter().any(|other| same(&other) && of(way, &other)))
            .then(|| Lookup { pointer: result, ..lookup.clone() })
    }

    /// The pointer that decides which way is taken, and the region that is taken where it is not null.
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
