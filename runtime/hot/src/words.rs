//! Sums over the values of all CPUs.

/// The sum of words of 8 bytes, without what does not fit. Bytes after the last whole word do not count.
pub fn sum_of_words(bytes: &[u8]) -> u64 {
    bytes.as_chunks::<8>().0.iter().map(|word| u64::from_ne_bytes(*word)).fold(0, u64::wrapping_add)
}
