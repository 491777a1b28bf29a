//! `shared-data`: decides where each global lives.
//!
//! Takes the whole program after `reach`. Sets `Global::section`: what BPF code reaches is in the object (`.bss` if zero,
//! else `.data`), the rest is data of the process. A `config` that BPF code reads is `.rodata`, which the kernel freezes at
//! load so that its verifier knows the values, if user space cannot write it after the object may have been loaded. Before
//! `split`, because it looks at both sides.
//!
//! `late_writes` decides that. A config that is not frozen gets a note that names the write.
//!
//! `shared-data` gives each a section, and freezes a config (`.rodata`) that no path writes after the load
//! (`passes/analysis/after_event.rs` follows control flow). `local` variables have internal symbols and no BTF. `percpu` variables
//! become map entries (`percpu-vars`). A `local` variable with a lock or what owns objects is the entry of an array in the IR from the
//! start: lowering looks it up once in a function, before anything is acquired there (`lower/entries.rs`). Pinned variables have their
//! own section, which is `.data` if no other variable needs it; the runtime pins the map of that section (`runtime/src/object/pins/`).
//! `bpf.locked` holds the body of a `lock`; ops with the trait `Calls` are illegal in it.

mod late_writes;

use super::analysis::after_event;
use super::analysis::global_uses::global_of;
use super::{Because, Changed, Pass, Run, exits};
use crate::diag::codes::shared::NotFrozen;
use crate::ir::{Global, GlobalKind, Module, Section, Symbol};
use crate::session::Session;
use crate::target::Maps;
use late_writes::{Cause, Late};
use std::collections::BTreeSet;

pub static PASS: Pass = Pass {
    name: "shared-data",
    summary: "Choose the section of each global",
    after: &[("reach", "says what BPF code is")],
    before: &[("split", "drops the other side, and this pass compares what both do")],
    because: Because::Target,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let mut shared: BTreeSet<Symbol> = BTreeSet::new();
    let mut used = BTreeSet::new();
    for func in &module.funcs {
        // The pass `maps` will write the counter of a map.
        let counter = |op| func.ops[op].map().and_then(|map| module.map(map)?.refusals.clone());
        let named = func.walk().into_iter().filter_map(|op| global_of(&func.ops[op]).cloned().or_else(|| counter(op)));
        let of_side = if func.targets.any(|on| on.maps == Maps::InPlace) { &mut shared } else { &mut used };
        of_side.extend(named);
    }
    shared.extend(module.maps.iter().filter_map(|map| Some(map.sized_by.as_ref()?.global.clone())));
    used.extend(shared.iter().cloned());
    let late = late_writes::find(&exits::lowered(module, &mut cx.types));
    for global in &mut module.globals {
        let zero = global.init.iter().all(|&byte| byte == 0);
        global.section = match global.kind {
            // Where other programs and later runs look for it.
            GlobalKind::Pinned => Some(Section::Pinned),
            // User space reads what the loader filled in.
            GlobalKind::Kconfig | GlobalKind::WeakKconfig => used.contains(&global.name).then_some(Section::Kconfig),
            // An entry of a map of its own.
            GlobalKind::Percpu | GlobalKind::Private => None,
            // Each side has its own from the start.
            GlobalKind::Counters => global.section,
            _ if !shared.contains(&global.name) => None,
            GlobalKind::Config if !late.contains_key(&global.name) => Some(Section::Rodata),
            GlobalKind::Config | GlobalKind::Var | GlobalKind::Local => {
                Some(if zero { Section::Bss } else { Section::Data })
            }
        };
        // Tests may write between the runs of a program.
        if let (GlobalKind::Config, Some(late), Some(_), false) =
            (global.kind, late.get(&global.name), global.section, cx.options.tests)
        {
            not_frozen(cx, global, late);
        }
    }
    Changed::Yes
}

/// The first write that keeps a config from being read-only data.
fn not_frozen(cx: &mut Session, global: &Global, late: &Late) {
    let note = cx.note(late.write, NotFrozen { name: cx.source_name(&global.name) });
    match late.cause {
        Cause::After(after_event::Cause::Event(load)) => note.note(load, "the object may be loaded here").help(
            "written before the first `load` on every path it is frozen, and the verifier drops the branches that it rules out",
        ),
        Cause::After(after_event::Cause::Callable(taken)) => note.note(taken, "what this names may be called at any time, also after a load"),
        Cause::Address => note.help("what has its address can write it at any time; take the address of a copy"),
    };
}
