//! The branches that lead to a place, as lines of the source.

use super::{Sight, names};
use crate::log::{Operation, Text};
use crate::object::Place;
use std::collections::HashMap;

/// A branch of the path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Turn {
    pub place: Place,
    /// The source line of the branch, if it is known.
    pub text: Option<String>,
    /// The line with which the path goes on.
    pub next: Place,
    pub next_text: Option<String>,
    /// How often the path took this turn.
    pub times: usize,
}

/// Turns of a report: the last ones say most.
const MAX_TURNS: usize = 6;
/// Steps that are looked at for them.
const MAX_STEPS: usize = 20_000;

/// The branches between lines on the path before a step, in order: the last ones.
pub(super) fn turns<T: Text>(sight: &Sight<'_, T>, last: usize) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    let mut after = last;
    for step in (last.saturating_sub(MAX_STEPS)..last).rev() {
        let Some(insn) = sight.path.insn(step) else { continue };
        if let Operation::Branch { .. } = insn.operation
            && let Some(turn) = turn(sight, step, after)
        {
            match turns.iter().position(|known| known.place.line == turn.place.line && known.next == turn.next) {
                Some(known) => turns[known].times += 1,
                None if turns.len() < MAX_TURNS => turns.push(turn),
                None => {}
            }
        }
        after = step;
    }
    turns.reverse();
    turns
}

fn turn<T: Text>(sight: &Sight<'_, T>, step: usize, after: usize) -> Option<Turn> {
    let place = sight.place_of_step(step)?;
    // What comes next in the source may be some instructions later.
    let mut next = after;
    while sight.place_of_step(next).is_none_or(|next| (&next.file, next.line) == (&place.file, place.line)) {
        next = sight.path.next(next)?;
        if next > after + MAX_STEPS {
            return None;
        }
    }
    let next_place = sight.place_of_step(next)?;
    let (text, next_text) = (names::line(sight, step), names::line(sight, next));
    Some(Turn { place, text, next: next_place, next_text, times: 1 })
}

/// A step at the line that the path visits most often.
pub(super) fn hottest<T: Text>(sight: &Sight<'_, T>) -> Option<usize> {
    let mut visits: HashMap<u32, (usize, usize)> = HashMap::new();
    for (at, step) in sight.path.steps().iter().enumerate() {
        let visit = visits.entry(step.insn).or_insert((0, at));
        visit.0 += 1;
    }
    let hottest = visits.into_iter().max_by_key(|&(insn, (times, _))| (times, std::cmp::Reverse(insn)));
    hottest.map(|(_, (_, at))| at)
}
