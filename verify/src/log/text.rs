//! Where a log is: in memory, or in a file, which is read in parts.

use memchr::memchr;
use std::cell::RefCell;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// The text of a log, read once from front to back, then at places.
pub trait Text {
    /// Calls `each` with every line, without its end.
    fn lines(&mut self, each: &mut dyn FnMut(&[u8])) -> io::Result<()>;
    /// The bytes from `at` on, `length` of them or as many as there are; what is no text is replaced.
    fn at(&self, at: u64, length: usize) -> String;
}

/// A log in memory.
pub struct Bytes<'a>(pub &'a [u8]);

impl Text for Bytes<'_> {
    fn lines(&mut self, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let mut rest = self.0;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).unwrap_or(rest.len());
            each(&rest[..end]);
            rest = rest.get(end + 1..).unwrap_or(&[]);
        }
        Ok(())
    }

    fn at(&self, at: u64, length: usize) -> String {
        let start = usize::try_from(at).unwrap_or(usize::MAX).min(self.0.len());
        let end = start.saturating_add(length).min(self.0.len());
        String::from_utf8_lossy(&self.0[start..end]).into_owned()
    }
}

/// A log in a file.
pub struct File {
    file: fs::File,
    /// The part that was read last: lines are asked for one after the other.
    block: RefCell<(u64, Vec<u8>)>,
}

/// Bytes of a part of a file.
const BLOCK: usize = 1 << 16;

impl File {
    /// The log in an open file, which is read from its start.
    pub fn new(file: fs::File) -> File {
        File { file, block: RefCell::default() }
    }

    fn fill(&self, at: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match self.file.read_at(&mut bytes[filled..], at + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The file was read before; what cannot be read again is shown as missing.
                Err(_) => break,
            }
        }
        bytes.truncate(filled);
        bytes
    }
}

impl Text for File {
    fn lines(&mut self, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let mut buffer = vec![0; BLOCK];
        // The bytes of `buffer` that hold the start of a line whose end was not read yet.
        let mut kept = 0;
        loop {
            if kept == buffer.len() {
                buffer.resize(kept * 2, 0);
            }
            let read = match self.file.read(&mut buffer[kept..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if read == 0 {
                break;
            }
            let filled = kept + read;
            let mut start = 0;
            while let Some(length) = memchr(b'\n', &buffer[start..filled]) {
                each(&buffer[start..start + length]);
                start += length + 1;
            }
            buffer.copy_within(start..filled, 0);
            kept = filled - start;
        }
        if kept > 0 {
            each(&buffer[..kept]);
        }
        Ok(())
    }

    fn at(&self, at: u64, length: usize) -> String {
        let mut block = self.block.borrow_mut();
        let (start, bytes) = &*block;
        if at < *start || at + length as u64 > start + bytes.len() as u64 {
            // Steps are walked from the end to the start: so is what is read ahead.
            let from = (at + length as u64).saturating_sub(BLOCK as u64).min(at);
            let wanted = (at - from) as usize + length;
            *block = (from, self.fill(from, wanted));
        }
        let (start, bytes) = &*block;
        let from = ((at - start) as usize).min(bytes.len());
        let to = (from + length).min(bytes.len());
        String::from_utf8_lossy(&bytes[from..to]).into_owned()
    }
}
