//! Archives with the same bytes each time: of the files in them, in their order, owned by root, with one date.

use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use std::io::Write;
use tar::{Builder, EntryType, Header};

/// A file in an archive, or a folder, whose path ends with `/`.
pub struct Entry {
    pub path: String,
    pub bytes: Vec<u8>,
    pub mode: u32,
}

impl Entry {
    /// One that its owner alone writes and all read.
    pub fn file(path: &str, bytes: impl Into<Vec<u8>>) -> Entry {
        Entry { path: path.to_owned(), bytes: bytes.into(), mode: 0o644 }
    }

    /// One that all execute.
    pub fn executable(path: &str, bytes: impl Into<Vec<u8>>) -> Entry {
        Entry { mode: 0o755, ..Entry::file(path, bytes) }
    }

    /// A folder; its path ends with `/`.
    pub fn folder(path: &str) -> Entry {
        Entry { mode: 0o755, ..Entry::file(path, Vec::new()) }
    }
}

/// Seconds since 1970 that all files get: `$SOURCE_DATE_EPOCH` (reproducible-builds.org), else 0.
pub fn date() -> u64 {
    std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// An archive in the form of POSIX.
pub fn tar(entries: &[Entry]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    for Entry { path, bytes, mode } in entries {
        let mut header = Header::new_ustar();
        header.set_entry_type(if path.ends_with('/') { EntryType::Directory } else { EntryType::Regular });
        header.set_size(bytes.len() as u64);
        header.set_mode(*mode);
        header.set_mtime(date());
        header.set_uid(0);
        header.set_gid(0);
        let named = header.set_username("root").and_then(|()| header.set_groupname("root"));
        let added = named.and_then(|()| archive.append_data(&mut header, path, bytes.as_slice()));
        added.unwrap_or_else(|error| crate::bug!("an archive in memory: {error}"));
    }
    archive.into_inner().unwrap_or_else(|error| crate::bug!("an archive in memory: {error}"))
}

/// Compressed by gzip, without the name of a file and with no date.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    let written = packed.write_all(bytes).and_then(|()| packed.finish());
    written.unwrap_or_else(|error| crate::bug!("a stream in memory: {error}"))
}

/// `sha256:` with 64 digits.
pub fn digest(bytes: &[u8]) -> String {
    let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}
