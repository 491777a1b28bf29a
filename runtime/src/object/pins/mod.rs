//! Pinned maps, `<root>/<project>/maps/<name>`, and pinned variables, one map at `<root>/<project>/globals/pinned_globals`. Their layouts
//! are recorded at `<root>/<project>/layouts/<name>` and `<root>/<project>/globals/pinned_globals_layout`.
//!
//! A pinned map is used if it fits, so that its values survive; otherwise the program ends and reports the difference.
//! The folders are for their owner alone (0700), the pins too (0600, by the kernel).

pub mod asked;
pub mod declared;
mod entry;
mod folder;
pub mod globals;
mod layout;
pub mod present;
pub mod project;
mod record;
mod types;

use super::parts;
use crate::abi::KsMap;
use crate::kernel::end::die;
use crate::kernel::errors::{complain, reason};
use crate::kernel::program;
use declared::{any, has_globals, pinned_maps};
use folder::Folder;
use layout::Layout;
use libbpf_sys as bpf;
use present::{existing, refuse, reset, reuse, types_help};
use project::project;
use std::os::fd::OwnedFd;

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

/// Makes the object use the maps that are pinned already, before it is loaded.
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
    let found = parts::find_map(object, map.name);
    if found.is_null() {
        let name = program::text(map.name);
        die(1, &format!("the BPF object has no map `{name}`\n  help: this is a fault of ksc; please report it"));
    }
    found
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
