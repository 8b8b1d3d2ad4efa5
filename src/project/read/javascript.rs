//! JavaScript and TypeScript, as far as their lexis goes without a parser.
//!
//! A template literal is one token with all that is interpolated in it. Whether `/` begins a regex
//! depends on the token before. A string ends with its line if nothing else ends it, so that the
//! apostrophes of JSX text do no harm beyond it.

use std::borrow::Cow;

use super::Token;
use super::cursor::{Cursor, is_space, is_word, is_word_start};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Whitespace,
    LineComment,
    BlockComment,
    /// A keyword or a name; `#private` too.
    Name,
    Number,
    /// In single or double quotes.
    String,
    Template,
    Regex,
    Punctuation,
}

impl Kind {
    pub(crate) fn is_code(self) -> bool {
        !matches!(self, Self::Whitespace | Self::LineComment | Self::BlockComment)
    }
}

const DEEPEST: u8 = 32;

/// The tokens of a file, in order.
#[derive(Clone, Debug)]
pub(crate) struct Tokens<'a> {
    cursor: Cursor<'a>,
    /// Whether the last token ended a value, so that `/` divides.
    is_value: bool,
    depth: u8,
}

pub(crate) fn tokens(source: &[u8]) -> Tokens<'_> {
    Tokens { cursor: Cursor::new(source, 0), is_value: false, depth: 0 }
}

/// The tokens that are code.
pub(crate) fn code(source: &[u8]) -> Vec<Token<Kind>> {
    tokens(source).filter(|token| token.kind.is_code()).collect()
}

/// The value of a string or of a template without interpolation; none of any other token. Escapes
/// are left as they stand.
pub(crate) fn literal<'a>(source: &'a [u8], token: &Token<Kind>) -> Option<Cow<'a, [u8]>> {
    let text = token.text(source);
    let inner = match token.kind {
        Kind::String | Kind::Template => text.get(1..text.len().checked_sub(1)?)?,
        _ => return None,
    };
    if text.first() != text.last() {
        return None;
    }
    let is_dynamic = token.kind == Kind::Template && memchr::memmem::find(inner, b"${").is_some();
    (!is_dynamic).then_some(Cow::Borrowed(inner))
}

impl Tokens<'_> {
    fn token(&mut self) -> Kind {
        let cursor = &mut self.cursor;
        let kind = match (cursor.peek(0), cursor.peek(1)) {
            (first, _) if is_space(first) => {
                cursor.skip_while(is_space);
                return Kind::Whitespace;
            }
            (b'/', b'/') => {
                cursor.skip_line();
                return Kind::LineComment;
            }
            (b'/', b'*') => {
                cursor.skip(2);
                cursor.skip_past(b"*/");
                return Kind::BlockComment;
            }
            // A script's first line, or HTML's comment.
            (b'#', b'!') if cursor.at == 0 => {
                cursor.skip_line();
                return Kind::LineComment;
            }
            (quote @ (b'"' | b'\''), _) => {
                string(cursor, quote);
                Kind::String
            }
            (b'`', _) => {
                self.template();
                Kind::Template
            }
            (b'/', _) if !self.is_value && skip_regex(cursor) => Kind::Regex,
            (b'0'..=b'9', _) | (b'.', b'0'..=b'9') => {
                cursor.skip(1);
                cursor.skip_while(|byte| is_word(byte) || byte == b'.');
                Kind::Number
            }
            (first, second) if is_name(first) || (first == b'#' && is_name(second)) => {
                return self.name();
            }
            (first, second) => {
                let is_pair = matches!(
                    (first, second),
                    (b'=', b'>')
                        | (b'?', b'?' | b'.')
                        | (b'&', b'&')
                        | (b'|', b'|')
                        | (b'=' | b'!', b'=')
                );
                cursor.skip(1 + usize::from(is_pair));
                self.is_value = !is_pair && matches!(first, b')' | b']' | b'}');
                return Kind::Punctuation;
            }
        };
        self.is_value = true;
        kind
    }

    fn name(&mut self) -> Kind {
        const OPEN: [&[u8]; 12] = [
            b"return", b"typeof", b"case", b"in", b"of", b"delete", b"void", b"throw", b"new",
            b"else", b"do", b"await",
        ];
        let start = self.cursor.at;
        self.cursor.skip(1);
        self.cursor.skip_while(|byte| is_word(byte) || byte == b'$');
        self.is_value = !OPEN.contains(&&self.cursor.source[start..self.cursor.at]);
        Kind::Name
    }

    fn template(&mut self) {
        self.cursor.skip(1);
        while !self.cursor.is_over() {
            match (self.cursor.peek(0), self.cursor.peek(1)) {
                (b'\\', _) => self.cursor.skip(2),
                (b'`', _) => return self.cursor.skip(1),
                (b'$', b'{') if self.depth < DEEPEST => self.interpolation(),
                _ => self.cursor.skip(1),
            }
        }
    }

    fn interpolation(&mut self) {
        let cursor = Cursor::new(self.cursor.source, self.cursor.at + 2);
        let mut within = Tokens { cursor, is_value: false, depth: self.depth + 1 };
        let mut open = 1;
        for token in within.by_ref() {
            match (token.kind, token.text(self.cursor.source)) {
                (Kind::Punctuation, b"{") => open += 1,
                (Kind::Punctuation, b"}") => open -= 1,
                _ => {}
            }
            if open == 0 {
                break;
            }
        }
        self.cursor.at = within.cursor.at;
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token<Kind>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cursor.is_over() {
            return None;
        }
        let start = self.cursor.at;
        let kind = self.token();
        Some(Token::new(kind, start, self.cursor.at))
    }
}

