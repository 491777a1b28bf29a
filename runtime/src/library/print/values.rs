//! Prints one value by one conversion.

use crate::abi::{KsArg, KsArgKind};
use crate::kernel::program::bounded;
use crate::kernel::symbols::kernel;
use crate::kernel::{escape, output};
use std::borrow::Cow;
use std::ffi::c_char;

/// The flags, width and precision of a conversion, which are between `%` and the letter.
#[derive(Default)]
pub struct Spec {
    pub left: bool,
    pub plus: bool,
    pub blank: bool,
    pub alternate: bool,
    pub zero: bool,
    pub width: usize,
    pub precision: Option<usize>,
    pub shown: Shown,
}

/// The treatment of text that comes from outside of the program.
#[derive(Default, Clone, Copy)]
pub enum Shown {
    /// It goes out as it is.
    #[default]
    Raw,
    /// A terminal gets the bytes that it would act on as escapes, but for the ends of lines.
    Lines,
    /// As escapes, with the ends of lines too, wherever the text goes.
    WithinLine,
}

impl Shown {
    fn of(self, text: &[u8]) -> Cow<'_, [u8]> {
        let plain = |text: &[u8]| text.iter().all(|byte| matches!(byte, b' '..=b'~'));
        match self {
            Shown::Lines | Shown::WithinLine if plain(text) => Cow::Borrowed(text),
            Shown::Lines if output::is_terminal() => escape::foreign(text, escape::is_line_end),
            Shown::WithinLine if output::is_terminal() => escape::foreign(text, |_| false),
            Shown::WithinLine => escape::within_line(text),
            Shown::Raw | Shown::Lines => Cow::Borrowed(text),
        }
    }
}

/// The conversion of a format's directive.
#[derive(Clone, Copy)]
pub enum Conversion {
    /// `%d %i %u`: the argument's type decides the sign.
    Decimal,
    Hex {
        upper: bool,
    },
    Octal,
    Char,
    Str,
    Pointer,
    Float(u8),
    Ip4,
    Ip6,
    Mac,
    /// A symbol of the kernel.
    Symbol,
}

const KINDS: [KsArgKind; 9] = [
    KsArgKind::Signed,
    KsArgKind::Unsigned,
    KsArgKind::Be,
    KsArgKind::Bool,
    KsArgKind::Char,
    KsArgKind::Str,
    KsArgKind::Pointer,
    KsArgKind::F64,
    KsArgKind::Bytes,
];

impl KsArg {
    fn kind(&self) -> KsArgKind {
        KINDS.into_iter().find(|kind| *kind as u32 == self.kind).unwrap_or(KsArgKind::Unsigned)
    }

    /// The low `size` bytes, in host order.
    fn unsigned(&self) -> u64 {
        let low = match self.size {
            1 => self.value & 0xff,
            2 => self.value & 0xffff,
            4 => self.value & 0xffff_ffff,
            _ => self.value,
        };
        match (self.kind(), self.size) {
            (KsArgKind::Be, 2) => u64::from(u16::from_be(low as u16)),
            (KsArgKind::Be, 4) => u64::from(u32::from_be(low as u32)),
            (KsArgKind::Be, 8) => u64::from_be(low),
            _ => low,
        }
    }

    /// Sign and magnitude.
    fn signed(&self) -> (bool, u64) {
        let bits = self.unsigned();
        if self.kind() != KsArgKind::Signed {
            return (false, bits);
        }
        let value = match self.size {
            1 => i64::from(bits as i8),
            2 => i64::from(bits as i16),
            4 => i64::from(bits as i32),
            _ => bits as i64,
        };
        (value < 0, value.unsigned_abs())
    }

