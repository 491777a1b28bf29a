//! `@migrate`: functions of the program that make the entries of a pinned map anew, for a map of another layout.
//!
//! Before the load, `choose` finds the first function whose types are those of the pinned map (`shape.rs`). After the load, `copy.rs` fills
//! the new map by it, and only when every map is filled do the new ones take the places of the pins, each by a rename. So a failure, a
//! throw of the function or the end of the process in between leaves the pins as they were. The old map is only read: a write of another process
//! to it meanwhile is in the new map or not, and later ones stay in the old map.

mod copy;
mod shape;
mod suggest;

use super::folder::Folder;
use super::layout::Layout;
use crate::abi::{KsMap, KsMigrate};
use crate::kernel::errors::complain;
use crate::kernel::program::{self, MainThread, text};
use libbpf_sys as bpf;
use shape::Shape;
use std::cell::RefCell;
use std::ffi::c_char;
use std::os::fd::OwnedFd;

/// The kinds of maps whose entries are copied.
const KINDS: [u32; 7] = [
    bpf::BPF_MAP_TYPE_HASH,
    bpf::BPF_MAP_TYPE_LRU_HASH,
    bpf::BPF_MAP_TYPE_ARRAY,
    bpf::BPF_MAP_TYPE_LPM_TRIE,
    bpf::BPF_MAP_TYPE_PERCPU_HASH,
    bpf::BPF_MAP_TYPE_LRU_PERCPU_HASH,
    bpf::BPF_MAP_TYPE_PERCPU_ARRAY,
];
/// Those with a value for each CPU.
const PERCPU: [u32; 3] =
    [bpf::BPF_MAP_TYPE_PERCPU_HASH, bpf::BPF_MAP_TYPE_LRU_PERCPU_HASH, bpf::BPF_MAP_TYPE_PERCPU_ARRAY];

/// A function of the program, for the entries of one layout.
#[derive(Clone, Copy)]
pub struct Migration {
    /// The number of the map in the descriptor.
    map: u32,
    name: &'static str,
    make: KsMigrate,
    /// The types of the old entries; no key where the new one is the old one.
    key: Option<&'static str>,
    old: &'static str,
    old_size: u64,
}

static KNOWN: MainThread<RefCell<Vec<Migration>>> = MainThread::new(RefCell::new(Vec::new()));

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_migrate(
    map: u32,
    make: KsMigrate,
    name: *const c_char,
    key: *const c_char,
    old: *const c_char,
    old_size: u64,
) {
    let key = (!key.is_null()).then(|| text(key));
    let migration = Migration { map, name: text(name), make, key, old: text(old), old_size };
    KNOWN.borrow_mut().push(migration);
}

/// A pinned map whose entries are made anew.
pub struct Plan {
    /// The map of the program.
    pub map: &'static KsMap,
    /// What makes its entries of the pinned ones.
    pub migration: Migration,
    /// The pinned map, open for reading.
    pub old: OwnedFd,
    /// The layout of the pinned map.
    pub there: Layout,
    /// The layout of the program's map.
    pub wanted: Layout,
    /// The path of the pin.
    pub place: String,
}

/// The functions of a map, in the order of the text.
fn known(map: &KsMap) -> Vec<Migration> {
    let index = program::maps().iter().position(|known| std::ptr::eq(known, map));
    let of_map = |known: &&Migration| index.is_some_and(|index| known.map as usize == index);
    KNOWN.borrow().iter().filter(of_map).copied().collect()
}

/// Whether the program has a function for the map.
pub fn any(map: &KsMap) -> bool {
    !known(map).is_empty()
}

/// The first function of the program whose types are those of the pinned map.
pub fn fitting(map: &KsMap, there: &Layout, wanted: &Layout) -> Option<Migration> {
    let is_kept = |kind: u32| KINDS.contains(&kind);
    let percpu = |layout: &Layout| PERCPU.contains(&layout.kind());
    let kinds_agree = is_kept(there.kind()) && is_kept(wanted.kind()) && percpu(there) == percpu(wanted);
    let fits = |migration: &Migration| kinds_agree && matches(migration, there, wanted) == Some(true);
    known(map).into_iter().find(fits)
}

/// None where a layout has no types.
fn matches(migration: &Migration, there: &Layout, wanted: &Layout) -> Option<bool> {
    let (key, value) = there.types()?;
    let wanted_key = migration.key.or_else(|| wanted.types().map(|(key, _)| key.as_str()))?;
    let same_size = migration.key.is_some() || there.key_size() == wanted.key_size();
    let agree = |one: &str, other: &str| Some(Shape::parse(one)?.agrees(&Shape::parse(other)?));
    let sizes = same_size && u64::from(there.value_size()) == migration.old_size;
    Some(sizes && agree(key, wanted_key)? && agree(value, migration.old)?)
}

/// The function that the program would need, as lines of a help; none for maps whose entries are not copied.
pub fn help(map: &KsMap, there: &Layout, wanted: &Layout) -> Option<String> {
    let percpu = |layout: &Layout| PERCPU.contains(&layout.kind());
    let copied = KINDS.contains(&there.kind()) && KINDS.contains(&wanted.kind()) && percpu(there) == percpu(wanted);
    let (old, new) = (there.types().filter(|_| copied)?, wanted.types()?);
    suggest::text(text(map.name), old, new)
}

impl Plan {
    /// The map that the plan is for.
    pub fn map(&self) -> &'static KsMap {
        self.map
    }

    /// Fills the new map, which nobody else has yet. A failure ends the process.
    pub fn fill(&self, new: i32) {
        let counts = copy::fill(self, new);
        let name = text(self.map.name);
        let (entries, by) = (counted(counts.taken), self.migration.name);
        let dropped = if counts.dropped == 0 { String::new() } else { format!(", {} dropped", counts.dropped) };
        complain(&format!(
            "the pinned map `{name}` moves to a new map by `{by}`, {entries}{dropped}; a process that runs meanwhile keeps the old one"
        ));
    }
}

fn counted(entries: usize) -> String {
    if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") }
}

/// Puts a map at the place of a pin, in one step.
pub fn replace(folder: &Folder, pin: &str, new: i32) {
    // No map has this name, since a declaration has no dash in its name. A process that was killed may have left it.
    let next = format!("{pin}-next");
    folder.remove(&next);
    folder.pin(&next, new);
    folder.rename(&next, pin);
}
