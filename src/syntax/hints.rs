//! Mistakes that people make: what they meant, and what to write for it.

use super::build::Builder;
use super::errors::Failure;
use super::types::quoted;
use crate::diag::codes::syntax::*;

/// Reports a failure that has a code of its own; false if it has none.
pub fn explain(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    not_a_declaration(builder, failure)
        || increment(builder, failure)
        || body_on_next_line(builder, failure)
        || assignment_in_condition(builder, failure)
        || binding_not_here(builder, failure)
        || suffix_after_as(builder, failure)
        || struct_literal_in_header(builder, failure)
}

fn not_a_declaration(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    if !failure.expected.declaration {
        return false;
    }
    let help = match failure.token(0) {
        "map" => "a map is declared as `var name : hash<K, V>(1024)`",
        "function" | "func" | "def" | "void" | "int" | "static" | "inline" => {
            "a function is declared as `fn name(a: T) -> R { … }`"
        }
        "use" | "mod" | "using" | "require" => "another file is imported with `import name from \"file.ks\"`",
        "union" | "class" | "interface" | "trait" => "types are declared with `struct`, `enum` and `type`",
        "if" | "for" | "while" | "loop" | "match" | "return" | "try" | "throw" | "defer" | "delete" => {
            "statements stand in functions; a program begins with `fn main() -> i32 { … }`"
        }
        "" => "after attributes and modifiers comes what they belong to: `fn`, `var`, `impl` …",
        _ if matches!(failure.token(1), "=" | "+=" | "(" | "[" | ".") => "statements stand in functions",
        _ => {
            "declarations begin with `fn`, `struct`, `enum`, `type`, `config`, `var`, `const`, `impl`, `extern`, `include`, `import` or `license`"
        }
    };
    let found = failure.found(builder);
    builder.error(failure.span(builder), NotADeclaration { found }).help(help);
    true
}

/// `x++`, `++x`, `x--`
fn increment(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    let pair = |at: isize, sign: &str| failure.token(at) == sign && failure.token(at + 1) == sign;
    let (at, sign) = if pair(-1, "+") {
        (-1, "+")
    } else if pair(0, "+") {
        (0, "+")
    } else if pair(-2, "-") {
        (-2, "-")
    } else {
        return false;
    };
    let span = failure.token_span(builder, at).to(failure.token_span(builder, at + 1));
    if span.hi - span.lo != 2 {
        return false;
    }
    let operand = if failure.is_word(at - 1) { failure.token(at - 1) } else { failure.token(at + 2) };
    let help = if ["]", ")"].contains(&failure.token(at - 1)) {
        format!("write `{sign}= 1` in its place")
    } else if operand.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        format!("write `{operand} {sign}= 1`")
    } else {
        format!("write `x {sign}= 1`")
    };
    builder.error(span, Increment { operator: sign.repeat(2) }).help(help);
    true
}

/// The header, or `else`, stands on one line, the statement that it guards on the next.
fn body_on_next_line(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    let next_line = failure.token(-1) == "\n" && matches!(failure.token(-2), ")" | "else");
    let here = failure.token(0) == "\n" && matches!(failure.token(-1), ")" | "else");
    if !failure.expected.block || failure.expected.statement && !here || !(next_line || here) {
        return false;
    }
    let span = failure.token_span(builder, if here { 1 } else { 0 });
    builder.error(span, BodyOnNextLine {}).help("put `{` at the end of the line above and `}` after the statement");
    true
}

/// The words before the bracket that is open at the fault.
fn header_keyword<'a>(failure: &Failure<'a>) -> &'a str {
    let Some(open) = failure.open_bracket() else { return "" };
    let before = open as isize - failure.at as isize - 1;
    if failure.token(before + 1) == "(" { failure.token(before) } else { "" }
}

/// The keyword of the header without parentheses that the fault stands in.
fn bare_header<'a>(failure: &Failure<'a>) -> &'a str {
    let from = failure.open_bracket().map_or(0, |open| open + 1);
    let line = failure.tokens[from..failure.at.min(failure.tokens.len())].iter().rev();
    let line = line.map(|t| &failure.text[t.lo..t.hi]).take_while(|text| !matches!(*text, "\n" | ";" | "}"));
    line.into_iter().find(|text| matches!(*text, "if" | "while" | "match" | "for")).unwrap_or("")
}

