//! The command line of `ksc list`.

use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct List {
    /// A kind, a `:` and a name, which may have `*` and `?`: `tracepoint:sched:*`, `probe:tcp_*`, `uprobe:/bin/bash:read*`; `struct sock`; a
    /// kind alone, or a name alone. Without one: the kinds
    #[arg(value_name = "PATTERN")]
    pub pattern: Vec<String>,
    /// Also print the parameters, fields and members, as programs declare them
    #[arg(short, long)]
    pub verbose: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// The kernel's types: a file of BTF, or an ELF file with BTF such as a `vmlinux`; those of the running kernel by default
    #[arg(long, value_name = "FILE")]
    pub btf: Option<PathBuf>,
}
