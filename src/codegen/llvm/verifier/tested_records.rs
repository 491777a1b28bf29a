//! Tests once whether a ring buffer had room for a record.
//!
//! A record that a function returns, a variable holds or a `defer` submits is tested again, and the pointer is opaque to LLVM by then (the
//! pass `merged-pointers`). A verifier before 6.4 does not know that a tested record is not null: it follows the second test both ways, and
//! on the path on which the record would be null nobody submits or discards it. So the outcome of the first test, a constant on each path
//! behind it, takes the place of the later ones.

use super::super::module::ModuleGen;
use super::graph::Graph;
use super::known_limits::{is_marked, mark_call};
use super::operands::operands;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::IntPredicate;
use inkwell::basic_block::BasicBlock;
use inkwell::values::{BasicValueEnum, InstructionOpcode, InstructionValue, IntValue, Operand, PhiValue, PointerValue};
use std::collections::HashMap;

pub(super) static REWRITE: Rewrite =
    Rewrite { workaround: workarounds::TESTED_RECORDS, after: &[], run: Run::ForSome(test_once) };

/// The attribute of the calls that reserve records.
const RECORD: &str = "ksc-record";
/// The attribute of the empty assembly that yields its operand.
const SAME: &str = "ksc-same";

/// Marks a pointer as that of a record that was just reserved, or null.
pub fn mark_record<'c>(g: &ModuleGen<'_, 'c>, record: PointerValue<'c>) {
    mark_call(g, record.as_instruction(), (RECORD, ""));
}

/// Whether an instruction reserves a record.
pub fn is_record(instruction: InstructionValue) -> bool {
    is_marked(instruction, RECORD)
}

/// Marks a pointer as the operand of the assembly that yields it.
pub fn mark_same<'c>(g: &ModuleGen<'_, 'c>, pointer: PointerValue<'c>) {
    mark_call(g, pointer.as_instruction(), (SAME, ""));
}

/// Whether a record is null, as far as tests have shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Control has not come here from the record's reservation.
    Unreached,
    Untested,
    Null,
    Record,
    /// Either, after a test on each path.
    Tested,
    /// There is a path without a test, and one with.
    Mixed,
}

impl Known {
    fn join(self, other: Known) -> Known {
        match (self, other) {
            (Known::Unreached, known) | (known, Known::Unreached) => known,
            (left, right) if left == right => left,
            (Known::Untested | Known::Mixed, _) | (_, Known::Untested | Known::Mixed) => Known::Mixed,
            _ => Known::Tested,
        }
    }

    fn is_tested(self) -> bool {
        matches!(self, Known::Null | Known::Record | Known::Tested)
    }
}

/// A comparison of a pointer with null.
struct Test<'c> {
    pointer: PointerValue<'c>,
    /// It is true if the pointer is null.
    on_null: bool,
    /// Where it is.
    block: Option<BasicBlock<'c>>,
}

/// After the optimisation.
fn test_once(g: &ModuleGen) -> bool {
    let mut changed = false;
    for graph in g.module.get_functions().filter_map(Graph::of) {
        let instructions: Vec<InstructionValue> =
            graph.blocks.iter().flat_map(|block| block.get_instructions().collect::<Vec<_>>()).collect();
        let records = instructions.iter().filter(|&&call| is_marked(call, RECORD));
        let records: Vec<PointerValue> = records.filter_map(|&call| PointerValue::try_from(call).ok()).collect();
        if records.is_empty() {
            continue;
        }
        let tests: Vec<Option<Test>> = graph.blocks.iter().map(|block| test(block.get_terminator()?)).collect();
        let facts: Vec<Facts> = records.into_iter().filter_map(|record| Facts::of(&graph, &tests, record)).collect();
        let mut outcomes = Outcomes { g, graph: &graph, facts: &facts, made: HashMap::new(), of: HashMap::new() };
        for (at, test) in tests.iter().enumerate() {
            changed |= test.as_ref().is_some_and(|test| outcomes.branch_again(at, test));
        }
        for comparison in instructions.into_iter().filter(|made| made.get_opcode() == InstructionOpcode::ICmp) {
            changed |= null_test(comparison).is_some_and(|test| outcomes.compare_again(comparison, &test));
        }
    }
    changed
}

