//! `packet-rules`: programs write to packets and keep pointers into them only where the kernel lets them.
//!
//! Takes the whole program after `reach`; changes nothing. Reports writes in programs that may only read, and pointers that no copy
//! can follow, in programs that cannot make their packets linear.

use super::access::Access;
use super::copies::Plan;
use crate::diag::codes::contexts::{PacketPointerKept, PacketReadOnly};
use crate::ir::callgraph::CallGraph;
use crate::ir::{Module, Role};
use crate::passes::{Because, Changed, Pass, Run};
use crate::session::Session;
use crate::tables::{CONTEXTS, ContextSpec, FieldRole, PROGRAMS, PacketAccess, ProgramSpec};
use std::collections::BTreeSet;

pub static PASS: Pass = Pass {
    name: "packet-rules",
    summary: "Check what programs may do with packets",
    after: &[("reach", "reports what programs may not use at all")],
    before: &[
        ("split", "begins the lists that move code"),
        ("exits", "makes blocks and variables that are not in the text"),
    ],
    because: Because::Language,
    run: Run::Module(run),
};

/// Whether programs of a type may write to their packets.
fn writes(spec: &&ProgramSpec) -> bool {
    let context = CONTEXTS.iter().find(|context| Some(context.name) == spec.context());
    let has_packet = |context: &ContextSpec| context.fields.iter().any(|field| field.role == FieldRole::PacketStart);
    spec.packet == PacketAccess::Direct && context.is_some_and(has_packet)
}

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let access = Access::of(module, &cx.types);
    let plans = Plan::of(module, &cx.types, &access);
    let graph = CallGraph::of(module);
    let mut reported = BTreeSet::new();
    for (at, program) in module.funcs.iter().enumerate() {
        let Role::Program { spec, .. } = &program.role else { continue };
        let reached = graph.reach([at]);
        for (index, func) in module.funcs.iter().enumerate().filter(|&(index, _)| reached.contains(index)) {
            let name = cx.source_name(&program.name);
            let refused: &[_] = if spec.packet == PacketAccess::Direct { &[] } else { &plans[index].writes };
            for write in refused {
                let span = func.ops[write.op].loc.span;
                if reported.insert(span.lo) {
                    let writers: Vec<&str> = PROGRAMS.iter().filter(writes).map(|spec| spec.name).collect();
                    let what = PacketReadOnly { program: spec.name.to_owned(), name: name.clone() };
                    let help = format!("it is for programs of type {}", writers.join(", "));
                    cx.error(span, what).note(program.name_span, "declared here").help(help);
                }
            }
            for &op in &plans[index].kept {
                let span = func.ops[op].loc.span;
                if refused.is_empty() && reported.insert(span.lo) {
                    cx.error(span, PacketPointerKept { program: spec.name.to_owned(), name: name.clone() })
                        .note(program.name_span, "declared here")
                        .help("use it where it was tested, in the same function and loop, or take a copy: `var copy = *p`")
                        .help("a function can be given the context, and look it up itself");
                }
            }
        }
    }
    Changed::No
}