fn is_name(byte: u8) -> bool {
    is_word_start(byte) || byte == b'$'
}

fn string(cursor: &mut Cursor<'_>, quote: u8) {
    cursor.skip(1);
    while let Some(at) = memchr::memchr3(quote, b'\\', b'\n', cursor.rest()) {
        cursor.at += at;
        match cursor.peek(0) {
            b'\\' => cursor.skip(2),
            b'\n' => return,
            _ => return cursor.skip(1),
        }
    }
    cursor.at = cursor.source.len();
}

/// Over `/…/flags`; false and nowhere if no line holds all of it.
fn skip_regex(cursor: &mut Cursor<'_>) -> bool {
    let start = cursor.at;
    let mut is_class = false;
    cursor.skip(1);
    while !cursor.is_over() {
        match cursor.peek(0) {
            b'\n' => break,
            b'\\' => cursor.skip(1),
            b'[' => is_class = true,
            b']' => is_class = false,
            b'/' if !is_class => {
                cursor.skip(1);
                cursor.skip_while(|byte| byte.is_ascii_lowercase());
                return true;
            }
            _ => {}
        }
        cursor.skip(1);
    }
    cursor.at = start;
    false
}

#[cfg(test)]
mod tests {
    use super::{Kind, code, literal};

    #[test]
    fn strings_templates_and_regexes() {
        let source = br#"#!/usr/bin/env node
const a = 'x\'y', b = `t ${f(`${"}"}`)} u`; // 'no'
let c = a / b / 2, d = /["'/]\//g.test(x); /* `no` */
<p>Don't</p>
return /x/"#;
        let found: Vec<String> = code(source)
            .iter()
            .filter(|token| matches!(token.kind, Kind::String | Kind::Template | Kind::Regex))
            .map(|token| {
                format!("{:?} {}", token.kind, String::from_utf8_lossy(token.text(source)))
            })
            .collect();
        insta::assert_snapshot!(found.join("\n"), @r#"
        String 'x\'y'
        Template `t ${f(`${"}"}`)} u`
        Regex /["'/]\//g
        String 't</p>
        Regex /x/
        "#);
        let first = code(source).into_iter().find(|token| token.kind == Kind::String).unwrap();
        assert_eq!(&literal(source, &first).unwrap()[..], br"x\'y");
    }
}
