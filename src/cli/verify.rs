//! The command line of `ksc verify`.

use super::{Common, InspectFormat};
use clap::Args;
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
    /// How it is printed
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub format: InspectFormat,
    #[command(flatten)]
    pub common: Common,
}

/// The child of `ksc verify`, in which libbpf may print and crash.
#[derive(Args, Debug)]
pub struct VerifyLoad {
    pub object: PathBuf,
    pub program: String,
    pub log: PathBuf,
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it has the form NAME=VALUE".to_owned()),
    }
}
