//! The command line of `ksc bindings`.

use super::Common;
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Bindings {
    /// A BPF object of any compiler, an executable that ksc made, or a `.ks` file
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// Write a module for Python 3.11 or later, which needs its standard library alone
    #[arg(long, required = true)]
    pub python: bool,
    /// The module's file; standard output by default
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}
