//! `ksc fmt` for the editor.

use super::dispatch::Answer;
use super::server::Server;
use super::text;
use crate::session::{Options, Session};
use crate::source::FileId;
use crate::tool::fmt;
use lsp_types::{
    DocumentFormattingParams, DocumentOnTypeFormattingParams, DocumentRangeFormattingParams, Range, TextEdit,
};

/// Answers `textDocument/formatting`. A text that cannot be read is left as it is: its diagnostics say why, and an editor that formats when
/// it saves would show an error each time.
pub fn whole(server: &mut Server, params: DocumentFormattingParams) -> Answer<Option<Vec<TextEdit>>> {
    edits(server, params.text_document.uri.as_str(), None)
}

/// Answers `textDocument/rangeFormatting`: the lines of the range that formatting changes.
pub fn range(server: &mut Server, params: DocumentRangeFormattingParams) -> Answer<Option<Vec<TextEdit>>> {
    edits(server, params.text_document.uri.as_str(), Some(params.range))
}

/// Answers `textDocument/onTypeFormatting`, after a closing brace: the declaration or block that ends there.
pub fn on_type(server: &mut Server, params: DocumentOnTypeFormattingParams) -> Answer<Option<Vec<TextEdit>>> {
    let at = params.text_document_position;
    let uri = at.text_document.uri.as_str();
    let document = server.document(uri)?;
    let end = text::offset(&document.text, at.position, server.encoding);
    let start = opening(&document.text, end);
    let mut cx = Session::new(Options::default());
    let file = cx.sources.add("", &document.path, document.text.clone());
    let start = text::position(cx.sources.file(file), start as u32, server.encoding);
    let within = Range { start, end: at.position };
    edits(server, uri, Some(within))
}

/// The brace that the one before `end` closes; `end` if there is none. Strings with braces only make the range another one.
fn opening(text: &str, end: usize) -> usize {
    let mut depth = 0;
    for (at, character) in text[..end].char_indices().rev() {
        match character {
            '}' => depth += 1,
            '{' if depth == 1 => return at,
            '{' => depth -= 1,
            _ => {}
        }
    }
    end
}

/// None: the text cannot be read.
fn edits(server: &Server, uri: &str, within: Option<Range>) -> Answer<Option<Vec<TextEdit>>> {
    let document = server.document(uri)?;
    let mut cx = Session::new(Options::default());
    let file = cx.sources.add("", &document.path, document.text.clone());
    let Some(formatted) = fmt::formatted(&mut cx, file) else { return Ok(None) };
    let mut edits = changed_lines(&document.text, &formatted);
    if let Some(within) = within {
        edits.retain(|edit| within.start.line <= edit.first && edit.end <= within.end.line + 1);
    }
    let source = cx.sources.file(FileId(0));
    let line_start = |line: u32| match line as usize >= source.line_count() {
        true => text::position(source, source.text.len() as u32, server.encoding),
        false => lsp_types::Position { line, character: 0 },
    };
    let made = edits.into_iter().map(|edit| TextEdit {
        range: Range { start: line_start(edit.first), end: line_start(edit.end) },
        new_text: edit.new,
    });
    Ok(Some(made.collect()))
}

/// Lines from `first` to before `end`, from 0, are replaced by `new`.
struct LineEdit {
    first: u32,
    end: u32,
    new: String,
}

/// The runs of lines that differ, by the longest common subsequence of lines between the first and the last difference.
fn changed_lines(old: &str, new: &str) -> Vec<LineEdit> {
    let before: Vec<&str> = old.split_inclusive('\n').collect();
    let after: Vec<&str> = new.split_inclusive('\n').collect();
    let same_start = before.iter().zip(&after).take_while(|(left, right)| left == right).count();
    let rest = before.len().min(after.len()) - same_start;
    let same_end =
        before.iter().rev().zip(after.iter().rev()).take(rest).take_while(|(left, right)| left == right).count();
    let (old_middle, new_middle) =
        (&before[same_start..before.len() - same_end], &after[same_start..after.len() - same_end]);
    // The table of lengths is quadratic: a file that changes all over is one edit.
    if old_middle.len() * new_middle.len() > 4_000_000 {
        let (first, end) = (same_start as u32, (before.len() - same_end) as u32);
        return vec![LineEdit { first, end, new: new_middle.concat() }];
    }
    aligned(old_middle, new_middle, same_start as u32)
}

fn aligned(old: &[&str], new: &[&str], offset: u32) -> Vec<LineEdit> {
    let width = new.len() + 1;
    let mut lengths = vec![0u32; (old.len() + 1) * width];
    for left in (0..old.len()).rev() {
        for right in (0..new.len()).rev() {
            lengths[left * width + right] = match old[left] == new[right] {
                true => lengths[(left + 1) * width + right + 1] + 1,
                false => lengths[(left + 1) * width + right].max(lengths[left * width + right + 1]),
            };
        }
    }
    let mut edits: Vec<LineEdit> = Vec::new();
    let (mut left, mut right) = (0, 0);
    while left < old.len() || right < new.len() {
        if left < old.len() && right < new.len() && old[left] == new[right] {
            (left, right) = (left + 1, right + 1);
            continue;
        }
        let at = offset + left as u32;
        if edits.last().is_none_or(|edit| edit.end != at) {
            edits.push(LineEdit { first: at, end: at, new: String::new() });
        }
        let Some(edit) = edits.last_mut() else { return edits };
        let drops = right == new.len()
            || left < old.len() && lengths[(left + 1) * width + right] >= lengths[left * width + right + 1];
        if drops {
            edit.end += 1;
            left += 1;
        } else {
            edit.new.push_str(new[right]);
            right += 1;
        }
    }
    edits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_of_lines_make_the_new_text() {
        for (old, new) in [("a\nb\nc\n", "a\nx\nc\ny\n"), ("", "a\n"), ("a\n", ""), ("a\nb\n", "b\na\n"), ("a", "a\n")]
        {
            let lines: Vec<&str> = old.split_inclusive('\n').collect();
            let mut made = String::new();
            let mut at = 0;
            for edit in changed_lines(old, new) {
                made.push_str(&lines[at..edit.first as usize].concat());
                made.push_str(&edit.new);
                at = edit.end as usize;
            }
            made.push_str(&lines[at..].concat());
            assert_eq!(made, new);
        }
    }
}
