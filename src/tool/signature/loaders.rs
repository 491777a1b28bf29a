//! Loaders are made in a process of its own, since libbpf prints and may crash over an object.

use crate::diag::codes::environment::{NoLoader, OutputNotWritten};
use crate::session::Session;
use crate::tool::verify::load::reason;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A loader, as `ks_verify_load::loader` describes it.
pub struct Made {
    pub instructions: Vec<u8>,
    pub data: Vec<u8>,
    pub names: String,
}

/// The loader of an object of this name. None: it was reported.
pub fn of(cx: &mut Session, object: &[u8], name: &str) -> Option<Made> {
    match made(object, name) {
        Ok(Ok(made)) => Some(made),
        Ok(Err(why)) => {
            cx.environment(NoLoader { why })
                .help("without `--sign` the object is made; whoever loads it then does so without a signature");
            None
        }
        Err(error) => {
            let path = std::env::temp_dir().display().to_string();
            cx.environment(OutputNotWritten { path, why: error.to_string() });
            None
        }
    }
}

/// The loader of an object, or why there is none, in the words of libbpf.
///
/// # Errors
/// There is no process, or no room for what it writes.
pub fn made(object: &[u8], name: &str) -> io::Result<Result<Made, String>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("object.o");
    fs::write(&path, super::sections::for_loader(object))?;
    let output = child(&path, name, folder.path())?;
    if output.status.code() != Some(0) {
        return Ok(Err(reason(&String::from_utf8_lossy(&output.stderr))));
    }
    let read = |name: &str| fs::read(folder.path().join(name));
    let names = String::from_utf8_lossy(&read("names")?).into_owned();
    Ok(Ok(Made { instructions: read("instructions")?, data: read("data")?, names }))
}

fn child(object: &Path, name: &str, folder: &Path) -> io::Result<Output> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("make-loader").arg(object).arg("--").arg(name).arg(folder);
    command.stdin(Stdio::null()).output()
}
