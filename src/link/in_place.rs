//! Outputs that are written in place: devices, pipes, and files that a descriptor of this process is open for.
//!
//! A link of another user to one of them is not followed: in a folder where everybody may write it could lead to a
//! disk. It is replaced as files are.

use rustix::fs::OFlags;
use rustix::process::geteuid;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, Result, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Whether the output is written in place. It is an error for a disk.
pub fn wanted(path: &Path) -> Result<bool> {
    let Ok(entry) = path.symlink_metadata() else { return Ok(false) };
    if !entry.is_symlink() {
        return special(&entry);
    }
    if is_foreign(&entry) {
        return Ok(false);
    }
    match path.metadata() {
        // `/dev/stdout`, where standard output is a file.
        Ok(target) if target.is_file() => Ok(leads_to_descriptor(path)),
        Ok(target) => special(&target),
        Err(_) => Ok(false),
    }
}

/// Appends the bytes to an output for which [`wanted`] is true. It may have been replaced since: a block device is an error.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let through_link = path.symlink_metadata()?.is_symlink();
    let flags = if through_link { OFlags::empty() } else { OFlags::NOFOLLOW };
    // A descriptor of the shell may be open for a file that holds something already.
    let mut file: File = OpenOptions::new().append(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let about = file.metadata()?;
    if !(about.is_file() && through_link) {
        special(&about)?;
    }
    file.write_all(bytes)
}

fn special(about: &Metadata) -> Result<bool> {
    if about.file_type().is_block_device() {
        return Err(Error::other("it is a block device"));
    }
    Ok(!about.is_file() && !about.is_dir())
}

fn is_foreign(entry: &Metadata) -> bool {
    entry.uid() != 0 && entry.uid() != geteuid().as_raw()
}

fn leads_to_descriptor(path: &Path) -> bool {
    let target = path.read_link().unwrap_or_default();
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok()).unwrap_or_default();
    target.starts_with("/proc") || folder.starts_with("/proc")
}
