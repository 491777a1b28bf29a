//! Maps from user space: lookup, update, delete (`access.rs`), iteration (`iter.rs`), with the per-CPU rules of the language
//! (`percpu.rs`) and the keys of storages (`objects.rs`). The first access loads the object.

pub mod access;
mod cgroups;
mod cpus;
mod failures;
mod inner;
pub mod iter;
mod keyless;
pub mod map;
mod objects;
mod percpu;
