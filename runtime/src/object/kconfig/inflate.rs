//! Inflates /proc/config.gz. Only the descriptors of programs with variables of the kernel's configuration point to it.

use super::file::Inflater;
use std::ffi::{c_char, c_int, c_uint, c_ulong, c_void};

/// See `KsProgram::configuration`.
#[unsafe(no_mangle)]
pub static ks_configuration: Inflater = Inflater { inflate };

/// `z_stream` of zlib.h.
#[repr(C)]
struct Stream {
    next_in: *const u8,
    avail_in: c_uint,
    total_in: c_ulong,
    next_out: *mut u8,
    avail_out: c_uint,
    total_out: c_ulong,
    msg: *const c_char,
    state: *mut c_void,
    zalloc: *const c_void,
    zfree: *const c_void,
    opaque: *mut c_void,
    data_type: c_int,
    adler: c_ulong,
    reserved: c_ulong,
}

unsafe extern "C" {
    fn inflateInit2_(stream: *mut Stream, window_bits: c_int, version: *const c_char, size: c_int) -> c_int;
    #[link_name = "inflate"]
    fn inflate_step(stream: *mut Stream, flush: c_int) -> c_int;
    fn inflateEnd(stream: *mut Stream) -> c_int;
}

const Z_OK: c_int = 0;
const Z_STREAM_END: c_int = 1;
const Z_NO_FLUSH: c_int = 0;
/// A window of any size that is, and a header of gzip.
const GZIP: c_int = 15 + 16;
/// The contents grow by so many bytes.
const STEP: usize = 1 << 16;

fn inflate(file: &[u8]) -> Option<Vec<u8>> {
    // SAFETY: a zeroed stream asks for zlib's own functions of memory; the file outlives it.
    unsafe {
        let mut stream: Stream = std::mem::zeroed();
        (stream.next_in, stream.avail_in) = (file.as_ptr(), c_uint::try_from(file.len()).ok()?);
        if inflateInit2_(&mut stream, GZIP, c"1".as_ptr(), size_of::<Stream>() as c_int) != Z_OK {
            return None;
        }
        let contents = all(&mut stream);
        inflateEnd(&mut stream);
        contents
    }
}

/// What is left of an open stream.
fn all(stream: &mut Stream) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let filled = out.len();
        out.resize(filled + STEP, 0);
        (stream.next_out, stream.avail_out) = (out[filled..].as_mut_ptr(), STEP as c_uint);
        // SAFETY: an open stream, and buffers of the lengths that it has.
        let result = unsafe { inflate_step(stream, Z_NO_FLUSH) };
        out.truncate(filled + STEP - stream.avail_out as usize);
        match result {
            Z_STREAM_END => return Some(out),
            // Nothing was written, and nothing is left to read: the file ends early.
            Z_OK if out.len() > filled => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'CONFIG_BPF=y\n' | gzip -n`
    const FILE: [u8; 33] = [
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x73, 0xf6, 0xf7, 0x73, 0xf3, 0x74, 0x8f, 0x77, 0x0a, 0x70, 0xb3, 0xad,
        0xe4, 2, 0, 0xb1, 0x0f, 0xcd, 0x28, 0x0d, 0, 0, 0,
    ];

    #[test]
    fn a_file_of_gzip_is_inflated() {
        assert_eq!(inflate(&FILE).as_deref(), Some(&b"CONFIG_BPF=y\n"[..]));
        assert_eq!(inflate(&FILE[..20]), None);
        assert_eq!(inflate(b"CONFIG_BPF=y\n"), None);
    }
}
