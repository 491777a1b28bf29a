//! `run`: programs that user space runs (BPF_PROG_RUN).

use super::{handles, load};
use crate::kernel::errors::{complain, errno, reason};
use crate::kernel::program::text;
use libbpf_sys as bpf;
use std::ffi::c_void;
use std::mem::size_of;

/// `run`: runs a program once, which reads and writes so many bytes; its result, or −errno, printed.
///
/// # Safety
/// `context` is null or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_run(handle: u32, context: *mut c_void, size: u64) -> i32 {
    let Some(prog) = handles::of_handle(handle) else {
        complain("cannot run: the program was not loaded");
        return -libc::EINVAL;
    };
    if let Some(why) = handles::refusal(handle) {
        complain(&format!("cannot run `{}`, which is not available: {why}", text(prog.name)));
        return -libc::EOPNOTSUPP;
    }
    let mut options =
        bpf::bpf_test_run_opts { sz: size_of::<bpf::bpf_test_run_opts>() as bpf::size_t, ..Default::default() };
    options.ctx_in = context;
    options.ctx_size_in = u32::try_from(size).unwrap_or(u32::MAX);
    // SAFETY: a program's descriptor, and memory as the caller promises, into which the kernel writes the context.
    let result = unsafe { bpf::bpf_prog_test_run_opts(load::program_fd(prog), &raw mut options) };
    if result < 0 {
        let code = errno();
        complain(&format!("cannot run `{}`: {}", text(prog.name), reason(code)));
        return -code;
    }
    options.retval as i32
}
