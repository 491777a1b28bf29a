//! The kernel's types, from its BTF (Documentation/bpf/btf.rst of Linux): a reader of our own, which makes no index.
//!
//! A kernel has more than 100,000 types, of which a program names a few. So a lookup by name first finds the name among the
//! strings, and then walks over the types for those that have it; a lookup by number walks from the nearest mark. The
//! file may hold anything: each access is checked, and what does not fit is [`Malformed`].

mod file;
mod import;
mod kfuncs;
mod members;
mod modules;
mod names;
mod symbols;
#[cfg(test)]
mod tests;
mod types;

pub use file::OpenError;
pub use import::{KernelEnumerator, KernelTypes, NotImported, Prototype};
pub use kfuncs::{KernelFunction, KernelParam, Tagged};
pub use members::Member;
pub use names::Wanted;
pub use types::{Enumerator, Kind, Param, Type};

use std::ops::Range;

/// Where Linux shows the BTF of the running kernel.
pub const RUNNING: &str = "/sys/kernel/btf/vmlinux";

/// The number of a type; 0 is `void`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TypeId(pub u32);

impl TypeId {
    pub const VOID: TypeId = TypeId(0);
}

/// The file does not hold what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

/// A file of BTF.
pub struct Btf {
    data: Vec<u8>,
    types: Range<usize>,
    strings: Range<usize>,
    /// Where every [`MARK`]th type is, from the first on.
    marks: Vec<usize>,
}

/// How many types there are from one mark to the next.
const MARK: usize = 64;
