//! Loads programs in processes of their own, and says what became of those that were loaded elsewhere.

use crate::diag::codes::environment::OutputNotWritten;
use crate::session::Session;
use crate::tool::kernel::Outcome;
use ks_verify_load::reply::Ended;
use ks_verify_load::{LAST, NO_PRIVILEGE};
use std::fs::File;
use std::io::{Seek, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A folder with an object, and room for logs. It is removed at the end.
pub struct Folder {
    folder: tempfile::TempDir,
    object: PathBuf,
}

/// What became of a program.
pub struct Loaded {
    /// Why it is not loaded, in the loader's words; none if it is.
    pub failed: Option<String>,
    /// The kernel took the program, and what failed comes after it: an array of programs whose other programs are not loaded.
    pub is_taken: bool,
    /// What the verifier wrote, if it came to that.
    pub log: Option<File>,
}

impl Folder {
    /// Writes the object where children find it. None after an error, which was reported.
    pub fn new(cx: &mut Session, object: &[u8]) -> Option<Folder> {
        let made = tempfile::tempdir().and_then(|folder| {
            let path = folder.path().join("object.o");
            std::fs::write(&path, object)?;
            Ok(Folder { folder, object: path })
        });
        made.map_err(|error| {
            let path = std::env::temp_dir().display().to_string();
            cx.environment(OutputNotWritten { path, why: error.to_string() });
        })
        .ok()
    }

    /// Loads a program of the object.
    pub fn load(&self, program: &str) -> Loaded {
        let log = self.folder.path().join("log");
        let ended = File::create(&log).and_then(|_| {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("verify-load").arg(&self.object).arg("--").arg(program).arg(&log);
            command.stdin(Stdio::null()).output()
        });
        let output = match ended {
            Ok(output) => output,
            Err(error) => {
                let failed = Some(format!("no process to load it in: {error}"));
                return Loaded { failed, is_taken: false, log: None };
            }
        };
        let ended = match (output.status.code(), output.status.signal()) {
            (Some(code), _) => Ended::Status(code),
            (None, signal) => Ended::Signal(signal.unwrap_or_default()),
        };
        Loaded::new(ended, &output.stderr, File::open(&log).ok())
    }
}

impl Loaded {
    /// From how the process ended that loaded the program, and what it said on standard error.
    fn new(ended: Ended, said: &[u8], log: Option<File>) -> Loaded {
        let said = String::from_utf8_lossy(said);
        let failed = match ended {
            Ended::Status(0) => None,
            Ended::Signal(signal) => Some(format!("libbpf crashed over the object (signal {signal})")),
            Ended::Status(_) => Some(reason(&said)),
        };
        let is_taken = matches!(ended, Ended::Status(_)) && !said.contains(NOT_TAKEN);
        Loaded { failed, is_taken, log }
    }

    /// What became of the program in a virtual machine.
    pub fn in_guest(outcome: Outcome) -> Loaded {
        let (ended, said, log) = match outcome {
            Ok(outcome) => outcome,
            Err(why) => return Loaded { failed: Some(why), is_taken: false, log: None },
        };
        let file = tempfile::tempfile().and_then(|mut file| {
            file.write_all(&log)?;
            file.rewind()?;
            Ok(file)
        });
        Loaded::new(ended, &said, file.ok())
    }
}

/// What libbpf says of a program that the kernel does not load.
const NOT_TAKEN: &str = "BPF program load failed";

/// Parts of libbpf's messages that only describe its own steps.
const GENERAL: &[&str] =
    &["failed to load", NOT_TAKEN, "BEGIN PROG", "END PROG", "-- ", "permission error while running as root"];

/// The reason among a child's messages: libbpf's first one that names something, and the error of the system.
pub fn reason(said: &str) -> String {
    let last = said.lines().find_map(|line| line.strip_prefix(LAST)).unwrap_or("the loader ended");
    let named = said.lines().filter_map(|line| line.strip_prefix("libbpf: "));
    let mut named = named.filter(|line| !GENERAL.iter().any(|general| line.contains(general)));
    match named.next() {
        Some(line) if last != NO_PRIVILEGE => format!("{line} ({last})"),
        Some(_) | None => last.to_owned(),
    }
}

/// The release of the running kernel, `6.18.4-amd64`.
pub fn running_kernel() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}