fn test<'c>(branch: InstructionValue<'c>) -> Option<Test<'c>> {
    let BasicValueEnum::IntValue(condition) = branch.get_operand(0)?.value()? else { return None };
    null_test(condition.as_instruction().filter(|_| branch.get_opcode() == InstructionOpcode::Br)?)
}

fn null_test<'c>(comparison: InstructionValue<'c>) -> Option<Test<'c>> {
    let predicate = comparison.get_icmp_predicate()?;
    let on_null = predicate == IntPredicate::EQ;
    if !on_null && predicate != IntPredicate::NE {
        return None;
    }
    let compared = |at: u32| match comparison.get_operand(at).and_then(Operand::value) {
        Some(BasicValueEnum::PointerValue(pointer)) => Some(pointer),
        _ => None,
    };
    let (pointer, null) = (compared(0)?, compared(1)?);
    null.is_null().then(|| Test { pointer: source(pointer), on_null, block: comparison.get_parent() })
}

/// The pointer that assembly was given to hide it.
fn source(pointer: PointerValue) -> PointerValue {
    let hidden = pointer.as_instruction().filter(|&made| is_marked(made, SAME));
    match hidden.and_then(|made| operands(made).next()) {
        Some(BasicValueEnum::PointerValue(from)) => source(from),
        _ => pointer,
    }
}

/// What is known of one record on each edge between blocks.
struct Facts<'c> {
    record: PointerValue<'c>,
    /// The block that reserves it. In a loop, facts from before this block are about the record of the iteration before.
    start: usize,
    /// For each block what is known behind it, where its branch goes to its successors in their order.
    edges: Vec<Vec<Known>>,
}

impl<'c> Facts<'c> {
    fn of(graph: &Graph<'c>, tests: &[Option<Test<'c>>], record: PointerValue<'c>) -> Option<Facts<'c>> {
        let start = graph.number(record.as_instruction()?.get_parent()?)?;
        let edges = graph.after.iter().map(|targets| vec![Known::Unreached; targets.len()]).collect();
        let mut facts = Facts { record, start, edges };
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            let known = if at == start { Known::Untested } else { facts.before(graph, at) };
            let tells = |test: &&Test| test.pointer == record && graph.after[at][0] != graph.after[at][1];
            let tested = tests[at].as_ref().filter(tells);
            for (nth, &target) in graph.after[at].iter().enumerate() {
                // Successors are in the order of the operands: where the condition is false first.
                let behind = match tested {
                    Some(test) if (nth == 1) == test.on_null => Known::Null,
                    Some(_) => Known::Record,
                    None => known,
                };
                let joined = facts.edges[at][nth].join(behind);
                if joined != facts.edges[at][nth] {
                    facts.edges[at][nth] = joined;
                    open.push(target);
                }
            }
        }
        Some(facts)
    }

    fn before(&self, graph: &Graph, at: usize) -> Known {
        graph.before[at].iter().fold(Known::Unreached, |known, &from| known.join(self.edge(graph, from, at)))
    }

    /// Whether the record was tested on each path to the start of a block.
    fn is_tested_before(&self, graph: &Graph, at: usize) -> bool {
        at != self.start && self.before(graph, at).is_tested()
    }

    fn edge(&self, graph: &Graph, from: usize, to: usize) -> Known {
        let edges = graph.after[from].iter().zip(&self.edges[from]);
        edges.filter(|&(&target, _)| target == to).fold(Known::Unreached, |all, (_, &known)| all.join(known))
    }
}

/// The outcomes of the tests of a function's records, as values: whether a pointer is null.
struct Outcomes<'a, 'g, 'c> {
    g: &'a ModuleGen<'g, 'c>,
    graph: &'a Graph<'c>,
    facts: &'a [Facts<'c>],
    /// That of a record, by its index in `facts`, at the start of a block.
    made: HashMap<(usize, usize), IntValue<'c>>,
    /// That of a pointer which is chosen from records and null; none if it is not known, or not yet.
    of: HashMap<PointerValue<'c>, Option<IntValue<'c>>>,
}

impl<'c> Outcomes<'_, '_, 'c> {
    /// Where a branch tests a record by a comparison before the block, which an earlier branch has tested.
    fn branch_again(&mut self, at: usize, test: &Test<'c>) -> bool {
        let (Some(of), Some(branch)) = (self.record(test.pointer), self.graph.blocks[at].get_terminator()) else {
            return false;
        };
        if test.block == Some(self.graph.blocks[at]) || !self.facts[of].is_tested_before(self.graph, at) {
            return false;
        }
        let is_null = self.at_start(of, at);
        let condition = self.condition(is_null, test, branch);
        branch.set_operand(0, condition)
    }

