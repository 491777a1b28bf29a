//! Sizes of maps that configs say: set in the opened object, before it is loaded.

use super::parts::find_map;
use super::variables;
use crate::abi::KsMapSize;
use crate::kernel::end::die;
use crate::kernel::errors::reason;
use crate::kernel::program::{self, text};
use libbpf_sys as bpf;

/// Gives the maps of an opened object the sizes that its configs hold.
pub fn apply(object: *mut bpf::bpf_object) {
    for size in program::sizes() {
        let Some(map) = program::maps().get(size.map as usize) else { continue };
        let value = read(object, size);
        let entries = u32::try_from(value).ok().filter(|&entries| entries > 0).unwrap_or_else(|| {
            die(
                1,
                &format!(
                    "the map `{}` cannot have {value} entries\n  help: `{}` says how many, from 1 to 4294967295",
                    text(map.name),
                    text(size.text)
                ),
            )
        });
        let found = find_map(object, map.name);
        // SAFETY: a map of an open object that is not loaded, or null.
        let result = if found.is_null() { 0 } else { unsafe { bpf::bpf_map__set_max_entries(found, entries) } };
        if result != 0 {
            die(1, &format!("the map `{}` cannot have {entries} entries: {}", text(map.name), reason(result)));
        }
    }
}

/// The integer of the config, as it is in the object.
fn read(object: *mut bpf::bpf_object, size: &KsMapSize) -> i128 {
    let global = program::globals().get(size.global as usize);
    let Some(place) = global.and_then(|global| variables::find(object, global)) else {
        die(
            1,
            &format!("the BPF object has no `{}`\n  help: this is a fault of ksc; please report it", text(size.text)),
        );
    };
    let mut bytes = [0; 8];
    // SAFETY: the integer lies within the variable, as the compiler laid it out.
    let value = unsafe { std::slice::from_raw_parts(place.add(size.offset as usize), size.width.min(8) as usize) };
    let first = if cfg!(target_endian = "big") { bytes.len() - value.len() } else { 0 };
    bytes[first..][..value.len()].copy_from_slice(value);
    let whole = u64::from_ne_bytes(bytes);
    let above = 64 - 8 * value.len() as u32;
    match size.signed {
        0 => whole.into(),
        _ => (whole.wrapping_shl(above).cast_signed() >> above).into(),
    }
}
