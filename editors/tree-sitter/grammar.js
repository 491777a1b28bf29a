/// <reference types="tree-sitter-cli/dsl" />
// The grammar of KernelScript for editors. src/syntax/ks.pest is the language; this one accepts more than it, since an editor
// shows programs that are half written. src/scanner.c decides which newlines end a statement.

const PREC = {
  statement: -1,
  ternary: 1,
  or: 2,
  and: 3,
  bit_or: 4,
  bit_xor: 5,
  bit_and: 6,
  equal: 7,
  compare: 8,
  shift: 9,
  sum: 10,
  product: 11,
  unary: 12,
  cast: 13,
  postfix: 14,
};

const commas = (rule) => optional(commas1(rule));
const commas1 = (rule) => seq(rule, repeat(seq(",", rule)), optional(","));

module.exports = grammar({
  name: "kernelscript",

  externals: ($) => [$._newline, $._never],
  extras: ($) => [/[ \t\r\n\uFEFF]/, $.comment],
  word: ($) => $.identifier,
  supertypes: ($) => [$._expression, $._type, $._declaration, $._statement],

  conflicts: ($) => [
    [$._expression, $._body],
    [$._path, $.scoped_name],
    [$.parenthesized, $.while],
    [$.binary, $._pattern_value],
    [$.parenthesized, $.match],
    [$.parenthesized, $.if],
    [$.pointer_type, $._name],
    [$._path, $._name],
    [$.struct_literal, $.packet_literal],
    [$._expression, $.struct_literal],
    [$._name, $.struct_literal],
    [$._name, $.on_return],
    [$._name, $.lock_statement],
    [$._name, $.struct_literal, $.packet_literal],
  ],

  rules: {
    source_file: ($) => repeat(choice($._item, $._separator)),
    _separator: ($) => choice($._newline, ";"),

    // ---- declarations ----

    _item: ($) => prec.right(seq(repeat(seq(choice($.attribute, $.modifier), repeat($._newline))), $._declaration)),
    attribute: ($) => prec.right(seq("@", field("name", $.identifier), optional($.arguments))),
    modifier: (_) => choice("pub", "priv", "pin", "local", "percpu"),

    _declaration: ($) =>
      choice(
        $.function,
        $.struct,
        $.union,
        $.enum,
        $.type_alias,
        $.config,
        $.global,
        $.constant,
        $.implementation,
        $.extern,
        $.include,
        $.import,
        $.license,
        $.min_kernel,
      ),

    function: ($) =>
      prec.right(
        seq("fn", field("name", $.identifier), $.parameters, optional($._result), optional(field("body", $.block))),
      ),
    parameters: ($) => seq("(", commas($.parameter), ")"),
    parameter: ($) => seq(field("name", $.identifier), ":", field("type", $._type)),
    _result: ($) => seq("->", optional(seq(field("result", $.identifier), ":")), field("type", $._type)),

    struct: ($) => seq("struct", field("name", $.identifier), $.fields),
    union: ($) => seq("union", field("name", $.identifier), $.fields),
    config: ($) => seq("config", field("name", $.identifier), $.fields),
    fields: ($) => seq("{", repeat(choice($.field, ",", $._separator)), "}"),
    field: ($) =>
      prec.right(
        seq(
          field("name", $.identifier),
          ":",
          field("type", $._type),
          optional(seq(":", field("bits", $._expression))),
          optional(seq("=", field("default", $._expression))),
        ),
      ),

    enum: ($) =>
      seq("enum", field("name", $.identifier), optional(seq(":", field("type", $._type))), $.variants),
    variants: ($) => seq("{", repeat(choice($.variant, ",", $._separator)), "}"),
    variant: ($) => prec.right(seq(field("name", $.identifier), optional(seq("=", field("value", $._expression))))),

    type_alias: ($) => seq("type", field("name", $.identifier), "=", field("type", $._type)),
    global: ($) => prec.right($._variable),
    constant: ($) =>
      prec.right(seq("const", field("name", $.identifier), optional(seq(":", field("type", $._type))), "=", field("value", $._expression))),

    implementation: ($) =>
      seq("impl", field("name", $.identifier), "{", repeat(choice($._member_item, ",", $._separator)), "}"),
    _member_item: ($) => seq(repeat(seq($.attribute, repeat($._newline))), choice($.function, $.field_value)),

    extern: ($) =>
      prec.right(
        seq(
          "extern",
          optional(choice("?", field("library", $.string))),
          field("name", $.identifier),
          "(",
          commas(choice($.parameter, $._type)),
          ")",
          optional(seq("->", field("type", $._type))),
        ),
      ),
    include: ($) => seq("include", field("path", $.string)),
    import: ($) => seq("import", field("name", $.identifier), "from", field("path", $.string)),
    license: ($) => seq("license", $.string),
    min_kernel: ($) => seq("min_kernel", $.string),

    // ---- types ----

    _type: ($) =>
      choice($.primitive_type, $.named_type, $.pointer_type, $.optional_type, $.array_type, $.function_type, $.parenthesized_type),
    primitive_type: ($) =>
      prec.right(
        seq(
          choice(
            "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "be16", "be32", "be64", "f64", "bool", "char", "void", "int", "size_t",
            "str",
          ),
          optional($.type_size),
        ),
      ),
    named_type: ($) => prec.right(seq($._path, optional($.type_arguments), optional($.type_size))),
    _path: ($) =>
      prec.right(seq(field("name", alias($.identifier, $.type_identifier)), optional(seq(choice(".", "::"), field("member", alias($.identifier, $.type_identifier)))))),
    type_arguments: ($) => seq("<", commas1($._type), ">"),
    type_size: ($) => seq("(", commas1($._expression), ")"),
    pointer_type: ($) => prec.right(seq("*", optional(field("memory", alias(choice("user", "arena"), $.memory))), $._type)),
    optional_type: ($) => prec.left(seq($._type, "?")),
    array_type: ($) =>
      prec.left(choice(seq($._type, "[", field("length", $._expression), "]"), seq("[", $._type, ";", field("length", $._expression), "]"))),
    function_type: ($) =>
      prec.right(seq("fn", "(", commas(choice($.parameter, $._type)), ")", optional(seq("->", $._type)))),
    parenthesized_type: ($) => seq("(", $._type, ")"),

    // ---- expressions ----

    _expression: ($) =>
      choice(
        $._name,
        $.scoped_name,
        $.number,
        $.string,
        $.character,
        $.boolean,
        $.null,
        $.parenthesized,
        $.array,
        $.block,
        $.struct_literal,
        $.packet_literal,
        $.unary,
        $.binary,
        $.ternary,
        $.cast,
        $.call,
        $.index,
        $.member,
        $.if,
        $.match,
        $.sizeof,
        $.offsetof,
        $.new,
      ),

    // Words that have a meaning of their own in one place, and are names in all others.
    _name: ($) => choice($.identifier, alias(choice("packet", "lock", "on", "user", "arena", "from"), $.identifier)),
    scoped_name: ($) => seq(field("scope", $.identifier), "::", field("name", $.identifier)),
    parenthesized: ($) => seq("(", $._expression, ")"),
    array: ($) => seq("[", optional(choice(seq($._expression, ";", $._expression), commas1($._expression))), "]"),
    struct_literal: ($) =>
      prec.dynamic(
        -1,
        seq(
          field("type", choice(alias(choice($.identifier, "packet"), $.type_identifier), $.scoped_name, $.member)),
          "{",
          repeat(choice($.field_value, $.rest, ",", $._separator)),
          "}",
        ),
      ),
    field_value: ($) => prec.right(seq(field("name", alias($.identifier, $.field_identifier)), ":", field("value", $._expression))),
    rest: (_) => "..",
    packet_literal: ($) => seq("packet", "{", repeat(choice($._expression, ",", $._separator)), "}"),

    unary: ($) => prec.right(PREC.unary, seq(field("operator", choice("!", "-", "~", "*", "&")), field("operand", $._expression))),
    binary: ($) =>
      choice(
        ...[
          ["||", PREC.or],
          ["&&", PREC.and],
          ["|", PREC.bit_or],
          ["^", PREC.bit_xor],
          ["&", PREC.bit_and],
          ["==", PREC.equal],
          ["!=", PREC.equal],
          ["<", PREC.compare],
          ["<=", PREC.compare],
          [">", PREC.compare],
          [">=", PREC.compare],
          ["<<", PREC.shift],
          [">>", PREC.shift],
          ["+", PREC.sum],
          ["-", PREC.sum],
          ["*", PREC.product],
          ["/", PREC.product],
          ["%", PREC.product],
        ].map(([operator, precedence]) =>
          prec.left(precedence, seq(field("left", $._expression), field("operator", operator), field("right", $._expression))),
        ),
      ),
    ternary: ($) =>
      prec.right(
        PREC.ternary,
        seq(field("condition", $._expression), "?", field("then", $._expression), ":", field("else", $._expression)),
      ),
    cast: ($) => prec.left(PREC.cast, seq($._expression, "as", field("type", $._cast_type))),
    _cast_type: ($) =>
      choice(
        alias($._cast_pointer, $.pointer_type),
        alias($._cast_name, $.named_type),
        alias($._cast_primitive, $.primitive_type),
        $.function_type,
        $.parenthesized_type,
        seq("[", $._type, ";", field("length", $._expression), "]"),
      ),
    _cast_pointer: ($) => prec.right(seq("*", optional(field("memory", alias(choice("user", "arena"), $.memory))), $._cast_type)),
    _cast_name: ($) => prec.left($._path),
    _cast_primitive: ($) =>
      choice(
        "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "be16", "be32", "be64", "f64", "bool", "char", "void", "int", "size_t",
        seq("str", $.type_size),
      ),

    call: ($) => prec(PREC.postfix, seq(field("function", $._expression), $.arguments)),
    arguments: ($) => seq("(", commas($._argument), ")"),
    _argument: ($) => choice($._expression, $.named_argument),
    named_argument: ($) => prec.dynamic(1, seq(field("name", $.identifier), ":", field("value", $._expression))),
    index: ($) => prec(PREC.postfix, seq(field("array", $._expression), "[", field("index", $._expression), "]")),
    member: ($) =>
      prec.left(
        PREC.postfix,
        seq(
          field("object", $._expression),
          choice(".", "->"),
          field("field", alias($.identifier, $.field_identifier)),
          optional(seq("::", field("variant", $.identifier))),
        ),
      ),
    sizeof: ($) => seq("sizeof", "(", choice(prec.dynamic(1, $._expression), $._type), ")"),
    offsetof: ($) => seq("offsetof", "(", $._type, ",", alias($.identifier, $.field_identifier), repeat(seq(".", alias($.identifier, $.field_identifier))), ")"),
    new: ($) => prec(PREC.postfix, seq("new", $._path, repeat(seq("[", $._expression, "]")), $.arguments)),

    if: ($) =>
      prec.right(
        seq(
          "if",
          choice(
            seq("(", choice($.bindings, field("condition", $._expression)), ")", $._body),
            seq(choice($.bindings, field("condition", $._expression)), field("then", $.block)),
          ),
          optional(seq("else", field("else", $._body))),
        ),
      ),
    bindings: ($) => prec.right(commas1($.binding)),
    binding: ($) =>
      prec.right(seq(choice("var", "let"), field("name", $.identifier), optional(seq(":", field("type", $._type))), "=", field("value", $._expression))),
    _body: ($) => prec.right(choice($.block, prec.dynamic(-1, $._statement))),

    match: ($) =>
      seq(
        "match",
        choice(seq("(", field("value", $._expression), ")"), field("value", $._expression)),
        "{",
        repeat(choice($.arm, ",", $._separator)),
        "}",
      ),
    arm: ($) => prec.right(seq($._pattern, repeat(seq("|", $._pattern)), ":", field("value", $._statement))),
    _pattern: ($) => choice($.default_pattern, $.range_pattern, $._pattern_value),
    default_pattern: (_) => "default",
    range_pattern: ($) => seq($._pattern_value, choice("..", "..="), $._pattern_value),
    _pattern_value: ($) => prec(PREC.bit_or, $._expression),

    // ---- statements ----

    block: ($) => seq("{", repeat(choice($._statement, $._separator)), "}"),

    _statement: ($) =>
      choice(
        $.expression_statement,
        $.assignment,
        $.variable,
        $.constant,
        $.return,
        $.break,
        $.continue,
        $.throw,
        $.delete,
        $.defer,
        $.loop,
        $.while,
        $.for,
        $.try,
        $.lock_statement,
        $.on_return,
      ),

    expression_statement: ($) => prec.right(PREC.statement, $._expression),
    assignment: ($) =>
      prec.right(
        PREC.statement,
        seq(
          field("place", $._expression),
          field("operator", choice("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=")),
          field("value", $._expression),
        ),
      ),
    variable: ($) => prec.right(PREC.statement, seq($._variable, optional(seq("else", field("else", $.block))))),
    _variable: ($) =>
      prec.right(
        PREC.statement,
        seq(choice("var", "let"), field("name", $.identifier), optional(seq(":", field("type", $._type))), optional(seq("=", field("value", $._expression)))),
      ),
    return: ($) => prec.right(PREC.statement, seq("return", optional($._expression))),
    break: (_) => "break",
    continue: (_) => "continue",
    throw: ($) => prec.right(PREC.statement, seq("throw", $._expression)),
    delete: ($) => prec.right(PREC.statement, seq("delete", $._expression)),
    defer: ($) => prec.right(PREC.statement, seq("defer", choice($._expression, $.delete))),
    loop: ($) => seq("loop", $.block),
    while: ($) =>
      prec.right(
        seq(
          "while",
          choice(
            seq("(", field("condition", $._expression), ")", $._body),
            seq(field("condition", $._expression), $.block),
          ),
        ),
      ),
    for: ($) => prec.right(seq("for", choice(seq("(", $._for_header, ")", $._body), seq($._for_header, $.block)))),
    _for_header: ($) =>
      seq(
        field("name", $.identifier),
        optional(seq(",", field("name", $.identifier))),
        "in",
        field("value", $._expression),
        optional(seq(choice("..", "..="), field("end", $._expression))),
      ),
    try: ($) => prec.right(seq("try", $.block, repeat($.catch))),
    catch: ($) => seq("catch", field("code", $._expression), $.block),
    lock_statement: ($) => prec.dynamic(1, seq("lock", "(", field("place", $._expression), ")", $.block)),
    on_return: ($) => seq("on", "return", optional(seq("(", $.parameter, ")")), $.block),

    // ---- words ----

    identifier: (_) => /[A-Za-z_][A-Za-z0-9_]*/,
    number: (_) => token(choice(/0[xXoObB][0-9A-Za-z_]*/, /[0-9][0-9_]*(\.[0-9][0-9_]*)?([eE][+-]?[0-9][0-9_]*)?[A-Za-z_]*/)),
    string: ($) => seq('"', repeat(choice($.escape, token.immediate(prec(1, /[^"\\]+/)))), token.immediate('"')),
    escape: (_) => token.immediate(/\\(x[0-9A-Fa-f]{2}|.)/),
    character: (_) => token(seq("'", choice(/[^'\\]/, /\\x[0-9A-Fa-f]{2}/, /\\./), "'")),
    boolean: (_) => choice("true", "false"),
    null: (_) => choice("null", "none"),
    comment: (_) => token(choice(/\/\/[^\n]*/, /\/\*[^*]*\*+([^/*][^*]*\*+)*\//)),
  },
});
