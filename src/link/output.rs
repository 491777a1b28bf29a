//! Writes artifacts: all or nothing, so that a failed or interrupted run leaves no half file behind.

use crate::diag::codes::environment::OutputNotWritten;
use crate::session::Session;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Writes `bytes` to `path`, or to standard output for `-`. A device or pipe is written in place; a file is replaced by
/// rename. `executable` gives it the execute bits that the umask allows. None: it failed and was reported.
pub fn write(cx: &mut Session, path: &Path, bytes: &[u8], executable: bool) -> Option<()> {
    let result = if path == Path::new("-") {
        std::io::stdout().lock().write_all(bytes).and_then(|()| std::io::stdout().flush())
    } else if path.metadata().is_ok_and(|m| !m.is_file() && !m.is_dir()) {
        std::fs::write(path, bytes)
    } else {
        replace(path, bytes, executable)
    };
    reported(cx, path, result)
}

fn reported(cx: &mut Session, path: &Path, result: std::io::Result<()>) -> Option<()> {
    match result {
        Ok(()) => Some(()),
        // The reader of a pipe that went away has all it wanted.
        Err(error) if path == Path::new("-") && error.kind() == std::io::ErrorKind::BrokenPipe => Some(()),
        Err(error) => {
            cx.environment(OutputNotWritten { path: path.display().to_string(), why: reason(&error) });
            None
        }
    }
}

/// Writes over a file of the user's: the one that a symbolic link leads to, with the permissions that it has.
pub fn rewrite(cx: &mut Session, path: &Path, bytes: &[u8]) -> Option<()> {
    let real = path.canonicalize();
    let result = real.and_then(|real| replace_with(&real, bytes, real.metadata()?.permissions(), true));
    reported(cx, path, result)
}

fn replace(path: &Path, bytes: &[u8], executable: bool) -> std::io::Result<()> {
    let mode = if executable { 0o777 } else { 0o666 };
    replace_with(path, bytes, std::fs::Permissions::from_mode(mode), false)
}

/// The umask takes from the permissions what it takes from those of every file, unless they are `exact`.
fn replace_with(path: &Path, bytes: &[u8], permissions: std::fs::Permissions, exact: bool) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(std::io::Error::from(std::io::ErrorKind::IsADirectory));
    }
    let mut file = tempfile::Builder::new().prefix(".ksc-").permissions(permissions.clone()).tempfile_in(folder)?;
    file.write_all(bytes)?;
    if exact {
        file.as_file().set_permissions(permissions)?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The system's words without its number.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
