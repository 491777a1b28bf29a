//! Parses the text of one value into the bytes of its type. The error says what the type takes.

use super::decimal;
use super::field::{Address, Field};
use crate::abi::KsFieldKind;
use crate::kernel::near;
use std::ffi::{CString, c_char, c_int, c_void};

/// So many names are listed in a message.
const MOST: usize = 12;

/// Parses a value into `place`, which is as long as the field's type. The error says which values the type takes.
pub fn parse(field: &Field, text: &[u8], place: &mut [u8]) -> Result<(), String> {
    match field.kind {
        KsFieldKind::Unsigned | KsFieldKind::Signed => {
            let value = ranged(text, place.len(), field.signed)?;
            put(place, value);
        }
        KsFieldKind::Bool => {
            place.fill(0);
            place[0] = match text {
                b"true" | b"1" => 1,
                b"false" | b"0" => 0,
                _ => return Err("true or false is wanted".to_owned()),
            };
        }
        KsFieldKind::Char => match text {
            [byte] => place.copy_from_slice(&[*byte]),
            _ => return Err("one character (one byte) is wanted".to_owned()),
        },
        KsFieldKind::Str => {
            if text.len() >= place.len() {
                return Err(format!("at most {} bytes fit, this has {}", place.len().saturating_sub(1), text.len()));
            }
            place.fill(0);
            place[..text.len()].copy_from_slice(text);
        }
        KsFieldKind::Be => big_endian(text, place)?,
        KsFieldKind::F64 => put(place, i128::from(float(text)?.to_bits())),
        KsFieldKind::Enum => enumerated(field, text, place)?,
    }
    Ok(())
}

/// The low bytes of the value, in host order.
fn put(place: &mut [u8], value: i128) {
    let bytes = value.to_le_bytes();
    let size = place.len().min(bytes.len());
    place[..size].copy_from_slice(&bytes[..size]);
    if cfg!(target_endian = "big") {
        place.reverse();
    }
}

fn big_endian(text: &[u8], place: &mut [u8]) -> Result<(), String> {
    let is_address = place.len() == 4;
    if is_address && let Some(bytes) = dotted(text) {
        place.copy_from_slice(&bytes);
        return Ok(());
    }
    if is_address && integer(text).is_none() {
        return Err("an address a.b.c.d or a number is wanted".to_owned());
    }
    let value = ranged(text, place.len(), false)?;
    let bytes = value.to_be_bytes();
    place.copy_from_slice(&bytes[bytes.len() - place.len()..]);
    Ok(())
}

fn dotted(text: &[u8]) -> Option<[u8; 4]> {
    let mut address = [0; 4];
    let mut parts = text.split(|byte| *byte == b'.');
    for byte in &mut address {
        let part = parts.next().filter(|part| part.len() <= 3)?;
        *byte = u8::try_from(digits(part, 10)?).ok()?;
    }
    parts.next().is_none().then_some(address)
}

/// A variant by its name, in any case where no other one has that too, or by its value.
fn enumerated(field: &Field, text: &[u8], place: &mut [u8]) -> Result<(), String> {
    let named = |same: fn(&[u8], &[u8]) -> bool| -> Vec<i128> {
        field.variants().filter(|(name, _)| same(name.as_bytes(), text)).map(|(_, value)| value).collect()
    };
    let exact = named(|name, text| name == text);
    let found = if exact.is_empty() { named(|name, text| name.eq_ignore_ascii_case(text)) } else { exact };
    let value = match found.as_slice() {
        [first, rest @ ..] if rest.iter().all(|other| other == first) => Some(*first),
        _ => integer(text).filter(|value| field.variants().any(|(_, variant)| variant == *value)),
    };
    value.map(|value| put(place, value)).ok_or_else(|| variants(field, text))
}

/// What an option of an enum takes.
fn variants(field: &Field, text: &[u8]) -> String {
    let names = || field.variants.iter().map(|(name, _)| *name);
    if names().len() <= MOST {
        return format!("one of {} is wanted", names().collect::<Vec<_>>().join(", "));
    }
    match near::best(&String::from_utf8_lossy(text), names()) {
        Some(near) => format!("did you mean `{near}`? `--help` lists all"),
        None => "the name of a variant is wanted, as `--help` lists them".to_owned(),
    }
}

