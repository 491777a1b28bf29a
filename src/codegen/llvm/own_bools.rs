//! Variables whose bools are each 0 or 1 in memory, since nothing but code of the program stores to them.
//!
//! A bool in memory that others write may be any byte, so a load of one is a comparison with 0. Of a bool that is 0 or 1 LLVM makes
//! arithmetic, as `flags |= b << 1`, where a comparison would be a branch, which the verifier follows both ways.

use crate::ir::ops::{KsCall, KsCopy, KsElem, KsField};
use crate::ir::{Function, Module, OpData, Opcode, Symbol, Value};
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::{HashMap, HashSet};

/// The variables of a module, and of each function's results those that it fills in place.
#[derive(Default)]
pub struct OwnBools {
    places: HashMap<Symbol, HashSet<Value>>,
    /// Parameters by number: those through which a function yields such a result.
    results: HashSet<(Symbol, usize)>,
}

impl OwnBools {
    /// Takes all variables with bools for such at first, and leaves out those that something else writes, until there are no more.
    pub fn of(module: &Module, types: &Types) -> OwnBools {
        let mut own = OwnBools::default();
        for func in &module.funcs {
            let places = func.walk().into_iter().map(|op| &func.ops[op]).filter(|data| is_place(func, data));
            let with_bools = places.map(|data| data.results[0]).filter(|&place| has_bools(func, types, place));
            let places: HashSet<Value> = with_bools.collect();
            let outs = func.params.iter().enumerate().filter(|(_, param)| param.out).map(|(at, _)| at);
            if !places.is_empty() {
                own.results.extend(outs.map(|at| (func.name.clone(), at)));
                own.places.insert(func.name.clone(), places);
            }
        }
        let mut changes = true;
        while changes {
            changes = false;
            for func in &module.funcs {
                changes |= own.leave_out(module, func);
            }
        }
        own
    }

    /// Whether a place is in such a variable of a function.
    pub fn has(&self, func: &Function, place: Value) -> bool {
        self.places.get(&func.name).is_some_and(|places| places.contains(&root(func, place)))
    }

    /// Leaves out the variables of a function that something else writes. True if there were any.
    fn leave_out(&mut self, module: &Module, func: &Function) -> bool {
        if !self.places.contains_key(&func.name) {
            return false;
        }
        let mut others = HashSet::new();
        let mut results = HashSet::new();
        for data in func.walk().into_iter().map(|op| &func.ops[op]) {
            for (at, &operand) in data.operands.iter().enumerate() {
                let own = self.has(func, operand);
                if own && self.is_written_otherwise(module, func, (data, at)) {
                    others.insert(root(func, operand));
                }
                let known = data.opcode == Opcode::KsDeref && self.has(func, data.results[0]);
                let param = out_param(func, operand).filter(|_| !known);
                results.extend(param.map(|at| (func.name.clone(), at)));
            }
        }
        let before = self.results.len();
        self.results.retain(|result| !results.contains(result));
        let changed = !others.is_empty() || self.results.len() != before;
        if let Some(places) = self.places.get_mut(&func.name) {
            places.retain(|place| !others.contains(place));
        }
        changed
    }

    /// Whether an op may write bytes of another origin to the place that is this operand, or lets others do so.
    fn is_written_otherwise(&self, module: &Module, func: &Function, (data, at): (&OpData, usize)) -> bool {
        let is = |opcodes: &[Opcode]| opcodes.contains(&data.opcode);
        if is(&[Opcode::KsField, Opcode::KsElem]) || at == 0 && is(&[Opcode::KsStore, Opcode::KsZero]) {
            return false;
        }
        if at == 0 && is(&[Opcode::KsCopy]) {
            return !self.has(func, KsCopy::of(data).from());
        }
        if is(&[Opcode::KsCall]) {
            let callee = KsCall::of(data).callee();
            let is_out = module.func(callee).and_then(|callee| callee.params.get(at)).is_some_and(|param| param.out);
            return !is_out || !self.results.contains(&(callee.clone(), at));
        }
        is(&[Opcode::KsAddr]) || data.may_write(at)
    }
}

/// A variable, or the result that a function fills in place.
fn is_place(func: &Function, data: &OpData) -> bool {
    let result = || data.opcode == Opcode::KsDeref && out_param(func, data.operands[0]).is_some();
    data.opcode == Opcode::KsVar || result()
}

fn out_param(func: &Function, value: Value) -> Option<usize> {
    let at = func.blocks[func.entry()].args.iter().position(|&param| param == value)?;
    func.params.get(at)?.out.then_some(at)
}

/// Whether a place on the stack has bools, each in bytes that no other field has.
fn has_bools(func: &Function, types: &Types, place: Value) -> bool {
    let TyKind::Place { of, space: Space::Stack | Space::Any } = types.kind(func.ty(place)) else { return false };
    of != Ty::BOOL && types.holds(of, &|kind| kind == TyKind::Bool) && is_apart(types, of)
}

/// Whether no two fields of a type share bytes.
fn is_apart(types: &Types, ty: Ty) -> bool {
    if let TyKind::Array(element, _) = types.kind(ty) {
        return is_apart(types, element);
    }
    let TyKind::Struct(id) = types.kind(ty) else { return true };
    let mut end = 0;
    types.struct_def(id).fields.iter().all(|field| {
        let follows = field.bits.is_none() && field.offset >= end;
        end = field.offset + types.size_of(field.ty);
        follows && is_apart(types, field.ty)
    })
}

/// The outermost place that a place is a part of.
fn root(func: &Function, place: Value) -> Value {
    let Some(data) = func.def(place).map(|op| &func.ops[op]) else { return place };
    if data.opcode == Opcode::KsField {
        root(func, KsField::of(data).base())
    } else if data.opcode == Opcode::KsElem {
        root(func, KsElem::of(data).base())
    } else {
        place
    }
}
