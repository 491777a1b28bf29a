//! Queries on the words of the language.

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

/// Whether no parameter can have the name.
pub fn is_reserved_of_parameter(text: &str) -> bool {
    is_reserved(text) && !word(text).is_some_and(|word| word.parameter)
}

/// The word that a text begins with.
pub fn first(text: &str) -> &str {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
    &text[..text.find(|c| !goes_on(c)).unwrap_or(text.len())]
}

/// Whether the word names a type that the language itself has.
pub fn is_primitive(text: &str) -> bool {
    word(text).is_some_and(|word| word.role == WordRole::Type)
}

#[cfg(test)]
mod tests {
    use super::is_reserved;
    use crate::syntax::{KsParser, Rule};
    use crate::tables::WORDS;
    use pest::Parser;

    #[test]
    fn the_grammar_reserves_the_words_of_the_table() {
        for word in WORDS {
            let is_name = |text: &str| KsParser::parse(Rule::name_text, text).is_ok();
            assert_eq!(is_name(word.name), !is_reserved(word.name) || word.before_name, "{}", word.name);
            assert!(!is_reserved(word.name) || !is_name(&format!("{} T", word.name)), "{}", word.name);
            assert!(is_name(&format!("{}x", word.name)) && is_name(&format!("x{}", word.name)), "{}", word.name);
        }
    }
}
