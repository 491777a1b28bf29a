//! Internet checksums (RFC 1071, RFC 1624).

use super::Value;

/// Adds with the carry added to the sum.
fn add(sum: u32, word: u32) -> u32 {
    let (sum, carry) = sum.overflowing_add(word);
    sum + u32::from(carry)
}

pub fn difference(old: &[u32], fresh: &[u32], seed: u32) -> u32 {
    let sum = fresh.iter().fold(seed, |sum, word| add(sum, *word));
    old.iter().fold(sum, |sum, word| add(sum, !word))
}

/// In 16 bits, not complemented.
fn folded(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// RFC 1624, equation 3, of words of 16 bits.
fn updated(check: u16, old: &[u16], fresh: &[u16]) -> u16 {
    let old: u64 = old.iter().map(|word| u64::from(!word)).sum();
    let fresh: u64 = fresh.iter().map(|word| u64::from(*word)).sum();
    !folded(u64::from(!check) + old + fresh)
}

/// What a builtin yields that computes with numbers alone; none of others.
pub fn builtin(name: &str, args: &[Value]) -> Option<Value> {
    let numbers: Vec<i128> = args.iter().filter_map(|arg| arg.int()).collect();
    let halves = |number: i128| [number as u16, (number >> 16) as u16];
    if let ("log2", [number]) = (name, numbers.as_slice()) {
        return Some(Value::Int((1..64).filter(|bit| number >> bit != 0).count() as i128));
    }
    let result = match (name, numbers.as_slice()) {
        ("csum_fold", [sum]) => !folded(*sum as u64),
        ("csum_update16", [check, old, fresh]) => updated(*check as u16, &[*old as u16], &[*fresh as u16]),
        ("csum_update32", [check, old, fresh]) => updated(*check as u16, &halves(*old), &halves(*fresh)),
        _ => return None,
    };
    Some(Value::Int(result.into()))
}
