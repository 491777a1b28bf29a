//! Maps in the descriptor of a program.

use std::ffi::c_char;

/// `KsMap::flags`: one value per CPU.
pub const KS_MAP_PERCPU: u32 = 1;
/// `KsMap::flags`, with `KS_MAP_PERCPU`: the value is one integer of `element_width` bytes; a lookup and an iteration
/// yield the (wrapping) sum over the CPUs, an update sets every CPU's.
pub const KS_MAP_SUM: u32 = 2;
/// `KsMap::flags`: pinned at `<pin_root>/<project>/maps/<name>`; what is there already is used, if it is the same kind
/// of map.
pub const KS_MAP_PIN: u32 = 4;

/// `KsMap::flags`: values hold a `bpf_spin_lock`; reads and writes are under it (`BPF_F_LOCK`), and leave it out.
pub const KS_MAP_LOCK: u32 = 8;

/// `KS_MAP_EVENTS`: a map through which values of `value_size` bytes are sent; it has no entries of that size.
pub const KS_MAP_EVENTS: u32 = 16;

/// `KsMap::flags`: an array of programs that are not loaded, so it is not created either.
pub const KS_MAP_IDLE: u32 = 32;

/// `KsMap::flags`: user space reads or writes it too.
pub const KS_MAP_USED: u32 = 64;

/// A map of the object that user space names, or has to leave out.
#[repr(C)]
pub struct KsMap {
    pub name: *const c_char,
    /// Sizes as the program knows them; checked against the object's.
    pub key_size: u32,
    /// The size of one CPU's value, not rounded up.
    pub value_size: u32,
    /// `KS_MAP_…` bits.
    pub flags: u32,
    /// With `KS_MAP_SUM`: 1, 2, 4 or 8.
    pub element_width: u32,
}

/// A map of the object that has as many entries as an integer of a config says at the load.
#[repr(C)]
pub struct KsMapSize {
    /// Index into the maps.
    pub map: u32,
    /// Index into the globals.
    pub global: u32,
    /// Where the integer is in the global.
    pub offset: u32,
    /// 1, 2, 4 or 8 bytes.
    pub width: u32,
    /// 1: the integer is signed.
    pub signed: u32,
    /// As the program writes it.
    pub text: *const c_char,
}
