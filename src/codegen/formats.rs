//! Formats of printf, in pieces.

use crate::codegen::abi::{KS_LINES, KS_OWN_TEXT, KS_WITHIN_LINE};

/// A part of a format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// As written, `%%` included.
    Text(Vec<u8>),
    Conversion(Conversion),
}

/// `%[flags][width][.precision][length]conversion`; the length is left out, since the argument's type decides, and flags that only the
/// runtime knows are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conversion {
    /// Flags, width and precision.
    pub modifiers: String,
    /// `d`, `s`, `pI4` …
    pub letters: String,
}

/// The suffixes of `%p` that the kernel's and the runtime's formats share.
const POINTER_FORMATS: [&str; 4] = ["I4", "I6", "M", "S"];

/// Splits a format into texts and directives, in order.
pub fn pieces(format: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = Vec::new();
    let mut at = 0;
    while at < format.len() {
        if format[at] != b'%' {
            text.push(format[at]);
            at += 1;
        } else if format.get(at + 1) == Some(&b'%') {
            text.extend(b"%%");
            at += 2;
        } else {
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            let (conversion, next) = conversion(format, at + 1);
            pieces.push(Piece::Conversion(conversion));
            at = next;
        }
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    pieces
}

/// Reads from after the `%`; yields where the text goes on.
fn conversion(format: &[u8], start: usize) -> (Conversion, usize) {
    let run = |from: usize, set: &[u8]| from + format[from..].iter().take_while(|b| set.contains(b)).count();
    let start = run(start, &[KS_OWN_TEXT, KS_LINES, KS_WITHIN_LINE]);
    let after_modifiers = run(start, b"-+ #0123456789.*");
    let letter = run(after_modifiers, b"hlqjzt");
    let end = (letter + 1).min(format.len());
    let mut letters = String::from_utf8_lossy(&format[letter.min(end)..end]).into_owned();
    let mut next = end;
    if letters == "p"
        && let Some(more) = POINTER_FORMATS.into_iter().find(|f| format[end..].starts_with(f.as_bytes()))
    {
        letters.push_str(more);
        next += more.len();
    }
    let modifiers = String::from_utf8_lossy(&format[start..after_modifiers]).into_owned();
    (Conversion { modifiers, letters }, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(format: &str) -> Vec<String> {
        let show = |piece: Piece| match piece {
            Piece::Text(text) => String::from_utf8(text).expect("the format is ASCII"),
            Piece::Conversion(c) => format!("[{}|{}]", c.modifiers, c.letters),
        };
        pieces(format.as_bytes()).into_iter().map(show).collect()
    }

    #[test]
    fn lengths_are_left_out_and_modifiers_kept() {
        assert_eq!(shown("a %-16s %06llu|%.2f"), ["a ", "[-16|s]", " ", "[06|u]", "|", "[.2|f]"]);
    }

    #[test]
    fn flags_of_the_runtime_are_left_out() {
        assert_eq!(shown("%'s %~-8s%_c"), ["[|s]", " ", "[-8|s]", "[|c]"]);
    }

    #[test]
    fn a_doubled_percent_is_text() {
        assert_eq!(shown("100%% of %d%%"), ["100%% of ", "[|d]", "%%"]);
    }

    #[test]
    fn addresses_take_the_letters_after_p() {
        assert_eq!(shown("%pI4 %pI6, %pM %pIx"), ["[|pI4]", " ", "[|pI6]", ", ", "[|pM]", " ", "[|p]", "Ix"]);
    }

    #[test]
    fn a_format_that_ends_early_has_no_letters() {
        assert_eq!(shown("x%l"), ["x", "[|]"]);
    }
}
