//! The kernel's types, from its BTF (Documentation/bpf/btf.rst of Linux): a reader of our own.
//!
//! A kernel has more than 100,000 types, and a program names a few of them. One walk over the records notes where each begins. A lookup by
//! name finds the name among the strings, and then the records that have it. The file may hold anything: each access is checked, and a
//! wrong number, offset or name is an error, [`Malformed`].

mod file;
mod flavours;
pub mod forwards;
mod import;
mod kfuncs;
mod members;
mod modules;
mod names;
mod own;
mod sections;
mod struct_ops;
mod symbols;
#[cfg(test)]
mod tests;
mod types;

pub use file::OpenError;
pub use import::{KernelEnumerator, KernelTypes, NotImported, Prototype, StructField};
pub use kfuncs::{KernelFunction, KernelParam, Tagged};
pub use members::Member;
pub use names::Wanted;
pub use sections::Variable;
pub use struct_ops::OpsMember;
pub use types::{Enumerator, Kind, Param, Type};

use crate::target::Endian;
use std::ops::Range;

/// Where Linux shows the BTF of the running kernel.
pub const RUNNING: &str = "/sys/kernel/btf/vmlinux";

/// The number of a type; 0 is `void`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TypeId(pub u32);

impl TypeId {
    /// `void`, which has no record; the ids of the records begin at 1.
    pub const VOID: TypeId = TypeId(0);
}

/// The file does not hold what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

/// A file of BTF.
pub struct Btf {
    data: Vec<u8>,
    endian: Endian,
    types: Range<usize>,
    strings: Range<usize>,
    /// Where each type begins, from the first on.
    starts: Vec<u32>,
}
