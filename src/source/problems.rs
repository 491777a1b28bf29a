//! Messages about wrong tokens and brackets.

use super::Span;
use super::layout::MAX_NESTING;
use super::scan::Fault;
use crate::diag::codes::contexts::MissingBody;
use crate::diag::codes::syntax::*;
use crate::diag::{Code, Diagnostic, Fix, Severity};
use std::ops::Range;

/// A lexical mistake and its byte range.
pub struct Problem {
    pub kind: ProblemKind,
    pub range: Range<usize>,
}

/// The kinds of lexical mistakes.
pub enum ProblemKind {
    Fault(Fault),
    /// The range is that of the opening bracket; with the closing one at the position of its own, or the end of the
    /// text, and another bracket that is closed at an odd indentation.
    Unclosed(Unclosed),
    Stray,
    /// The range is that of the closing bracket; the position of the one that it closes.
    Mismatched(usize),
    /// A function's header ends here, and its body follows without `{`. The position of its name.
    NoBody(Range<usize>),
    TooDeep,
}

/// An opening bracket that nothing closes: `at` is the closing bracket of another one, or the end of the text; `odd` is a bracket inside,
/// with its closing one, whose indentation does not fit.
pub struct Unclosed {
    pub at: usize,
    pub odd: Option<(usize, usize)>,
}

/// The error for a mistake, with a help. `span` is where it is reported, `source` the text of the whole file.
pub fn diagnostic(span: Span, source: &str, problem: &Problem) -> Diagnostic {
    let at = |offset: usize| Span::new(span.file, offset, offset + 1);
    let text = source[problem.range.clone()].to_owned();
    match &problem.kind {
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
            if let Some((help, length, replacement)) = number_sign(&source[problem.range.start..]) {
                error.help(help);
                let number = Span { hi: span.lo + length as u32, ..span };
                error.fix = replacement.map(|to| Fix::certain(number, to));
            } else {
                error.helps.extend(help.map(str::to_owned));
            }
            error
        }
        ProblemKind::Unclosed(Unclosed { at: end, odd }) => {
            let mut error = error(span, UnclosedBracket { bracket: text });
            if *end < source.len() {
                error.note(at(*end), "it should be closed before this");
            }
            if let Some((open, close)) = *odd {
                error.note(at(open), "this one is closed …");
                error.note(at(close), "… by this, which is indented otherwise");
            }
            error
        }
        ProblemKind::Stray => error(span, StrayBracket { bracket: text }).helped("remove it, or open a bracket for it"),
        ProblemKind::Mismatched(open) => {
            let bracket = source[*open..=*open].to_owned();
            let own = if bracket == "[" { "]" } else { ")" };
            let mut error = error(span, MismatchedBracket { bracket, found: text }).helped(format!("write `{own}`"));
            error.note(at(*open), "opened here");
            error.fix = Some(Fix::certain(span, own));
            error
        }
        ProblemKind::NoBody(name) => {
            let name = source[name.clone()].to_owned();
            let mut error = error(span, MissingBody { name }).helped("`{` is missing here");
            error.fix = Some(Fix::certain(span, " {"));
            error
        }
        ProblemKind::TooDeep => error(span, NestingTooDeep { limit: MAX_NESTING.to_string() })
            .helped("give the inner part a name: a variable, or a function of its own"),
    }
}

/// Attributes of Rust that say nothing that this language has words for.
const RUST_ONLY: &[&str] = &[
    "allow",
    "cold",
    "deny",
    "deprecated",
    "derive",
    "doc",
    "expect",
    "forbid",
    "inline",
    "link_section",
    "macro_use",
    "must_use",
    "no_mangle",
    "repr",
    "track_caller",
    "unsafe",
    "used",
    "warn",
];

fn error(span: Span, code: impl Code) -> Diagnostic {
    Diagnostic::new(Severity::Error, Some(span), &code)
}

/// A directive of C, an attribute of Rust or a comment of Python: what to write, and an edit of so many bytes if it is
/// certain. None if that is none.
fn number_sign(rest: &str) -> Option<(String, usize, Option<String>)> {
    let line = rest.lines().next()?.strip_prefix('#')?;
    let (length, blank) = (line.trim_end().len() + 1, line.starts_with([' ', '\t', '!']) || line.is_empty());
    let directive = line.trim_start();
    if let Some(attribute) = directive.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let (name, length) = (attribute.0.split('(').next().unwrap_or_default(), attribute.0.len() + 3);
        if RUST_ONLY.contains(&name) {
            let help = "this attribute of Rust means nothing here: leave it out".to_owned();
            return Some((help, length, Some(String::new())));
        }
        let form = format!("@{}", attribute.0);
        return Some((format!("an attribute is written `{form}`"), length, Some(form)));
    }
    if let Some(path) = directive.strip_prefix("include") {
        let path = path.trim();
        let own = path.starts_with('"') && path.ends_with(".kh\"");
        let (help, instead) = if path.starts_with('<') {
            ("what the kernel's headers define is known without them", Some(String::new()))
        } else {
            ("a header of declarations is taken in by `include \"x.kh\"`", own.then(|| format!("include {path}")))
        };
        return Some((help.to_owned(), length, instead));
    }
    if let Some(definition) = directive.strip_prefix("define ") {
        let definition = definition.split("//").next().unwrap_or_default().trim();
        let (name, value) = definition.split_once([' ', '\t']).unwrap_or((definition, ""));
        let is_constant = !name.contains('(') && !value.trim().is_empty() && !value.contains("/*");
        let form = format!("const {name} = {}", value.trim());
        let end = rest.find(definition).map_or(length, |at| at + definition.len());
        return Some(("a constant is declared as `const NAME = value`".to_owned(), end, is_constant.then_some(form)));
    }
    let word = directive.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    if ["define", "elif", "else", "endif", "error", "if", "ifdef", "ifndef", "pragma", "undef"].contains(&word) {
        return Some(("there is no preprocessor".to_owned(), 1, None));
    }
    blank.then(|| ("a comment begins with `//`".to_owned(), 1, Some("//".to_owned())))
}

fn character_help(text: &str) -> Option<&'static str> {
    match text.chars().next()? {
        '#' => Some("a comment begins with `//`, an attribute with `@`; there is no preprocessor"),
        '$' => Some("names consist of letters, digits and `_`"),
        '“' | '”' | '„' | '‘' | '’' => Some("quotes are the plain `\"` and `'`"),
        '\\' => Some("a line goes on after an operator, a comma or an open bracket; no `\\` is needed"),
        '`' => Some("text goes between double quotes: `\"ab\"`"),
        '–' | '—' | '−' => Some("the minus sign is `-`"),
        '\u{a0}' => Some("this is a no-break space; use a plain one"),
        first if first.is_alphabetic() => Some("names consist of ASCII letters, digits and `_`"),
        _ => None,
    }
}