    /// The bytes in memory order: of a string up to its NUL, of an integer its `size` bytes.
    fn bytes(&self) -> Vec<u8> {
        let size = self.size as usize;
        match self.kind() {
            KsArgKind::Str | KsArgKind::Bytes if self.value == 0 => Vec::new(),
            // SAFETY: the compiler passes the address of so many readable bytes.
            KsArgKind::Bytes => unsafe { std::slice::from_raw_parts(self.value as *const u8, size) }.to_vec(),
            // SAFETY: as above.
            KsArgKind::Str => unsafe { bounded(self.value as *const c_char, size) }.to_vec(),
            KsArgKind::Signed
            | KsArgKind::Unsigned
            | KsArgKind::Be
            | KsArgKind::Bool
            | KsArgKind::Char
            | KsArgKind::Pointer
            | KsArgKind::F64 => self.value.to_ne_bytes()[..size.min(8)].to_vec(),
        }
    }
}

/// A value in the form of its own type: for `print` without a format.
pub fn plain(out: &mut Vec<u8>, arg: &KsArg, raw: bool) {
    let conversion = match arg.kind() {
        KsArgKind::Signed | KsArgKind::Unsigned | KsArgKind::Be | KsArgKind::Bool => Conversion::Decimal,
        KsArgKind::Char => Conversion::Char,
        KsArgKind::Str => Conversion::Str,
        KsArgKind::Pointer => Conversion::Pointer,
        KsArgKind::F64 => Conversion::Float(b'g'),
        KsArgKind::Bytes => match arg.size {
            4 => Conversion::Ip4,
            16 => Conversion::Ip6,
            _ => Conversion::Mac,
        },
    };
    put(out, &Spec { shown: if raw { Shown::Raw } else { Shown::Lines }, ..Spec::default() }, conversion, arg);
}

/// Appends a value to `out` as the conversion and the flags of `spec` say.
pub fn put(out: &mut Vec<u8>, spec: &Spec, conversion: Conversion, arg: &KsArg) {
    match conversion {
        Conversion::Decimal | Conversion::Hex { .. } | Conversion::Octal if arg.kind() == KsArgKind::F64 => {
            float(out, spec, b'g', f64::from_bits(arg.value));
        }
        Conversion::Decimal | Conversion::Hex { .. } | Conversion::Octal if arg.kind() == KsArgKind::Str => {
            string(out, spec, arg);
        }
        Conversion::Decimal => {
            let (negative, magnitude) = arg.signed();
            let sign: &[u8] = match (negative, arg.kind() == KsArgKind::Signed) {
                (true, _) => b"-",
                (false, true) if spec.plus => b"+",
                (false, true) if spec.blank => b" ",
                (false, _) => b"",
            };
            integer(out, spec, sign, format!("{magnitude}"));
        }
        Conversion::Hex { upper } => {
            let bits = arg.unsigned();
            let prefix: &[u8] = match (spec.alternate && bits != 0, upper) {
                (true, false) => b"0x",
                (true, true) => b"0X",
                (false, _) => b"",
            };
            integer(out, spec, prefix, if upper { format!("{bits:X}") } else { format!("{bits:x}") });
        }
        Conversion::Octal => {
            let bits = arg.unsigned();
            integer(out, spec, if spec.alternate && bits != 0 { b"0" } else { b"" }, format!("{bits:o}"));
        }
        Conversion::Char => pad(out, spec, &spec.shown.of(&[arg.value as u8])),
        Conversion::Str => string(out, spec, arg),
        Conversion::Symbol => pad(out, spec, kernel::name(arg.unsigned()).as_bytes()),
        Conversion::Pointer => pad(out, spec, format!("{:#x}", arg.value).as_bytes()),
        Conversion::Float(letter) => float(out, spec, letter, number(arg)),
        Conversion::Ip4 | Conversion::Ip6 | Conversion::Mac => address(out, spec, conversion, arg),
    }
}

fn number(arg: &KsArg) -> f64 {
    if arg.kind() == KsArgKind::F64 {
        return f64::from_bits(arg.value);
    }
    let (negative, magnitude) = arg.signed();
    if negative { -(magnitude as f64) } else { magnitude as f64 }
}

