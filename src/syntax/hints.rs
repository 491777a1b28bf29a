//! Common mistakes: what is meant, and what to write for it.

use super::builder::Builder;
use super::c_order::{self, Reader};
use super::conditions;
use super::errors::Failure;
use super::foreign::{self, Hint};
use super::types::quoted;
use crate::diag::codes::syntax::*;
use crate::source::Span;

/// Reports a failure that has a code of its own; false if it has none.
pub fn explain(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    not_a_declaration(builder, failure)
        || foreign::blocks::explain(builder, failure)
        || foreign::lines::header_colon(builder, failure)
        || increment(builder, failure)
        || body_on_next_line(builder, failure)
        || conditions::explain(builder, failure)
        || suffix_after_as(builder, failure)
        || foreign::lines::question_mark(builder, failure)
        || struct_literal_in_header(builder, failure)
}

fn not_a_declaration(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    if !failure.expected.declaration {
        return false;
    }
    let help = match failure.token(0) {
        "SEC" => "an attribute before `fn` makes a program: `@xdp fn name(ctx: *xdp_md) -> xdp_action { … }`",
        "kprobe" | "kretprobe" | "tracepoint" | "uprobe" | "interval" | "BEGIN" | "END" if failure.token(1) != "(" => {
            "a program is a function with an attribute; `fn main() -> i32 { … }` loads and attaches it"
        }
        _ if failure.token(1) == "<" => "a map is declared as `var name : hash<K, V>(1024)`",
        "map" => "a map is declared as `var name : hash<K, V>(1024)`",
        "function" | "func" | "fun" | "def" | "void" | "int" | "inline" | "async" | "unsafe" => {
            "a function is declared as `fn name(a: T) -> R { … }`"
        }
        "use" | "mod" | "using" | "require" | "from" => "another file is imported with `import name from \"file.ks\"`",
        "union" | "class" | "interface" | "trait" | "typedef" => "types are declared with `struct`, `enum` and `type`",
        "if" | "for" | "while" | "loop" | "match" | "return" | "try" | "throw" | "defer" | "delete" => {
            "statements belong in functions; a program begins with `fn main() -> i32 { … }`"
        }
        "" => "after attributes and modifiers comes what they belong to: `fn`, `var`, `impl` …",
        _ if matches!(failure.token(1), "=" | "+=" | "(" | "[" | ".") => "statements belong in functions",
        _ => {
            "declarations begin with `fn`, `struct`, `enum`, `type`, `config`, `var`, `const`, `impl`, `extern`, `include`, `import` or `license`"
        }
    };
    let found = failure.found(builder);
    let keyword = foreign::keywords::declaration(builder, failure);
    let hint = keyword.or_else(|| foreign::declaration(builder, failure)).unwrap_or_else(|| Hint::text(help));
    builder.hinted(failure.span(builder), NotADeclaration { found }, Some(hint));
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
    let hint = increment_hint(builder, failure, at, sign);
    builder.hinted(span, Increment { operator: sign.repeat(2) }, Some(hint));
    true
}

/// `x += 1`, as an edit where the increment is a statement of its own. `at` is the first of the two signs.
fn increment_hint(builder: &Builder<'_>, failure: &Failure<'_>, at: isize, sign: &str) -> Hint {
    let signs = failure.token_span(builder, at).to(failure.token_span(builder, at + 1));
    let before = failure.operand_before(at);
    if before < at {
        let operand = Span { lo: failure.token_span(builder, before).lo, ..signs };
        let text = builder.text(Span { hi: signs.lo, ..operand }).trim_end();
        let form = format!("{text} {sign}= 1");
        let fix = is_alone(builder.source, operand).then_some((operand, form.clone()));
        return Hint::with(format!("write `{form}`"), fix);
    }
    let mut reader = Reader::new(builder.source, signs.hi);
    let Some(operand) = reader.operand() else { return Hint::text(format!("write `x {sign}= 1`")) };
    let form = format!("{operand} {sign}= 1");
    let whole = Span { hi: signs.hi + reader.hi() as u32, ..signs };
    let fix = is_alone(builder.source, whole).then_some((whole, form.clone()));
    Hint::with(format!("write `{form}`"), fix)
}

/// Nothing of its own statement is on the line around it. (Here a sign at a line's end has hidden where that is.)
pub fn is_alone(source: &str, span: Span) -> bool {
    let before = source[..span.lo as usize].rsplit('\n').next().unwrap_or_default().trim_end();
    let after = source[span.hi as usize..].split('\n').next().unwrap_or_default().trim_start();
    let begins = before.is_empty() || before.ends_with([';', '{', '}', ')', ':']) || before.ends_with("else");
    begins && (after.is_empty() || after.starts_with([';', '}']) || after.starts_with("//"))
}

