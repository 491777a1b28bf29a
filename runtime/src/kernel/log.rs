//! Messages of libbpf while it opens and loads: kept, and shown only in parts when loading fails.
//!
//! Environment: `KS_LIBBPF_LOG=1` shows everything at once, debug messages too.

use super::errors::write_all;
use super::escape;
use super::program::MainThread;
use libbpf_sys as bpf;
use std::cell::RefCell;
use std::ffi::{c_char, c_int};

static LOG: MainThread<RefCell<String>> = MainThread::new(RefCell::new(String::new()));

/// True for a variable that is set to anything but nothing and `0`.
pub fn wanted(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty() && value != "0")
}

/// Makes libbpf hand its messages to this module from here on.
pub fn capture() {
    // SAFETY: plain functions with libbpf's signature.
    unsafe {
        bpf::libbpf_set_print(Some(if wanted("KS_LIBBPF_LOG") { show } else { keep }));
    }
}

/// The messages since the last call.
pub fn take() -> String {
    LOG.try_borrow_mut().map(|mut log| std::mem::take(&mut *log)).unwrap_or_default()
}

unsafe extern "C" {
    fn vsnprintf(buffer: *mut c_char, size: usize, format: *const c_char, args: *mut bpf::__va_list_tag) -> c_int;
}

unsafe extern "C" fn keep(
    level: bpf::libbpf_print_level,
    format: *const c_char,
    args: *mut bpf::__va_list_tag,
) -> c_int {
    if level == bpf::LIBBPF_WARN {
        // SAFETY: libbpf's format and arguments.
        let text = unsafe { formatted(format, args) };
        if let Ok(mut log) = LOG.try_borrow_mut() {
            log.push_str(&text);
        }
    }
    0
}

unsafe extern "C" fn show(
    level: bpf::libbpf_print_level,
    format: *const c_char,
    args: *mut bpf::__va_list_tag,
) -> c_int {
    // SAFETY: libbpf's format and arguments.
    let text = unsafe { formatted(format, args) };
    write_all(2, escape::message(&text).as_bytes());
    if level == bpf::LIBBPF_WARN
        && let Ok(mut log) = LOG.try_borrow_mut()
    {
        log.push_str(&text);
    }
    0
}

/// # Safety
/// The arguments are those of the format, and have not been read.
unsafe fn formatted(format: *const c_char, args: *mut bpf::__va_list_tag) -> String {
    let mut buffer = vec![0u8; 512];
    // SAFETY: the first call reads a copy of the argument list (its one element, by value), the second the list itself;
    // neither writes over the buffer's end.
    unsafe {
        let mut copy = [*args];
        let length = vsnprintf(buffer.as_mut_ptr().cast(), buffer.len(), format, copy.as_mut_ptr());
        let length = usize::try_from(length).unwrap_or(0);
        if length >= buffer.len() {
            buffer.resize(length + 1, 0);
            vsnprintf(buffer.as_mut_ptr().cast(), buffer.len(), format, args);
        }
        buffer.truncate(length);
    }
    String::from_utf8_lossy(&buffer).into_owned()
}
