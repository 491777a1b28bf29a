//! Arenas: memory at one address here and in BPF code, which libbpf maps when it creates the map.

use super::{state, variables};
use crate::abi::{KsGlobal, KsSection};
use crate::kernel::end::die;
use crate::kernel::errors::{errno, reason};
use libbpf_sys as bpf;
use std::ffi::CStr;
use std::ptr;

/// The start of the variable that the compiler makes for an arena in which the program allocates (its pass `arenas`).
#[repr(C)]
struct State {
    base: *mut u8,
    /// The offset of what was never taken.
    next: u64,
    size: u64,
    lists: [u64; 128],
}

/// No object has the offset 0, which ends lists.
const FIRST: u64 = 16;

/// An arena that libbpf has mapped.
struct Arena {
    map: *mut bpf::bpf_map,
    base: *mut u8,
    size: u64,
}

/// Fills arenas with pages: BPF code has none where user space has touched none, and most programs cannot ask for one.
pub fn fill(object: *mut bpf::bpf_object) {
    mapped(object).iter().for_each(|arena| fill_one(object, arena));
}

/// Maps the arenas in a child process, which has no memory of theirs (`VM_DONTCOPY`), where the parent has them.
pub fn map_again() {
    for arena in state::loaded_already().map(mapped).unwrap_or_default() {
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_FIXED);
        // SAFETY: the addresses are the arena's; nothing else is there.
        let at = unsafe {
            libc::mmap(arena.base.cast(), arena.size as usize, access, flags, bpf::bpf_map__fd(arena.map), 0)
        };
        if at == libc::MAP_FAILED {
            die(1, &format!("daemon: cannot map the arena again: {}", reason(errno())));
        }
    }
}

fn mapped(object: *mut bpf::bpf_object) -> Vec<Arena> {
    let mut arenas = Vec::new();
    // SAFETY: the maps of a loaded object; null is before the first and after the last. Of an arena the value is what libbpf has
    // mapped, all pages of it.
    unsafe {
        let mut map = bpf::bpf_object__next_map(object, ptr::null_mut());
        while !map.is_null() {
            if bpf::bpf_map__type(map) == bpf::BPF_MAP_TYPE_ARENA {
                let mut data: bpf::size_t = 0;
                let base = bpf::bpf_map__initial_value(map, &mut data).cast::<u8>();
                let page = libc::sysconf(libc::_SC_PAGESIZE).max(0).unsigned_abs();
                arenas.push(Arena { map, base, size: u64::from(bpf::bpf_map__max_entries(map)) * page });
            }
            map = bpf::bpf_object__next_map(object, map);
        }
    }
    // A map that was left out is nowhere.
    arenas.retain(|arena| !arena.base.is_null());
    arenas
}

fn fill_one(object: *mut bpf::bpf_object, arena: &Arena) {
    // SAFETY: the map's name is a string of libbpf.
    let name = unsafe { CStr::from_ptr(bpf::bpf_map__name(arena.map)) };
    let variable = [name.to_bytes(), b"__arena\0"].concat();
    let global = KsGlobal {
        name: variable.as_ptr().cast(),
        section: KsSection::Bss as u32,
        flags: 0,
        size: size_of::<State>() as u64,
    };
    let Some(state) = variables::find(object, &global) else { return };
    // SAFETY: what is mapped there; nothing is lost.
    if unsafe { libc::madvise(arena.base.cast(), arena.size as usize, libc::MADV_POPULATE_WRITE) } != 0 {
        let (name, size) = (name.to_string_lossy(), arena.size >> 10);
        let why = reason(errno());
        die(1, &format!("cannot fill the arena `{name}` of {size} KiB: {why}\n  help: declare it with fewer pages"));
    }
    let state = state.cast::<State>();
    // SAFETY: a variable of that size in memory that libbpf has mapped; no program runs yet.
    unsafe {
        (*state).base = arena.base;
        (*state).next = FIRST;
        (*state).size = arena.size;
    }
}
