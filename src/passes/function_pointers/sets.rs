//! Which functions a function pointer may be: for each value, and for the contents of each variable.
//!
//! Flow-insensitive: what a variable, with all its fields and elements, ever holds. What pointers point to is one cell for
//! the whole module. Calls through pointers add to the flow what they find, until nothing changes.

use super::cleared;
use crate::ir::ops::{KsAddr, KsCall, KsCallPointer, KsElem, KsField, KsFunc};
use crate::ir::{Function, Module, OpData, Opcode, Symbol, Value};
use crate::types::{Ty, TyKind, Types};
use std::collections::{BTreeMap, BTreeSet};

/// Something that holds function pointers. Functions are known by their index in the module.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Value(usize, Value),
    /// The variable or parameter whose place the value is.
    Contents(usize, Value),
    Result(usize),
    /// What pointers point to.
    Memory,
}

/// A function, or null.
type Members = BTreeSet<Option<usize>>;

/// What a call through a pointer may call.
pub struct Targets {
    pub null: bool,
    /// In order of the module.
    pub funcs: Vec<Symbol>,
}

pub struct Sets {
    names: Vec<Symbol>,
    members: BTreeMap<Cell, Members>,
}

impl Sets {
    pub fn of(module: &Module, types: &Types) -> Sets {
        let names: Vec<Symbol> = module.funcs.iter().map(|f| f.name.clone()).collect();
        let mut solver = Solver { module, types, names: &names, flows: BTreeSet::new(), members: BTreeMap::new() };
        for at in 0..module.funcs.len() {
            solver.function(at);
        }
        solver.solve();
        let members = solver.members;
        Sets { names, members }
    }

    /// What a value of the function may be.
    pub fn targets(&self, func: usize, value: Value) -> Targets {
        let members = self.members.get(&Cell::Value(func, value));
        let null = members.is_some_and(|members| members.contains(&None));
        let funcs = members.into_iter().flatten().filter_map(|member| *member);
        Targets { null, funcs: funcs.map(|func| self.names[func].clone()).collect() }
    }
}

struct Solver<'m> {
    module: &'m Module,
    types: &'m Types,
    names: &'m [Symbol],
    /// What flows from one cell to another.
    flows: BTreeSet<(Cell, Cell)>,
    members: BTreeMap<Cell, Members>,
}

