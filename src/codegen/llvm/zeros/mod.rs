//! Zeros that nothing needs, after LLVM's optimisation.
//!
//! A record of a ring buffer is cleared when it is reserved, a struct for its padding, a string before a helper reads text to it. Most of
//! the bytes are written again before anything reads them, and some are zero already; but helpers are calls, beyond which LLVM sees little.
//! Here each variable and each record is followed through its function, byte by byte. A clearing of bytes that are zero is dropped. Any
//! other shrinks to the bytes that something reads before they are written, in as few words as hold them; a word may reach over bytes that
//! are written later. Where that takes fewer words, all bytes are cleared at once, right before the object is first used.
//!
//! A long run of zeros is left by the helper that reads memory of the kernel: from the null pointer it reads zeros. Only programs that
//! read such memory anyway do it, since others may not be allowed to.
//!
//! An object that something else may know, as a function that gets its address, is left alone.

mod bytes;
mod effects;

use super::emit::helper_effects;
use super::joined_stores::instructions;
use super::module::ModuleGen;
use super::verifier::graph::Graph;
use crate::tables;
use bytes::Bytes;
use effects::{Effect, Event, Followed};
use inkwell::values::{InstructionValue, PointerValue};
use std::ops::Range;

/// From so many words on a call saves enough code to be worth its time: about 60 ns (x86-64), where 32 stores take 4.
const LONG: usize = 32;

/// The instructions of such a call with its arguments.
const CALL: usize = 5;

/// In all functions.
pub fn drop_all(g: &ModuleGen) {
    for graph in g.module.get_functions().filter_map(Graph::of) {
        for object in effects::followed(&graph) {
            let at_once = cleared_at_once(&graph, &object).map(|object| Plan::of(&graph, object));
            let plan = Plan::of(&graph, object);
            let plan = at_once.filter(|at_once| at_once.cost < plan.cost).unwrap_or(plan);
            plan.carry_out(g);
        }
    }
}

/// The object with all its bytes cleared before its first use, if there is one such place.
fn cleared_at_once<'c>(graph: &Graph<'c>, object: &Followed<'c>) -> Option<Followed<'c>> {
    let is_new = |mut new: bool, events: &[Event]| {
        events.iter().flat_map(|event| &event.effects).for_each(|effect| new = matches!(effect, Effect::Begin));
        new
    };
    let mut behind = vec![true; graph.blocks.len()];
    let entry = |behind: &[bool], at: usize| at > 0 && graph.before[at].iter().all(|&from| behind[from]);
    let mut changed = true;
    while changed {
        changed = false;
        for at in 0..graph.blocks.len() {
            let new = is_new(entry(&behind, at), &object.events[at]);
            changed |= new != behind[at];
            behind[at] = new;
        }
    }
    let mut firsts = Vec::new();
    for at in 0..graph.blocks.len() {
        let mut new = entry(&behind, at);
        for (index, event) in object.events[at].iter().enumerate() {
            let begins = matches!(event.effects[..], [Effect::Begin]);
            if new && !begins {
                firsts.push((at, index));
            }
            new = begins;
        }
    }
    let [(block, index)] = firsts[..] else { return None };
    let mut object = object.clone();
    let first = &object.events[block][index];
    let clearing = Event { at: first.at, effects: vec![Effect::Zero(0, object.size)], is_made: true };
    object.events[block].insert(index, clearing);
    Some(object)
}

/// What becomes of the clearings of an object.
struct Plan<'c> {
    object: Followed<'c>,
    /// The clearings of bytes that are zero already.
    dropped: Vec<InstructionValue<'c>>,
    runs: Vec<Run<'c>>,
    /// The instructions that clear.
    cost: usize,
}

/// Clearings, one right behind the other for this object, that become fewer instructions.
struct Run<'c> {
    /// The new instructions are before this one.
    before: InstructionValue<'c>,
    replaced: Vec<InstructionValue<'c>>,
    /// Offsets and sizes.
    words: Vec<(usize, usize)>,
    /// Those of the words that the helper clears.
    long: Option<Range<usize>>,
}

