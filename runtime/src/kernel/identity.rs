//! What the process is: `pid`, `tid`, `uid`, `gid`, `comm`, `cpu` and `cgroup_id` of user space.

use super::program;
use std::ffi::c_char;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// `pid`: of the process.
#[unsafe(no_mangle)]
pub extern "C" fn ks_pid() -> u32 {
    std::process::id()
}

/// `tid`: of the thread.
#[unsafe(no_mangle)]
pub extern "C" fn ks_tid() -> u32 {
    // SAFETY: it takes nothing and cannot fail.
    unsafe { libc::gettid() as u32 }
}

/// `uid`: the real user, as bpf_get_current_uid_gid says it (kernel/bpf/helpers.c).
#[unsafe(no_mangle)]
pub extern "C" fn ks_uid() -> u32 {
    // SAFETY: it takes nothing and cannot fail.
    unsafe { libc::getuid() }
}

/// `gid`: the real group.
#[unsafe(no_mangle)]
pub extern "C" fn ks_gid() -> u32 {
    // SAFETY: it takes nothing and cannot fail.
    unsafe { libc::getgid() }
}

/// `comm`: the name of the thread.
///
/// # Safety
/// `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_comm(out: *mut c_char, size: u64) {
    let name = std::fs::read("/proc/thread-self/comm").unwrap_or_default();
    let name = name.strip_suffix(b"\n").unwrap_or(&name);
    // SAFETY: as the caller promises.
    unsafe { program::fill_bytes(name, out, size) }
}

/// `cpu`: that the thread runs on.
#[unsafe(no_mangle)]
pub extern "C" fn ks_cpu() -> u32 {
    // SAFETY: it takes nothing; it fails on no kernel that has BPF.
    unsafe { libc::sched_getcpu().max(0) as u32 }
}

/// `cgroup_id`: of the cgroup of version 2, the inode of its folder (kernfs); 0 where none is mounted.
#[unsafe(no_mangle)]
pub extern "C" fn ks_cgroup_id() -> u64 {
    own_cgroup().and_then(|folder| folder.metadata().ok()).map_or(0, |folder| folder.ino())
}

/// The folder of the process's cgroup: the line `0::/path` of /proc/self/cgroup, below where cgroup2 is mounted.
fn own_cgroup() -> Option<PathBuf> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    let mount = mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (at, kind) = (fields.next()?, fields.next()?);
        (kind == "cgroup2").then_some(at)
    })?;
    Some(PathBuf::from(mount).join(path.trim_start_matches('/')))
}