/// The bytes of an address, each as the text of a number.
pub fn address(address: Address, text: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    match address {
        Address::Hardware => hardware(text).ok_or("an address 02:00:5e:10:00:ff is wanted"),
        Address::Ip6 => ip6(text).ok_or("an address 2001:db8::1 is wanted"),
    }
}

fn hardware(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let fits = |part: &&[u8]| matches!(part.len(), 1 | 2) && part.iter().all(u8::is_ascii_hexdigit);
    let parts: Vec<&[u8]> = text.split(|byte| *byte == b':').collect();
    (parts.len() == 6 && parts.iter().all(fits)).then(|| parts.iter().map(|part| [b"0x", *part].concat()).collect())
}

unsafe extern "C" {
    /// inet_pton(3): 1 where the text is an address of the family, which it writes to `out`.
    fn inet_pton(family: c_int, text: *const c_char, out: *mut c_void) -> c_int;
}

fn ip6(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let text = CString::new(text).ok()?;
    let mut bytes = [0u8; 16];
    // SAFETY: a NUL-terminated text, and a place for the 16 bytes of an address of this family.
    let is_address = unsafe { inet_pton(libc::AF_INET6, text.as_ptr(), bytes.as_mut_ptr().cast()) } == 1;
    is_address.then(|| bytes.iter().map(|byte| byte.to_string().into_bytes()).collect())
}

/// Whether a text is an integer, of whatever size; an empty one counts as one, so that a list with a hole is a list.
pub fn is_number(text: &[u8]) -> bool {
    text.is_empty() || integer(text).is_some()
}

/// An integer that fits the type.
fn ranged(text: &[u8], size: usize, signed: bool) -> Result<i128, String> {
    let bits = 8 * size as u32;
    let (low, high) =
        if signed { (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1) } else { (0, (1i128 << bits) - 1) };
    match integer(text) {
        Some(value) if (low..=high).contains(&value) => Ok(value),
        Some(_) => Err(format!("{}{bits} takes {low} to {high}", if signed { 'i' } else { 'u' })),
        None => Err("a number is wanted".to_owned()),
    }
}

/// As in the language: decimal, `0x`, `0o`, `0b`, `_` between digits; with a sign.
fn integer(text: &[u8]) -> Option<i128> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let magnitude = match text {
        [b'0', b'x' | b'X', rest @ ..] => digits(rest, 16),
        [b'0', b'o' | b'O', rest @ ..] => digits(rest, 8),
        [b'0', b'b' | b'B', rest @ ..] => digits(rest, 2),
        _ => digits(text, 10),
    }?;
    Some(if negative { -magnitude } else { magnitude })
}

/// None for what is no number; a number that is too large for any type stays too large.
fn digits(text: &[u8], radix: u32) -> Option<i128> {
    let mut value = None;
    let mut before = b'_';
    for byte in text {
        if *byte != b'_' {
            let digit = (*byte as char).to_digit(radix)?;
            value = Some((value.unwrap_or(0i128) * i128::from(radix) + i128::from(digit)).min(1 << 100));
        } else if before == b'_' {
            return None;
        }
        before = *byte;
    }
    value.filter(|_| before != b'_')
}

