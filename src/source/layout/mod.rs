//! Newlines, brackets and comments: the pass over the tokens before the grammar.
//!
//! The result has a byte for each byte of the file, so that spans hold. It has blanks for comments, tabs and newlines
//! that end no statement, and masks the text between quotes; a newline that is left ends a statement. The top-level
//! declarations are cut apart, so that one with a mistake does not hide the next. A declaration whose brackets or quotes
//! are wrong is reported here and is no item.

mod balance;

use super::comments::{Comment, CommentKind};
use super::problems::{Problem, ProblemKind, diagnostic};
use super::scan::{Fault, Scanner, Token, TokenKind};
use super::words::{begins_item, begins_only_items, continues, first_token, function_name};
use super::{FileId, Span};
use crate::diag::Diagnostic;
use balance::Open;
use std::ops::Range;

/// How deep brackets may nest. The parser and all walks over the tree recurse as deep.
pub const MAX_NESTING: usize = 256;

/// The text of a file as the grammar reads it, cut into declarations, and its comments.
pub struct Layout {
    /// The text that the grammar reads: ASCII, as long as the file.
    pub text: String,
    /// The declarations, in order.
    pub items: Vec<Range<usize>>,
    /// The declarations whose brackets do not match.
    pub broken: Vec<Range<usize>>,
    /// In order.
    pub comments: Vec<Comment>,
}

impl Layout {
    /// Where those items begin that cannot be statements.
    pub fn sure_declarations(&self) -> impl Iterator<Item = usize> {
        let sure = |item: &&Range<usize>| begins_only_items(first_token(&self.text[(*item).clone()]));
        self.items.iter().filter(sure).map(|item| item.start)
    }

    /// The lines of the doc comments right before the token at `offset`, without slashes and one blank.
    pub fn docs(&self, source: &str, offset: usize) -> Vec<String> {
        let first = self.comments.partition_point(|c| c.next < offset);
        let before = self.comments[first..].iter().take_while(|c| c.next == offset);
        let docs = before.filter(|c| c.kind == CommentKind::Doc);
        docs.map(|c| {
            let line = source[c.range.clone()].trim_end().trim_start_matches('/');
            line.strip_prefix(' ').unwrap_or(line).to_owned()
        })
        .collect()
    }
}

/// Lays out a file; what is wrong with its tokens and brackets goes to `diags`.
pub fn layout(text: &str, file: FileId, diags: &mut Vec<Diagnostic>) -> Layout {
    let mut pass = Pass::new(text, false);
    pass.run();
    if pass.unbalanced {
        // Once more, with the start of a line as a sign that a declaration begins.
        pass = Pass::new(text, true);
        pass.run();
    }
    let Pass { out, items, comments, problems, .. } = pass;
    for problem in &problems {
        let span = Span::new(file, problem.range.start, problem.range.end);
        diags.push(diagnostic(span, text, problem));
    }
    let (broken, items): (Vec<Item>, Vec<Item>) = items.into_iter().partition(|item| item.broken);
    let ranges = |items: Vec<Item>| items.into_iter().map(|item| item.range).collect();
    let (broken, items) = (ranges(broken), ranges(items));
    let text = String::from_utf8(out).unwrap_or_else(|_| crate::bug!("the layout is not ASCII"));
    Layout { text, items, broken, comments }
}

struct Item {
    range: Range<usize>,
    broken: bool,
    /// Begins like a declaration.
    proper: bool,
    /// Nothing but attributes and modifiers so far.
    header: bool,
}

struct Pass<'a> {
    src: &'a str,
    recover: bool,
    out: Vec<u8>,
    stack: Vec<Open>,
    /// How many of the stack are of each kind.
    open_kinds: [usize; 3],
    items: Vec<Item>,
    comments: Vec<Comment>,
    problems: Vec<Problem>,
    prev: Option<Token>,
    /// `prev` follows `.`, `->` or `::`, so it is a name.
    prev_is_member: bool,
    /// The first newline since `prev`.
    newline: Option<usize>,
    line_start: usize,
    line_indent: usize,
    too_deep: bool,
    unbalanced: bool,
    /// Where the last string without an end begins: it swallowed the brackets after it.
    open_quote: usize,
    /// The first comment that does not know the token after it.
    open_comments: usize,
}

