//! Maps from user space: lookup, update, delete, iteration (`iter.rs`), with the per-CPU rules of the language
//! (`percpu.rs`) and the keys of storages (`objects.rs`). The first access loads the object.

mod failures;
mod inner;
mod iter;
mod keyless;
mod objects;
mod percpu;

use crate::abi::{KS_MAP_EVENTS, KS_MAP_LOCK, KS_MAP_PERCPU, KS_MAP_SUM, KsMap};
use crate::errors::errno;
use crate::exit::die;
use crate::load;
use crate::program::{self, MainThread, text};
use libbpf_sys as bpf;
use percpu::PerCpu;
use std::cell::OnceCell;
use std::ffi::c_void;

/// A map of the loaded object.
struct Map {
    /// For messages.
    name: String,
    fd: i32,
    kind: bpf::bpf_map_type,
    key_size: usize,
    /// The size of one CPU's value.
    value_size: usize,
    max_entries: u32,
    percpu: Option<PerCpu>,
    /// What every read and write asks for besides: `BPF_F_LOCK` where values hold a lock.
    flags: u64,
}

static MAPS: MainThread<OnceCell<Vec<Map>>> = MainThread::new(OnceCell::new());

/// The maps that the program declares.
fn declared() -> &'static [Map] {
    // The static is reached as such, so that the borrow lives as long as the process.
    let maps: &'static OnceCell<Vec<Map>> = &MAPS;
    maps.get_or_init(|| program::maps().iter().map(find).collect())
}

/// A declared map, or one that was taken out of a map of maps.
fn map(index: u32) -> &'static Map {
    let (all, index) = (declared(), index as usize);
    all.get(index).or_else(|| inner::opened(index - all.len())).unwrap_or_else(|| {
        die(1, &format!("there is no map {index}\n  help: this is a fault of ksc; please report it"))
    })
}

/// The descriptor of a map.
pub fn descriptor(index: u32) -> i32 {
    map(index).fd
}

fn find(descriptor: &KsMap) -> Map {
    let object = load::loaded();
    let found = load::find_map(object, descriptor.name);
    let name = text(descriptor.name);
    if found.is_null() {
        die(1, &format!("the BPF object has no map `{name}`\n  help: this is a fault of ksc; please report it"));
    }
    // SAFETY: a map of the loaded object.
    let (fd, kind, key_size, value_size, max_entries) = unsafe {
        (
            bpf::bpf_map__fd(found),
            bpf::bpf_map__type(found),
            bpf::bpf_map__key_size(found),
            bpf::bpf_map__value_size(found),
            bpf::bpf_map__max_entries(found),
        )
    };
    let sent = descriptor.flags & KS_MAP_EVENTS != 0;
    if !sent && (key_size, value_size) != (descriptor.key_size, descriptor.value_size) {
        die(
            1,
            &format!(
                "the map `{name}` has keys of {key_size} and values of {value_size} bytes, not {} and {}\n  \
                 help: this is a fault of ksc; please report it",
                descriptor.key_size, descriptor.value_size
            ),
        );
    }
    let percpu = (descriptor.flags & KS_MAP_PERCPU != 0).then(|| {
        let sum = (descriptor.flags & KS_MAP_SUM != 0).then_some(descriptor.element_width as usize);
        PerCpu::new(value_size as usize, sum)
    });
    let flags = if descriptor.flags & KS_MAP_LOCK == 0 { 0 } else { u64::from(bpf::BPF_F_LOCK) };
    Map {
        name: name.to_owned(),
        flags,
        fd,
        kind,
        key_size: key_size as usize,
        value_size: value_size as usize,
        max_entries,
        percpu,
    }
}

impl Map {
    /// What the kernel reads and writes for one key, in bytes.
    fn stored_size(&self) -> usize {
        self.percpu.as_ref().map_or(self.value_size, PerCpu::stored_size)
    }

    fn is_array(&self) -> bool {
        self.kind == bpf::BPF_MAP_TYPE_ARRAY || self.kind == bpf::BPF_MAP_TYPE_PERCPU_ARRAY
    }

    fn names_socket(&self) -> bool {
        self.kind == bpf::BPF_MAP_TYPE_SK_STORAGE
    }

    fn is_of_maps(&self) -> bool {
        [bpf::BPF_MAP_TYPE_ARRAY_OF_MAPS, bpf::BPF_MAP_TYPE_HASH_OF_MAPS].contains(&self.kind)
    }

    /// What the kernel stores into the value as the program sees it.
    fn present(&self, stored: &[u8], value: &mut [u8]) {
        match &self.percpu {
            Some(percpu) => percpu.gather(stored, value),
            None => value.copy_from_slice(&stored[..value.len()]),
        }
    }
}

/// See abi.rs.
///
/// # Safety
/// `key` is one of the map, or names an object; `value` has the size of the map's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_lookup(index: u32, key: *const c_void, value: *mut c_void) -> bool {
    let map = map(index);
    // SAFETY: as the caller promises.
    unsafe {
        let out = std::slice::from_raw_parts_mut(value.cast::<u8>(), map.value_size);
        let result = match (&map.percpu, map.key(key)) {
            (_, Err(error)) => error,
            (None, Ok(key)) => bpf::bpf_map_lookup_elem_flags(map.fd, key.as_ptr(), value, map.flags),
            (Some(percpu), Ok(_)) => {
                let mut stored = vec![0; percpu.stored_size()];
                let result = bpf::bpf_map_lookup_elem(map.fd, key, stored.as_mut_ptr().cast());
                percpu.gather(&stored, out);
                result
            }
        };
        if result != 0 {
            map.not_found(result);
            out.fill(0);
        }
        result == 0
    }
}

/// See abi.rs.
///
/// # Safety
/// `key` is one of the map, or names an object; `value` has the size of the map's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_update(index: u32, key: *const c_void, value: *const c_void, flags: u64) -> i32 {
    let map = map(index);
    // SAFETY: as the caller promises.
    unsafe {
        let result = match (&map.percpu, map.key(key)) {
            (_, Err(error)) => return error,
            (None, Ok(key)) if map.kind == bpf::BPF_MAP_TYPE_PROG_ARRAY => {
                let handle = std::ptr::read_unaligned(value.cast::<u32>());
                let Some(program) = load::of_handle(handle) else { return -libc::EINVAL };
                let fd = load::program_fd(program);
                bpf::bpf_map_update_elem(map.fd, key.as_ptr(), (&raw const fd).cast(), flags)
            }
            (None, Ok(key)) => bpf::bpf_map_update_elem(map.fd, key.as_ptr(), value, flags | map.flags),
            (Some(percpu), Ok(_)) => {
                let stored = percpu.spread(std::slice::from_raw_parts(value.cast(), map.value_size));
                bpf::bpf_map_update_elem(map.fd, key, stored.as_ptr().cast(), flags)
            }
        };
        if result == 0 { 0 } else { -errno() }
    }
}

/// See abi.rs.
///
/// # Safety
/// `key` is one of the map, or names an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_delete(index: u32, key: *const c_void) -> i32 {
    let map = map(index);
    // SAFETY: as the caller promises.
    unsafe {
        let key = match map.key(key) {
            Ok(key) => key,
            Err(error) => return error,
        };
        let result = bpf::bpf_map_delete_elem(map.fd, key.as_ptr());
        if result == 0 { 0 } else { -errno() }
    }
}
