//! `lock-places`: checks that a lock or a timer behind a pointer is that of a map entry.
//!
//! Takes `bpf.locked` and what is called with timers after `optionals`, when few ops make pointers; changes nothing. The verifier
//! knows the memory of a pointer on each path, the type of a parameter or variable does not. So this follows the sources of
//! each pointer into callers and callees, and reports those that may not be an entry. BPF only: user space uses neither.

use super::analysis::pointer_sources::{At, Sources, leading};
use super::{Changed, Pass, Run};
use crate::diag::codes::shared::{LockWhat, TimerPlace};
use crate::ir::ops::{BpfLocked, BpfTimerCallback, MapTimerCancel};
use crate::ir::{Module, OpData, Opcode, Value, ValueDef};
use crate::session::Session;
use crate::source::Span;
use crate::types::{Space, Ty, TyKind};
use std::collections::BTreeSet;

pub static PASS: Pass = Pass {
    name: "lock-places",
    summary: "Check that locks and timers are those of map entries",
    after: &[("optionals", "makes plain branches and casts of pointers")],
    before: &[("scratch", "moves variables"), ("outline", "moves code")],
    verifier: None,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    for (at, func) in module.funcs.iter().enumerate() {
        for op in func.walk() {
            let data = &func.ops[op];
            let Some(place) = special(data) else { continue };
            let Some(pointer) = leading(func, place) else { continue };
            let TyKind::Ptr { to, .. } = cx.types.kind(func.ty(pointer)) else { continue };
            let mut search = Search { sources: Sources::new(module, &cx.types), of: to, seen: BTreeSet::new() };
            if let Some((what, span)) = search.no_entry((at, pointer)) {
                let what = what.to_owned();
                let error = match data.opcode == Opcode::BpfLocked {
                    true => cx.error(data.loc.span.start(), LockWhat { what }),
                    false => cx.error(data.loc.span, TimerPlace { what }),
                };
                error.note(span, "the pointer may come from here");
                error.help("pass the address of an entry that is bound: `if (var v = m[key]) { f(&v) }`");
            }
        }
    }
    Changed::No
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
