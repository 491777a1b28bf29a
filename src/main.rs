//! `ksc`: arguments in, exit status out. The compiler itself starts in `pipeline.rs`.

use clap::Parser;
use ksc::cli::{Cli, Command};
use ksc::tool;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A closed pipe (`ksc … | head`) ends the process as it ends any other tool.
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Check(check)) => tool::check::run(&check),
        Some(Command::Explain { code }) => tool::explain::run(&code),
        Some(Command::Fix(fix)) => tool::fix::run(&fix),
        Some(Command::Fmt(fmt)) => tool::fmt::run(&fmt),
        Some(Command::Inspect(inspect)) => tool::inspect::run(&inspect),
        None => tool::build::run(&cli.build),
    }
}
