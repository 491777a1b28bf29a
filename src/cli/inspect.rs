//! The command line of `ksc inspect`.

use super::Messages;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Inspect {
    /// The object, such as `prog.bpf.o`, or an executable that ksc made
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// How it is printed
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub format: InspectFormat,
    /// Print which programs and functions call which instead
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub call_graph: Option<GraphFormat>,
    /// Print what the object needs of a kernel instead, each with the first kernel that has it
    #[arg(long, conflicts_with = "call_graph")]
    pub kernels: bool,
    #[command(flatten)]
    pub messages: Messages,
}

/// The form of `--call-graph`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum GraphFormat {
    Text,
    /// For Graphviz
    Dot,
}

/// The form of `ksc inspect`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum InspectFormat {
    Text,
    Json,
}
