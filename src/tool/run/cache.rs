//! Executables that were compiled before, in `$XDG_CACHE_HOME/ksc/run` (XDG Base Directory Specification): one folder each, named by the key of
//! the program, with the executable and what it was made of.
//!
//! A folder is complete when it gets its name, and replaced as a whole. Nobody else may have written what is executed: folders that are not
//! the user's own, or that others may write, are not used, and what is in them is reached through a descriptor of the folder that was checked.

use super::inputs::Inputs;
use crate::tool::user_cache::base;
use rustix::fs::{CWD, Mode, OFlags, RenameFlags, Timespec, UTIME_NOW, UTIME_OMIT};
use rustix::process::geteuid;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{Result, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// In a folder, besides the executable.
const INPUTS: &str = "inputs.json";
/// The folder of the executable's file, which may have any name.
const PROGRAM: &str = "program";
/// What folders begin with that are being written.
const UNFINISHED: &str = ".new-";
/// Bytes of all executables; those that were not used for the longest time go first.
const MOST: u64 = 256 << 20;
/// Seconds after which a folder that is being written is one of a process that was killed.
const FORGOTTEN: u64 = 3600;

/// The folder, and its path through a descriptor of it.
pub struct Cache {
    _open: OwnedFd,
    path: PathBuf,
}

/// An executable.
pub struct Kept {
    pub executable: PathBuf,
    /// What the compiler reported.
    pub messages: String,
    /// The path of the executable leads through it.
    _open: OwnedFd,
}

impl Cache {
    /// The user's cache; none if it cannot be made, or others could have written it.
    pub fn open() -> Option<Cache> {
        let base = base()?;
        let user = |about: &Metadata| about.uid() == geteuid().as_raw();
        if !existing(&base)?.metadata().is_ok_and(|about| user(&about)) {
            return None;
        }
        let folder = base.join("ksc").join("run");
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).ok()?;
        let _above = own(&base.join("ksc"))?;
        let open = own(&folder)?;
        Some(Cache { path: through(&open), _open: open })
    }

    /// The executable of a program, if the files that it was made of are as they were.
    pub fn find(&self, key: &str) -> Option<Kept> {
        let open = own(&self.path.join(key))?;
        let folder = through(&open);
        let inputs: Inputs = serde_json::from_slice(&fs::read(folder.join(INPUTS)).ok()?).ok()?;
        let executable = folder.join(PROGRAM).read_dir().ok()?.next()?.ok()?.path();
        if !inputs.are_current() {
            return None;
        }
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let times =
            rustix::fs::Timestamps { last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }, last_modification: now };
        let _ = rustix::fs::utimensat(CWD, folder.join(INPUTS), &times, rustix::fs::AtFlags::empty());
        Some(Kept { executable, messages: inputs.messages, _open: open })
    }

    /// Keeps an executable; `process` is the name of its file. None if that failed.
    pub fn keep(&self, key: &str, inputs: &Inputs, process: &OsStr, bytes: &[u8]) -> Option<Kept> {
        let folder = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&self.path).ok()?;
        self.write(folder.path(), key, inputs, process, bytes).ok()?;
        // After an exchange the name is that of what was there before, else of nothing.
        drop(folder);
        self.make_room(key);
        self.find(key)
    }

    fn write(&self, folder: &Path, key: &str, inputs: &Inputs, process: &OsStr, bytes: &[u8]) -> Result<()> {
        fs::write(folder.join(INPUTS), serde_json::to_vec(inputs)?)?;
        let program = folder.join(PROGRAM);
        fs::create_dir(&program)?;
        let mut options = OpenOptions::new();
        let mut file: File = options.write(true).create_new(true).mode(0o700).open(program.join(process))?;
        file.write_all(bytes)?;
        drop(file);
        let named = self.path.join(key);
        if fs::rename(folder, &named).is_err() {
            rustix::fs::renameat_with(CWD, folder, CWD, &named, RenameFlags::EXCHANGE)?;
        }
        Ok(())
    }

    /// Removes the executables that were not used for the longest time, but not the one with this key.
    fn make_room(&self, key: &str) {
        let entries = self.path.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
        let mut known: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for folder in entries.filter(|folder| folder.file_name().is_none_or(|name| name != key)) {
            let used = fs::metadata(folder.join(INPUTS)).or_else(|_| fs::metadata(&folder));
            let Ok(used) = used.and_then(|about| about.modified()) else { continue };
            let unfinished =
                folder.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes()));
            if !unfinished {
                known.push((used, size(&folder), folder));
            } else if used.elapsed().is_ok_and(|age| age.as_secs() > FORGOTTEN) {
                let _ = fs::remove_dir_all(&folder);
            }
        }
        known.sort();
        let mut total = known.iter().map(|(_, size, _)| size).sum::<u64>() + size(&self.path.join(key));
        for (_, size, folder) in known {
            if total <= MOST {
                return;
            }
            total -= size;
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

/// Bytes of the executable in a folder.
fn size(folder: &Path) -> u64 {
    let files = folder.join(PROGRAM).read_dir().into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum()
}

/// The path itself, or the first folder above it that is there.
fn existing(path: &Path) -> Option<&Path> {
    path.ancestors().find(|path| path.exists())
}

/// A folder of the user's that nobody else may write.
fn own(folder: &Path) -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = rustix::fs::open(folder, flags, Mode::empty()).ok()?;
    let about = rustix::fs::fstat(&open).ok()?;
    (about.st_uid == geteuid().as_raw() && about.st_mode & 0o022 == 0).then_some(open)
}

/// A path into an open folder, whatever becomes of its name.
fn through(open: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd()))
}
