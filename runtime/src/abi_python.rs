//! The part of the contract about functions in Python: see abi.rs.

/// A value for a function in Python, or the place of its result.
#[repr(C)]
pub struct KsPython {
    /// A `KsArgKind`; of a list that of its elements. 0: the result is none.
    pub kind: u32,
    /// Of the value, or of one element, in bytes.
    pub size: u32,
    /// 1 for a list.
    pub is_list: u32,
    /// 1 if `value` is an address.
    pub in_place: u32,
    /// How many elements; 1 for a value that is no list, and the number of bytes for `Bytes` of size 1.
    pub count: u64,
    /// The integer, extended to 64 bits, or the bits of an `f64`; or an address.
    pub value: u64,
}
