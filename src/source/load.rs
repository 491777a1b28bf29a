//! Reads source files.

use super::FileId;
use crate::diag::codes::environment::{CannotRead, FileNotFound, FileTooLarge, IsDirectory};
use crate::diag::codes::syntax::NotUtf8;
use crate::session::Session;
use std::io::{self, Read};
use std::path::Path;

/// What a source file may hold: enough for any program, and a bound on what an endless input can cost.
const MAX_BYTES: usize = 16 << 20;

/// The bytes of the file at `path`, or of standard input for `-`. What prevents it is reported.
pub fn bytes(cx: &mut Session, path: &Path) -> Option<Vec<u8>> {
    let from_stdin = path == Path::new("-");
    let name = name(path);
    let read = if from_stdin { read_limited(io::stdin().lock()) } else { read_file(path) };
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(error) => {
            unreadable(cx, name, &error);
            return None;
        }
    };
    if bytes.len() > MAX_BYTES {
        let limit = format!("{} MiB", MAX_BYTES >> 20);
        cx.environment(FileTooLarge { path: name, limit }).help("is this a KernelScript source file?");
        return None;
    }
    Some(bytes)
}

fn name(path: &Path) -> String {
    if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() }
}

/// Reads the file at `path`, or standard input for `-`, into the session. What prevents it is reported.
pub fn load(cx: &mut Session, path: &Path) -> Option<FileId> {
    let bytes = bytes(cx, path)?;
    let name = name(path);
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            let mark = text.starts_with('\u{feff}');
            if mark {
                text.drain(..'\u{feff}'.len_utf8());
            }
            let id = cx.sources.add(&name, path, text);
            if mark {
                cx.sources.had_byte_order_mark(id);
            }
            Some(id)
        }
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let line = bytes[..offset].iter().filter(|&&byte| byte == b'\n').count() + 1;
            let byte = format!("0x{:02x}", bytes[offset]);
            cx.environment(NotUtf8 { path: name, byte, offset: offset.to_string(), line: line.to_string() })
                .help("save the file in the encoding UTF-8");
            None
        }
    }
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

fn unreadable(cx: &mut Session, path: String, error: &io::Error) {
    if error.kind() == io::ErrorKind::NotFound {
        cx.environment(FileNotFound { path });
    } else if error.kind() == io::ErrorKind::IsADirectory {
        cx.environment(IsDirectory { path }).help("name a `.ks` file in it");
    } else {
        cx.environment(CannotRead { path, why: reason(error) });
    }
}

/// The system's words, without the number that the standard library appends.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or(&text);
    words.to_lowercase()
}
