//! Views that end where the packet ends: whether such a view has a byte is the same question as whether the packet has it, which is
//! tested for the verifier. So an access that tests the length of the view and then the end of the packet, and does the same if
//! either fails, keeps the second test alone.
//!
//! The view may be handed to functions: all calls of a function must hand it views that are so.

use super::access::Access;
use super::uses;
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::{ArithAdd, ArithCmp, ArithSelect, ArithSub, KsIf, KsIfSome, PacketAt};
use crate::ir::param_ranges;
use crate::ir::value_ranges::Ranges;
use crate::ir::{Function, Module, OpData, OpId, Opcode, RegionId, Value};
use crate::passes::Changed;
use crate::passes::analysis::moving::Moving;
use crate::tables::OpTrait;
use crate::types::Types;
use std::collections::{BTreeSet, HashMap};

/// Offsets and indexes up to here have a sum without a carry.
const LARGEST: u64 = 1 << 32;

/// A view, by its parts among a function's values.
#[derive(Clone, Copy)]
struct Open {
    ctx: Value,
    offset: Value,
}

/// The same among the parameters: of the context, the offset and the length.
type Handed = (usize, usize, usize);

/// Removes the tests.
pub fn untested(module: &mut Module, types: &Types, moving: &Moving, access: &[Access]) -> Changed {
    // The length of other packets is not that of what pointers lead to.
    let fits = |at: usize, func: &Function| access[at].direct && !access[at].paged && !moving.contains(&func.name);
    let fits: Vec<bool> = module.funcs.iter().enumerate().map(|(at, func)| fits(at, func)).collect();
    let params = param_ranges::largest(module, types);
    let handed = handed(module, types, &fits);
    let mut changed = Changed::No;
    for (at, func) in module.funcs.iter_mut().enumerate().filter(|&(at, _)| fits[at]) {
        let found: Vec<(OpId, OpId)> = Views { func, types, handed: &handed[at] }.tests(&params[at]);
        let mut values = HashMap::new();
        let tests: BTreeSet<Value> = found.iter().map(|&(test, _)| KsIf::of(&func.ops[test]).condition()).collect();
        for &(test, access) in &found {
            let (outer, inner) = (func.ops[test].results.clone(), func.ops[access].results.clone());
            values.extend(std::iter::zip(outer, inner));
            let block = func.ops[test].block;
            let mut ops = func.blocks[func.ops[access].block].ops.take();
            // The yield.
            ops.pop();
            ops.iter().for_each(|&op| func.ops[op].block = block);
            let position = func.position(test);
            func.blocks[block].ops.replace(position, &ops);
            changed = Changed::Yes;
        }
        func.replace_values(&values);
        let uses = func.uses();
        for test in tests.into_iter().filter(|&test| uses.users(test).is_empty()) {
            func.def(test).into_iter().for_each(|op| func.erase(op));
        }
    }
    changed
}

/// For each function the views that all its calls hand to it.
fn handed(module: &Module, types: &Types, fits: &[bool]) -> Vec<BTreeSet<Handed>> {
    let graph = CallGraph::of(module);
    let order = graph.callers_first();
    let known = param_ranges::called_only(module, &graph, &order);
    let mut found: Vec<Option<BTreeSet<Handed>>> = vec![None; module.funcs.len()];
    for &caller in &order {
        let func = &module.funcs[caller];
        let given = found[caller].clone().unwrap_or_default();
        let views = Views { func, types, handed: &given };
        for (callee, site) in graph.calls(caller).into_iter().filter(|&(callee, _)| known[callee]) {
            let here = if fits[caller] { views.handed_to(&func.ops[site.op].operands) } else { BTreeSet::new() };
            let before = found[callee].take();
            found[callee] = Some(before.map_or(here.clone(), |before| before.intersection(&here).copied().collect()));
        }
    }
    found.into_iter().map(Option::unwrap_or_default).collect()
}

struct Views<'f> {
    func: &'f Function,
    types: &'f Types,
    handed: &'f BTreeSet<Handed>,
}

