//! Syntax of C, Rust, Python and bpftrace: suggests the form of this language, as an edit if that is certain.

mod addresses;
pub mod blocks;
pub mod bpftrace;
mod casts;
mod declarations;
pub mod keywords;
pub mod lines;
mod loops;
pub mod matching;
mod switches;
pub mod table;
pub mod throws;

pub use declarations::{declaration, pointer, statement, value};

use super::builder::Builder;
use super::c_order::Reader;
use super::errors::Failure;
use super::words;
use crate::source::Span;
use matching::find;

/// The text of a help, and the edit that follows it, if that is certain.
pub struct Hint {
    pub help: String,
    pub fix: Option<(Span, String)>,
}

impl Hint {
    /// A hint without an edit.
    pub fn text(help: impl Into<String>) -> Hint {
        Hint::with(help, None)
    }

    fn edit(help: impl Into<String>, span: Span, replacement: impl Into<String>) -> Hint {
        Hint::with(help, Some((span, replacement.into())))
    }

    /// A hint, with an edit if it is certain: a span and its replacement.
    pub fn with(help: impl Into<String>, fix: Option<(Span, String)>) -> Hint {
        Hint { help: help.into(), fix }
    }
}

/// A hint for a failure without a code of its own.
pub fn hint(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    addresses::dotted(builder, failure)
        .or_else(|| addresses::with_colons(builder, failure))
        .or_else(|| find(builder, failure, table::THROWS_AND_CATCHES))
        .or_else(|| throws::deferred(failure))
        .or_else(|| find(builder, failure, table::OPERATORS))
        .or_else(|| keywords::header(builder, failure))
        .or_else(|| find(builder, failure, table::ARMS))
        .or_else(|| arrow_arm(builder, failure))
        .or_else(|| find(builder, failure, table::HEADERS))
        .or_else(|| loops::header(builder, failure))
        .or_else(|| initialiser(builder, failure))
        .or_else(|| name_after_type(builder, failure))
        .or_else(|| keywords::variable(builder, failure))
        .or_else(|| ty(builder, failure))
        .or_else(|| casts::cast(builder, failure))
        .or_else(|| file(builder, failure))
}

/// The text as written, from the token `offset` after the one at fault.
fn written<'a>(builder: &Builder<'a>, failure: &Failure<'_>, offset: isize) -> &'a str {
    &builder.source[failure.token_span(builder, offset).lo as usize..]
}

/// From one token up to the beginning of another.
fn up_to(builder: &Builder<'_>, failure: &Failure<'_>, from: isize, to: isize) -> Span {
    Span { hi: failure.token_span(builder, to).lo, ..failure.token_span(builder, from) }
}

/// `1 -> …` in the braces of a `match`, where the arrow was read as a member.
fn arrow_arm(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    if !failure.in_braces_of("match") || !matches!(failure.token(0), "," | "\n" | "}") {
        return None;
    }
    let begins = |offset: &isize| matches!(failure.token(*offset), "," | "\n" | ";" | "{" | "");
    let start = (1..).map(|back: isize| -back).find(begins)?;
    let arrow = (start..0).find(|&offset| failure.token(offset) == "->")?;
    Some(Hint::edit(table::ARM, failure.token_span(builder, arrow), ":"))
}

