//! What other languages write otherwise, by the tokens around the fault: what to write, and the edit that does it.
//!
//! A row's `tokens` have `^` before the one at fault. Words in capitals are kinds of tokens (`matching::is`),
//! `a|b` for either; `{-1}` in a help or an edit is the token before the fault, `{type}` what the one at fault is called
//! here if it is a type. The first row that fits counts.

use super::matching::Edit::{self, Nothing, Over, UpTo};
use super::matching::Row;
use super::matching::When::{self, *};
use super::throws::{BOUND, SEVERAL};

/// The hint for arms of other languages' matches.
pub const ARM: &str = "an arm is written `PATTERN: value`";
const CALL: &str = "what a call throws goes on by itself: leave out `try`";
const EVERY: &str = "`catch _ { … }` catches every code";
const KEY: &str = "whether a map has a key is asked by `m[key] != null`; what an array holds is searched in a loop";
const LOOP: &str =
    "a loop over a map is written `for (k, v in m) { … }`, one over an array or a range `for (x in xs) { … }`";
const MACRO: &str = "there are no macros: `print(\"%d\", x)`";
const RESULT: &str = "the type of the result follows `->`";
const THROWS: &str = "the compiler finds out what a function throws: leave out `throws`";
const EMPTY: &str = "`..` is last in a struct literal, alone: what it leaves out has its default, else zero";
const RANGE: &str = "a range is written `a..b`, with the end included `a..=b`";

const fn row(tokens: &'static str, when: &'static [When], help: &'static str) -> Row {
    Row { tokens, when, help, edit: Nothing }
}

const fn edit(tokens: &'static str, when: &'static [When], help: &'static str, edit: Edit) -> Row {
    Row { tokens, when, help, edit }
}

/// Errors that are thrown and caught.
pub static THROWS_AND_CATCHES: &[Row] = &[
    edit("catch ( WORD ^ WORD )", &[], BOUND, UpTo(-2, 2, "{0} ")),
    edit("catch ( ANY ^ : ANY )", &[], BOUND, UpTo(-2, 3, "{-1} ")),
    edit("catch ANY ^ :", &[], BOUND, UpTo(0, 2, " ")),
    row("catch * ^", &[], EVERY),
    row("catch ^ ..|..=", &[], EVERY),
    row("catch ( ^ ..|..=", &[], EVERY),
    row("catch ANY ^ ,|if|when|or|..|..=", &[], SEVERAL),
    row("catch ( ANY ^ ,|if|when|or|..|..=", &[], SEVERAL),
    row("^ try {", &[Expression], "`try` is a statement and has no value: assign to a variable in its blocks"),
    edit("^ try !|?", &[Expression], CALL, UpTo(0, 2, "")),
    edit("^ try", &[Expression], CALL, UpTo(0, 1, "")),
    edit("try ^ !|?", &[], CALL, UpTo(-1, 1, "")),
    row("try ^", &[], "the body of a `try` is in braces: `try { … } catch _ { … }`"),
    row("throw ^ END", &[], "`throw` takes a code; a handler throws on what it caught by `catch e { … throw e }`"),
    row("defer ^ END", &[], "`defer f(x)` defers a call, `defer { … }` a block"),
    row("^ =", &[Operator, First("defer")], "a call or a block is deferred: `defer { … }`"),
    edit("^ throws {", &[OutsideBrackets], THROWS, Over(0, 0, "")),
    row("^ throws", &[OutsideBrackets], THROWS),
];

/// Operators and their equivalents.
pub static OPERATORS: &[Row] = &[
    edit(
        "^ =>",
        &[Operator, OutsideMatch, InCondition],
        "at least is `>=`; an arm of a `match` is written `PATTERN: value`",
        Over(0, 0, ">="),
    ),
    row("^ =>", &[Operator, OutsideMatch], "at least is `>=`; an arm of a `match` is written `PATTERN: value`"),
    edit("ANY :: ANY ^ ::", &[], "what a module declares: `{-3}.{-1}::{1}`", Over(-2, -2, ".")),
    edit("license ^ =", &[], "the license is its text alone: `license \"GPL\"`", Over(0, 0, "")),
    edit("type ANY ^ struct|enum {", &[], "it is declared as `{0} {-1} { … }`", Over(-2, 0, "{0} {-1}")),
    edit(
        "type ANY ^ WORD",
        &[Sign("=")],
        "another name for a type is declared as `type {-1} = {type}`",
        Over(0, 0, "= {type}"),
    ),
    edit("foreach|for_each|forall ( WORD ^ in", &[], LOOP, Over(-3, -3, "for")),
    edit("foreach|for_each|forall ( WORD , WORD ^ in", &[], LOOP, Over(-5, -5, "for")),
    edit("foreach|for_each|forall ( ^ var|let", &[], LOOP, UpTo(-2, 1, "for (")),
    edit("foreach|for_each|forall ( WORD ^ WORD in", &[], LOOP, UpTo(-3, 0, "for (")),
    row(
        "? ^ ?",
        &[],
        "a value for what may be absent: `var v = x` with `if (var some = y) v = some`, or `if (var some = y) { … } else { … }`",
    ),
    row("^ in", &[Operator, InCondition], KEY),
    row("! ( ANY ^ in", &[Operator], KEY),
    row("^ not in", &[Operator, InCondition], KEY),
    edit("^ and", &[], "both conditions: `&&`", Over(0, 0, "&&")),
    edit("^ or", &[], "either condition: `||`", Over(0, 0, "||")),
    edit("^ is not", &[Operator], "inequality is `!=`", Over(0, 1, "!=")),
    edit("^ is", &[Operator], "equality is `==`", Over(0, 0, "==")),
    edit("^ mod", &[Operator], "the remainder is `%`", Over(0, 0, "%")),
    edit("== ^ =", &[], "equality is `==`", Over(0, 0, "")),
    edit("!= ^ =", &[], "inequality is `!=`", Over(0, 0, "")),
    edit("< ^ >", &[], "inequality is `!=`", Over(-1, 0, "!=")),
    edit("START WORD ^ : =", &[IsDeclared(-1)], "to assign, write `{-1} = value`", Over(-1, 1, "{-1} =")),
    edit("START WORD ^ : =", &[], "a variable is declared as `var {-1} = value`", Over(-1, 1, "var {-1} =")),
    row(",|( WORD ^ =", &[Argument], "arguments go by their order; where one has a name it is written `{-1}: value`"),
    edit("var|let mut ANY ^ :", &[], "every variable can be assigned to: leave out `mut`", UpTo(-2, -1, "")),
    edit("not ^", &[], "negation is written `!c`", UpTo(-1, 0, "!")),
];

