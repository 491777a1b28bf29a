//! The clauses of a program of bpftrace (its manual, "Program"): `PROBE:TARGET, … /PREDICATE/ { ACTIONS }`.

use crate::source::scan::{Scanner, Token, TokenKind};

/// A clause. Its parts are as written.
pub struct Clause<'a> {
    /// Each with the kind of the probe before the first colon.
    pub probes: Vec<&'a str>,
    pub predicate: Option<&'a str>,
    pub actions: Vec<&'a str>,
}

/// Where the first declaration may begin: behind blanks, comments and the line that names an interpreter.
pub fn begin(text: &str) -> usize {
    let shebang = if text.starts_with("#!") { text.find('\n').unwrap_or(text.len()) } else { 0 };
    let comment = |kind| matches!(kind, TokenKind::Newline | TokenKind::LineComment | TokenKind::BlockComment);
    let first = Scanner::new(&text[shebang..]).find(|token| !comment(token.kind));
    first.map_or(text.len(), |token| shebang + token.lo)
}

/// The clauses of a text that consists of nothing else.
pub fn all(text: &str) -> Option<Vec<Clause<'_>>> {
    let (mut clauses, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let (clause, length) = first(&text[at..])?;
        clauses.push(clause);
        at += length;
        at += begin(&text[at..]);
    }
    (!clauses.is_empty()).then_some(clauses)
}

/// The clause at the start of a text, and its length.
pub fn first(text: &str) -> Option<(Clause<'_>, usize)> {
    let open = text.find('{')?;
    let (header, end) = (text[..open].trim(), open + closing(&text[open..])?);
    // A predicate is between two slashes behind a blank: paths have slashes too.
    let (probes, predicate) = match header.split_once(" /").or_else(|| header.split_once("\n/")) {
        Some((probes, predicate)) => (probes, Some(predicate.trim_end().strip_suffix('/')?.trim())),
        None => (header, None),
    };
    let probes: Vec<&str> = probes.split(',').map(str::trim).collect();
    let is_probe = |probe: &str| {
        (probe.contains(':') || matches!(probe, "BEGIN" | "END" | "begin" | "end")) && !probe.contains(' ')
    };
    if !probes.iter().all(|probe| is_probe(probe)) {
        return None;
    }
    let actions = parts(&text[open + 1..end], ';').into_iter().filter(|action| !action.is_empty()).collect();
    Some((Clause { probes, predicate, actions }, end + 1))
}

/// The tokens of a text, each with the number of brackets that are open behind it.
pub fn nested(text: &str) -> impl Iterator<Item = (Token, usize)> + '_ {
    Scanner::new(text).scan(0usize, |depth, token| {
        if token.kind == TokenKind::Open {
            *depth += 1;
        } else if token.kind == TokenKind::Close {
            *depth = depth.saturating_sub(1);
        }
        Some((token, *depth))
    })
}

/// The place of the bracket that closes the one at the start.
pub fn closing(text: &str) -> Option<usize> {
    nested(text).find(|(_, depth)| *depth == 0).map(|(token, _)| token.lo)
}

/// The parts of a text between separators outside of brackets and strings, without blanks around them and comments before them.
pub fn parts(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut from) = (Vec::new(), 0);
    for (token, depth) in nested(text) {
        if depth == 0 && text[token.lo..].starts_with(separator) {
            parts.push(&text[from..token.lo]);
            from = token.hi;
        }
    }
    parts.push(&text[from..]);
    parts.into_iter().map(|part| part[begin(part)..].trim()).collect()
}
