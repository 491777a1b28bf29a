//! The pid file of a daemon: the number of its process, in a file that it has locked. The lock goes with the process, so that what a killed
//! one has left is taken over.

use crate::kernel::errors::{complain, errno, reason};
use crate::kernel::escape;
use crate::kernel::signals::monotonic;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

/// How long a process that is replaced may take to its end.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// A locked file; the process that inherits the descriptor holds the lock too.
pub struct PidFile {
    file: File,
    path: PathBuf,
}

/// Why a file is not ours.
pub enum Refused {
    /// The process of this number holds it; 0 where the file does not say.
    Held(i32),
    /// An errno.
    Failed(i32),
}

/// That of this process, for its end.
static OWN: OnceLock<PidFile> = OnceLock::new();

impl PidFile {
    /// Opens and locks the file, makes it if it is missing, and waits for nobody.
    pub fn take(path: &str) -> Result<PidFile, Refused> {
        let failed = |error: std::io::Error| Refused::Failed(error.raw_os_error().unwrap_or(libc::EIO));
        // The working folder changes in the background.
        let path = std::path::absolute(path).map_err(failed)?;
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o644);
            options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC);
            let file = options.open(&path).map_err(failed)?;
            if !file.metadata().map_err(failed)?.is_file() {
                return Err(Refused::Failed(libc::EINVAL));
            }
            // SAFETY: a live descriptor.
            if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } != 0 {
                return Err(match errno() {
                    libc::EWOULDBLOCK => Refused::Held(number(file)),
                    code => Refused::Failed(code),
                });
            }
            let file = PidFile { file, path: path.clone() };
            // Its last holder may have removed it between the two calls.
            if file.is_there() {
                return Ok(file);
            }
        }
    }

    /// The same, once the process that holds it and is about to end has done so.
    pub fn take_after(path: &str) -> Result<PidFile, Refused> {
        let start = monotonic();
        loop {
            match PidFile::take(path) {
                Err(Refused::Held(_)) if monotonic().saturating_sub(start) < PATIENCE => thread::sleep(PAUSE),
                other => return other,
            }
        }
    }

    /// Writes the number of this process into the file, which it removes at its end.
    pub fn keep(self) {
        extern "C" fn at_exit() {
            if let Some(file) = OWN.get() {
                file.remove();
            }
        }
        let text = format!("{}\n", std::process::id());
        if let Err(error) = self.file.set_len(0).and_then(|()| self.file.write_all_at(text.as_bytes(), 0)) {
            let path = escape::value(&self.path.display().to_string());
            complain(&format!(
                "cannot write the pid file {path}: {}",
                reason(error.raw_os_error().unwrap_or(libc::EIO))
            ));
        }
        if OWN.set(self).is_ok() {
            // SAFETY: a plain function.
            unsafe { libc::atexit(at_exit) };
        }
    }

    /// Removes the file, if its name still leads to it.
    pub fn remove(&self) {
        if self.is_there() {
            fs::remove_file(&self.path).ok();
        }
    }

    fn is_there(&self) -> bool {
        let same = |own: fs::Metadata, there: fs::Metadata| (own.dev(), own.ino()) == (there.dev(), there.ino());
        self.file
            .metadata()
            .ok()
            .zip(fs::symlink_metadata(&self.path).ok())
            .is_some_and(|(own, there)| same(own, there))
    }
}

fn number(mut file: File) -> i32 {
    let mut text = String::new();
    file.read_to_string(&mut text).ok();
    text.trim().parse().unwrap_or(0)
}
