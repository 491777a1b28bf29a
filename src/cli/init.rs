//! The command line of `ksc init`.

use super::Messages;
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Init {
    /// What the program is: an attribute with what it names, such as `xdp`, `tc/egress`, `probe/tcp_connect`,
    /// `tracepoint/sched/sched_switch` or `lsm/file_open`; a struct of functions, such as `tcp_congestion_ops`; `kfunc`
    pub kind: String,
    /// The folder; its last part names the program
    pub name: PathBuf,
    /// Also declare the functions of the kernel that such a program may call
    #[arg(long)]
    pub kfuncs: bool,
    /// The kernel's types: a file of BTF, or an ELF file with BTF such as a `vmlinux`; those of the running kernel by default
    #[arg(long, value_name = "FILE", alias = "btf-vmlinux-path")]
    pub btf: Option<PathBuf>,
    #[command(flatten)]
    pub messages: Messages,
}