fn assignment_in_condition(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    if failure.token(0) != "=" {
        return false;
    }
    let keyword = match header_keyword(failure) {
        "" => bare_header(failure),
        keyword => keyword,
    };
    if !matches!(keyword, "if" | "while" | "match") || !failure.expected.operator {
        return false;
    }
    let span = failure.span(builder);
    let error = builder.error(span, AssignmentInCondition {});
    error.help("write `==` to compare; a value that may be absent is tested by `if (var v = e)`");
    error.fix(span, "==");
    true
}

/// `while (var x = …)`
fn binding_not_here(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    let keyword = match failure.token(-1) {
        "(" => failure.token(-2),
        keyword => keyword,
    };
    if !matches!(failure.token(0), "var" | "let") || !matches!(keyword, "while" | "match") {
        return false;
    }
    let help = if keyword == "while" {
        "write `loop { var v = e else { break } … }`"
    } else {
        "declare the variable on a line of its own"
    };
    builder.error(failure.span(builder), BindingNotHere { word: keyword.to_owned() }).help(help);
    true
}

fn suffix_after_as(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    let bracket = failure.expected.as_type && matches!(failure.token(0), "[" | "(");
    let mark = failure.expected.expression && failure.token(-1) == "?" && is_cast(failure);
    if !bracket && !mark {
        return false;
    }
    let at = if bracket { 0 } else { -1 };
    let suffix = failure.token(at).to_owned();
    let help = match suffix.as_str() {
        "[" => "write `(x as T)[i]` for an element, `x as (T[N])` for an array type",
        "(" => "write `(x as T)(…)` for a call",
        _ => "write `x as (*T?)`",
    };
    builder.error(failure.token_span(builder, at), SuffixAfterAs { suffix }).help(help);
    true
}

/// Before the `?` that stands before the fault, there is `as` and a type.
fn is_cast(failure: &Failure<'_>) -> bool {
    let mut offset = -2;
    while failure.token(offset) != "as" {
        if !(failure.token(offset) == "*" || failure.is_word(offset)) {
            return false;
        }
        offset -= 1;
    }
    true
}

/// `if x == S { a: 1 } {`: at the colon.
fn struct_literal_in_header(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    let line_end = if failure.token(-2) == "\n" { 1 } else { 0 };
    let literal = failure.token(0) == ":" && failure.is_word(-1) && failure.token(-2 - line_end) == "{";
    if !literal || !failure.is_word(-3 - line_end) {
        return false;
    }
    let before = Failure {
        text: failure.text,
        tokens: failure.tokens.clone(),
        at: failure.at.saturating_sub(3 + line_end as usize),
        expected: Default::default(),
    };
    if bare_header(&before).is_empty() {
        return false;
    }
    let name = before.token(0);
    let span = before.token_span(builder, 0).to(failure.token_span(builder, -2 - line_end));
    builder
        .error(span, StructLiteralInHeader {})
        .help(format!("write `({name} {{ … }})`, or the header in parentheses"));
    true
}

/// What to write, for a failure without a code of its own.
pub fn help(failure: &Failure<'_>) -> Option<String> {
    let (found, before) = (failure.token(0), failure.token(-1));
    let expects = |sign: &str| failure.expected.signs.contains(&sign);
    let fixed = match found {
        "and" => "both conditions: `&&`",
        "or" => "either condition: `||`",
        "=>" => "an arm is written `PATTERN: value`",
        ":=" => "a variable is declared as `var x = value`",
        "=" if before == "==" => "equality is `==`",
        "=" if before == "!=" => "inequality is `!=`",
        ">" if before == "<" => "inequality is `!=`",
        ">" if before == ">>" => "`>>` of an unsigned value shifts in zeros: `x as u32 >> n`",
        "then" => "the body follows the condition in braces",
        "else" if before == ";" => "leave out the `;` before `else`",
        "=" if expects(",") && expects(")") => "parameters have no default values",
        "," if first_of_line(failure).is_some() => "each variable has a `var` of its own",
        "else" => "`else` follows the body of an `if`, or the value of a `var`",
        "catch" => "`catch` follows the block of a `try`",
        ".." | "..=" => "a range stands in the header of a `for` and before the `:` of a `match` arm",
        "..." => "a range is written `a..b`, with the end included `a..=b`",
        "not" if failure.expected.expression => "negation is written `!c`",
        "{" if before == "catch" => "`catch _ { … }` catches every code, `catch e { … }` binds it",
        _ if expects("in") && failure.expected.signs.len() < 4 => {
            "a counting loop is written `for (i in 0..n) { … }`, one over a map `for (k, v in m) { … }`"
        }
        _ if matches!(header_keyword(failure), "while") && before == "}" => {
            "there is no `do`; write `loop { … if (!c) break }`"
        }
        ":" if is_switch(failure) => "alternatives are written `match (e) { A: …, B | C: …, default: … }`",
        _ => return specific_help(failure),
    };
    Some(fixed.to_owned())
}

