//! What the running kernel calls itself.

use std::ffi::CStr;

/// What the running kernel calls itself, such as `6.12.9-amd64`.
pub fn release() -> &'static CStr {
    // SAFETY: `uname` terminates its strings by a NUL.
    unsafe { CStr::from_ptr(names().release.as_ptr()) }
}

/// The name of the kernel's build, such as `#1 SMP Debian 6.1.76-1 (2024-02-01)`.
pub fn version_of_build() -> &'static CStr {
    // SAFETY: as above.
    unsafe { CStr::from_ptr(names().version.as_ptr()) }
}

fn names() -> &'static libc::utsname {
    static NAMES: std::sync::OnceLock<libc::utsname> = std::sync::OnceLock::new();
    NAMES.get_or_init(|| {
        // SAFETY: a struct of bytes, which the call fills.
        unsafe {
            let mut names = std::mem::zeroed();
            libc::uname(&mut names);
            names
        }
    })
}
