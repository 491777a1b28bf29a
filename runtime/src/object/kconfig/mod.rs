//! Values of options that the kernel's configuration lacks: libbpf takes those that it is given before those of the kernel,
//! so it is given the missing ones alone.

pub mod value;

use crate::kernel::{program, release};
use std::collections::HashSet;
use std::ffi::{CStr, CString, c_char, c_int, c_void};

// zlib, which libbpf reads the same files with: plain ones too.
unsafe extern "C" {
    fn gzopen(path: *const c_char, mode: *const c_char) -> *mut c_void;
    fn gzgets(file: *mut c_void, buffer: *mut c_char, size: c_int) -> *mut c_char;
    fn gzclose(file: *mut c_void) -> c_int;
}

/// As long as libbpf takes lines: bpf_object__read_kconfig_file.
const LINE: usize = 4096;

/// The lines of the program for options that the kernel lacks.
pub fn missing() -> Option<CString> {
    let defaults = program::kconfig();
    if defaults.is_empty() {
        return None;
    }
    let mut known: HashSet<&str> = defaults.lines().filter_map(name).collect();
    for path in places() {
        let mut remove = |line: &str| {
            if let Some(name) = name(line) {
                known.remove(name);
            }
        };
        if each_line(&path, &mut remove) {
            break;
        }
    }
    let lines = defaults.lines().filter(|line| name(line).is_some_and(|name| known.contains(name)));
    CString::new(lines.flat_map(|line| [line, "\n"]).collect::<String>()).ok()
}

/// Where libbpf looks, in its order.
fn places() -> [CString; 2] {
    let beside_image = [b"/boot/config-", release::release().to_bytes()].concat();
    [CString::new(beside_image).unwrap_or_default(), c"/proc/config.gz".to_owned()]
}

/// Hands over the lines of a file; false if it cannot be opened.
fn each_line(path: &CStr, take: &mut dyn FnMut(&str)) -> bool {
    // SAFETY: NUL-terminated strings; the file is closed once, below.
    let file = unsafe { gzopen(path.as_ptr(), c"rb".as_ptr()) };
    if file.is_null() {
        return false;
    }
    let mut line = [0_u8; LINE];
    // SAFETY: an open file, and a buffer of that many bytes, which `gzgets` terminates.
    while !unsafe { gzgets(file, line.as_mut_ptr().cast(), LINE as c_int) }.is_null() {
        let text = CStr::from_bytes_until_nul(&line).ok().and_then(|line| line.to_str().ok());
        if let Some(text) = text {
            take(text);
        }
    }
    // SAFETY: the open file, which nobody uses afterwards.
    unsafe { gzclose(file) };
    true
}

/// The name in a line `NAME=value`.
fn name(line: &str) -> Option<&str> {
    line.split_once('=').map(|(name, _)| name)
}