/// `var` or `const`, if the statement at the fault begins with it.
fn first_of_line<'a>(failure: &Failure<'a>) -> Option<&'a str> {
    let open = failure.open_bracket().map_or(0, |open| open + 1);
    let tokens = failure.tokens.get(open..failure.at)?;
    let text = |token: &crate::source::scan::Token| &failure.text[token.lo..token.hi];
    let start = tokens.iter().rposition(|token| matches!(text(token), "\n" | ";")).map_or(0, |at| at + 1);
    tokens.get(start).map(text).filter(|word| matches!(*word, "var" | "let" | "const"))
}

/// The fault stands in the braces of `switch (…) {`.
fn is_switch(failure: &Failure<'_>) -> bool {
    let Some(open) = failure.open_bracket() else { return false };
    let before = failure.tokens[..open].iter().rev().take(32).map(|t| &failure.text[t.lo..t.hi]);
    before.into_iter().take_while(|text| !matches!(*text, "\n" | ";" | "{" | "}")).any(|text| text == "switch")
}

/// The type before the brace that is open at the fault.
fn literal_type<'a>(failure: &Failure<'a>) -> Option<&'a str> {
    let open = failure.open_bracket()?;
    let name = failure.tokens.get(open.checked_sub(1)?)?;
    let is = |at: usize, text: &str| failure.tokens.get(at).is_some_and(|t| &failure.text[t.lo..t.hi] == text);
    (is(open, "{") && name.kind == crate::source::scan::TokenKind::Word).then(|| &failure.text[name.lo..name.hi])
}

fn specific_help(failure: &Failure<'_>) -> Option<String> {
    let (found, before) = (failure.token(0), failure.token(-1));
    let expects = |sign: &str| failure.expected.signs.contains(&sign);
    if failure.expected.name
        && !failure.expected.statement
        && matches!(before, "{" | ",")
        && let Some(ty) = literal_type(failure)
    {
        let field = if found == "." && failure.is_word(1) { failure.token(1) } else { "field" };
        return Some(format!("fields are named: `{ty} {{ {field}: value }}`"));
    }
    if found == ":" && failure.token(-2) == "{" && matches!(failure.token(-3), "=" | "return" | "(" | ",") {
        return Some(format!("a struct literal begins with its type: `S {{ {before}: … }}`"));
    }
    let only_colon = expects(":") && !failure.expected.operator && failure.is_word(-1);
    if only_colon && matches!(failure.token(-2), "{" | "\n") && matches!(failure.token(-3), "do" | "unsafe" | "then") {
        let instead = if failure.token(-3) == "do" { "; write `loop { … if (!c) break }`" } else { "" };
        return Some(format!("there is no `{}`{instead}", failure.token(-3)));
    }
    if only_colon && before == "fn" {
        return Some("structs have no functions of their own: `fn name(s: *S) { … }` stands outside".to_owned());
    }
    match before {
        "import" => return Some("a module is imported as `import name from \"file.ks\"`".to_owned()),
        "include" => return Some("a header is included as `include \"file.kh\"`".to_owned()),
        _ => {}
    }
    if only_colon && failure.is_word(0) {
        let c_order = super::words::is_primitive(before);
        let (name, ty) = if c_order { (found, before) } else { (before, found) };
        return Some(format!("the name stands first, then its type: `{name}: {ty}`"));
    }
    if only_colon {
        return Some(format!("write `{before}: …`"));
    }
    if expects(":") && failure.expected.operator && !expects(",") && found != ":" {
        return Some("a choice is written `c ? a : b`".to_owned());
    }
    if found == ":" && failure.expected.operator && failure.is_word(-1) {
        return Some(format!("a variable is declared as `var {before}: T = value`"));
    }
    if expects("(") && failure.token(-2) == "new" {
        return Some(format!("write `new {before}()`"));
    }
    if expects("->") && found == ":" {
        return Some("the type of the result stands after `->`".to_owned());
    }
    if failure.expected.block
        && !failure.expected.statement
        && !failure.expected.expression
        && failure.expected.operator
    {
        return Some("a header without parentheses needs its body in braces".to_owned());
    }
    let keyword = super::words::is_keyword(found);
    if failure.expected.expression && keyword {
        return Some(format!("{} is a keyword", quoted(found)));
    }
    None
}
