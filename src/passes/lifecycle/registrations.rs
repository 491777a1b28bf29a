//! An implementation that is registered twice: the kernel refuses the second time.
//!
//! It is registered for certain behind a `register` whose result nothing asks for, since a failure ends the process, until the
//! program unregisters it, or may do so in a function or by a link.

use crate::dataflow::{self, Analysis, Lattice, Point};
use crate::diag::codes::lifecycle::RegisteredTwice;
use crate::ir::flow::Graph;
use crate::ir::ops::{HostRegister, HostUnregister};
use crate::ir::{Function, OpId, Opcode, Symbol};
use crate::session::Session;
use crate::source::Span;
use std::collections::BTreeMap;

pub fn check(func: &Function, cx: &mut Session) {
    if !func.walk().into_iter().any(|op| func.ops[op].opcode == Opcode::HostRegister) {
        return;
    }
    let graph = Graph::of(func);
    let mut follow = Follow { func };
    let mut found = BTreeMap::new();
    dataflow::forward(&graph, &mut follow, Registered::default()).visit(&mut follow, |follow, (point, state)| {
        if let Point::Op(op) = point
            && let Some(symbol) = follow.registers(op)
            && let Some(before) = state.0.get(symbol)
        {
            found.insert(op, (symbol.clone(), *before));
        }
    });
    for (op, (symbol, before)) in found {
        let name = cx.source_name(&symbol);
        cx.error(func.ops[op].loc.span, RegisteredTwice { name })
            .note(before, "registered here")
            .help("`unregister` comes before the kernel takes it again");
    }
}

/// What is registered for certain, and where.
#[derive(Clone, Default, PartialEq)]
struct Registered(BTreeMap<Symbol, Span>);

impl Lattice for Registered {
    fn join(&mut self, other: &Registered) -> bool {
        let before = self.0.len();
        self.0.retain(|symbol, _| other.0.contains_key(symbol));
        self.0.len() != before
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
}

impl Analysis for Follow<'_> {
    type State = Registered;

    fn step(&mut self, op: OpId, state: &mut Registered) {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::HostAttachCheck {
            let made = self.func.def(data.operands[0]);
            if let Some(symbol) = made.and_then(|made| self.registers(made)) {
                state.0.insert(symbol.clone(), data.loc.span);
            }
        } else if data.opcode == Opcode::HostUnregister {
            state.0.remove(HostUnregister::of(data).ops());
        } else if matches!(data.opcode, Opcode::HostDetach | Opcode::KsCall | Opcode::KsCallPointer) {
            state.0.clear();
        }
    }
}
