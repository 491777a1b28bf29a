//! Names for numbers of the kernel, and numbers for its names. Each function fills the place of its result, with zeros where there is none,
//! and yields whether there is one.

use crate::kernel::program::fill_bytes;
use std::ffi::{CStr, OsStr, c_char};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

/// Of include/linux/kdev_t.h: so many bits of a device's number are those within its driver.
const MINOR_BITS: u32 = 20;

/// Of include/uapi/linux/magic.h.
const CGROUP2_SUPER_MAGIC: i64 = 0x6367_7270;

/// # Safety
/// `out` is writable for `size` bytes.
unsafe fn text(value: Option<&[u8]>, out: *mut c_char, size: u64) -> bool {
    // SAFETY: as the caller promises.
    unsafe { fill_bytes(value.unwrap_or_default(), out, size) };
    value.is_some()
}

/// # Safety
/// `out` is writable.
unsafe fn number(value: Option<u64>, out: *mut u64) -> bool {
    // SAFETY: as the caller promises.
    unsafe { out.write(value.unwrap_or(0)) };
    value.is_some()
}

/// `ifname`
///
/// # Safety
/// `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_ifname(index: u32, out: *mut c_char, size: u64) -> bool {
    let mut name = [0 as c_char; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the size that the function asks for, which terminates it on success; the rest as the caller promises.
    unsafe {
        let found = !libc::if_indextoname(index, name.as_mut_ptr()).is_null();
        text(found.then(|| CStr::from_ptr(name.as_ptr()).to_bytes()), out, size)
    }
}

/// `diskname`: by the number that the kernel has within itself, `major << 20 | minor`.
///
/// # Safety
/// `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_diskname(device: u32, out: *mut c_char, size: u64) -> bool {
    let (major, minor) = (device >> MINOR_BITS, device & ((1 << MINOR_BITS) - 1));
    let folder = fs::read_link(format!("/sys/dev/block/{major}:{minor}")).ok();
    // In sysfs `!` stands for the slashes of a name (drivers/base/core.c).
    let name = folder.as_deref().and_then(|folder| folder.file_name());
    let name: Option<Vec<u8>> =
        name.map(|name| name.as_bytes().iter().map(|byte| if *byte == b'!' { b'/' } else { *byte }).collect());
    // SAFETY: as the caller promises.
    unsafe { text(name.as_deref(), out, size) }
}

/// `username`
///
/// # Safety
/// `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_username(uid: u32, out: *mut c_char, size: u64) -> bool {
    let name = username(uid);
    // SAFETY: as the caller promises.
    unsafe { text(name.as_deref(), out, size) }
}

fn username(uid: u32) -> Option<Vec<u8>> {
    // Most entries fit at once; that of a user with very long texts needs more room (getpwuid_r(3)).
    let mut room = 1 << 12;
    while room <= 1 << 20 {
        let mut buffer = vec![0; room];
        let mut entry = MaybeUninit::<libc::passwd>::uninit();
        let mut found = std::ptr::null_mut();
        // SAFETY: the buffer has the size that is said; where an entry is found its name is a text in the buffer.
        unsafe {
            match libc::getpwuid_r(uid, entry.as_mut_ptr(), buffer.as_mut_ptr(), buffer.len(), &mut found) {
                libc::ERANGE => room *= 4,
                0 if !found.is_null() => return Some(CStr::from_ptr((*found).pw_name).to_bytes().to_vec()),
                _ => return None,
            }
        }
    }
    None
}

/// `comm_of`
///
/// # Safety
/// `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_comm_of(pid: u32, out: *mut c_char, size: u64) -> bool {
    let comm = fs::read(format!("/proc/{pid}/comm")).ok();
    let comm = comm.as_deref().map(|comm| comm.strip_suffix(b"\n").unwrap_or(comm));
    // SAFETY: as the caller promises.
    unsafe { text(comm, out, size) }
}

/// `cgroup_id_of`: of a folder of cgroup2, where the number of the file is the id (kernfs_id of include/linux/kernfs.h, on 64 bits).
///
/// # Safety
/// `path` is a NUL-terminated text, `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_cgroup_id_of(path: *const c_char, out: *mut u64, _size: u64) -> bool {
    // SAFETY: as the caller promises; the answer of statfs is read where it has written it.
    unsafe {
        let mut system = MaybeUninit::<libc::statfs>::uninit();
        let is_cgroup =
            libc::statfs(path, system.as_mut_ptr()) == 0 && system.assume_init().f_type == CGROUP2_SUPER_MAGIC;
        let folder = OsStr::from_bytes(CStr::from_ptr(path).to_bytes());
        let id = fs::metadata(folder).ok().filter(|found| is_cgroup && found.is_dir()).map(|found| found.ino());
        number(id, out)
    }
}

/// `ksym_addr`
///
/// # Safety
/// `name` is a NUL-terminated text, `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_ksym_addr(name: *const c_char, out: *mut u64, _size: u64) -> bool {
    // SAFETY: as the caller promises.
    unsafe { number(symbol(CStr::from_ptr(name).to_bytes()), out) }
}

/// The first symbol of this name. All addresses are zero for those that may not know them (kptr_restrict of sysctl/kernel).
fn symbol(name: &[u8]) -> Option<u64> {
    let mut lines = BufReader::new(File::open("/proc/kallsyms").ok()?);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).ok()? > 0 {
        let mut words = line.split(u8::is_ascii_whitespace);
        let address = words.next().and_then(|word| u64::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok());
        if words.nth(1) == Some(name) {
            return address.filter(|address| *address != 0);
        }
        line.clear();
    }
    None
}
