//! The tokens of SQL as words, and what is told of them.

use sqlparser::tokenizer::Token;

/// Something that PostgreSQL does not take.
pub(super) struct Trait {
    pub(super) rule: &'static str,
    /// What to look for in the source, so that its line can be told.
    pub(super) needle: String,
    pub(super) message: String,
    pub(super) way: String,
}

pub(super) fn of(
    rule: &'static str,
    needle: &str,
    message: impl Into<String>,
    way: impl Into<String>,
) -> Trait {
    Trait { rule, needle: needle.to_owned(), message: message.into(), way: way.into() }
}

pub(super) fn word(token: Option<&Token>) -> Option<String> {
    match token {
        Some(Token::Word(word)) if word.quote_style.is_none() => {
            Some(word.value.to_ascii_uppercase())
        }
        _ => None,
    }
}

pub(super) fn is(token: Option<&Token>, wanted: &str) -> bool {
    word(token).is_some_and(|word| word == wanted)
}

/// Whether these words follow each other from `at` on.
pub(super) fn are(tokens: &[Token], at: usize, wanted: &[&str]) -> bool {
    wanted.iter().enumerate().all(|(nth, wanted)| is(tokens.get(at + nth), wanted))
}
