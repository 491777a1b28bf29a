//! Shared globals and configs: the memory of the object's `.data`, `.bss` and `.rodata`.
//!
//! Before loading, an address leads to libbpf's image of the initial values, so that what is written there becomes the
//! initial value (and freezes, in `.rodata`). Loading maps the kernel's memory over the same address.

use crate::abi::{KsGlobal, KsSection};
use crate::exit::die;
use crate::load;
use crate::program::{self, MainThread, text};
use libbpf_sys as bpf;
use std::cell::RefCell;
use std::ffi::CStr;
use std::ptr;

/// Addresses that are known already, by index.
static ADDRESSES: MainThread<RefCell<Vec<*mut u8>>> = MainThread::new(RefCell::new(Vec::new()));

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_global(global: u32) -> *mut u8 {
    let index = global as usize;
    let mut addresses = ADDRESSES.borrow_mut();
    if addresses.is_empty() {
        addresses.resize(program::globals().len(), ptr::null_mut());
    }
    let (Some(address), Some(global)) = (addresses.get_mut(index), program::globals().get(index)) else {
        die(1, &format!("there is no global {index}\n  help: this is a fault of ksc; please report it"));
    };
    if address.is_null() {
        *address = find(global).or_else(|| option(global)).unwrap_or_else(|| missing(global));
    }
    *address
}

/// A value of the kernel's configuration: the object has those that its BPF code reads.
fn option(global: &KsGlobal) -> Option<*mut u8> {
    if global.section != KsSection::Kconfig as u32 {
        return None;
    }
    let value = load::kconfig::value::of(global).unwrap_or_else(|why| die(1, &why));
    // Wide enough for the alignment of any option.
    let mut words = vec![0u64; value.len().div_ceil(size_of::<u64>())];
    for (word, bytes) in words.iter_mut().zip(value.chunks(size_of::<u64>())) {
        let mut whole = [0; size_of::<u64>()];
        whole[..bytes.len()].copy_from_slice(bytes);
        *word = u64::from_ne_bytes(whole);
    }
    Some(words.leak().as_mut_ptr().cast())
}

/// Where a global is, if the object has it.
pub fn find(global: &KsGlobal) -> Option<*mut u8> {
    if program::objects().is_empty() {
        return None;
    }
    // The values of these are those of the map in the kernel.
    let in_kernel = [KsSection::Pinned as u32, KsSection::Kconfig as u32].contains(&global.section);
    let object = if in_kernel { load::loaded() } else { load::opened() };
    let sections = [
        (KsSection::Data, c".data"),
        (KsSection::Bss, c".bss"),
        (KsSection::Rodata, c".rodata"),
        (KsSection::Pinned, load::pins::variables(object)),
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
            let map = load::find_map(object, name.as_ptr());
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

fn missing(global: &KsGlobal) -> ! {
    die(
        1,
        &format!(
            "the BPF object has no global `{}` of {} bytes\n  help: this is a fault of ksc; please report it",
            text(global.name),
            global.size
        ),
    )
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
