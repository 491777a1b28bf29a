//! Numbers, strings and characters.

use super::Rule;
use super::builder::Builder;
use super::foreign::Hint;
use crate::ast::{ExprKind, IntLit, StrLit};
use crate::diag::codes::syntax::*;
use crate::source::Span;
use pest::iterators::Pair;

impl Builder<'_> {
    /// `negative`: a minus in prefix position is before it.
    pub fn number(&mut self, span: Span, negative: bool) -> ExprKind {
        let text = self.text(span);
        let lower = text.to_ascii_lowercase();
        let (radix, digits) = match lower.get(..2) {
            Some("0x") => (16, &text[2..]),
            Some("0o") => (8, &text[2..]),
            Some("0b") => (2, &text[2..]),
            _ => (10, text),
        };
        if radix == 10 && (text.contains('.') || lower.contains('e')) && is_float(&lower) {
            return self.float(span);
        }
        if radix == 10
            && digits.trim_start_matches('0') != digits
            && digits.bytes().any(|b| b != b'0')
            && digits.bytes().all(|b| b.is_ascii_digit())
        {
            let octal = digits.trim_start_matches(['0', '_']).to_owned();
            let warning = self.warn(span, LeadingZero { text: text.to_owned() });
            if octal.bytes().all(|b| (b'0'..=b'7').contains(&b)) {
                warning.help(format!("write `{octal}`, or `0o{octal}` for the octal number"));
            } else {
                warning.help(format!("write `{octal}`"));
            }
        }
        let value = self.integer(span, digits, radix);
        ExprKind::Int(IntLit { value, negative, text: text.to_owned() })
    }

    fn float(&mut self, span: Span) -> ExprKind {
        let text = self.text(span).to_owned();
        let value: Result<f64, _> = text.replace('_', "").parse();
        if !value.is_ok_and(f64::is_finite) {
            let why = format!("the largest `f64` is {:e}", f64::MAX);
            self.error(span, BadNumber { text: text.clone(), why });
            return ExprKind::Float("0.0".into());
        }
        ExprKind::Float(text)
    }

    fn integer(&mut self, span: Span, digits: &str, radix: u32) -> u64 {
        let text = self.text(span).to_owned();
        if let Some(at) = digits.find(|c: char| c != '_' && !c.is_digit(radix)) {
            let (why, hint) = bad_digit(&text, digits, at, radix);
            let hint = hint.map(|(help, form)| Hint::with(help, Some((span, form))));
            self.hinted(span, BadNumber { text, why }, hint);
            return 0;
        }
        let plain = digits.replace('_', "");
        if plain.is_empty() || digits.ends_with('_') {
            let why = if plain.is_empty() { "it has no digits" } else { "`_` goes between digits" };
            self.error(span, BadNumber { text, why: why.to_owned() });
            return 0;
        }
        u64::from_str_radix(&plain, radix).unwrap_or_else(|_| {
            self.error(span, IntegerTooLarge { text }).help(format!("the largest integer is {}", u64::MAX));
            0
        })
    }

    /// Builds a string without its quotes, with escapes replaced.
    pub fn str_lit(&mut self, pair: &Pair<'_, Rule>) -> StrLit {
        let span = self.span(pair);
        StrLit { bytes: self.unescape(span), span }
    }

    /// The byte of a character literal; other than one byte is reported.
    pub fn char_lit(&mut self, span: Span) -> u8 {
        let before = self.diags.len();
        let bytes = self.unescape(span);
        if let [byte] = bytes[..] {
            return byte;
        }
        if self.diags.len() > before {
            return 0;
        }
        let inside = &self.text(span)[1..span.hi as usize - span.lo as usize - 1];
        let (why, help) = if bytes.is_empty() {
            ("a character literal holds one byte, this one none".to_owned(), "a blank is `' '`".to_owned())
        } else if inside.chars().count() == 1 {
            let why = format!("`{inside}` takes {} bytes, a character literal holds one", bytes.len());
            (why, format!("write it as a string: `\"{inside}\"`"))
        } else {
            let why = format!("a character literal holds one byte, this one {}", bytes.len());
            (why, format!("text goes between double quotes: `\"{inside}\"`"))
        };
        let text = format!("\"{inside}\"");
        let is_text = !bytes.is_empty() && !inside.contains('"');
        let error = self.error(span, BadCharLiteral { why }).help(help);
        if is_text {
            error.fix(span, text);
        }
        0
    }

    /// The text between the quotes at the ends of `span`, after escapes.
    fn unescape(&mut self, span: Span) -> Vec<u8> {
        let text = self.text(span);
        let inside = &text.as_bytes()[1..text.len() - 1];
        let mut bytes = Vec::with_capacity(inside.len());
        let mut at = 0;
        while at < inside.len() {
            if inside[at] != b'\\' {
                bytes.push(inside[at]);
                at += 1;
                continue;
            }
            let (byte, len) = escape(&inside[at..]);
            if byte.is_none() {
                let lo = span.lo as usize + 1 + at;
                let shown = text[1 + at..].chars().take(2).collect::<String>();
                let bad = Span::new(span.file, lo, lo + shown.len());
                let hex = shown == "\\x";
                let error = self.error(bad, BadEscape { text: shown });
                if hex {
                    error.help("two hexadecimal digits follow: `\\x0a`");
                } else {
                    error.help("a backslash itself is written `\\\\`");
                }
            }
            bytes.extend(byte);
            at += len;
        }
        bytes
    }
}

