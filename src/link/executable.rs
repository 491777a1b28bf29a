//! Links a native object and the runtime into one executable, through the system's C compiler driver.

use super::runtime;
use crate::diag::codes::environment::{LinkFailed, NoLinker};
use crate::session::Session;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// Lines of the linker's own words that a diagnostic repeats.
const LAST_LINES: usize = 12;

/// The executable of `object`. None: it failed and was reported.
pub fn link(cx: &mut Session, object: &[u8]) -> Option<Vec<u8>> {
    // Whatever the umask is, nobody else may put a library into what is linked.
    let folder = match tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir() {
        Ok(folder) => folder,
        Err(error) => {
            let why = format!("no temporary folder: {error}");
            cx.environment(LinkFailed { why });
            return None;
        }
    };
    let library = runtime::find(cx, folder.path())?;
    let (input, linked) = (folder.path().join("program.o"), folder.path().join("program"));
    if let Err(error) = std::fs::File::create(&input).and_then(|mut file| file.write_all(object)) {
        cx.environment(LinkFailed { why: format!("cannot write `{}`: {error}", input.display()) });
        return None;
    }
    let driver = std::env::var("CC").ok().filter(|cc| !cc.is_empty()).unwrap_or_else(|| "cc".into());
    // `CC` may hold options too, as make has it.
    let mut words = driver.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("cc"));
    command.args(words).arg("-o").arg(&linked).arg(&input).arg(&library);
    // libc is all that the executable needs where it runs; the program's own debug information stays.
    command.args([
        "-pie",
        "-static-libgcc",
        "-Wl,--gc-sections",
        "-Wl,-O1",
        "-Wl,--as-needed",
        // Nothing is written over addresses of functions once it runs.
        "-Wl,-z,relro,-z,now",
        "-lpthread",
        "-ldl",
        "-lm",
    ]);
    let result = match command.output() {
        Ok(result) => result,
        Err(error) => {
            cx.environment(NoLinker { driver: driver.clone(), why: error.to_string() })
                .help("install gcc (or set CC to a C compiler): ksc uses it to link");
            return None;
        }
    };
    if !result.status.success() {
        let text = String::from_utf8_lossy(&result.stderr).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
        cx.environment(LinkFailed { why: format!("`{driver}` ended with {}", result.status) }).remark(last);
        return None;
    }
    match std::fs::read(&linked) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            cx.environment(LinkFailed { why: error.to_string() });
            None
        }
    }
}
