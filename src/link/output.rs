//! Writes all artifacts or none, so that a failed or interrupted run leaves no partial file.

use super::in_place;
use crate::diag::codes::environment::{OutputIsInput, OutputNotWritten, OutputTwice};
use crate::session::Session;
use crate::source::load;
use crate::source::paths::regular_file;
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// One file to write.
pub struct Output {
    /// `-` is standard output. A device or pipe is written in place (`in_place.rs`); a file is replaced by rename, and so is a
    /// link to one.
    pub path: PathBuf,
    pub bytes: Vec<u8>,
    /// Whether it gets the execute bits that the umask allows.
    pub executable: bool,
}

/// Writes all of them, or none where one cannot be written. None: it failed and was reported.
pub fn write(cx: &mut Session, outputs: Vec<Output>) -> Option<()> {
    distinct(cx, &outputs)?;
    let mut ready = Vec::new();
    for output in outputs {
        let result = prepare(&output);
        let file = reported(cx, &output.path, result)?;
        ready.push((output, file));
    }
    for (output, file) in ready {
        let result = match file {
            Some(file) => file.persist(&output.path).map(|_| ()).map_err(|error| error.error),
            None if output.path == Path::new("-") => {
                std::io::stdout().lock().write_all(&output.bytes).and_then(|()| std::io::stdout().flush())
            }
            None => in_place::write(&output.path, &output.bytes),
        };
        reported(cx, &output.path, result)?;
    }
    Some(())
}

/// Makes a folder, unless it is there. None: it failed and was reported.
pub fn folder(cx: &mut Session, path: &Path) -> Option<()> {
    let result = if path.is_dir() { Ok(()) } else { std::fs::create_dir(path) };
    reported(cx, path, result)
}

/// None: an output is an input, or the same file as another output, which was reported.
fn distinct(cx: &mut Session, outputs: &[Output]) -> Option<()> {
    let mut seen: Vec<(&Path, (u64, u64))> = Vec::new();
    for Output { path, .. } in outputs {
        let target = if path == Path::new("-") { Path::new("/dev/stdout") } else { path };
        let Some(file) = regular_file(target) else { continue };
        if let Some(input) = cx.input_at(target) {
            let (output, input) = (shown(path), load::name(input));
            cx.environment(OutputIsInput { output, input }).help("`-o NAME` gives what is written another name");
            return None;
        }
        if let Some((one, _)) = seen.iter().find(|(_, other)| *other == file) {
            cx.environment(OutputTwice { one: shown(one), other: shown(path) });
            return None;
        }
        seen.push((path, file));
    }
    Some(())
}

fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard output".into() } else { path.display().to_string() }
}

/// Writes text to standard output. None: it failed and was reported.
pub fn print(cx: &mut Session, text: String) -> Option<()> {
    write(cx, vec![Output { path: "-".into(), bytes: text.into_bytes(), executable: false }])
}

/// The whole file, complete but for its name; none for what is written in place.
fn prepare(output: &Output) -> std::io::Result<Option<NamedTempFile>> {
    if output.path == Path::new("-") || in_place::wanted(&output.path)? {
        return Ok(None);
    }
    let mode = if output.executable { 0o777 } else { 0o666 };
    beside(&output.path, &output.bytes, Permissions::from_mode(mode)).map(Some)
}

fn reported<T>(cx: &mut Session, path: &Path, result: std::io::Result<T>) -> Option<T> {
    match result {
        Ok(done) => Some(done),
        // The reader of a pipe that went away has all it wanted.
        Err(error) if path == Path::new("-") && error.kind() == std::io::ErrorKind::BrokenPipe => None,
        Err(error) => {
            cx.environment(OutputNotWritten { path: shown(path), why: reason(&error) });
            None
        }
    }
}

/// Writes over a file of the user's: the one that a symbolic link leads to, with the owner and permissions that it has.
pub fn rewrite(cx: &mut Session, path: &Path, bytes: &[u8]) -> Option<()> {
    let result = path.canonicalize().and_then(|real| {
        let about = real.metadata()?;
        let file = beside(&real, bytes, about.permissions())?;
        // Only root gives files away; others may do without.
        let _ = fchown(file.as_file(), Some(about.uid()), Some(about.gid()));
        // The permissions of the new file lack those that the umask takes.
        file.as_file().set_permissions(Permissions::from_mode(about.mode() & 0o777))?;
        file.persist(&real).map_err(|error| error.error)
    });
    reported(cx, path, result).map(|_| ())
}

/// A file in the folder of `path`, to be renamed to it.
fn beside(path: &Path, bytes: &[u8], permissions: Permissions) -> std::io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(std::io::Error::from(std::io::ErrorKind::IsADirectory));
    }
    let mut file = tempfile::Builder::new().prefix(".ksc-").permissions(permissions).tempfile_in(folder)?;
    file.write_all(bytes)?;
    Ok(file)
}

/// The system's words without its number.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
