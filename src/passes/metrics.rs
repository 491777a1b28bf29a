//! `metrics`: tells counters from gauges among the numbers that `--metrics` serves.
//!
//! Takes the whole program after `left-out`. An unsigned number is a counter if something adds to it, and nothing else writes it but constants
//! and the first values of entries: it only rises until it begins anew, which is what rates are computed of. All others are gauges, those too
//! whose address is taken, since what happens there is not known. Before `split`, because it looks at both sides.

use super::{Because, Changed, Pass, Run};
use crate::ir::metrics::{Number, numbers};
use crate::ir::ops::{KsAssignOp, KsGlobal, KsIfSome, MapAssignOp, MemAtomic};
use crate::ir::{Function, Module, OpData, OpId, Opcode, Symbol, Value};
use crate::session::Session;
use crate::types::{Ty, TyKind, Types};
use std::collections::HashMap;

pub static PASS: Pass = Pass {
    name: "metrics",
    summary: "Tell counters from gauges",
    after: &[("left-out", "removes functions that the executable does not have")],
    before: &[("split", "parts the sides, and both write")],
    because: Because::Language,
    run: Run::Module(run),
};

/// The numbers of a metric, with what the program does to each.
struct Metric {
    of: Symbol,
    numbers: Vec<Number>,
    added: Vec<bool>,
    set: Vec<bool>,
}

/// The metric that a place belongs to, and the fields that lead to it.
type Root = (usize, Vec<String>);

/// What an op does to a number.
#[derive(Clone, Copy, PartialEq)]
enum Effect {
    Adds,
    Sets,
    /// It reads, deletes, or writes what a counter may begin with.
    Nothing,
}

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let mut metrics: Vec<Metric> = module.metrics.iter().map(|decl| metric(module, &cx.types, &decl.of)).collect();
    if metrics.is_empty() {
        return Changed::No;
    }
    for func in &module.funcs {
        Walk { func, types: &cx.types, metrics: &mut metrics, roots: HashMap::new() }.all();
    }
    let mut changed = Changed::No;
    for (decl, metric) in std::iter::zip(&mut module.metrics, &metrics) {
        for (at, number) in decl.numbers.iter_mut().enumerate() {
            let is_unsigned = matches!(cx.types.kind(metric.numbers[at].ty), TyKind::Int { signed: false, .. });
            if is_unsigned && metric.added[at] && !metric.set[at] {
                number.grows = true;
                changed = Changed::Yes;
            }
        }
    }
    changed
}

fn metric(module: &Module, types: &Types, of: &Symbol) -> Metric {
    let map = module.map(of).filter(|map| map.kind.buckets.is_none()).map(|map| map.value);
    let ty = map.or_else(|| module.global(of).map(|global| global.ty)).unwrap_or(Ty::VOID);
    let numbers = numbers(types, ty);
    let none = vec![false; numbers.len()];
    Metric { of: of.clone(), numbers, added: none.clone(), set: none }
}

struct Walk<'a> {
    func: &'a Function,
    types: &'a Types,
    metrics: &'a mut [Metric],
    /// What places, and optional ones, belong to.
    roots: HashMap<Value, Root>,
}

