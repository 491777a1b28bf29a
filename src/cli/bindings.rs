//! The command line of `ksc bindings`.

use super::Common;
use crate::codegen::bindings::{Go, Language};
use crate::tables::GO_PACKAGES;
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
    /// Package of the file for Go
    #[arg(long, value_name = "NAME", default_value = Go::PLAIN.package, value_parser = package)]
    pub package: String,
    /// Write a file for Go that needs no `ebpf.Variable`, for cilium/ebpf before 0.17: the sections of variables are maps
    #[arg(long)]
    pub without_variables: bool,
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
    /// Write a file for Go, with the types and functions that bpf2go writes for programs with cilium/ebpf
    #[arg(long)]
    pub go: bool,
}

impl Bindings {
    /// The language that is asked for.
    pub fn language(&self) -> Language<'_> {
        match self.language {
            Languages { rust: true, .. } => Language::Rust,
            Languages { go: true, .. } => {
                Language::Go(Go { package: &self.package, variables: !self.without_variables })
            }
            Languages { python: _, rust: false, go: false } => Language::Python,
        }
    }
}

/// The name of a package of Go.
fn package(text: &str) -> Result<String, String> {
    let is_name = text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if is_name && GO_PACKAGES.binary_search(&text).is_err() {
        Ok(text.to_owned())
    } else {
        Err("the name of a package has small letters and digits, and is no keyword of Go".into())
    }
}
