//! The command line of `ksc bindings`.

use super::Common;
use crate::codegen::bindings::Language;
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Bindings {
    /// A BPF object of any compiler, an executable that ksc made, or a `.ks` file
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    #[command(flatten)]
    pub language: Languages,
    /// The module's file; standard output by default
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// The language: one of these.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct Languages {
    /// Write a module for Python 3.11 or later, which needs its standard library alone
    #[arg(long)]
    pub python: bool,
    /// Write a module for Rust, with the types and names that programs with aya or libbpf-rs need
    #[arg(long)]
    pub rust: bool,
}

impl Languages {
    /// The one that is asked for.
    pub fn one(&self) -> Language {
        match self {
            Languages { rust: true, .. } => Language::Rust,
            Languages { python: _, rust: false } => Language::Python,
        }
    }
}
