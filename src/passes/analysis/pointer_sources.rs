//! The sources of pointers, through variables, branches and calls (`lock-places`), and whether a pointer of unknown
//! origin may point into the packet (`assign-ops`): if its sources cannot be followed, its type decides.

use super::pointees::Pointees;
use crate::ir::ops::{KsAddr, KsCall, KsDeref};
use crate::ir::{Function, Module, OpId, Opcode, RegionId, Symbol, Value, ValueDef};
use crate::tables::OpTrait;
use crate::types::{Space, TyKind, Types};
use std::collections::BTreeSet;

/// The updates, as functions and ops, of what may be in the packet or in other memory.
pub fn updates_of_packets(module: &Module, types: &Types, pointees: &Pointees) -> BTreeSet<(Symbol, OpId)> {
    let sources = Sources { module, types };
    let mut found = BTreeSet::new();
    if pointees.packet.is_empty() {
        return found;
    }
    for (at, func) in module.funcs.iter().enumerate() {
        for op in func.walk() {
            let data = &func.ops[op];
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

pub struct Sources<'m> {
    pub module: &'m Module,
    pub types: &'m Types,
}

/// A function by its index, and a value of it.
pub type At = (usize, Value);

impl Sources<'_> {
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
            ValueDef::Arg(..) => return None,
        };
        let data = &func.ops[op];
        if data.opcode == Opcode::KsNull {
            return Some(Vec::new());
        }
        if data.opcode == Opcode::ArithCast {
            return Some(here(vec![data.operands[0]]));
        }
        if data.opcode == Opcode::KsAddr {
            return leading(func, KsAddr::of(data).place()).map(|pointer| here(vec![pointer]));
        }
        if data.opcode == Opcode::KsLoad {
            return stored(func, data.operands[0]).map(here);
        }
        if data.opcode == Opcode::KsCall {
            return self.returned(KsCall::of(data).callee());
        }
        let yields = matches!(data.opcode, Opcode::KsIf | Opcode::KsMatch);
        yields.then(|| here(data.regions.iter().filter_map(|&region| yielded(func, region, index)).collect()))
    }

    /// The arguments of calls for a parameter.
    fn arguments(&self, name: &Symbol, param: usize) -> Vec<At> {
        let mut found = Vec::new();
        for (at, func) in self.module.funcs.iter().enumerate() {
            for op in func.walk() {
                let data = &func.ops[op];
                if data.opcode == Opcode::KsCall && KsCall::of(data).callee() == name {
                    found.extend(KsCall::of(data).args().get(param).map(|&value| (at, value)));
                }
            }
        }
        found
    }

    fn returned(&self, callee: &Symbol) -> Option<Vec<At>> {
        let at = self.module.funcs.iter().position(|func| func.name == *callee)?;
        let func = &self.module.funcs[at];
        let returns = func.walk().into_iter().filter(|&op| func.ops[op].opcode == Opcode::KsReturn);
        Some(returns.filter_map(|op| func.ops[op].operands.first().map(|&value| (at, value))).collect())
    }
}

/// The pointer that leads to a place.
pub fn leading(func: &Function, place: Value) -> Option<Value> {
    let root = super::root(func, place)?;
    (func.ops[root].opcode == Opcode::KsDeref).then(|| KsDeref::of(&func.ops[root]).pointer())
}

/// The values stored in a variable, if nothing but stores writes it.
pub fn stored(func: &Function, place: Value) -> Option<Vec<Value>> {
    func.def(place).filter(|&op| func.ops[op].opcode == Opcode::KsVar)?;
    let mut values = Vec::new();
    for op in func.walk() {
        let data = &func.ops[op];
        if !data.operands.contains(&place) || matches!(data.opcode, Opcode::KsLoad | Opcode::KsZero) {
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
