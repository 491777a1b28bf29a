//! What the words of the language are to the grammar's readers.

use crate::tables::{WordRole, word};

/// Keywords are contextual: most are names where a name is allowed.
pub fn is_keyword(text: &str) -> bool {
    word(text).is_some_and(|word| match word.role {
        WordRole::Begins | WordRole::Continues | WordRole::Keyword => true,
        WordRole::Type | WordRole::Name => false,
    })
}

/// Whether no expression can name what is called so.
pub fn is_reserved(text: &str) -> bool {
    word(text).is_some_and(|word| matches!(word.role, WordRole::Begins | WordRole::Continues))
}

pub fn is_primitive(text: &str) -> bool {
    word(text).is_some_and(|word| word.role == WordRole::Type)
}
