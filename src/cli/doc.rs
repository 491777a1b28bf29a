//! The command line of `ksc doc`.

use super::Common;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What to write a page about, and how.
#[derive(Args, Debug)]
pub struct Doc {
    /// The source
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// The file of the page; standard output by default
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How it is written
    #[arg(long, default_value = "html", value_name = "FORMAT")]
    pub format: DocFormat,
    #[command(flatten)]
    pub common: Common,
}

/// The form of `ksc doc`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum DocFormat {
    /// One file that loads nothing and has no script
    Html,
    /// The facts, for other programs
    Json,
    /// A manual page
    Man,
}
