//! The serial line to the host.

use ks_verify_load::reply::Reply;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::path::Path;

/// The second one: the kernel writes on the first.
const DEVICE: &str = "/dev/ttyS1";

/// Bytes of a log that are sent: what is said of a refusal is at its end.
const MOST: u64 = 16 << 20;

/// The open line.
pub struct Line(File);

impl Line {
    /// Opens it, so that it carries each byte as it is.
    pub fn open() -> io::Result<Line> {
        let file = OpenOptions::new().read(true).write(true).open(DEVICE)?;
        // SAFETY: the structure is filled by the first call, and lives during both.
        unsafe {
            let mut settings: libc::termios = std::mem::zeroed();
            libc::tcgetattr(file.as_raw_fd(), &raw mut settings);
            libc::cfmakeraw(&raw mut settings);
            libc::tcsetattr(file.as_raw_fd(), libc::TCSANOW, &raw const settings);
        }
        Ok(Line(file))
    }

    /// Sends a reply, and waits until the host has it. Nobody would hear of an error.
    pub fn send(&mut self, reply: &Reply) {
        let _ = self.0.write_all(&reply.to_bytes());
        // SAFETY: a call on an open descriptor.
        unsafe { libc::tcdrain(self.0.as_raw_fd()) };
    }
}

/// The last part of a log, from the begin of a line; nothing if it cannot be read.
pub fn end_of(log: &Path) -> Vec<u8> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(MOST)))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        if size > MOST {
            let first = text.iter().position(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            text.drain(..first);
        }
        Ok(text)
    };
    read().unwrap_or_default()
}
