//! `ksc completions SHELL`: a script that completes command lines.

use super::finish;
use crate::cli::{Cli, Messages};
use crate::link::output;
use crate::session::{Options, Session};
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use std::process::ExitCode;

/// Prints the script for a shell.
pub fn run(shell: Shell) -> ExitCode {
    let mut cx = Session::new(Options::default());
    let all = Cli::command();
    // The scripts would propose hidden commands too.
    let shown = all.get_subcommands().filter(|command| !command.is_hide_set()).cloned();
    let mut command = Command::new("ksc").version("").args(all.get_arguments().cloned()).subcommands(shown);
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "ksc", &mut script);
    // A failure is reported.
    let _ = output::print(&mut cx, String::from_utf8_lossy(&script).into_owned());
    finish(&mut cx, Messages::default())
}
