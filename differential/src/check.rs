//! One program, compared by a process of its own: one that crashes or hangs takes no other with it.

use crate::compare::{Failure, Kind, Report};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A process that takes longer hangs.
pub const PATIENCE: Duration = Duration::from_secs(900);

/// The command that compares one program and prints its report.
pub fn command(file: &Path, seed: u64, inputs: usize, output: &Path) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("check").arg(file).args(["--json", "--seed", &seed.to_string(), "--inputs", &inputs.to_string()]);
    command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(std::fs::File::create(output)?);
    Ok(command)
}

/// The report of a process that ended, or what became of it.
pub fn report(status: std::process::ExitStatus, output: &Path) -> Report {
    let text = std::fs::read_to_string(output).unwrap_or_default();
    match serde_json::from_str(&text) {
        Ok(report) if status.success() => report,
        Ok(_) | Err(_) => {
            let detail = match status.signal() {
                Some(signal) => format!("signal {signal}"),
                None => format!("{status}"),
            };
            let failure = Failure { kind: Kind::Crashed, engine: None, test: None, input: None, after: 0, detail };
            Report { failures: vec![failure], ..Report::default() }
        }
    }
}

pub fn hangs() -> Report {
    let detail = format!("no end after {} s", PATIENCE.as_secs());
    let failure = Failure { kind: Kind::Hangs, engine: None, test: None, input: None, after: 0, detail };
    Report { failures: vec![failure], ..Report::default() }
}
