//! Adds a variable offset to a pointer into a packet again for each test of the sum that no other test leads to.
//!
//! For each sum the verifier keeps the number of bytes behind it that are in the packet. LLVM makes the sum once; so behind a comparison of
//! some bytes, the verifier has one state for each number of bytes that some path asked for, and walks a loop that follows once for each. A
//! sum for each test is live only up to the end of the code that the test guards.

use super::super::module::ModuleGen;
use super::graph::Graph;
use super::known_limits::is_sum;
use super::operands::{calls_body, number};
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::values::{
    AnyValueEnum, BasicValue, BasicValueEnum, InstructionOpcode, InstructionValue, Operand, PhiValue, PointerValue,
};
use std::collections::{BTreeMap, HashMap};

pub(super) static REWRITE: Rewrite = Rewrite {
    workaround: workarounds::TESTED_SUMS,
    after: &[
        ("known-limits", "leaves sums with variables"),
        ("shown-limits", "limits the offsets that this one adds again"),
    ],
    run: Run::Always(repeat),
};

/// A branch, and what computes a branch's condition of others.
const CONDITIONS: [InstructionOpcode; 4] =
    [InstructionOpcode::Br, InstructionOpcode::And, InstructionOpcode::Or, InstructionOpcode::Select];

/// An operand of an instruction that is an address at a constant distance from a sum.
struct Use<'c> {
    user: InstructionValue<'c>,
    operand: u32,
    /// Where the address must be known: for a phi the end of the block that it comes from.
    block: usize,
    distance: u64,
}

struct Sum<'c> {
    made_by: InstructionValue<'c>,
    block: usize,
    uses: Vec<Use<'c>>,
}

/// After the optimisation, which would join the sums.
fn repeat(g: &ModuleGen) {
    for function in g.module.get_functions() {
        let sums =
            function.get_basic_blocks().into_iter().flat_map(|block| block.get_instructions()).filter(|&i| is_sum(i));
        if sums.count() == 0 {
            continue;
        }
        let Some(graph) = Graph::of(function) else { continue };
        let heads = walked_again(g, &graph);
        if heads.is_empty() {
            continue;
        }
        sums_of(&graph).iter().for_each(|sum| repeat_tests(g, sum));
        for sum in sums_of(&graph) {
            repeat_sum(g, &graph, &heads, &sum);
        }
    }
}

/// The blocks that the verifier walks, or walks others from, once for each state.
fn walked_again<'c>(g: &ModuleGen<'_, 'c>, graph: &Graph<'c>) -> Vec<usize> {
    let mut found = graph.loop_heads();
    let calls = |&block: &usize| graph.blocks[block].get_instructions().any(|instruction| calls_body(g, instruction));
    found.extend((0..graph.blocks.len()).filter(calls));
    found
}

fn sums_of<'c>(graph: &Graph<'c>) -> Vec<Sum<'c>> {
    let mut sums: Vec<Sum<'c>> = Vec::new();
    // The address → the number of its sum, and the distance.
    let mut addresses: HashMap<PointerValue<'c>, (usize, u64)> = HashMap::new();
    let mut others = Vec::new();
    for (block, instructions) in graph.blocks.iter().map(|block| block.get_instructions()).enumerate() {
        for instruction in instructions {
            let pointer = PointerValue::try_from(instruction).ok();
            if let Some(pointer) = pointer.filter(|_| is_sum(instruction)) {
                addresses.insert(pointer, (sums.len(), 0));
                sums.push(Sum { made_by: instruction, block, uses: Vec::new() });
            } else if let Some((pointer, address)) = pointer.zip(further(&addresses, instruction)) {
                addresses.insert(pointer, address);
            } else {
                others.push((block, instruction));
            }
        }
    }
    for (block, user) in others {
        for operand in 0..user.get_num_operands() {
            let Some(BasicValueEnum::PointerValue(pointer)) = user.get_operand(operand).and_then(Operand::value) else {
                continue;
            };
            if let Some(&(sum, distance)) = addresses.get(&pointer) {
                let from = PhiValue::try_from(user).ok().and_then(|phi| graph.number(phi.get_incoming(operand)?.1));
                sums[sum].uses.push(Use { user, operand, block: from.unwrap_or(block), distance });
            }
        }
    }
    sums
}

/// The sum and the distance, if an instruction adds a constant to an address of one.
fn further<'c>(
    addresses: &HashMap<PointerValue<'c>, (usize, u64)>,
    instruction: InstructionValue<'c>,
) -> Option<(usize, u64)> {
    let of_bytes = || {
        let element = instruction.get_gep_source_element_type().ok()?;
        (element.is_int_type() && element.into_int_type().get_bit_width() == 8).then_some(())
    };
    (instruction.get_opcode() == InstructionOpcode::GetElementPtr && instruction.get_num_operands() == 2)
        .then_some(())?;
    of_bytes()?;
    let BasicValueEnum::PointerValue(base) = instruction.get_operand(0)?.value()? else { return None };
    let &(sum, distance) = addresses.get(&base)?;
    Some((sum, distance.wrapping_add(number(instruction.get_operand(1))?.get_sign_extended_constant()? as u64)))
}