    /// Puts the outcome in the place of a comparison, if an earlier test has shown it.
    fn compare_again(&mut self, comparison: InstructionValue<'c>, test: &Test<'c>) -> bool {
        let at = test.block.and_then(|block| self.graph.number(block));
        let is_null = match (self.record(test.pointer), at) {
            (Some(of), Some(at)) if self.facts[of].is_tested_before(self.graph, at) => Some(self.at_start(of, at)),
            (Some(_), _) | (_, None) => None,
            (None, Some(_)) => self.of_choice(test.pointer),
        };
        let (Some(is_null), Ok(old)) = (is_null, IntValue::try_from(comparison)) else { return false };
        let condition = self.condition(is_null, test, comparison);
        old.replace_all_uses_with(condition);
        true
    }

    /// What a test yields, before an instruction.
    fn condition(&self, is_null: IntValue<'c>, test: &Test<'c>, before: InstructionValue<'c>) -> IntValue<'c> {
        if test.on_null {
            return is_null;
        }
        self.g.build.before(&before);
        self.g.build.xor(is_null, self.constant(true))
    }

    fn record(&self, pointer: PointerValue<'c>) -> Option<usize> {
        self.facts.iter().position(|facts| facts.record == pointer)
    }

    fn constant(&self, outcome: bool) -> IntValue<'c> {
        self.g.context.bool_type().const_int(outcome.into(), false)
    }

    /// A phi at the start of a block, without incoming values.
    fn phi(&self, at: usize) -> PhiValue<'c> {
        if let Some(first) = self.graph.blocks[at].get_first_instruction() {
            self.g.build.before(&first);
        }
        self.g.build.phi(self.g.context.bool_type().into())
    }

    /// Whether a record is null that is tested on each path to a block.
    fn at_start(&mut self, of: usize, at: usize) -> IntValue<'c> {
        match self.facts[of].before(self.graph, at) {
            Known::Tested => {}
            Known::Record => return self.constant(false),
            Known::Unreached | Known::Untested | Known::Null | Known::Mixed => return self.constant(true),
        }
        if let Some(&made) = self.made.get(&(of, at)) {
            return made;
        }
        let phi = self.phi(at);
        let value = phi.as_basic_value().into_int_value();
        self.made.insert((of, at), value);
        for &from in &self.graph.before[at] {
            phi.add_incoming(&[(&self.on_edge(of, from, at), self.graph.blocks[from])]);
        }
        value
    }

    fn on_edge(&mut self, of: usize, from: usize, to: usize) -> IntValue<'c> {
        match self.facts[of].edge(self.graph, from, to) {
            Known::Tested => self.at_start(of, from),
            Known::Record => self.constant(false),
            Known::Unreached | Known::Untested | Known::Null | Known::Mixed => self.constant(true),
        }
    }

    /// Whether a pointer is null that is a phi of records that were tested, of null, and of such phis.
    fn of_choice(&mut self, pointer: PointerValue<'c>) -> Option<IntValue<'c>> {
        if let Some(&known) = self.of.get(&pointer) {
            return known;
        }
        self.of.insert(pointer, None);
        let made = pointer.as_instruction()?;
        let at = self.graph.number(made.get_parent()?)?;
        let mut incoming = Vec::new();
        for (value, from) in PhiValue::try_from(made).ok()?.get_incomings() {
            let BasicValueEnum::PointerValue(value) = value else { return None };
            let (value, from) = (source(value), self.graph.number(from)?);
            let is_null = match self.record(value) {
                Some(of) if self.facts[of].edge(self.graph, from, at).is_tested() => self.on_edge(of, from, at),
                Some(_) => return None,
                None if value.is_null() => self.constant(true),
                None => self.of_choice(value)?,
            };
            incoming.push((is_null, from));
        }
        let phi = self.phi(at);
        for (is_null, from) in incoming {
            phi.add_incoming(&[(&is_null, self.graph.blocks[from])]);
        }
        let value = phi.as_basic_value().into_int_value();
        self.of.insert(pointer, Some(value));
        Some(value)
    }
}
