//! Debian packages of kernels: an `ar` archive (deb(5)), in which an archive of `tar` has the files.

use super::Parts;
use object::{Object, ObjectSection};
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const MAGIC: &[u8] = b"!<arch>\n";
/// Bytes of an entry's header (ar(5)), and where it has name and size.
const ENTRY: usize = 60;
const NAME: std::ops::Range<usize> = 0..16;
const SIZE: std::ops::Range<usize> = 48..58;

/// Modules with functions that BPF programs call; those that they need come along. Of some kernels they are not modules, or not there.
const WANTED: [&str; 4] = ["nf_conntrack", "nf_nat", "xfrm_interface", "fou"];

/// How files of the archive are packed, and the program that unpacks each. `tar` has the same names for packages.
const PACKED: [(&str, &str); 3] = [("xz", "xz"), ("zst", "zstd"), ("gz", "gzip")];

/// Whether a file is a package.
pub fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// The kernel in a package, with the modules that programs may need.
///
/// # Errors
/// What is missing in the package, or on this machine.
pub fn unpack(package: &[u8]) -> Result<Parts, String> {
    let (name, data) = entries(package).find(|(name, _)| name.starts_with("data.tar")).ok_or("it holds no files")?;
    let folder = tempfile::Builder::new().prefix("ksc-kernel-").tempdir().map_err(|error| error.to_string())?;
    let archive = folder.path().join(&name);
    fs::write(&archive, data).map_err(|error| error.to_string())?;
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(folder.path()).args(["--no-same-owner", "--wildcards"]);
    if let Some((_, tool)) = PACKED.iter().find(|(end, _)| name.ends_with(end)) {
        tar.arg(format!("--use-compress-program={tool}"));
        run(Command::new(tool).arg("--version"), tool)?;
    }
    // Of the patterns one may fit nothing, which is an error for tar.
    let output = tar.arg("-xf").arg(&archive).args(["./boot/*", "./lib/modules/*", "./usr/lib/modules/*"]).output();
    let output = output.map_err(|error| format!("cannot run `tar`: {error}"))?;
    let files = files(folder.path());
    let of = |start: &str| files.iter().find(|path| named(path).starts_with(start));
    let image = of("vmlinuz").or_else(|| of("vmlinux")).ok_or_else(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("no boot image is in it {}", said.lines().next().unwrap_or_default())
    })?;
    let image = fs::read(image).map_err(|error| error.to_string())?;
    let config = of("config-").and_then(|path| fs::read(path).ok()).unwrap_or_default();
    Ok(Parts { image, config, modules: modules(&files)? })
}

/// Names and contents of an `ar` archive, as far as it is whole.
fn entries(mut rest: &[u8]) -> impl Iterator<Item = (String, &[u8])> {
    rest = rest.get(MAGIC.len()..).unwrap_or_default();
    std::iter::from_fn(move || {
        let head = rest.get(..ENTRY)?;
        let text = |range| std::str::from_utf8(&head[range]).map(str::trim).ok();
        let (name, size) = (text(NAME)?, text(SIZE)?.parse::<usize>().ok()?);
        let content = rest.get(ENTRY..ENTRY.checked_add(size)?)?;
        // Contents begin at even places.
        rest = rest.get(ENTRY + size + size % 2..).unwrap_or_default();
        Some((name.trim_end_matches('/').to_owned(), content))
    })
}

/// All files of a folder, but no links, in the order of their paths.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => found.push(entry.path()),
                Ok(_) | Err(_) => {}
            }
        }
    }
    found.sort();
    found
}

fn named(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or_default()
}

/// The modules that are wanted, each after those that it needs.
fn modules(files: &[PathBuf]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let by_name: HashMap<String, &Path> = files
        .iter()
        .filter_map(|path| Some((named(path).split_once(".ko")?.0.replace('-', "_"), path.as_path())))
        .collect();
    let mut contents: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    // A name is there twice: to look at what the module needs, and to insert the module after that.
    let mut left: Vec<(String, bool)> = WANTED.iter().rev().map(|name| ((*name).to_owned(), false)).collect();
    while let Some((name, is_ready)) = left.pop() {
        if is_ready {
            order.push(name);
        } else if !contents.contains_key(&name)
            && let Some(path) = by_name.get(&name)
        {
            let module = unpacked(path)?;
            let needed = needed(&module);
            contents.insert(name.clone(), module);
            left.push((name, true));
            left.extend(needed.into_iter().map(|name| (name, false)));
        }
    }
    Ok(order.into_iter().filter_map(|name| Some((format!("{name}.ko"), contents.remove(&name)?))).collect())
}

fn unpacked(module: &Path) -> Result<Vec<u8>, String> {
    match PACKED.iter().find(|(end, _)| named(module).ends_with(end)) {
        None => fs::read(module).map_err(|error| error.to_string()),
        Some((_, tool)) => run(Command::new(tool).arg("-dc").arg(module), tool),
    }
}

/// What a module says that it needs.
fn needed(module: &[u8]) -> Vec<String> {
    let info = object::File::parse(module).ok().and_then(|file| {
        let section = file.section_by_name(".modinfo")?;
        section.data().ok().map(<[u8]>::to_vec)
    });
    let info = info.unwrap_or_default();
    let fields = info.split(|&byte| byte == 0).map(String::from_utf8_lossy);
    let lists: Vec<String> = fields.filter_map(|field| field.strip_prefix("depends=").map(str::to_owned)).collect();
    lists
        .iter()
        .flat_map(|list| list.split(','))
        .filter(|name| !name.is_empty())
        .map(|name| name.replace('-', "_"))
        .collect()
}

/// What a program of the system prints.
fn run(command: &mut Command, tool: &str) -> Result<Vec<u8>, String> {
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(output.stdout),
        Ok(output) => Err(format!("`{tool}` fails: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let package = if tool == "xz" { "xz-utils" } else { tool };
            Err(format!("there is no `{tool}`, which unpacks it\n  help: install the package `{package}`"))
        }
        Err(error) => Err(format!("cannot run `{tool}`: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::entries;

    #[test]
    fn entries_of_archives() {
        let entry = |name: &str, content: &str| {
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n{content}", 0, 0, 0, 644, content.len())
        };
        let archive = format!("!<arch>\n{}\n{}", entry("debian-binary", "2.0"), entry("data.tar.xz/", "abcd"));
        let found: Vec<_> = entries(archive.as_bytes()).collect();
        assert_eq!(found, [("debian-binary".to_owned(), &b"2.0"[..]), ("data.tar.xz".to_owned(), &b"abcd"[..])]);
        for end in 0..archive.len() {
            assert!(entries(&archive.as_bytes()[..end]).count() <= 2);
        }
    }
}
