//! Passes that exist for the kernel's verifier alone: the code is right without them, but some kernels refuse it.
//!
//! Each says which kernels need it and why; where the object may meet none of them, the manager skips it.
//! `unknown_values` is no pass: the passes of loops make the verifier forget values with it. Rewrites of LLVM IR with the same
//! purpose are in `codegen/llvm/verifier/`.

pub mod callback_writes;
pub mod elements;
pub mod merged_pointers;
pub mod specialise;
pub mod stack_writes;
pub mod unknown_values;

use super::{Because, Changed, Declarations, Pass, Run};
