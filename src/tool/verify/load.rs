//! Loads programs in processes of their own.

use crate::cli::VerifyLoad;
use crate::diag::codes::environment::OutputNotWritten;
use crate::session::Session;
use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// How a child ends whose program is not loaded.
const FAILED: u8 = 1;

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
        let said = String::from_utf8_lossy(&output.stderr);
        let failed = match (output.status.code(), output.status.signal()) {
            (Some(0), _) => None,
            (_, Some(signal)) => Some(format!("libbpf crashed over the object (signal {signal})")),
            (Some(_), None) | (None, None) => Some(reason(&said)),
        };
        let is_taken = output.status.code().is_some() && !said.contains(NOT_TAKEN);
        Loaded { failed, is_taken, log: File::open(&log).ok() }
    }
}

/// What libbpf says of a program that the kernel does not load.
const NOT_TAKEN: &str = "BPF program load failed";

/// The child. It says on standard error why the program is not loaded, after libbpf's own messages.
pub fn child(args: &VerifyLoad) -> u8 {
    let loaded = std::fs::read(&args.object).and_then(|object| {
        let log = File::options().read(true).write(true).open(&args.log)?;
        ks_verify_load::load(&object, &args.program, &log)
    });
    match loaded {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{LAST}{}", words(&error));
            FAILED
        }
    }
}

const LAST: &str = "not loaded: ";

fn words(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EPERM) if !is_root() => "no privilege to load BPF programs: it takes CAP_BPF, or root".to_owned(),
        _ => error.to_string().split(" (os error").next().unwrap_or_default().to_owned(),
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Parts of libbpf's messages that only describe its own steps.
const GENERAL: &[&str] =
    &["failed to load", NOT_TAKEN, "BEGIN PROG", "END PROG", "-- ", "permission error while running as root"];

/// The reason among a child's messages: libbpf's first one that names something, and the error of the system.
fn reason(said: &str) -> String {
    let last = said.lines().find_map(|line| line.strip_prefix(LAST)).unwrap_or("the loader ended");
    let named = said.lines().filter_map(|line| line.strip_prefix("libbpf: "));
    let mut named = named.filter(|line| !GENERAL.iter().any(|general| line.contains(general)));
    match named.next() {
        Some(line) if !last.starts_with("no privilege") => format!("{line} ({last})"),
        Some(_) | None => last.to_owned(),
    }
}

/// The release of the running kernel, `6.18.4-amd64`.
pub fn running_kernel() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}
