//! The format string: finds the conversions and gives each its argument.

use super::values::{Conversion, Shown, Spec, plain, put};
use crate::abi::{KS_LINES, KS_OWN_TEXT, KS_WITHIN_LINE, KsArg};

/// Appends the formatted text. A format without any `%` is followed by all arguments, separated by blanks. Text goes out as it is if it
/// is `raw`.
pub fn format(out: &mut Vec<u8>, format: &[u8], args: &[KsArg], raw: bool) {
    let mut args = args.iter();
    if !format.contains(&b'%') {
        out.extend_from_slice(format);
        for arg in args {
            if !out.is_empty() {
                out.push(b' ');
            }
            plain(out, arg, raw);
        }
        return;
    }
    let mut rest = format;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let taken = one(out, rest, &mut args, raw);
        rest = &rest[taken..];
    }
    out.extend_from_slice(rest);
}

/// Handles the `%` that `text` begins with; returns how many bytes of `text` it took. Text that is no conversion, and a conversion without
/// an argument, are copied.
fn one(out: &mut Vec<u8>, text: &[u8], args: &mut std::slice::Iter<KsArg>, raw: bool) -> usize {
    let mut reader = Reader { text, at: 1 };
    let mut spec = reader.flags(raw);
    match reader.number(args) {
        Number::Given(width) => {
            // A negative `*` is the flag and the width.
            spec.left |= width < 0;
            spec.width = limit(width);
        }
        Number::Absent => {}
    }
    if reader.skip(b'.') {
        spec.precision = match reader.number(args) {
            Number::Given(precision) if precision < 0 => None,
            Number::Given(precision) => Some(limit(precision)),
            Number::Absent => Some(0),
        };
    }
    while matches!(reader.peek(), Some(b'h' | b'l' | b'j' | b'z' | b't' | b'L' | b'q')) {
        reader.at += 1;
    }
    let Some(letter) = reader.peek() else {
        out.extend_from_slice(text);
        return text.len();
    };
    reader.at += 1;
    if letter == b'%' {
        out.push(b'%');
    } else if let Some(conversion) = reader.conversion(letter)
        && let Some(arg) = args.next()
    {
        put(out, &spec, conversion, arg);
    } else {
        out.extend_from_slice(&text[..reader.at]);
    }
    reader.at
}

/// Longer fields are mistakes; they must not eat the memory.
fn limit(number: i64) -> usize {
    usize::try_from(number.unsigned_abs()).unwrap_or(0).min(65_536)
}

enum Number {
    Given(i64),
    Absent,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn flags(&mut self, raw: bool) -> Spec {
        let mut spec = Spec { shown: if raw { Shown::Raw } else { Shown::Lines }, ..Spec::default() };
        while let Some(byte) = self.peek() {
            match byte {
                b'-' => spec.left = true,
                b'+' => spec.plus = true,
                b' ' => spec.blank = true,
                b'#' => spec.alternate = true,
                b'0' => spec.zero = true,
                KS_OWN_TEXT => spec.shown = Shown::Raw,
                KS_LINES => spec.shown = Shown::Lines,
                KS_WITHIN_LINE => spec.shown = Shown::WithinLine,
                _ => break,
            }
            self.at += 1;
        }
        spec
    }

