//! Values of options that the kernel's configuration lacks: libbpf takes those that it is given before those of the kernel,
//! so it is given the missing ones alone.

mod file;
mod inflate;
pub mod value;

use crate::kernel::{program, release};
use std::collections::HashSet;
use std::ffi::{CStr, CString};

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

/// Hands over the lines of a file; false if it cannot be read.
fn each_line(path: &CStr, take: &mut dyn FnMut(&str)) -> bool {
    let Some(contents) = file::contents(path) else { return false };
    contents.split(|&byte| byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok()).for_each(take);
    true
}

/// The name in a line `NAME=value`.
fn name(line: &str) -> Option<&str> {
    line.split_once('=').map(|(name, _)| name)
}
