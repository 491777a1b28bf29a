//! Pinned maps, `<root>/<project>/maps/<name>`, and pinned variables, one map at `<root>/<project>/globals/pinned_globals`.
//!
//! What is pinned already is used if it fits, so that its values survive; else the program ends and says what differs. The
//! folders are for their owner alone (0700), the pins too (0600, by the kernel).

mod globals;
mod layout;
mod types;

use crate::abi::{KS_MAP_PIN, KsMap, KsSection};
use crate::errors::reason;
use crate::exit::die;
use crate::program;
use layout::{Existing, Layout};
use libbpf_sys as bpf;
use std::ffi::CString;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// BPF_FS_MAGIC of linux/magic.h.
const MAGIC: u32 = 0xcafe_4a11;
/// The section of pinned variables.
pub use globals::section as variables;

/// The option of every program that pins something.
pub const RESET: &str = "--reset-pins";

/// What has to be done once the object is loaded.
#[derive(Default)]
pub struct Prepared {
    globals: Option<globals::Prepared>,
}

/// Whether the program pins anything.
pub fn any() -> bool {
    pinned_maps().next().is_some() || has_globals()
}

fn pinned_maps() -> impl Iterator<Item = &'static KsMap> {
    program::maps().iter().filter(|map| map.flags & KS_MAP_PIN != 0)
}

fn has_globals() -> bool {
    program::globals().iter().any(|global| global.section == KsSection::Pinned as u32)
}

/// Gives what is pinned its paths, before the object is loaded.
pub fn prepare(object: *mut bpf::bpf_object) -> Prepared {
    if !any() {
        return Prepared::default();
    }
    check_mounted();
    let reset = program::asked_for(RESET);
    for map in pinned_maps() {
        let path = folder("maps").join(program::text(map.name).replace('.', "_"));
        if reset {
            remove(&path);
        }
        pin_map(object, map, &path);
    }
    let globals = has_globals().then(|| {
        let path = folder("globals").join("pinned_globals");
        if reset {
            remove(&path);
        }
        globals::prepare(object, path)
    });
    Prepared { globals }
}

/// After the object was loaded.
pub fn finish(object: *mut bpf::bpf_object, prepared: Prepared) {
    if let Some(globals) = prepared.globals {
        globals::finish(object, globals);
    }
}

fn pin_map(object: *mut bpf::bpf_object, map: &KsMap, path: &Path) {
    let name = program::text(map.name);
    let found = super::find_map(object, map.name);
    if found.is_null() {
        die(1, &format!("the BPF object has no map `{name}`\n  help: this is a fault of ksc; please report it"));
    }
    // SAFETY: a map of the open object.
    let access = unsafe { bpf::bpf_map__map_flags(found) } & layout::ACCESS;
    let Some(fd) = open(path, access) else { return set_path(found, path) };
    let (existing, wanted) = (existing(&fd, path), Layout::wanted(object, found));
    if !wanted.agrees(&existing.layout) {
        refuse(&format!("map `{name}` at {} has", path.display()), path, &existing.layout.text(), &wanted.text());
    }
    // By its path libbpf would open it for reading and writing, and miss the flags of the access.
    // SAFETY: a map of the open object; the descriptor is duplicated.
    let result = unsafe { bpf::bpf_map__reuse_fd(found, fd.as_raw_fd()) };
    if result != 0 {
        die(1, &format!("cannot use the map pinned at {}: {}", path.display(), reason(result)));
    }
}

fn set_path(map: *mut bpf::bpf_map, path: &Path) {
    // SAFETY: a map of the open object, and a path that is copied.
    let result = unsafe { bpf::bpf_map__set_pin_path(map, c_path(path).as_ptr()) };
    if result != 0 {
        die(1, &format!("cannot pin at {}: {}", path.display(), reason(result)));
    }
}

fn c_path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap_or_default()
}

