//! Which values may lead into the packet: by their types, or in a function for any memory because callers pass such ones.

use crate::ir::ops::{KsCall, KsCallPointer, KsFunc};
use crate::ir::{Function, Module, OpData, Opcode, Symbol, Value};
use crate::source::Span;
use crate::tables::OpTrait;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::{BTreeMap, BTreeSet};

/// The pointers, places and optionals of one function.
#[derive(Clone, Default)]
pub struct Pointers {
    pub values: BTreeSet<Value>,
    /// The variables that hold such pointers.
    pub variables: BTreeSet<Value>,
}

/// The parameters that calls give pointers into the packet, each with such a call.
type Given = BTreeMap<(Symbol, usize), Span>;

/// The values that may lead into the packet, for all functions of a module.
pub struct Packets {
    /// By function.
    pub funcs: Vec<Pointers>,
    given: Given,
}

impl Packets {
    /// Finds them: a fixed point, since callers hand them to callees.
    pub fn of(module: &Module, types: &Types) -> Packets {
        let (mut given, by_type) = (Given::new(), functions_by_type(module));
        loop {
            let before = given.len();
            let funcs: Vec<Pointers> = module.funcs.iter().map(|func| Pointers::of(func, types, &given)).collect();
            for (func, pointers) in std::iter::zip(&module.funcs, &funcs) {
                for op in func.walk() {
                    pass(func, &func.ops[op], pointers, &by_type, &mut given);
                }
            }
            if given.len() == before {
                return Packets { funcs, given };
            }
        }
    }

    /// A call that gives the parameter a pointer into the packet.
    pub fn given(&self, func: &Symbol, param: usize) -> Option<Span> {
        self.given.get(&(func.clone(), param)).copied()
    }
}

/// The functions that are values, by their types.
fn functions_by_type(module: &Module) -> BTreeMap<Ty, BTreeSet<&Symbol>> {
    let mut found: BTreeMap<Ty, BTreeSet<&Symbol>> = BTreeMap::new();
    for func in &module.funcs {
        for op in func.all_of(Opcode::KsFunc) {
            found.entry(func.ty(op.results[0])).or_default().insert(KsFunc::of(op).func());
        }
    }
    found
}

/// The arguments of a call go to the parameters of the functions that it may call.
fn pass(
    func: &Function,
    op: &OpData,
    pointers: &Pointers,
    by_type: &BTreeMap<Ty, BTreeSet<&Symbol>>,
    given: &mut Given,
) {
    let (callees, args): (Vec<&Symbol>, &[Value]) = if op.opcode == Opcode::KsCall {
        (vec![KsCall::of(op).callee()], KsCall::of(op).args())
    } else if op.opcode == Opcode::KsCallPointer {
        let view = KsCallPointer::of(op);
        (by_type.get(&func.ty(view.callee())).into_iter().flatten().copied().collect(), view.args())
    } else {
        return;
    };
    for (index, _) in args.iter().enumerate().filter(|(_, arg)| pointers.values.contains(arg)) {
        for callee in &callees {
            given.entry(((*callee).clone(), index)).or_insert(op.loc.span);
        }
    }
}

impl Pointers {
    fn of(func: &Function, types: &Types, given: &Given) -> Pointers {
        let by_type = func.values.ids().filter(|&value| leads(types, func.ty(value), Some(Space::Packet)));
        let mut found = Pointers { values: by_type.collect(), ..Pointers::default() };
        for index in 0..func.params.len() {
            if given.contains_key(&(func.name.clone(), index)) && leads(types, func.params[index].ty, None) {
                found.values.insert(func.param(index));
            }
        }
        let ops = func.walk();
        loop {
            let before = (found.values.len(), found.variables.len());
            ops.iter().for_each(|&op| found.visit(func, types, &func.ops[op]));
            if (found.values.len(), found.variables.len()) == before {
                return found;
            }
        }
    }

    fn visit(&mut self, func: &Function, types: &Types, op: &OpData) {
        let is_led = |operand: &Value| self.values.contains(operand);
        if op.opcode == Opcode::KsStore {
            let is_variable = func.def(op.operands[0]).is_some_and(|def| func.ops[def].opcode == Opcode::KsVar);
            if is_led(&op.operands[1]) && is_variable {
                self.variables.insert(op.operands[0]);
            }
            return;
        }
        let passes_on = if op.opcode == Opcode::KsLoad {
            self.variables.contains(&op.operands[0])
        } else if op.opcode.has(OpTrait::Pure) || matches!(op.opcode, Opcode::KsCall | Opcode::KsCallPointer) {
            op.operands.iter().any(is_led)
        } else {
            let ends = op.regions.iter().filter_map(|&region| func.blocks[func.only_block(region)].ops.last());
            ends.into_iter()
                .any(|&end| func.ops[end].opcode == Opcode::KsYield && func.ops[end].operands.iter().any(is_led))
        };
        if passes_on {
            self.values.extend(op.results.iter().filter(|&&result| leads(types, func.ty(result), None)));
        }
    }
}

/// Whether a value of the type leads to memory of a space; of any without one.
fn leads(types: &Types, ty: Ty, wanted: Option<Space>) -> bool {
    if let TyKind::Opt(of) = types.kind(ty) {
        return leads(types, of, wanted);
    }
    types.space(ty).is_some_and(|space| space == wanted.unwrap_or(Space::Any))
}
