//! What the running kernel calls itself.

use std::ffi::CStr;

/// What the running kernel calls itself, such as `6.12.9-amd64`.
pub fn release() -> &'static CStr {
    // SAFETY: `uname` terminates its strings by a NUL.
    unsafe { CStr::from_ptr(names().release.as_ptr()) }
}

/// The two first numbers of what the running kernel calls itself.
pub fn running() -> Option<(u32, u32)> {
    numbers(&release().to_string_lossy())
}

/// The two first numbers of a kernel's release; none if it begins otherwise.
pub fn numbers(release: &str) -> Option<(u32, u32)> {
    let (major, rest) = release.split_once('.')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((major.parse().ok()?, rest[..end].parse().ok()?))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_begins_with_two_numbers() {
        assert_eq!(numbers("6.12.9-amd64"), Some((6, 12)));
        assert_eq!(numbers("6.1"), Some((6, 1)));
        assert_eq!(numbers("7.0-rc1+"), Some((7, 0)));
        assert_eq!(numbers("6."), None);
        assert_eq!(numbers("six"), None);
    }
}
