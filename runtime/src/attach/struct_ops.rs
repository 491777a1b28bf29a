//! `register` and `unregister`: tables of functions that BPF programs implement for the kernel.

use super::{Attached, detach_all, remember};
use crate::abi::KsStructOps;
use crate::errors::{complain, errno, reason};
use crate::{load, program};
use libbpf_sys as bpf;
use std::ffi::CStr;

/// A registration, which libbpf takes back by a link or, on kernels without such links, by deleting the only element of the map.
struct Registered {
    link: *mut bpf::bpf_link,
}

impl Attached for Registered {
    fn detach(self: Box<Self>) -> i32 {
        // SAFETY: a link of libbpf that nobody else holds.
        unsafe { bpf::bpf_link__destroy(self.link) }
    }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_register(struct_ops: u32) -> i64 {
    let Some(table) = program::struct_ops().get(struct_ops as usize) else {
        complain("cannot register: the program has no such table");
        return -i64::from(libc::EINVAL);
    };
    // SAFETY: a map of the loaded object; null is none.
    let link = unsafe { bpf::bpf_map__attach_struct_ops(load::find_map(load::loaded(), table.name)) };
    if link.is_null() {
        let code = errno();
        complain(&format!("cannot register `{}`: {}{}", program::text(table.name), reason(code), help(code)));
        return -i64::from(code.abs());
    }
    remember(owner(struct_ops), Box::new(Registered { link }))
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_unregister(struct_ops: u32) -> i32 {
    detach_all(owner(struct_ops))
}

/// Links are kept by the handles of programs, which are small: a table's numbers lie above them.
fn owner(struct_ops: u32) -> u32 {
    u32::MAX - struct_ops
}

fn help(code: i32) -> &'static str {
    match code.abs() {
        libc::EEXIST => {
            "\n  help: the kernel has another one of this name: choose another `name`, or unregister that one"
        }
        libc::EBUSY => "\n  help: another one is registered, and the kernel takes one of this type",
        _ => "",
    }
}

/// What the program does not register stays out of the kernel, with its programs. Kernels before 6.4 register without links.
pub fn prepare(object: *mut bpf::bpf_object) {
    let linked = program::struct_ops().is_empty() || has_links();
    // SAFETY: the maps of an open object; null is before the first and after the last.
    unsafe {
        let mut map = bpf::bpf_object__next_map(object, std::ptr::null_mut());
        while !map.is_null() {
            if bpf::bpf_map__type(map) == bpf::BPF_MAP_TYPE_STRUCT_OPS {
                let name = CStr::from_ptr(bpf::bpf_map__name(map));
                let wanted = program::struct_ops().iter().any(|table: &KsStructOps| CStr::from_ptr(table.name) == name);
                bpf::bpf_map__set_autocreate(map, wanted);
                if !linked {
                    bpf::bpf_map__set_map_flags(map, bpf::bpf_map__map_flags(map) & !bpf::BPF_F_LINK);
                }
            }
            map = bpf::bpf_object__next_map(object, map);
        }
    }
}

/// Whether the running kernel has links to such tables: their struct came with them.
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