impl<'c> Plan<'c> {
    fn of(graph: &Graph<'c>, object: Followed<'c>) -> Plan<'c> {
        let mut plan = Plan { object, dropped: Vec::new(), runs: Vec::new(), cost: 0 };
        plan.drop_known(graph);
        plan.drop_dead(graph);
        plan
    }

    /// Drops the clearings of bytes that are zero already, at the ends of one too.
    fn drop_known(&mut self, graph: &Graph) {
        let behind = known_behind(graph, &self.object);
        for at in 0..graph.blocks.len() {
            let mut known = known_before(graph, &self.object, &behind, at);
            let dropped = &mut self.dropped;
            self.object.events[at].retain_mut(|event| {
                let unknown = event.cleared().map(|(from, to)| (from..to).filter(|&at| !known.has(at)));
                let ends = unknown
                    .map(|mut unknown| unknown.next().map(|first| (first, unknown.next_back().unwrap_or(first))));
                learn(&mut known, event);
                match ends {
                    Some(None) => dropped.push(event.at),
                    Some(Some((first, last))) => event.effects = vec![Effect::Zero(first, last + 1)],
                    None => {}
                }
                ends != Some(None)
            });
        }
    }

    /// Shrinks clearings to the bytes that something may read.
    fn drop_dead(&mut self, graph: &Graph) {
        let object = &self.object;
        let before = live_before(graph, object);
        for at in 0..graph.blocks.len() {
            let mut live = live_behind(graph, object, &before, at);
            let mut run: Vec<&Event> = Vec::new();
            let (mut cleared, mut needed) = (Bytes::none(object.size), live.clone());
            let mut end = |run: &[&Event<'c>], bytes: (&Bytes, &Bytes)| {
                let (made, cost) = shrunk(object, run, bytes);
                self.runs.extend(made);
                self.cost += cost;
            };
            for event in object.events[at].iter().rev() {
                if let Some((from, to)) = event.cleared() {
                    if run.is_empty() {
                        needed = live.clone();
                    }
                    cleared.add(from, to);
                    run.push(event);
                } else {
                    end(&run, (&cleared, &needed));
                    run.clear();
                    cleared.clear();
                }
                need(&mut live, event);
            }
            end(&run, (&cleared, &needed));
        }
    }

    fn carry_out(self, g: &ModuleGen<'_, 'c>) {
        let start = self.object.start;
        for run in &self.runs {
            g.build.before(&run.before);
            let mut words = run.words.clone();
            if let Some(long) = run.long.clone() {
                let run: Vec<(usize, usize)> = words.drain(long).collect();
                let (at, size) = (run[0].0, run.iter().map(|&(_, size)| size).sum());
                clear_by_helper(g, g.build.offset(start, g.build.int(64, at as u64)), size);
            }
            for (at, size) in words {
                let zero = g.build.int(size as u32 * 8, 0);
                g.build.store(g.build.offset(start, g.build.int(64, at as u64)), zero.into(), size as u64);
            }
        }
        let replaced = self.runs.iter().flat_map(|run| &run.replaced);
        self.dropped.iter().chain(replaced).for_each(|at| at.erase_from_basic_block());
    }
}

/// The bytes that are known to be zero behind each block.
fn known_behind(graph: &Graph, object: &Followed) -> Vec<Bytes> {
    let mut behind = vec![Bytes::all(object.size); graph.blocks.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for at in 0..graph.blocks.len() {
            let mut known = known_before(graph, object, &behind, at);
            object.events[at].iter().for_each(|event| learn(&mut known, event));
            changed |= known != behind[at];
            behind[at] = known;
        }
    }
    behind
}

/// Those at the beginning of a block.
fn known_before(graph: &Graph, object: &Followed, behind: &[Bytes], at: usize) -> Bytes {
    let mut known = if at == 0 { Bytes::none(object.size) } else { Bytes::all(object.size) };
    graph.before[at].iter().for_each(|&from| known.keep(&behind[from]));
    known
}

/// The bytes that something may read as they are at the beginning of each block.
fn live_before(graph: &Graph, object: &Followed) -> Vec<Bytes> {
    let mut before = vec![Bytes::none(object.size); graph.blocks.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for at in (0..graph.blocks.len()).rev() {
            let mut live = live_behind(graph, object, &before, at);
            object.events[at].iter().rev().for_each(|event| need(&mut live, event));
            changed |= live != before[at];
            before[at] = live;
        }
    }
    before
}

