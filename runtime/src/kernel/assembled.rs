//! Small programs of BPF that the library has for itself, as instructions.

use super::errors::errno;
use libbpf_sys as bpf;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr;

/// An instruction of Documentation/bpf/standardization/instruction-set.rst.
pub const fn insn(code: u8, (dst, src): (u8, u8), offset: i16, immediate: i32) -> u64 {
    code as u64 | ((src << 4 | dst) as u64) << 8 | (offset as u16 as u64) << 16 | (immediate as u32 as u64) << 32
}

/// Loads a program with these `BPF_F_*`; or errno.
pub fn load(kind: bpf::bpf_prog_type, flags: u32, code: &[u64]) -> Result<OwnedFd, i32> {
    let mut options =
        bpf::bpf_prog_load_opts { sz: size_of::<bpf::bpf_prog_load_opts>() as bpf::size_t, ..Default::default() };
    options.prog_flags = flags;
    // SAFETY: instructions of 8 bytes each, as many as there are, and options of their own size; the result is nobody else's.
    unsafe {
        let count = code.len() as bpf::size_t;
        let program = bpf::bpf_prog_load(kind, ptr::null(), c"GPL".as_ptr(), code.as_ptr().cast(), count, &mut options);
        if program < 0 { Err(errno()) } else { Ok(OwnedFd::from_raw_fd(program)) }
    }
}
