//! Files of user space by a short name: libraries where the dynamic loader looks for them, and programs of PATH.

use super::several::is_pattern;
use crate::kernel::errors::Failure;
use crate::kernel::escape;
use object::read::elf::ElfFile64;
use object::{Object, ObjectSymbol};
use std::env::consts::ARCH;
use std::env::split_paths;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Where libraries are besides what the configuration of the dynamic loader names (ld.so(8)).
const FOLDERS: [&str; 4] = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"];

/// The path of a file: as it is written if it has a slash; `libc.so.6` and `libc` are looked for among libraries, other names and then
/// those too among programs.
pub fn find(name: &str) -> Result<String, Failure> {
    let missing = |what: &str| {
        let shown = escape::value(name);
        Failure::new(
            libc::ENOENT,
            format!("{what} `{shown}`\n  help: give its path, or \"lib…\" for a library of the system"),
        )
    };
    if name.is_empty() {
        return Err(missing("no file is named by"));
    }
    if name.contains('/') {
        return if Path::new(name).exists() { Ok(name.to_owned()) } else { Err(missing("there is no file")) };
    }
    let found = folders().iter().find_map(|folder| in_folder(folder, name)).or_else(|| in_path(name));
    let found = found.and_then(|path| path.to_str().map(str::to_owned));
    found.ok_or_else(|| missing("no library and no program is named"))
}

/// Whether `file:function` names a function; places that are numbers are there if the file is.
pub fn find_function(text: &str) -> Result<(), Failure> {
    let Some((file, place)) = text.rsplit_once(':') else { return Ok(()) };
    let path = find(file)?;
    let name = place.split_once('+').map_or(place, |(name, _)| name);
    let Ok(data) = fs::read(&path) else { return Ok(()) };
    let Ok(elf) = ElfFile64::<object::Endianness>::parse(&*data) else { return Ok(()) };
    let symbols = || elf.symbols().chain(elf.dynamic_symbols());
    let is_it = |known: &str| known == name || known.split_once('@').is_some_and(|(known, _)| known == name);
    let exists = is_pattern(name)
        || name.starts_with(|c: char| c.is_ascii_digit())
        || symbols().any(|symbol| symbol.is_definition() && symbol.name().is_ok_and(is_it));
    let missing = || {
        let (path, name) = (escape::value(&path), escape::value(name));
        Failure::new(libc::ENOENT, format!("`{path}` has no function `{name}`"))
    };
    if exists { Ok(()) } else { Err(missing()) }
}

fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    folders.extend(std::env::var_os("LD_LIBRARY_PATH").iter().flat_map(split_paths));
    let mut configured: Vec<PathBuf> = fs::read_dir("/etc/ld.so.conf.d")
        .map(|files| files.flatten().map(|file| file.path()).collect())
        .unwrap_or_default();
    configured.sort();
    for file in [PathBuf::from("/etc/ld.so.conf")].into_iter().chain(configured) {
        let text = fs::read_to_string(file).unwrap_or_default();
        folders.extend(text.lines().map(str::trim).filter(|line| line.starts_with('/')).map(PathBuf::from));
    }
    // Debian's folders of a machine's own libraries.
    folders.extend(["/lib", "/usr/lib"].map(|folder| Path::new(folder).join(format!("{ARCH}-linux-gnu"))));
    folders.extend(FOLDERS.map(PathBuf::from));
    folders
}

/// The file of this name, or the library of this name with the highest version: `libc` is `libc.so.6`.
fn in_folder(folder: &Path, name: &str) -> Option<PathBuf> {
    let own = folder.join(name);
    if name.contains(".so") {
        return is_elf(&own).then_some(own);
    }
    let prefix = format!("{name}.so");
    let files = fs::read_dir(folder).ok()?.flatten().map(|file| file.path());
    let of_library = |path: &PathBuf| {
        let file = path.file_name().and_then(|file| file.to_str()).unwrap_or_default();
        file.strip_prefix(&prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) && is_elf(path)
    };
    files.filter(of_library).max()
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    split_paths(&path).map(|folder| folder.join(name)).find(|file| is_elf(file))
}

/// `libc.so` of the development packages is a text.
fn is_elf(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == *b"\x7fELF"
}
