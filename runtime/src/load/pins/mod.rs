//! Pinned maps, `<root>/<project>/maps/<name>`, and pinned variables, one map at `<root>/<project>/globals/pinned_globals`. Their layouts
//! are recorded at `<root>/<project>/layouts/<name>` and `<root>/<project>/globals/pinned_globals_layout`.
//!
//! A pinned map is used if it fits, so that its values survive; otherwise the program ends and reports the difference.
//! The folders are for their owner alone (0700), the pins too (0600, by the kernel).

mod asked;
mod entry;
mod folder;
mod globals;
mod layout;
mod record;
mod types;

use super::optional;
use crate::abi::{KS_MAP_PIN, KsMap, KsSection};
use crate::errors::{complain, reason};
use crate::exit::die;
use crate::{escape, privilege, program};
use folder::Folder;
use layout::{Existing, Layout};
use libbpf_sys as bpf;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

pub use asked::{pin_all, remove};
/// The section of pinned variables.
pub use globals::section as variables;

/// The option of every program that pins something.
pub const RESET: &str = "--reset-pins";

/// The steps that are left for after the load.
#[derive(Default)]
pub struct Prepared {
    maps: Option<Maps>,
    globals: Option<globals::Prepared>,
    /// Another start of the program waits for it, so that it finds the pins of this one.
    lock: Option<OwnedFd>,
}

/// The folders of maps and of their layouts, and the maps that have no pin.
struct Maps {
    folder: Folder,
    layouts: Folder,
    missing: Vec<&'static KsMap>,
}

/// Whether the program pins anything.
pub fn any() -> bool {
    pinned_maps().next().is_some() || has_globals()
}

fn pinned_maps() -> impl Iterator<Item = &'static KsMap> {
    program::maps().iter().filter(|map| map.flags & KS_MAP_PIN != 0 && !optional::is_left_out(map))
}

fn has_globals() -> bool {
    program::globals().iter().any(|global| global.section == KsSection::Pinned as u32)
}

/// Gives the object what is pinned already, before it is loaded.
pub fn prepare(object: *mut bpf::bpf_object) -> Prepared {
    if !any() {
        return Prepared::default();
    }
    let project = project();
    let lock = project.lock();
    let maps = pinned_maps().next().map(|_| {
        let (folder, layouts) = (project.below("maps"), project.below("layouts"));
        let missing = pinned_maps().filter(|map| !use_pinned(object, map, &folder, &layouts)).collect();
        Maps { folder, layouts, missing }
    });
    let globals = has_globals().then(|| globals::prepare(object, project.below("globals")));
    Prepared { maps, globals, lock }
}

/// The folder of the project.
fn project() -> Folder {
    root().below(&project_name())
}

/// The name of that folder. bpffs takes no dots in names.
pub fn project_name() -> String {
    program::project().replace('.', "_")
}

/// Pins what was not, after the object was loaded.
pub fn finish(object: *mut bpf::bpf_object, prepared: Prepared) {
    let Prepared { maps, globals, lock } = prepared;
    if let Some(Maps { folder, layouts, missing }) = maps {
        for map in missing {
            let (name, found) = (pin_name(map), find(object, map));
            // SAFETY: a map of the loaded object.
            let fd = unsafe { bpf::bpf_map__fd(found) };
            folder.pin(&name, fd);
            layout::record(fd, Layout::wanted(object, found), &[], &layouts, &name);
        }
    }
    if let Some(globals) = globals {
        globals::finish(object, globals);
    }
    drop(lock);
}

fn pin_name(map: &KsMap) -> String {
    program::text(map.name).replace('.', "_")
}

fn find(object: *mut bpf::bpf_object, map: &KsMap) -> *mut bpf::bpf_map {
    let found = super::find_map(object, map.name);
    if found.is_null() {
        let name = program::text(map.name);
        die(1, &format!("the BPF object has no map `{name}`\n  help: this is a fault of ksc; please report it"));
    }
    found
}