/// `P { .x = 1 }`, `P { x = 1 }`, `var a: u32[2] = { 1, 2 }`, `var m = hash<K, V>(8)`.
fn initialiser(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    let (found, before) = (failure.token(0), failure.token(-1));
    let span = failure.span(builder);
    if let Some((keyword, _)) = declared_type(failure)
        && found == "="
        && failure.is_word(-1)
    {
        let (ty, value) = match failure.token(1) {
            value @ ("true" | "false") => ("bool", value),
            value if value.starts_with(|c: char| c.is_ascii_digit()) => ("u32", value),
            _ => ("T", "value"),
        };
        return Some(Hint::text(format!("a field of a `{keyword}` has a type: `{before}: {ty} = {value}`")));
    }
    if let Some(ty) = failure.literal_type() {
        let dotted = found == "." && failure.is_word(1) && failure.expected.name;
        if dotted {
            let help = format!("fields are named: `{ty} {{ {}: value }}`", failure.token(1));
            let whole = span.to(failure.token_span(builder, 2));
            let fix = (failure.token(2) == "=").then(|| (whole, format!("{}:", failure.token(1))));
            return Some(Hint::with(help, fix));
        }
        if found == "=" && failure.is_word(-1) && failure.expected.signs.contains(&":") {
            let whole = failure.token_span(builder, -1).to(span);
            let help = format!("fields are named: `{ty} {{ {before}: value }}`");
            return Some(Hint::edit(help, whole, format!("{before}:")));
        }
    }
    let open = failure.open_bracket().map(|open| open as isize - failure.at as isize);
    if let Some(open) = open.filter(|&open| failure.token(open) == "{" && failure.token(open - 1) == "=") {
        let literal = match found {
            "." if before == "{" => Some(failure.token(1)),
            ":" if failure.token(-2) == "{" => Some(before),
            _ => None,
        };
        if let Some(field) = literal {
            // `var x: S = { a: 1 }`
            let declared = failure.token(open - 3) == ":" && failure.is_word(open - 2);
            let ty = if declared { failure.token(open - 2) } else { "S" };
            let help = format!("a struct literal begins with its type: `{ty} {{ {field}: … }}`");
            return Some(Hint::with(help, declared.then(|| (failure.token_span(builder, open), format!("{ty} {{")))));
        }
        let close = (0..200).find(|&offset| failure.token(offset) == "}");
        if let Some(close) = close.filter(|_| found == ",") {
            let whole = failure.token_span(builder, open).to(failure.token_span(builder, close));
            let inside = builder.text(Span { lo: whole.lo + 1, hi: whole.hi - 1, ..whole });
            if failure.token(open - 3) == ":" && failure.is_word(open - 2) {
                let ty = failure.token(open - 2);
                return Some(Hint::text(format!(
                    "a struct literal names its type and fields: `{ty} {{ field: value }}`"
                )));
            }
            let fix = (!inside.contains('{')).then(|| (whole, format!("[{}]", inside.trim())));
            return Some(Hint::with("an array is written `[1, 2, 3]`".to_owned(), fix));
        }
    }
    // `var m = hash<u32`, at the comma.
    let is_var = matches!(failure.token(-6), "var" | "let") && failure.token(-4) == "=" && failure.token(-2) == "<";
    if found == "," && is_var {
        let kind = failure.token(-3);
        let equals = Span { lo: failure.token_span(builder, -5).hi, ..failure.token_span(builder, -4) };
        return Some(Hint::edit(
            format!("a map is declared at file level as `var name: {kind}<K, V>(n)`"),
            equals,
            ":",
        ));
    }
    None
}

/// The keyword and the name before the brace that is open at the fault, where that declares a type.
fn declared_type<'a>(failure: &Failure<'a>) -> Option<(&'a str, &'a str)> {
    let name = failure.open_bracket()?.checked_sub(1)?;
    let keyword = failure.text_at(name.checked_sub(1)?);
    matches!(keyword, "struct" | "union" | "config").then(|| (keyword, failure.text_at(name)))
}

/// `u32 x` where a parameter, a field or a constant is declared.
fn name_after_type(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    if !failure.expected.signs.contains(&":") || failure.expected.operator {
        return None;
    }
    let before = failure.token(-1);
    if before == "fn" && failure.is_word(0) {
        return None;
    }
    let kept = matches!(before, "pub" | "priv" | "public" | "private" | "var" | "let" | "const" | "mut" | "static");
    if kept && failure.is_word(0) && failure.token(1) == ":" || before == "class" && failure.token(-2) == "enum" {
        return Some(Hint::edit(format!("leave out `{before}`"), up_to(builder, failure, -1, 0), ""));
    }
    let starts = |offset: isize| matches!(failure.token(offset - 1), "(" | "," | "{" | "\n" | ";") || offset < -8;
    let constant = |offset: isize| matches!(failure.token(offset - 1), "const" | "var" | "let");
    let start = (1..9).map(|back: isize| -back).find(|&offset| starts(offset) || constant(offset))?;
    let lo = failure.token_span(builder, start).lo;
    let mut reader = Reader::new(builder.source, lo);
    let declared = reader.declaration().filter(|declared| declared.certain)?;
    let another = |mut reader: Reader<'_>| reader.take(",") && reader.lines().declaration().is_some();
    let form = format!("{}: {}", declared.name, declared.ty);
    if !(matches!(declared.next, ")" | ";" | "\n" | "}" | "=" | "") || another(reader)) {
        let several = declared.next == ",";
        return several.then(|| Hint::text(format!("each name has a type of its own, after it: `{form}`")));
    }
    let span = Span { lo, hi: lo + declared.hi as u32, ..failure.span(builder) };
    Some(Hint::edit(format!("the name comes first, then its type: `{form}`"), span, form))
}

