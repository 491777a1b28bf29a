//! The part of `sort` that is no loop. The compiler makes the loops.

/// How many elements are sorted, of an array of `length`.
#[unsafe(no_mangle)]
pub extern "C" fn ks_sort_count(count: u64, length: u64) -> u64 {
    count.min(length)
}
