//! `lifecycle`: what user space loads, attaches and detaches.
//!
//! Takes the whole program after `reach`. Changes nothing. `attachments.rs` follows handles and links through functions and their calls,
//! and reports mistakes that are certain or that happen on a path that no branch excludes; `registrations.rs` reports implementations that
//! are registered twice; `ends.rs` reports a `main` that attaches programs and ends at once; `idle_programs.rs` reports programs that
//! nothing runs. The last two are not about tests.
//!
//! The pass `lifecycle` follows handles and links from the ops that make them through variables, paths and calls: from `main` it follows
//! calls, with the facts about their arguments. It reports what is certain (a program attached twice to one target, a handle detached that
//! was attached to nothing, a `main` that attaches and ends at once), with the calls that lead there, and a second attachment on one path
//! if no branch decides about it. A handle has the type of its programs, by the name of their attribute.

mod attachments;
mod ends;
mod idle_programs;
mod known;
mod registrations;
mod report;

use super::{Because, Changed, Pass, Run, exits};
use crate::ir::{Module, Opcode};
use crate::session::Session;

pub static PASS: Pass = Pass {
    name: "lifecycle",
    summary: "Follow what user space attaches and detaches",
    after: &[("reach", "knows what user space runs")],
    before: &[
        ("split", "begins the lists that move code"),
        ("exits", "makes blocks and variables that are not in the text"),
    ],
    because: Because::Language,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let is_of_programs = |opcode| {
        is_attach(opcode) || matches!(opcode, Opcode::HostDetach | Opcode::HostRegister | Opcode::HostUnregister)
    };
    let ops = module.funcs.iter().flat_map(|func| func.walk().into_iter().map(|op| func.ops[op].opcode));
    if ops.into_iter().any(is_of_programs) {
        let lowered = exits::lowered(module, &mut cx.types);
        attachments::check(&lowered, cx);
        for func in &lowered.funcs {
            registrations::check(&lowered, func, cx);
        }
        if !cx.options.tests {
            ends::check(&lowered, cx);
        }
    }
    if !cx.options.tests {
        idle_programs::check(module, cx);
    }
    Changed::No
}

/// Whether the op attaches a program, to any kind of target.
pub fn is_attach(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::HostAttach | Opcode::HostAttachName | Opcode::HostAttachNumber | Opcode::HostAttachMap)
}
