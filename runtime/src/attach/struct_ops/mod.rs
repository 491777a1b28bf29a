//! `register` and `unregister`: structs of functions that BPF programs implement for the kernel.

mod left;
mod users;

use super::watch::{self, Life};
use super::{Attached, UNAVAILABLE, detach_all, held, remember};
use crate::abi::KsStructOps;
use crate::errors::{complain, errno, reason};
use crate::{load, privilege, program};
use libbpf_sys as bpf;
use std::ffi::CStr;

/// A registration, which libbpf takes back by a link or, on kernels without such links, by deleting the only element of the map.
struct Registered {
    link: *mut bpf::bpf_link,
    /// The kernel has a link for it.
    linked: bool,
}

impl Registered {
    /// 0 or −errno, once.
    fn take_back(&mut self) -> i32 {
        let link = std::mem::replace(&mut self.link, std::ptr::null_mut());
        // SAFETY: a link of libbpf that nobody else holds; null is none.
        unsafe { bpf::bpf_link__destroy(link) }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.take_back();
    }
}

impl Attached for Registered {
    fn detach(mut self: Box<Self>) -> i32 {
        self.take_back()
    }

    fn life(&self) -> Life {
        // SAFETY: a link of libbpf, which is there until it is taken back.
        if self.linked { watch::of_link(unsafe { bpf::bpf_link__fd(self.link) }) } else { Life::Lasting }
    }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_register(struct_ops: u32) -> i64 {
    let Some(table) = program::struct_ops().get(struct_ops as usize) else {
        complain("cannot register: the program has no such `impl`");
        return -i64::from(libc::EINVAL);
    };
    let map = load::find_map(load::loaded(), table.name);
    let refusal = load::optional::refusal_of(table);
    UNAVAILABLE.set(refusal.is_some());
    if let Some(why) = refusal {
        complain(&format!("`{}` is not registered, since it is not available: {why}", program::text(table.name)));
        return -i64::from(libc::EOPNOTSUPP);
    }
    let mut registered = attach(map);
    if registered == Err(libc::EEXIST) && !has_links() && left::remove(table) {
        registered = attach(map);
    }
    let link = match registered {
        Ok(link) => link,
        Err(code) => {
            complain(&format!(
                "cannot register `{}`: {}{}",
                program::text(table.name),
                reason(code),
                help(code, table)
            ));
            return -i64::from(code);
        }
    };
    remember(owner(struct_ops), Box::new(Registered { link, linked: has_links() }), None)
}

/// The link, or the errno.
fn attach(map: *mut bpf::bpf_map) -> Result<*mut bpf::bpf_link, i32> {
    // SAFETY: a map of the loaded object; null is none.
    let link = unsafe { bpf::bpf_map__attach_struct_ops(map) };
    if link.is_null() { Err(errno().abs()) } else { Ok(link) }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_unregister(struct_ops: u32) -> i32 {
    detach_all(owner(struct_ops))
}

/// Links are kept by the handles of programs, which are small: the numbers of implementations lie above them.
fn owner(struct_ops: u32) -> u32 {
    u32::MAX - struct_ops
}

/// The name of what was registered for an owner.
pub fn name(owner: u32) -> Option<&'static str> {
    program::struct_ops().get((u32::MAX - owner) as usize).map(|table| program::text(table.name))
}

fn help(code: i32, table: &KsStructOps) -> String {
    let is_it = |link: &bpf::bpf_link_info| {
        // SAFETY: the kernel has filled the part of links of this kind.
        let map = unsafe { link.__bindgen_anon_1.struct_ops.map_id };
        let name = || left::implementation(map).map(|(_, name)| name);
        link.type_ == bpf::BPF_LINK_TYPE_STRUCT_OPS && name().is_some_and(|name| name == left::kept_name(table))
    };
    if [libc::EEXIST, libc::EBUSY].contains(&code)
        && let Some(help) = held::pinned(is_it)
    {
        return format!("\n  help: {help}");
    }
    let text = match code {
        libc::EEXIST => {
            "\n  help: the kernel has another one of this name: choose another `name`, or unregister that one"
        }
        libc::EBUSY => "\n  help: it is registered already, or the kernel takes one of this type alone",
        libc::EPERM => {
            return privilege::help("registering", &[privilege::BPF, privilege::PERFMON, privilege::NET_ADMIN]);
        }
        _ => "",
    };
    text.to_owned()
}

/// Leaves out implementations that the program does not register, with their programs. Kernels before 6.4 register without links.
pub fn prepare(object: *mut bpf::bpf_object) {
    if program::struct_ops().is_empty() && !any(object) {
        return;
    }
    let linked = has_links();
    each(object, |map| {
        // SAFETY: a map of an open object, whose name is a string of libbpf.
        unsafe {
            let name = CStr::from_ptr(bpf::bpf_map__name(map));
            let wanted = program::struct_ops().iter().any(|table: &KsStructOps| CStr::from_ptr(table.name) == name);
            bpf::bpf_map__set_autocreate(map, wanted);
            let flags = bpf::bpf_map__map_flags(map) & !bpf::BPF_F_LINK;
            bpf::bpf_map__set_map_flags(map, if linked { flags | bpf::BPF_F_LINK } else { flags });
        }
    });
}

fn any(object: *mut bpf::bpf_object) -> bool {
    let mut found = false;
    each(object, |_| found = true);
    found
}

/// The implementations of an open object.
fn each(object: *mut bpf::bpf_object, mut act: impl FnMut(*mut bpf::bpf_map)) {
    // SAFETY: the maps of an open object; null is before the first and after the last.
    unsafe {
        let mut map = bpf::bpf_object__next_map(object, std::ptr::null_mut());
        while !map.is_null() {
            if bpf::bpf_map__type(map) == bpf::BPF_MAP_TYPE_STRUCT_OPS {
                act(map);
            }
            map = bpf::bpf_object__next_map(object, map);
        }
    }
}

/// Whether the running kernel has links to implementations: their struct came with them.
fn has_links() -> bool {
    // SAFETY: the kernel's type information, which is freed again.
    unsafe {
        let btf = bpf::btf__load_vmlinux_btf();
        if btf.is_null() {
            return true;
        }
        let found = bpf::btf__find_by_name_kind(btf, c"bpf_struct_ops_link".as_ptr(), bpf::BTF_KIND_STRUCT);
        bpf::btf__free(btf);
        found > 0
    }
}
