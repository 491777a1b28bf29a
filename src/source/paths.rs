//! The files that `include` and `import` name: relative to the file that names them.

use super::SourceFile;
use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// The path of a file that `from` names. A path that standard input names is relative to the current directory.
pub fn beside(from: &SourceFile, written: &[u8]) -> PathBuf {
    let written = Path::new(OsStr::from_bytes(written));
    let folder = if from.path == Path::new("-") { None } else { from.path.parent() };
    shortened(&folder.unwrap_or(Path::new("")).join(written))
}

/// What objects and executables call a file that `from` names: `written`, from where `from` itself is recorded. The disk is
/// not asked, so that the result is the same on every machine.
pub fn recorded(from: &SourceFile, written: &[u8]) -> String {
    let folder = Path::new(&from.recorded).parent().unwrap_or(Path::new(""));
    without_dots(&folder.join(OsStr::from_bytes(written)), |_| true).to_string_lossy().into_owned()
}

/// `path` with NEW in place of OLD, by the last pair whose OLD is the path or a folder above it; none if there is no such pair.
pub fn mapped(path: &Path, pairs: &[(PathBuf, String)]) -> Option<String> {
    let full = std::path::absolute(path).ok()?;
    let full = without_dots(&full, |_| true);
    pairs.iter().rev().find_map(|(old, new)| {
        let rest = full.strip_prefix(std::path::absolute(old).ok()?).ok()?;
        let mapped = if rest.as_os_str().is_empty() { PathBuf::from(new) } else { Path::new(new).join(rest) };
        Some(mapped.to_string_lossy().into_owned())
    })
}

/// What distinguishes files: two paths to one file, through links or otherwise, have the same.
pub fn identity(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Device and inode of the regular file that a path leads to; `-` is standard input.
pub fn regular_file(path: &Path) -> Option<(u64, u64)> {
    let path = if path == Path::new("-") { Path::new("/dev/stdin") } else { path };
    path.metadata().ok().filter(Metadata::is_file).map(|about| (about.dev(), about.ino()))
}

/// Without `.`, and without `folder/..` unless the folder is a link to one elsewhere.
fn shortened(path: &Path) -> PathBuf {
    without_dots(path, |short| identity(short) == identity(path))
}

/// Without `.` and `folder/..`, or `path` itself if the result is not `right`.
fn without_dots(path: &Path, right: impl Fn(&Path) -> bool) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(short.components().next_back(), Some(Component::Normal(_))) => {
                short.pop();
            }
            Component::ParentDir | Component::Normal(_) | Component::RootDir | Component::Prefix(_) => short.push(part),
        }
    }
    if right(&short) { short } else { path.to_owned() }
}

/// The names, without their end, of the files in the folder of `path` that end as it does.
pub fn neighbours(path: &Path) -> Vec<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let files = entries.flatten().map(|entry| entry.path()).filter(|found| found.is_file());
    let alike = files.filter(|found| found.extension() == path.extension());
    let mut names: Vec<String> = alike.filter_map(|found| Some(found.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    names
}

/// A path as `written`, to the file of another name beside it.
pub fn with_stem(written: &str, stem: &str) -> String {
    let folder = written.rfind('/').map_or("", |slash| &written[..=slash]);
    let end = written.rfind('.').map_or("", |point| &written[point..]);
    format!("{folder}{stem}{end}")
}