/// What is pinned there, for reading and writing or what the flags leave of it; none if nothing is.
fn open(path: &Path, access: u32) -> Option<OwnedFd> {
    let opts = bpf::bpf_obj_get_opts {
        sz: size_of::<bpf::bpf_obj_get_opts>() as u64,
        file_flags: access,
        ..bpf::bpf_obj_get_opts::default()
    };
    // SAFETY: a NUL-terminated path, and options that are read.
    let fd = unsafe { bpf::bpf_obj_get_opts(c_path(path).as_ptr(), &opts) };
    match fd {
        // SAFETY: just opened, and nobody else's.
        0.. => Some(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ if fd == -libc::ENOENT => None,
        _ if path.is_dir() => refuse_directory(path),
        _ => die(1, &format!("cannot open what is pinned at {}: {}{}", path.display(), reason(fd), privilege_help(fd))),
    }
}

/// Ends the program: the kernel's reason is EACCES, which a privilege does not mend.
fn refuse_directory(path: &Path) -> ! {
    die(
        1,
        &format!(
            "cannot pin at {0}: it is a directory\n  help: something else has made it; remove it (rm -r {0}), or compile with another --project",
            path.display()
        ),
    )
}

fn existing(fd: &OwnedFd, path: &Path) -> Existing {
    Existing::of(fd).unwrap_or_else(|| {
        die(
            1,
            &format!(
                "what is pinned at {} is no map\n  help: another program has put it there; remove it, or compile with another --project",
                path.display()
            ),
        )
    })
}

/// Ends the program: what is there is not what it declares.
fn refuse(what: &str, path: &Path, there: &str, wanted: &str) -> ! {
    die(
        1,
        &format!(
            "the pinned {what} another layout than this program declares\n  \
             there:        {}\n  this program: {}\n  \
             help: run it once with {RESET} to remove what it has pinned and start anew, or remove it by hand: rm {}",
            there.replace('\n', "\n                "),
            wanted.replace('\n', "\n                "),
            path.display()
        ),
    )
}

fn remove(path: &Path) {
    if path.is_dir() {
        refuse_directory(path);
    }
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        die(1, &format!("cannot remove {}: {}", path.display(), why(&error)));
    }
}

/// `<root>/<project>/<part>`, made where it is missing. bpffs takes no dots in names.
fn folder(part: &str) -> PathBuf {
    let path = Path::new(program::pin_root()).join(program::name().replace('.', "_")).join(part);
    if let Err(error) = fs::DirBuilder::new().recursive(true).mode(0o700).create(&path) {
        die(1, &format!("cannot create the pin directory {}: {}", path.display(), why(&error)));
    }
    path
}

/// The kernel's reason, and what to do about a missing privilege.
fn why(error: &io::Error) -> String {
    let code = error.raw_os_error().unwrap_or(libc::EIO);
    format!("{}{}", reason(code), privilege_help(code))
}

fn privilege_help(code: i32) -> &'static str {
    if [libc::EPERM, libc::EACCES].contains(&code.abs()) {
        "\n  no privilege: pins belong to the user who made them, mostly root\n  help: run it as root, for instance with sudo"
    } else {
        ""
    }
}

/// The root, or the nearest folder above it that exists, has to be of bpffs.
fn check_mounted() {
    let root = Path::new(program::pin_root());
    let Some(nearest) = root.ancestors().find(|folder| folder.exists()) else { return };
    // SAFETY: a zeroed statfs is valid, and filled by the call.
    let mounted = unsafe {
        let mut stat: libc::statfs = MaybeUninit::zeroed().assume_init();
        libc::statfs(c_path(nearest).as_ptr(), &mut stat) == 0 && stat.f_type as u32 == MAGIC
    };
    if mounted {
        return;
    }
    let what = match pinned_maps().next() {
        Some(map) => format!("map `{}`", program::text(map.name)),
        None => "variables".to_owned(),
    };
    die(
        1,
        &format!(
            "bpffs is not mounted at {}, and the pinned {what} need{} it\n  \
             help: mount it (as root): mount -t bpf bpf {}",
            root.display(),
            if what == "variables" { "" } else { "s" },
            root.display()
        ),
    );
}
