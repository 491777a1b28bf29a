//! The events of the running kernel as its tracefs shows them, where that is mounted and readable: the facts that BTF lacks.

use std::fs;
use std::path::PathBuf;

/// Where systems mount tracefs (Documentation/trace/ftrace.rst of Linux).
const MOUNTS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
/// What the type of a field begins with whose bytes lie behind the record.
const BEHIND: [&str; 2] = ["__data_loc ", "__rel_loc "];

/// A field of an event's record, of those that are its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    pub name: String,
    /// A type of C, as the event declares it; for bytes behind the record, their type.
    pub ty: String,
    /// In bytes from the start of the record.
    pub offset: u64,
    /// The record has only the place of its bytes.
    pub behind: bool,
}

/// The fields of an event; none if tracefs does not show them.
pub fn fields(category: &str, event: &str) -> Option<Vec<Field>> {
    let path = folder()?.join(category).join(event).join("format");
    let text = fs::read_to_string(path).ok()?;
    Some(text.lines().filter_map(field).filter(|field| !field.name.starts_with("common_")).collect())
}

/// Whether there is an event; none if tracefs cannot be read.
pub fn exists(category: &str, event: &str) -> Option<bool> {
    Some(folder()?.join(category).join(event).exists())
}

/// All events, each with its category.
pub fn events() -> Vec<String> {
    let Some(folder) = folder() else { return Vec::new() };
    let categories = names(&folder);
    let events = categories.iter().flat_map(|category| {
        let events = names(&folder.join(category));
        events.into_iter().map(move |event| format!("{category}/{event}"))
    });
    events.collect()
}

/// Whether it is mounted, and may be read.
pub fn is_readable() -> bool {
    folder().is_some()
}

fn folder() -> Option<PathBuf> {
    let folders = MOUNTS.iter().map(|mount| PathBuf::from(mount).join("events"));
    folders.into_iter().find(|folder| fs::read_dir(folder).is_ok())
}

/// The folders in one, sorted.
fn names(folder: &PathBuf) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// `field:__data_loc char[] filename; offset:8; size:4; signed:0;`, with tabs
fn field(line: &str) -> Option<Field> {
    let mut parts = line.trim().strip_prefix("field:")?.split(';').map(str::trim);
    let declared = parts.next()?;
    let offset = parts.find_map(|part| part.strip_prefix("offset:"))?.parse().ok()?;
    let marker = BEHIND.iter().find(|marker| declared.starts_with(**marker));
    let plain = marker.map_or(declared, |marker| &declared[marker.len()..]);
    let (ty, name) = plain.split_at(plain.rfind([' ', '*'])? + 1);
    // `char comm[16]`
    let (name, bounds) = name.split_at(name.find('[').unwrap_or(name.len()));
    let ty = format!("{}{bounds}", ty.trim());
    Some(Field { name: name.to_owned(), ty, offset, behind: marker.is_some() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lines_of_a_format() {
        let read = |line| field(line).map(|field| (field.name, field.ty, field.offset, field.behind));
        let expected = |name: &str, ty: &str, offset, behind| Some((name.to_owned(), ty.to_owned(), offset, behind));
        let line = "\tfield:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;";
        assert_eq!(read(line), expected("filename", "char[]", 8, true));
        let line = "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;";
        assert_eq!(read(line), expected("prev_comm", "char[16]", 8, false));
        let line = "\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;";
        assert_eq!(read(line), expected("filename", "const char *", 24, false));
        let line = "\tfield:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;";
        assert_eq!(read(line), expected("args", "unsigned long[6]", 16, false));
        assert_eq!(read("print fmt: \"x\""), None);
    }
}
