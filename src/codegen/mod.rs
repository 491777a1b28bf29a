//! Code generation: from a module after its target's last pass to an object.
//!
//! Sees `ir`, `target` and the tables, never the syntax tree or the typed tree.

/// The contract between executables and the runtime: the runtime's own definitions.
#[path = "../../runtime/src/abi.rs"]
pub mod abi;
pub mod bindings;
pub mod c;
mod formats;
pub mod header;
pub mod llvm;
pub mod peephole;
pub mod signed;
mod taken;

/// The section of an object from which tools know what its program pins: lines of `map NAME` or `section NAME`, a tab, and the
/// path. Loaders pass over sections with such a prefix.
pub const PINS_SECTION: &str = ".debug_ks_pins";

/// The section of an object for newer kernels alone, with the first of them as text.
pub const TIER_SECTION: &str = ".debug_ks_kernel";

/// The section with what made the oldest kernel a later one than 6.1: that kernel, a blank, and words.
pub const NEEDS_SECTION: &str = ".debug_ks_needs";

/// The section of an object with the types of the records of its maps of events, as JSON (`bindings/model.rs`).
pub const RECORDS_SECTION: &str = ".debug_ks_records";

/// Executables carry objects at such an offset: they are read in place as ELF files.
pub const OBJECT_ALIGN: usize = 16;

/// C's name of an integer type of so many bits.
pub(crate) fn c_integer(bits: u8, signed: bool) -> &'static str {
    match (bits, signed) {
        (8, false) => "unsigned char",
        (16, false) => "unsigned short",
        (32, false) => "unsigned int",
        (_, false) => "unsigned long long",
        (8, true) => "signed char",
        (16, true) => "short",
        (32, true) => "int",
        (_, true) => "long long",
    }
}
