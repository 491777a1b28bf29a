//! Foreign text in messages: names, arguments, paths, messages of the kernel.
//!
//! A terminal acts on control characters and on those that set the direction of writing. They are written as escapes, so
//! that no message moves the cursor, hides a part of itself or shows its characters in another order.

use std::borrow::Cow;

/// For a value inside of a message: no character of it begins a line.
pub fn value(text: &str) -> String {
    text.chars().map(|c| if acts_on_terminal(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// How much of a value is shown that may be of any length.
const SHOWN: usize = 80;

/// For a value that a user typed: its start, where it is long.
pub fn short(text: &str) -> String {
    let shown: String = value(text).chars().take(SHOWN + 1).collect();
    match shown.char_indices().nth(SHOWN - 1) {
        Some((end, _)) if shown.chars().count() > SHOWN => format!("{}…", &shown[..end]),
        _ => shown,
    }
}

/// For a whole message: its line ends and tabs stay.
pub fn message(text: &str) -> String {
    let stays = |c: char| c == '\n' || c == '\t' || !acts_on_terminal(c);
    text.chars().map(|c| if stays(c) { c.to_string() } else { c.escape_default().to_string() }).collect()
}

/// Text that is not the program's own: bytes that a terminal acts on, and those that are no UTF-8, as `\x1b`. Tabs stay, and what
/// `stays`.
pub fn foreign(text: &[u8], stays: fn(char) -> bool) -> Cow<'_, [u8]> {
    if text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len() + 16);
    let escape = |out: &mut Vec<u8>, bytes: &[u8]| {
        bytes.iter().for_each(|byte| out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()));
    };
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            let mut bytes = [0; 4];
            let bytes = c.encode_utf8(&mut bytes).as_bytes();
            match c == '\t' || stays(c) || !acts_on_terminal(c) {
                true => out.extend_from_slice(bytes),
                false => escape(&mut out, bytes),
            }
        }
        escape(&mut out, chunk.invalid());
    }
    Cow::Owned(out)
}

/// Whether the character ends a line, so that a message keeps it.
pub fn is_line_end(c: char) -> bool {
    c == '\n'
}

/// Text that is to stay within its line, wherever it goes.
pub fn within_line(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\n') {
        return Cow::Borrowed(text);
    }
    let parts: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    Cow::Owned(parts.join(&b"\\x0a"[..]))
}

/// C0, DEL, C1, the separators of lines and paragraphs, and what Unicode lists as Bidi_Control.
fn acts_on_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{SHOWN, foreign, is_line_end, message, short, value, within_line};

    #[test]
    fn long_values_are_cut() {
        let fits = "ü".repeat(SHOWN);
        assert_eq!(short(&fits), fits);
        assert_eq!(short(&(fits + "x")), "ü".repeat(SHOWN - 1) + "…");
        assert_eq!(short(&"\x1b".repeat(90)).chars().count(), SHOWN);
    }

    #[test]
    fn what_a_terminal_acts_on() {
        assert_eq!(value("a\x1b[2J\u{9b}\u{85}\x7f\u{202e}ü\n\t\0"), r"a\u{1b}[2J\u{9b}\u{85}\u{7f}\u{202e}ü\n\t\u{0}");
        assert_eq!(message("a\n\tb\rc\u{2028}"), "a\n\tb\\rc\\u{2028}");
    }

    #[test]
    fn bytes_that_a_terminal_acts_on() {
        let shown = |text: &[u8]| String::from_utf8(foreign(text, is_line_end).into_owned()).expect("UTF-8");
        assert_eq!(shown(b"z\x1b[31m\nq\t\r\x7f\0"), "z\\x1b[31m\nq\t\\x0d\\x7f\\x00");
        assert_eq!(shown("ü\u{9b}\u{202e}€".as_bytes()), r"ü\xc2\x9b\xe2\x80\xae€");
        assert_eq!(shown(b"\x9b\xc2a\xff\xe2\x82"), r"\x9b\xc2a\xff\xe2\x82");
        assert_eq!(&*foreign(b"a\nb", |_| false), br"a\x0ab");
        assert_eq!(&*within_line(b"\na\x1b\n"), b"\\x0aa\x1b\\x0a");
    }
}
