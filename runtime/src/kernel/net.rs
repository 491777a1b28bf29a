//! Network interfaces by name.

use super::escape;
use super::program::bounded;
use std::ffi::{CStr, CString, c_char, c_void};
use std::slice;

/// The index of the interface; none if there is none of this name.
pub fn index_of(name: &CStr) -> Option<i32> {
    // SAFETY: a NUL-terminated string.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    i32::try_from(index).ok().filter(|index| *index > 0)
}

/// For a message. None when there is no interface of that index.
pub fn name_of(index: i32) -> Option<String> {
    let mut buffer = [0 as c_char; libc::IF_NAMESIZE];
    let index = u32::try_from(index).ok()?;
    // SAFETY: the buffer has the size that the function asks for; it is terminated on success.
    unsafe {
        let name = libc::if_indextoname(index, buffer.as_mut_ptr());
        (!name.is_null()).then(|| escape::value(&CStr::from_ptr(name).to_string_lossy()))
    }
}

/// The names of all interfaces here, for a message.
pub fn all_names() -> Vec<String> {
    let mut names = Vec::new();
    // SAFETY: the list ends with an entry of index 0, and is freed once.
    unsafe {
        let list = libc::if_nameindex();
        if list.is_null() {
            return names;
        }
        let mut entry = list;
        while (*entry).if_index != 0 {
            names.push(escape::value(&CStr::from_ptr((*entry).if_name).to_string_lossy()));
            entry = entry.add(1);
        }
        libc::if_freenameindex(list);
    }
    names
}

/// A name for C, from bytes that a program passed.
pub fn c_name(bytes: &[u8]) -> Option<CString> {
    CString::new(bytes).ok()
}

/// # Safety
/// `ifindex`: the index of an interface, in 4 bytes; 0, or −ENODEV, and `out` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_ifindex(text: *const c_char, size: u64, out: *mut c_void, out_size: u64) -> i32 {
    // SAFETY: the compiler hands over a string variable of this size, and a place for the result.
    let (name, out) =
        unsafe { (bounded(text, size as usize), slice::from_raw_parts_mut(out.cast::<u8>(), out_size as usize)) };
    match c_name(name).and_then(|name| index_of(&name)) {
        Some(index) if out.len() == 4 => {
            out.copy_from_slice(&index.to_ne_bytes());
            0
        }
        Some(_) | None => -libc::ENODEV,
    }
}
