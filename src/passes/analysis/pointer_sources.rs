//! The sources of pointers, through variables, branches and calls (`lock-places`), and whether a pointer of unknown
//! origin may point into the packet (`assign-ops`): if its sources cannot be followed, its type decides.

use super::pointees::Pointees;
use crate::ir::ops::{KsAddr, KsCall, KsDeref};
use crate::ir::{Function, Module, OpId, Opcode, RegionId, Symbol, Uses, Value, ValueDef};
use crate::tables::OpTrait;
use crate::types::{Space, TyKind, Types};
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

/// The updates, as functions and ops, of what may be in the packet or in other memory.
pub fn updates_of_packets(module: &Module, types: &Types, pointees: &Pointees) -> BTreeSet<(Symbol, OpId)> {
    let sources = Sources::new(module, types);
    let mut found = BTreeSet::new();
    if pointees.packet.is_empty() {
        return found;
    }
    for (at, func) in module.funcs.iter().enumerate() {
        for (op, data) in func.each() {
            if data.opcode.has(OpTrait::Updates)
                && let Some(pointer) = leading(func, data.operands[0])
                && sources.of_unknown(at, pointer)
                && sources.may_be_packet(pointees, (at, pointer), &mut BTreeSet::new())
            {
                found.insert((func.name.clone(), op));
            }
        }
    }
    found
}

/// The sources of pointers in a module, computed for the functions that are asked about.
pub struct Sources<'m> {
    pub module: &'m Module,
    pub types: &'m Types,
    /// The uses of values, for each function.
    uses: Vec<OnceCell<Uses>>,
    /// The calls of each function, as functions and ops.
    calls: OnceCell<HashMap<&'m Symbol, Vec<(usize, OpId)>>>,
}

/// A function by its index, and a value of it.
pub type At = (usize, Value);

impl<'m> Sources<'m> {
    /// Computes nothing yet.
    pub fn new(module: &'m Module, types: &'m Types) -> Sources<'m> {
        let uses = module.funcs.iter().map(|_| OnceCell::new()).collect();
        Sources { module, types, uses, calls: OnceCell::new() }
    }

    fn of_unknown(&self, at: usize, pointer: Value) -> bool {
        let func = &self.module.funcs[at];
        matches!(self.types.kind(func.ty(pointer)), TyKind::Ptr { space: Space::Any, .. })
    }

    fn may_be_packet(&self, pointees: &Pointees, (at, pointer): At, seen: &mut BTreeSet<At>) -> bool {
        let func = &self.module.funcs[at];
        let TyKind::Ptr { to, space, .. } = self.types.kind(func.ty(pointer)) else { return false };
        if space != Space::Any {
            return space == Space::Packet;
        }
        if !pointees.packet.contains(&to) || !seen.insert((at, pointer)) {
            return false;
        }
        let Some(sources) = self.made_of((at, pointer)) else { return true };
        sources.into_iter().any(|source| self.may_be_packet(pointees, source, seen))
    }

    /// The pointers that one may be, or be a part of what they point to; none where that is not followed.
    pub fn made_of(&self, (at, pointer): At) -> Option<Vec<At>> {
        let func = &self.module.funcs[at];
        let here = |values: Vec<Value>| values.into_iter().map(|value| (at, value)).collect();
        let (op, index) = match func.values[pointer].def {
            ValueDef::Result(op, index) => (op, index as usize),
            ValueDef::Arg(block, index) if block == func.entry() => {
                return Some(self.arguments(&func.name, index as usize));
            }
            ValueDef::Arg(block, _) => {
                let holder = func.regions[func.blocks[block].region].parent?;
                let optional = &func.ops[holder];
                return (optional.opcode == Opcode::KsIfSome).then(|| here(vec![optional.operands[0]]));
            }
        };
        let data = &func.ops[op];
        if data.opcode == Opcode::KsNull {
            return Some(Vec::new());
        }
        if matches!(data.opcode, Opcode::ArithCast | Opcode::MemSome) {
            return Some(here(vec![data.operands[0]]));
        }
        if data.opcode == Opcode::KsAddr {
            return leading(func, KsAddr::of(data).place()).map(|pointer| here(vec![pointer]));
        }
        if data.opcode == Opcode::KsLoad {
            return stored(func, self.uses[at].get_or_init(|| func.uses()), data.operands[0]).map(here);
        }
        if data.opcode == Opcode::KsCall {
            return self.returned(KsCall::of(data).callee());
        }
        let yields = matches!(data.opcode, Opcode::KsIf | Opcode::KsIfSome | Opcode::KsMatch);
        yields.then(|| here(data.regions.iter().filter_map(|&region| yielded(func, region, index)).collect()))
    }

    /// The arguments of calls for a parameter.
    fn arguments(&self, name: &Symbol, param: usize) -> Vec<At> {
        let calls = self.calls.get_or_init(|| calls(self.module)).get(name).into_iter().flatten();
        let args = calls.map(|&(at, op)| (at, KsCall::of(&self.module.funcs[at].ops[op]).args()));
        args.filter_map(|(at, args)| Some((at, *args.get(param)?))).collect()
    }

    fn returned(&self, callee: &Symbol) -> Option<Vec<At>> {
        let at = self.module.funcs.iter().position(|func| func.name == *callee)?;
        let func = &self.module.funcs[at];
        let returns = func.ids_of(Opcode::KsReturn);
        Some(returns.filter_map(|op| func.ops[op].operands.first().map(|&value| (at, value))).collect())
    }
}

fn calls(module: &Module) -> HashMap<&Symbol, Vec<(usize, OpId)>> {
    let mut calls: HashMap<&Symbol, Vec<(usize, OpId)>> = HashMap::new();
    for (at, func) in module.funcs.iter().enumerate() {
        for op in func.ids_of(Opcode::KsCall) {
            calls.entry(KsCall::of(&func.ops[op]).callee()).or_default().push((at, op));
        }
    }
    calls
}

/// The pointer that leads to a place.
pub fn leading(func: &Function, place: Value) -> Option<Value> {
    let root = super::root(func, place)?;
    (func.ops[root].opcode == Opcode::KsDeref).then(|| KsDeref::of(&func.ops[root]).pointer())
}

/// The values stored in a variable, if nothing but stores writes it.
pub fn stored(func: &Function, uses: &Uses, place: Value) -> Option<Vec<Value>> {
    func.def(place).filter(|&op| func.ops[op].opcode == Opcode::KsVar)?;
    let mut values = Vec::new();
    for data in uses.users(place).iter().map(|&op| &func.ops[op]) {
        if matches!(data.opcode, Opcode::KsLoad | Opcode::KsZero) {
            continue;
        }
        if data.opcode != Opcode::KsStore || data.operands[0] != place {
            return None;
        }
        values.push(data.operands[1]);
    }
    Some(values)
}

/// The operand that a region yields as a result of its op; none if control does not reach its end.
pub fn yielded(func: &Function, region: RegionId, index: usize) -> Option<Value> {
    let &end = func.blocks[func.only_block(region)].ops.last()?;
    let data = &func.ops[end];
    (data.opcode == Opcode::KsYield).then(|| data.operands.get(index).copied()).flatten()
}