/// The arms of a `match`.
pub static ARMS: &[Row] = &[
    edit("^ =>", &[InMatch], ARM, Over(0, 0, ":")),
    edit("^ ->", &[InMatch, Sign(":")], ARM, Over(0, 0, ":")),
    edit("-> ^", &[InMatch, Name], ARM, Over(-1, -1, ":")),
    edit("^ ,", &[InMatch, Sign(":")], "several values of an arm: `A | B: value`", Over(0, 0, " |")),
    edit("OPERAND ^ ||", &[InMatch], "several values of an arm: `A | B: value`", Over(0, 0, "|")),
    edit("case ^", &[InMatch], "an arm is written `PATTERN: value`, without `case`", UpTo(-1, 0, "")),
    edit("^ else :|=>|->", &[InMatch], "the arm for all else is `default`", Over(0, 0, "default")),
    edit("else ^ :|=>|->", &[InMatch], "the arm for all else is `default`", Over(-1, -1, "default")),
];

/// The text before a body.
pub static HEADERS: &[Row] = &[
    edit("^ then|do", &[Block], "there is no `{0}`: the body follows the condition in braces", UpTo(0, 1, "")),
    edit("^ :", &[Sign("->")], RESULT, Over(0, 0, " ->")),
    edit("^ =>", &[Sign("->")], RESULT, Over(0, 0, "->")),
    edit(") ^ WORD {", &[Sign("->"), IsType(0)], RESULT, Over(0, 0, "-> {type}")),
];

