//! C for the kernel's own build: the source of a module, with the statements of the program.
//!
//! It sees the IR while control flow is structured (`src/target/kmod.rs`). A value that is used once becomes a part of the expression that
//! uses it; others are local variables (`plan.rs`). Operations that C leaves undefined (overflow, shifts by too much, division by zero) are
//! written so that they are defined.

mod constants;
mod emit;
mod expr;
mod function;
mod lines;
mod names;
mod plan;
mod prelude;
mod registration;
mod source;
mod types;

pub use source::module;
