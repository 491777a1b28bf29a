//! The parts of a type of a BTF: `struct btf_type` of include/uapi/linux/btf.h, and the records behind it.

use libbpf_sys as bpf;

/// One of `BTF_KIND_…`.
pub fn kind(ty: &bpf::btf_type) -> u32 {
    ty.info >> 24 & 0x1f
}

/// How many records follow a type that is a struct, an enum, a prototype or a section.
pub fn length(ty: &bpf::btf_type) -> usize {
    (ty.info & 0xffff) as usize
}

/// The number of the type that a pointer, a typedef, a function or a variable is of.
pub fn of(ty: &bpf::btf_type) -> u32 {
    // SAFETY: both members of the union are numbers of 32 bits.
    unsafe { ty.__bindgen_anon_1.type_ }
}

/// The size in bytes of a number, a struct or an enum.
pub fn size(ty: &bpf::btf_type) -> u32 {
    // SAFETY: as above.
    unsafe { ty.__bindgen_anon_1.size }
}

/// What follows a type: `count` records.
///
/// # Safety
/// The type's kind is followed by so many records of this type.
pub unsafe fn behind<T>(ty: &'static bpf::btf_type, count: usize) -> &'static [T] {
    // SAFETY: as the caller promises; libbpf has checked the data.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(ty).add(1).cast(), count) }
}
