//! The words of a line of `SHOW GRANTS`, in whatever dialect the session prints them.

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Bare, as it stands.
    Word(String),
    /// In backticks, double or single quotes, taken out of them: here all three hold names.
    Name(String),
    Symbol(char),
}

impl Token {
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// `None` where a quote is never closed.
pub(super) fn tokens(line: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '`' | '"' | '\'' => {
                let mut name = String::new();
                loop {
                    let next = letters.next()?;
                    if next != letter {
                        name.push(next);
                    } else if letters.next_if_eq(&letter).is_some() {
                        name.push(letter);
                    } else {
                        break;
                    }
                }
                tokens.push(Token::Name(name));
            }
            space if space.is_whitespace() => {}
            first if is_part_of_word(first) => {
                let mut word = String::from(first);
                while let Some(next) = letters.next_if(|&next| is_part_of_word(next)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            symbol => tokens.push(Token::Symbol(symbol)),
        }
    }
    Some(tokens)
}

/// What a name needs no quotes for.
fn is_part_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '$' || !letter.is_ascii()
}
