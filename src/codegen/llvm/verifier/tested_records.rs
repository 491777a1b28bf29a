//! Branches once on whether a ring buffer had room for a record.
//!
//! A function that returns a record or null is inlined, and its caller tests the pointer again, which is opaque to LLVM by then (the pass
//! `merged-pointers`). A verifier before 6.4 does not know that a tested record is not null: it follows the second test both ways, and on the
//! path on which the record would be null nobody submits or discards it. So the second branch takes, on each path to it, the constant outcome
//! of the first one.

use super::super::module::ModuleGen;
use super::graph::Graph;
use super::known_limits::{is_marked, mark_call};
use super::operands::operands;
use super::{Rewrite, Run};
use crate::tables::workarounds;
use inkwell::IntPredicate;
use inkwell::values::{BasicValueEnum, InstructionOpcode, InstructionValue, Operand, PhiValue, PointerValue};

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
    Null,
    Record,
    Either,
}

impl Known {
    fn join(self, other: Known) -> Known {
        match (self, other) {
            (Known::Unreached, known) | (known, Known::Unreached) => known,
            (left, right) if left == right => left,
            _ => Known::Either,
        }
    }
}

/// A branch on whether a pointer is null.
struct Test<'c> {
    pointer: PointerValue<'c>,
    /// The condition is that the pointer is null.
    on_null: bool,
}

/// After the optimisation.
fn test_once(g: &ModuleGen) -> bool {
    let mut changed = false;
    for graph in g.module.get_functions().filter_map(Graph::of) {
        let tests: Vec<Option<Test>> = graph.blocks.iter().map(|block| test(block.get_terminator()?)).collect();
        let instructions = graph.blocks.iter().flat_map(|block| block.get_instructions().collect::<Vec<_>>());
        let records: Vec<PointerValue> = instructions
            .filter(|&call| is_marked(call, RECORD))
            .filter_map(|call| PointerValue::try_from(call).ok())
            .collect();
        let facts: Vec<Facts> = records.into_iter().filter_map(|record| Facts::of(&graph, &tests, record)).collect();
        for (at, test) in tests.iter().enumerate() {
            let Some(test) = test else { continue };
            let Some(outcomes) = outcomes(&graph, &facts, at, test) else { continue };
            decide(g, &graph, at, &outcomes);
            changed = true;
        }
    }
    changed
}

fn test(branch: InstructionValue) -> Option<Test> {
    let BasicValueEnum::IntValue(condition) = branch.get_operand(0)?.value()? else { return None };
    let comparison = condition.as_instruction().filter(|_| branch.get_opcode() == InstructionOpcode::Br)?;
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
    null.is_null().then(|| Test { pointer: source(pointer), on_null })
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
    /// For each block what is known behind it, where its branch goes to its successors in their order.
    edges: Vec<Vec<Known>>,
}

impl<'c> Facts<'c> {
    fn of(graph: &Graph<'c>, tests: &[Option<Test<'c>>], record: PointerValue<'c>) -> Option<Facts<'c>> {
        let start = graph.number(record.as_instruction()?.get_parent()?)?;
        let edges = graph.after.iter().map(|targets| vec![Known::Unreached; targets.len()]).collect();
        let mut facts = Facts { record, edges };
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            let known = if at == start { Known::Either } else { facts.before(graph, at) };
            let tested = tests[at].as_ref().filter(|test| test.pointer == record);
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

    fn edge(&self, graph: &Graph, from: usize, to: usize) -> Known {
        let edges = graph.after[from].iter().zip(&self.edges[from]);
        edges.filter(|&(&target, _)| target == to).fold(Known::Unreached, |all, (_, &known)| all.join(known))
    }
}

/// Whether the pointer that a branch tests is null, for each block before that of the branch, if that is known for all.
fn outcomes(graph: &Graph, facts: &[Facts], at: usize, test: &Test) -> Option<Vec<bool>> {
    let block = graph.blocks[at];
    let merged = test.pointer.as_instruction().filter(|made| made.get_parent() == Some(block));
    let chosen = |from: usize| match merged {
        None => Some(BasicValueEnum::PointerValue(test.pointer)),
        Some(made) => {
            let phi = PhiValue::try_from(made).ok()?;
            phi.get_incomings().find(|&(_, before)| before == graph.blocks[from]).map(|(value, _)| value)
        }
    };
    let mut of_record = false;
    let mut outcome = |from: usize| {
        let BasicValueEnum::PointerValue(pointer) = chosen(from)? else { return None };
        if pointer.is_null() {
            return Some(test.on_null);
        }
        let facts = facts.iter().find(|facts| facts.record == source(pointer))?;
        of_record = true;
        match facts.edge(graph, from, at) {
            Known::Null => Some(test.on_null),
            Known::Record => Some(!test.on_null),
            Known::Unreached | Known::Either => None,
        }
    };
    let all: Option<Vec<bool>> = graph.before[at].iter().map(|&from| outcome(from)).collect();
    all.filter(|all| of_record && !all.is_empty())
}

/// Makes the branch at the end of a block take these outcomes, one for each block before it.
fn decide(g: &ModuleGen, graph: &Graph, at: usize, outcomes: &[bool]) {
    let block = graph.blocks[at];
    let (Some(first), Some(branch)) = (block.get_first_instruction(), block.get_terminator()) else { return };
    g.build.before(&first);
    let ty = g.context.bool_type();
    let choice = g.build.phi(ty.into());
    for (&from, &outcome) in graph.before[at].iter().zip(outcomes) {
        choice.add_incoming(&[(&ty.const_int(outcome.into(), false), graph.blocks[from])]);
    }
    branch.set_operand(0, choice.as_basic_value());
}
