//! Which machine runs the programs of tests: the kernel, or the virtual machine, a library that the dynamic linker loads before those of
//! libc (`vm/preload`).

use super::make::Suite;
use crate::cli::Test;
use crate::link::runtime;
use std::ffi::{OsStr, OsString, c_long, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The virtual machine's library, if it runs the programs; or why it is not to be had.
pub fn choose(args: &Test, folder: &Path, suites: &[Suite]) -> Result<Option<PathBuf>, String> {
    let is_needed = suites.iter().any(|suite| !suite.tests.is_empty()) && (args.vm || !kernel_takes_programs());
    if is_needed { runtime::machine(folder).map(Some) } else { Ok(None) }
}

/// Has a test start with the machine.
pub fn start_with(command: &mut Command, machine: &Path) {
    let others = std::env::var_os("LD_PRELOAD").filter(|others| !others.is_empty());
    let mut all = OsString::from(machine);
    if let Some(others) = others {
        all.push(OsStr::new(":"));
        all.push(others);
    }
    command.env("LD_PRELOAD", all).env("KS_TEST_MACHINE", machine);
}

/// The begin of `union bpf_attr` for BPF_PROG_LOAD, up to the log (include/uapi/linux/bpf.h).
#[repr(C)]
struct Load {
    prog_type: u32,
    count: u32,
    instructions: *const u64,
    license: *const u8,
    log: [u64; 3],
}

const BPF_PROG_LOAD: c_long = 5;
/// A type that takes privileges whatever `kernel.unprivileged_bpf_disabled` says.
const BPF_PROG_TYPE_XDP: u32 = 6;

/// Whether the kernel loads programs for this process. It says so of one that does nothing.
fn kernel_takes_programs() -> bool {
    // r0 = 0; exit
    let code = [0xb7_u64, 0x95];
    let load = Load {
        prog_type: BPF_PROG_TYPE_XDP,
        count: code.len() as u32,
        instructions: code.as_ptr(),
        license: c"GPL".as_ptr().cast(),
        log: [0; 3],
    };
    // SAFETY: the attribute has its size, and its pointers are valid during the call; the descriptor is nobody else's.
    unsafe {
        let attribute: *const c_void = std::ptr::from_ref(&load).cast();
        let fd = libc::syscall(libc::SYS_bpf, BPF_PROG_LOAD, attribute, size_of::<Load>());
        if let Ok(fd) = i32::try_from(fd)
            && fd >= 0
        {
            libc::close(fd);
        }
        fd >= 0
    }
}
