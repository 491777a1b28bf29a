//! Code generation: from a module after its target's last pass to an object.
//!
//! Sees `ir`, `target` and the tables, never the syntax tree or the typed tree.

/// The contract between executables and the runtime: the runtime's own definitions.
#[path = "../../runtime/src/abi.rs"]
pub mod abi;
pub mod c;
mod formats;
pub mod header;
pub mod llvm;
mod taken;

/// The section of an object from which tools know what its program pins: lines of `map NAME` or `section NAME`, a tab, and the
/// path. Loaders pass over sections with such a prefix.
pub const PINS_SECTION: &str = ".debug_ks_pins";

/// Executables carry the object at such an offset: it is read in place as an ELF file.
pub const OBJECT_ALIGN: usize = 16;
