//! Addresses of networks, read from text.

use std::ffi::{c_char, c_void};
use std::net::{Ipv4Addr, Ipv6Addr};

/// `parse_ip4`, `parse_ip6`: an IPv4 address of 4 bytes or an IPv6 address of 16; 0, or −EINVAL where the text says none, and `out` is as
/// it was.
///
/// # Safety
/// `text` is readable for `size` bytes, `out` writable for `out_size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_parse_address(text: *const c_char, size: u64, out: *mut c_void, out_size: u64) -> i32 {
    // SAFETY: the compiler hands over a string variable of this size.
    let bytes = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), size as usize) };
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let Ok(text) = std::str::from_utf8(&bytes[..end]) else { return -libc::EINVAL };
    // SAFETY: the place of the result has this size.
    let out = unsafe { std::slice::from_raw_parts_mut(out.cast::<u8>(), out_size as usize) };
    match (text.parse::<Ipv4Addr>(), text.parse::<Ipv6Addr>(), out.len()) {
        (Ok(address), _, 4) => out.copy_from_slice(&address.octets()),
        (_, Ok(address), 16) => out.copy_from_slice(&address.octets()),
        (_, _, _) => return -libc::EINVAL,
    }
    0
}
