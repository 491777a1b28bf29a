//! E00: syntax.

codes! {
    /// The grammar does not allow this here. The message names the constructs that it allows, and the text that it found.
    E0001 Expected { expected, found } = "expected {expected}, found {found}",

    /// Outside strings and comments a program consists of ASCII letters, digits, `_` and the signs of the language.
    E0002 UnknownCharacter { text } = "{text} cannot appear here",

    /// A string ends on the line it begins on. For a line break inside it write `\n`, for a quote `\"`.
    E0003 UnterminatedString = "this string has no closing `\"` on its line",

    /// A comment that begins with `/*` goes to the next `*/`; such comments do not nest.
    E0004 UnterminatedComment = "this comment has no closing `*/`",

    /// Single quotes enclose one byte: an ASCII character or an escape such as `'\n'` or `'\x7f'`. Double quotes
    /// enclose text.
    E0005 BadCharLiteral { why } = "{why}",

    /// The escapes are `\n \t \r \\ \' \" \0` and `\xHH` with two hexadecimal digits.
    E0006 BadEscape { text } = "`{text}` is no escape",

    /// A bracket is opened here, but the text that follows never closes it, or closes another one first.
    E0007 UnclosedBracket { bracket } = "this `{bracket}` is never closed",

    /// A closing bracket without an opening one before it.
    E0008 StrayBracket { bracket } = "this `{bracket}` closes nothing",

    /// Brackets may nest 256 deep, and so may what nests without brackets, such as operators of one expression (1000).
    E0009 NestingTooDeep { limit } = "nested more than {limit} deep",

    /// An integer is written in decimal, or with `0x`, `0o` or `0b` before its digits; `_` may separate digits.
    E0010 BadNumber { text, why } = "`{text}` is no number: {why}",

    /// Integers have at most 64 bits: the largest is 18446744073709551615, or 0xffff_ffff_ffff_ffff.
    E0011 IntegerTooLarge { text } = "`{text}` does not fit into 64 bits",

    /// This word begins something in the language, so it cannot name what is declared here. As a field, after `.` and
    /// `->`, and as a member of an `impl` every word is a name; as a parameter every word that neither begins an expression
    /// or a statement nor goes on with one.
    E0012 KeywordAsName { word } = "`{word}` is a keyword and cannot be a name here",

    /// Statements, and the arms of a `match`, are separated by line ends; two on one line need a `;` (arms: a `,`)
    /// between them.
    E0013 MissingSeparator { found } = "a new statement begins at {found}, but nothing ends the one before it",

    /// The top level of a file has declarations only: functions, types, variables and so on. Statements belong in
    /// functions.
    E0014 NotADeclaration { found } = "expected a declaration, found {found}",

    /// After the parenthesised header of `if`, `while` or `for`, or after `else`, follows a block, or one statement on
    /// the same line. A statement on the next line would look like part of it, but a second one would not be.
    E0015 BodyOnNextLine = "this statement needs its body in braces, or on the same line",

    /// `if`, `while` and `match` test a value; `=` assigns one.
    E0016 AssignmentInCondition = "`=` assigns; a condition compares with `==`",

    /// There is no `++` and no `--`.
    E0017 Increment { operator } = "there is no `{operator}` operator",

    /// A type after `as` has no `?`, `[` or `(`: `x as *T ? a : b` is a choice, and `(x as *T)[i]` an element.
    E0018 SuffixAfterAs { suffix } = "a type after `as` takes no `{suffix}`",

    /// In the header of an `if`, `while`, `for` or `match` without parentheses `{` begins the body.
    E0019 StructLiteralInHeader = "a struct literal in a header without parentheses needs its own",

    /// What a `try` throws must be caught: `catch CODE { … }`, `catch name { … }` or `catch _ { … }` follows its block.
    E0020 TryWithoutCatch = "this `try` has no `catch`",

    /// `?` says that a pointer may be null, so it follows a pointer type: `*T?`.
    E0021 OptionalNoPointer = "only a pointer type can be optional",

    /// `pub`, `priv`, `pin`, `local` and `percpu` may be given once, before a declaration that they can belong to.
    E0022 MisplacedModifier { word, why } = "`{word}` {why}",

    /// A block follows the header of `if`, `while`, `for`, `match` and the like. It follows an expression only in `lock
    /// (place) { … }`.
    E0023 BlockAfterExpression = "a block cannot follow this expression",

    /// `if (var v = e)` tests whether a value is present. `while` and `match` have no such form.
    E0024 BindingNotHere { word } = "`{word}` cannot declare a variable in its header",

    /// Source files are UTF-8 text. The offset counts bytes from the start of the file, beginning with 0.
    E0025 NotUtf8 { path, byte, offset, line } = "`{path}` is not UTF-8 text: byte {byte} at offset {offset} (line {line})",

    /// `T *p` multiplies. A variable that is a pointer is declared as `var p: *T`.
    E0026 ProductAsDeclaration { text } = "`{text}` is a product, and declares nothing",

    /// Brackets close in the order in which they were opened, `(` by `)`, `[` by `]` and `{` by `}`.
    E0027 MismatchedBracket { bracket, found } = "`{bracket}` is closed by `{found}`",

    /// Each `else if` costs the compiler a little more than the one before. `match` compares one value with any number of others.
    E0028 ChainTooLong { limit } = "more than {limit} `else if` in one chain",

    /// A number with a leading zero is decimal. The octal form is `0o17`.
    W0001 LeadingZero { text } = "`{text}` is decimal: a leading zero does not make it octal",
}
