//! Comments, blank lines and the user's line breaks, which the tree does not hold.
//!
//! Comments are printed in their order. The printer goes through the tree in source order. At each element it first
//! prints the comments before that position that are still waiting. So no comment is lost.

use super::Printer;
use crate::source::Span;
use crate::source::comments::{Comment, CommentKind};
use crate::source::layout::Layout;

/// The comments of a file and a cursor into them.
#[derive(Clone, Copy)]
pub struct Trivia<'a> {
    text: &'a str,
    layout: &'a Layout,
    /// The first comment that was not printed.
    next: usize,
}

impl<'a> Trivia<'a> {
    /// Starts before the first comment. `text` is the source as written, `layout` its comments.
    pub fn new(text: &'a str, layout: &'a Layout) -> Trivia<'a> {
        Trivia { text, layout, next: 0 }
    }

    fn has_newline(&self, lo: usize, hi: usize) -> bool {
        lo < hi && self.text[lo..hi].contains('\n')
    }

    /// The first comment that waits, if it begins before a place.
    fn pending(&self, before: u32) -> Option<&'a Comment> {
        self.layout.comments.get(self.next).filter(|comment| comment.range.start < before as usize)
    }

    /// Whether an empty line is before a place.
    fn blank_before(&self, at: usize) -> bool {
        let before = &self.text[..at];
        let gap = &before[before.trim_end().len()..];
        gap.bytes().filter(|&byte| byte == b'\n').count() > 1
    }

    /// Nothing but blanks is before it on its line.
    fn begins_line(&self, at: usize) -> bool {
        self.text[..at].trim_end_matches([' ', '\t', '\r']).ends_with('\n')
    }

    /// Nothing but blanks and opening brackets is between two places.
    fn only_opens(&self, lo: usize, hi: usize) -> bool {
        let gap = self.text.get(lo..hi).unwrap_or_default();
        gap.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'(' | b'[' | b'{'))
    }

    /// A comment that belongs to what ends at `hi`, on its line; other comments may be between them.
    fn trails(&self, comment: &Comment, hi: u32) -> bool {
        if comment.range.start < hi as usize {
            return true;
        }
        let before = self.next.checked_sub(1).map_or(0, |last| self.layout.comments[last].range.end);
        let gap = &self.text[before.max(hi as usize)..comment.range.start];
        let ends = self.has_newline(comment.range.end, comment.next) || comment.next >= self.text.len();
        let closes = self.text[comment.next..].starts_with([')', ']', '}']);
        gap.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b',' | b';')) && (ends || closes)
    }
}

/// Whether nothing may follow it on its line.
fn ends_line(comment: &Comment, text: &str) -> bool {
    match comment.kind {
        CommentKind::Line | CommentKind::Doc => true,
        CommentKind::Block => text[comment.range.clone()].contains('\n'),
    }
}

impl<'a> Printer<'a> {
    /// The user wrote what lies between two places on one line.
    pub fn on_one_line(&self, lo: u32, hi: u32) -> bool {
        self.source.is_some_and(|source| !source.has_newline(lo as usize, hi as usize))
    }

    /// A list that the user opened with a line end stays open.
    pub fn opened(&self, lo: u32, first: u32) -> bool {
        self.source.is_some_and(|source| source.has_newline(lo as usize, first as usize))
    }

