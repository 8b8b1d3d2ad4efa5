//! PHP, from version 4 on, and the HTML around it.
//!
//! A string is one token with all that is interpolated in it; `heredoc` and `nowdoc` reach from
//! `<<<` to their closing label. `<?` alone begins code only if a space follows, as in old
//! templates, so that `<?xml` does not. `#[` begins an attribute, not a comment. What follows
//! `__halt_compiler();` is data, given as inline HTML.
//!
//! Not known: `<script language="php">` and `<%`, which PHP 7 gave up.

mod literal;
mod view;

use super::Token;
use super::cursor::{Cursor, is_space, is_word, is_word_start};

pub(crate) use literal::literal;
pub(crate) use view::{Assignment, Call, Callee, Code};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    InlineHtml,
    /// `<?php` or `<?`.
    OpenTag,
    /// `<?=`
    OpenEcho,
    /// `?>` and the line end behind it, which PHP does not print; it ends a statement as `;` does.
    CloseTag,
    Whitespace,
    /// `//…` or `#…`, without the line end.
    LineComment,
    BlockComment,
    /// `/** … */`
    DocComment,
    /// `$name`
    Variable,
    /// A keyword, a constant, a function, a class, with its namespace: `Foo\Bar`.
    Name,
    Number,
    SingleQuoted,
    DoubleQuoted,
    Heredoc,
    Nowdoc,
    Backticks,
    /// An operator or a bracket, as long as it can be.
    Punctuation,
}

impl Kind {
    /// Whether PHP runs it, or prints it.
    pub(crate) fn is_code(self) -> bool {
        !matches!(
            self,
            Self::InlineHtml
                | Self::OpenTag
                | Self::Whitespace
                | Self::LineComment
                | Self::BlockComment
                | Self::DocComment
        )
    }

    pub(crate) fn is_comment(self) -> bool {
        matches!(self, Self::LineComment | Self::BlockComment | Self::DocComment)
    }

    pub(crate) fn is_string(self) -> bool {
        matches!(self, Self::SingleQuoted | Self::DoubleQuoted | Self::Heredoc | Self::Nowdoc)
    }
}

/// Interpolations within interpolations that are followed; deeper ones are text.
const DEEPEST: u8 = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Html,
    Code,
    /// Behind `__halt_compiler`, until its `;`.
    Halting,
    Data,
}

/// The tokens of a file, in order.
#[derive(Clone, Debug)]
pub(crate) struct Tokens<'a> {
    cursor: Cursor<'a>,
    state: State,
    depth: u8,
    broken: Option<usize>,
}

/// Reads a whole file: it begins with HTML.
pub(crate) fn tokens(source: &[u8]) -> Tokens<'_> {
    Tokens { cursor: Cursor::new(source, 0), state: State::Html, depth: 0, broken: None }
}

