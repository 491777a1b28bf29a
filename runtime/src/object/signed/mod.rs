//! Loads a signed object: the kernel verifies the signature over a loader, a program that makes the maps and loads the programs
//! (`src/tool/signature/mod.rs`). libbpf's object then gets their descriptors, so that all else is as with any object.
//!
//! Initial values of variables and sizes of maps are what this process says: options of the program are not signed.
//!
//! Only the descriptor of a signed executable points to `ks_signed`, so that others link nothing of it.
//!
//! Environment: `KS_UNSIGNED=1` loads without a signature, and says so. `keyring.rs` has another variable.

mod keyring;
mod parts;
mod run;

use super::libbpf::loads;
use super::{parts as objects, tiers};
use crate::kernel::end::die;
use crate::kernel::errors::{complain, errno, reason};
use crate::kernel::program::MainThread;
use crate::kernel::{log, release};
use libbpf_sys as bpf;
use parts::Parts;
use run::{Failure, MapOfContext, initial};
use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};

/// How a signed object is loaded.
pub struct Signed {
    /// Runs the loader of an opened object. A failure ends the process.
    pub prepare: fn(*mut bpf::bpf_object),
    /// Maps the variables of the object once libbpf has loaded it.
    pub finish: fn(*mut bpf::bpf_object),
}

/// See `KsProgram::signed`.
#[unsafe(no_mangle)]
pub static ks_signed: Signed = Signed { prepare, finish };

