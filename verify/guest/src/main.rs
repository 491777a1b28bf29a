//! The first process of a virtual machine: loads programs one after the other, and sends what became of them over a serial line.
//!
//! Everything is in the archive that the kernel unpacks into its root: this executable as `/init`, the objects in `/jobs`, the list of programs
//! (`/jobs/list`, a line with object and program each), modules, and in which order they are inserted (`/modules/order`).

mod machine;
mod reply;

use ks_verify_load::reply::{Ended, Reply};
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// The argument of the processes that load one program each.
const CHILD: &str = "load";
/// Where a child leaves the verifier's log.
const LOG: &str = "/log";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [word, object, program, log] = words.as_slice()
        && word == CHILD
    {
        return ExitCode::from(ks_verify_load::child(Path::new(object), program, Path::new(log)));
    }
    machine::prepare();
    if let Ok(mut line) = reply::Line::open() {
        line.send(&Reply::Ready(machine::release()));
        let list = fs::read_to_string("/jobs/list").unwrap_or_default();
        for (job, text) in list.lines().enumerate() {
            if let Some((object, program)) = text.split_once(' ') {
                line.send(&load(job, object, program));
            }
        }
        line.send(&Reply::End);
    }
    machine::switch_off()
}

/// Loads a program in a process of its own.
fn load(job: usize, object: &str, program: &str) -> Reply {
    let ended = File::create(LOG).and_then(|_| {
        let mut command = Command::new("/init");
        command.args([CHILD, object, program, LOG]).stdin(Stdio::null()).output()
    });
    let (ended, said) = match ended {
        Ok(output) => {
            let ended = match (output.status.code(), output.status.signal()) {
                (Some(code), _) => Ended::Status(code),
                (None, signal) => Ended::Signal(signal.unwrap_or_default()),
            };
            (ended, output.stderr)
        }
        Err(error) => (Ended::Status(1), format!("no process to load it in: {error}").into_bytes()),
    };
    Reply::Loaded { job, ended, said, log: reply::end_of(Path::new(LOG)) }
}
