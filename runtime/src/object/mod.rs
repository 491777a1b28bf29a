//! The BPF object: opened, loaded, its programs, maps, variables and pins. It uses `kernel`.

pub mod arenas;
pub mod copies;
mod creation;
mod descriptors;
mod devices;
mod explain;
mod globals;
pub mod handles;
mod kconfig;
mod kernel_module;
pub mod load;
pub mod maps;
pub mod open;
pub mod optional;
pub mod parts;
mod pin;
pub mod pins;
mod places;
pub mod prints;
mod probes;
pub mod replacement;
mod run;
pub mod state;
pub mod struct_ops;
mod test_runs;
mod tiers;
mod variables;
