//! The lines of a file that a message shows, with long ones cut.

use super::escape;
use crate::source::{FileId, LineCol, SourceMap, Span};
use annotate_snippets::{Origin, Snippet};
use std::ops::Range;

/// Lines of source that are kept around what is marked.
const CONTEXT_LINES: u32 = 2;
/// Characters of a line that are shown.
const MAX_COLUMNS: usize = 400;
/// The number of these characters before the first mark of the line.
const BEFORE_MARK: usize = 100;
/// Marks that are more lines apart are shown in excerpts of their own.
const MAX_APART: u32 = 100;

/// The lines around some places of one file.
pub struct Window<'a> {
    name: &'a str,
    source: &'a str,
    text: String,
    first_line: u32,
    lines: Vec<Line>,
    origin: Option<LineCol>,
}

/// A line of the window: the part of it in the file, and the offset of that part in the window's text.
struct Line {
    kept: Range<usize>,
    at: usize,
    /// Something is left out before.
    cut: bool,
}

impl<'a> Window<'a> {
    /// The lines of `file` around these spans; all spans must be in that file.
    pub fn around(sources: &'a SourceMap, file: FileId, spans: &[Span]) -> Window<'a> {
        let source = sources.file(file);
        let bounds: Vec<(u32, u32)> =
            spans.iter().map(|span| (source.line_of(span.lo), last_line(sources, *span))).collect();
        let first = bounds.iter().map(|(first, _)| *first).min().unwrap_or(1).saturating_sub(CONTEXT_LINES).max(1);
        let last = bounds.iter().map(|(_, last)| *last).max().unwrap_or(1);
        let last = (last + CONTEXT_LINES).min(source.line_count() as u32);
        let mut window = Window {
            name: &source.name,
            source: &source.text,
            text: String::new(),
            first_line: first,
            lines: Vec::new(),
            origin: None,
        };
        for number in first..=last {
            let range = source.line_range(number);
            // The first mark is the place of the message.
            let mut marks = spans.iter().map(|span| span.lo).chain(spans.iter().map(|span| span.hi));
            let mark = marks.find(|mark| range.contains(&(*mark as usize))).map(|mark| mark as usize);
            window.line(range, mark);
        }
        let start = spans.first().map_or(0, |span| span.lo);
        let cut = window.lines.iter().any(|line| line.cut && line.kept.start <= start as usize);
        window.origin = cut.then(|| source.line_col(start));
        window
    }

    fn line(&mut self, range: Range<usize>, mark: Option<usize>) {
        let line = &self.source[range.clone()];
        let end = line.trim_end_matches(['\n', '\r']).len();
        let mut kept = range.clone();
        if line.len() > MAX_COLUMNS && line.chars().count() > MAX_COLUMNS {
            let mark = mark.map_or(0, |mark| mark - range.start);
            let start = line[..mark].char_indices().rev().take(BEFORE_MARK).last().map_or(0, |(at, _)| at);
            let length = line[start..end].char_indices().nth(MAX_COLUMNS).map_or(end - start, |(at, _)| at);
            kept = range.start + start..range.start + start + length;
        }
        let cut_start = kept.start > range.start;
        let cut_end = kept.end < range.start + end;
        self.text.extend(cut_start.then_some('…'));
        self.lines.push(Line { kept: kept.clone(), at: self.text.len(), cut: cut_start });
        self.text += &escape::source(&self.source[kept.clone()]);
        if cut_end {
            self.text.push('…');
        }
        if kept.end < range.end && line.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// The position of a place of the file in the window's text; for a place in the part cut off, the nearest shown.
    pub fn range(&self, span: Span) -> Range<usize> {
        self.offset(span.lo as usize)..self.offset(span.hi as usize)
    }

    /// Whether the start of a place was not cut off.
    pub fn shows(&self, span: Span) -> bool {
        let start = span.lo as usize;
        let after = self.lines.partition_point(|line| line.kept.start <= start);
        after > 0 && start <= self.lines[after - 1].kept.end
    }

    fn offset(&self, offset: usize) -> usize {
        let after = self.lines.partition_point(|line| line.kept.start <= offset);
        let line = &self.lines[after.saturating_sub(1)];
        // A character may have another length where it is shown.
        let before = &self.source[line.kept.start..offset.clamp(line.kept.start, line.kept.end)];
        line.at + escape::source(before).len()
    }

    /// The lines as a snippet for the renderer, with the file's name if `origin` does not name it.
    pub fn snippet<T: Clone>(&self) -> Snippet<'_, T> {
        let snippet = Snippet::source(&*self.text).line_start(self.first_line as usize);
        if self.origin.is_some() { snippet } else { snippet.path(escape::value(self.name)) }
    }

    /// The file with the line and column of the first place, where a cut line would show another column.
    pub fn origin(&self) -> Option<Origin<'_>> {
        let place = self.origin?;
        Some(Origin::path(escape::value(self.name)).line(place.line as usize).char_column(place.column as usize))
    }
}

/// The last line of a place that is shown: a long one is marked where it begins.
fn last_line(sources: &SourceMap, span: Span) -> u32 {
    let source = sources.file(span.file);
    source.line_of(span.hi).min(source.line_of(span.lo) + MAX_APART)
}

/// The places in groups that are shown together; these and the places in each are in the order of `spans`.
pub fn groups(sources: &SourceMap, spans: &[Span]) -> Vec<Vec<Span>> {
    let line = |span: &Span| sources.file(span.file).line_of(span.lo);
    let mut sorted = spans.to_vec();
    sorted.sort_by_key(|span| (span.file, span.lo));
    let mut groups: Vec<Vec<Span>> = Vec::new();
    for span in sorted {
        match groups.last_mut() {
            Some(group)
                if group[0].file == span.file
                    && group.last().is_some_and(|last| line(&span) - line(last) <= MAX_APART) =>
            {
                group.push(span);
            }
            _ => groups.push(vec![span]),
        }
    }
    let place = |span: &Span| spans.iter().position(|other| other == span);
    for group in &mut groups {
        group.sort_by_key(place);
    }
    groups.sort_by_key(|group| place(&group[0]));
    groups
}
