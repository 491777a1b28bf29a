//! Reports uses of pointers that may be null: an error if BPF code reaches the function, else a warning.

use super::Found;
use crate::diag::codes::contexts::UncheckedPacket;
use crate::diag::codes::limits::{MaybeNull, UncheckedNull};
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::KsAbsent;
use crate::ir::{Function, Module, OpId, Opcode, Role, Value};
use crate::passes::reach;
use crate::session::Session;
use crate::source::Span;
use crate::types::{Ty, TyKind};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Reports the uses that were not proven right, those of one cause together.
pub fn report(module: &Module, found: &[Found], cx: &mut Session) {
    if found.iter().all(|found| found.unproven.is_empty()) {
        return;
    }
    let names = Rc::clone(&cx.names);
    let in_kernel = |func: &Function| match func.role {
        Role::Program { .. } | Role::Helper | Role::Kfunc { .. } | Role::Private => true,
        Role::Plain | Role::Main | Role::Checked => false,
    };
    let roots = module.funcs.iter().enumerate().filter(|(_, func)| in_kernel(func)).map(|(at, _)| at);
    let reached = CallGraph::of(module).reach(roots);
    // A function that takes views is one for each kind of them.
    let mut reported = BTreeSet::new();
    for (at, (func, found)) in std::iter::zip(&module.funcs, found).enumerate() {
        let mut variables = BTreeSet::new();
        for &op in &found.unproven {
            let data = &func.ops[op];
            let span = data.loc.span;
            if data.opcode == Opcode::KsCallPointer
                || found.long_enough.contains(&op)
                || !reported.insert((span.file, span.lo, span.hi))
            {
                continue;
            }
            let word = (data.opcode == Opcode::KsAbsent).then(|| KsAbsent::of(data).unproven());
            if word == Some("fine") {
                continue;
            }
            if word == Some("warning") {
                let said = variable(func, data.operands[0]).is_some_and(|variable| !variables.insert(variable));
                if !said {
                    warn_unchecked(func, op, cx);
                }
                continue;
            }
            let (name, help) = named(func, data.operands[0], span, cx);
            if reached.contains(at) {
                let error = cx.error(span, MaybeNull { name });
                error.help(help);
                reach::called_from(module, &names, error, &reached.chain(at));
            } else {
                cx.warn(span, UncheckedNull { name }).help(help);
            }
        }
    }
}

/// A pointer as it is written, and how it is tested.
fn named(func: &Function, pointer: Value, span: Span, cx: &Session) -> (String, String) {
    let name = cx.sources.text(span).to_owned();
    let def = func.def(pointer).map(|op| &func.ops[op]);
    // Each read from a context is another pointer to the verifier, and nobody follows which element an index names.
    let is_element = |place: Value| func.def(place).is_some_and(|op| func.ops[op].opcode == Opcode::KsElem);
    let is_read = def.is_some_and(|def| {
        let loads_element = def.opcode == Opcode::KsLoad && is_element(def.operands[0]);
        loads_element || def.opcode == Opcode::PacketCtxLoad
    });
    let test = if is_read { String::new() } else { format!("`if ({name} == null) return …`, or ") };
    let help = format!("test it before: {test}`if (var p = {name}) {{ … }}`");
    (name, help)
}

/// The variable that a pointer was read from.
fn variable(func: &Function, pointer: Value) -> Option<Value> {
    let read = func.def(pointer).map(|op| &func.ops[op]).filter(|op| op.opcode == Opcode::KsLoad)?;
    func.def(read.operands[0]).filter(|&op| func.ops[op].opcode == Opcode::KsVar).map(|_| read.operands[0])
}

/// Nothing tests that a header lies in the packet.
fn warn_unchecked(func: &Function, op: OpId, cx: &mut Session) {
    let data = &func.ops[op];
    let span = data.loc.span;
    let pointee = cx.types.kind(func.ty(data.operands[0]));
    let is_byte = matches!(pointee, TyKind::Ptr { to: Ty::U8, .. });
    let moves = KsAbsent::of(data).context().is_none();
    let counts = if moves { "a comparison with `data_end` counts where offsets are constants; " } else { "" };
    let name = if is_byte { "ctx.packet(offset, u8)" } else { cx.sources.text(span) }.to_owned();
    cx.warn(span, UncheckedPacket {}).help(format!(
        "test it: `if (var p = {name}) {{ … }}`; {counts}beyond the end of the packet this reads zero and writes nothing"
    ));
}
