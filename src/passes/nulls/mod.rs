//! `nulls`: pointers are not null where they are followed.
//!
//! Takes the whole program as lowering leaves it. In functions that BPF code reaches it is an error that a pointer may be null,
//! in user space a warning. `flow.rs` computes, for each point of a function, which pointers are not null. Removes the marks of lowering
//! (`ks.present`), and the tests of pointers into the packet (`ks.absent`) that are known not to be null; marks calls through
//! pointers that were tested; and, if a condition is a bool that holds the outcome of an earlier test for null, repeats that test,
//! because the kernel's verifier does not connect the bool with the pointer (`kept_tests.rs`).
//!
//! A pointer in a variable, a result or a field may be null; types say so, and do not change by control flow. Lowering marks each pointer
//! of such a type that is followed, or goes where null may not, with `ks.present`, and asks with `ks.absent` before it follows one into the
//! packet. The facts of the analysis are: the variables, fields and values that are not null, the least length of the packet, and for each bool
//! the facts that hold if it is true.

mod conditions;
mod facts;
mod flow;
mod kept_tests;
mod last_uses;
mod report;

use super::{Because, Changed, Pass, Run, exits};
use crate::dataflow::{self, Point};
use crate::ir::flow::Graph;
use crate::ir::ops::{KsAbsent, KsCallPointer, KsIf, KsLoad};
use crate::ir::{Attr, Function, Module, OpId, Opcode, Uses, Value};
use crate::session::Session;
use crate::types::Types;
use facts::{Known, Path, State};
use flow::Follow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

const NAME: &str = "nulls";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Follow which pointers may be null",
    after: &[],
    before: &[
        ("reach", "reports what makes no difference in a program that follows null"),
        ("moved-packets", "sees a use of a pointer in each mark"),
        ("records", "sees a use of a pointer in each mark"),
        ("split", "begins the lists that move code"),
        ("exits", "makes blocks and variables that are not in the text"),
    ],
    because: Because::Language,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let lowered = exits::lowered(module, &mut cx.types);
    let found: Vec<Found> = lowered.funcs.iter().map(|func| Found::of(func, &cx.types)).collect();
    drop(lowered);
    report::report(module, &found, cx);
    let mut changed = Changed::No;
    for (func, found) in module.funcs.iter_mut().zip(&found) {
        changed = changed.or(found.apply(func, &mut cx.types));
    }
    changed
}

/// The results of the analysis.
#[derive(Default)]
struct Found {
    /// Marks at which the pointer may be null, and those at which it is not, on any path.
    unproven: BTreeSet<OpId>,
    proven: BTreeSet<OpId>,
    /// Pointers into the packet that may be null where they are followed, though the packet is long enough.
    long_enough: BTreeSet<OpId>,
    /// Reads of bools with the tests that they keep: pointers, and the outcome for which each is not null.
    kept: BTreeMap<OpId, Vec<(Value, bool)>>,
}

impl Found {
    fn of(func: &Function, types: &Types) -> Found {
        let graph = Graph::of(func);
        let mut follow = Follow::new(func, types, &graph);
        let mut found = Found::default();
        let start: State = Some(Known::default());
        dataflow::forward(&graph, &mut follow, start).visit(&mut follow, |follow, (point, state)| {
            if let (Point::Op(op), Some(known)) = (point, state) {
                found.look(follow, op, known);
            }
        });
        found
    }

    fn look(&mut self, follow: &Follow<'_>, op: OpId, known: &Known) {
        let data = &follow.func.ops[op];
        let marks = matches!(data.opcode, Opcode::KsPresent | Opcode::KsAbsent | Opcode::KsCallPointer);
        if marks && follow.is_present(data.operands[0], known) {
            self.proven.insert(op);
        } else if marks {
            self.unproven.insert(op);
            if data.opcode == Opcode::KsAbsent {
                let view = KsAbsent::of(data);
                let least = view.context().and_then(|ctx| known.facts.lengths.get(&ctx));
                if least.is_some_and(|&bytes| view.end() <= i128::from(bytes)) {
                    self.long_enough.insert(op);
                }
            }
        } else if data.opcode == Opcode::KsLoad
            && data.loc.made_by.is_none()
            && let Some(outcome) = known.outcomes.get(&KsLoad::of(data).place())
        {
            let is_open = |&&(pointer, _): &&(Value, bool)| !known.facts.present.contains(&Path::of(pointer));
            let tests: Vec<(Value, bool)> = outcome.tests.iter().filter(is_open).copied().collect();
            if !tests.is_empty() {
                self.kept.insert(op, tests);
            }
        }
    }

    fn is_proven(&self, mark: OpId) -> bool {
        self.proven.contains(&mark) && !self.unproven.contains(&mark)
    }

    fn apply(&self, func: &mut Function, types: &mut Types) -> Changed {
        let mut replaced = HashMap::new();
        let mut changed = kept_tests::repeat(func, types, &self.kept);
        let uses = func.uses();
        for op in func.walk() {
            let opcode = func.ops[op].opcode;
            if opcode == Opcode::KsPresent {
                func.erase(op);
            } else if opcode == Opcode::KsAbsent {
                self.test(func, (op, &uses), &mut replaced);
            } else if opcode == Opcode::KsCallPointer && self.is_proven(op) {
                let throws = KsCallPointer::of(&func.ops[op]).throws();
                func.ops[op].attrs = vec![Attr::Bool(true), Attr::Bool(throws)];
            } else {
                continue;
            }
            changed = Changed::Yes;
        }
        func.replace_values(&replaced);
        changed
    }

    /// The test of a pointer into the packet, and the branch on it; without either where the pointer is not null.
    fn test(&self, func: &mut Function, (op, uses): (OpId, &Uses), replaced: &mut HashMap<Value, Value>) {
        let (pointer, absent) = (func.ops[op].operands[0], func.ops[op].results[0]);
        let branch = uses.users(absent).first().copied();
        let Some(branch) = branch.filter(|&user| func.ops[user].opcode == Opcode::KsIf) else {
            crate::bug!("a branch follows the test of a pointer into the packet")
        };
        if !self.is_proven(op) {
            func.become_op(op, Opcode::MemIsNull, vec![pointer], Vec::new());
            func.ops[op].loc = func.ops[branch].loc;
            return;
        }
        let there = KsIf::of(&func.ops[branch]).else_region();
        replaced.extend(func.dissolve(branch, there, &[]));
        func.erase(op);
    }
}
