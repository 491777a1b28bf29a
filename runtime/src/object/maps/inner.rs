//! Maps of maps: a descriptor stores an inner map, a lookup yields a number by which the kernel opens it. Opened maps
//! stay open; a program uses few of them, and finds them again by their numbers.

use super::map::{Inner, Map, OPENED, declared, map};
use crate::kernel::errors::errno;
use libbpf_sys as bpf;
use std::ffi::c_void;
use std::ptr;

/// See abi.rs.
///
/// # Safety
/// `key` has the size of the map's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_set_inner(index: u32, key: *const c_void, inner: u32) -> i32 {
    let fd = map(inner).fd;
    // SAFETY: as the caller promises; the value of a map of maps is a descriptor.
    let result = unsafe { bpf::bpf_map_update_elem(map(index).fd, key, (&raw const fd).cast(), 0) };
    if result == 0 { 0 } else { -errno() }
}

/// See abi.rs.
///
/// # Safety
/// `key` has the size of the map's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_map_inner(index: u32, key: *const c_void, template: u32) -> *const c_void {
    let outer = map(index);
    let mut id = 0_u32;
    // SAFETY: as the caller promises; read from user space, the value of a map of maps is the number of one.
    let result = unsafe { bpf::bpf_map_lookup_elem(outer.fd, key, (&raw mut id).cast()) };
    if result != 0 {
        outer.not_found(result);
        return ptr::null();
    }
    let known = OPENED.borrow().iter().position(|inner| (inner.id, inner.template) == (id, template));
    let Some(at) = known.or_else(|| open(outer, id, template)) else { return ptr::null() };
    // Never null: the numbers of the declared maps come first, and there are at least two of them.
    ptr::without_provenance(declared().len() + at)
}

fn open(outer: &Map, id: u32, template: u32) -> Option<usize> {
    // SAFETY: a number.
    let fd = unsafe { bpf::bpf_map_get_fd_by_id(id) };
    let mut info = bpf::bpf_map_info::default();
    let mut len = size_of::<bpf::bpf_map_info>() as u32;
    // SAFETY: the kernel fills at most `len` bytes of `info`.
    if fd < 0 || unsafe { bpf::bpf_map_get_info_by_fd(fd, &mut info, &mut len) } != 0 {
        outer.not_found(-errno());
        return None;
    }
    let like = map(template);
    let inner =
        Map { name: outer.name.clone(), fd, max_entries: info.max_entries, percpu: like.percpu.clone(), ..*like };
    let mut opened = OPENED.borrow_mut();
    opened.push(Inner { id, template, map: Box::leak(Box::new(inner)) });
    Some(opened.len() - 1)
}