impl Views<'_> {
    fn handed_to(&self, arguments: &[Value]) -> BTreeSet<Handed> {
        let mut found = BTreeSet::new();
        for (length, &value) in arguments.iter().enumerate() {
            let Some(view) = self.open(value) else { continue };
            for (offset, _) in arguments.iter().enumerate().filter(|&(_, &value)| self.equal(value, view.offset)) {
                let contexts = arguments.iter().enumerate().filter(|&(_, &value)| value == view.ctx);
                found.extend(contexts.map(|(ctx, _)| (ctx, offset, length)));
            }
        }
        found
    }

    /// The view that has this length, if it ends where its packet does: so many bytes as the packet has behind the offset.
    fn open(&self, length: Value) -> Option<Open> {
        let Some(op) = self.func.def(length) else {
            let params = &self.func.blocks[self.func.entry()].args;
            let &(ctx, offset, _) = self.handed.iter().find(|&&(_, _, at)| params.get(at) == Some(&length))?;
            return Some(Open { ctx: params[ctx], offset: params[offset] });
        };
        let data = &self.func.ops[op];
        if data.opcode != Opcode::ArithSelect {
            return None;
        }
        let view = ArithSelect::of(data);
        let condition = self.made_by(view.condition(), Opcode::ArithCmp).map(ArithCmp::of)?;
        let rest = self.made_by(view.then(), Opcode::ArithSub).map(ArithSub::of)?;
        let (size, offset) = (rest.left(), rest.right());
        let begins = condition.pred() == "le" && condition.left() == offset && condition.right() == size;
        let none = self.func.known(self.types, view.otherwise()) == Some(0);
        let ctx = *self.made_by(size, Opcode::PacketSize)?.operands.first()?;
        (begins && none).then_some(Open { ctx, offset })
    }

    /// The branches whose test is not needed, each with the one inside it that remains.
    fn tests(&self, params: &[Option<u64>]) -> Vec<(OpId, OpId)> {
        let ranges = Ranges::with_params(self.func, self.types, params);
        let branches = self.func.walk().into_iter().filter(|&op| self.func.ops[op].opcode == Opcode::KsIf);
        branches.filter_map(|op| Some((op, self.access(op, &ranges)?))).collect()
    }

    /// The branch on the packet's end, in a branch on the length of a view.
    fn access(&self, branch: OpId, ranges: &Ranges<'_>) -> Option<OpId> {
        let data = &self.func.ops[branch];
        let test = self.made_by(KsIf::of(data).condition(), Opcode::ArithCmp).map(ArithCmp::of)?;
        let (index, view) = (test.left(), self.open(test.right()).filter(|_| test.pred() == "lt")?);
        let small = |value: Value| ranges.largest(value).is_some_and(|largest| largest < LARGEST);
        let [there, otherwise] = data.regions[..] else { return None };
        let ops: Vec<OpId> = self.func.blocks[self.func.only_block(there)].ops.iter().copied().collect();
        let [before @ .., inner, end] = &ops[..] else { return None };
        let found = &self.func.ops[*inner];
        if found.opcode != Opcode::KsIfSome || self.func.ops[*end].operands != found.results {
            return None;
        }
        let asked = self.func.def(KsIfSome::of(found).optional())?;
        let at = self.made_by(KsIfSome::of(found).optional(), Opcode::PacketAt).map(PacketAt::of)?;
        let harmless = |&op: &OpId| {
            let opcode = self.func.ops[op].opcode;
            opcode.has(OpTrait::Pure) || opcode == Opcode::PacketAt
        };
        let same = at.ctx() == view.ctx && self.is_sum(at.offset(), view.offset, index);
        let is_byte = self.types.size_of(uses::part(self.func, self.types, asked)) == 1;
        let is_one = is_byte && small(view.offset) && small(index) && before.iter().all(harmless);
        (same && is_one && self.alike(otherwise, *found.regions.get(1)?)).then_some(*inner)
    }

    fn is_sum(&self, sum: Value, left: Value, right: Value) -> bool {
        let known = |value: Value| self.func.known(self.types, value);
        if let (Some(sum), Some(left), Some(right)) = (known(sum), known(left), known(right)) {
            return sum == left + right;
        }
        let added = self.made_by(sum, Opcode::ArithAdd).map(ArithAdd::of);
        added.is_some_and(|sum| self.equal(sum.left(), left) && sum.right() == right)
            || known(right) == Some(0) && self.equal(sum, left)
            || known(left) == Some(0) && sum == right
    }

    fn equal(&self, one: Value, other: Value) -> bool {
        let known = |value: Value| self.func.known(self.types, value);
        one == other || known(one).is_some() && known(one) == known(other)
    }

    /// Whether two regions yield the same constants, and do nothing else.
    fn alike(&self, one: RegionId, other: RegionId) -> bool {
        let yielded = |region: RegionId| {
            let ops = &self.func.blocks[self.func.only_block(region)].ops;
            let end = &self.func.ops[*ops.last()?];
            let mut before = ops.backwards(ops.len() - 1);
            let known = end.operands.iter().map(|&value| self.func.known(self.types, value));
            let only_yields =
                end.opcode == Opcode::KsYield && before.all(|op| self.func.ops[op].opcode == Opcode::KsConst);
            if only_yields { known.collect::<Option<Vec<i128>>>() } else { None }
        };
        yielded(one).is_some_and(|values| yielded(other) == Some(values))
    }

    fn made_by(&self, value: Value, opcode: Opcode) -> Option<&OpData> {
        self.func.def(value).map(|op| &self.func.ops[op]).filter(|data| data.opcode == opcode)
    }
}
