//! The intermediate representation: one generic operation in several dialects (`ir-specs/ops/`), lowered step by step.
//!
//! A function is a tree of regions: a region holds blocks, a block ops, an op may hold regions. Before the pass `to-cf`
//! every region has one block, which ends in a region end (`ks.yield`, `ks.return` …); after it the function's region is a
//! control-flow graph whose blocks end in `cf` terminators. Variables are places (memory), so there are no phi nodes
//! before `to-cf`; aggregates never are SSA values, only scalars, pointers, places and optionals are.
//!
//! Every op has a location, by its type. `verify` states, and checks, what else every pass may rely on.

pub mod arena;
pub mod attrs;
pub mod builder;
pub mod callgraph;
pub mod clone;
pub mod exits;
pub mod flow;
pub mod frames;
pub mod function;
mod index;
pub mod metrics;
pub mod module;
pub mod numbers;
mod op_list;
pub mod ops;
pub mod parse;
pub mod path;
pub mod print;
pub mod printed_types;
pub mod rewrite;
#[cfg(test)]
mod roundtrip;
pub mod struct_ops;
pub mod uses;
pub mod verify;

pub use arena::{Arena, BlockId, OpId, RegionId, Value};
pub use attrs::{Attr, Symbol};
pub use builder::Builder;
pub use exits::Exit;
pub use function::{BlockData, Function, Loc, OpData, Param, RegionData, Role, Throws, ValueData, ValueDef};
pub use index::Index;
pub use metrics::{MetricDecl, MetricNumber};
pub use module::{
    Global, GlobalKind, KfuncDecl, MapDecl, Module, OptionSpec, OptionsDecl, ProgramDecl, Section, SizeSource, TestDecl,
};
pub use ops::Opcode;
pub use path::Path;
pub use struct_ops::{OpsMember, OpsValue, StructOps};
pub use uses::Uses;
