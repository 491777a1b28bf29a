//! The table of words.

use crate::tables::form::{Text, record, words};

record! {
    /// A word of the language (`ir-specs/words.toml`).
    pub struct WordSpec {
        pub name: Text,
        pub role: WordRole,
        /// It begins a declaration where one may begin.
        #[serde(default)]
        pub item: bool,
        /// A parameter may have it as its name, though it begins an expression or a statement.
        #[serde(default)]
        pub parameter: bool,
        /// It has its meaning before another word alone, and is a name elsewhere.
        #[serde(default)]
        pub before_name: bool,
    }
}

words! {
    /// The place that a word has in the grammar.
    #[serde(rename_all = "snake_case")]
    pub enum WordRole {
        /// Begins a statement or an expression, and so is no name in one.
        Begins,
        /// Continues a statement or an expression.
        Continues,
        /// A keyword where neither begins or goes on.
        Keyword,
        /// A type that is always there.
        Type,
        /// A name everywhere but before a declaration.
        Name,
    }
}
