//! Paths on which something stays open that other paths end, for messages.

use crate::dataflow::{Analysis, Facts};
use crate::ir::flow::{Edge, Step};
use crate::ir::{Function, OpId, Opcode};
use crate::source::Span;

/// What an analysis knows of one thing that begins and ends.
pub struct Question<B, O, E> {
    /// Whether it begins at an op.
    pub begins: B,
    pub is_open: O,
    pub is_ended: E,
}

/// The branches on a path to an edge on which something stays open that is ended on others, and how each was left.
pub fn branches<A: Analysis>(
    func: &Function,
    (analysis, facts): (&mut A, &Facts<'_, A::State>),
    edge: &Edge,
    asked: Question<impl Fn(OpId) -> bool, impl Fn(&A::State) -> bool, impl Fn(&A::State) -> bool>,
) -> Vec<(Span, &'static str)> {
    let mut notes: Vec<(Span, &'static str)> = Vec::new();
    for edge in facts.path(analysis, (asked.begins, edge.from), asked.is_open).unwrap_or_default() {
        let Step::Behind(op) = edge.step else { continue };
        let mut others = facts.arrivals(edge.to).iter();
        if others.any(|other| facts.on_edge(analysis, other).is_some_and(|state| (asked.is_ended)(&state))) {
            let Some((span, taken)) = note(func, op, edge.by) else { continue };
            // The outcome of a whole condition with `&&` or `||` comes last, and replaces the notes on its parts.
            notes.retain(|(other, _)| other.to(span) != span);
            notes.push((span, taken));
        }
    }
    notes
}

/// How messages name an edge to what follows an op.
fn note(func: &Function, op: OpId, by: OpId) -> Option<(Span, &'static str)> {
    let data = &func.ops[op];
    if func.exit(by).is_some() {
        return (!data.opcode.is_loop()).then_some((func.ops[by].loc.span, "where control leaves here"));
    }
    let region = func.blocks[func.ops[by].block].region;
    let taken = match (data.opcode, data.regions.iter().position(|&of| of == region)?) {
        (Opcode::KsMatch, _) => "where another arm is taken",
        (Opcode::KsIfSome, 0) => "where it is there",
        (Opcode::KsIfSome, _) => "where it is not there",
        (Opcode::KsIf, 0) => "where this is true",
        (Opcode::KsIf, _) => "where this is false",
        (_, _) => return None,
    };
    Some((data.loc.span, taken))
}