    fn number(&mut self, args: &mut std::slice::Iter<KsArg>) -> Number {
        if self.skip(b'*') {
            return match args.next() {
                Some(arg) => Number::Given(i64::from(arg.value as i32)),
                None => Number::Absent,
            };
        }
        let mut number = None;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            number = Some(number.unwrap_or(0i64).saturating_mul(10).saturating_add(i64::from(digit - b'0')));
            self.at += 1;
        }
        number.map_or(Number::Absent, Number::Given)
    }

    /// The conversion that a letter begins; takes the rest of `%pI4` and the like.
    fn conversion(&mut self, letter: u8) -> Option<Conversion> {
        Some(match letter {
            b'd' | b'i' | b'u' => Conversion::Decimal,
            b'x' => Conversion::Hex { upper: false },
            b'X' => Conversion::Hex { upper: true },
            b'o' => Conversion::Octal,
            b'c' => Conversion::Char,
            b's' => Conversion::Str,
            b'f' | b'F' | b'e' | b'E' | b'g' | b'G' => Conversion::Float(letter),
            b'p' => {
                let tail = &self.text[self.at..];
                let (conversion, length) = if tail.starts_with(b"I4") || tail.starts_with(b"i4") {
                    (Conversion::Ip4, 2)
                } else if tail.starts_with(b"I6") || tail.starts_with(b"i6") {
                    (Conversion::Ip6, 2)
                } else if tail.starts_with(b"M") {
                    (Conversion::Mac, 1)
                } else if tail.starts_with(b"S") {
                    (Conversion::Symbol, 1)
                } else {
                    (Conversion::Pointer, 0)
                };
                self.at += length;
                conversion
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::KsArgKind::{self, *};

    fn arg(kind: KsArgKind, size: u32, value: u64) -> KsArg {
        KsArg { kind: kind as u32, size, value }
    }

    fn text(value: &[u8]) -> KsArg {
        arg(Str, value.len() as u32, value.as_ptr() as u64)
    }

    fn show(format_text: &str, args: &[KsArg]) -> String {
        let mut out = Vec::new();
        format(&mut out, format_text.as_bytes(), args, false);
        String::from_utf8(out).expect("the tests print ASCII")
    }

    #[test]
    fn the_type_decides_signedness() {
        assert_eq!(show("%u", &[arg(Signed, 4, -5i64 as u64)]), "-5");
        assert_eq!(show("%d", &[arg(Unsigned, 8, u64::MAX)]), "18446744073709551615");
        assert_eq!(show("%d", &[arg(Unsigned, 1, 0x1ff)]), "255");
        assert_eq!(show("%lld|%hhu", &[arg(Signed, 1, 0x80), arg(Unsigned, 2, 65_535)]), "-128|65535");
        assert_eq!(
            show("%x %#X %o", &[arg(Signed, 4, -1i64 as u64), arg(Unsigned, 4, 255), arg(Signed, 2, 8)]),
            "ffffffff 0XFF 10"
        );
    }

    #[test]
    fn flags_width_precision() {
        let five = || arg(Signed, 4, 5);
        assert_eq!(
            show("[%5d|%-5d|%05d|%+d|% d]", &[five(), five(), five(), five(), five()]),
            "[    5|5    |00005|+5| 5]"
        );
        assert_eq!(
            show("[%.3d|%6.3d|%06.3d|%.0d]", &[five(), five(), five(), arg(Signed, 4, 0)]),
            "[005|   005|   005|]"
        );
        assert_eq!(show("[%*d|%-*d]", &[arg(Signed, 4, 4), five(), arg(Signed, 4, 3), five()]), "[   5|5  ]");
        assert_eq!(
            show("[%#x|%#06x|%#x|%#o]", &[five(), five(), arg(Signed, 4, 0), arg(Signed, 4, 8)]),
            "[0x5|0x0005|0|010]"
        );
        assert_eq!(show("%05d", &[arg(Signed, 4, -5i64 as u64)]), "-0005");
    }

    #[test]
    fn strings_and_chars() {
        assert_eq!(
            show("[%s|%-6s|%6s|%.2s]", &[text(b"abc\0x"), text(b"abc"), text(b"abc"), text(b"abc")]),
            "[abc|abc   |   abc|ab]"
        );
        assert_eq!(show("%c%c", &[arg(Char, 1, 65), arg(Unsigned, 4, 66)]), "AB");
        assert_eq!(show("%d %s", &[arg(Bool, 1, 1), arg(Bool, 1, 0)]), "1 false");
        assert_eq!(show("%s", &[arg(Str, 8, 0)]), "(null)");
    }

    #[test]
    fn network_values() {
        let address = u64::from(u32::from_ne_bytes([192, 168, 0, 1]));
        assert_eq!(
            show("%pI4|%15pI4", &[arg(Be, 4, address), arg(Unsigned, 4, address)]),
            "192.168.0.1|    192.168.0.1"
        );
        assert_eq!(show("%d %x", &[arg(Be, 2, u64::from(80u16.to_be())), arg(Be, 4, address)]), "80 c0a80001");
        let mac = [0x02u8, 0, 0, 0, 0xab, 0xff];
        assert_eq!(show("%pM", &[arg(Bytes, 6, mac.as_ptr() as u64)]), "02:00:00:00:ab:ff");
        let mut v6 = [0u8; 16];
        v6[0] = 0xfe;
        v6[1] = 0x80;
        v6[15] = 1;
        assert_eq!(show("%pI6", &[arg(Bytes, 16, v6.as_ptr() as u64)]), "fe80:0000:0000:0000:0000:0000:0000:0001");
    }

    #[test]
    fn floats() {
        let half = || arg(F64, 8, 1.5f64.to_bits());
        assert_eq!(show("%f|%.1f|%8.2e|%g", &[half(), half(), half(), half()]), "1.500000|1.5|1.50e+00|1.5");
        assert_eq!(show("%d", &[half()]), "1.5");
        assert_eq!(show("%f", &[arg(F64, 8, 1e300f64.to_bits())]).len(), 308);
    }

    #[test]
    fn oddities_are_copied() {
        assert_eq!(show("100%", &[]), "100%");
        assert_eq!(show("%% %d %y %", &[]), "% %d %y %");
        assert_eq!(show("%p %p", &[arg(Pointer, 8, 0xff), arg(Pointer, 8, 0)]), "0xff 0x0");
        assert_eq!(show("%999999999999999999999d", &[arg(Signed, 4, 1)]).len(), 65_536);
    }

    #[test]
    fn no_conversions_means_all_arguments() {
        assert_eq!(show("n =", &[arg(Signed, 4, 3), text(b"x")]), "n = 3 x");
        assert_eq!(show("", &[arg(Unsigned, 4, 3), arg(Char, 1, 65)]), "3 A");
    }
}
