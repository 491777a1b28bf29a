//! Declarations of other languages, and other text that is read as two statements in a row or as a product.

use super::{Hint, casts, keywords, throws, written};
use crate::ast::{BinaryOp, Expr, ExprKind};
use crate::source::Span;
use crate::syntax::builder::Builder;
use crate::syntax::c_order::{Reader, is_type};
use crate::syntax::errors::Failure;
use crate::syntax::words;

/// A hint for a declaration that begins as in C.
pub fn declaration(builder: &Builder<'_>, failure: &Failure<'_>) -> Option<Hint> {
    let lo = failure.span(builder).lo;
    let text = written(builder, failure, 0);
    if let Some((head, value)) = text.split_once('=').filter(|(head, _)| head.contains("SEC(\"license\")"))
        && let Some(license) = value.split('"').nth(1)
        && !head.contains(['\n', ';'])
    {
        let length = head.len() + 1 + value.find(license).unwrap_or(0) + license.len() + 1;
        let form = format!("license \"{license}\"");
        let span = Span { lo, hi: lo + length as u32, ..failure.span(builder) };
        return Some(Hint::edit(format!("the license is declared as `{form}`"), span, form));
    }
    let span = |reader: &Reader<'_>| Span { lo, hi: lo + reader.hi() as u32, ..failure.span(builder) };
    let mut reader = Reader::new(builder.source, lo);
    if let Some(form) = reader.function() {
        return Some(Hint::edit(format!("a function is declared as `{form}`"), span(&reader), form));
    }
    let mut reader = Reader::new(builder.source, lo);
    let constant = reader.qualifiers();
    if reader.hi() > 0 && (reader.peek() == "var" || reader.then() == ":") {
        let before = &text[..reader.lo()];
        let (what, keyword) = if constant { ("constant", "const") } else { ("variable", "var") };
        let others: Vec<&str> = before.split_whitespace().filter(|word| *word != keyword).collect();
        let help = format!("a {what} is declared with `{keyword}`, without `{}`", others.join(" "));
        let instead = if reader.peek() == "var" { String::new() } else { format!("{keyword} ") };
        let span = Span { hi: lo + before.len() as u32, ..failure.span(builder) };
        return Some(Hint::edit(help, span, instead));
    }
    let mut reader = Reader::new(builder.source, lo);
    let is_alias = reader.take("typedef");
    let declared = reader.declaration().filter(|declared| is_alias || declared.certain)?;
    if !matches!(declared.next, "=" | ";" | "\n" | "") {
        return None;
    }
    let form = if is_alias {
        format!("type {} = {}", declared.name, declared.ty)
    } else {
        format!("{} {}: {}", declared.keyword, declared.name, declared.ty)
    };
    let what = if is_alias { "another name for a type" } else { "a variable" };
    Some(Hint::edit(format!("{what} is declared as `{form}`"), span(&reader), form))
}

/// A word that another language has for an operator or a statement, between two that are read as statements.
fn word(first: &str, second: &str, end: u32, at: Span) -> Option<Hint> {
    const AT_FILE_LEVEL: &str = "belongs at file level, not in functions";
    let begin = second.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let begins = Span { hi: at.lo + begin.len() as u32, ..at };
    match (first.rsplit(|c: char| !c.is_ascii_alphanumeric()).next(), begin) {
        (_, "and") => Some(Hint::edit("both conditions: `a && b`", begins, "&&")),
        (_, "or") => Some(Hint::edit("either condition: `a || b`", begins, "||")),
        (_, "is") => Some(Hint::edit("equality is `==`", begins, "==")),
        (_, "mod") => Some(Hint::edit("the remainder is `%`", begins, "%")),
        (Some("not"), _) => Some(Hint::edit("negation is written `!c`", Span { lo: end - 3, hi: at.lo, ..at }, "!")),
        (Some("then"), _) => Some(Hint::edit(
            "there is no `then`: the body follows the condition",
            Span { lo: end - 4, hi: at.lo, ..at },
            "",
        )),
        (Some(keyword @ ("struct" | "union" | "enum" | "config" | "impl")), _)
            if keyword == first && second.contains('{') =>
        {
            Some(Hint::text(format!("`{keyword}` {AT_FILE_LEVEL}")))
        }
        (Some(keyword @ ("type" | "import" | "include" | "license")), _) if keyword == first => {
            Some(Hint::text(format!("`{keyword}` {AT_FILE_LEVEL}")))
        }
        (Some("fn"), _) => Some(Hint::text("functions belong at file level, not in others")),
        (Some("goto"), _) => Some(Hint::text("there is no `goto`: loops are left by `break`, functions by `return`")),
        _ => None,
    }
}