/// The programs that the loader has loaded, until libbpf asks for them.
static PROGRAMS: MainThread<RefCell<Vec<(&'static str, OwnedFd)>>> = MainThread::new(RefCell::new(Vec::new()));

/// The loader has made the maps.
static HAS_RUN: MainThread<Cell<bool>> = MainThread::new(Cell::new(false));

/// Bytes for what the verifier says of a refused program.
const LOG: usize = 1 << 20;

fn prepare(object: *mut bpf::bpf_object) {
    if log::wanted("KS_UNSIGNED") {
        complain("the programs are loaded without their signature, as KS_UNSIGNED says");
        return;
    }
    let Some(parts) = tiers::object().and_then(Parts::of) else { old_kernel() };
    let keyring = keyring::chosen().unwrap_or_else(|why| die(1, &why));
    check(object, &parts);
    let context = || parts.maps.iter().map(|name| of_map(object, name)).collect::<Vec<MapOfContext>>();
    let made = run::run(&parts, &keyring, &context(), &mut []).unwrap_or_else(|failure| {
        let mut log = Vec::new();
        if let Failure::Step(_) = failure {
            log.resize(LOG, 0);
            // The same again, for what the verifier says.
            if let Ok(made) = run::run(&parts, &keyring, &context(), &mut log) {
                return made;
            }
        }
        let said = CStr::from_bytes_until_nul(&log).unwrap_or_default().to_string_lossy();
        die(1, &words(&failure, &keyring, &said))
    });
    for (name, map) in std::iter::zip(&parts.maps, made.maps) {
        give(object, name, &map);
    }
    PROGRAMS.replace(std::iter::zip(parts.programs, made.programs).collect());
    HAS_RUN.set(true);
    loads::take_from(Some(taken));
}

/// Ends the process if libbpf would load a program that the loader does not have: nothing is loaded beside it.
fn check(object: *mut bpf::bpf_object, parts: &Parts) {
    for program in objects::programs(object) {
        // SAFETY: a program of an open object, whose name is a string of libbpf.
        let (name, wanted) =
            unsafe { (CStr::from_ptr(bpf::bpf_program__name(program)), bpf::bpf_program__autoload(program)) };
        if wanted && !parts.programs.iter().any(|known| known.as_bytes() == name.to_bytes()) {
            let name = name.to_string_lossy();
            die(
                1,
                &format!(
                    "the program `{name}` is none of those that are signed\n  help: KS_UNSIGNED=1 loads all without their signature"
                ),
            );
        }
    }
}

/// What the loader is told of a map.
fn of_map(object: *mut bpf::bpf_object, name: &str) -> MapOfContext {
    let map = map_named(object, name);
    if map.is_null() {
        return MapOfContext { fd: 0, entries: 0, initial: 0 };
    }
    // SAFETY: a map of an open object.
    let (mut entries, kind) = unsafe { (bpf::bpf_map__max_entries(map), bpf::bpf_map__type(map)) };
    if kind == bpf::BPF_MAP_TYPE_PERF_EVENT_ARRAY && entries == 0 {
        // SAFETY: reads a file of sysfs.
        entries = unsafe { bpf::libbpf_num_possible_cpus() }.max(1).unsigned_abs();
    }
    MapOfContext { fd: 0, entries, initial: initial(map).0 as u64 }
}

fn map_named(object: *mut bpf::bpf_object, name: &str) -> *mut bpf::bpf_map {
    CString::new(name).map_or(std::ptr::null_mut(), |name| objects::find_map(object, name.as_ptr()))
}

/// Has libbpf use a map that the loader has made. One that nothing uses goes again.
fn give(object: *mut bpf::bpf_object, name: &str, made: &OwnedFd) {
    let map = map_named(object, name);
    // SAFETY: a map of an open object, or null, and a descriptor that libbpf copies.
    let result = unsafe {
        if map.is_null() || !bpf::bpf_map__autocreate(map) {
            return;
        }
        bpf::bpf_map__reuse_fd(map, made.as_raw_fd())
    };
    if result != 0 {
        die(1, &format!("cannot use the map `{name}` that the signed loader has made: {}", reason(result)));
    }
}

fn taken(name: &CStr) -> Option<i32> {
    let mut programs = PROGRAMS.borrow_mut();
    let at = programs.iter().position(|(known, _)| known.as_bytes() == name.to_bytes())?;
    Some(programs.swap_remove(at).1.into_raw_fd())
}

/// libbpf leaves its own copies of the variables where it is given the maps: the kernel's memory takes their place, as with maps that libbpf
/// makes (`bpf_object__populate_internal_map`).
fn finish(object: *mut bpf::bpf_object) {
    loads::take_from(None);
    // Those that nothing wants are closed.
    PROGRAMS.replace(Vec::new());
    if !HAS_RUN.get() {
        return;
    }
    for map in objects::maps(object) {
        let (start, size) = initial(map);
        // SAFETY: a map of the loaded object.
        let (fd, is_variables, flags) =
            unsafe { (bpf::bpf_map__fd(map), bpf::bpf_map__is_internal(map), bpf::bpf_map__map_flags(map)) };
        if !is_variables || start.is_null() || fd < 0 || flags & bpf::BPF_F_MMAPABLE == 0 {
            continue;
        }
        let access =
            if flags & bpf::BPF_F_RDONLY_PROG == 0 { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ };
        let how = libc::MAP_SHARED | libc::MAP_FIXED;
        // SAFETY: libbpf's copy begins at a page and has as many pages as the map.
        let mapped = unsafe { libc::mmap(start.cast(), size as usize, access, how, fd, 0) };
        if mapped == libc::MAP_FAILED {
            die(1, &format!("cannot map the variables of the signed object: {}", reason(errno())));
        }
    }
}

fn old_kernel() -> ! {
    let kernel = release::running().map_or_else(String::new, |(major, minor)| format!(", this one is {major}.{minor}"));
    die(
        1,
        &format!(
            "the programs are signed, and this kernel cannot check that: Linux 6.18 and later do{kernel}\n  \
             help: KS_UNSIGNED=1 loads them without their signature"
        ),
    )
}

fn words(failure: &Failure, keyring: &keyring::Keyring, log: &str) -> String {
    let name = &keyring.name;
    match failure {
        Failure::OldKernel => old_kernel(),
        Failure::Map(error) => format!("cannot make the map of the signed loader: {}", reason(*error)),
        Failure::Changed => CHANGED.to_owned(),
        Failure::Refused(libc::ENOKEY) => {
            let help = keyring.address.as_ref().map_or_else(
                || "the kernel is built with the keys of that one; KS_KEYRING names another".to_owned(),
                |address| {
                    format!(
                        "`openssl x509 -in CERT.pem -outform DER | keyctl padd asymmetric '' {address}` adds the certificate of who \
                         signed, which `ksc inspect` shows; KS_KEYRING names another keyring"
                    )
                },
            );
            format!("the programs are not loaded: the {name} has no key of who signed them\n  help: {help}")
        }
        Failure::Refused(libc::EKEYREJECTED | libc::EBADMSG) => CHANGED.to_owned(),
        Failure::Refused(libc::ENOPKG) => "the programs are not loaded: this kernel has not the algorithm of their signature\n  \
             help: for keys of the curve P-256 it needs CONFIG_CRYPTO_ECDSA; all kernels that check signatures have RSA"
            .to_owned(),
        Failure::Refused(libc::E2BIG) => old_kernel(),
        Failure::Refused(libc::EOPNOTSUPP) => {
            "the programs are signed, and this kernel cannot check that: it is built without CONFIG_SYSTEM_DATA_VERIFICATION=y\n  \
             help: KS_UNSIGNED=1 loads them without their signature"
                .to_owned()
        }
        Failure::Refused(error @ (libc::EPERM | libc::EACCES)) => format!(
            "the programs are not loaded: {}\n  help: loading takes CAP_BPF and CAP_PERFMON, or root, and the {name} must be \
             readable; a policy of the machine may forbid the signer",
            reason(*error)
        ),
        Failure::Refused(error) => format!("the programs are not loaded: the kernel refuses their signed loader: {}", reason(*error)),
        Failure::Step(error) => {
            let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
            let shown: String = lines.iter().rev().take(12).rev().map(|line| format!("\n  {line}")).collect();
            format!("the signed loader could not load the programs: {}{shown}", reason(*error))
        }
    }
}

const CHANGED: &str = "the programs are not loaded: they are not what was signed\n  \
                       help: the file was changed or damaged since; `ksc inspect` shows what of it does not match";
