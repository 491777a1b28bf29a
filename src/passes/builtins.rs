//! `builtins`: lowers a builtin of both sides to the helper or the runtime function of the module's side.

use super::{Because, Changed, Declarations, Pass, Run};
use crate::ir::ops::KsBuiltin;
use crate::ir::{Attr, Function, Opcode};
use crate::session::Session;
use crate::tables;
use crate::target::Target;

pub static PASS: Pass = Pass {
    name: "builtins",
    summary: "Choose the helper or runtime function of builtins",
    after: &[],
    before: &[],
    because: Because::Target,
    run: Run::Function(run),
};

fn run(func: &mut Function, module: &Declarations, _: &mut Session) -> Changed {
    let Some(target) = module.target else { return Changed::No };
    let mut changed = Changed::No;
    for op in func.walk() {
        let data = &func.ops[op];
        if data.opcode != Opcode::KsBuiltin {
            continue;
        }
        let name = KsBuiltin::of(data).builtin();
        let Some(builtin) = tables::builtin(name) else {
            crate::bug!("no builtin is named `{name}`");
        };
        let opcode = match target {
            Target::Bpf => Some(Opcode::BpfHelper),
            Target::Host => Some(Opcode::HostCall),
            Target::Kmod => None,
        };
        let (Some(opcode), Some(callee)) = (opcode, builtin.callee(target)) else {
            crate::bug!("`{name}` does not exist on target {}", target.name());
        };
        let operands = data.operands.clone();
        func.become_op(op, opcode, operands, vec![Attr::Symbol(callee.into())]);
        changed = Changed::Yes;
    }
    changed
}