/// What no other row or reader knows better.
pub static LAST: &[Row] = &[
    row(">> ^ >", &[], "`>>` of an unsigned value shifts in zeros: `x >> n`, for an `i64` `x as u64 >> n`"),
    row("else ^", &[Block, NoStatement], "after the `else` of a `var` a block follows: `else { … }`"),
    row("; ^ else", &[], "leave out the `;` before `else`"),
    row("^ =", &[Sign(","), Sign(")")], "parameters have no default values"),
    row("^ =", &[Operator], "an assignment has no value: write a statement for each"),
    row("..|..= ^ :", &[], "a range has both ends; `default` takes the rest"),
    row(".. ^", &[Sign("}")], EMPTY),
    row(".. , ^", &[Sign("}")], EMPTY),
    row("-> ( ANY ^ ,", &[], "a function has one result: a struct holds several values"),
    row("^ ,", &[Declares], "each variable has a `var` of its own"),
    row("^ else", &[Chooses], "a choice is written `c ? x : y`"),
    row("new ANY ^ else", &[Sign("(")], "write `new {-1}()`"),
    row("^ else", &[], "`else` follows the body of an `if`, or the value of a `var`"),
    row("^ catch", &[], "`catch` follows the block of a `try`"),
    row("^ ..", &[Name, Sign(")")], "a function has as many arguments as it has parameters: `name: T`"),
    row("^ ..|..=", &[InIndex], "a part of a string or an array is copied in a loop, one index at a time"),
    row("^ ..|..=", &[], "a range belongs in the header of a `for` and before the `:` of a `match` arm"),
    row(".. ^ .", &[], RANGE),
    row("^ not", &[Expression], "negation is written `!c`"),
    row("= ^ +", &[], "to add to a variable, write `+=`; there is no unary `+`"),
    row(":|->|* WORD [ ^ ]", &[], "an array has a length: `u32[4]`"),
    row(":|->|* [ ANY ^ ]", &[], "an array has a length: `u32[4]`, or `[u32; 4]`"),
    edit("println|print|eprintln|printf ! ( ANY ^ ,", &[], MACRO, Over(-4, -3, "print")),
    row("? ^ :", &[Expression], "a choice has both values: `c ? a : b`"),
    row(
        "struct ^ {",
        &[Name],
        "a struct has a name, `struct S { … }`; a map is declared as `var name : hash<K, V>(1024)`",
    ),
    row("catch ^ {", &[], "`catch _ { … }` catches every code, `catch e { … }` binds it"),
    row("} ^", &[InHeader("while")], "there is no `do`; write `loop { … if (!c) break }`"),
    row("^ : =", &[InBareHeader("if")], "what may be absent is tested by `if (var v = e) { … }`"),
    row("^ :", &[InBareHeader("")], "the body is in braces, without `:`"),
    row("{|, ^ . WORD", &[Name, NoStatement, InLiteral], "fields are named: `{literal} { {1}: value }`"),
    row("{|, ^", &[Name, NoStatement, InLiteral], "fields are named: `{literal} { field: value }`"),
    row("=|return|(|, { ANY ^ :", &[], "a struct literal begins with its type: `S { {-1}: … }`"),
    row("^ @", &[Statement], "a map is declared at file level, `var name : hash<K, V>(n)`, and used by its name"),
    row("include ^", &[], "a header is included as `include \"file.kh\"`"),
    row("const fn ^", &[Sign(":"), NoOperator], "a function is declared with `fn` alone"),
    row(
        "fn ^",
        &[Sign(":"), NoOperator],
        "structs have no functions of their own: `fn name(s: *S) { … }` goes outside",
    ),
    row("var|let WORD ^ (", &[Sign(":"), NoOperator], "what may be absent is tested by `if (var v = e) { … }`"),
    row("WORD ^ *", &[Sign(":"), NoOperator], "the name comes first, then its type: `name: *T`"),
    row("WORD ^ NOWORD", &[Sign(":"), NoOperator], "write `{-1}: …`"),
    row(
        "WORD ^ WORD",
        &[Sign(":"), NoOperator, IsType(-1), IsNoType(0)],
        "the name comes first, then its type: `{0}: {-1}`",
    ),
    row(
        "WORD ^ WORD",
        &[Sign(":"), NoOperator, IsNoType(-1), IsType(0)],
        "the name comes first, then its type: `{-1}: {0}`",
    ),
    row("WORD ^ WORD", &[Sign(":"), NoOperator], "the name comes first, then its type: `name: T`"),
    row("^ NOCOLON", &[Sign(":"), Operator, NoSign(","), BehindMark], "a choice is written `c ? a : b`"),
    row("=|(|, ( ANY ^ :", &[], "a function has a name and is at file level: `fn name(a: T) -> R { … }`"),
    row("fn ANY ^ .", &[], "a function's name is one word: `fn {-1}_{1}(…)`"),
    row("WORD ^ :", &[Operator], "a variable is declared as `var {-1}: T = value`; there are no labels"),
    row("sizeof ^ WORD", &[Sign("(")], "write `sizeof({0})`"),
    row("new ANY ANY ANY ] ^", &[Sign("(")], "write `new {-4}[{-2}]()`"),
    row("new ANY ^", &[Sign("(")], "write `new {-1}()`"),
    row("^", &[Block, NoStatement, NoExpression, Operator], "a header without parentheses needs its body in braces"),
    row("^ KEYWORD", &[Expression], "`{0}` is a keyword"),
];

/// Text at file level that declares nothing.
pub static DECLARATIONS: &[Row] = &[
    row("^ SEC", &[], "an attribute before `fn` makes a program: `@xdp fn name(ctx: *xdp_md) -> xdp_action { … }`"),
    row(
        "^ kprobe|kretprobe|tracepoint|uprobe|interval|BEGIN|END NOPAREN",
        &[],
        "a program is a function with an attribute; `fn main() -> i32 { … }` loads and attaches it",
    ),
    row("^ ANY <", &[], "a map is declared as `var name : hash<K, V>(1024)`"),
    row("^ map", &[], "a map is declared as `var name : hash<K, V>(1024)`"),
    row(
        "^ function|func|fun|def|void|int|inline|async|unsafe",
        &[],
        "a function is declared as `fn name(a: T) -> R { … }`",
    ),
    row("^ use|mod|using|require|from", &[], "another file is imported with `import name from \"file.ks\"`"),
    row("^ class|interface|trait|typedef", &[], "types are declared with `struct`, `union`, `enum` and `type`"),
    row(
        "^ if|for|while|loop|match|return|try|throw|defer|delete",
        &[],
        "statements belong in functions; a program begins with `fn main() -> i32 { … }`",
    ),
    row("^ NOTHING", &[], "after attributes and modifiers comes what they belong to: `fn`, `var`, `impl` …"),
    row("^ ANY =|+=|(|[|.", &[], "statements belong in functions"),
    row(
        "^",
        &[],
        "declarations begin with `fn`, `struct`, `enum`, `type`, `config`, `var`, `const`, `impl`, `extern`, `include`, `import` or `license`",
    ),
];
