//! `switch (e) { case A: … break; default: … }` as a `match`, where that means the same.

use crate::source::Span;
use crate::source::scan::{Scanner, Token, TokenKind};

/// One or several labels, and what follows them.
struct Arm<'a> {
    /// `A | B`; none for `default`.
    labels: Option<String>,
    body: &'a str,
}

/// The span of the statement that begins with the word, and the `match` in its place; none if a `case` runs on into the next one, or
/// something else has no counterpart.
pub fn as_match(source: &str, word: Span) -> Option<(Span, String)> {
    let text = &source[word.lo as usize..];
    let tokens: Vec<Token> = Scanner::new(text).filter(|token| !is_comment(token.kind)).collect();
    let open = tokens.iter().position(|token| &text[token.lo..token.hi] == "{")?;
    let close = closing(&tokens, open)?;
    let header = text[tokens[0].hi..tokens[open].lo].trim();
    let arms = arms(text, &tokens[open + 1..close], tokens[close].lo)?;
    let line = source[..word.lo as usize].rfind('\n').map_or(0, |end| end + 1);
    let indent: String = source[line..].chars().take_while(|c| *c == ' ' || *c == '\t').collect();
    let mut out = format!("match {header} {{\n");
    for arm in arms {
        let label = arm.labels.as_deref().unwrap_or("default");
        let body = arm.body.trim();
        out += &match (body.is_empty(), body.contains('\n') || body.contains("//")) {
            (true, _) => format!("{indent}    {label}: {{}}\n"),
            (false, false) => format!("{indent}    {label}: {{ {body} }}\n"),
            (false, true) => {
                format!("{indent}    {label}: {{\n{}\n{indent}    }}\n", arm.body.trim_matches('\n').trim_end())
            }
        };
    }
    Some((Span { hi: word.lo + tokens[close].hi as u32, ..word }, out + &indent + "}"))
}

fn is_comment(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Newline | TokenKind::LineComment | TokenKind::DocComment | TokenKind::BlockComment)
}

/// The bracket that closes one.
fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0;
    tokens.iter().enumerate().skip(open).find_map(|(at, token)| {
        depth += i32::from(token.kind == TokenKind::Open) - i32::from(token.kind == TokenKind::Close);
        (depth == 0).then_some(at)
    })
}

fn arms<'a>(text: &'a str, tokens: &[Token], end: usize) -> Option<Vec<Arm<'a>>> {
    let of = |token: &Token| &text[token.lo..token.hi];
    // Where each label begins, and its colon.
    let mut labels: Vec<(usize, usize)> = Vec::new();
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        depth += i32::from(token.kind == TokenKind::Open) - i32::from(token.kind == TokenKind::Close);
        if depth == 0 && matches!(of(token), "case" | "default") {
            labels.push((at, at + tokens[at..].iter().position(|token| of(token) == ":")?));
        }
    }
    if labels.first()?.0 != 0 {
        return None;
    }
    let mut arms: Vec<Arm<'a>> = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for (index, &(label, colon)) in labels.iter().enumerate() {
        let next = labels.get(index + 1).map_or(tokens.len(), |&(next, _)| next);
        let is_last = next == tokens.len();
        let until = tokens.get(next).map_or(end, |token| token.lo);
        let value = text[tokens[label].hi..tokens[colon].lo].trim();
        open.push(value);
        let inside = &tokens[colon + 1..next];
        if inside.is_empty() && !is_last {
            if has_comment(&text[tokens[colon].hi..until]) {
                return None;
            }
            continue;
        }
        let body = body(text, inside, (tokens[colon].hi, until), is_last)?;
        // A label beside `default` takes what `default` takes.
        let is_default = open.contains(&"");
        let labels = (!is_default).then(|| open.join(" | "));
        open.clear();
        arms.push(Arm { labels, body });
    }
    let defaults = arms.iter().position(|arm| arm.labels.is_none());
    (defaults.is_none_or(|at| at + 1 == arms.len())).then_some(arms)
}

/// The statements of a case, without braces around them all and without its last `break`. They leave the `switch` at their end.
fn body<'a>(text: &'a str, tokens: &[Token], (mut lo, mut hi): (usize, usize), is_last: bool) -> Option<&'a str> {
    let of = |token: &Token| &text[token.lo..token.hi];
    let without_end = |mut tokens: &[Token]| -> usize {
        while tokens.last().is_some_and(|token| of(token) == ";") {
            tokens = &tokens[..tokens.len() - 1];
        }
        tokens.len()
    };
    let (begin, end) = (lo, hi);
    let mut inside = &tokens[..without_end(tokens)];
    let mut ends = false;
    loop {
        if inside.last().is_some_and(|token| of(token) == "break") {
            hi = inside[inside.len() - 1].lo;
            inside = &inside[..inside.len() - 1];
            inside = &inside[..without_end(inside)];
            ends = true;
        } else if inside.first().is_some_and(|token| of(token) == "{") && closing(inside, 0) == Some(inside.len() - 1) {
            (lo, hi) = (inside[0].hi, inside[inside.len() - 1].lo);
            inside = &inside[1..inside.len() - 1];
            inside = &inside[..without_end(inside)];
        } else {
            break;
        }
    }
    // A `break` elsewhere would leave a loop around the `match`.
    if inside.iter().any(|token| of(token) == "break") {
        return None;
    }
    let last = text[lo..hi].trim_end_matches([' ', '\n', ';', '\t', '\r']);
    let start = last.rfind(['\n', ';', '{', '}']).map_or(0, |at| at + 1);
    let first = last[start..].split(|c: char| !c.is_ascii_alphanumeric()).find(|word| !word.is_empty());
    let leaves = matches!(first, Some("return" | "continue" | "throw"));
    let keeps_comments = !has_comment(&text[begin..lo]) && !has_comment(&text[hi..end]);
    (keeps_comments && (ends || leaves || is_last || inside.is_empty())).then(|| &text[lo..hi])
}

fn has_comment(text: &str) -> bool {
    text.contains("//") || text.contains("/*")
}
