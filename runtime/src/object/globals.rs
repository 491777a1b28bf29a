//! Shared globals and configs: the memory of the object's `.data`, `.bss` and `.rodata`.
//!
//! Before loading, an address leads to libbpf's image of the initial values, so that what is written there becomes the
//! initial value (and freezes, in `.rodata`). Loading maps the kernel's memory over the same address.

use super::kconfig::value;
use super::{load, variables};
use crate::abi::{KsGlobal, KsSection};
use crate::kernel::end::die;
use crate::kernel::program::{self, MainThread, text};
use std::cell::RefCell;
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
    let value = value::of(global).unwrap_or_else(|why| die(1, &why));
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
fn find(global: &KsGlobal) -> Option<*mut u8> {
    if program::objects().is_empty() {
        return None;
    }
    // The values of these are those of the map in the kernel.
    let in_kernel = [KsSection::Pinned as u32, KsSection::Kconfig as u32].contains(&global.section);
    let object = if in_kernel { load::loaded() } else { load::opened() };
    variables::find(object, global)
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