impl Walk<'_> {
    fn all(&mut self) {
        for op in self.func.walk() {
            let data = &self.func.ops[op];
            if let Some((values, root)) = self.derived(data) {
                values.into_iter().for_each(|value| drop(self.roots.insert(value, root.clone())));
                continue;
            }
            if let Some(at) = self.of_map(data) {
                let effect = self.effect_on_entry(op, data);
                self.note(&(at, Vec::new()), effect);
            }
            for (index, operand) in data.operands.iter().enumerate() {
                if let Some(root) = self.roots.get(operand).cloned() {
                    let effect = self.effect_on_place(data, index);
                    self.note(&root, effect);
                }
            }
        }
    }

    fn note(&mut self, (at, path): &Root, effect: Effect) {
        let metric = &mut self.metrics[*at];
        for (index, number) in metric.numbers.iter().enumerate().filter(|(_, number)| number.path.starts_with(path)) {
            metric.added[index] |= effect == Effect::Adds;
            metric.set[index] |= effect == Effect::Sets;
            debug_assert!(!number.path.is_empty() || path.is_empty());
        }
    }

    fn of_map(&self, data: &OpData) -> Option<usize> {
        let name = data.map()?;
        self.metrics.iter().position(|metric| metric.of == *name)
    }

    /// The places that an op makes of a metric's, or of a part of it.
    fn derived(&self, data: &OpData) -> Option<(Vec<Value>, Root)> {
        if data.opcode == Opcode::KsGlobal {
            let at = self.metrics.iter().position(|metric| metric.of == *KsGlobal::of(data).global())?;
            return Some((data.results.clone().into_iter().collect(), (at, Vec::new())));
        }
        if matches!(data.opcode, Opcode::MapEntry | Opcode::MapEntryOr) {
            return Some((data.results.clone().into_iter().collect(), (self.of_map(data)?, Vec::new())));
        }
        let (at, mut path) = self.roots.get(data.operands.first()?)?.clone();
        if data.opcode == Opcode::KsIfSome {
            let block = self.func.only_block(KsIfSome::of(data).some_region());
            return Some((self.func.blocks[block].args.clone(), (at, path)));
        }
        if data.opcode == Opcode::KsField {
            let TyKind::Place { of, .. } = self.types.kind(self.func.ty(data.operands[0])) else { return None };
            let TyKind::Struct(id) = self.types.kind(of) else { return None };
            let field = crate::ir::ops::KsField::of(data).field();
            path.push(self.types.struct_def(id).fields.get(usize::try_from(field).ok()?)?.name.clone());
        } else if data.opcode != Opcode::KsElem {
            return None;
        }
        Some((data.results.clone().into_iter().collect(), (at, path)))
    }

    /// The effect of an op that names the map.
    fn effect_on_entry(&self, op: OpId, data: &OpData) -> Effect {
        if data.opcode == Opcode::MapAssignOp {
            return if MapAssignOp::of(data).op() == "add" { Effect::Adds } else { Effect::Sets };
        }
        if matches!(data.opcode, Opcode::MapUpdate | Opcode::MapUpdateWith) {
            let is_known = || data.operands.get(1).is_some_and(|&place| self.is_constant(place));
            return if self.is_absent(op, data) || is_known() { Effect::Nothing } else { Effect::Sets };
        }
        let writes = matches!(data.opcode, Opcode::MapUpdateCpu | Opcode::MapSetInner | Opcode::MapAddress);
        if writes { Effect::Sets } else { Effect::Nothing }
    }

    /// The effect of an op on a place that is its operand.
    fn effect_on_place(&self, data: &OpData, index: usize) -> Effect {
        let adds = |word: &str| if word == "add" { Effect::Adds } else { Effect::Sets };
        if data.opcode == Opcode::KsAssignOp {
            return adds(KsAssignOp::of(data).op());
        }
        if data.opcode == Opcode::MemAtomic {
            return adds(MemAtomic::of(data).op());
        }
        if data.opcode == Opcode::KsStore {
            let is_known = data.operands.get(1).is_some_and(|&value| self.func.known(self.types, value).is_some());
            return if is_known { Effect::Nothing } else { Effect::Sets };
        }
        if matches!(data.opcode, Opcode::KsZero | Opcode::KsIsSome) {
            return Effect::Nothing;
        }
        let leads_there = |&value: &Value| {
            let kind = self.types.kind(self.func.ty(value));
            matches!(kind, TyKind::Ptr { .. } | TyKind::Place { .. } | TyKind::Opt(_))
        };
        let sets = data.may_write(index) || data.opcode != Opcode::KsLoad && data.results.iter().any(leads_there);
        if sets { Effect::Sets } else { Effect::Nothing }
    }

    /// Whether only constants are stored in a place that an entry is written from.
    fn is_constant(&self, place: Value) -> bool {
        let uses = self.func.each().filter(|(_, data)| data.operands.contains(&place));
        uses.filter(|(_, data)| data.operands.first() == Some(&place)).all(|(_, data)| {
            let is_known = |value: &Value| self.func.known(self.types, *value).is_some();
            data.opcode == Opcode::KsStore && data.operands.get(1).is_some_and(is_known)
        })
    }

    /// Whether an op runs only where the map was found to have no such entry.
    fn is_absent(&self, op: OpId, data: &OpData) -> bool {
        let Some(map) = self.of_map(data) else { return false };
        let mut at = self.func.blocks[self.func.ops[op].block].region;
        while let Some(around) = self.func.regions[at].parent {
            let outer = &self.func.ops[around];
            if outer.opcode == Opcode::KsIfSome
                && KsIfSome::of(outer).none_region() == at
                && self.roots.get(&outer.operands[0]).is_some_and(|(of, path)| *of == map && path.is_empty())
            {
                return true;
            }
            at = self.func.blocks[outer.block].region;
        }
        false
    }
}