impl Tokens<'_> {
    /// Where a string or a comment begins that has no end; known once all tokens were taken.
    pub(crate) fn broken(&self) -> Option<usize> {
        self.broken
    }

    fn html(&mut self) -> Kind {
        let cursor = &mut self.cursor;
        if let Some((kind, length)) = open_tag(cursor.rest()) {
            cursor.skip(length);
            self.state = State::Code;
            return kind;
        }
        loop {
            cursor.skip(1);
            let Some(at) = memchr::memchr(b'<', cursor.rest()) else {
                cursor.at = cursor.source.len();
                return Kind::InlineHtml;
            };
            cursor.at += at;
            if open_tag(cursor.rest()).is_some() {
                return Kind::InlineHtml;
            }
        }
    }

    fn code(&mut self) -> Kind {
        let cursor = &mut self.cursor;
        match (cursor.peek(0), cursor.peek(1)) {
            (b'#', b'[') => self.punctuation(1),
            (b'#', _) | (b'/', b'/') => self.line_comment(),
            (b'/', b'*') => self.block_comment(),
            (b'?', b'>') => {
                cursor.skip(2);
                match (cursor.peek(0), cursor.peek(1)) {
                    (b'\n', _) => cursor.skip(1),
                    (b'\r', b'\n') => cursor.skip(2),
                    _ => {}
                }
                self.state = State::Html;
                Kind::CloseTag
            }
            (b'\'', _) => self.single_quoted(),
            (b'"', _) => self.interpolated(b'"', Kind::DoubleQuoted),
            (b'`', _) => self.interpolated(b'`', Kind::Backticks),
            (b'b' | b'B', b'\'') => {
                cursor.skip(1);
                self.single_quoted()
            }
            (b'b' | b'B', b'"') => {
                cursor.skip(1);
                self.interpolated(b'"', Kind::DoubleQuoted)
            }
            (b'$', next) if is_word_start(next) => {
                cursor.skip(1);
                cursor.skip_while(is_word);
                Kind::Variable
            }
            (b'<', b'<') if cursor.peek(2) == b'<' => {
                self.heredoc().unwrap_or_else(|| self.punctuation(2))
            }
            (b'0'..=b'9', _) | (b'.', b'0'..=b'9') => self.number(),
            (b'\\', next) if is_word_start(next) => self.name(),
            (first, _) if is_word_start(first) => self.name(),
            (first, _) if is_space(first) => {
                cursor.skip_while(is_space);
                Kind::Whitespace
            }
            _ => {
                let length = operator(cursor.rest());
                self.punctuation(length)
            }
        }
    }

    fn punctuation(&mut self, length: usize) -> Kind {
        if self.state == State::Halting && self.cursor.peek(0) == b';' {
            self.state = State::Data;
        }
        self.cursor.skip(length);
        Kind::Punctuation
    }

    /// It ends before the line's end, or before `?>`.
    fn line_comment(&mut self) -> Kind {
        let start = self.cursor.at;
        self.cursor.skip_line();
        let line = &self.cursor.source[start..self.cursor.at];
        if let Some(at) = memchr::memmem::find(line, b"?>") {
            self.cursor.at = start + at;
        }
        Kind::LineComment
    }

    fn block_comment(&mut self) -> Kind {
        let start = self.cursor.at;
        let is_doc = self.cursor.peek(2) == b'*' && is_space(self.cursor.peek(3));
        self.cursor.skip(2);
        if !self.cursor.skip_past(b"*/") {
            self.broken.get_or_insert(start);
        }
        if is_doc { Kind::DocComment } else { Kind::BlockComment }
    }

    fn single_quoted(&mut self) -> Kind {
        let start = self.cursor.at;
        self.cursor.skip(1);
        loop {
            let Some(at) = memchr::memchr2(b'\'', b'\\', self.cursor.rest()) else {
                self.cursor.at = self.cursor.source.len();
                self.broken.get_or_insert(start);
                return Kind::SingleQuoted;
            };
            self.cursor.at += at;
            if self.cursor.peek(0) == b'\'' {
                self.cursor.skip(1);
                return Kind::SingleQuoted;
            }
            self.cursor.skip(2);
        }
    }

    fn interpolated(&mut self, quote: u8, kind: Kind) -> Kind {
        let start = self.cursor.at;
        self.cursor.skip(1);
        while !self.cursor.is_over() {
            match (self.cursor.peek(0), self.cursor.peek(1)) {
                (b'\\', _) => self.cursor.skip(2),
                (byte, _) if byte == quote => {
                    self.cursor.skip(1);
                    return kind;
                }
                (b'{', b'$') => self.interpolation(1),
                (b'$', b'{') => self.interpolation(2),
                _ => self.cursor.skip(1),
            }
        }
        self.broken.get_or_insert(start);
        kind
    }

    /// Over `{$…}` or `${…}`, in which strings and braces of their own may stand.
    fn interpolation(&mut self, opening: usize) {
        if self.depth == DEEPEST {
            return self.cursor.skip(opening);
        }
        let cursor = Cursor::new(self.cursor.source, self.cursor.at + opening);
        let mut within = Tokens { cursor, state: State::Code, depth: self.depth + 1, broken: None };
        let mut open = 1;
        for token in within.by_ref() {
            match token.text(self.cursor.source) {
                b"{" => open += 1,
                b"}" => open -= 1,
                _ => {}
            }
            if open == 0 {
                break;
            }
        }
        self.cursor.at = within.cursor.at;
    }

    fn heredoc(&mut self) -> Option<Kind> {
        let start = self.cursor.at;
        let mut cursor = self.cursor.clone();
        cursor.skip(3);
        cursor.skip_while(|byte| matches!(byte, b' ' | b'\t'));
        let quote = match cursor.peek(0) {
            quote @ (b'\'' | b'"') => {
                cursor.skip(1);
                Some(quote)
            }
            _ => None,
        };
        let label = cursor.at;
        if !is_word_start(cursor.peek(0)) {
            return None;
        }
        cursor.skip_while(is_word);
        let label = &cursor.source[label..cursor.at];
        if let Some(quote) = quote {
            if cursor.peek(0) != quote {
                return None;
            }
            cursor.skip(1);
        }
        if !matches!((cursor.peek(0), cursor.peek(1)), (b'\n', _) | (b'\r', b'\n')) {
            return None;
        }
        let kind = if quote == Some(b'\'') { Kind::Nowdoc } else { Kind::Heredoc };
        while cursor.skip_past(b"\n") {
            cursor.skip_while(|byte| matches!(byte, b' ' | b'\t'));
            if cursor.starts(label) && !is_word(cursor.peek(label.len())) {
                cursor.skip(label.len());
                self.cursor = cursor;
                return Some(kind);
            }
        }
        self.broken.get_or_insert(start);
        self.cursor = cursor;
        Some(kind)
    }

    fn number(&mut self) -> Kind {
        self.cursor.skip(1);
        loop {
            let before = self.cursor.peek(0);
            let is_part = before.is_ascii_alphanumeric()
                || before == b'_'
                || (before == b'.' && self.cursor.peek(1).is_ascii_digit())
                || (matches!(before, b'+' | b'-')
                    && matches!(self.cursor.source[self.cursor.at - 1], b'e' | b'E')
                    && self.cursor.peek(1).is_ascii_digit());
            if !is_part {
                return Kind::Number;
            }
            self.cursor.skip(1);
        }
    }

    fn name(&mut self) -> Kind {
        let start = self.cursor.at;
        self.cursor.skip(1);
        self.cursor.skip_while(is_word);
        while self.cursor.peek(0) == b'\\' && is_word_start(self.cursor.peek(1)) {
            self.cursor.skip(1);
            self.cursor.skip_while(is_word);
        }
        let name = &self.cursor.source[start..self.cursor.at];
        if name.len() == 15 && name.eq_ignore_ascii_case(b"__halt_compiler") {
            self.state = State::Halting;
        }
        Kind::Name
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token<Kind>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cursor.is_over() {
            return None;
        }
        let start = self.cursor.at;
        let kind = match self.state {
            State::Html => self.html(),
            State::Code | State::Halting => self.code(),
            State::Data => {
                self.cursor.at = self.cursor.source.len();
                Kind::InlineHtml
            }
        };
        Some(Token::new(kind, start, self.cursor.at))
    }
}

