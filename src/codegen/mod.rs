//! Code generation: from a module after its target's last pass to an object.
//!
//! Sees `ir`, `target` and the tables, never the syntax tree or the typed tree.

/// The contract between executables and the runtime: the runtime's own definitions.
#[path = "../../runtime/src/abi.rs"]
pub mod abi;
pub mod llvm;
