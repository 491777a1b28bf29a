//! The memory of the process that calls.

use super::attributes::Attribute;
use crate::facts::uapi;

/// What a call's attribute says.
///
/// # Safety
/// The attribute has so many bytes.
pub unsafe fn attribute<T: Attribute>(from: *const u8, size: usize) -> T {
    let mut found = T::default();
    let size = size.min(size_of::<T>());
    // SAFETY: both have so many bytes, and all bits are values of an `Attribute`.
    unsafe { std::ptr::copy_nonoverlapping(from, (&raw mut found).cast(), size) };
    found
}

/// Writes an attribute back that the call has changed.
///
/// # Safety
/// The attribute has so many bytes.
pub unsafe fn write_back<T: Attribute>(changed: &T, to: *mut u8, size: usize) {
    let size = size.min(size_of::<T>());
    // SAFETY: both have so many bytes.
    unsafe { std::ptr::copy_nonoverlapping(std::ptr::from_ref(changed).cast(), to, size) };
}

/// Bytes at an address; null has none.
///
/// # Safety
/// The address is null, or has so many bytes as long as the result is used.
pub unsafe fn bytes<'a>(address: u64, size: usize) -> Result<&'a [u8], i64> {
    match (address, size) {
        (_, 0) => Ok(&[]),
        (0, _) => Err(uapi::EFAULT),
        // SAFETY: as the caller promises.
        (_, _) => Ok(unsafe { std::slice::from_raw_parts(address as *const u8, size) }),
    }
}

/// Writes bytes to an address.
///
/// # Safety
/// The address is null, or has room for them.
pub unsafe fn write(address: u64, bytes: &[u8]) -> Result<(), i64> {
    match (address, bytes.len()) {
        (_, 0) => Ok(()),
        (0, _) => Err(uapi::EFAULT),
        (_, size) => {
            // SAFETY: as the caller promises.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), address as *mut u8, size) };
            Ok(())
        }
    }
}

/// Text that ends with a zero; null has none.
///
/// # Safety
/// The address is null, or of such a text.
pub unsafe fn text(address: u64) -> String {
    if address == 0 {
        return String::new();
    }
    // SAFETY: as the caller promises.
    unsafe { std::ffi::CStr::from_ptr(address as *const std::ffi::c_char) }.to_string_lossy().into_owned()
}
