//! `lock-places`: checks that a lock, a timer or an owner of objects behind a pointer belongs to a map entry.
//!
//! Takes `bpf.locked` and the calls with timers, lists, trees and kept objects after `optionals`, when few ops make pointers; changes
//! nothing. The verifier knows the memory of a pointer on each path; the type of a parameter or variable does not say it. So this follows
//! the sources of each pointer into callers and callees, and reports those that may not be an entry. BPF only: user space uses neither.

use super::analysis::pointer_sources::{At, Sources, leading};
use super::{Because, Changed, Pass, Run};
use crate::diag::codes::shared::{LockWhat, OwnerUse, TimerPlace};
use crate::ir::ops::{BpfHelper, BpfLocked, BpfObjectAdd, BpfObjectCall, BpfTimerCallback, KsAddr, MapTimerCancel};
use crate::ir::{Function, Module, OpData, Opcode, Value, ValueDef};
use crate::session::Session;
use crate::source::Span;
use crate::tables;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::BTreeSet;

pub static PASS: Pass = Pass {
    name: "lock-places",
    summary: "Check that locks and timers are those of map entries",
    after: &[("optionals", "makes plain branches and casts of pointers")],
    before: &[("scratch", "moves variables"), ("outline", "moves code")],
    because: Because::Language,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    for (at, func) in module.funcs.iter().enumerate() {
        for data in func.all() {
            let owner = owner(func, data);
            let Some(place) = special(data).or(owner) else { continue };
            let Some(pointer) = leading(func, place) else { continue };
            if data.opcode == Opcode::BpfLocked
                && let Some(version) = cx.options.lacks(LOCKS_OF_TIMERS)
                && let Some(timer) = timer_function(module, &cx.types, (at, pointer))
            {
                let what = "a lock of the entry that a timer's function is given".to_owned();
                if let Some(error) = cx.needs_kernel(data.loc.span.start(), what, version) {
                    error.note(timer, "the kernel calls this function when a timer ends");
                    error.help(format!("give `--min-kernel={version}`, or write `min_kernel \"{version}\"`"));
                    continue;
                }
            }
            let TyKind::Ptr { to, .. } = cx.types.kind(func.ty(pointer)) else { continue };
            let mut search = Search { sources: Sources::new(module, &cx.types), of: to, seen: BTreeSet::new() };
            if let Some((what, span)) = search.no_entry((at, pointer)) {
                let what = what.to_owned();
                let name = cx.sources.text(data.loc.span).to_owned();
                let error = if data.opcode == Opcode::BpfLocked {
                    cx.error(data.loc.span.start(), LockWhat { what })
                } else if owner.is_some() {
                    cx.error(data.loc.span.start(), OwnerUse { name, why: format!("this may be {what}") })
                } else {
                    cx.error(data.loc.span, TimerPlace { what })
                };
                error.note(span, "the pointer may come from here");
                error.help("pass the address of an entry that is bound: `if (var v = m[key]) { f(&v) }`");
            }
        }
    }
    Changed::No
}

/// The verifier knows a lock by the lookup that yielded its entry; before this kernel it takes what a callback is given for none.
const LOCKS_OF_TIMERS: Option<(u32, u32)> = Some((6, 2));

/// The function for the ends of timers whose entry a pointer may be.
fn timer_function(module: &Module, types: &Types, start: At) -> Option<Span> {
    let sources = Sources::new(module, types);
    let (mut open, mut seen) = (vec![start], BTreeSet::new());
    while let Some((at, pointer)) = open.pop() {
        if !seen.insert((at, pointer)) {
            continue;
        }
        let func = &module.funcs[at];
        if matches!(func.values[pointer].def, ValueDef::Arg(block, _) if block == func.entry())
            && is_callback(module, func)
        {
            return Some(func.name_span);
        }
        open.extend(sources.made_of((at, pointer)).into_iter().flatten());
    }
    None
}

fn is_callback(module: &Module, func: &Function) -> bool {
    let names =
        |op: &OpData| op.opcode == Opcode::BpfTimerCallback && *BpfTimerCallback::of(op).callback() == func.name;
    module.funcs.iter().any(|other| other.walk().into_iter().any(|op| names(&other.ops[op])))
}

/// The lock or timer that an op takes.
fn special(op: &OpData) -> Option<Value> {
    if op.opcode == Opcode::BpfLocked {
        return Some(BpfLocked::of(op).lock());
    }
    if op.opcode == Opcode::BpfTimerCallback {
        return Some(BpfTimerCallback::of(op).timer());
    }
    (op.opcode == Opcode::MapTimerCancel).then(|| MapTimerCancel::of(op).timer())
}

/// The field that owns objects which an op takes.
fn owner(func: &Function, op: &OpData) -> Option<Value> {
    if op.opcode == Opcode::BpfObjectCall {
        return Some(BpfObjectCall::of(op).owner());
    }
    if op.opcode == Opcode::BpfObjectAdd {
        return Some(BpfObjectAdd::of(op).owner());
    }
    if op.opcode != Opcode::BpfHelper || **BpfHelper::of(op).helper() != *tables::EXCHANGE {
        return None;
    }
    let address = func.def(*op.operands.first()?).map(|op| &func.ops[op])?;
    (address.opcode == Opcode::KsAddr).then(|| KsAddr::of(address).place())
}

/// The search for where a pointer may come from.
struct Search<'m> {
    sources: Sources<'m>,
    /// The value of the map.
    of: Ty,
    seen: BTreeSet<At>,
}

impl Search<'_> {
    /// A possible pointee that is no entry, and where its pointer is made.
    fn no_entry(&mut self, (at, pointer): At) -> Option<(&'static str, Span)> {
        let func = &self.sources.module.funcs[at];
        let TyKind::Ptr { to, space, .. } = self.sources.types.kind(func.ty(pointer)) else { return None };
        if !self.seen.insert((at, pointer)) || (space == Space::MapValue && to == self.of) {
            return None;
        }
        // A value computed from an entry's address is no part of the search: its bytes may be of another value.
        if let Some(made_of) = self.sources.made_of((at, pointer)).filter(|_| space != Space::MapValue) {
            return made_of.into_iter().find_map(|source| self.no_entry(source));
        }
        let span = match func.values[pointer].def {
            ValueDef::Result(op, _) => func.ops[op].loc.span,
            ValueDef::Arg(..) => func.name_span,
        };
        Some((if space == Space::Stack { "that of a copy" } else { "what may be something else" }, span))
    }
}
