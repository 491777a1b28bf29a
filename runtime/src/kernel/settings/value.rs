//! The text of a setting as a value, and the other way round.

use super::Refusal;
use crate::abi::KsSetting;

/// So much of a value stands in a message.
const SHOWN: usize = 64;

/// Writes the value that the text says, without the line's end. A string is cut off where there is no room; the bytes behind it are zero.
pub(super) fn of_text(text: &[u8], form: KsSetting, out: &mut [u8]) -> Result<(), Refusal> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    match form {
        KsSetting::Text => {
            let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
            let length = end.min(out.len().saturating_sub(1));
            out.fill(0);
            for (to, from) in out.iter_mut().zip(text.iter().take(length)) {
                *to = *from;
            }
        }
        KsSetting::Bool => {
            let truth = number(text)? != 0;
            out.fill(u8::from(truth));
        }
        KsSetting::Signed | KsSetting::Unsigned => {
            let number = number(text)?;
            let bits = out.len() * 8;
            let signed = form == KsSetting::Signed;
            let (low, high) = match signed {
                true => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
                false => (0, (1_i128 << bits) - 1),
            };
            if !(low..=high).contains(&number) {
                let letter = if signed { 'i' } else { 'u' };
                let detail = format!("it is {number}, which a `{letter}{bits}` does not hold");
                return Err(Refusal { code: libc::ERANGE, detail: Some(detail) });
            }
            let bytes = number.to_le_bytes();
            let length = out.len();
            out.copy_from_slice(bytes.get(..length).unwrap_or_default());
            if cfg!(target_endian = "big") {
                out.reverse();
            }
        }
    }
    Ok(())
}

/// A decimal number, or a hexadecimal one behind `0x`, alone but for blanks.
fn number(text: &[u8]) -> Result<i128, Refusal> {
    let text = String::from_utf8_lossy(text);
    let trimmed = text.trim();
    let digits = trimmed.strip_prefix('-').unwrap_or(trimmed);
    let magnitude = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None if digits.starts_with('+') => "".parse(),
        None => digits.parse::<u64>(),
    };
    match magnitude {
        Ok(magnitude) if digits.len() < trimmed.len() => Ok(-i128::from(magnitude)),
        Ok(magnitude) => Ok(i128::from(magnitude)),
        Err(_) => {
            let shown: String = trimmed.chars().take(SHOWN).collect();
            let detail = format!("it is no number: `{}`", shown.escape_debug());
            Err(Refusal { code: libc::EINVAL, detail: Some(detail) })
        }
    }
}

/// The text that the kernel takes for a value, a line.
pub(super) fn to_text(value: &[u8], form: KsSetting) -> Vec<u8> {
    let mut wide = [0; 8];
    for (at, to) in wide.iter_mut().enumerate() {
        let from = if cfg!(target_endian = "big") { value.len().checked_sub(at + 1) } else { Some(at) };
        *to = from.and_then(|from| value.get(from)).copied().unwrap_or(0);
    }
    let number = u64::from_le_bytes(wide);
    let mut text = match form {
        KsSetting::Text => value.iter().copied().take_while(|&byte| byte != 0).collect(),
        KsSetting::Bool | KsSetting::Unsigned => number.to_string().into_bytes(),
        KsSetting::Signed => {
            let unused = 64_u32.saturating_sub(8 * value.len() as u32);
            (((number << unused) as i64) >> unused).to_string().into_bytes()
        }
    };
    text.push(b'\n');
    text
}
