//! What code does with the memory that a pointer or a place leads to: bottom-up over the calls of a module, for each parameter of each
//! function.

use crate::ir::callgraph::CallGraph;
use crate::ir::ops::{ArithCast, BpfHelper, KsAddr, KsCall, KsDeref, KsElem, KsField};
use crate::ir::{Function, Module, OpData, Opcode, Symbol, Uses, Value};
use crate::tables::{self, OpTrait, OperandKind};
use crate::types::{Space, TyKind, Types};
use std::collections::{BTreeSet, HashMap};

/// What is done with memory by an address of it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Use {
    /// It may be written.
    pub writes: bool,
    /// The address may be stored or returned, so that code which was not handed it may use it.
    pub keeps: bool,
}

impl Use {
    const ANY: Use = Use { writes: true, keeps: true };

    fn or(self, other: Use) -> Use {
        Use { writes: self.writes || other.writes, keeps: self.keeps || other.keeps }
    }
}

/// What a call of a function may change that is not the callee's own.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Summary {
    /// By parameter.
    params: Vec<Use>,
    /// The memory that it may write, its parameters' included.
    spaces: BTreeSet<Space>,
    /// It may change fields of the context.
    context: bool,
}

/// The summaries of a module's functions.
#[derive(Default)]
pub struct PointerUses(HashMap<Symbol, Summary>);

impl PointerUses {
    /// Looks at callees before their callers. A function that calls itself may do anything.
    pub fn of(module: &Module, types: &Types) -> PointerUses {
        let mut all = PointerUses::default();
        for at in CallGraph::direct(module).callers_first().into_iter().rev() {
            let func = &module.funcs[at];
            let summary = all.summary(func, types);
            all.0.insert(func.name.clone(), summary);
        }
        all
    }

    fn summary(&self, func: &Function, types: &Types) -> Summary {
        let uses = func.uses();
        let params = (0..func.params.len()).map(|index| self.of_value(func, types, &uses, func.param(index))).collect();
        let mut summary = Summary { params, ..Summary::default() };
        for data in func.all() {
            summary.spaces.extend(self.written(func, types, data));
            summary.context |= self.changes_context(data);
        }
        summary
    }

    /// What a function does with the memory that one of its values, an address or a place, leads to.
    pub fn of_value(&self, func: &Function, types: &Types, uses: &Uses, value: Value) -> Use {
        let mut found = Use::default();
        let (mut aliases, mut seen) = (vec![value], BTreeSet::new());
        while let Some(alias) = aliases.pop() {
            for data in uses.users(alias).iter().map(|&user| &func.ops[user]) {
                if leads_on(func, types, data) {
                    aliases.extend(data.results.iter().copied().filter(|&result| seen.insert(result)));
                    continue;
                }
                let by_alias = data.operands.iter().enumerate().filter(|&(_, &operand)| operand == alias);
                found = by_alias.fold(found, |found, (index, _)| found.or(self.of_operand(func, types, data, index)));
            }
        }
        found
    }

    /// What an op does with the memory that an operand leads to.
    pub fn of_operand(&self, func: &Function, types: &Types, data: &OpData, index: usize) -> Use {
        if data.opcode == Opcode::KsCall {
            let summary = self.0.get(KsCall::of(data).callee());
            return summary.and_then(|summary| summary.params.get(index)).copied().unwrap_or(Use::ANY);
        }
        if data.opcode == Opcode::BpfHelper {
            let Some(helper) = tables::helper(BpfHelper::of(data).helper()) else { return Use::ANY };
            let Some(kind) = helper.args.get(index).map(|arg| arg.kind) else { return Use::ANY };
            return Use { writes: !kind.only_reads(), keeps: helper.keeps(kind) };
        }
        let writes = data.may_write(index);
        let yields = data.results.iter().any(|&result| is_address(types, func, result));
        // A lookup only reads its key, and what is loaded is no address of the memory that held it.
        if yields && !matches!(data.opcode, Opcode::MapLookup | Opcode::KsLoad) {
            return Use { writes, keeps: true };
        }
        let specs = data.opcode.spec().operands;
        let kind = specs.get(index).or(specs.last()).map(|spec| spec.kind);
        let looks = matches!(kind, Some(OperandKind::Place | OperandKind::Out))
            || data.opcode.has(OpTrait::Pure) && data.opcode != Opcode::ArithCast;
        Use { writes, keeps: !looks }
    }

