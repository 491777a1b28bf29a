//! Pinned maps, `<root>/<project>/maps/<name>`, and pinned variables, one map at `<root>/<project>/globals/pinned_globals`. Their layouts
//! are recorded at `<root>/<project>/layouts/<name>` and `<root>/<project>/globals/pinned_globals_layout`.
//!
//! A pinned map is used if it fits, so that its values survive; otherwise the program ends and reports the difference.
//! The folders are for their owner alone (0700), the pins too (0600, by the kernel).

pub mod asked;
pub mod declared;
mod entry;
pub mod folder;
pub mod globals;
pub mod identity;
mod layout;
mod made;
mod migrate;
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
use layout::{Existing, Layout};
use libbpf_sys as bpf;
use migrate::Plan;
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

/// The folders of maps and of their layouts, the maps that have no pin, and those whose pinned entries are made anew.
struct Maps {
    folder: Folder,
    layouts: Folder,
    missing: Vec<&'static KsMap>,
    plans: Vec<Plan>,
}

/// The state of the pin of a map.
enum Pin {
    Used,
    Missing,
    Anew(Box<Plan>),
}

/// Makes the object use the maps that are pinned already, before it is loaded.
pub fn prepare(object: *mut bpf::bpf_object) -> Prepared {
    if !any() {
        return Prepared::default();
    }
    let (project, lock) = locked();
    let maps = pinned_maps().next().map(|_| {
        let (folder, layouts) = (project.below("maps"), project.below("layouts"));
        let (mut missing, mut plans) = (Vec::new(), Vec::new());
        for map in pinned_maps() {
            match use_pinned(object, map, &folder, &layouts) {
                Pin::Used => {}
                Pin::Missing => missing.push(map),
                Pin::Anew(plan) => plans.push(*plan),
            }
        }
        Maps { folder, layouts, missing, plans }
    });
    let globals = has_globals().then(|| globals::prepare(object, project.below("globals")));
    Prepared { maps, globals, lock }
}

/// The folder of the project, with its lock.
fn locked() -> (Folder, Option<OwnedFd>) {
    loop {
        let folder = project();
        let lock = folder.lock();
        if !folder.is_removed() {
            return (folder, lock);
        }
    }
}

/// Pins what was not, after the object was loaded.
pub fn finish(object: *mut bpf::bpf_object, prepared: Prepared) {
    let Prepared { maps, globals, lock } = prepared;
    if let Some(Maps { folder, layouts, missing, plans }) = maps {
        // Nothing is pinned before all entries are there.
        for plan in &plans {
            plan.fill(fd_of(object, plan.map()));
        }
        for map in missing {
            folder.pin(&pin_name(map), fd_of(object, map));
            record(object, map, &layouts);
        }
        for plan in &plans {
            migrate::replace(&folder, &pin_name(plan.map()), fd_of(object, plan.map()));
            record(object, plan.map(), &layouts);
        }
    }
    if let Some(globals) = globals {
        globals::finish(object, globals);
    }
    drop(lock);
}

/// The descriptor of a map of the loaded object.
fn fd_of(object: *mut bpf::bpf_object, map: &KsMap) -> i32 {
    // SAFETY: a map of the loaded object.
    unsafe { bpf::bpf_map__fd(find(object, map)) }
}

/// Records the layout of a map that was just pinned.
fn record(object: *mut bpf::bpf_object, map: &KsMap, layouts: &Folder) {
    layout::record(fd_of(object, map), Layout::wanted(object, find(object, map)), &[], layouts, &pin_name(map));
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

/// Makes the object use what is pinned under the map's name, if it fits. What neither fits nor can be made anew ends the process.
fn use_pinned(object: *mut bpf::bpf_object, map: &'static KsMap, folder: &Folder, layouts: &Folder) -> Pin {
    let (name, pin) = (program::text(map.name), pin_name(map));
    reset(folder, &pin);
    let (found, place) = (find(object, map), folder.place(&pin));
    // SAFETY: a map of the open object.
    let access = unsafe { bpf::bpf_map__map_flags(found) } & layout::ACCESS;
    let Some(fd) = folder.get(&pin, access) else { return Pin::Missing };
    let (existing, wanted) = (existing(&fd, &place).recorded(layouts, &pin), Layout::wanted(object, found));
    if !wanted.agrees(&existing.layout) {
        return anew(map, folder, existing, wanted);
    }
    if let Some(code) = existing.unread {
        let help = types_help(code);
        complain(&format!(
            "the types of the pinned map `{name}` at {place} cannot be read, and only its kind and sizes are compared: {}{help}",
            reason(code)
        ));
    }
    reuse(found, &fd, &place);
    Pin::Used
}

/// The plan for a map whose pinned entries have another layout; ends the process if no function of the program makes them anew.
fn anew(map: &'static KsMap, folder: &Folder, existing: Existing, wanted: Layout) -> Pin {
    let (name, pin) = (program::text(map.name), pin_name(map));
    let place = folder.place(&pin);
    let Existing { layout: there, unread, .. } = existing;
    // Whatever access the program has asked for, the entries are read.
    if let Some(migration) = migrate::fitting(map, &there, &wanted)
        && let Some(old) = folder.get(&pin, 0)
    {
        return Pin::Anew(Box::new(Plan { map, migration, old, there, wanted, place }));
    }
    let why = match unread {
        _ if there.types().is_some() => String::new(),
        Some(code) => format!("\n  its types cannot be read: {}{}", reason(code), types_help(code)),
        None => "\n  the kernel has no types of it, which `@migrate` needs".to_owned(),
    };
    let help = migrate::help(map, &there, &wanted).map_or(String::new(), |function| {
        let intro =
            if migrate::any(map) { "no function fits; one would be" } else { "a function that makes its entries anew" };
        format!("\n  help: {intro}:\n    {}", function.replace('\n', "\n    "))
    });
    refuse(&format!("map `{name}` at {place} has"), &place, &there.text(), &wanted.text(), &(why + &help))
}
