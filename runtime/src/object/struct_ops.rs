//! Structs of functions for the kernel: those that the program does not register are left out of the load.

use crate::abi::KsStructOps;
use crate::kernel::program;
use libbpf_sys as bpf;
use std::ffi::CStr;

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
            let is_wanted =
                |table: &KsStructOps| CStr::from_ptr(table.name) == name && program::needs_struct_ops(table);
            let wanted = program::struct_ops().iter().any(is_wanted);
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
pub fn has_links() -> bool {
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
