//! Whether an event has the record that a program takes: tracefs shows the fields of the event, and the kernel's types those of the record.

use crate::abi::KsProg;
use crate::kernel::errors::{Failure, reason};
use crate::kernel::program::text;
use crate::kernel::{escape, tracefs};
use crate::object::late::types;

/// The names of the records' structs begin with it (include/trace/stages of Linux).
const RECORD: &str = "trace_event_raw_";
/// What the names of members begin with that have only the place of a field's bytes (include/trace/stages of Linux).
const BEHIND: [&str; 2] = ["__data_loc_", "__rel_loc_"];
/// Members that are no fields of the event: its header, and what is behind the record.
const NO_FIELDS: [&str; 2] = ["ent", "__data"];
/// The fields of the header.
const COMMON: &str = "common_";
/// The category of the system calls, whose events have two records: the arguments have names of their own.
const CALLS: &str = "syscalls";
const RECORDS_OF_CALLS: [&str; 2] = ["sys_enter", "sys_exit"];
/// Separates the name of a struct of the kernel and that of a flavour (`bpf_core_essential_name_len` of libbpf).
const FLAVOUR: &str = "___";

/// Fails for an event, `category/name`, with another record than the program takes, if it takes one.
pub fn check(prog: &KsProg, event: &str) -> Result<(), Failure> {
    let Some((_, taken)) = text(prog.takes).split_once(": *") else { return Ok(()) };
    let taken = taken.split(FLAVOUR).next().unwrap_or(taken);
    let fits = match event.split_once('/') {
        Some((CALLS, call)) => {
            let record = RECORDS_OF_CALLS.iter().find(|record| call.starts_with(**record));
            record.is_none_or(|record| taken.strip_prefix(RECORD) == Some(record))
        }
        // Of what the kernel does not show nothing is known.
        Some(_) | None => fields(event).zip(fields_of(taken)).is_none_or(|(event, taken)| event == taken),
    };
    if fits {
        return Ok(());
    }
    let shown = escape::value(event);
    let why = format!(
        "the event `{shown}` has another record than `{taken}`, which the program takes: {}\n  help: `ksc list -v 'tracepoint:{}'` \
         shows its record",
        reason(libc::EINVAL),
        shown.replacen('/', ":", 1),
    );
    Err(Failure::new(libc::EINVAL, why))
}

/// The fields of an event, each with its offset; none if tracefs does not show them.
fn fields(event: &str) -> Option<Vec<(String, u32)>> {
    let format = tracefs::read(&format!("events/{event}/format")).ok()?;
    Some(format.lines().filter_map(field).filter(|(name, _)| !name.starts_with(COMMON)).collect())
}

/// `field:__data_loc char[] filename; offset:8; size:4; signed:0;`, with tabs
fn field(line: &str) -> Option<(String, u32)> {
    let mut parts = line.trim().strip_prefix("field:")?.split(';').map(str::trim);
    let name = parts.next()?.rsplit([' ', '*']).next()?;
    let offset = parts.find_map(|part| part.strip_prefix("offset:"))?.parse().ok()?;
    Some((name.split('[').next()?.to_owned(), offset))
}

/// The fields of a record; none if the kernel describes no struct of that name.
fn fields_of(record: &str) -> Option<Vec<(String, u32)>> {
    let members = types::members(record)?.into_iter().filter(|(name, _)| !NO_FIELDS.contains(&name.as_str()));
    let plain = |name: &str| BEHIND.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name).to_owned();
    Some(members.map(|(name, offset)| (plain(&name), offset)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_format() {
        let line = "\tfield:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;";
        assert_eq!(field(line), Some(("filename".to_owned(), 8)));
        let line = "\tfield:const char * path;\toffset:24;\tsize:8;\tsigned:0;";
        assert_eq!(field(line), Some(("path".to_owned(), 24)));
        let line = "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;";
        assert_eq!(field(line), Some(("prev_comm".to_owned(), 8)));
        assert_eq!(field("print fmt: \"x\""), None);
    }
}
