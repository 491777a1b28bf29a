//! Attachments that end though the program did not detach them: their interface, cgroup or namespace goes, or another process detaches them
//! (`bpftool link detach`, `tc filter del`). The kernel wakes nobody up, so whoever waits looks once a second.

use super::{LINKS, Target, netns};
use crate::errors::complain;
use crate::program::{self, MainThread};
use crate::{load, signals};
use libbpf_sys as bpf;
use std::cell::Cell;
use std::ffi::CStr;
use std::os::fd::RawFd;
use std::path::Path;
use std::time::Duration;

const PAUSE: Duration = Duration::from_secs(1);

/// The state of an attachment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It stays until the program detaches it.
    Lasting,
    /// It is there.
    At(Place),
    Gone,
}

/// The target that an attachment may end with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// By its index.
    Interface(u32),
    Cgroup,
    Namespace,
    Map,
    /// The kernel itself, which stays.
    Kernel,
}

/// An attachment that may end.
pub struct Watched {
    place: Place,
    /// The name of the attachment's target, for messages; empty where it is unknown.
    to: String,
    pub gone: bool,
}

/// An attachment may end.
static WATCHES: MainThread<Cell<bool>> = MainThread::new(Cell::new(false));
static LOOKED: MainThread<Cell<Duration>> = MainThread::new(Cell::new(Duration::ZERO));
/// Each attachment has ended.
static NOTHING_LEFT: MainThread<Cell<bool>> = MainThread::new(Cell::new(false));

/// Of a new attachment: how it is watched, if it may end.
pub(super) fn of(life: Life, target: Option<&Target>) -> Option<Watched> {
    NOTHING_LEFT.set(false);
    let Life::At(place) = life else { return None };
    WATCHES.set(true);
    let to = match (target, place) {
        (Some(Target::Text(name)), _) if !name.is_empty() => String::from_utf8_lossy(name).into_owned(),
        (_, Place::Interface(index)) => interface(index).unwrap_or_default(),
        (_, Place::Cgroup | Place::Namespace | Place::Map | Place::Kernel) => String::new(),
    };
    Some(Watched { place, to, gone: false })
}

/// How long nobody looks, if someone has to.
pub fn pause() -> Option<Duration> {
    WATCHES.get().then_some(PAUSE)
}

/// Says which attachments have ended since the last time. When none is left, the waiting ends, as by a signal.
pub fn look() {
    let now = signals::monotonic();
    if !WATCHES.get() || now.saturating_sub(LOOKED.get()) < PAUSE {
        return;
    }
    LOOKED.set(now);
    let mut ended = false;
    let mut links = LINKS.borrow_mut();
    for entry in links.iter_mut().flatten() {
        let Some(watched) = entry.watched.as_mut().filter(|watched| !watched.gone) else { continue };
        if entry.attached.life() == Life::Gone {
            watched.gone = true;
            ended = true;
            let program = load::of_handle(entry.handle).map(|prog| program::text(prog.name));
            say(program.or_else(|| super::struct_ops::name(entry.handle)).unwrap_or("?"), watched);
        }
    }
    let is_there = |entry: &super::Entry| !entry.watched.as_ref().is_some_and(|watched| watched.gone);
    if ended && !links.iter().flatten().any(is_there) {
        NOTHING_LEFT.set(true);
        complain("nothing is attached any more");
        signals::end_wait();
    }
}

fn say(program: &str, watched: &Watched) {
    let from = match watched.to.as_str() {
        "" => String::new(),
        name => format!(" from `{name}`"),
    };
    let why = match watched.place {
        Place::Interface(index) if interface(index).is_none() => "the interface is gone",
        Place::Cgroup if !Path::new(&watched.to).exists() => "the cgroup is gone",
        Place::Namespace if !watched.to.is_empty() && !netns::path(watched.to.as_bytes()).exists() => {
            "the network namespace is gone"
        }
        Place::Map => "the map is gone, or another process has detached it",
        Place::Interface(_) | Place::Cgroup | Place::Namespace | Place::Kernel => "another process has detached it",
    };
    complain(&format!("`{program}` was detached{from}: {why}"));
}

/// The status of a process whose `main` wants this one.
pub fn status(wanted: i32) -> i32 {
    if NOTHING_LEFT.get() && wanted == 0 { 1 } else { wanted }
}

fn interface(index: u32) -> Option<String> {
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: room for a name, which is terminated.
    unsafe {
        let found = libc::if_indextoname(index, name.as_mut_ptr());
        (!found.is_null()).then(|| CStr::from_ptr(found).to_string_lossy().into_owned())
    }
}

/// Of a `bpf_link`: the kernel keeps a link whose other end is gone, and forgets what it led to.
pub fn of_link(link: RawFd) -> Life {
    let mut info = bpf::bpf_link_info::default();
    let mut size = size_of::<bpf::bpf_link_info>() as u32;
    // SAFETY: a descriptor, a struct of its own size; the type says which part of the union is filled.
    unsafe {
        if bpf::bpf_link_get_info_by_fd(link, &mut info, &mut size) != 0 {
            return Life::Lasting;
        }
        let of = info.__bindgen_anon_1;
        let (there, place) = match info.type_ {
            bpf::BPF_LINK_TYPE_XDP => (of.xdp.ifindex != 0, Place::Interface(of.xdp.ifindex)),
            bpf::BPF_LINK_TYPE_TCX => (of.tcx.ifindex != 0, Place::Interface(of.tcx.ifindex)),
            bpf::BPF_LINK_TYPE_NETKIT => (of.netkit.ifindex != 0, Place::Interface(of.netkit.ifindex)),
            bpf::BPF_LINK_TYPE_CGROUP => (of.cgroup.cgroup_id != 0, Place::Cgroup),
            bpf::BPF_LINK_TYPE_NETNS => (of.netns.netns_ino != 0, Place::Namespace),
            bpf::BPF_LINK_TYPE_SOCKMAP => (of.sockmap.map_id != 0, Place::Map),
            bpf::BPF_LINK_TYPE_STRUCT_OPS => (of.struct_ops.map_id != 0, Place::Kernel),
            // Of a link to netfilter, which holds its namespace, the kernel does not say whether it was detached.
            _ => return Life::Lasting,
        };
        if there { Life::At(place) } else { Life::Gone }
    }
}
