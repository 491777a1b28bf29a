//! Escapes foreign text in output: source, names of files, arguments, names in objects.
//!
//! A terminal acts on control characters and on those that set the direction of writing. They are shown instead, so that
//! no text moves the cursor, hides a part of a message or shows its characters in another order.

use std::borrow::Cow;

/// For a name or value inside of a message, which no character of it ends: `\n`, `\u{1b}`.
pub fn value(text: &str) -> Cow<'_, str> {
    replaced(text, acts_on_terminal, |c| c.escape_default().collect())
}

/// For a text of several lines: its line ends and tabs stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    replaced(text, acts_within_lines, |c| c.escape_default().collect())
}

/// For lines of source under which something is marked: one character for each, so that columns stay as they are. The
/// renderer does it for a CR, which it has to know where it ends a line.
pub fn source(text: &str) -> Cow<'_, str> {
    replaced(
        text,
        |c| c != '\r' && acts_within_lines(c),
        |c| match c {
            // The pictures of control characters are in the order of these.
            '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).into_iter().collect(),
            '\x7f' => "\u{2421}".to_owned(),
            _ => char::REPLACEMENT_CHARACTER.to_string(),
        },
    )
}

/// For JSON, whose writer escapes only C0: the other characters are inside strings, where they may be escaped.
pub fn json(text: &str) -> Cow<'_, str> {
    replaced(text, acts_within_lines, |c| format!("\\u{:04x}", u32::from(c)))
}

fn replaced(text: &str, acts: fn(char) -> bool, shown: fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if acts(c) { shown(c) } else { c.to_string() }).collect())
}

fn acts_within_lines(c: char) -> bool {
    c != '\n' && c != '\t' && acts_on_terminal(c)
}

/// C0, DEL, C1, the separators of lines and paragraphs, and what Unicode lists as Bidi_Control.
fn acts_on_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
