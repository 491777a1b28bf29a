//! Which functions a function pointer may be: for each value, and for the contents of each variable.
//!
//! Flow-insensitive: it collects all functions that a variable, with all its fields and elements of one function type, ever holds. The
//! pointees of all pointers are one cell per function type of the module. Calls through pointers add flows to their callees, until a fixed
//! point.

use super::cleared_places;
use crate::dataflow::inclusion::Inclusion;
use crate::ir::ops::{KsAddr, KsCall, KsCallPointer, KsElem, KsField, KsFunc};
use crate::ir::{Function, Module, OpData, Opcode, Symbol, Value};
use crate::types::{Ty, TyKind, TypeParts, Types};
use std::collections::BTreeSet;

/// Something that holds function pointers. Functions are known by their index in the module.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Value(usize, Value),
    /// The contents, of this function type, of the variable or parameter whose place the value is.
    Contents(usize, Value, Ty),
    Result(usize),
    /// All pointees of this function type.
    Memory(Ty),
}

/// Functions, or null.
type Cells = Inclusion<Cell, Option<usize>>;

/// The possible callees of a call through a pointer.
pub struct Targets {
    pub null: bool,
    /// In order of the module.
    pub funcs: Vec<Symbol>,
}

/// The possible callees of each function pointer of a module.
pub struct Sets {
    names: Vec<Symbol>,
    cells: Cells,
}

impl Sets {
    /// Solves the sets for a module.
    pub fn of(module: &Module, types: &Types) -> Sets {
        let names: Vec<Symbol> = module.funcs.iter().map(|f| f.name.clone()).collect();
        let mut solver = Solver { module, types, names: &names, cells: Inclusion::default(), flowed: true };
        for at in 0..module.funcs.len() {
            solver.function(at);
        }
        solver.solve();
        let cells = solver.cells;
        Sets { names, cells }
    }

    /// The possible functions of a value.
    pub fn targets(&self, func: usize, value: Value) -> Targets {
        let members = || self.cells.members(Cell::Value(func, value));
        let funcs = members().filter_map(|member| *member);
        let funcs = funcs.map(|func| self.names[func].clone()).collect();
        Targets { null: members().any(Option::is_none), funcs }
    }
}

struct Solver<'m> {
    module: &'m Module,
    types: &'m Types,
    names: &'m [Symbol],
    cells: Cells,
    /// There is a flow that the members have not followed yet.
    flowed: bool,
}

impl Solver<'_> {
    fn function(&mut self, at: usize) {
        let func = &self.module.funcs[at];
        for (op, data) in func.each() {
            if data.opcode == Opcode::KsZero {
                let place = data.operands[0];
                for ty in self.functions_in(func.ty(place)) {
                    if !cleared_places::is_overwritten(func, self.types, op, ty) {
                        self.add(Some(contents(at, func, place, ty)), None);
                    }
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
        } else if data.opcode == Opcode::KsStore && is_function(self.types, func.ty(data.operands[1])) {
            let (place, value) = (data.operands[0], data.operands[1]);
            self.flow(Cell::Value(at, value), contents(at, func, place, func.ty(value)));
        } else if data.opcode == Opcode::KsLoad && is_function(self.types, func.ty(data.results[0])) {
            let place = contents(at, func, data.operands[0], func.ty(data.results[0]));
            self.flow_to(place, result);
        } else if data.opcode == Opcode::KsCopy {
            let (to, from) = (data.operands[0], data.operands[1]);
            for ty in self.functions_in(func.ty(to)) {
                self.flow(contents(at, func, from, ty), contents(at, func, to, ty));
            }
        } else if data.opcode == Opcode::KsAddr {
            let place = KsAddr::of(data).place();
            for ty in self.functions_in(func.ty(place)) {
                self.flow_both(contents(at, func, place, ty), Cell::Memory(ty));
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
        } else if data.opcode == Opcode::KsCallPointer {
            // The result is what the callees return, which `solve` finds.
        } else if data.regions.is_empty() {
            // Casts, choices, optionals of pointers.
            let types = self.types;
            for &operand in data.operands.iter().filter(|&&operand| is_function(types, func.ty(operand))) {
                self.flow_to(Cell::Value(at, operand), result);
            }
        } else {
            self.regions(at, func, data);
        }
    }

    /// The results are what the regions yield; `ks.if_some` passes its operand to the first region.
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
            if let TyKind::Place { of, .. } = self.types.kind(func.ty(arg)) {
                for ty in self.functions_in(of) {
                    self.flow_both(contents(at, func, arg, ty), Cell::Contents(callee, param, ty));
                }
            }
        }
        self.flow_to(Cell::Result(callee), result.map(|result| Cell::Value(at, result)));
    }

    /// The function types in a type, or in what a place of it holds.
    fn functions_in(&self, ty: Ty) -> BTreeSet<Ty> {
        let kind = self.types.kind(ty);
        match kind.parts() {
            TypeParts::Signature(_) => BTreeSet::from([ty]),
            TypeParts::One(of) if !matches!(kind, TyKind::Ptr { .. } | TyKind::Opt(_)) => self.functions_in(of),
            TypeParts::Fields(id) => {
                self.types.struct_def(id).fields.iter().flat_map(|field| self.functions_in(field.ty)).collect()
            }
            TypeParts::None | TypeParts::One(_) => BTreeSet::new(),
        }
    }

    fn index(&self, name: &Symbol) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    fn add(&mut self, cell: Option<Cell>, member: Option<usize>) {
        if let Some(cell) = cell {
            self.cells.add(cell, member);
        }
    }

    fn flow(&mut self, from: Cell, to: Cell) {
        self.flowed |= self.cells.flow(from, to);
    }

    fn flow_both(&mut self, one: Cell, other: Cell) {
        self.flow(one, other);
        self.flow(other, one);
    }

    fn flow_to(&mut self, from: Cell, to: Option<Cell>) {
        if let Some(to) = to {
            self.flow(from, to);
        }
    }

    fn solve(&mut self) {
        while std::mem::take(&mut self.flowed) {
            self.cells.settle();
            for at in 0..self.module.funcs.len() {
                let func = &self.module.funcs[at];
                for data in func.all() {
                    if data.opcode == Opcode::KsCallPointer {
                        let view = KsCallPointer::of(data);
                        let callees = self.cells.members(Cell::Value(at, view.callee()));
                        for callee in callees.copied().flatten().collect::<Vec<_>>() {
                            self.call(at, func, callee, view.args(), data.results.first().copied());
                        }
                    }
                }
            }
        }
    }
}

/// Whether values of the type are functions, or may be.
fn is_function(types: &Types, ty: Ty) -> bool {
    matches!(types.kind(ty), TyKind::Fn(_) | TyKind::Opt(_))
}

/// The contents of the variable that a place is, or is a part of.
fn contents(at: usize, func: &Function, place: Value, ty: Ty) -> Cell {
    let Some(op) = func.def(place) else { return Cell::Contents(at, place, ty) };
    let data = &func.ops[op];
    if data.opcode == Opcode::KsField {
        contents(at, func, KsField::of(data).base(), ty)
    } else if data.opcode == Opcode::KsElem {
        contents(at, func, KsElem::of(data).base(), ty)
    } else if data.opcode == Opcode::KsDeref {
        Cell::Memory(ty)
    } else {
        Cell::Contents(at, place, ty)
    }
}