impl<'a> Pass<'a> {
    fn new(src: &'a str, recover: bool) -> Pass<'a> {
        Pass {
            src,
            recover,
            out: vec![b' '; src.len()],
            stack: Vec::new(),
            open_kinds: [0; 3],
            items: Vec::new(),
            comments: Vec::new(),
            problems: Vec::new(),
            prev: None,
            prev_is_member: false,
            newline: None,
            line_start: 0,
            line_indent: 0,
            too_deep: false,
            unbalanced: false,
            open_quote: 0,
            open_comments: 0,
        }
    }

    fn text(&self, token: Token) -> &'a str {
        &self.src[token.lo..token.hi]
    }

    fn run(&mut self) {
        for token in Scanner::new(self.src) {
            match token.kind {
                TokenKind::Newline => {
                    self.newline.get_or_insert(token.lo);
                    self.line_start = token.hi;
                }
                TokenKind::LineComment => self.comment(token, CommentKind::Line),
                TokenKind::DocComment => self.comment(token, CommentKind::Doc),
                TokenKind::BlockComment | TokenKind::Fault(Fault::OpenComment) => {
                    self.comment(token, CommentKind::Block);
                    if let TokenKind::Fault(fault) = token.kind {
                        self.problem(ProblemKind::Fault(fault), token.lo..token.lo + 2);
                    }
                }
                TokenKind::Word
                | TokenKind::Number
                | TokenKind::Str
                | TokenKind::Char
                | TokenKind::Punct
                | TokenKind::Open
                | TokenKind::Close
                | TokenKind::Fault(_) => self.token(token),
            }
        }
        self.close_all(self.src.len());
        for comment in &mut self.comments[self.open_comments..] {
            comment.next = self.src.len();
        }
    }

    fn comment(&mut self, token: Token, kind: CommentKind) {
        let range = token.lo..token.hi;
        let text = &self.src[range.clone()];
        if let (Some(first), Some(last)) = (text.find('\n'), text.rfind('\n')) {
            self.newline.get_or_insert(token.lo + first);
            self.line_start = token.lo + last + 1;
        }
        self.comments.push(Comment { range, kind, next: 0 });
    }

    fn problem(&mut self, kind: ProblemKind, range: Range<usize>) {
        if let Some(item) = self.items.last_mut() {
            item.broken = true;
        }
        self.problems.push(Problem { kind, range });
    }

    /// A token proper: with the newline before it, as a part of an item, for the brackets, and into the text.
    fn token(&mut self, token: Token) {
        if self.newline.is_some() {
            self.line_indent = token.lo.saturating_sub(self.line_start);
        }
        if self.recover && !self.stack.is_empty() && token.lo == self.line_start && begins_only_items(self.text(token))
        {
            self.close_all(token.lo);
        }
        let newline = self.newline.filter(|_| self.ends_statement(token));
        if let Some(at) = newline {
            self.out[at] = b'\n';
        }
        if self.stack.is_empty() {
            self.cut(token, newline.is_some());
        }
        if token.kind == TokenKind::Open {
            self.open(token);
        } else if token.kind == TokenKind::Close {
            self.close(token);
        } else if let TokenKind::Fault(fault) = token.kind {
            if matches!(fault, Fault::OpenString | Fault::OpenChar) {
                self.open_quote = token.lo;
            }
            self.problem(ProblemKind::Fault(fault), token.lo..token.hi);
        }
        self.write(token);
        for comment in &mut self.comments[self.open_comments..] {
            comment.next = token.lo;
        }
        self.open_comments = self.comments.len();
        self.prev_is_member = self.prev.is_some_and(|prev| matches!(self.text(prev), "." | "->" | "::"));
        self.prev = Some(token);
        self.newline = None;
        if let Some(item) = self.items.last_mut() {
            item.range.end = token.hi;
        }
    }

    fn write(&mut self, token: Token) {
        let Token { kind, lo, hi } = token;
        let out = &mut self.out[lo..hi];
        if matches!(kind, TokenKind::Str | TokenKind::Char) {
            out.fill(b'_');
            out[0] = self.src.as_bytes()[lo];
            out[hi - lo - 1] = out[0];
        } else if !matches!(kind, TokenKind::Fault(_)) {
            out.copy_from_slice(&self.src.as_bytes()[lo..hi]);
        }
    }

