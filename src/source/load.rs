//! Reads source files.

use super::{FileId, SourceMap};
use crate::diag::codes::environment::{CannotRead, FileNotFound, FileTooLarge, IsDirectory};
use crate::diag::codes::syntax::NotUtf8;
use crate::session::Session;
use std::io::{self, Read};
use std::path::Path;

/// The largest source file, in bytes: enough for any program, and a bound on the cost of an endless input.
const MAX_BYTES: usize = 16 << 20;

/// Why a file could not be read as source.
pub enum Unreadable {
    NotFound,
    Directory,
    /// In the system's words.
    System(String),
    /// The limit in words.
    TooLarge(String),
    NotUtf8 {
        byte: String,
        offset: usize,
        line: usize,
    },
}

/// The bytes of the file at `path`, or of standard input for `-`. None after a failure, which was reported.
pub fn bytes(cx: &mut Session, path: &Path) -> Option<Vec<u8>> {
    let read = if path == Path::new("-") { read_limited(io::stdin().lock()) } else { read_file(path) };
    let bytes = read.map_err(|error| system(&error)).and_then(within_limit);
    bytes.map_err(|why| report(cx, name(path), why)).ok()
}

/// What messages call the file at `path`, or standard input for `-`.
pub fn name(path: &Path) -> String {
    if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() }
}

/// Reads the file at `path`, or standard input for `-`, into the session. None after a failure, which was reported.
pub fn load(cx: &mut Session, path: &Path) -> Option<FileId> {
    let bytes = bytes(cx, path)?;
    let name = name(path);
    add(&mut cx.sources, &name, path, bytes).map_err(|why| report(cx, name, why)).ok()
}

/// Reads a file that another one names. The caller reports an error, at the place that names the file.
pub fn read(sources: &mut SourceMap, name: &str, path: &Path) -> Result<FileId, Unreadable> {
    if let Some(text) = sources.edited(path) {
        let text = text.to_owned();
        return Ok(sources.add(name, path, text));
    }
    let about = std::fs::metadata(path).map_err(|error| system(&error))?;
    // One that waits for a writer, or never ends, is read only where the command line asks for it.
    if !about.is_file() && !about.is_dir() {
        return Err(Unreadable::System("it is no regular file".to_owned()));
    }
    let bytes = read_file(path).map_err(|error| system(&error)).and_then(within_limit)?;
    add(sources, name, path, bytes)
}

fn within_limit(bytes: Vec<u8>) -> Result<Vec<u8>, Unreadable> {
    if bytes.len() > MAX_BYTES { Err(Unreadable::TooLarge(format!("{} MiB", MAX_BYTES >> 20))) } else { Ok(bytes) }
}

fn add(sources: &mut SourceMap, name: &str, path: &Path, bytes: Vec<u8>) -> Result<FileId, Unreadable> {
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let line = bytes[..offset].iter().filter(|&&byte| byte == b'\n').count() + 1;
        Unreadable::NotUtf8 { byte: format!("0x{:02x}", bytes[offset]), offset, line }
    })?;
    let mark = text.starts_with('\u{feff}');
    if mark {
        text.drain(..'\u{feff}'.len_utf8());
    }
    let id = sources.add(name, path, text);
    if mark {
        sources.had_byte_order_mark(id);
    }
    Ok(id)
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    read_limited(file)
}

/// Reads one byte more than is allowed at most, so that the caller sees what is too long.
fn read_limited(input: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn system(error: &io::Error) -> Unreadable {
    if error.kind() == io::ErrorKind::NotFound {
        Unreadable::NotFound
    } else if error.kind() == io::ErrorKind::IsADirectory {
        Unreadable::Directory
    } else {
        Unreadable::System(reason(error))
    }
}

/// Reports a fault of a file that the command line names, which has no position in a source.
fn report(cx: &mut Session, path: String, why: Unreadable) {
    match why {
        Unreadable::NotFound => {
            cx.environment(FileNotFound { path });
        }
        Unreadable::Directory => {
            cx.environment(IsDirectory { path }).help("name a `.ks` file in it");
        }
        Unreadable::System(why) => {
            cx.environment(CannotRead { path, why });
        }
        Unreadable::TooLarge(limit) => {
            cx.environment(FileTooLarge { path, limit }).help("is this a KernelScript source file?");
        }
        Unreadable::NotUtf8 { byte, offset, line } => {
            cx.environment(NotUtf8 { path, byte, offset: offset.to_string(), line: line.to_string() })
                .help("save the file in the encoding UTF-8");
        }
    }
}

/// The system's words, without the number that the standard library appends.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    words.to_lowercase()
}
