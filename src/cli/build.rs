//! The command line of `ksc FILE`, and of `ksc build`.

use super::Common;
use crate::target::Target;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Build {
    /// The source: a `.ks` file, a `.ksir` file, or `-` for standard input
    pub input: Option<PathBuf>,
    /// The executable's name, or the file of the only artifact; `-` is standard output
    #[arg(short, long, value_name = "NAME")]
    pub output: Option<PathBuf>,
    /// The sides to build for; all that the program has by default
    #[arg(long, value_delimiter = ',', value_name = "TARGETS")]
    pub target: Vec<Target>,
    /// What to write instead of the executable and the BPF object
    #[arg(long, value_name = "WHAT")]
    pub emit: Option<Emit>,
    /// Write which files were read, as a rule for make; the form is that of `gcc -MMD -MF FILE`
    #[arg(long, value_name = "FILE")]
    pub depfile: Option<PathBuf>,
    /// Report what each tail call, packet access, map operation and loop of BPF code became, and why
    #[arg(long)]
    pub explain_lowering: bool,
    /// Print what the BPF object needs of a kernel, each with the first kernel that has it; write nothing else
    #[arg(long, conflicts_with = "emit")]
    pub kernel_report: bool,
    /// BPF objects in an executable: one for `--min-kernel`, or others too, without the workarounds that newer kernels do not need
    #[arg(long, default_value = "all", value_name = "WHICH")]
    pub kernel_tiers: KernelTiers,
    #[command(flatten)]
    pub common: Common,
}

/// A value of `--kernel-tiers`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum KernelTiers {
    All,
    One,
}

/// A value of `--emit`: the artifact, or the stage that is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum Emit {
    /// The syntax tree, printed as source
    Ast,
    /// The IR that lowering yields
    Khir,
    /// Where control goes in the functions of that IR
    Flow,
    /// The IR of the BPF side after its last pass
    BpfIr,
    /// The IR of user space after its last pass
    HostIr,
    /// The IR of the kernel module after its last pass
    KmodIr,
    /// The C of the kernel module
    C,
    /// LLVM IR, optimised: what becomes the object
    LlvmIr,
    /// Assembly
    Asm,
    /// The object file of one side
    Obj,
    /// A header of C with the types that the BPF object shares
    Header,
    /// A module for Rust with the types, maps, programs and variables of the BPF object
    Rust,
    /// A file for Go with the same, as bpf2go writes it
    Go,
    /// The executable
    Exe,
}