    /// The text as written, if there is one.
    pub fn written(&self, span: Span) -> Option<&'a str> {
        self.source.map(|source| &source.text[span.lo as usize..span.hi as usize])
    }

    /// `var`, or `let` if the user wrote that before the name.
    pub fn var_keyword(&mut self, name: Span) {
        let is_let =
            self.source.is_some_and(|source| source.layout.text[..name.lo as usize].trim_end().ends_with("let"));
        self.push(if is_let { "let " } else { "var " });
    }

    /// The position of the first such sign at or after a place, outside comments and quotes.
    pub fn find(&self, sign: char, at: u32) -> u32 {
        let found = self.source.and_then(|source| source.layout.text[at as usize..].find(sign));
        found.map_or(at, |offset| at + offset as u32)
    }

    /// Where the first token at or after a place begins.
    pub fn token_after(&self, at: u32) -> u32 {
        let rest = self.source.map(|source| &source.layout.text[at as usize..]);
        rest.map_or(at, |rest| at + (rest.len() - rest.trim_start().len()) as u32)
    }

    /// Where the parenthesis closes right after a place; that place if none does.
    pub fn paren_after(&self, at: u32) -> u32 {
        let token = self.token_after(at);
        if self.source.is_some_and(|source| source.text[token as usize..].starts_with(')')) { token } else { at }
    }

    /// Comments before a place wait to be printed.
    pub fn has_comments(&self, before: u32) -> bool {
        self.source.is_some_and(|source| source.pending(before).is_some())
    }

    /// Comments before a place wait, and nothing may follow one of them on its line.
    pub fn line_ends_before(&self, before: u32) -> bool {
        let Some(source) = self.source else { return false };
        let waiting = source.layout.comments[source.next..].iter();
        waiting.take_while(|c| c.range.start < before as usize).any(|c| ends_line(c, source.text))
    }

    fn take(&mut self, before: u32) -> Option<&'a Comment> {
        let source = self.source.as_mut().filter(|_| !self.overflow)?;
        let comment = source.pending(before)?;
        source.next += 1;
        Some(comment)
    }

    /// Its text, in lines that begin at the indentation if each of them begins with a star.
    fn comment(&mut self, comment: &Comment) {
        let Some(source) = self.source else { return };
        let text = &source.text[comment.range.clone()];
        self.overflow |= self.flat && ends_line(comment, source.text);
        let mut lines = text.lines();
        self.push(lines.next().unwrap_or_default().trim_end());
        let starred = lines.clone().all(|line| line.trim_start().starts_with('*'));
        for line in lines {
            let line = line.trim_end();
            if starred {
                self.line();
                self.push(" ");
                self.push(line.trim_start());
            } else if !self.overflow {
                self.out.push('\n');
                self.push(line);
            }
        }
    }

    /// Comments in the midst of a line, before the token at `lo`. One that ends its line goes on waiting if it belongs to
    /// another token: here a line end might end the statement.
    pub fn inline(&mut self, lo: u32) {
        while let Some(source) = self.source
            && let Some(comment) = source.pending(lo)
            && (comment.next == lo as usize || !ends_line(comment, source.text))
            && let Some(comment) = self.take(lo)
        {
            self.comment(comment);
            if ends_line(comment, source.text) {
                self.indent += 1;
                self.line();
                self.indent -= 1;
            } else {
                self.push(" ");
            }
        }
    }

    /// Comments before a place in the line that may stay where they are.
    pub fn in_line(&mut self, before: u32) {
        while let Some(source) = self.source
            && let Some(comment) = source.pending(before)
            && !ends_line(comment, source.text)
            && let Some(comment) = self.take(before)
        {
            self.push(" ");
            self.comment(comment);
        }
    }

    /// Comments between the element that ends at `hi` and the comma or semicolon after it.
    pub fn before_separator(&mut self, hi: u32) {
        let at = self.token_after(hi);
        if self.source.is_some_and(|source| source.text[at as usize..].starts_with([',', ';'])) {
            self.in_line(at);
        }
    }

    /// Comments before the bracket that closes at `close`, which may have to begin a line then.
    pub fn closing(&mut self, close: u32) {
        while let Some(comment) = self.take(close) {
            if !self.out.ends_with([' ', '\n']) {
                self.push(" ");
            }
            self.comment(comment);
            if self.source.is_some_and(|source| ends_line(comment, source.text)) {
                self.line();
            }
        }
    }

    /// Begins the line of the element at `lo`, after the comments before it, with an empty line where the user left one.
    pub fn begin_element(&mut self, lo: u32, first: bool) {
        let first = self.leading(lo, first);
        self.begin_line(lo, first);
        self.inline(lo);
    }

    fn begin_line(&mut self, at: u32, first: bool) {
        if !first && self.source.is_some_and(|source| source.blank_before(at as usize)) {
            self.out.push('\n');
        }
        self.line();
    }

    /// The comments before the token at `lo` that have lines of their own. Says whether still nothing was printed.
    pub fn leading(&mut self, lo: u32, mut first: bool) -> bool {
        while let Some(source) = self.source
            && let Some(comment) = source.pending(lo)
        {
            let ends = self.overflow || !source.has_newline(comment.range.start, lo as usize);
            if ends && (lo as usize) < source.text.len() && !closes(source.text, lo) {
                break;
            }
            self.take(lo);
            self.begin_line(comment.range.start as u32, first);
            self.comment(comment);
            first = false;
            if self.overflow {
                break;
            }
        }
        first
    }

    /// Comments after the bracket at `open` or in the header before it, on its line.
    pub fn opening(&mut self, open: u32) {
        while let Some(source) = self.source
            && let Some(comment) = source.layout.comments.get(source.next)
            && !source.begins_line(comment.range.start)
            && source.only_opens(open as usize, comment.range.start)
            && source.has_newline(comment.range.start, comment.next)
            && !self.overflow
        {
            self.take(u32::MAX);
            self.push(" ");
            self.comment(comment);
            if ends_line(comment, source.text) {
                break;
            }
        }
    }

    /// Comments behind the element that ends at `hi`, and those inside it that found no place.
    pub fn trailing(&mut self, hi: u32) {
        let mut line_ended = false;
        while let Some(source) = self.source
            && let Some(comment) = source.layout.comments.get(source.next)
            && source.trails(comment, hi)
            && !self.overflow
        {
            self.take(u32::MAX);
            if line_ended {
                self.line();
            } else {
                self.push(" ");
            }
            self.comment(comment);
            line_ended = ends_line(comment, source.text);
        }
    }

    /// Before a sign that may begin a line, where what ends at `hi` goes on: with a comment there, it does.
    pub fn before_sign(&mut self, hi: u32, lo: u32) {
        if self.line_ends_before(lo) {
            self.trailing(hi);
            self.indent += 1;
            self.leading(lo, false);
            self.line();
            self.indent -= 1;
        }
    }

    /// Between a block and the `else` or `catch` that goes on after it, whose block begins at `lo`.
    pub fn before_continuation(&mut self, lo: u32) {
        if !self.has_comments(lo) {
            return self.push(" ");
        }
        let mut line_ended = false;
        while let Some(comment) = self.take(lo) {
            if line_ended || self.source.is_some_and(|source| source.begins_line(comment.range.start)) {
                self.line();
            } else {
                self.push(" ");
            }
            self.comment(comment);
            line_ended = self.source.is_some_and(|source| ends_line(comment, source.text));
        }
        self.line();
    }
}

fn closes(text: &str, at: u32) -> bool {
    text[at as usize..].starts_with([')', ']', '}'])
}