    /// Whether the newline between the previous token and this one ends a statement.
    fn ends_statement(&self, next: Token) -> bool {
        let Some(prev) = self.prev else { return false };
        let in_braces = self.stack.last().is_none_or(|open| open.bracket == b'{');
        in_braces && !self.goes_on_after(prev) && !self.goes_on_with(next)
    }

    /// The line ends in an infix operator, a comma or an open bracket. `>` and `?` may also end a type: after those the
    /// newline stays, and the grammar skips it where they are operators.
    fn goes_on_after(&self, prev: Token) -> bool {
        let text = self.text(prev);
        prev.kind == TokenKind::Open
            || prev.kind == TokenKind::Punct && !matches!(text, ">" | ">>" | "?" | ";" | "!" | "~" | "@")
            || text == "as" && !self.prev_is_member
    }

    fn goes_on_with(&self, next: Token) -> bool {
        let text = self.text(next);
        if matches!(text, "else" | "catch" | "as") {
            // Not where it is the name of a field.
            return !self.src[next.hi..].trim_start_matches([' ', '\t']).starts_with(':');
        }
        next.kind == TokenKind::Punct && !matches!(text, "*" | "&" | "-" | "!" | "~" | "@" | ";")
    }

    /// On the top level: does a declaration begin here?
    fn cut(&mut self, token: Token, newline: bool) {
        let text = self.text(token);
        let prev = self.prev.map_or("", |prev| self.text(prev));
        let boundary = newline || matches!(prev, "" | ";" | "}");
        let maybe_type = matches!(prev, ">" | ">>" | "?");
        let begins = text == "@" || begins_item(text) && (!maybe_type || self.introduces(token));
        let starts = match self.items.last_mut() {
            None => true,
            Some(item) if item.header => {
                let modifier = matches!(text, "pub" | "priv" | "pin" | "local" | "percpu" | "(" | ")" | "@");
                item.header = modifier || prev == "@";
                false
            }
            // No declaration has one behind its beginning, so the next one may be on the same line.
            Some(_) if text == "@" => true,
            Some(_) if begins => boundary,
            Some(item) => newline && item.proper && !maybe_type && text != "{",
        };
        if starts {
            let header = matches!(text, "@" | "pub" | "priv" | "pin" | "local" | "percpu");
            self.items.push(Item { range: token.lo..token.hi, broken: false, proper: begins, header });
        }
    }

    /// Whether a word is before what it may introduce, on its line. After `a >` it may be a name too.
    fn introduces(&self, word: Token) -> bool {
        let rest = &self.src[word.hi..];
        let comment = |kind| matches!(kind, TokenKind::BlockComment | TokenKind::LineComment | TokenKind::DocComment);
        let Some(next) = Scanner::new(rest).find(|token| !comment(token.kind)) else { return false };
        match &rest[next.lo..next.hi] {
            "@" => true,
            "?" => next.lo == 0, // `extern?`; `a ? b : c` has a blank
            text => next.kind == TokenKind::Str || next.kind == TokenKind::Word && !continues(text),
        }
    }

    /// The function whose statements were on the top level so far, since no `{` follows its header, and its name.
    fn bodiless(&self) -> Option<(usize, Range<usize>)> {
        for (at, item) in self.items.iter().enumerate().rev() {
            // Known by then, so that many brackets behind one declaration do not look through all of it each.
            if item.broken {
                return None;
            }
            let text = &self.src[item.range.clone()];
            if let Some(name) = function_name(text) {
                let ended = !text.contains('{') && at + 1 < self.items.len();
                return ended.then_some((at, item.range.start + name.start..item.range.start + name.end));
            }
            if begins_only_items(first_token(text)) {
                return None;
            }
        }
        None
    }

    fn without_body(&mut self, function: usize, name: Range<usize>) {
        let end = self.items[function].range.end;
        for item in &mut self.items[function..] {
            item.broken = true;
        }
        self.problem(ProblemKind::NoBody(name), end..end);
    }
}
