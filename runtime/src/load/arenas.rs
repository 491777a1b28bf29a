//! Arenas: memory at one address here and in BPF code, which libbpf maps when it creates the map.

use crate::abi::{KsGlobal, KsSection};
use crate::errors::{errno, reason};
use crate::exit::die;
use crate::globals;
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

/// Fills arenas with pages: BPF code has none where user space has touched none, and most programs cannot ask for one.
pub fn fill(object: *mut bpf::bpf_object) {
    // SAFETY: the maps of a loaded object; null is before the first and after the last.
    unsafe {
        let mut map = bpf::bpf_object__next_map(object, ptr::null_mut());
        while !map.is_null() {
            if bpf::bpf_map__type(map) == bpf::BPF_MAP_TYPE_ARENA {
                fill_one(map);
            }
            map = bpf::bpf_object__next_map(object, map);
        }
    }
}

/// # Safety
/// A map of the loaded object.
unsafe fn fill_one(map: *mut bpf::bpf_map) {
    // SAFETY: the map's name is a string of libbpf; of an arena the value is what libbpf has mapped, all pages of it.
    let (name, base, size) = unsafe {
        let mut data: bpf::size_t = 0;
        let base = bpf::bpf_map__initial_value(map, &mut data).cast::<u8>();
        let page = libc::sysconf(libc::_SC_PAGESIZE).max(0).unsigned_abs();
        (CStr::from_ptr(bpf::bpf_map__name(map)), base, u64::from(bpf::bpf_map__max_entries(map)) * page)
    };
    let variable = [name.to_bytes(), b"__arena\0"].concat();
    let global = KsGlobal {
        name: variable.as_ptr().cast(),
        section: KsSection::Bss as u32,
        flags: 0,
        size: size_of::<State>() as u64,
    };
    let Some(state) = globals::find(&global).filter(|_| !base.is_null()) else { return };
    // SAFETY: what is mapped there; nothing is lost.
    if unsafe { libc::madvise(base.cast(), size as usize, libc::MADV_POPULATE_WRITE) } != 0 {
        let (name, size) = (name.to_string_lossy(), size >> 10);
        let why = reason(-errno());
        die(1, &format!("cannot fill the arena `{name}` of {size} KiB: {why}\n  help: declare it with fewer pages"));
    }
    let state = state.cast::<State>();
    // SAFETY: a variable of that size in memory that libbpf has mapped; no program runs yet.
    unsafe {
        (*state).base = base;
        (*state).next = FIRST;
        (*state).size = size;
    }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_arena(_: u32) {
    super::loaded();
}
