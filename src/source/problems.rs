//! What is wrong with tokens and brackets, in words.

use super::Span;
use super::layout::MAX_NESTING;
use super::scan::Fault;
use crate::diag::codes::syntax::*;
use crate::diag::{Code, Diagnostic, Severity};
use std::ops::Range;

pub struct Problem {
    pub kind: ProblemKind,
    pub range: Range<usize>,
}

pub enum ProblemKind {
    Fault(Fault),
    /// The range is that of the opening bracket; with the closing one that stands where its own should, or the end of
    /// the text, and another bracket that is closed at an odd indentation.
    Unclosed(Unclosed),
    Stray,
    TooDeep,
}

pub struct Unclosed {
    pub at: usize,
    pub odd: Option<(usize, usize)>,
}

pub fn diagnostic(span: Span, text: &str, kind: &ProblemKind, file_end: usize) -> Diagnostic {
    let at = |offset: usize| Span::new(span.file, offset, offset + 1);
    let text = text.to_owned();
    match kind {
        ProblemKind::Fault(Fault::OpenString) => {
            error(span, UnterminatedString {}).helped("end it with `\"`; a line break inside a string is written `\\n`")
        }
        ProblemKind::Fault(Fault::OpenChar) => {
            let why = "this character has no closing `'` on its line".to_owned();
            error(span, BadCharLiteral { why }).helped("a character is written `'a'`, text is written `\"…\"`")
        }
        ProblemKind::Fault(Fault::OpenComment) => {
            error(span, UnterminatedComment {}).helped("end it with `*/`, or begin each line with `//`")
        }
        ProblemKind::Fault(Fault::Character) => {
            let help = character_help(&text);
            let text = if text == "`" { "a backtick".to_owned() } else { format!("`{text}`") };
            let mut error = error(span, UnknownCharacter { text });
            error.helps.extend(help.map(str::to_owned));
            error
        }
        ProblemKind::Unclosed(Unclosed { at: end, odd }) => {
            let mut error = error(span, UnclosedBracket { bracket: text });
            if *end < file_end {
                error.note(at(*end), "it should be closed before this");
            }
            if let Some((open, close)) = *odd {
                error.note(at(open), "this one is closed …");
                error.note(at(close), "… by this, which is indented otherwise");
            }
            error
        }
        ProblemKind::Stray => error(span, StrayBracket { bracket: text }).helped("remove it, or open a bracket for it"),
        ProblemKind::TooDeep => error(span, NestingTooDeep { limit: MAX_NESTING.to_string() })
            .helped("give the inner part a name: a variable, or a function of its own"),
    }
}

fn error(span: Span, code: impl Code) -> Diagnostic {
    Diagnostic::new(Severity::Error, Some(span), &code)
}

fn character_help(text: &str) -> Option<&'static str> {
    match text.chars().next()? {
        '#' => Some("there is no preprocessor: a constant is `const NAME: T = value`, a header is `include \"x.kh\"`"),
        '“' | '”' | '„' | '‘' | '’' => Some("quotes are the plain `\"` and `'`"),
        '\\' => Some("a line goes on after an operator, a comma or an open bracket; no `\\` is needed"),
        '`' => Some("text stands between double quotes: `\"ab\"`"),
        '–' | '—' | '−' => Some("the minus sign is `-`"),
        '\u{a0}' => Some("this is a no-break space; use a plain one"),
        first if first.is_alphabetic() => Some("names consist of ASCII letters, digits and `_`"),
        _ => None,
    }
}