/// Sign or prefix, zeros as flags and precision ask for, digits.
fn integer(out: &mut Vec<u8>, spec: &Spec, prefix: &[u8], digits: String) {
    let digits = if spec.precision == Some(0) && digits == "0" { "" } else { &digits };
    let zeros = match spec.precision {
        Some(precision) => precision.saturating_sub(digits.len()),
        None if spec.zero && !spec.left => spec.width.saturating_sub(prefix.len() + digits.len()),
        None => 0,
    };
    let mut text = prefix.to_vec();
    text.resize(text.len() + zeros, b'0');
    text.extend_from_slice(digits.as_bytes());
    pad(out, spec, &text);
}

fn string(out: &mut Vec<u8>, spec: &Spec, arg: &KsArg) {
    match arg.kind() {
        KsArgKind::Str if arg.value == 0 => pad(out, spec, b"(null)"),
        KsArgKind::Str | KsArgKind::Bytes => {
            let bytes = arg.bytes();
            pad(out, spec, &spec.shown.of(&bytes[..bytes.len().min(spec.precision.unwrap_or(usize::MAX))]));
        }
        KsArgKind::Bool => pad(out, spec, if arg.value & 1 == 0 { b"false" } else { b"true" }),
        KsArgKind::Signed
        | KsArgKind::Unsigned
        | KsArgKind::Be
        | KsArgKind::Char
        | KsArgKind::Pointer
        | KsArgKind::F64 => {
            let mut text = Vec::new();
            plain(&mut text, arg, false);
            pad(out, spec, &text);
        }
    }
}

/// As the kernel's printk writes them.
fn address(out: &mut Vec<u8>, spec: &Spec, conversion: Conversion, arg: &KsArg) {
    let bytes = arg.bytes();
    let text = match conversion {
        Conversion::Ip6 => {
            bytes.chunks(2).map(|pair| pair.iter().map(|b| format!("{b:02x}")).collect::<String>()).collect::<Vec<_>>()
        }
        Conversion::Mac => bytes.iter().map(|b| format!("{b:02x}")).collect(),
        Conversion::Ip4
        | Conversion::Decimal
        | Conversion::Hex { .. }
        | Conversion::Octal
        | Conversion::Char
        | Conversion::Str
        | Conversion::Pointer
        | Conversion::Symbol
        | Conversion::Float(_) => bytes.iter().map(|b| b.to_string()).collect(),
    };
    let separator = if matches!(conversion, Conversion::Ip6 | Conversion::Mac) { ":" } else { "." };
    pad(out, spec, text.join(separator).as_bytes());
}

/// libc writes floats: shortest-form printing in Rust would not match printf's.
fn float(out: &mut Vec<u8>, spec: &Spec, letter: u8, value: f64) {
    let mut format = vec![b'%'];
    for (flag, byte) in
        [(spec.left, b'-'), (spec.plus, b'+'), (spec.blank, b' '), (spec.alternate, b'#'), (spec.zero, b'0')]
    {
        if flag {
            format.push(byte);
        }
    }
    format.extend_from_slice(b"*.*");
    format.push(letter);
    format.push(0);
    let width = i32::try_from(spec.width).unwrap_or(0);
    let precision = spec.precision.map_or(-1, |p| i32::try_from(p).unwrap_or(0));
    // SAFETY: the format takes two ints and a double; snprintf writes at most the given size, and a first call with 0
    // asks how much that is.
    unsafe {
        let pattern = format.as_ptr().cast::<c_char>();
        let length = libc::snprintf(std::ptr::null_mut(), 0, pattern, width, precision, value);
        let Ok(length) = usize::try_from(length) else { return };
        let start = out.len();
        out.resize(start + length + 1, 0);
        libc::snprintf(out[start..].as_mut_ptr().cast(), length + 1, pattern, width, precision, value);
        out.truncate(start + length);
    }
}

fn pad(out: &mut Vec<u8>, spec: &Spec, text: &[u8]) {
    let blanks = spec.width.saturating_sub(text.len());
    if spec.left {
        out.extend_from_slice(text);
    }
    out.resize(out.len() + blanks, b' ');
    if !spec.left {
        out.extend_from_slice(text);
    }
}