/// Those at the end of a block.
fn live_behind(graph: &Graph, object: &Followed, before: &[Bytes], at: usize) -> Bytes {
    let mut live = Bytes::none(object.size);
    graph.after[at].iter().for_each(|&to| live.join(&before[to]));
    live
}

/// What is known to be zero behind an event.
fn learn(known: &mut Bytes, event: &Event) {
    for effect in &event.effects {
        match *effect {
            Effect::Begin => known.clear(),
            Effect::Zero(from, to) => known.add(from, to),
            Effect::Write(from, to) | Effect::Touch(from, to) => known.remove(from, to),
            Effect::Read(..) => {}
        }
    }
}

/// What may be read as it is before an event.
fn need(live: &mut Bytes, event: &Event) {
    for effect in event.effects.iter().rev() {
        match *effect {
            Effect::Begin => live.clear(),
            Effect::Zero(from, to) | Effect::Write(from, to) => live.remove(from, to),
            Effect::Touch(..) => {}
            Effect::Read(from, to) => live.add(from, to),
        }
    }
}

/// A run of clearings, the last one first, as fewer instructions if that is possible, and how many there are then. `cleared` are their
/// bytes, `live` those that may be read behind them.
fn shrunk<'c>(
    object: &Followed<'c>,
    run: &[&Event<'c>],
    (cleared, live): (&Bytes, &Bytes),
) -> (Option<Run<'c>>, usize) {
    let Some(first) = run.last() else { return (None, 0) };
    let words = words(object, cleared, live);
    let long = object.probes.then(|| long_run(&words)).flatten();
    let replaced: Vec<InstructionValue> = run.iter().filter(|event| !event.is_made).map(|event| event.at).collect();
    let before: usize = replaced.iter().map(|&at| instructions(at)).sum();
    if words.len() >= before && long.is_none() && replaced.len() == run.len() {
        return (None, before);
    }
    let cost = long.as_ref().map_or(words.len(), |long| words.len() - long.len() + CALL);
    (Some(Run { before: first.at, replaced, words, long }), cost)
}

/// The longest run of words side by side, if a call takes fewer instructions than their stores.
fn long_run(words: &[(usize, usize)]) -> Option<Range<usize>> {
    let mut longest = 0..0;
    let mut start = 0;
    for at in 0..words.len() {
        if at > start && words[at - 1].0 + words[at - 1].1 != words[at].0 {
            start = at;
        }
        if at + 1 - start > longest.len() {
            longest = start..at + 1;
        }
    }
    (longest.len() >= LONG).then_some(longest)
}

/// A read from the null pointer leaves zeros.
fn clear_by_helper<'c>(g: &ModuleGen<'_, 'c>, to: PointerValue<'c>, size: usize) {
    let Some(helper) = tables::helper("bpf_probe_read_kernel") else {
        crate::bug!("there is no helper that reads memory")
    };
    let args = [to.into(), g.build.int(32, size as u64).into(), g.build.null().into()];
    let call = g.build.helper(helper.number, Some(g.build.int_type(64).into()), &args);
    helper_effects::mark(g, call, helper, &args);
}

/// Offsets and sizes of aligned words that hold all bytes that are cleared and live, and besides them only bytes that are not.
fn words(object: &Followed, cleared: &Bytes, live: &Bytes) -> Vec<(usize, usize)> {
    let may_clear = |at: usize| at < object.size && (cleared.has(at) || !live.has(at));
    let mut words = Vec::new();
    let mut next = 0;
    for at in (0..object.size).filter(|&at| cleared.has(at) && live.has(at)) {
        if at < next {
            continue;
        }
        let start = |size: usize| at / size * size;
        let fits = |&size: &usize| size <= object.align && (start(size)..start(size) + size).all(may_clear);
        let size = [8, 4, 2].into_iter().find(fits).unwrap_or(1);
        words.push((start(size), size));
        next = start(size) + size;
    }
    words
}
