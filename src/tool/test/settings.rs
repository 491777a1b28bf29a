//! Settings of the kernel that a test has written: they are restored once its processes have ended.
//!
//! The runtime (`runtime/src/kernel/settings/restore.rs`) locks a file before it reads or writes the first one, and adds a record for each: the path,
//! the number of bytes, a line each, and the bytes. A file that is open in this process too stays locked until the values are back, so that
//! two tests which use settings run one after the other.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// The variable of the environment that tells a test where to lock and to write.
pub const VARIABLE: &str = "KS_TEST_SETTINGS";

/// The descriptor that the tests lock.
const LOCK: i32 = 100;

/// The means by which one test keeps what it overwrites.
pub struct Kept {
    lock: File,
    records: PathBuf,
}

impl Kept {
    /// For the test of this number, in the folder of the run.
    pub fn new(folder: &Path, at: usize) -> io::Result<Kept> {
        let lock = File::options().create(true).truncate(false).write(true).open(folder.join("settings.lock"))?;
        Ok(Kept { lock, records: folder.join(format!("{at}.settings")) })
    }

    /// The value of the variable.
    pub fn variable(&self) -> String {
        format!("{LOCK} {}", self.records.display())
    }

    /// The descriptor to hand on, for `hand_on`.
    pub fn lock(&self) -> i32 {
        self.lock.as_raw_fd()
    }

    /// Whether the test waits for another one that uses settings.
    pub fn waits(&self) -> bool {
        self.records.with_extension("settings.waits").exists()
    }

    /// Writes back what the test has overwritten, the last one first. The paths of those that cannot be.
    pub fn restore(self) -> Vec<String> {
        let mut records = parse(&fs::read(&self.records).unwrap_or_default());
        records.reverse();
        let lost = records.into_iter().filter(|(path, value)| !restored(path, value));
        lost.map(|(path, _)| path).collect()
    }
}

/// In the child, between fork and exec: the lock under its number, open in the program.
pub fn hand_on(lock: i32) {
    // SAFETY: one system call.
    unsafe { libc::dup2(lock, LOCK) };
}

/// By one write, as the kernel takes a value; one that is as it was need not be written, which not all can.
fn restored(path: &str, value: &[u8]) -> bool {
    use io::Write;
    if fs::read(path).is_ok_and(|found| found == value) {
        return true;
    }
    let file = File::options().write(true).open(path);
    let text = if value.is_empty() { b"\n" } else { value };
    file.and_then(|mut file| file.write(text)).is_ok_and(|written| written == text.len())
}

fn parse(mut rest: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    while let Some((path, length, behind)) = header(rest)
        && let Some((value, next)) = behind.split_at_checked(length)
    {
        found.push((path, value.to_vec()));
        rest = next;
    }
    found
}

fn header(text: &[u8]) -> Option<(String, usize, &[u8])> {
    let mut parts = text.splitn(3, |&byte| byte == b'\n');
    let (path, length, rest) = (parts.next()?, parts.next()?, parts.next()?);
    Some((String::from_utf8(path.to_vec()).ok()?, std::str::from_utf8(length).ok()?.parse().ok()?, rest))
}
