//! Pinned variables: the map of one section, whose values outlive the process.
//!
//! Variables are matched by name and type. If the program has more of them than are pinned, a new map takes over the
//! old values and replaces the old map. If one is missing or has another type, the program ends, so that no value is
//! lost silently.

use super::folder::Folder;
use super::layout::{self, Layout};
use super::present::{existing, refuse, reset, reuse, types_help};
use super::types::{Btf, Variable};
use crate::kernel::end::die;
use crate::kernel::errors::{complain, errno, reason};
use crate::object::parts;
use libbpf_sys as bpf;
use std::ffi::{CStr, c_void};
use std::os::fd::{AsRawFd, OwnedFd};

/// The section of the pinned variables, by which libbpf also finds its map. They take `.data` where no other variable is in it,
/// since not all loaders read more sections.
pub fn section(object: *mut bpf::bpf_object) -> &'static CStr {
    let own = c".data.pinned_globals";
    if parts::find_map(object, own.as_ptr()).is_null() { c".data" } else { own }
}

const NAME: &str = "pinned_globals";
/// The record of their layout.
const LAYOUT: &str = "pinned_globals_layout";
/// A map that is to take the place of the pinned one.
const NEXT: &str = "pinned_globals_next";

/// What happens to the loaded object's map.
pub struct Prepared {
    folder: Folder,
    then: Then,
}

enum Then {
    /// It is the pinned one.
    Nothing,
    Pin,
    /// The variables were moved to it from the pinned one.
    Replace,
}

/// Before the load: compares the pinned variables with the program's, and reuses their map if the layouts agree. Ends the process if they
/// conflict.
pub fn prepare(object: *mut bpf::bpf_object, folder: Folder) -> Prepared {
    reset(&folder, NAME);
    let map = find(object);
    let wanted = variables(object);
    let Some(old) = folder.get(NAME, 0) else { return Prepared { folder, then: Then::Pin } };
    let place = folder.place(NAME);
    let there = existing(&old, &place).recorded(&folder, LAYOUT);
    if let Some(code) = there.unread {
        die(
            1,
            &format!(
                "which variables are pinned at {place} cannot be read: {}\n  \
                 they keep their values, and the program does not start without them{}",
                reason(code),
                types_help(code)
            ),
        );
    }
    let size = there.layout.value_size() as usize;
    let is_section = there.layout.is_section(&there.variables);
    let sizes_agree = Layout::wanted(object, map).has_value_of(&there.layout);
    let there = there.variables;
    let kept =
        |old: &Variable| wanted.iter().any(|new| (&new.name, &new.ty, new.size) == (&old.name, &old.ty, old.size));
    if !is_section || !there.iter().all(kept) || there == wanted && !sizes_agree {
        refuse(&format!("variables at {place} have"), &place, &text(&there), &text(&wanted), "");
    }
    if there == wanted {
        reuse(map, &old, &place);
        return Prepared { folder, then: Then::Nothing };
    }
    take_over(map, &old, size, &there, &wanted);
    let added: Vec<&str> = wanted.iter().map(|v| &*v.name).filter(|n| there.iter().all(|old| old.name != *n)).collect();
    complain(&format!(
        "the pinned variables move to a new map, with {}; a process that runs meanwhile keeps the old one",
        added.join(", ")
    ));
    Prepared { folder, then: Then::Replace }
}

/// The variables of the program.
fn variables(object: *mut bpf::bpf_object) -> Vec<Variable> {
    // SAFETY: the object's BTF lives as long as the object.
    unsafe { Btf::new(bpf::bpf_object__btf(object)) }.map_or(Vec::new(), |btf| btf.section(section(object)))
}

fn find(object: *mut bpf::bpf_object) -> *mut bpf::bpf_map {
    let map = parts::find_map(object, section(object).as_ptr());
    if map.is_null() {
        die(1, "the BPF object has no pinned variables\n  help: this is a fault of ksc; please report it");
    }
    map
}

fn text(variables: &[Variable]) -> String {
    let lines: Vec<String> = variables.iter().map(|v| format!("pin var {}: {}", v.name, v.ty)).collect();
    if lines.is_empty() { "a map that says of no variables".to_owned() } else { lines.join("\n") }
}

/// The initial values of a map, as the object has them.
fn image(map: *mut bpf::bpf_map) -> &'static mut [u8] {
    let mut size: bpf::size_t = 0;
    // SAFETY: a map of the object; its initial value has `size` bytes, which nobody else borrows meanwhile.
    unsafe {
        let start = bpf::bpf_map__initial_value(map, &mut size).cast::<u8>();
        if start.is_null() { &mut [] } else { std::slice::from_raw_parts_mut(start, size as usize) }
    }
}

/// Makes the old values the initial ones.
fn take_over(map: *mut bpf::bpf_map, old: &OwnedFd, size: usize, there: &[Variable], wanted: &[Variable]) {
    // The kernel writes the whole value, rounded up to 8 bytes.
    let mut values = vec![0_u8; size.next_multiple_of(8)];
    let key = 0_u32;
    // SAFETY: an array of one entry whose value has so many bytes, and a key of 4 bytes.
    let result = unsafe {
        bpf::bpf_map_lookup_elem(old.as_raw_fd(), (&raw const key).cast(), values.as_mut_ptr().cast::<c_void>())
    };
    if result != 0 {
        die(1, &format!("cannot read the pinned variables: {}", reason(errno())));
    }
    let image = image(map);
    for new in wanted {
        let Some(old) = there.iter().find(|old| old.name == new.name) else { continue };
        if let (Some(from), Some(to)) =
            (values.get(old.offset..old.offset + old.size), image.get_mut(new.offset..new.offset + new.size))
        {
            to.copy_from_slice(from);
        }
    }
}

/// After the load: pins the new map, or fills it from the old one first.
pub fn finish(object: *mut bpf::bpf_object, prepared: Prepared) {
    let map = find(object);
    // SAFETY: a map of the loaded object.
    let fd = unsafe { bpf::bpf_map__fd(map) };
    let Prepared { folder, then } = prepared;
    match &then {
        Then::Nothing => {}
        Then::Pin => folder.pin(NAME, fd),
        Then::Replace => {
            // There always is one.
            folder.remove(NEXT);
            folder.pin(NEXT, fd);
            folder.rename(NEXT, NAME);
        }
    }
    if !matches!(then, Then::Nothing) {
        layout::record(fd, Layout::wanted(object, map), &variables(object), &folder, LAYOUT);
    }
    let image = image(map);
    // SAFETY: libbpf leaves its own copy at this address where it found the map pinned. The kernel's memory takes its place;
    // both begin at a page and have as many pages.
    let address = unsafe {
        libc::mmap(
            image.as_mut_ptr().cast(),
            image.len(),
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_FIXED,
            fd,
            0,
        )
    };
    if address == libc::MAP_FAILED {
        die(1, &format!("cannot map the pinned variables: {}", reason(errno())));
    }
}
