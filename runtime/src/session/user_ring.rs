//! User ring buffers: records that the process sends to BPF code, which drains them. libbpf's, one for each map.

use crate::kernel::end::die;
use crate::kernel::errors::{errno, reason};
use crate::kernel::program::{self, MainThread, text};
use crate::object::{load, parts};
use libbpf_sys as bpf;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::ptr;

/// A ring and the size of its records.
#[derive(Clone, Copy)]
struct Ring {
    ring: *mut bpf::user_ring_buffer,
    size: u32,
}

static RINGS: MainThread<RefCell<BTreeMap<u32, Ring>>> = MainThread::new(RefCell::new(BTreeMap::new()));

fn ring(map: u32) -> Ring {
    *RINGS.borrow_mut().entry(map).or_insert_with(|| open(map))
}

fn open(map: u32) -> Ring {
    let Some(descriptor) = program::maps().get(map as usize) else {
        die(1, &format!("there is no map {map}\n  help: this is a fault of ksc; please report it"));
    };
    let found = parts::find_map(load::loaded(), descriptor.name);
    // SAFETY: a map of the loaded object, or null, which has no descriptor.
    let ring = unsafe { bpf::user_ring_buffer__new(bpf::bpf_map__fd(found), ptr::null()) };
    if ring.is_null() {
        die(1, &format!("cannot write to `{}`: {}", text(descriptor.name), reason(errno())));
    }
    Ring { ring, size: descriptor.value_size }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_user_ring_reserve(map: u32) -> *mut c_void {
    let ring = ring(map);
    // SAFETY: an open ring.
    unsafe { bpf::user_ring_buffer__reserve(ring.ring, ring.size) }
}

/// See abi.rs.
///
/// # Safety
/// `record` is of this ring, and not ended yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_user_ring_submit(map: u32, record: *mut c_void) {
    // SAFETY: as the caller promises.
    unsafe { bpf::user_ring_buffer__submit(ring(map).ring, record) };
}

/// See abi.rs.
///
/// # Safety
/// `record` is of this ring, and not ended yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_user_ring_discard(map: u32, record: *mut c_void) {
    // SAFETY: as the caller promises.
    unsafe { bpf::user_ring_buffer__discard(ring(map).ring, record) };
}
