//! Implementations that are registered twice, or under the name of another one, which the kernel refuses; and such that are taken back
//! without being registered.
//!
//! One is registered for certain behind a `register` whose result nothing asks for, since a failure ends the process, until the
//! program unregisters it, or may do so in a function or by a link.

use crate::dataflow::{self, Analysis, Lattice, Point};
use crate::diag::codes::lifecycle::{NothingRegistered, RegisteredTwice, SameName};
use crate::ir::flow::Graph;
use crate::ir::ops::{HostRegister, HostUnregister};
use crate::ir::{Function, Module, OpId, Opcode, OpsValue, Role, StructOps, Symbol};
use crate::session::Session;
use crate::source::Span;
use crate::tables::struct_ops;
use std::collections::{BTreeMap, BTreeSet};

/// Reports wrong registrations in one function, by the paths inside it.
pub fn check(module: &Module, func: &Function, cx: &mut Session) {
    let is_own = |opcode| matches!(opcode, Opcode::HostRegister | Opcode::HostUnregister);
    if !func.walk().into_iter().any(|op| is_own(func.ops[op].opcode)) {
        return;
    }
    let graph = Graph::of(func);
    let mut follow = Follow { func };
    // Nothing is registered when `main` begins; who calls another function is not known here.
    let possible = matches!(func.role, Role::Main).then(BTreeSet::new);
    let mut found = BTreeMap::new();
    dataflow::forward(&graph, &mut follow, Registered { certain: BTreeMap::new(), possible }).visit(
        &mut follow,
        |follow, (point, state)| {
            if let Point::Op(op) = point
                && let Some(wrong) = follow.wrong(module, op, state)
            {
                found.insert(op, wrong);
            }
        },
    );
    for (op, wrong) in found {
        report(cx, func.ops[op].loc.span, wrong);
    }
}

/// A mistake with a registration.
enum Wrong {
    /// It is registered, where the span says.
    Twice(Symbol, Span),
    /// Another one is registered under the same name.
    Name {
        symbol: Symbol,
        other: Symbol,
        before: Span,
        text: String,
    },
    Nothing(Symbol),
}

fn report(cx: &mut Session, span: Span, wrong: Wrong) {
    match wrong {
        Wrong::Twice(symbol, before) => {
            let name = cx.source_name(&symbol);
            cx.error(span, RegisteredTwice { name })
                .note(before, "registered here")
                .help("`unregister` comes before the kernel takes it again");
        }
        Wrong::Name { symbol, other, before, text } => {
            let (name, other) = (cx.source_name(&symbol), cx.source_name(&other));
            cx.error(span, SameName { name, other, text })
                .note(before, "the other one is registered here")
                .help("give one of them another name, or unregister the other one before");
        }
        Wrong::Nothing(symbol) => {
            let name = cx.source_name(&symbol);
            cx.warn(span, NothingRegistered { name }).help("it does nothing here, and yields 0");
        }
    }
}

/// The name by which the kernel finds an implementation.
fn kernel_name(ops: &StructOps) -> Option<String> {
    let named_by = struct_ops(&ops.of)?.named_by?;
    let member = ops.members.iter().find(|member| member.name == named_by)?;
    let OpsValue::Data { init, .. } = &member.value else { return None };
    let text: Vec<u8> = init.iter().copied().take_while(|&byte| byte != 0).collect();
    Some(String::from_utf8_lossy(&text).into_owned())
}

#[derive(Clone, Default, PartialEq)]
struct Registered {
    /// The implementations that are registered for certain, each with the place where.
    certain: BTreeMap<Symbol, Span>,
    /// The implementations that may be registered; none if any may be.
    possible: Option<BTreeSet<Symbol>>,
}

impl Lattice for Registered {
    fn join(&mut self, other: &Registered) -> bool {
        let before = self.clone();
        self.certain.retain(|symbol, _| other.certain.contains_key(symbol));
        self.possible = match (self.possible.take(), &other.possible) {
            (Some(own), Some(other)) => Some(own.union(other).cloned().collect()),
            (_, _) => None,
        };
        *self != before
    }
}

struct Follow<'m> {
    func: &'m Function,
}

impl Follow<'_> {
    fn registers(&self, op: OpId) -> Option<&Symbol> {
        let data = &self.func.ops[op];
        (data.opcode == Opcode::HostRegister).then(|| HostRegister::of(data).ops())
    }

    /// The mistake in an op, by the registrations before it.
    fn wrong(&self, module: &Module, op: OpId, state: &Registered) -> Option<Wrong> {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::HostUnregister {
            let symbol = HostUnregister::of(data).ops();
            let is_there = state.possible.as_ref().is_none_or(|possible| possible.contains(symbol));
            return (!is_there).then(|| Wrong::Nothing(symbol.clone()));
        }
        let symbol = self.registers(op)?;
        if let Some(&before) = state.certain.get(symbol) {
            return Some(Wrong::Twice(symbol.clone(), before));
        }
        let own = module.struct_ops(symbol)?;
        let text = kernel_name(own)?;
        let same = state.certain.iter().find(|(other, _)| {
            let other = module.struct_ops(other).filter(|other| other.of == own.of);
            other.and_then(kernel_name).as_ref() == Some(&text)
        });
        same.map(|(other, &before)| Wrong::Name { symbol: symbol.clone(), other: other.clone(), before, text })
    }
}

impl Analysis for Follow<'_> {
    type State = Registered;

    fn step(&mut self, op: OpId, state: &mut Registered) {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::HostAttachCheck {
            let made = self.func.def(data.operands[0]);
            if let Some(symbol) = made.and_then(|made| self.registers(made)) {
                state.certain.insert(symbol.clone(), data.loc.span);
            }
        } else if let Some(symbol) = self.registers(op) {
            state.possible.iter_mut().for_each(|possible| possible.extend([symbol.clone()]));
        } else if data.opcode == Opcode::HostUnregister {
            let symbol = HostUnregister::of(data).ops();
            state.certain.remove(symbol);
            state.possible.iter_mut().for_each(|possible| possible.retain(|own| own != symbol));
        } else if data.opcode == Opcode::HostDetach {
            state.certain.clear();
        } else if matches!(data.opcode, Opcode::KsCall | Opcode::KsCallPointer | Opcode::HostUpgradeFunctions) {
            *state = Registered::default();
        }
    }
}
