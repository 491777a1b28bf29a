//! Passes: what a pass is, and how lists of them run.
//!
//! One file or folder is one pass, but for the manager, `analysis/`, and `hide`, which several passes of loops share.
//! The order of passes is written out in `pipeline.rs` and `target/*.rs`, with the reason for each constraint.

mod analysis;
pub mod assign_ops;
pub mod builtins;
pub mod cancel_points;
pub mod drains;
pub mod elements;
pub mod events;
pub mod first_turns;
pub mod frames;
pub mod function_pointers;
mod hide;
pub mod iterators;
pub mod lock_places;
pub mod locks;
pub mod loop_form;
mod manager;
pub mod map_places;
pub mod map_reuse;
pub mod maps;
pub mod merged_pointers;
pub mod numeric;
pub mod optionals;
pub mod origins;
pub mod outline;
pub mod packet;
pub mod percpu_vars;
pub mod reach;
pub mod records;
pub mod results;
pub mod scratch;
pub mod shared_data;
pub mod split;
pub mod stack_writes;
pub mod strings;
pub mod to_cf;

pub use manager::{Outcome, run};

use crate::ir::{Function, Module, OpId, Symbol};
use crate::session::Session;
use crate::target::Target;
use crate::types::Types;
use analysis::{pointees, pointer_sources};
use std::collections::BTreeSet;

/// Whether a pass changed what it was given; with `--verify-ir` the manager compares that with the truth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Changed {
    No,
    Yes,
}

impl Changed {
    pub fn or(self, other: Changed) -> Changed {
        if self == Changed::Yes { self } else { other }
    }
}

pub struct Pass {
    pub name: &'static str,
    pub summary: &'static str,
    pub run: Run,
}

pub enum Run {
    Module(fn(&mut Module, &mut Session) -> Changed),
    /// For passes that look at one function and the module's declarations only (maps, globals, signatures).
    Function(fn(&mut Function, &Declarations, &mut Session) -> Changed),
}

/// What a function pass may know of the rest of the module.
pub struct Declarations {
    pub target: Option<Target>,
    pub maps: Vec<crate::ir::MapDecl>,
    pub globals: Vec<crate::ir::Global>,
    /// What pointers of unknown origin may point to, in BPF code.
    pub pointees: pointees::Pointees,
    /// The updates of what may be in the packet, or elsewhere.
    pub updates_of_packets: BTreeSet<(Symbol, OpId)>,
}

impl Declarations {
    fn of(module: &Module, types: &Types) -> Declarations {
        let verified = module.target.is_some_and(|target| target.facts().verified);
        let pointees = if verified { pointees::Pointees::of(module, types) } else { pointees::Pointees::default() };
        Declarations {
            target: module.target,
            maps: module.maps.clone(),
            globals: module.globals.clone(),
            updates_of_packets: pointer_sources::updates_of_packets(module, types, &pointees),
            pointees,
        }
    }
}
