//! Links a native object and the runtime into one executable: by a linker of the system (`linkers.rs`), else through its C compiler driver.

use super::c_files::{self, Inputs};
use super::{linkers, runtime};
use crate::diag::codes::environment::{LinkFailed, NoLinker};
use crate::session::Session;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Lines of the linker's own words that a diagnostic repeats.
pub const LAST_LINES: usize = 12;

/// Options of linkers.
pub const LINKER_OPTIONS: [&str; 7] = [
    "--gc-sections",
    "-O1",
    "--as-needed",
    // Nothing is written over addresses of functions once it runs.
    "-z",
    "relro",
    "-z",
    "now",
];

/// libc is all that the executable needs where it runs.
pub const LIBRARIES: [&str; 3] = ["-lpthread", "-ldl", "-lm"];

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
    let named = std::env::var("CC").ok().filter(|cc| !cc.is_empty());
    let driver = named.clone().unwrap_or_else(|| "cc".into());
    let inputs = c_files::inputs(cx, &driver, folder.path())?;
    // Where a linker fails the driver's words say why, unless that succeeds.
    let direct = if named.is_none() && !cx.options.links_statically {
        linkers::command(cx.options.machine, (&input, &inputs), &library, &linked)
    } else {
        None
    };
    if !direct.is_some_and(|mut command| command.output().is_ok_and(|result| result.status.success())) {
        through_driver(cx, &driver, &inputs, [&input, &library, &linked])?;
    }
    match std::fs::read(&linked) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            cx.environment(LinkFailed { why: error.to_string() });
            None
        }
    }
}

/// Links by the C compiler. None: it failed and was reported.
fn through_driver(cx: &mut Session, driver: &str, inputs: &Inputs, [input, library, linked]: [&Path; 3]) -> Option<()> {
    // `CC` may hold options too, as make has it.
    let mut words = driver.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("cc"));
    command.args(words).arg("-o").arg(linked).arg(input).args(&inputs.files).arg(library);
    command
        .args(if cx.options.links_statically { &["-static-pie"][..] } else { &["-pie", "-static-libgcc"] })
        .args(LINKER_OPTIONS.map(|option| format!("-Wl,{option}")))
        .args(&inputs.libraries);
    command.args(LIBRARIES);
    let result = match command.output() {
        Ok(result) => result,
        Err(error) => {
            cx.environment(NoLinker { driver: driver.to_owned(), why: error.to_string() })
                .help("install gcc (or set CC to a C compiler): ksc uses it to link");
            return None;
        }
    };
    if !result.status.success() {
        c_files::report(cx, driver, result.status, &String::from_utf8_lossy(&result.stderr));
        return None;
    }
    Some(())
}
