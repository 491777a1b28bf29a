//! Passes: the type of a pass, and how lists of them run.
//!
//! One file or folder is one pass, except for the manager, `order`, `analysis/`, and two folders of passes: `loops/`,
//! and `verifier/` for those that exist only because of the kernel's verifier. `pipeline.rs` and `target/*.rs` define
//! the order of passes. The record of each pass says which others it must follow and precede, and why; a test checks
//! the lists against the records (`order.rs`).

mod analysis;
pub mod arenas;
pub mod assign_ops;
pub mod builtins;
pub mod cancel_points;
pub mod constants;
pub mod core_access;
pub mod drains;
pub mod dynptrs;
pub mod events;
pub mod exits;
pub mod frames;
pub mod function_pointers;
pub mod inline_lookups;
pub mod joined_calls;
pub mod kernel_copies;
pub mod left_out;
pub mod lifecycle;
pub mod lock_places;
pub mod locks;
pub mod loops;
mod manager;
pub mod map_places;
pub mod map_reuse;
pub mod maps;
pub mod memory_sizes;
pub mod metrics;
pub mod moved_packets;
pub mod nulls;
pub mod numeric;
pub mod optionals;
mod order;
pub mod packet;
pub mod percpu_vars;
pub mod probe_forms;
pub mod reach;
pub mod records;
pub mod references;
pub mod results;
mod rules;
pub mod scratch;
pub mod shared_data;
pub mod split;
pub mod streams;
pub mod strings;
pub mod tail_calls;
pub mod tail_position;
pub mod tail_tables;
pub mod timers;
pub mod to_cf;
pub mod usdt;
pub mod verifier;

pub use manager::{Outcome, report, run};
pub use order::misplaced;

use crate::ir::{Function, Module};
use crate::session::Session;
use crate::tables::Workaround;
use crate::target::Target;
use crate::tuning::Tuning;

/// Whether a pass changed what it was given; with `--verify-ir` the manager compares that with the truth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Changed {
    No,
    Yes,
}

impl Changed {
    /// Whether at least one of both changed something.
    pub fn or(self, other: Changed) -> Changed {
        if self == Changed::Yes { self } else { other }
    }
}

/// A pass by its name, with the reason why its order matters to another one.
pub type Neighbour = (&'static str, &'static str);

/// The name for each other pass of the list.
pub const EVERY: &str = "*";

/// A pass: its name, its place in the order, and its function.
pub struct Pass {
    pub name: &'static str,
    pub summary: &'static str,
    /// Passes that run before this one wherever both run, and what they do that makes it so.
    pub after: &'static [Neighbour],
    /// Passes that run after this one wherever both run, and what they do that makes it so.
    pub before: &'static [Neighbour],
    pub because: Because,
    pub run: Run,
}

/// Why there is a pass.
pub enum Because {
    /// It implements a construct of the language, or reports an error that the language defines.
    Language,
    /// The target has no such construct: an instruction, a helper, a section or an ABI takes its place.
    Target,
    /// The code is right without it, but some kernels' verifiers do not take it. If none of these workarounds is in force, the manager skips the
    /// pass.
    Verifier(&'static [&'static Workaround]),
    /// The code is right without it, but slower or larger.
    Speed,
}

impl Because {
    /// The workarounds that the pass is for.
    pub fn workarounds(&self) -> &'static [&'static Workaround] {
        match self {
            Because::Verifier(all) => all,
            Because::Language | Because::Target | Because::Speed => &[],
        }
    }
}

/// The function of a pass, by the part of a program that it takes.
pub enum Run {
    Module(fn(&mut Module, &mut Session) -> Changed),
    /// For passes that take the tuning, which says how to spare stack.
    Tuned(fn(&mut Module, &mut Session, &Tuning) -> Changed),
    /// For passes that look at one function and the module's declarations only (maps, globals, signatures).
    Function(fn(&mut Function, &Declarations, &mut Session) -> Changed),
}

/// The facts about the rest of the module that a function pass may use.
pub struct Declarations {
    pub target: Option<Target>,
    pub maps: Vec<crate::ir::MapDecl>,
    pub globals: Vec<crate::ir::Global>,
    pub index: crate::ir::Index,
}

impl Declarations {
    fn of(module: &Module) -> Declarations {
        let (maps, globals, index) = (module.maps.clone(), module.globals.clone(), module.index.clone());
        Declarations { target: module.target, maps, globals, index }
    }
}
