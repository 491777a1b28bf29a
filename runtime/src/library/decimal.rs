//! Text of an `f64`. By libc, since what Rust prints floats with is 17 KiB, which every executable would carry. `ksc doc` has this file too.

use std::ffi::{CStr, c_char};

/// The most digits that tell one `f64` from the next (C11 5.2.4.2.2, `DBL_DECIMAL_DIG`).
const MOST_DIGITS: i32 = 17;

/// The shortest text that reads as this value again: `3`, `0.5`, `1e300`; JSON, if the value is finite.
pub fn shortest(value: f64) -> String {
    // An integer that `%g` would write with an exponent.
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return (value as i64).to_string();
    }
    let mut text = [0u8; 32];
    for digits in 1..=MOST_DIGITS {
        let pattern = c"%.*g".as_ptr();
        // SAFETY: snprintf writes a NUL-terminated text of at most the given size, 24 bytes for 17 digits; strtod reads that.
        let read = unsafe {
            libc::snprintf(text.as_mut_ptr().cast(), text.len(), pattern, digits, value);
            libc::strtod(text.as_ptr().cast::<c_char>(), std::ptr::null_mut())
        };
        if read == value {
            break;
        }
    }
    CStr::from_bytes_until_nul(&text).unwrap_or_default().to_string_lossy().replace("e+", "e")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_text_reads_as_the_same_value() {
        for (value, text) in [
            (0.0, "0"),
            (-15.0, "-15"),
            (1e6, "1000000"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (1234567.125, "1234567.125"),
            (1e15, "1e15"),
            (1e300, "1e300"),
            (5e-324, "5e-324"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::MAX, "1.7976931348623157e308"),
        ] {
            assert_eq!(shortest(value), text);
            assert_eq!(text.parse(), Ok(value));
        }
    }
}