fn repeat_sum<'c>(g: &ModuleGen<'_, 'c>, graph: &Graph<'c>, heads: &[usize], sum: &Sum<'c>) {
    let Some(mut groups) = groups(graph, sum) else { return };
    if !is_walked_again(graph, heads, sum, &groups) {
        return;
    }
    // The first has the sum that there is.
    groups.pop_first();
    let pointer = |at: u32| sum.made_by.get_operand(at).and_then(Operand::value);
    let (Some(BasicValueEnum::PointerValue(base)), Some(offset)) = (pointer(0), number(sum.made_by.get_operand(1)))
    else {
        return;
    };
    for (test, uses) in groups {
        let Some(first) = uses.iter().find(|of| of.block == test) else { continue };
        g.build.before(&first.user);
        let own = g.build.asm_offset(base, offset);
        for of in uses {
            let end =
                graph.blocks[of.block].get_terminator().filter(|_| of.user.get_opcode() == InstructionOpcode::Phi);
            g.build.before(&end.unwrap_or(of.user));
            let address = g.build.offset(own, g.build.int(64, of.distance));
            of.user.set_operand(of.operand, address);
        }
    }
}

/// LLVM tests once what several branches ask for. Instruction selection tests for each again.
fn repeat_tests<'c>(g: &ModuleGen<'_, 'c>, sum: &Sum<'c>) {
    for test in sum.uses.iter().map(|of| of.user) {
        let (Some(pred), left, right) = (test.get_icmp_predicate(), test.get_operand(0), test.get_operand(1)) else {
            continue;
        };
        let (Some(left), Some(right)) = (left.and_then(Operand::value), right.and_then(Operand::value)) else {
            continue;
        };
        for user in users(test).filter(|user| user.get_parent() != test.get_parent()).collect::<Vec<_>>() {
            let of_test = |&at: &u32| number(user.get_operand(at)).is_some_and(|of| of.as_instruction() == Some(test));
            if CONDITIONS.contains(&user.get_opcode())
                && let Some(at) = (0..user.get_num_operands()).find(of_test)
            {
                g.build.before(&user);
                user.set_operand(at, g.build.compare(pred, left, right));
            }
        }
    }
}

/// The instructions that use another.
fn users<'c>(of: InstructionValue<'c>) -> impl Iterator<Item = InstructionValue<'c>> {
    let uses = std::iter::successors(of.get_first_use(), |found| found.get_next_use());
    uses.filter_map(|found| {
        let user = found.get_user();
        if let AnyValueEnum::InstructionValue(user) = user {
            return Some(user);
        }
        BasicValueEnum::try_from(user).ok()?.as_instruction_value()
    })
}

/// Whether there is a loop, or a call, between two of the tests.
fn is_walked_again(graph: &Graph, heads: &[usize], sum: &Sum, groups: &BTreeMap<usize, Vec<&Use>>) -> bool {
    if groups.len() < 2 {
        return false;
    }
    let reached = graph.behind(groups.keys().copied(), sum.block);
    let again = graph.behind(heads.iter().copied().filter(|&head| reached[head]), sum.block);
    groups.keys().any(|&test| again[test])
}

/// The uses of a sum by the blocks of the outermost tests that guard them; none if a use has no test.
fn groups<'u, 'c>(graph: &Graph<'c>, sum: &'u Sum<'c>) -> Option<BTreeMap<usize, Vec<&'u Use<'c>>>> {
    let (tests, guarded): (Vec<_>, Vec<_>) =
        sum.uses.iter().partition(|of| of.user.get_opcode() == InstructionOpcode::ICmp);
    let mut groups: BTreeMap<usize, Vec<&Use>> = BTreeMap::new();
    let mut is_test = vec![false; graph.blocks.len()];
    for test in &tests {
        ends_block(test.user).then(|| is_test[test.block] = true)?;
    }
    for of in tests {
        let outermost = outermost(graph, &is_test, sum.block, of.block).unwrap_or(of.block);
        groups.entry(outermost).or_default().push(of);
    }
    for of in guarded {
        let outermost = outermost(graph, &is_test, sum.block, of.block)?;
        groups.entry(outermost).or_default().push(of);
    }
    Some(groups)
}

/// The block of the first test between `top` and `block` whose one outcome alone leads to `block`; none if there is no such test.
fn outermost(graph: &Graph, is_test: &[bool], top: usize, mut block: usize) -> Option<usize> {
    let mut found = None;
    while block != top {
        let dominator = graph.dominator[block];
        if is_test[dominator] && graph.before[block] == [dominator] {
            found = Some(dominator);
        }
        block = dominator;
    }
    found
}

/// Whether the end of its block, and nothing else, asks for the outcome of a comparison.
fn ends_block(test: InstructionValue) -> bool {
    let uses = std::iter::successors(test.get_first_use(), |of| of.get_next_use()).count();
    let end = test.get_parent().and_then(|block| block.get_terminator());
    let condition = end.and_then(|end| number(end.get_operand(0)));
    let Some(condition) = condition.and_then(|condition| condition.as_instruction()) else { return false };
    let has_test = || {
        (0..condition.get_num_operands())
            .any(|at| number(condition.get_operand(at)).is_some_and(|of| of.as_instruction() == Some(test)))
    };
    uses == 1 && (condition == test || condition.get_parent() == test.get_parent() && has_test())
}
