//! printf formats: parsed, and printed again without what the argument's type decides.

/// A piece of a format.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Piece {
    /// Bytes that are printed as they are; a percent sign is one byte here.
    Text(Vec<u8>),
    Conversion(Conversion),
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Conversion {
    /// As written.
    pub text: String,
    /// The flags, which are some of `-`, `+`, blank, `0`, `#`.
    pub flags: String,
    pub width: Option<u32>,
    pub precision: Option<u32>,
    pub kind: ConversionKind,
    pub shown: Shown,
}

/// The treatment by the runtime of a text that a terminal would act on; the flags of its formats, which no program can write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shown {
    /// As `print` and `print_raw` do.
    AsPrinted,
    /// The text is the program's own.
    Own,
    /// As `print` does.
    Lines,
    /// It stays within its line.
    WithinLine,
}

impl Shown {
    fn flag(self) -> &'static str {
        match self {
            Shown::AsPrinted => "",
            Shown::Own => "'",
            Shown::Lines => "~",
            Shown::WithinLine => "_",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ConversionKind {
    /// `%d`, `%i`, `%u`: the argument's signedness decides.
    Decimal,
    /// `%x`, `%X`
    Hex { upper: bool },
    /// `%o`
    Octal,
    /// `%c`
    Char,
    /// `%s`
    Str,
    /// `%f`, `%e`, `%g` and their capitals
    Float { letter: char },
    /// `%p`
    Pointer,
    /// `%pI4`
    Ip4,
    /// `%pI6`
    Ip6,
    /// `%pM`
    Mac,
    /// `%pS`
    Symbol,
}

/// The fault of a format: the part of it, and why.
pub(super) struct Fault {
    pub what: String,
    pub why: String,
}

/// Wider fields than this are a mistake.
const MAX_WIDTH: u32 = 1024;

pub(super) fn parse(format: &[u8]) -> Result<Vec<Piece>, Fault> {
    let mut pieces = Vec::new();
    let mut text = Vec::new();
    let mut rest = format;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            text.push(byte);
        } else if let Some((b'%', after)) = rest.split_first() {
            text.push(b'%');
            rest = after;
        } else {
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            let (conversion, after) = conversion(rest)?;
            pieces.push(Piece::Conversion(conversion));
            rest = after;
        }
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

/// One conversion, from after its percent sign.
fn conversion(start: &[u8]) -> Result<(Conversion, &[u8]), Fault> {
    let mut rest = start;
    let flags = take_while(&mut rest, |b| b"-+ 0#".contains(&b));
    let width = number(&mut rest, start)?;
    let mut precision = None;
    if let Some((b'.', after)) = rest.split_first() {
        rest = after;
        precision = Some(number(&mut rest, start)?.unwrap_or(0));
    }
    take_while(&mut rest, |b| b"hlLqjzt".contains(&b));
    let fault = |rest: &[u8], why: &str| Fault { what: written(start, rest), why: why.to_owned() };
    let Some((&letter, after)) = rest.split_first() else {
        return Err(fault(rest, "the conversion has no end; a percent sign is written `%%`"));
    };
    rest = after;
    let kind = match letter {
        b'd' | b'i' | b'u' => ConversionKind::Decimal,
        b'x' => ConversionKind::Hex { upper: false },
        b'X' => ConversionKind::Hex { upper: true },
        b'o' => ConversionKind::Octal,
        b'c' => ConversionKind::Char,
        b's' => ConversionKind::Str,
        b'p' => pointer(&mut rest),
        b'*' => return Err(fault(rest, "a width must be a number")),
        b'n' => return Err(fault(rest, "there is no conversion that writes")),
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => ConversionKind::Float { letter: letter.into() },
        _ => return Err(fault(rest, "no such conversion; a percent sign is written `%%`")),
    };
    let flags = String::from_utf8_lossy(flags).into_owned();
    let (text, shown) = (written(start, rest), Shown::AsPrinted);
    Ok((Conversion { text, flags, width, precision, kind, shown }, rest))
}

fn pointer(rest: &mut &[u8]) -> ConversionKind {
    let kinds = [ConversionKind::Ip4, ConversionKind::Ip6, ConversionKind::Mac, ConversionKind::Symbol];
    for (suffix, kind) in [&b"I4"[..], b"I6", b"M", b"S"].into_iter().zip(kinds) {
        if let Some(after) = rest.strip_prefix(suffix) {
            *rest = after;
            return kind;
        }
    }
    ConversionKind::Pointer
}

fn take_while<'a>(rest: &mut &'a [u8], wanted: impl Fn(u8) -> bool) -> &'a [u8] {
    let end = rest.iter().position(|&b| !wanted(b)).unwrap_or(rest.len());
    let (taken, after) = rest.split_at(end);
    *rest = after;
    taken
}

fn number(rest: &mut &[u8], start: &[u8]) -> Result<Option<u32>, Fault> {
    let digits = take_while(rest, |b| b.is_ascii_digit());
    if digits.is_empty() {
        return Ok(None);
    }
    let value = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    match value.filter(|&value| value <= MAX_WIDTH) {
        Some(value) => Ok(Some(value)),
        None => Err(Fault { what: written(start, rest), why: format!("no number here may be over {MAX_WIDTH}") }),
    }
}

fn written(start: &[u8], rest: &[u8]) -> String {
    format!("%{}", String::from_utf8_lossy(&start[..start.len() - rest.len()]))
}

impl Conversion {
    /// A conversion of a value that is printed without a format.
    pub fn plain(kind: ConversionKind) -> Conversion {
        let (text, flags, shown) = (String::new(), String::new(), Shown::AsPrinted);
        Conversion { text, flags, width: None, precision: None, kind, shown }
    }

    /// The conversion without length modifier, for an argument of this signedness.
    pub fn write(&self, signed: bool, out: &mut Vec<u8>) {
        let width = self.width.map(|width| width.to_string()).unwrap_or_default();
        let precision = self.precision.map(|digits| format!(".{digits}")).unwrap_or_default();
        let mut buffer = [0; 4];
        let letter = match self.kind {
            ConversionKind::Float { letter } => &*letter.encode_utf8(&mut buffer),
            ConversionKind::Decimal if signed => "d",
            ConversionKind::Decimal => "u",
            ConversionKind::Hex { upper: false } => "x",
            ConversionKind::Hex { upper: true } => "X",
            ConversionKind::Octal => "o",
            ConversionKind::Char => "c",
            ConversionKind::Str => "s",
            ConversionKind::Pointer => "p",
            ConversionKind::Ip4 => "pI4",
            ConversionKind::Ip6 => "pI6",
            ConversionKind::Mac => "pM",
            ConversionKind::Symbol => "pS",
        };
        out.extend(format!("%{}{}{width}{precision}{letter}", self.shown.flag(), self.flags).bytes());
    }

    /// The part of it that the kernel's formatter does not have.
    pub fn missing_in_bpf(&self) -> Option<&'static str> {
        if self.precision.is_some() {
            Some("with a precision")
        } else if self.flags.contains('#') {
            Some("with the flag `#`")
        } else if self.kind == ConversionKind::Octal {
            Some("in octal")
        } else if matches!(self.kind, ConversionKind::Float { .. }) {
            Some("as floating point")
        } else {
            None
        }
    }
}

/// Text as a format has it.
pub(super) fn escape(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        if byte == b'%' {
            out.push(b'%');
        }
        out.push(byte);
    }
}
