//! Whether an attachment is there, and with what it ends.

use libbpf_sys as bpf;
use std::ffi::CStr;
use std::os::fd::RawFd;

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
    pub place: Place,
    /// The name of the attachment's target, for messages; empty where it is unknown.
    pub to: String,
    pub gone: bool,
}

/// The name of an interface, as it is.
pub fn interface(index: u32) -> Option<String> {
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

impl Watched {
    /// How a new attachment is watched, if it may end. `target`: the text that names its target, or empty.
    pub fn of(life: Life, target: &[u8]) -> Option<Watched> {
        let Life::At(place) = life else { return None };
        let to = match place {
            _ if !target.is_empty() => String::from_utf8_lossy(target).into_owned(),
            Place::Interface(index) => interface(index).unwrap_or_default(),
            Place::Cgroup | Place::Namespace | Place::Map | Place::Kernel => String::new(),
        };
        Some(Watched { place, to, gone: false })
    }
}
