//! The part of the contract about printing values whole: what their types are made of.
//!
//! Of the layer `library`:
//!
//! | function | signature in C |
//! | --- | --- |
//! | `ks_print_map` | `void (uint32_t map, const KsTable *table, uint64_t top, const char *by)`: the `top` first entries as a table, or in
//! the form that `--output` names. The largest is first, by the field `by` of the value (`a.b` in a struct of it), without one by its first
//! integer; by the least key where `by` is empty or the value has no integer |
//! | `ks_map_iter_ordered` | `void *(uint32_t map, const KsTable *table, uint64_t top, const char *by)`: an iterator as `ks_map_iter_new` makes
//! it, over the entries that `ks_print_map` has |
//! | `ks_hist_add` | `void (uint32_t map, const KsSteps *steps, const void *key, uint64_t value, bool is_signed, uint64_t times)`: counts a
//! value in the histogram of a key so many times. The sum of user space's and of BPF code's counts is what the others read |
//! | `ks_hist_clear` | `void (uint32_t map)`: empties histograms |
//! | `ks_print_hist` | `void (uint32_t map, const char *name, const KsType *key, const KsSteps *steps, uint64_t top)`: draws the histogram of a
//! map, or, where keys have a type, those of the `top` keys with the largest counts, in the form that `--output` names |
//! | `ks_hist_read` | `bool (uint32_t map, const void *key, void *to)`: copies the histogram of a key, all zero where there is none;
//! without a key the only one. Whether there is one |
//! | `ks_hist_delete` | `int32_t (uint32_t map, const void *key)`: deletes the histogram of a key; 0 or a negative errno, -ENOENT where there
//! is none |
//! | `ks_hist_iter` | `void *(uint32_t map, const KsType *key, uint64_t top)`: an iterator as `ks_map_iter_new` makes it, over the `top`
//! histograms with the largest counts; over all, in no order, where `key` is null |
//! | `ks_hist_count` | `uint64_t (const void *histogram, uint32_t buckets, const KsSteps *steps)`: how many values it counts |
//! | `ks_hist_sum` | `int64_t (const void *histogram, uint32_t buckets, const KsSteps *steps)`: their sum |
//! | `ks_hist_percentile` | `int64_t (const void *histogram, uint32_t buckets, const KsSteps *steps, double p)`: the last value of the
//! bucket of the nearest rank; p is rounded to millionths, and taken for 0 or 100 outside of them |
//! | `ks_hist_next` | `uint32_t (const void *histogram, uint32_t buckets, const KsSteps *steps, uint32_t position, int64_t *least, uint64_t
//! *count)`: the bucket behind a position, which is 0 at first, from the first that has a count to the last. Yields the position, 0 behind the last one |
//! | `ks_print_one_hist` | `void (const char *name, const void *histogram, uint32_t buckets, const KsSteps *steps)`: draws a histogram, in the
//! form that `--output` names |
//! | `ks_print_value` | `void (const char *name, const KsType *type, const void *value, uint32_t named, const KsType *around_type,
//! const void *around)`: a struct or an array, in the form that `--output` names; if `named` is 1 any value, whose line begins with the name, or without
//! one a heading for people. `around` is the struct that may name the process of a stack, or null |
//!
//! Of the layer `session`:
//!
//! | function | signature in C |
//! | --- | --- |
//! | `ks_show_draw` | `void (void)`: what is printed from here on is drawn together |

use super::KsVariant;
use std::ffi::{c_char, c_void};

/// What a value of a type is. `KsType::kind`.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KsTypeKind {
    /// 1, 2, 4 or 8 bytes.
    Unsigned = 1,
    /// 1, 2, 4 or 8 bytes.
    Signed = 2,
    /// 1 byte.
    Bool = 3,
    /// 1 byte.
    Char = 4,
    /// A text of at most `size` bytes, which a NUL may end earlier.
    Str = 5,
    /// 2, 4 or 8 bytes in network order; 4 are an IPv4 address.
    Be = 6,
    /// 8 bytes.
    F64 = 7,
    /// 1, 2, 4 or 8 bytes; unsigned.
    Enum = 8,
    /// As `Enum`, signed.
    SignedEnum = 9,
    /// An address of memory.
    Pointer = 10,
    /// 6 bytes of a hardware address, or 16 of an IPv6 address.
    Address = 11,
    Struct = 12,
    Array = 13,
    /// A number of a stack in a map, 4 bytes, or a negative errno.
    Stack = 14,
}

/// A type, for printing its values.
#[repr(C)]
pub struct KsType {
    /// A `KsTypeKind`.
    pub kind: u32,
    /// Of stacks, the number of the map that holds them.
    pub map: u32,
    /// In bytes.
    pub size: u64,
    /// Of arrays.
    pub element: *const KsType,
    /// Of structs and unions, without those that only the kernel reads.
    pub fields: *const KsTypeField,
    pub fields_len: u64,
    /// Of enums.
    pub variants: *const KsVariant,
    pub variants_len: u64,
    /// Of stacks, the symbol `ks_stacks`, else null: what reads them and names their frames.
    pub stacks: *const c_void,
}

/// A field of a struct.
#[repr(C)]
pub struct KsTypeField {
    pub name: *const c_char,
    pub ty: *const KsType,
    /// In bytes; of a bit-field, of its storage unit, which has the type `ty`.
    pub offset: u64,
    /// Of a bit-field, from the least significant bit of the storage unit as loaded.
    pub shift: u32,
    /// In bits; 0 for a field that is no bit-field.
    pub width: u32,
}

/// The buckets of a histogram. Those of powers of two have only zeros here.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KsSteps {
    /// The lowest value that is not in the bucket below the others.
    pub low: i64,
    /// The lowest value in the bucket above the others.
    pub high: i64,
    /// How many values are in each of the others.
    pub step: i64,
}

/// The entries of a map, for printing them.
#[repr(C)]
pub struct KsTable {
    /// Of the map.
    pub name: *const c_char,
    pub key: *const KsType,
    pub value: *const KsType,
}
