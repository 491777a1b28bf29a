//! The KernelScript compiler. Read `pipeline.rs` first: it is the whole compiler in one function.

pub mod ast;
pub mod btf;
pub mod cli;
pub mod codegen;
pub mod dataflow;
pub mod diag;
pub mod fold;
pub mod ir;
pub mod kernels;
pub mod link;
pub mod lower;
pub mod modules;
pub mod passes;
pub mod pipeline;
pub mod sema;
pub mod session;
pub mod source;
pub mod syntax;
pub mod tables;
pub mod target;
pub mod tool;
pub mod tracefs;
pub mod tuning;
pub mod types;
pub mod version;