/// A hint for two consecutive statements that are one construct of another language: a declaration in C's order, a cast, a macro's `!`.
pub fn statement(builder: &Builder<'_>, first: Span, next: Span) -> Option<Hint> {
    let (one, two) = (builder.text(first), builder.text(next));
    let hint = word(one, two, first.hi, next)
        .or_else(|| throws::statement(one, two, first, next))
        .or_else(|| keywords::statement(one, first));
    if hint.is_some() {
        return hint;
    }
    let plain_word = one.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain_word && two.starts_with(|c: char| c == '"' || c.is_ascii_digit()) {
        return Some(Hint::text(format!("arguments go in parentheses: `{one}({two})`")));
    }
    if two.starts_with("!(") && one.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        return Some(Hint::edit("a call is written without `!`", Span { hi: next.lo + 1, ..next }, ""));
    }
    if two.starts_with('{') && (one.starts_with("var ") || one.starts_with("let ")) && may_be_absent(one) && leaves(two)
    {
        return Some(Hint::edit("`else` is missing: `var v = e else { … }`", next.start(), "else "));
    }
    if one == "lock" {
        let place = two.split('{').next().unwrap_or_default().trim_end();
        return Some(Hint::text(format!("a lock is held in `lock ({place}) {{ … }}`")));
    }
    if one.ends_with('"') && two.starts_with('"') {
        return Some(Hint::edit("strings are joined by `+`", Span { lo: first.hi, hi: next.lo, ..next }, " + "));
    }
    let mut qualified = Reader::new(builder.source, first.lo);
    qualified.qualifiers();
    if first.lo as usize + qualified.lo() == next.lo as usize && qualified.peek() == "var" {
        return Some(Hint::edit(format!("leave out `{one}`"), Span { hi: next.lo, ..first }, ""));
    }
    if one.ends_with(')') {
        // `(u32)(long)x` is one conversion after another, from its first parenthesis on.
        let mut conversions =
            one.match_indices('(').filter_map(|(open, _)| casts::conversion(builder, first.lo + open as u32));
        let reaches = |hint: &Hint| hint.fix.as_ref().is_some_and(|(span, _)| span.hi > next.lo);
        let conversion = conversions.find(reaches);
        if conversion.is_some() {
            return conversion;
        }
    }
    initialised(builder, first, next)
}

/// `var n twice(2)`: a declaration without `=` before its value.
pub fn value(builder: &Builder<'_>, first: Span, next: Span) -> Option<Hint> {
    let (one, two) = (builder.text(first), builder.text(next));
    let (keyword, name) = one.split_once(' ')?;
    let word = two.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    let is_statement = words::is_keyword(word) && !matches!(word, "true" | "false" | "null" | "new" | "if" | "match");
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !matches!(name, "mut" | "local");
    let alone = two.len() == word.len() && !word.starts_with(|c: char| c.is_ascii_digit());
    if !matches!(keyword, "var" | "let") || !plain || alone || two.starts_with('{') || is_statement {
        return None;
    }
    // A type, or an assignment: then it is the type that has no `:`.
    if is_type(builder.source, word) || initialised(builder, first, next).is_some() {
        return None;
    }
    let head = two.lines().next().unwrap_or_default();
    Some(Hint::edit(format!("a variable is declared as `{one} = {head}`"), next.start(), "= "))
}

