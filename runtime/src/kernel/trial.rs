//! Whether the streams of the kernel work: a program writes to its own.

use super::assembled::{insn, load};
use super::errors::reason;
use libbpf_sys as bpf;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The function of the kernel that programs print by (kernel/bpf/stream.c).
const PRINTS: &std::ffi::CStr = c"bpf_stream_vprintk_impl";

/// Why streams take no line; none if they do, or if this kernel has none.
pub fn failure() -> Option<String> {
    let function = function()?;
    let format = format()?;
    let code = program(format.as_raw_fd(), function);
    let status = run(&load(bpf::BPF_PROG_TYPE_SYSCALL, bpf::BPF_F_SLEEPABLE, &code).ok()?)?;
    (status < 0).then(|| reason(status))
}

/// The number of the kernel's function.
fn function() -> Option<i32> {
    // SAFETY: the kernel's type information, which is freed again.
    unsafe {
        let btf = bpf::btf__load_vmlinux_btf();
        if btf.is_null() {
            return None;
        }
        let id = bpf::btf__find_by_name_kind(btf, PRINTS.as_ptr(), bpf::BTF_KIND_FUNC);
        bpf::btf__free(btf);
        (id > 0).then_some(id)
    }
}

/// A map with a text: the function takes formats that nobody changes.
fn format() -> Option<OwnedFd> {
    let options = bpf::bpf_map_create_opts {
        sz: size_of::<bpf::bpf_map_create_opts>() as bpf::size_t,
        map_flags: bpf::BPF_F_RDONLY_PROG,
        ..Default::default()
    };
    let (key, text) = (0_u32, *b"tried\n\0\0");
    // SAFETY: a NUL-terminated name, options of their own size, a key and a value of the sizes of the map.
    unsafe {
        let fd = bpf::bpf_map_create(bpf::BPF_MAP_TYPE_ARRAY, c"ks_tried".as_ptr(), 4, 8, 1, &options);
        let map = (fd >= 0).then(|| OwnedFd::from_raw_fd(fd))?;
        let written = bpf::bpf_map_update_elem(fd, (&raw const key).cast(), text.as_ptr().cast(), 0);
        (written == 0 && bpf::bpf_map_freeze(fd) == 0).then_some(map)
    }
}

/// `return bpf_stream_vprintk_impl(BPF_STDOUT, format, values, 0, 0)`
fn program(format: i32, function: i32) -> [u64; 10] {
    [
        insn(0xb7, (1, 0), 0, 1),        // r1 = BPF_STDOUT
        insn(0x18, (2, 2), 0, format),   // r2 = the text of the map,
        insn(0x00, (0, 0), 0, 0),        //      from its start
        insn(0x7a, (10, 0), -8, 0),      // a value on the stack
        insn(0xbf, (3, 10), 0, 0),       // r3 = r10
        insn(0x07, (3, 0), 0, -8),       // r3 += -8
        insn(0xb7, (4, 0), 0, 0),        // r4 = 0
        insn(0xb7, (5, 0), 0, 0),        // r5 = 0
        insn(0x85, (0, 2), 0, function), // r0 = function(…)
        insn(0x95, (0, 0), 0, 0),        // return r0
    ]
}

/// What the program returns.
fn run(program: &OwnedFd) -> Option<i32> {
    let mut options =
        bpf::bpf_test_run_opts { sz: size_of::<bpf::bpf_test_run_opts>() as bpf::size_t, ..Default::default() };
    // SAFETY: a program's descriptor, and options of their own size.
    let result = unsafe { bpf::bpf_prog_test_run_opts(program.as_raw_fd(), &mut options) };
    (result == 0).then_some(options.retval.cast_signed())
}
