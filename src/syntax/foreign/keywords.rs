//! Keywords that are misspelt, or have other names in other languages.

use super::Hint;
use crate::diag::similar;
use crate::source::Span;
use crate::syntax::builder::Builder;
use crate::syntax::c_order::is_type;
use crate::syntax::errors::Failure;
use crate::syntax::words;

/// Before a block: `whlie (c) { … }`
pub const HEADERS: &[&str] = &["catch", "for", "if", "lock", "match", "while"];

/// Right before a block: `lop { … }`
pub const BLOCKS: &[&str] = &["defer", "else", "loop", "try"];

/// Before an operand: `retrun x`
const STATEMENTS: &[&str] = &["const", "defer", "delete", "else", "let", "return", "throw", "var"];

/// Before a declaration, or its first word.
const DECLARATIONS: &[&str] = &[
    "config",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "import",
    "include",
    "let",
    "license",
    "local",
    "min_kernel",
    "percpu",
    "pin",
    "priv",
    "pub",
    "struct",
    "type",
    "union",
    "var",
];

fn meant(near: String, span: Span) -> Hint {
    Hint::edit(format!("did you mean `{near}`?"), span, near)
}

/// A hint for a word where one of these is wanted.
pub fn near(word: &str, among: &[&str], span: Span) -> Option<Hint> {
    let reversed = || among.iter().find(|keyword| keyword.chars().rev().eq(word.chars())).map(|&near| near.to_owned());
    similar::best(word, among).or_else(reversed).map(|near| meant(near, span))
}

/// A hint for the word that a declaration begins with.
pub fn declaration(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    let span = failure.span(builder);
    let elsewhere = match failure.token(0) {
        "public" | "export" => Some("pub"),
        "private" => Some("priv"),
        "pinned" => Some("pin"),
        "auto" | "val" if failure.is_word(1) => Some("var"),
        "def" | "func" | "function" | "proc" if failure.is_word(1) => Some("fn"),
        _ => None,
    };
    if let Some(hint) = file(builder, failure) {
        return Some(hint);
    }
    let line = builder.text(builder.line_from(span)).trim_end();
    if elsewhere == Some("fn") && line.ends_with(':') {
        let header = line.trim_end_matches([':', ' ']).split_once(' ').map_or("", |(_, header)| header.trim());
        return Some(Hint::text(format!("a function is declared as `fn {header} {{ … }}`")));
    }
    if failure.token(0) == "global" && failure.token(1) == "var" {
        let span = Span { hi: failure.token_span(builder, 1).lo, ..span };
        return Some(Hint::edit("variables at file level are global: leave out `global`", span, ""));
    }
    // `@xdp name(…)`
    let is_attribute_fn = builder.source[..span.lo as usize].trim_end().ends_with("fn");
    if failure.at > 0 && failure.is_word(0) && failure.token(1) == "(" && !is_attribute_fn {
        let form = format!("fn {}", failure.token(0));
        return Some(Hint::edit(format!("a function is declared as `{form}(…)`"), span, form));
    }
    let near = || similar::best(failure.token(0), DECLARATIONS).map(|near| meant(near, span));
    elsewhere.map(|word| meant(word.to_owned(), span)).or_else(near)
}

/// `var local x`, and `const N 8`, where a `:` or a `=` is wanted.
pub fn variable(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    let (keyword, before) = (failure.token(-2), failure.token(-1));
    if !failure.expected.signs.contains(&"=") || failure.expected.operator {
        return None;
    }
    if matches!(keyword, "var" | "let") && matches!(before, "local" | "percpu" | "pin") && failure.is_word(0) {
        let span = failure.token_span(builder, -2).to(failure.token_span(builder, -1));
        let form = format!("{before} var");
        return Some(Hint::edit(format!("it is written `{form} {}`", failure.token(0)), span, form));
    }
    let begins = failure.is_word(0) && !is_type(builder.source, failure.token(0))
        || failure.token(0).starts_with(|c: char| c.is_ascii_digit() || "\"'-~!([".contains(c));
    let line = builder.text(builder.line_from(failure.span(builder))).trim_end_matches([' ', ';', '\r']);
    if keyword == "const" && begins && !line.contains(['=', ':', ';']) {
        let value = line.split("//").next().unwrap_or_default().trim_end();
        let help = format!("a constant is declared as `const {before} = {value}`");
        return Some(Hint::edit(help, failure.span(builder).start(), "= "));
    }
    None
}

/// `package main`, `use flow`
fn file(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    if !failure.is_word(1) || !matches!(failure.token(2), ";" | "\n" | "") {
        return None;
    }
    let name = failure.token(1);
    match failure.token(0) {
        "package" | "module" | "namespace" => {
            let span = failure.span(builder).to(failure.token_span(builder, 1));
            Some(Hint::edit("a file is a module, named where it is imported: leave this out", span, ""))
        }
        "use" | "mod" | "using" | "require" => {
            Some(Hint::text(format!("another file is imported with `import {name} from \"{name}.ks\"`")))
        }
        _ => None,
    }
}

/// `fro (i in 0..n)`, at `in`.
pub fn header(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    let open = failure.open_bracket()? as isize - failure.at as isize;
    let word = open - 1;
    if failure.token(open) != "(" || failure.token(0) != "in" || !failure.is_word(word) {
        return None;
    }
    let other = !words::is_keyword(failure.token(word));
    near(failure.token(word), HEADERS, failure.token_span(builder, word)).filter(|_| other)
}

/// A hint for a word that was read as a statement of its own, and another after it.
pub fn statement(first: &str, at: Span) -> Option<Hint> {
    let word = first.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?;
    let before = first[..first.len() - word.len()].trim_end();
    let begins = before.is_empty() || before.ends_with(')') || before.ends_with("else");
    let among = if begins { STATEMENTS } else { &["new"] };
    let span = Span { lo: at.hi - word.len() as u32, ..at };
    let elsewhere = match word {
        "auto" | "val" if begins => Some("var"),
        "del" if begins => Some("delete"),
        _ => None,
    };
    elsewhere.map(|word| meant(word.to_owned(), span)).or_else(|| near(word, among, span))
}
