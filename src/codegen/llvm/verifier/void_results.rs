//! Makes void functions return 0.
//!
//! A void function leaves an old value in r0, and the verifier refuses a subprogram that returns with the address of
//! its stack in r0. Runs after the optimisation, so that inlined functions pay nothing.

use super::super::module::ModuleGen;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::values::InstructionOpcode;

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::VOID_RESULTS, after: &[], run: Run::Always(clear) };

fn clear(g: &ModuleGen) {
    let fn_type = g.context.void_type().fn_type(&[], false);
    for function in g.module.get_functions() {
        if function.get_type().get_return_type().is_some() {
            continue;
        }
        for block in function.get_basic_blocks() {
            if let Some(end) = block.get_terminator()
                && end.get_opcode() == InstructionOpcode::Return
            {
                let (text, constraints) = ("r0 = 0".into(), "~{r0}".into());
                let asm = g.context.create_inline_asm(fn_type, text, constraints, true, false, None, false);
                g.build.asm_before(&end, fn_type, asm);
            }
        }
    }
}