/// The byte that an escape means, and the length of the escape.
fn escape(text: &[u8]) -> (Option<u8>, usize) {
    let simple = |byte| (Some(byte), 2);
    match text.get(1) {
        Some(b'n') => simple(b'\n'),
        Some(b't') => simple(b'\t'),
        Some(b'r') => simple(b'\r'),
        Some(b'0') => simple(0),
        Some(&byte @ (b'\\' | b'\'' | b'"')) => simple(byte),
        Some(b'x') => {
            let digits = text.get(2..4).and_then(|digits| std::str::from_utf8(digits).ok());
            let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
            match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(byte) => (Some(byte), 4),
                None => (None, 2),
            }
        }
        Some(_) | None => (None, 2),
    }
}

/// Whether a number that has a point or an `e` is a well-formed float.
fn is_float(lower: &str) -> bool {
    let (mantissa, exponent) = match lower.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.trim_start_matches(['+', '-']))),
        None => (lower, None),
    };
    let digits = |text: &str| {
        let plain = text.starts_with(|c: char| c.is_ascii_digit()) && !text.ends_with('_');
        plain && text.bytes().all(|b| b.is_ascii_digit() || b == b'_')
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole) && fraction.is_none_or(digits) && exponent.is_none_or(digits)
}

/// Why a number ends in what is no digit; what to write, in words and as it is.
fn bad_digit(text: &str, digits: &str, at: usize, radix: u32) -> (String, Option<(String, String)>) {
    let (number, rest) = digits.split_at(at);
    let float = ["f32", "f64", "f"].into_iter().find_map(|suffix| Some((text.strip_suffix(suffix)?, suffix)));
    if let Some((number, suffix)) = float.filter(|(number, _)| number.contains('.') && is_float(number)) {
        let help = format!("a number with a point is an `f64`: `{number}`");
        return (format!("it takes no suffix `{suffix}`"), Some((help, number.to_owned())));
    }
    let ty = match rest.to_ascii_lowercase().as_str() {
        "u" => Some("u32"),
        "ul" | "ull" | "l" | "ll" => Some("u64"),
        "f32" => Some("f64"),
        suffix => ["u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f64"].into_iter().find(|ty| *ty == suffix),
    };
    if let Some(ty) = ty.filter(|_| at > 0) {
        let form = format!("{} as {ty}", &text[..text.len() - rest.len()]);
        let help = format!("the type comes from the context, or from `as`: `{form}`");
        return (format!("it takes no suffix `{rest}`"), Some((help, form)));
    }
    let bad = rest.chars().next().unwrap_or(' ');
    if radix == 10 && number.is_empty() {
        return ("it has no digits".to_owned(), None);
    }
    let kind = match radix {
        16 => "hexadecimal",
        8 => "octal",
        2 => "binary",
        _ => "decimal",
    };
    let form = (radix == 10 && rest.bytes().all(|b| b.is_ascii_hexdigit())).then(|| format!("0x{text}"));
    (format!("`{bad}` is no {kind} digit"), form.map(|form| (format!("a hexadecimal number: `{form}`"), form)))
}
