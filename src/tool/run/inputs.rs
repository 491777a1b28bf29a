//! What an executable was made of: by that, a kept one is known to be what a compilation would make.

use crate::link::runtime;
use crate::session::Session;
use crate::source::FileId;
use crate::{btf, tracefs, version};
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Changes whenever the form of what is kept does.
const FORM: &str = "1";
/// The notes of the running kernel, with the number of its build (Documentation/ABI/testing/sysfs-kernel-notes of Linux).
const KERNEL: &str = "/sys/kernel/notes";
/// Variables that the linker of executables asks for (src/link/).
const VARIABLES: [&str; 3] = ["CC", "PATH", "KSC_RUNTIME"];

/// The files behind an executable, besides what its key has.
#[derive(Serialize, Deserialize, PartialEq, Eq, Debug)]
pub struct Inputs {
    /// Absolute paths, each with the digest of the text.
    files: Vec<(PathBuf, String)>,
    /// Files that the compiler would have read too, had they been there.
    absent: Vec<PathBuf>,
    /// What the compiler reported.
    pub messages: String,
}

impl Inputs {
    /// The files that a compilation has read. None if one cannot be named.
    pub fn of(cx: &Session, root: FileId, messages: String) -> Option<Inputs> {
        let written = |file: &FileId| *file == root || cx.written_main == Some(*file);
        let named = cx.sources.files().filter(|(file, _)| !written(file)).map(|(_, source)| &source.path);
        let mut files = Vec::new();
        for path in named.chain(&cx.libraries) {
            let path = std::path::absolute(path).ok()?;
            path.to_str()?;
            let bytes = fs::read(&path).ok()?;
            files.push((path, digest(&bytes)));
        }
        let absent = cx.absent.iter().map(|path| std::path::absolute(path).ok().filter(|path| path.to_str().is_some()));
        Some(Inputs { files, absent: absent.collect::<Option<_>>()?, messages })
    }

    /// Whether the files are as they were.
    pub fn are_current(&self) -> bool {
        let same = |(path, known): &(PathBuf, String)| fs::read(path).is_ok_and(|bytes| digest(&bytes) == *known);
        self.files.iter().all(same) && !self.absent.iter().any(|path| path.exists())
    }
}

/// The key of a program: of its text, the options, the compiler, the kernel, and where the files lie that it names.
pub fn key(cx: &Session, options: &str, name: &OsStr, text: &str, color: bool) -> String {
    let mut parts = vec![FORM.to_owned(), options.to_owned(), format!("{name:?} {color}"), text.to_owned()];
    parts.push(version::text().to_owned());
    parts.extend(std::env::current_exe().ok().map(|compiler| state(&compiler)));
    parts.extend(std::env::current_dir().ok().map(|folder| format!("{folder:?}")));
    parts.extend(VARIABLES.iter().map(|name| format!("{:?}", std::env::var_os(name))));
    parts.extend(runtime::named().iter().map(|library| state(library)));
    match &cx.options.btf {
        Some(file) => parts.push(state(file)),
        None => parts.push(kernel()),
    }
    // Each part with its length, so that no two lists of parts make one text.
    let mut all = String::new();
    parts.iter().for_each(|part| {
        let _ = write!(all, "{}:{part}", part.len());
    });
    digest(all.as_bytes())
}

/// The kernel that runs, and the modules whose types it shows.
fn kernel() -> String {
    let build = digest(&fs::read(KERNEL).unwrap_or_default());
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let folder = Path::new(btf::RUNNING).parent().and_then(|folder| folder.read_dir().ok());
    let entries = folder.into_iter().flatten().flatten();
    let mut modules: Vec<String> = entries
        .map(|entry| format!("{:?} {}", entry.file_name(), entry.metadata().map_or(0, |about| about.len())))
        .collect();
    modules.sort();
    format!("{build} {release} {modules:?} {}", tracefs::is_readable())
}

/// What changes whenever a file does, without reading it.
fn state(path: &Path) -> String {
    let about = fs::metadata(path);
    let state = about.map(|about| (about.dev(), about.ino(), about.size(), about.mtime(), about.mtime_nsec()));
    format!("{path:?} {state:?}")
}

fn digest(bytes: &[u8]) -> String {
    format!("{:x}", md5::compute(bytes))
}