/// The header, or `else`, is on one line, the statement that it guards on the next.
fn body_on_next_line(builder: &mut Builder<'_>, failure: &Failure<'_>) -> bool {
    let next_line = failure.token(-1) == "\n" && matches!(failure.token(-2), ")" | "else");
    let here = failure.token(0) == "\n" && matches!(failure.token(-1), ")" | "else");
    if !failure.expected.block || failure.expected.statement && !here || !(next_line || here) {
        return false;
    }
    let span = failure.token_span(builder, if here { 1 } else { 0 });
    let header = failure.token_span(builder, if here { -1 } else { -2 });
    let between = Span { lo: header.hi, hi: span.lo, ..span };
    let blank = builder.text(between).trim().is_empty();
    let error = builder.error(span, BodyOnNextLine {});
    error.help("put `{` at the end of the line above and `}` after the statement, or write it there");
    if blank {
        error.fix(between, " ");
    }
    true
}

/// The words before the bracket that is open at the fault.
fn header_keyword<'a>(failure: &Failure<'a>) -> &'a str {
    let Some(open) = failure.open_bracket() else { return "" };
    let before = open as isize - failure.at as isize - 1;
    if failure.token(before + 1) == "(" { failure.token(before) } else { "" }
}

/// The keyword of the header without parentheses that has the fault.
fn bare_header<'a>(failure: &Failure<'a>) -> &'a str {
    let from = failure.open_bracket().map_or(0, |open| open + 1);
    let line = failure.tokens[from..failure.at.min(failure.tokens.len())].iter().rev();
    let line = line.map(|t| &failure.text[t.lo..t.hi]).take_while(|text| !matches!(*text, "\n" | ";" | "}"));
    line.into_iter().find(|text| matches!(*text, "if" | "while" | "match" | "for")).unwrap_or("")
}

/// The keyword of the header that has the fault, with parentheses or without.
pub fn condition<'a>(failure: &Failure<'a>) -> &'a str {
    match header_keyword(failure) {
        "" => bare_header(failure),
        keyword => keyword,
    }
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

/// Before the `?` before the fault, there is `as` and a type.
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
pub fn help(source: &str, failure: &Failure<'_>) -> Option<String> {
    let (found, before) = (failure.token(0), failure.token(-1));
    let expects = |sign: &str| failure.expected.signs.contains(&sign);
    let fixed = match found {
        ">" if before == ">>" => "`>>` of an unsigned value shifts in zeros: `x >> n`, for an `i64` `x as u64 >> n`",
        _ if before == "else" && failure.expected.block && !failure.expected.statement => {
            "after the `else` of a `var` a block follows: `else { … }`"
        }
        "else" if before == ";" => "leave out the `;` before `else`",
        "=" if expects(",") && expects(")") => "parameters have no default values",
        "=" if failure.expected.operator => "an assignment has no value: write a statement for each",
        ":" if matches!(before, ".." | "..=") => "a range has both ends; `default` takes the rest",
        _ if expects("}") && (before == ".." || before == "," && failure.token(-2) == "..") => {
            "`..` is last in a struct literal, alone: what it leaves out has its default, else zero"
        }
        "," if failure.token(-2) == "(" && failure.token(-3) == "->" => {
            "a function has one result: a struct holds several values"
        }
        "," if first_of_line(failure).is_some() => "each variable has a `var` of its own",
        "else" if chooses(failure) => "a choice is written `c ? x : y`",
        "else" if failure.token(-2) == "new" => return specific_help(source, failure),
        "else" => "`else` follows the body of an `if`, or the value of a `var`",
        "catch" => "`catch` follows the block of a `try`",
        ".." if failure.expected.name && expects(")") => {
            "a function has as many arguments as it has parameters: `name: T`"
        }
        ".." | "..=" if failure.in_index() => "a part of a string or an array is copied in a loop, one index at a time",
        ".." | "..=" => "a range belongs in the header of a `for` and before the `:` of a `match` arm",
        "." if before == ".." => "a range is written `a..b`, with the end included `a..=b`",
        "..." => "a range is written `a..b`, with the end included `a..=b`",
        "not" if failure.expected.expression => "negation is written `!c`",
        "+" if before == "=" => "to add to a variable, write `+=`; there is no unary `+`",
        "]" if before == "[" && is_type(failure, -2) => "an array has a length: `u32[4]`",
        "]" if failure.token(-2) == "[" && matches!(failure.token(-3), ":" | "->" | "*") => {
            "an array has a length: `u32[4]`, or `[u32; 4]`"
        }
        "{" if before == "catch" => "`catch _ { … }` catches every code, `catch e { … }` binds it",
        _ if matches!(header_keyword(failure), "while") && before == "}" => {
            "there is no `do`; write `loop { … if (!c) break }`"
        }
        ":" if failure.token(1) == "=" && bare_header(failure) == "if" => {
            "what may be absent is tested by `if (var v = e) { … }`"
        }
        ":" if !bare_header(failure).is_empty() => "the body is in braces, without `:`",
        _ => return specific_help(source, failure),
    };
    Some(fixed.to_owned())
}

