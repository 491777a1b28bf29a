//! The map that says where the arguments of a probe are. `src/passes/usdt/decode.ksir` of the compiler declares it, and the BPF code that
//! reads them.

use std::ffi::CStr;

/// The map of the arguments' places of probes that notes describe; the cookie of each attachment is its key.
pub const MAP: &CStr = c"ks_usdt";

/// The most arguments of such a probe.
pub const MOST: usize = 12;

/// Where an argument of such a probe is: the BPF code that reads it is `src/passes/usdt/decode.ksir` of the compiler.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Argument {
    /// The value itself, or what is added to the address.
    pub offset: u64,
    /// The offset of the base register in `struct pt_regs`, in bytes.
    pub base: u8,
    /// The offset of the index register there, in bytes; its value is shifted left by `scale` and added.
    pub index: u8,
    pub scale: u8,
    /// How many bytes the value has, at most 8.
    pub size: u8,
    /// How many bits of the register are below the value.
    pub shift: u8,
    /// A `Form`.
    pub form: u8,
    pub is_signed: u8,
}

/// `Argument::form`
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// `offset` is the value.
    Constant = 0,
    /// The register `base` has it.
    Register = 1,
    /// It is in memory at `base + offset`.
    Memory = 2,
    /// It is in memory at `base + (index << scale) + offset`.
    Indexed = 3,
}

/// A value of the map `MAP`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Probe {
    pub arguments: [Argument; MOST],
    /// The cookie that the program passed to `attach`.
    pub cookie: u64,
}
