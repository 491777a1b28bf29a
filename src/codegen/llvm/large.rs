//! Large functions of user space stay as they were written: LLVM optimises a function in more than linear time, tens of seconds for
//! tens of thousands of statements. Such functions are written by programs, or are the `main` of such a program.
//!
//! They are optimised neither themselves nor with what they call, and code generation takes instructions one by one for them.

use super::builder::enum_attribute;
use super::module::ModuleGen;
use inkwell::attributes::AttributeLoc;
use inkwell::values::FunctionValue;

/// LLVM instructions of a function before the optimisation, about five for a statement. LLVM takes about a second for so many.
const MAX_INSTRUCTIONS: usize = 20_000;

/// Blocks of a function: some optimisations follow each condition through all of them.
const MAX_BLOCKS: usize = 4_000;

/// Before the optimisation.
pub fn leave(g: &ModuleGen) {
    for function in g.module.get_functions().filter(|&function| is_large(function)) {
        for name in ["optnone", "noinline"] {
            function.add_attribute(AttributeLoc::Function, enum_attribute(g.context, name));
        }
    }
}

fn is_large(function: FunctionValue) -> bool {
    let blocks = function.get_basic_blocks();
    let instructions = || blocks.iter().map(|block| block.get_instructions().count()).sum::<usize>();
    blocks.len() > MAX_BLOCKS || instructions() > MAX_INSTRUCTIONS
}