impl Solver<'_> {
    fn function(&mut self, at: usize) {
        let func = &self.module.funcs[at];
        for op in func.walk() {
            let data = &func.ops[op];
            if data.opcode == Opcode::KsZero {
                if !cleared::is_overwritten(func, self.types, op) {
                    self.add(Some(self.contents(at, func, data.operands[0])), None);
                }
            } else {
                self.op(at, func, data);
            }
        }
    }

    fn op(&mut self, at: usize, func: &Function, data: &OpData) {
        let result = data.results.first().map(|&result| Cell::Value(at, result));
        if data.opcode == Opcode::KsFunc {
            let callee = self.index(KsFunc::of(data).func());
            self.add(result, callee);
        } else if data.opcode == Opcode::KsNull {
            self.add(result, None);
        } else if data.opcode == Opcode::KsStore {
            let place = self.contents(at, func, data.operands[0]);
            self.flow(Cell::Value(at, data.operands[1]), place);
        } else if data.opcode == Opcode::KsLoad {
            let place = self.contents(at, func, data.operands[0]);
            self.flow_to(place, result);
        } else if data.opcode == Opcode::KsCopy {
            let (to, from) = (data.operands[0], data.operands[1]);
            self.flow(self.contents(at, func, from), self.contents(at, func, to));
        } else if data.opcode == Opcode::KsAddr {
            let place = self.contents(at, func, KsAddr::of(data).place());
            if self.holds_function(func.ty(data.operands[0])) {
                self.flow(place, Cell::Memory);
                self.flow(Cell::Memory, place);
            }
        } else if data.opcode == Opcode::KsCall {
            let view = KsCall::of(data);
            if let Some(callee) = self.index(view.callee()) {
                self.call(at, func, callee, view.args(), data.results.first().copied());
            }
        } else if data.opcode == Opcode::KsReturn {
            for &value in &data.operands {
                self.flow(Cell::Value(at, value), Cell::Result(at));
            }
        } else if data.regions.is_empty() {
            // Casts, choices, optionals of pointers.
            for &operand in &data.operands {
                self.flow_to(Cell::Value(at, operand), result);
            }
        } else {
            self.regions(at, func, data);
        }
    }

    /// What regions yield are the results; `ks.if_some` hands its operand to the first region.
    fn regions(&mut self, at: usize, func: &Function, data: &OpData) {
        for &region in &data.regions {
            let block = &func.blocks[func.only_block(region)];
            let Some(&end) = block.ops.last() else { continue };
            if func.ops[end].opcode == Opcode::KsYield {
                for (&value, &result) in std::iter::zip(&func.ops[end].operands, &data.results) {
                    self.flow(Cell::Value(at, value), Cell::Value(at, result));
                }
            }
            for (&operand, &arg) in std::iter::zip(&data.operands, &block.args) {
                self.flow(Cell::Value(at, operand), Cell::Value(at, arg));
            }
        }
    }

    /// Arguments and the result of a call. An aggregate's place is the callee's own, or where its result goes.
    fn call(&mut self, at: usize, func: &Function, callee: usize, args: &[Value], result: Option<Value>) {
        let target = &self.module.funcs[callee];
        for (index, &arg) in args.iter().enumerate().take(target.params.len()) {
            let param = target.param(index);
            self.flow(Cell::Value(at, arg), Cell::Value(callee, param));
            let (place, own) = (self.contents(at, func, arg), Cell::Contents(callee, param));
            self.flow(place, own);
            self.flow(own, place);
        }
        self.flow_to(Cell::Result(callee), result.map(|result| Cell::Value(at, result)));
    }

    /// The variable that a place is, or is a part of.
    fn contents(&self, at: usize, func: &Function, place: Value) -> Cell {
        let Some(op) = func.def(place) else { return Cell::Contents(at, place) };
        let data = &func.ops[op];
        if data.opcode == Opcode::KsField {
            self.contents(at, func, KsField::of(data).base())
        } else if data.opcode == Opcode::KsElem {
            self.contents(at, func, KsElem::of(data).base())
        } else if data.opcode == Opcode::KsDeref {
            Cell::Memory
        } else {
            Cell::Contents(at, place)
        }
    }

    fn holds_function(&self, ty: Ty) -> bool {
        match self.types.kind(ty) {
            TyKind::Fn(_) => true,
            TyKind::Place { of, .. } | TyKind::Array(of, _) => self.holds_function(of),
            TyKind::Struct(id) => self.types.struct_def(id).fields.iter().any(|field| self.holds_function(field.ty)),
            TyKind::Void
            | TyKind::Bool
            | TyKind::Int { .. }
            | TyKind::Be { .. }
            | TyKind::Char
            | TyKind::F64
            | TyKind::Str(_)
            | TyKind::Enum(_)
            | TyKind::Ptr { .. }
            | TyKind::Opt(_)
            | TyKind::Handle
            | TyKind::Link
            | TyKind::Null
            | TyKind::Error => false,
        }
    }

    fn index(&self, name: &Symbol) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    fn add(&mut self, cell: Option<Cell>, member: Option<usize>) {
        if let Some(cell) = cell {
            self.members.entry(cell).or_default().insert(member);
        }
    }

    fn flow(&mut self, from: Cell, to: Cell) {
        self.flows.insert((from, to));
    }

    fn flow_to(&mut self, from: Cell, to: Option<Cell>) {
        if let Some(to) = to {
            self.flow(from, to);
        }
    }

    fn solve(&mut self) {
        loop {
            self.settle();
            let before = self.flows.len();
            for at in 0..self.module.funcs.len() {
                let func = &self.module.funcs[at];
                for op in func.walk() {
                    let data = &func.ops[op];
                    if data.opcode == Opcode::KsCallPointer {
                        let view = KsCallPointer::of(data);
                        let members = self.members.get(&Cell::Value(at, view.callee())).cloned().unwrap_or_default();
                        for callee in members.into_iter().flatten() {
                            self.call(at, func, callee, view.args(), data.results.first().copied());
                        }
                    }
                }
            }
            if self.flows.len() == before {
                return;
            }
        }
    }

    /// Moves members along the flows until nothing changes.
    fn settle(&mut self) {
        let mut changed = true;
        while changed {
            changed = false;
            for (from, to) in &self.flows {
                let Some(members) = self.members.get(from).cloned() else { continue };
                let into = self.members.entry(*to).or_default();
                let before = into.len();
                into.extend(members);
                changed |= into.len() > before;
            }
        }
    }
}
