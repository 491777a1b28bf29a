//! Masks the results of loop callbacks. The verifier wants to see 0 or 1; the optimiser returns any number that it
//! knows to be equal, such as one that was just compared with 0.

use super::super::module::ModuleGen;
use super::operands::number;
use super::{Rewrite, Run};
use crate::ir::Opcode;
use crate::ir::ops::{BpfForEach, BpfLoop};
use crate::tables::workarounds;
use inkwell::values::{FunctionValue, InstructionOpcode, InstructionValue, IntValue, PhiValue};

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::CALLBACK_RESULTS, after: &[], run: Run::Always(bound_results) };

/// After the optimisation.
fn bound_results(g: &ModuleGen) {
    for func in &g.ir.funcs {
        for op in func.walk() {
            let data = &func.ops[op];
            let callback = match data.opcode == Opcode::BpfLoop {
                true => BpfLoop::of(data).callback(),
                false if data.opcode == Opcode::BpfForEach => BpfForEach::of(data).callback(),
                false => continue,
            };
            if let Some(function) = g.module.get_function(callback) {
                bound(g, function);
            }
        }
    }
}

fn bound(g: &ModuleGen, function: FunctionValue) {
    let ends: Vec<InstructionValue> =
        function.get_basic_blocks().into_iter().filter_map(|block| block.get_terminator()).collect();
    let switches = ends.iter().any(|end| end.get_opcode() == InstructionOpcode::Switch);
    for end in ends.into_iter().filter(|end| end.get_opcode() == InstructionOpcode::Return) {
        let Some(result) = number(end.get_operand(0)) else { continue };
        // Code generation takes the number that a switch is about for the constant that it is there.
        if result.is_constant_int() || !switches && is_one_of_constants(result) {
            continue;
        }
        g.build.before(&end);
        end.set_operand(0, g.build.asm_unary("$0 &= 1", "=r,0", result));
    }
}

fn is_one_of_constants(result: IntValue) -> bool {
    let phi = result.as_instruction().and_then(|made_by| PhiValue::try_from(made_by).ok());
    phi.is_some_and(|phi| phi.get_incomings().all(|(value, _)| value.into_int_value().is_constant_int()))
}
