//! Zeros that nothing needs, after LLVM's optimisation.
//!
//! A record of a ring buffer is cleared when it is reserved, a struct for its padding, a string before a helper reads text to it. Most of
//! the bytes are written again before anything reads them, and some are zero already; but helpers are calls, beyond which LLVM sees little.
//! Here each variable and each record is followed through its function, byte by byte. A clearing of bytes that are zero is dropped. Any
//! other shrinks to the bytes that something reads before they are written, in as few words as hold them; a word may reach over bytes that
//! are written later.
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

/// From so many words on a call takes no longer than their stores: the kernel clears by an instruction that is slow to start.
const LONG: usize = 32;

/// In all functions.
pub fn drop_all(g: &ModuleGen) {
    for graph in g.module.get_functions().filter_map(Graph::of) {
        for mut object in effects::followed(&graph) {
            drop_known(&graph, &mut object);
            drop_dead(g, &graph, &object);
        }
    }
}

/// Drops the clearings of bytes that are zero already.
fn drop_known(graph: &Graph, object: &mut Followed) {
    let mut behind = vec![Bytes::all(object.size); graph.blocks.len()];
    let entry = |behind: &[Bytes], at: usize| {
        let mut known = if at == 0 { Bytes::none(object.size) } else { Bytes::all(object.size) };
        graph.before[at].iter().for_each(|&from| known.keep(&behind[from]));
        known
    };
    let mut changed = true;
    while changed {
        changed = false;
        for at in 0..graph.blocks.len() {
            let mut known = entry(&behind, at);
            object.events[at].iter().for_each(|event| learn(&mut known, event));
            changed |= known != behind[at];
            behind[at] = known;
        }
    }
    for at in 0..graph.blocks.len() {
        let mut known = entry(&behind, at);
        object.events[at].retain(|event| {
            let is_known = event.cleared().is_some_and(|(from, to)| known.has_all(from, to));
            learn(&mut known, event);
            if is_known {
                event.at.erase_from_basic_block();
            }
            !is_known
        });
    }
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

/// Shrinks clearings to the bytes that something may read.
fn drop_dead<'c>(g: &ModuleGen<'_, 'c>, graph: &Graph<'c>, object: &Followed<'c>) {
    let mut before = vec![Bytes::none(object.size); graph.blocks.len()];
    let exit = |before: &[Bytes], at: usize| {
        let mut live = Bytes::none(object.size);
        graph.after[at].iter().for_each(|&to| live.join(&before[to]));
        live
    };
    let mut changed = true;
    while changed {
        changed = false;
        for at in (0..graph.blocks.len()).rev() {
            let mut live = exit(&before, at);
            object.events[at].iter().rev().for_each(|event| need(&mut live, event));
            changed |= live != before[at];
            before[at] = live;
        }
    }
    for at in 0..graph.blocks.len() {
        let mut live = exit(&before, at);
        let mut run: Vec<InstructionValue> = Vec::new();
        let (mut cleared, mut needed) = (Bytes::none(object.size), live.clone());
        for event in object.events[at].iter().rev() {
            if let Some((from, to)) = event.cleared() {
                if run.is_empty() {
                    needed = live.clone();
                }
                cleared.add(from, to);
                run.push(event.at);
            } else {
                clear(g, object, &run, (&cleared, &needed));
                run.clear();
                cleared.clear();
            }
            need(&mut live, event);
        }
        clear(g, object, &run, (&cleared, &needed));
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

/// Replaces a run of clearings, the last one first, by fewer instructions, if that is possible. `cleared` are their bytes, `live` those that
/// may be read behind them.
fn clear<'c>(
    g: &ModuleGen<'_, 'c>,
    object: &Followed<'c>,
    run: &[InstructionValue],
    (cleared, live): (&Bytes, &Bytes),
) {
    let Some(first) = run.last() else { return };
    let mut words = words(object, cleared, live);
    let long = object.probes.then(|| long_run(&words)).flatten();
    let cost: usize = run.iter().map(|&at| instructions(at)).sum();
    if words.len() >= cost && long.is_none() {
        return;
    }
    g.build.before(first);
    if let Some(long) = long {
        let run: Vec<(usize, usize)> = words.drain(long).collect();
        let (at, size) = (run[0].0, run.iter().map(|&(_, size)| size).sum());
        clear_by_helper(g, g.build.offset(object.start, g.build.int(64, at as u64)), size);
    }
    for (at, size) in words {
        let zero = g.build.int(size as u32 * 8, 0);
        g.build.store(g.build.offset(object.start, g.build.int(64, at as u64)), zero.into(), size as u64);
    }
    run.iter().for_each(|at| at.erase_from_basic_block());
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
