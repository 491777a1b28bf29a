//! Zeros for the stack are made where they are stored, not before a call that the verifier cannot backtrack through.
//!
//! When a zero is stored to the stack from a register, the verifier backtracks to its definition
//! (`check_stack_write_fixed_off` in `kernel/bpf/verifier.c`). Before Linux 6.5 it cannot backtrack through calls of
//! BPF functions, callbacks of walks and loops among them: see `choices_before_calls`. LLVM keeps one zero in a
//! register for all stores.
//!
//! So after such a call each block that stores zeros makes one, by assembly. Code that clears memory becomes stores of
//! that zero.

use super::super::builder::{Build, Extend};
use super::super::module::ModuleGen;
use super::operands::{calls_body, may_be_on_stack, number};
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::attributes::{Attribute, AttributeLoc};
use inkwell::basic_block::BasicBlock;
use inkwell::values::{
    BasicValueEnum, CallSiteValue, FunctionValue, InstructionOpcode, InstructionValue, IntValue, Operand, PointerValue,
};
use std::collections::HashSet;

pub(super) static REWRITE: Rewrite = Rewrite {
    workaround: workarounds::ZEROS_BEHIND_CALLS,
    after: &[("stored-bools", "looks for zeros that are chosen, not for those of this rewrite")],
    run: Run::ForSome(settle_zeros),
};

/// After the optimisation.
fn settle_zeros(g: &ModuleGen) -> bool {
    let mut changed = false;
    for function in g.module.get_functions() {
        let behind = behind_calls(g, function);
        for block in function.get_basic_blocks() {
            changed |= settle(g, block, behind.contains(&block));
        }
    }
    changed
}

/// The blocks that control reaches from such a call in another block.
fn behind_calls<'c>(g: &ModuleGen<'_, 'c>, function: FunctionValue<'c>) -> HashSet<BasicBlock<'c>> {
    let calls = |block: &BasicBlock<'c>| block.get_instructions().any(|instruction| calls_body(g, instruction));
    let mut open: Vec<BasicBlock> = function.get_basic_blocks().into_iter().filter(calls).collect();
    let mut behind = HashSet::new();
    while let Some(block) = open.pop() {
        let ends = block.get_terminator().into_iter().flat_map(|end| end.get_operands().collect::<Vec<_>>());
        open.extend(ends.filter_map(|operand| operand?.block()).filter(|&next| behind.insert(next)));
    }
    behind
}

fn settle<'c>(g: &ModuleGen<'_, 'c>, block: BasicBlock<'c>, mut is_behind: bool) -> bool {
    let (mut zero, mut changed) = (None, false);
    for instruction in block.get_instructions().collect::<Vec<_>>() {
        if calls_body(g, instruction) {
            (is_behind, zero) = (true, None);
        } else if !is_behind {
            continue;
        } else if instruction.get_opcode() == InstructionOpcode::Store {
            store(&g.build, instruction, &mut zero);
        } else if let Some(clearing) = Clearing::of(instruction) {
            clearing.by_stores(&g.build, instruction, &mut zero);
        }
        changed |= zero.is_some();
    }
    changed
}

/// The zero of a block behind a call, of 64 bits.
fn zero_before<'c>(build: &Build<'c>, at: InstructionValue<'c>, zero: &mut Option<IntValue<'c>>) -> IntValue<'c> {
    build.before(&at);
    *zero.get_or_insert_with(|| build.asm_zero())
}

fn store<'c>(build: &Build<'c>, store: InstructionValue<'c>, zero: &mut Option<IntValue<'c>>) {
    if !may_be_on_stack(store.get_operand(1)) {
        return;
    }
    let value = store.get_operand(0).and_then(Operand::value);
    if let Some(BasicValueEnum::IntValue(value)) = value
        && value.get_zero_extended_constant() == Some(0)
        && let bits @ (8 | 16 | 32 | 64) = value.get_type().get_bit_width()
    {
        let zero = zero_before(build, store, zero);
        store.set_operand(0, build.resize(zero, bits, Extend::Zero));
    } else if let Some(BasicValueEnum::PointerValue(value)) = value
        && value.is_null()
    {
        let zero = zero_before(build, store, zero);
        store.set_operand(0, build.int_to_ptr(zero));
    }
}

/// A `llvm.memset` with zeros.
struct Clearing<'c> {
    to: PointerValue<'c>,
    align: u64,
    size: u64,
}

impl<'c> Clearing<'c> {
    fn of(instruction: InstructionValue<'c>) -> Option<Clearing<'c>> {
        if instruction.get_opcode() != InstructionOpcode::Call {
            return None;
        }
        let call = CallSiteValue::try_from(instruction).ok()?;
        let callee = call.get_called_fn_value()?;
        let constant = |at| number(instruction.get_operand(at))?.get_zero_extended_constant();
        let is_clearing = callee.get_name().to_bytes().starts_with(b"llvm.memset.") && constant(1) == Some(0);
        let to = instruction.get_operand(0).filter(|&to| is_clearing && may_be_on_stack(Some(to)));
        let Some(BasicValueEnum::PointerValue(to)) = to.and_then(Operand::value) else { return None };
        let align = call.get_enum_attribute(AttributeLoc::Param(0), Attribute::get_named_enum_kind_id("align"));
        Some(Clearing { to, align: align.map_or(1, Attribute::get_enum_value).clamp(1, 8), size: constant(2)? })
    }

    fn by_stores(&self, build: &Build<'c>, instruction: InstructionValue<'c>, zero: &mut Option<IntValue<'c>>) {
        let zero = zero_before(build, instruction, zero);
        let mut at = 0;
        while at < self.size {
            let fits = |&unit: &u64| unit <= self.align && at + unit <= self.size;
            let unit = [8, 4, 2].into_iter().find(fits).unwrap_or(1);
            let part = build.resize(zero, unit as u32 * 8, Extend::Zero);
            build.store(build.offset(self.to, build.int(64, at)), part.into(), unit);
            at += unit;
        }
        instruction.erase_from_basic_block();
    }
}
