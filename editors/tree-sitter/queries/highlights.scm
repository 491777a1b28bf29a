; Colours. The later pattern wins where two match, as editors have it. The lists of words are those of ir-specs/words.toml; `ci/editors` compares.

(identifier) @variable
(field_identifier) @property
(type_identifier) @type

[
  "as" "catch" "config" "const" "defer" "delete" "else" "enum" "extern" "fn" "for" "from" "if" "impl" "import"
  "in" "include" "let" "license" "local" "loop" "match" "min_kernel" "new" "offsetof" "on" "percpu" "pin" "priv" "pub" "return" "sizeof"
  "struct" "throw" "try" "type" "union" "var" "while"
] @keyword
(default_pattern) @keyword
(break) @keyword
(continue) @keyword
(modifier) @keyword
(memory) @keyword.modifier

(primitive_type) @type.builtin
(struct name: (identifier) @type)
(union name: (identifier) @type)
(enum name: (identifier) @type)
(config name: (identifier) @type)
(type_alias name: (identifier) @type)
(implementation name: (identifier) @type)
(variant name: (identifier) @constant)
(constant name: (identifier) @constant)
((identifier) @constant (#match? @constant "^[A-Z][A-Z0-9_]+$"))

(function name: (identifier) @function)
(extern name: (identifier) @function)
(call function: (identifier) @function)
(call function: (member field: (field_identifier) @function.method))
(attribute "@" @attribute name: (identifier) @attribute)
(parameter name: (identifier) @variable.parameter)
(named_argument name: (identifier) @variable.parameter)
(field name: (identifier) @property)
(import name: (identifier) @module)

(number) @number
(string) @string
(character) @string
(escape) @string.escape
(boolean) @boolean
(null) @constant.builtin
(comment) @comment
((comment) @comment.documentation (#match? @comment.documentation "^///"))

[
  "!" "-" "~" "*" "&" "||" "&&" "|" "^" "==" "!=" "<" "<=" ">" ">=" "<<" ">>" "+" "/" "%" "=" "+=" "-=" "*=" "/=" "%=" "&=" "|=" "^=" "<<="
  ">>=" "->" ".." "..=" "?"
] @operator
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," ";" ":" "::" "."] @punctuation.delimiter
