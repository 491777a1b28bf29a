//! Beside a pin, its layout as a text: the kernel shows the types of a map that exists to processes with CAP_SYS_ADMIN alone, so
//! a service without it would find its own pins unreadable.
//!
//! The text is the value of an array of one entry, since bpffs has no files. It names the map by its id, so a record is void when
//! the map at the pin is another one. The folder is the owner's alone, as that of the pins is.

use super::folder::Folder;
use super::types::Variable;
use libbpf_sys as bpf;
use std::ffi::c_void;
use std::fmt::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

/// The first line; another one is of another compiler.
const HEAD: &str = "ksc layout 1";
/// The largest text that is read.
const LARGEST: u32 = 1 << 20;

/// The facts that are recorded about a map.
#[derive(PartialEq, Default, Debug)]
pub struct Record {
    /// The kernel's number of the map.
    pub id: u32,
    /// Key and value.
    pub types: Option<(String, String)>,
    /// The variables, for the map of pinned variables.
    pub variables: Vec<Variable>,
}

impl Record {
    /// A line for each fact, with tabs between its parts: no name and no type has either.
    fn text(&self) -> String {
        let mut text = format!("{HEAD}\nmap\t{}\n", self.id);
        if let Some((key, value)) = &self.types {
            writeln!(text, "types\t{key}\t{value}").ok();
        }
        for Variable { name, ty, offset, size } in &self.variables {
            writeln!(text, "variable\t{name}\t{ty}\t{offset}\t{size}").ok();
        }
        text + "end\n"
    }

    /// None of a text that is not whole.
    fn parse(text: &str) -> Option<Record> {
        let mut record = Record::default();
        let mut lines = text.strip_prefix(HEAD)?.strip_prefix('\n')?.lines();
        for line in &mut lines {
            match *line.split('\t').collect::<Vec<_>>() {
                ["map", id] => record.id = id.parse().ok()?,
                ["types", key, value] => record.types = Some((key.to_owned(), value.to_owned())),
                ["variable", name, ty, offset, size] => record.variables.push(Variable {
                    name: name.to_owned(),
                    ty: ty.to_owned(),
                    offset: offset.parse().ok()?,
                    size: size.parse().ok()?,
                }),
                ["end"] => return Some(record),
                _ => return None,
            }
        }
        None
    }
}

/// The record of the map with this id; none if there is none, or it is of another map.
pub fn read(folder: &Folder, name: &str, id: u32) -> Option<Record> {
    let fd = folder.get(name, bpf::BPF_F_RDONLY)?;
    let mut info = bpf::bpf_map_info::default();
    let mut len = size_of::<bpf::bpf_map_info>() as u32;
    // SAFETY: the kernel fills at most `len` bytes; what is no map has another size of information, or fails.
    let known = unsafe { bpf::bpf_map_get_info_by_fd(fd.as_raw_fd(), &mut info, &mut len) } == 0;
    let shape = (info.type_, info.key_size, info.max_entries);
    if !known || shape != (bpf::BPF_MAP_TYPE_ARRAY, 4, 1) || info.value_size > LARGEST {
        return None;
    }
    // The kernel writes the whole value, rounded up to 8 bytes.
    let mut text = vec![0_u8; info.value_size.next_multiple_of(8) as usize];
    let key = 0_u32;
    // SAFETY: an array of one entry whose value has so many bytes, and a key of 4 bytes.
    let result = unsafe {
        bpf::bpf_map_lookup_elem(fd.as_raw_fd(), (&raw const key).cast(), text.as_mut_ptr().cast::<c_void>())
    };
    let text = text.split(|&byte| byte == 0).next().and_then(|text| std::str::from_utf8(text).ok())?;
    Record::parse(text).filter(|record| result == 0 && record.id == id)
}

/// Records a layout, in place of an earlier one. A failure is ignored: without a record, a process that cannot read the types says so.
pub fn write(folder: &Folder, name: &str, record: &Record) {
    folder.remove(name);
    let mut text = record.text().into_bytes();
    text.resize(text.len().next_multiple_of(8), 0);
    let key = 0_u32;
    // SAFETY: a new map of one entry, whose value has as many bytes as the text; the descriptor is nobody else's.
    unsafe {
        let size = text.len() as u32;
        let fd = bpf::bpf_map_create(bpf::BPF_MAP_TYPE_ARRAY, c"ks_layout".as_ptr(), 4, size, 1, ptr::null());
        if fd < 0 {
            return;
        }
        let fd = OwnedFd::from_raw_fd(fd);
        if bpf::bpf_map_update_elem(fd.as_raw_fd(), (&raw const key).cast(), text.as_ptr().cast(), 0) == 0 {
            folder.try_pin(name, fd.as_raw_fd());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_and_a_part_of_it_is_none() {
        let variable = |name: &str, offset| Variable { name: name.into(), ty: "u32[4]".into(), offset, size: 16 };
        let variables = vec![variable("a", 0), variable("b", 16)];
        let types = Some(("u64".to_owned(), "S { a: u32, b: str(4) }".to_owned()));
        for record in [Record { id: 7, types, variables: Vec::new() }, Record { id: 9, types: None, variables }] {
            let text = record.text();
            assert_eq!(Record::parse(&text).as_ref(), Some(&record));
            for end in 0..text.len() - 1 {
                assert_eq!(Record::parse(&text[..end]), None);
            }
        }
    }
}
