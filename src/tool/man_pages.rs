//! `ksc man-pages FOLDER`: a manual page for ksc and one for each of its commands.

use super::finish;
use crate::cli::{Cli, Messages};
use crate::diag::codes::environment::OutputNotWritten;
use crate::session::{Options, Session};
use clap::CommandFactory;
use std::path::Path;
use std::process::ExitCode;

/// Writes the pages into a folder, which is made if it is missing.
pub fn run(folder: &Path) -> ExitCode {
    let mut cx = Session::new(Options::default());
    // The commands that are refused have no page.
    let shown = Cli::command().disable_help_subcommand(true);
    let result = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(shown, folder));
    if let Err(error) = result {
        cx.environment(OutputNotWritten { path: folder.display().to_string(), why: error.to_string() });
    }
    finish(&mut cx, Messages::default())
}