/// With `--reset-pins`, removes the map that is pinned there, and nothing else.
fn reset(folder: &Folder, pin: &str) {
    if program::asked_for(RESET)
        && let Some(fd) = folder.get(pin, 0)
    {
        existing(&fd, &folder.place(pin));
        folder.remove(pin);
    }
}

/// False if nothing is pinned under the map's name.
fn use_pinned(object: *mut bpf::bpf_object, map: &KsMap, folder: &Folder, layouts: &Folder) -> bool {
    let (name, pin) = (program::text(map.name), pin_name(map));
    reset(folder, &pin);
    let (found, place) = (find(object, map), folder.place(&pin));
    // SAFETY: a map of the open object.
    let access = unsafe { bpf::bpf_map__map_flags(found) } & layout::ACCESS;
    let Some(fd) = folder.get(&pin, access) else { return false };
    let (existing, wanted) = (existing(&fd, &place).recorded(layouts, &pin), Layout::wanted(object, found));
    if !wanted.agrees(&existing.layout) {
        refuse(&format!("map `{name}` at {place} has"), &place, &existing.layout.text(), &wanted.text());
    }
    if let Some(code) = existing.unread {
        let help = types_help(code);
        complain(&format!(
            "the types of the pinned map `{name}` at {place} cannot be read, and only its kind and sizes are compared: {}{help}",
            reason(code)
        ));
    }
    reuse(found, &fd, &place);
    true
}

/// Makes a map of the open object the one that is pinned.
fn reuse(map: *mut bpf::bpf_map, fd: &OwnedFd, place: &str) {
    // SAFETY: a map of the open object; the descriptor is duplicated.
    let result = unsafe { bpf::bpf_map__reuse_fd(map, fd.as_raw_fd()) };
    if result != 0 {
        die(1, &format!("cannot use the map pinned at {place}: {}", reason(result)));
    }
}

fn existing(fd: &OwnedFd, place: &str) -> Existing {
    Existing::of(fd).unwrap_or_else(|| {
        die(
            1,
            &format!(
                "what is pinned at {place} is no map\n  \
                 help: another program has put it there; remove it, or compile with another --project"
            ),
        )
    })
}

/// The kernel shows the types of a map that is there already to few.
fn types_help(code: i32) -> String {
    match code {
        libc::EPERM => privilege::help("reading the types of a map that exists", &[privilege::SYS_ADMIN]),
        _ => String::new(),
    }
}

/// Ends the program, since the object pinned at `place` has another layout than the declaration.
fn refuse(what: &str, place: &str, there: &str, wanted: &str) -> ! {
    die(
        1,
        &format!(
            "the pinned {what} another layout than this program declares\n  \
             there:        {}\n  this program: {}\n  \
             help: run it once with {RESET} to remove what it has pinned and start anew, or remove it by hand: rm {place}",
            there.replace('\n', "\n                "),
            wanted.replace('\n', "\n                "),
        ),
    )
}

fn privilege_help(code: i32) -> String {
    match code.abs() {
        libc::EPERM => privilege::help("pinning", &[privilege::BPF]),
        libc::EACCES => "\n  no privilege: pins belong to the user who made them, mostly root\n  \
             help: run it as root, for instance with sudo"
            .to_owned(),
        _ => String::new(),
    }
}

/// The folder below which projects have theirs.
fn root() -> Folder {
    let path = Path::new(program::pin_root());
    Folder::root(path).unwrap_or_else(|| {
        let place = escape::value(program::pin_root());
        let what = match pinned_maps().next() {
            Some(map) => format!("the pinned map `{}` needs", program::text(map.name)),
            None if has_globals() => "the pinned variables need".to_owned(),
            None => "`pin` needs".to_owned(),
        };
        die(
            1,
            &format!(
                "bpffs is not mounted at {place}, and {what} it\n  \
                 help: mount it (as root): mount -t bpf bpf {place}"
            ),
        )
    })
}
