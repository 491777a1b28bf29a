//! Positions of the protocol, and bytes of texts.

use crate::source::{SourceFile, Span};
use lsp_types::{Position, Range};

/// How the client counts the characters of a line (LSP 3.17, PositionEncodingKind).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    Utf8,
    Utf16,
}

/// The byte of a position; one behind the end of its line is the line's end, one behind the last line the text's end.
pub fn offset(text: &str, position: Position, encoding: Encoding) -> usize {
    let mut start = 0;
    for _ in 0..position.line {
        match text[start..].find('\n') {
            Some(end) => start += end + 1,
            None => return text.len(),
        }
    }
    let line = text[start..].split('\n').next().unwrap_or_default();
    let line = line.strip_suffix('\r').unwrap_or(line);
    let mut units = 0;
    for (at, character) in line.char_indices() {
        if units >= position.character {
            return start + at;
        }
        units += width(character, encoding);
    }
    start + line.len()
}

/// The position of a byte of a file.
pub fn position(file: &SourceFile, offset: u32, encoding: Encoding) -> Position {
    let line = file.line_of(offset);
    let start = file.line_range(line).start;
    let mut end = (offset as usize).min(file.text.len());
    while !file.text.is_char_boundary(end) {
        end -= 1;
    }
    let before = file.text.get(start..end).unwrap_or_default();
    Position { line: line - 1, character: before.chars().map(|character| width(character, encoding)).sum() }
}

/// The range of a span in its file.
pub fn range(file: &SourceFile, span: Span, encoding: Encoding) -> Range {
    Range { start: position(file, span.lo, encoding), end: position(file, span.hi, encoding) }
}

fn width(character: char, encoding: Encoding) -> u32 {
    match encoding {
        Encoding::Utf8 => character.len_utf8() as u32,
        Encoding::Utf16 => character.len_utf16() as u32,
    }
}

/// The bytes of the word at a place, or right before it; empty where none is.
pub fn word(text: &str, at: usize) -> std::ops::Range<usize> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let before = text[..at].chars().rev().take_while(|character| is_word(*character));
    let after = text[at..].chars().take_while(|character| is_word(*character));
    at - before.map(char::len_utf8).sum::<usize>()..at + after.map(char::len_utf8).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_as_the_client_does() {
        let text = "a\r\nä𝄞b\n";
        let at = |line, character| Position { line, character };
        assert_eq!(offset(text, at(1, 3), Encoding::Utf16), 3 + 2 + 4);
        assert_eq!(offset(text, at(1, 2), Encoding::Utf8), 3 + 2);
        // Behind the end of a line, and of the text.
        assert_eq!(offset(text, at(0, 9), Encoding::Utf16), 1);
        assert_eq!(offset(text, at(9, 0), Encoding::Utf16), text.len());
        assert_eq!(word("x.name(", 4), 2..6);
    }
}