/// A value that `if (var v = e)` tests.
fn may_be_absent(declared: &str) -> bool {
    let methods = [".packet(", ".entry(", ".pop(", ".peek(", ".reserve("];
    let call = declared.ends_with(')') && methods.iter().any(|method| declared.contains(method));
    call || declared.ends_with(']') && !declared.contains("= [") || declared.contains(" as *")
}

fn leaves(block: &str) -> bool {
    ["return", "break", "continue", "throw"].iter().any(|word| block.contains(word))
}

/// `u32 x = 3`, `var x u32 = 3`
fn initialised(builder: &Builder<'_>, first: Span, next: Span) -> Option<Hint> {
    let (one, two) = (builder.text(first), builder.text(next));
    let from = |lo: u32| &builder.source[lo as usize..];
    let keyword = ["var ", "let ", "const "].into_iter().find(|keyword| one.starts_with(keyword));
    let lo = first.lo + keyword.map_or(0, |keyword| keyword.len() as u32);
    let mut reader = Reader::new(builder.source, lo);
    let mutable = keyword.is_some() && reader.take("mut");
    if mutable {
        let hi = lo + from(lo).find(two).unwrap_or(0) as u32;
        return Some(Hint::edit("every variable can be assigned to: leave out `mut`", Span { lo, hi, ..first }, ""));
    }
    let declared = reader.declaration()?;
    let hi = lo + declared.hi as u32;
    if hi <= next.lo || !matches!(declared.next, "=" | ";" | "\n" | "}" | "") {
        return None;
    }
    let form = format!("{} {}: {}", keyword.map_or(declared.keyword, str::trim_end), declared.name, declared.ty);
    let rest = from(hi).lines().next().unwrap_or_default();
    let span = Span { hi, ..first };
    if !declared.certain {
        return keyword.map(|keyword| Hint::text(format!("a variable is declared as `{keyword}name: T = value`")));
    }
    if let Some(zeros) = ["= {0}", "= {}", "= { 0 }"].into_iter().find(|zeros| rest.trim_start().starts_with(zeros))
        && declared.ty.ends_with(']')
    {
        let whole = Span { hi: hi + (rest.find(zeros).unwrap_or(0) + zeros.len()) as u32, ..first };
        let form = format!("{form} = []");
        return Some(Hint::edit(format!("a variable is declared as `{form}`"), whole, form));
    }
    let value = rest.split([';', '{', '}']).next().unwrap_or_default().trim_end();
    let more = if rest[value.len()..].trim_start().starts_with('{') { " …" } else { "" };
    Some(Hint::edit(format!("a variable is declared as `{form}{value}{more}`"), span, form))
}

/// `u32 *p`, where a statement begins, and where that ends.
pub fn pointer(builder: &Builder<'_>, place: &Expr) -> Option<(Span, Hint)> {
    // After a word on its line it was reported that this is no statement.
    let before = builder.source[..place.span.lo as usize].trim_end_matches([' ', '\t']);
    let begins = !before.ends_with(|c: char| c.is_ascii_alphanumeric());
    if !begins || !matches!(place.kind, ExprKind::Binary { op: BinaryOp::Mul, .. }) {
        return None;
    }
    let mut reader = Reader::new(builder.source, place.span.lo);
    let declared = reader.declaration().filter(|declared| declared.ty.starts_with('*'))?;
    if !(declared.next == "=" || declared.certain && matches!(declared.next, ";" | "\n" | "}" | "")) {
        return None;
    }
    let span = Span { hi: place.span.lo + declared.hi as u32, ..place.span };
    let form = format!("var {}: {}", declared.name, declared.ty);
    Some((span, Hint::edit(format!("a variable is declared as `{form}`"), span, form)))
}
