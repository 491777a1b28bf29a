//! Loads one program of a BPF object by libbpf, attaches nothing, and keeps nothing.
//!
//! libbpf prints to standard error, and a damaged object may make it crash: so this runs in a process of its own.

pub mod loader;
pub mod reply;
mod room;

use libbpf_sys as bpf;
use room::Room;
use std::ffi::{CStr, c_char};
use std::fs::File;
use std::io;
use std::path::Path;
use std::ptr::{self, NonNull};

/// Bits of the verifier's log level (include/linux/bpf_verifier.h).
const PATH: u32 = 1;
const STATISTICS: u32 = 4;

/// Bytes for the log of a program that loads: figures, and warnings.
const SHORT: usize = 1 << 20;
/// Bytes for the log of a refused program; kernels take less than a gibibyte. Of a longer one the end is missing, on kernels before 6.4 its begin.
const LONG: usize = (1 << 30) - (1 << 12);

/// Loads the program of this name, and takes it out of the kernel again. What the verifier says is in `log` then: its figures, and if it refuses
/// the program the path to that place.
///
/// # Errors
/// That of the load, or of what comes before it: then the log is empty.
pub fn load(object: &[u8], program: &str, log: &File) -> io::Result<()> {
    let loaded = attempt(object, program, log, STATISTICS, SHORT);
    let is_said = log.metadata().is_ok_and(|about| about.len() > 0);
    if loaded.is_ok() || !is_said {
        return loaded;
    }
    attempt(object, program, log, STATISTICS | PATH, LONG)
}

/// What the process that loads a program says last, before the reason why it is not loaded.
pub const LAST: &str = "not loaded: ";

/// How a process ends whose program is not loaded.
const FAILED: u8 = 1;

/// A process that loads one program: its status. It says on standard error why the program is not loaded, after libbpf's own messages. The log
/// is a file that is there.
pub fn child(object: &Path, program: &str, log: &Path) -> u8 {
    let loaded = std::fs::read(object).and_then(|object| {
        let log = File::options().read(true).write(true).open(log)?;
        load(&object, program, &log)
    });
    match loaded {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{LAST}{}", words(&error));
            FAILED
        }
    }
}

fn words(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EPERM) if !may_load() => NO_PRIVILEGE.to_owned(),
        _ => error.to_string().split(" (os error").next().unwrap_or_default().to_owned(),
    }
}

/// What is said of a process that may not load programs.
pub const NO_PRIVILEGE: &str = "no privilege to load BPF programs: it takes CAP_BPF, or root";

/// Numbers of capabilities (include/uapi/linux/capability.h), each of which lets a process load.
const CAP_SYS_ADMIN: u64 = 1 << 21;
const CAP_BPF: u64 = 1 << 39;

/// Whether the process has a privilege for it.
fn may_load() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let bits = effective.and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok());
    bits.is_none_or(|bits| bits & (CAP_SYS_ADMIN | CAP_BPF) != 0)
}

fn attempt(object: &[u8], program: &str, log: &File, level: u32, size: usize) -> io::Result<()> {
    // Nothing is said where it does not come to a load.
    log.set_len(0)?;
    let opened = Opened::of(object)?;
    opened.without_pins();
    let program = opened.only(program)?;
    let mut room = Room::new(log, size)?;
    // SAFETY: the program is one of the open object, which is closed before the room goes.
    unsafe {
        bpf::bpf_program__set_log_level(program, level);
        bpf::bpf_program__set_log_buf(program, room.start().cast::<c_char>(), room.size() as u64);
    }
    // SAFETY: the object is open and not loaded yet.
    let status = unsafe { bpf::bpf_object__load(opened.0.as_ptr()) };
    drop(opened);
    room.keep(log)?;
    if status < 0 { Err(io::Error::from_raw_os_error(-status)) } else { Ok(()) }
}

/// An object that libbpf has read. It closes it at the end, and all descriptors with it.
struct Opened(NonNull<bpf::bpf_object>);

impl Opened {
    fn of(bytes: &[u8]) -> io::Result<Opened> {
        // SAFETY: libbpf copies the bytes; without options it takes its own.
        let object = unsafe { bpf::bpf_object__open_mem(bytes.as_ptr().cast(), bytes.len() as u64, ptr::null()) };
        NonNull::new(object).map(Opened).ok_or_else(io::Error::last_os_error)
    }

    /// Maps that a loader would pin, or share with others, are new ones.
    fn without_pins(&self) {
        let mut map = ptr::null_mut();
        // SAFETY: walks over the maps of an open object; without a path libbpf forgets the one that it has.
        unsafe {
            loop {
                map = bpf::bpf_object__next_map(self.0.as_ptr(), map);
                if map.is_null() {
                    return;
                }
                bpf::bpf_map__set_pin_path(map, ptr::null());
            }
        }
    }

    /// Has the object load this program alone, which is returned.
    fn only(&self, wanted: &str) -> io::Result<*mut bpf::bpf_program> {
        let (mut program, mut found) = (ptr::null_mut(), None);
        // SAFETY: walks over the programs of an open object, whose names live as long as it.
        unsafe {
            loop {
                program = bpf::bpf_object__next_program(self.0.as_ptr(), program);
                if program.is_null() {
                    break;
                }
                let name = CStr::from_ptr(bpf::bpf_program__name(program));
                let is_wanted = name.to_bytes() == wanted.as_bytes();
                bpf::bpf_program__set_autoload(program, is_wanted);
                if is_wanted {
                    found = Some(program);
                }
            }
        }
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // SAFETY: the object is not used from here on.
        unsafe { bpf::bpf_object__close(self.0.as_ptr()) };
    }
}
