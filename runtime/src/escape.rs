//! Foreign text in messages: names, arguments, paths, messages of the kernel.
//!
//! A terminal acts on control characters and on those that set the direction of writing. They are written as escapes, so
//! that no message moves the cursor, hides a part of itself or shows its characters in another order.

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

/// C0, DEL, C1, the separators of lines and paragraphs, and what Unicode lists as Bidi_Control.
fn acts_on_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{SHOWN, message, short, value};

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
}
