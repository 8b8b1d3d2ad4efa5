//! Strings, regexes and `%` literals of Ruby.

use super::{Before, DEEPEST, Kind, Tokens, within};
use crate::project::read::cursor::is_word;

impl Tokens<'_> {
    /// A string in quotes, from its first quote.
    pub(super) fn quoted(&mut self, kind: Kind) -> Kind {
        let start = self.cursor.at;
        let quote = self.cursor.peek(0);
        self.cursor.skip(1);
        let is_closed = if kind == Kind::SingleQuoted {
            self.plain(quote, quote)
        } else {
            self.interpolated(quote, quote)
        };
        if !is_closed {
            self.broken.get_or_insert(start);
        }
        self.before = Before::Value;
        kind
    }

    pub(super) fn regex(&mut self) -> Kind {
        let start = self.cursor.at;
        self.cursor.skip(1);
        if !self.interpolated(b'/', b'/') {
            self.broken.get_or_insert(start);
        }
        self.cursor.skip_while(|byte| byte.is_ascii_lowercase());
        self.before = Before::Value;
        Kind::Regex
    }

    /// Whether `%` begins a literal and is no remainder.
    pub(super) fn begins_percent(&self) -> bool {
        let (next, after) = (self.cursor.peek(1), self.cursor.peek(2));
        let is_literal = match next {
            b'w' | b'W' | b'i' | b'I' | b'q' | b'Q' | b'r' | b'x' | b's' => {
                after.is_ascii_punctuation() && after != b'='
            }
            b'(' | b'[' | b'{' | b'<' | b'|' | b'!' | b'/' | b'^' => true,
            _ => false,
        };
        is_literal && self.begins_value(true)
    }

    pub(super) fn percent(&mut self) -> Kind {
        let start = self.cursor.at;
        self.cursor.skip(1);
        let letter = self.cursor.peek(0);
        let (kind, is_plain) = match letter {
            b'w' | b'i' => (Kind::Words, true),
            b'W' | b'I' => (Kind::Words, false),
            b'q' => (Kind::PercentSingle, true),
            b's' => (Kind::Symbol, true),
            b'r' => (Kind::Regex, false),
            b'x' => (Kind::Command, false),
            _ => (Kind::PercentDouble, false),
        };
        if letter.is_ascii_alphabetic() {
            self.cursor.skip(1);
        }
        let open = self.cursor.peek(0);
        let close = match open {
            b'(' => b')',
            b'[' => b']',
            b'{' => b'}',
            b'<' => b'>',
            other => other,
        };
        self.cursor.skip(1);
        let is_closed =
            if is_plain { self.plain(open, close) } else { self.interpolated(open, close) };
        if !is_closed {
            self.broken.get_or_insert(start);
        }
        if kind == Kind::Regex {
            self.cursor.skip_while(|byte| byte.is_ascii_lowercase());
        }
        self.before = Before::Value;
        kind
    }

    /// To behind `close`; brackets within may be nested.
    fn plain(&mut self, open: u8, close: u8) -> bool {
        let mut depth = 1;
        while let Some(at) = memchr::memchr3(b'\\', open, close, self.cursor.rest()) {
            self.cursor.at += at;
            match self.cursor.peek(0) {
                b'\\' => self.cursor.skip(1),
                byte if byte == close => depth -= 1,
                _ => depth += 1,
            }
            self.cursor.skip(1);
            if depth == 0 {
                return true;
            }
        }
        self.cursor.at = self.cursor.source.len();
        false
    }

    fn interpolated(&mut self, open: u8, close: u8) -> bool {
        let mut depth = 1;
        while !self.cursor.is_over() {
            match (self.cursor.peek(0), self.cursor.peek(1)) {
                (b'\\', _) => self.cursor.skip(2),
                (byte, _) if byte == close => {
                    self.cursor.skip(1);
                    depth -= 1;
                    if depth == 0 {
                        return true;
                    }
                }
                (b'#', b'{') => self.interpolation(),
                (byte, _) => {
                    depth += usize::from(byte == open);
                    self.cursor.skip(1);
                }
            }
        }
        false
    }

    /// Over `#{…}`, in which strings and braces of their own may stand.
    fn interpolation(&mut self) {
        if self.depth == DEEPEST {
            return self.cursor.skip(2);
        }
        let mut inner = within(self.cursor.source, self.cursor.at + 2, self.depth + 1);
        let mut open = 1;
        for token in inner.by_ref() {
            match (token.kind, token.text(self.cursor.source)) {
                (Kind::Punctuation, b"{") => open += 1,
                (Kind::Punctuation, b"}") => open -= 1,
                _ => {}
            }
            if open == 0 {
                break;
            }
        }
        self.cursor.at = inner.cursor.at;
    }
}

/// Whether `#{`, `#@` or `#$` stands in a string.
pub(super) fn is_interpolated(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'#', b'\\', &text[at..]) {
        at += found;
        if text[at] == b'\\' {
            at = (at + 2).min(text.len());
            continue;
        }
        let next = text.get(at + 1).copied().unwrap_or(0);
        let after = text.get(at + 2).copied().unwrap_or(0);
        if next == b'{' || (matches!(next, b'@' | b'$') && is_word(after)) {
            return true;
        }
        at += 1;
    }
    false
}
