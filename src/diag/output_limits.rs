//! Limits of the reported output: a broken input does not produce a megabyte of messages.

use super::Severity;
use super::codes::environment::NotShown;
use super::{Diagnostic, Diagnostics};

/// Diagnostics that a run keeps; of those after them only the number is known.
pub const MAX_KEPT: usize = 10_000;
/// Errors that are shown, and as many warnings and notes together.
const MAX_SHOWN: usize = 100;
/// Bytes that all of them may have as they are printed.
const MAX_OUTPUT: usize = 512 << 10;
/// Characters of a name, or of another word, in a message.
pub const MAX_WORD: usize = 80;
/// Characters of one message, label, note or help.
const MAX_TEXT: usize = 2000;
/// Labels, notes or helps of one diagnostic.
pub const MAX_PARTS: usize = 20;
/// Searches for a name that is near to one that nothing declares: each compares all names of a program.
pub const MAX_SEARCHES: usize = 50;

/// A text of a message with long words cut, and itself if it is long.
pub fn clipped(text: String) -> String {
    // Most texts are shorter than the longest word that is shown whole.
    if text.len() <= MAX_WORD {
        return text;
    }
    let mut shown = String::with_capacity(text.len().min(MAX_TEXT));
    let (mut word, mut characters) = (0, 0);
    for character in text.chars() {
        word = if character.is_alphanumeric() || character == '_' { word + 1 } else { 0 };
        if word > MAX_WORD {
            if word == MAX_WORD + 1 {
                shown.push('…');
            }
            continue;
        }
        characters += 1;
        if characters > MAX_TEXT {
            shown.push('…');
            break;
        }
        shown.push(character);
    }
    shown
}

/// The text of the diagnostics that are shown, each as `text` renders it; what is left out is counted in a last one.
pub fn shown(reported: &Diagnostics, sorted: &[&Diagnostic], mut text: impl FnMut(&Diagnostic) -> String) -> String {
    let mut output = String::new();
    let (mut errors, mut others) = (0, 0);
    for diagnostic in sorted {
        let count = if diagnostic.severity == Severity::Error { &mut errors } else { &mut others };
        if *count == MAX_SHOWN {
            continue;
        }
        let rendered = text(diagnostic);
        if output.len() + rendered.len() > MAX_OUTPUT {
            continue;
        }
        *count += 1;
        output += &rendered;
    }
    let left = [(reported.error_count() - errors, "errors"), (reported.other_count() - others, "warnings and notes")];
    let left: Vec<String> =
        left.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !left.is_empty() {
        output += &text(&Diagnostic::new(Severity::Note, None, &NotShown { what: left.join(", ") }));
    }
    output
}
