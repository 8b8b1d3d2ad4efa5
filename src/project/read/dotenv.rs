//! Files of variables, `KEY=value` a line, and what each program makes of a value.
//!
//! There is no one format: a value that one program takes as it stands, another expands, cuts or
//! refuses, and two of them execute `$(…)`. So the tokens say only where keys and values stand, and
//! [`meaning`] and [`render`] want to know the [`Dialect`].

mod dialect;

use super::cursor::{Cursor, is_blank};
use super::{Span, Token};

pub(crate) use dialect::{DIALECTS, Dialect, Meaning, meaning, render};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Whitespace,
    Newline,
    Comment,
    /// `export`
    Export,
    Key,
    Equals,
    /// With its quotes; a quoted one may have several lines.
    Value,
    /// What stands in a line and is nothing of this.
    Junk,
}

/// One `KEY=value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: Span,
    /// All behind the equals sign to the end of the line, as some programs take it.
    pub(crate) raw: Span,
    /// The value with its quotes, without spaces around and without a comment; empty if there is none.
    pub(crate) value: Span,
    pub(crate) is_exported: bool,
}

/// The tokens of a file; they tile it.
pub(crate) fn tokens(source: &[u8]) -> Vec<Token<Kind>> {
    let mut scanner =
        Scanner { cursor: Cursor::new(source, 0), tokens: Vec::new(), unclosed: [false; 2] };
    if scanner.cursor.starts(b"\xef\xbb\xbf") {
        scanner.cursor.skip(3);
        scanner.close(Kind::Whitespace, 0);
    }
    while !scanner.cursor.is_over() {
        scanner.line();
    }
    scanner.tokens
}

/// All that is set in a file, in order; a key may be set more than once.
pub(crate) fn entries(source: &[u8]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut is_exported = false;
    let mut key = None;
    let mut is_open = false;
    for token in tokens(source) {
        match token.kind {
            Kind::Newline => (is_exported, key, is_open) = (false, None, false),
            Kind::Export => is_exported = true,
            Kind::Key => key = Some(token.span),
            Kind::Equals => {
                let Some(key) = key.take() else { continue };
                let end = Span::new(token.span.end, token.span.end);
                entries.push(Entry { key, raw: end, value: end, is_exported });
                is_open = true;
            }
            kind => {
                let Some(entry) = entries.last_mut().filter(|_| is_open) else { continue };
                entry.raw.end = token.span.end;
                if kind == Kind::Value {
                    entry.value = token.span;
                }
            }
        }
    }
    entries
}

struct Scanner<'a> {
    cursor: Cursor<'a>,
    tokens: Vec<Token<Kind>>,
    /// Of `'` and `"`: whether none further on has an end.
    unclosed: [bool; 2],
}

impl Scanner<'_> {
    fn close(&mut self, kind: Kind, start: usize) {
        if self.cursor.at > start {
            self.tokens.push(Token::new(kind, start, self.cursor.at));
        }
    }

    fn blank(&mut self) {
        let start = self.cursor.at;
        self.cursor.skip_while(is_blank);
        self.close(Kind::Whitespace, start);
    }

    fn newline(&mut self) -> bool {
        let start = self.cursor.at;
        let length = match (self.cursor.peek(0), self.cursor.peek(1)) {
            (b'\n', _) => 1,
            (b'\r', b'\n') => 2,
            _ => return self.cursor.is_over(),
        };
        self.cursor.skip(length);
        self.close(Kind::Newline, start);
        true
    }

    fn line(&mut self) {
        self.blank();
        if self.comment() || self.newline() {
            self.newline();
            return;
        }
        if self.cursor.starts(b"export") && is_blank(self.cursor.peek(6)) {
            let start = self.cursor.at;
            self.cursor.skip(6);
            self.close(Kind::Export, start);
            self.blank();
        }
        if self.key() {
            self.blank();
            self.value();
            self.blank();
            self.comment();
        }
        let start = self.cursor.at;
        self.cursor.skip_line();
        self.close(Kind::Junk, start);
        self.newline();
    }

    fn comment(&mut self) -> bool {
        if self.cursor.peek(0) != b'#' {
            return false;
        }
        let start = self.cursor.at;
        self.cursor.skip_line();
        self.close(Kind::Comment, start);
        true
    }

    /// A key, the spaces behind it and its equals sign; false and nowhere if there is none.
    fn key(&mut self) -> bool {
        let start = self.cursor.at;
        self.cursor.skip_while(|byte| !matches!(byte, b'=' | b' ' | b'\t' | b'\n' | b'\r' | b'#'));
        let end = self.cursor.at;
        self.cursor.skip_while(is_blank);
        if self.cursor.peek(0) != b'=' || end == start {
            self.cursor.at = start;
            return false;
        }
        self.tokens.push(Token::new(Kind::Key, start, end));
        self.close(Kind::Whitespace, end);
        let equals = self.cursor.at;
        self.cursor.skip(1);
        self.close(Kind::Equals, equals);
        true
    }

    fn value(&mut self) {
        let start = self.cursor.at;
        let quote = self.cursor.peek(0);
        if !matches!(quote, b'"' | b'\'') || !self.quoted(quote) {
            self.unquoted();
        }
        self.close(Kind::Value, start);
    }

    fn quoted(&mut self, quote: u8) -> bool {
        let nth = usize::from(quote == b'"');
        if self.unclosed[nth] {
            return false;
        }
        let start = self.cursor.at;
        self.cursor.skip(1);
        while let Some(at) = memchr::memchr2(quote, b'\\', self.cursor.rest()) {
            self.cursor.at += at;
            if self.cursor.peek(0) == b'\\' {
                self.cursor.skip(if quote == b'"' { 2 } else { 1 });
            } else {
                self.cursor.skip(1);
                return true;
            }
        }
        self.unclosed[nth] = true;
        self.cursor.at = start;
        false
    }

    /// To the end of the line, or to ` #`, without spaces at the end.
    fn unquoted(&mut self) {
        let start = self.cursor.at;
        let line = self.cursor.rest();
        let length = memchr::memchr(b'\n', line).unwrap_or(line.len());
        let line = &line[..length];
        let line =
            line.strip_suffix(b"\r").filter(|_| length < self.cursor.rest().len()).unwrap_or(line);
        let is_comment = |at: &usize| *at == 0 || is_blank(line[at - 1]);
        let end = memchr::memchr_iter(b'#', line).find(is_comment).unwrap_or(line.len());
        let blank = line[..end].iter().rev().take_while(|byte| is_blank(**byte)).count();
        self.cursor.at = start + end - blank;
    }
}

#[cfg(test)]
mod tests {
    use super::entries;

    #[test]
    fn keys_and_values_have_their_places() {
        let source =
            b"\xef\xbb\xbf# A=1\nA=b # c\r\n export  B = 'x # y' # z\nC=\"a\\\"b\nc\"\nD=\nE=#x\n\
            database.default.hostname = h\njunk\nF=it's\n=x\nG=\"open\n";
        let text = |span: super::Span| String::from_utf8_lossy(span.of(source)).into_owned();
        let lines: Vec<String> = entries(source)
            .iter()
            .map(|one| {
                let export = if one.is_exported { "export " } else { "" };
                format!("{export}{} {:?} {:?}", text(one.key), text(one.value), text(one.raw))
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r##"
        A "b" "b # c"
        export B "'x # y'" " 'x # y' # z"
        C "\"a\\\"b\nc\"" "\"a\\\"b\nc\""
        D "" ""
        E "" "#x"
        database.default.hostname "h" " h"
        F "it's" "it's"
        G "\"open" "\"open"
        "##);
    }
}
