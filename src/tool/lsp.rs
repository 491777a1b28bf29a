//! `ksc lsp`: the options of the programs that an editor has open.

use super::{status, usage_error};
use crate::cli::Lsp;
use crate::lsp;
use std::path::Path;
use std::process::ExitCode;

/// Serves an editor until it ends that. The names of programs are those of their files.
pub fn run(args: &Lsp) -> ExitCode {
    if let Err(why) = args.common.check() {
        return usage_error(&why);
    }
    let served = lsp::run(args.common.options(Path::new("program.ks")));
    if served == ExitCode::SUCCESS { ExitCode::from(status::SUCCESS) } else { served }
}