fn float(text: &[u8]) -> Result<f64, String> {
    let wanted = || "a number is wanted".to_owned();
    let word = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text).to_ascii_lowercase();
    if [b"inf".as_slice(), b"infinity", b"nan"].contains(&word.as_slice()) {
        return Err(format!("{} refused, a finite number is wanted", String::from_utf8_lossy(text)));
    }
    let starts_well = text.first().is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.'));
    let text = std::ffi::CString::new(text).ok().filter(|_| starts_well).ok_or_else(wanted)?;
    let mut end = std::ptr::null_mut();
    // SAFETY: a NUL-terminated string; strtod points `end` into it.
    let (value, rest) = unsafe {
        let value = libc::strtod(text.as_ptr(), &mut end);
        (value, *end)
    };
    match rest {
        0 if value.is_finite() => Ok(value),
        0 => Err(format!("f64 takes {} to {}", decimal::shortest(f64::MIN), decimal::shortest(f64::MAX))),
        _ => Err(wanted()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: KsFieldKind, signed: bool, size: usize, text: &str) -> Result<Vec<u8>, String> {
        let variants = vec![("OFF", 0), ("ON", 1), ("LOW", -2)];
        let (name, doc) = ("x", "");
        let field =
            Field { name, doc, kind, signed, required: false, command: false, offset: 0, size, count: None, variants };
        let mut place = vec![0xee; size];
        parse(&field, text.as_bytes(), &mut place).map(|()| place)
    }

    #[test]
    fn integers() {
        let u8s = |text| check(KsFieldKind::Unsigned, false, 1, text);
        let i64s = |text| check(KsFieldKind::Signed, true, 8, text);
        for (text, value) in [("0", 0), ("255", 255), ("0xfF", 255), ("0b1_1", 3), ("0o17", 15), ("+7", 7), ("-0", 0)] {
            assert_eq!(u8s(text), Ok(vec![value]), "{text}");
        }
        for text in ["256", "-1", "0x100", "99999999999999999999999999999999999999999999"] {
            assert_eq!(u8s(text), Err("u8 takes 0 to 255".to_owned()), "{text}");
        }
        for text in ["", "-", "0x", "_1", "1_", "1__0", "12a", "0xg", " 1", "1 ", "--1", "1.0"] {
            assert_eq!(u8s(text), Err("a number is wanted".to_owned()), "{text}");
        }
        assert_eq!(i64s("-9223372036854775808"), Ok(i64::MIN.to_ne_bytes().to_vec()));
        assert!(i64s("9223372036854775808").is_err());
        let most = check(KsFieldKind::Unsigned, false, 8, "18446744073709551615");
        assert_eq!(most, Ok(vec![0xff; 8]));
    }

    #[test]
    fn network_order() {
        assert_eq!(check(KsFieldKind::Be, false, 4, "10.0.0.255"), Ok(vec![10, 0, 0, 255]));
        assert_eq!(check(KsFieldKind::Be, false, 4, "0x0a000001"), Ok(vec![10, 0, 0, 1]));
        assert_eq!(check(KsFieldKind::Be, false, 2, "80"), Ok(vec![0, 80]));
        for text in ["10.0.0", "10.0.0.256", "10.0.0.1.2", "10.0.0.", "a.b.c.d", "1..2.3"] {
            assert!(check(KsFieldKind::Be, false, 4, text).is_err(), "{text}");
        }
        assert!(check(KsFieldKind::Be, false, 2, "1.2.3.4").is_err());
    }

    #[test]
    fn other_types() {
        assert_eq!(check(KsFieldKind::Str, false, 4, "abc"), Ok(b"abc\0".to_vec()));
        assert_eq!(check(KsFieldKind::Str, false, 4, "abcd"), Err("at most 3 bytes fit, this has 4".to_owned()));
        assert_eq!(check(KsFieldKind::Char, false, 1, "x"), Ok(b"x".to_vec()));
        assert!(check(KsFieldKind::Char, false, 1, "xy").is_err());
        assert!(check(KsFieldKind::Bool, false, 1, "maybe").is_err());
        assert_eq!(check(KsFieldKind::F64, false, 8, "-1.5e1"), Ok((-15f64).to_ne_bytes().to_vec()));
        for text in ["inf", "-inf", "+Infinity", "nan", "-NaN"] {
            let refused = Err(format!("{text} refused, a finite number is wanted"));
            assert_eq!(check(KsFieldKind::F64, false, 8, text), refused, "{text}");
        }
        for text in ["1e999", "-1e309"] {
            let refused = check(KsFieldKind::F64, false, 8, text).expect_err(text);
            assert_eq!(refused, "f64 takes -1.7976931348623157e308 to 1.7976931348623157e308");
        }
        assert_eq!(check(KsFieldKind::F64, false, 8, "1e-999"), Ok(0f64.to_ne_bytes().to_vec()));
        for text in ["", "x", "1.5x", "-x", "infx", "-nan(1)", " 1"] {
            assert!(check(KsFieldKind::F64, false, 8, text).is_err(), "{text}");
        }
        assert_eq!(check(KsFieldKind::Enum, true, 1, "LOW"), Ok(vec![0xfe]));
        assert_eq!(check(KsFieldKind::Enum, true, 1, "low"), Ok(vec![0xfe]));
        assert_eq!(check(KsFieldKind::Enum, true, 1, "-2"), Ok(vec![0xfe]));
        assert_eq!(check(KsFieldKind::Enum, false, 1, "0xfe"), Ok(vec![0xfe]));
        for text in ["-3", "2", "254", "up", ""] {
            let names = Err("one of OFF, ON, LOW is wanted".to_owned());
            assert_eq!(check(KsFieldKind::Enum, true, 1, text), names, "{text}");
        }
    }
}
