//! Functions and probes of programs and libraries of user space.

use crate::tables::glob;
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The section with notes about probes, and the type of such a note (`sys/sdt.h` of SystemTap).
const NOTES: &str = ".note.stapsdt";
const NOTE: u32 = 3;
/// What files of ELF begin with.
const ELF: &[u8; 4] = b"\x7fELF";
/// Where libraries lie that are named without a path.
const LIBRARIES: [&str; 5] = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib"];

/// `FILE:PATTERN`: the names of functions, or of probes, `PROVIDER:NAME`, each behind the file. An error says why there are none.
pub fn names(pattern: &str, probes: bool) -> Result<Vec<String>, String> {
    let (file, wanted) = pattern.split_once(':').unwrap_or((pattern, "*"));
    if file.is_empty() || file == "*" {
        return Err("name the file: `uprobe:/bin/bash:read*`, `usdt:/lib/libx.so`".to_owned());
    }
    let path = path(file).ok_or_else(|| format!("there is no file or library `{file}`"))?;
    let bytes = std::fs::read(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let binary = object::File::parse(&*bytes).map_err(|_| format!("`{}` is no ELF file", path.display()))?;
    let mut names = if probes { probes_of(&binary) } else { functions(&binary) };
    let wanted =
        if probes && !wanted.contains(':') && wanted != "*" { format!("*:{wanted}") } else { wanted.to_owned() };
    names.retain(|name| glob::fits(&wanted, name));
    names.sort();
    names.dedup();
    Ok(names.into_iter().map(|name| format!("{}:{name}", path.display())).collect())
}

/// The file itself, or the library of a short name, `libc`.
fn path(file: &str) -> Option<PathBuf> {
    if Path::new(file).is_file() {
        return Some(file.into());
    }
    if file.contains('/') {
        return None;
    }
    let mut found: Vec<PathBuf> = Vec::new();
    for folder in LIBRARIES {
        let entries = Path::new(folder).read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
        found.extend(entries.filter(|path| {
            let name = path.file_name().map_or("".into(), |name| name.to_string_lossy());
            name.strip_prefix(file).is_some_and(|rest| rest.starts_with(".so")) && is_binary(path)
        }));
    }
    found.into_iter().min()
}

/// Whether a file is one of ELF: `libc.so` is a text for linkers.
fn is_binary(path: &Path) -> bool {
    let mut first = [0; ELF.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == *ELF
}

fn functions(binary: &object::File) -> Vec<String> {
    let symbols = binary.symbols().chain(binary.dynamic_symbols());
    let defined = symbols.filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition());
    defined.filter_map(|symbol| Some(symbol.name().ok()?.to_owned())).filter(|name| !name.is_empty()).collect()
}

/// `PROVIDER:NAME` of each note.
fn probes_of(binary: &object::File) -> Vec<String> {
    let Some(section) = binary.section_by_name(NOTES) else { return Vec::new() };
    let Ok(data) = section.uncompressed_data() else { return Vec::new() };
    // Three addresses are before the texts.
    let texts_at = if binary.is_64() { 24 } else { 12 };
    let (mut rest, mut names) = (&*data, Vec::new());
    while let Some((description, kind, behind)) = note(rest, binary.is_little_endian()) {
        let mut texts = description.get(texts_at..).unwrap_or_default().split(|byte| *byte == 0);
        if let (NOTE, Some(provider), Some(name)) = (kind, texts.next(), texts.next()) {
            names.push(format!("{}:{}", String::from_utf8_lossy(provider), String::from_utf8_lossy(name)));
        }
        rest = behind;
    }
    names
}

/// The description and the type of the first note, and what is behind it; none at the end, or if it is cut off.
fn note(data: &[u8], is_little: bool) -> Option<(&[u8], u32, &[u8])> {
    let word = |at: usize| {
        let bytes: [u8; 4] = data.get(at..at + 4)?.try_into().ok()?;
        Some(if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };
    let (name, size, kind) = (word(0)? as usize, word(4)? as usize, word(8)?);
    let start = name.checked_next_multiple_of(4)?.checked_add(12)?;
    let description = data.get(start..start.checked_add(size)?)?;
    let end = start + size.checked_next_multiple_of(4)?;
    Some((description, kind, data.get(end..).unwrap_or_default()))
}