/// `x if c else y`, at the `else`
fn chooses(failure: &Failure<'_>) -> bool {
    let condition = (2..32).map(|back: isize| -back).find(|&offset| failure.token(offset) == "if");
    let line = |offset: isize| (offset..0).all(|offset| !matches!(failure.token(offset), "\n" | ";" | "{" | "}"));
    condition.is_some_and(|at| line(at) && !matches!(failure.token(at - 1), "" | "\n" | ";" | "{" | "}" | "else"))
}

/// `var` or `const`, if the statement at the fault begins with it.
fn first_of_line<'a>(failure: &Failure<'a>) -> Option<&'a str> {
    let open = failure.open_bracket().map_or(0, |open| open + 1);
    let tokens = failure.tokens.get(open..failure.at)?;
    let text = |token: &crate::source::scan::Token| &failure.text[token.lo..token.hi];
    let start = tokens.iter().rposition(|token| matches!(text(token), "\n" | ";")).map_or(0, |at| at + 1);
    tokens.get(start).map(text).filter(|word| matches!(*word, "var" | "let" | "const"))
}

/// After a word only a colon is allowed.
fn colon_help(source: &str, failure: &Failure<'_>) -> String {
    let (found, before) = (failure.token(0), failure.token(-1));
    if before == "fn" && failure.token(-2) == "const" {
        return "a function is declared with `fn` alone".to_owned();
    }
    if before == "fn" {
        return "structs have no functions of their own: `fn name(s: *S) { … }` goes outside".to_owned();
    }
    if found == "(" && matches!(failure.token(-2), "var" | "let") {
        return "what may be absent is tested by `if (var v = e) { … }`".to_owned();
    }
    if found == "*" {
        return "the name comes first, then its type: `name: *T`".to_owned();
    }
    if !failure.is_word(0) {
        return format!("write `{before}: …`");
    }
    match (c_order::is_type(source, before), c_order::is_type(source, found)) {
        (true, false) => format!("the name comes first, then its type: `{found}: {before}`"),
        (false, true) => format!("the name comes first, then its type: `{before}: {found}`"),
        _ => "the name comes first, then its type: `name: T`".to_owned(),
    }
}

/// The word at an offset from the fault is the type of a declaration.
fn is_type(failure: &Failure<'_>, offset: isize) -> bool {
    failure.is_word(offset) && matches!(failure.token(offset - 1), ":" | "->" | "*")
}

fn specific_help(source: &str, failure: &Failure<'_>) -> Option<String> {
    let (found, before) = (failure.token(0), failure.token(-1));
    let expects = |sign: &str| failure.expected.signs.contains(&sign);
    if failure.expected.name
        && !failure.expected.statement
        && matches!(before, "{" | ",")
        && let Some(ty) = failure.literal_type()
    {
        let field = if found == "." && failure.is_word(1) { failure.token(1) } else { "field" };
        return Some(format!("fields are named: `{ty} {{ {field}: value }}`"));
    }
    if found == ":" && failure.token(-2) == "{" && matches!(failure.token(-3), "=" | "return" | "(" | ",") {
        return Some(format!("a struct literal begins with its type: `S {{ {before}: … }}`"));
    }
    if found == "@" && failure.expected.statement {
        return Some("a map is declared at file level, `var name : hash<K, V>(n)`, and used by its name".to_owned());
    }
    if before == "include" {
        return Some("a header is included as `include \"file.kh\"`".to_owned());
    }
    if expects(":") && !failure.expected.operator && failure.is_word(-1) {
        return Some(colon_help(source, failure));
    }
    let choice =
        (1..32).map(|back: isize| failure.token(-back)).take_while(|t| !matches!(*t, "\n" | ";")).any(|t| t == "?");
    if choice && expects(":") && failure.expected.operator && !expects(",") && found != ":" {
        return Some("a choice is written `c ? a : b`".to_owned());
    }
    if found == ":" && failure.token(-2) == "(" && matches!(failure.token(-3), "=" | "(" | ",") {
        return Some("a function has a name and is at file level: `fn name(a: T) -> R { … }`".to_owned());
    }
    if found == "." && failure.token(-2) == "fn" {
        return Some(format!("a function's name is one word: `fn {before}_{}(…)`", failure.token(1)));
    }
    if found == ":" && failure.expected.operator && failure.is_word(-1) {
        return Some(format!("a variable is declared as `var {before}: T = value`"));
    }
    if expects("(") && before == "sizeof" && failure.is_word(0) {
        return Some(format!("write `sizeof({found})`"));
    }
    if expects("(") && before == "]" && failure.token(-5) == "new" {
        return Some(format!("write `new {}[{}]()`", failure.token(-4), failure.token(-2)));
    }
    if expects("(") && failure.token(-2) == "new" {
        return Some(format!("write `new {before}()`"));
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
