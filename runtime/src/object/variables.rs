//! Where the variables of an object are.

use super::parts;
use super::pins::globals;
use crate::abi::{KsGlobal, KsSection};
use libbpf_sys as bpf;
use std::ffi::CStr;
use std::ptr;

/// Where a global is in an open object, if it has it.
pub fn find(object: *mut bpf::bpf_object, global: &KsGlobal) -> Option<*mut u8> {
    let sections = [
        (KsSection::Data, c".data"),
        (KsSection::Bss, c".bss"),
        (KsSection::Rodata, c".rodata"),
        (KsSection::Pinned, globals::section(object)),
        (KsSection::Kconfig, c".kconfig"),
    ];
    for (section, name) in sections {
        if global.section != KsSection::Any as u32 && global.section != section as u32 {
            continue;
        }
        let Some(variable) = variable(object, name, global) else { continue };
        let mut size: bpf::size_t = 0;
        // SAFETY: a map of the open object; its initial value has `size` bytes.
        let start = unsafe {
            let map = parts::find_map(object, name.as_ptr());
            if map.is_null() { ptr::null_mut() } else { bpf::bpf_map__initial_value(map, &mut size).cast::<u8>() }
        };
        let end = u64::from(variable.offset) + global.size;
        if !start.is_null() && u64::from(variable.size) == global.size && end <= size {
            // SAFETY: within the value, as just checked.
            return Some(unsafe { start.add(variable.offset as usize) });
        }
    }
    None
}

/// The place of the variable in its section, from the object's BTF.
fn variable(object: *mut bpf::bpf_object, section: &CStr, global: &KsGlobal) -> Option<bpf::btf_var_secinfo> {
    // SAFETY: BTF that libbpf has checked; a DATASEC is followed by as many entries as the low half of `info` says.
    unsafe {
        let btf = bpf::bpf_object__btf(object);
        if btf.is_null() {
            return None;
        }
        let id = bpf::btf__find_by_name_kind(btf, section.as_ptr(), bpf::BTF_KIND_DATASEC);
        let section = bpf::btf__type_by_id(btf, u32::try_from(id).ok()?);
        if section.is_null() {
            return None;
        }
        let count = ((*section).info & 0xffff) as usize;
        let entries = std::slice::from_raw_parts(section.add(1).cast::<bpf::btf_var_secinfo>(), count);
        entries.iter().copied().find(|entry| {
            let variable = bpf::btf__type_by_id(btf, entry.type_);
            if variable.is_null() {
                return false;
            }
            let name = bpf::btf__name_by_offset(btf, (*variable).name_off);
            !name.is_null() && CStr::from_ptr(name) == CStr::from_ptr(global.name)
        })
    }
}
