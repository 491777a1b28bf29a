//! The command line of `ksc verify`.

use super::Common;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Verify {
    /// The programs: `.ks` files, BPF objects of any compiler, executables of ksc
    #[arg(required = true, value_name = "FILE")]
    pub input: Vec<PathBuf>,
    /// Load nothing; explain this log of the verifier, as libbpf, bpftool, cilium/ebpf or aya prints it
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// This program alone, or the one of the log
    #[arg(long, value_name = "NAME")]
    pub program: Option<String>,
    /// Value of a constant of the programs, such as a field of a `config`; may be given several times
    #[arg(long, value_name = "CONFIG.FIELD=VALUE", value_parser = setting)]
    pub set: Vec<(String, String)>,
    /// Kernels that the programs are loaded into, with a comma between two: `this`, the running one; names of `ksc kernel list`; `all` of those; or
    /// paths of boot images (`vmlinuz`). Each but the running one boots in QEMU
    #[arg(long, value_delimiter = ',', default_value = "this", value_name = "LIST", conflicts_with = "log")]
    pub kernel: Vec<String>,
    /// Compare with an earlier `--format=json`: it is an error if a program is newly refused, or if the verifier processes more of one
    #[arg(long, value_name = "FILE", conflicts_with = "log")]
    pub baseline: Option<PathBuf>,
    /// So many per cent more instructions may be processed than in the baseline
    #[arg(long, default_value = "10", value_name = "PERCENT", requires = "baseline", value_parser = tolerance)]
    pub tolerance: f64,
    /// How it is printed
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub format: VerifyFormat,
    #[command(flatten)]
    pub common: Common,
}

/// The form of `ksc verify`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub enum VerifyFormat {
    Text,
    /// One object a line
    Json,
    /// Tables, and annotations of GitHub Actions
    Github,
}

/// The child of `ksc verify`, in which libbpf may print and crash.
#[derive(Args, Debug)]
pub struct VerifyLoad {
    pub object: PathBuf,
    pub program: String,
    pub log: PathBuf,
}

/// The process in which libbpf makes the loader of an object; its parts become files of the folder.
#[derive(Args, Debug)]
pub struct MakeLoader {
    pub object: PathBuf,
    pub name: String,
    pub folder: PathBuf,
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it has the form NAME=VALUE".to_owned()),
    }
}

fn tolerance(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "it is no number of per cent".to_owned())
}