/// `&T`, `&mut T`, `*const T`, `struct T`, `T*`, `hash<K, V, 8>`.
fn ty(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    let (found, before) = (failure.token(0), failure.token(-1));
    let position = |token: &str| matches!(token, ":" | "->" | "*" | "<" | "(" | "," | "as" | "[" | "=");
    if failure.expected.ty && found == "&" {
        let last = if failure.token(1) == "mut" { 2 } else { 1 };
        if failure.token(last) == "[" {
            return Some(Hint::text("a pointer to an array is written `*T[N]`, with its length"));
        }
        return Some(Hint::edit("a pointer is written `*T`", up_to(builder, failure, 0, last), "*"));
    }
    let number = found.starts_with(|c: char| c.is_ascii_digit());
    if failure.expected.ty && number && before == "," && failure.token(1) == ">" {
        let span = failure.token_span(builder, -1).to(failure.token_span(builder, 1));
        let help = format!("the number of entries goes in parentheses: `hash<K, V>({found})`");
        return Some(Hint::edit(help, span, format!(">({found})")));
    }
    let qualifier = matches!(before, "const" | "mut" | "volatile" | "struct" | "enum" | "union");
    let names_type = (failure.is_word(0) || found == "*") && !words::is_keyword(found);
    if qualifier && names_type && position(failure.token(-2)) && !failure.expected.name {
        let help = if matches!(before, "struct" | "enum" | "union") {
            format!("a type is named without `{before}`")
        } else {
            format!("there is no `{before}` in types: leave it out")
        };
        return Some(Hint::edit(help, up_to(builder, failure, -1, 0), ""));
    }
    let is_type = failure.is_word(-1) && matches!(failure.token(-2), ":" | "->" | "<");
    let closes = [",", ")", ">", "{", "="].iter().any(|sign| failure.expected.signs.contains(sign));
    if found == "*" && is_type && closes && !failure.expected.operator {
        let stars = (0..).take_while(|&offset| failure.token(offset) == "*").count();
        let span = failure.token_span(builder, -1).to(failure.token_span(builder, stars as isize - 1));
        let form = "*".repeat(stars) + before;
        return Some(Hint::edit(format!("the star is before what it points to: `{form}`"), span, form));
    }
    if found == "<" && failure.token(-2) == "fn" {
        return Some(Hint::text("functions have no type parameters: each takes the types that it names"));
    }
    None
}

/// `import "flow.ks"`, `import flow`, `import flow from flow.ks`.
fn file(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    const FORM: &str = "a module is imported as `import name from \"file.ks\"`";
    if failure.token(-1) == "import" {
        let text = written(builder, failure, 0).lines().next().unwrap_or_default().trim_end();
        let path = text.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        if let Some((path, after)) = path.filter(|(path, _)| path.ends_with(".kh")) {
            let form = format!("include \"{path}\"");
            let whole = failure.token_span(builder, -1).to(failure.token_span(builder, 0));
            let fix = matches!(after.trim(), "" | ";").then(|| (whole, form.clone()));
            return Some(Hint::with(format!("a header is taken in by `{form}`"), fix));
        }
        let name = path.map(|(path, after)| {
            (after.trim().strip_prefix("as ").unwrap_or(stem(path)).trim_matches([' ', ';']), path)
        });
        let fix = name.filter(|(name, _)| is_name(name)).map(|(name, path)| {
            let lo = failure.span(builder).lo;
            (Span { lo, hi: lo + text.len() as u32, ..failure.span(builder) }, format!("{name} from \"{path}\""))
        });
        return Some(Hint::with(FORM.to_owned(), fix));
    }
    let expects_from = failure.expected.signs.contains(&"from") && failure.token(-2) == "import";
    let no_text = failure.token(-1) == "from" && failure.token(-3) == "import";
    (expects_from || no_text).then(|| Hint::text(FORM))
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !words::is_keyword(text)
}
