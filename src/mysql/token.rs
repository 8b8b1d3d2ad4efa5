//! The words of `MySQL`'s own text: what `SHOW CREATE TABLE`, `SHOW GRANTS` and `COLUMN_TYPE` print.
//!
//! Works on bytes, as `MariaDB` prints the default of a binary column as it is, valid UTF-8 or not.
//! Speaks the dialect of a session with an empty `sql_mode`: backslashes escape, double quotes
//! hold strings. Source: `MySQL` manual 11.1.1 "String Literals", table 11.1.

/// One word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A bare word or number: letters, digits, `_`, `$`, `.`, `@` and all beyond ASCII.
    Word(&'a [u8]),
    /// A string with its quotes taken off and its escapes resolved.
    Text(Vec<u8>),
    /// A name in backticks, taken out of them.
    Name(Vec<u8>),
    /// What stands between `(` and its `)`.
    Group(&'a [u8]),
    /// Any other character.
    Symbol(u8),
}

impl Token<'_> {
    /// Whether this is the bare word `word`, in any case.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(self, Token::Word(found) if found.eq_ignore_ascii_case(word.as_bytes()))
    }
}

/// The tokens of `text`, in order. The opening and closing marks of version comments
/// (`/*!80023 INVISIBLE */`) are left out and their content is kept, as the server would.
pub(crate) fn tokens(text: &[u8]) -> Tokens<'_> {
    Tokens { text, at: 0 }
}

/// The parts of `text` between its top-level commas, untrimmed.
pub(crate) fn split_commas(text: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut tokens = tokens(text);
    let mut start = 0;
    while let Some(token) = tokens.next() {
        if token == Token::Symbol(b',') {
            parts.push(&text[start..tokens.at - 1]);
            start = tokens.at;
        }
    }
    parts.push(&text[start..]);
    parts
}

/// An iterator that knows where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    /// What follows the last token.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    /// Skips white space and the marks of version comments.
    fn skip_blanks(&mut self) {
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(byte), _) if byte.is_ascii_whitespace() => self.at += 1,
                (Some(b'/'), Some(b'*')) => {
                    self.at += 2;
                    while matches!(self.peek(0), Some(b'!' | b'M' | b'0'..=b'9')) {
                        self.at += 1;
                    }
                }
                (Some(b'*'), Some(b'/')) => self.at += 2,
                _ => return,
            }
        }
    }

    /// The content of a quoted run whose opening quote stands at the cursor.
    fn quoted(&mut self, quote: u8) -> Vec<u8> {
        let mut content = Vec::new();
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == quote {
                if self.peek(0) != Some(quote) {
                    return content;
                }
                self.at += 1;
                content.push(quote);
            } else if byte == b'\\' && quote != b'`' {
                self.escape(&mut content);
            } else {
                content.push(byte);
            }
        }
        content
    }

    /// Resolves the escape whose backslash is behind the cursor.
    fn escape(&mut self, content: &mut Vec<u8>) {
        let Some(byte) = self.peek(0) else {
            content.push(b'\\');
            return;
        };
        self.at += 1;
        match byte {
            b'0' => content.push(0),
            b'b' => content.push(8),
            b'n' => content.push(b'\n'),
            b'r' => content.push(b'\r'),
            b't' => content.push(b'\t'),
            b'Z' => content.push(0x1a),
            // Outside LIKE these two keep their backslash.
            b'%' | b'_' => content.extend([b'\\', byte]),
            other => content.push(other),
        }
    }

    /// The content of the parentheses whose opening one stands at the cursor.
    fn group(&mut self) -> &'a [u8] {
        self.at += 1;
        let start = self.at;
        let mut depth = 1_usize;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\'' | b'"' | b'`' => {
                    self.quoted(byte);
                    continue;
                }
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return &self.text[start..self.at - 1];
            }
        }
        &self.text[start..]
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.' | b'@') || byte >= 0x80
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blanks();
        let byte = self.peek(0)?;
        Some(match byte {
            b'\'' | b'"' => Token::Text(self.quoted(byte)),
            b'`' => Token::Name(self.quoted(byte)),
            b'(' => Token::Group(self.group()),
            byte if is_word_byte(byte) => {
                let start = self.at;
                while self.peek(0).is_some_and(is_word_byte) {
                    self.at += 1;
                }
                Token::Word(&self.text[start..self.at])
            }
            byte => {
                self.at += 1;
                Token::Symbol(byte)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Token, split_commas, tokens};

    fn all(text: &str) -> Vec<Token<'_>> {
        tokens(text.as_bytes()).collect()
    }

    #[test]
    fn strings_and_names_come_out_of_their_quotes() {
        assert_eq!(
            all(r"'it''s' 'a\'b\\c\n\0' `a``b\` `(`"),
            [
                Token::Text(b"it's".to_vec()),
                Token::Text(b"a'b\\c\n\0".to_vec()),
                Token::Name(b"a`b\\".to_vec()),
                Token::Name(b"(".to_vec()),
            ]
        );
        assert_eq!(all(r"'\%\_'"), [Token::Text(br"\%\_".to_vec())]);
    }

    #[test]
    fn parentheses_in_strings_do_not_count() {
        assert_eq!(
            all(r"AS (concat(`a)`,')\'(')) STORED"),
            [Token::Word(b"AS"), Token::Group(br"concat(`a)`,')\'(')"), Token::Word(b"STORED"),]
        );
    }

    #[test]
    fn version_comments_are_read_as_the_server_reads_them() {
        assert_eq!(
            all("`o` int DEFAULT '5' /*!80023 INVISIBLE */ x /*M!100301 COMPRESSED*/"),
            [
                Token::Name(b"o".to_vec()),
                Token::Word(b"int"),
                Token::Word(b"DEFAULT"),
                Token::Text(b"5".to_vec()),
                Token::Word(b"INVISIBLE"),
                Token::Word(b"x"),
                Token::Word(b"COMPRESSED"),
            ]
        );
    }

    #[test]
    fn commas_split_at_the_top_only() {
        assert_eq!(split_commas(b"a, f(b,c), 'd,e'"), [&b"a"[..], &b" f(b,c)"[..], &b" 'd,e'"[..]]);
        assert_eq!(split_commas(b""), [b""]);
    }

    #[test]
    fn unfinished_text_ends_without_a_panic() {
        for text in ["'", "'a\\", "`", "(", "(('", "/*!", "*/"] {
            all(text);
        }
    }
}