    /// The kinds of memory that an op may write, but for the function's own variables.
    pub fn written(&self, func: &Function, types: &Types, data: &OpData) -> BTreeSet<Space> {
        if data.opcode.has(OpTrait::ChangesPacket) || data.moves_packet() {
            return BTreeSet::from([Space::Any]);
        }
        if data.opcode == Opcode::KsCall {
            return match self.0.get(KsCall::of(data).callee()) {
                Some(summary) => summary.spaces.clone(),
                None => BTreeSet::from([Space::Any]),
            };
        }
        let foreign = |&(index, &operand): &(usize, &Value)| {
            self.of_operand(func, types, data, index).writes && own_variable(func, operand).is_none()
        };
        let operands = data.operands.iter().enumerate().filter(foreign);
        operands.filter_map(|(_, &operand)| types.space(func.ty(operand))).collect()
    }

    /// Whether an op may change fields of the context: helpers and kernel functions may.
    pub fn changes_context(&self, data: &OpData) -> bool {
        if data.opcode == Opcode::KsCall {
            return self.0.get(KsCall::of(data).callee()).is_none_or(|summary| summary.context);
        }
        matches!(data.opcode, Opcode::BpfHelper | Opcode::BpfKfunc | Opcode::PacketCtxStore)
            || data.opcode.has(OpTrait::ChangesPacket)
    }
}

/// Whether the results of an op lead to the memory that its operand leads to, or to a part of it.
fn leads_on(func: &Function, types: &Types, data: &OpData) -> bool {
    matches!(data.opcode, Opcode::KsField | Opcode::KsElem | Opcode::KsAddr | Opcode::KsDeref)
        || data.opcode == Opcode::ArithCast && is_address(types, func, data.results[0])
}

fn is_address(types: &Types, func: &Function, value: Value) -> bool {
    matches!(types.kind(func.ty(value)), TyKind::Ptr { .. } | TyKind::Place { .. } | TyKind::Opt(_))
}

/// The variable of the function that an address or a place leads into, as far as its own definition says.
pub fn own_variable(func: &Function, value: Value) -> Option<Value> {
    let data = &func.ops[func.def(value)?];
    if data.opcode == Opcode::KsVar {
        return Some(value);
    }
    inner(data).and_then(|inner| own_variable(func, inner))
}

/// What the result of such an op leads into.
fn inner(data: &OpData) -> Option<Value> {
    if data.opcode == Opcode::KsField {
        Some(KsField::of(data).base())
    } else if data.opcode == Opcode::KsElem {
        Some(KsElem::of(data).base())
    } else if data.opcode == Opcode::KsAddr {
        Some(KsAddr::of(data).place())
    } else if data.opcode == Opcode::KsDeref {
        Some(KsDeref::of(data).pointer())
    } else if data.opcode == Opcode::ArithCast {
        Some(ArithCast::of(data).value())
    } else {
        None
    }
}

/// The place that a pointer is the address of, without the conversions that only change how its memory is named.
pub fn addressed(func: &Function, types: &Types, pointer: Value) -> Option<Value> {
    let data = &func.ops[func.def(pointer)?];
    if data.opcode == Opcode::KsAddr {
        return Some(KsAddr::of(data).place());
    }
    let from = (data.opcode == Opcode::ArithCast).then(|| ArithCast::of(data).value())?;
    let pointee = |value: Value| if let TyKind::Ptr { to, .. } = types.kind(func.ty(value)) { Some(to) } else { None };
    if pointee(from).is_some() && pointee(from) == pointee(pointer) { addressed(func, types, from) } else { None }
}
