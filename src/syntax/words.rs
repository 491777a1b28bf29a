//! The words of the language.

use crate::source::words::{CONTINUES, RESERVED};

/// Every keyword. They are contextual: where a name can stand, most are one.
const KEYWORDS: &[&str] = &[
    "as", "break", "catch", "config", "const", "continue", "default", "defer", "delete", "else", "enum", "extern",
    "false", "fn", "for", "from", "if", "impl", "import", "in", "include", "let", "local", "loop", "match", "new",
    "none", "null", "offsetof", "pin", "return", "sizeof", "struct", "throw", "true", "try", "type", "var", "while",
];

/// The types that are always there.
const PRIMITIVES: &[&str] = &[
    "be16", "be32", "be64", "bool", "char", "f64", "i16", "i32", "i64", "i8", "int", "size_t", "str", "u16", "u32",
    "u64", "u8", "void",
];

pub fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search(&word).is_ok()
}

/// Whether no expression can name what is called so.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word).is_ok() || CONTINUES.contains(&word)
}

pub fn is_primitive(word: &str) -> bool {
    PRIMITIVES.binary_search(&word).is_ok()
}