/// The tag that code begins with, and its length.
fn open_tag(rest: &[u8]) -> Option<(Kind, usize)> {
    if !rest.starts_with(b"<?") {
        return None;
    }
    let ends = |at: usize| rest.get(at).is_none_or(|byte| is_space(*byte));
    if rest.get(2) == Some(&b'=') {
        return Some((Kind::OpenEcho, 3));
    }
    if rest.len() >= 5 && rest[2..5].eq_ignore_ascii_case(b"php") && ends(5) {
        return Some((Kind::OpenTag, 5));
    }
    (rest.len() > 2 && ends(2)).then_some((Kind::OpenTag, 2))
}

/// How long the operator is that a text begins with.
fn operator(rest: &[u8]) -> usize {
    const THREE: [&[u8]; 9] =
        [b"===", b"!==", b"<=>", b"**=", b"...", b"<<=", b">>=", b"??=", b"?->"];
    const TWO: [&[u8]; 24] = [
        b"=>", b"->", b"::", b"==", b"!=", b"<>", b"<=", b">=", b"&&", b"||", b"??", b".=", b"+=",
        b"-=", b"*=", b"/=", b"%=", b"^=", b"|=", b"&=", b"++", b"--", b"<<", b"**",
    ];
    let is_one = rest.get(1).is_none_or(|byte| !b"=>-:<&|?.+*".contains(byte));
    if is_one {
        1
    } else if THREE.iter().any(|one| rest.starts_with(one)) {
        3
    } else if TWO.iter().any(|one| rest.starts_with(one)) {
        2
    } else {
        1
    }
}
