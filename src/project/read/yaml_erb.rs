//! YAML that is made by ERB, such as `config/database.yml`: ERB first, YAML second.
//!
//! ERB's tags are found before anything else, as ERB does it: a tag reaches from `<%` to the next
//! `%>`, whatever stands between; `<%%` is none. What is left is read as YAML by line and
//! indentation, so that a file is read that no YAML parser would take: with control lines in it,
//! with tabs, with conflict markers, not quite nested. A scalar with a tag in it is one token.
//!
//! Not known: keys over several lines (`? key`), and what an anchor in another document means.

mod scalar;
mod view;

use super::Token;
use super::cursor::{Cursor, is_blank};

pub(crate) use scalar::{Scalar, scalar};
pub(crate) use view::{Pair, Yaml};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Whitespace,
    Newline,
    Comment,
    /// `---`, `...`, `%YAML`
    Document,
    /// A line of a conflict that nobody solved.
    Conflict,
    /// `-` of a list.
    Dash,
    /// A key with its quotes.
    Key,
    Colon,
    /// `&name`
    Anchor,
    /// `*name`
    Alias,
    /// `!name`
    Tag,
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|` or `>` with its indicators.
    BlockHeader,
    /// A line of what such a header begins.
    BlockText,
    /// `[`, `]`, `{`, `}` or `,`
    Flow,
    /// A tag of ERB that is no part of a scalar.
    Erb,
}

/// The tokens of a text, and what was wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) all: Vec<Token<Kind>>,
    /// Where a quote or a tag begins that has no end, or a conflict.
    pub(crate) broken: Option<usize>,
}

pub(crate) fn tokens(source: &[u8]) -> Tokens {
    let mut scanner = Scanner {
        cursor: Cursor::new(source, 0),
        tokens: Tokens::default(),
        flow: 0,
        block: None,
        unclosed: [false; 3],
    };
    if scanner.cursor.starts(b"\xef\xbb\xbf") {
        scanner.emit(Kind::Whitespace, 3);
    }
    while !scanner.cursor.is_over() {
        scanner.line();
    }
    scanner.tokens
}

struct Scanner<'a> {
    cursor: Cursor<'a>,
    tokens: Tokens,
    /// Brackets that are open.
    flow: u32,
    /// The column that a block's text is deeper than.
    block: Option<usize>,
    /// Of `'`, `"` and `<%`: whether none further on has an end, so that nobody looks again.
    unclosed: [bool; 3],
}

impl Scanner<'_> {
    fn emit(&mut self, kind: Kind, length: usize) {
        let start = self.cursor.at;
        self.cursor.skip(length);
        self.close(kind, start);
    }

    /// A token from `start` to here, if that is not nothing.
    fn close(&mut self, kind: Kind, start: usize) {
        if self.cursor.at > start {
            self.tokens.all.push(Token::new(kind, start, self.cursor.at));
        }
    }

    fn blank(&mut self) {
        let start = self.cursor.at;
        self.cursor.skip_while(is_blank);
        self.close(Kind::Whitespace, start);
    }

    /// Over the end of a line, if it is here.
    fn newline(&mut self) -> bool {
        let length = match (self.cursor.peek(0), self.cursor.peek(1)) {
            (b'\n', _) => 1,
            (b'\r', b'\n') => 2,
            _ => return self.cursor.is_over(),
        };
        self.emit(Kind::Newline, length);
        true
    }

    fn is_line_end(&self) -> bool {
        self.ends(0)
    }

    /// Whether a line or the text ends `ahead` of here.
    fn ends(&self, ahead: usize) -> bool {
        match self.cursor.peek(ahead) {
            b'\n' => true,
            b'\r' => self.cursor.peek(ahead + 1) == b'\n',
            _ => self.cursor.at + ahead >= self.cursor.source.len(),
        }
    }

    fn is_space(&self, ahead: usize) -> bool {
        is_blank(self.cursor.peek(ahead)) || self.ends(ahead)
    }

    /// One line, or more where a scalar has more.
    fn line(&mut self) {
        if let Some(column) = self.block
            && self.block_text(column)
        {
            return;
        }
        let start = self.cursor.at;
        if self.flow == 0 && self.line_of_its_own() {
            self.newline();
            return;
        }
        self.blank();
        let mut column = self.cursor.at - start;
        while !self.newline() {
            let before = self.cursor.at;
            if self.flow == 0 && self.cursor.peek(0) == b'-' && self.is_space(1) {
                self.emit(Kind::Dash, 1);
            } else if let Some(key) = self.node(column) {
                column = key - start;
            }
            self.blank();
            if self.cursor.at == before {
                self.emit(Kind::Plain, 1);
            }
        }
    }

    /// Lines that mean something only as a whole.
    fn line_of_its_own(&mut self) -> bool {
        let kind = match self.cursor.peek(0) {
            b'-' if self.cursor.starts(b"---") && self.is_space(3) => {
                self.emit(Kind::Document, 3);
                return false;
            }
            b'.' if self.cursor.starts(b"...") && self.is_space(3) => Kind::Document,
            b'%' if self.cursor.peek(1).is_ascii_uppercase() => Kind::Document,
            b'<' if self.cursor.starts(b"<<<<<<< ") => Kind::Conflict,
            b'>' if self.cursor.starts(b">>>>>>> ") => Kind::Conflict,
            b'|' if self.cursor.starts(b"||||||| ") => Kind::Conflict,
            b'=' if self.cursor.starts(b"=======") && self.ends(7) => Kind::Conflict,
            _ => return false,
        };
        let start = self.cursor.at;
        if kind == Kind::Conflict {
            self.tokens.broken.get_or_insert(start);
        }
        self.cursor.skip_line();
        self.close(kind, start);
        true
    }

    /// A line of a block's text; false where the block has ended.
    fn block_text(&mut self, column: usize) -> bool {
        let rest = self.cursor.rest();
        let indent = rest.iter().take_while(|byte| is_blank(**byte)).count();
        let is_empty = self.ends(indent);
        if !is_empty && indent <= column {
            self.block = None;
            return false;
        }
        let start = self.cursor.at;
        self.cursor.skip_line();
        self.close(if is_empty { Kind::Whitespace } else { Kind::BlockText }, start);
        self.newline();
        true
    }

    /// A key, a scalar, or one of what stands before them; where a key begins.
    fn node(&mut self, column: usize) -> Option<usize> {
        let start = self.cursor.at;
        match self.cursor.peek(0) {
            b'#' if start == 0 || self.is_behind_space() => {
                self.cursor.skip_line();
                self.close(Kind::Comment, start);
                return None;
            }
            b'<' if self.is_tag() && self.is_erb_alone() => {
                self.erb();
                self.close(Kind::Erb, start);
                return None;
            }
            b'&' => self.name(Kind::Anchor),
            b'*' => self.name(Kind::Alias),
            b'!' => self.name(Kind::Tag),
            b'|' | b'>' if self.flow == 0 && self.is_block_header() => {
                self.cursor.skip(1);
                self.cursor.skip_while(|byte| matches!(byte, b'+' | b'-' | b'0'..=b'9'));
                self.close(Kind::BlockHeader, start);
                self.block = Some(column);
                return None;
            }
            b'[' | b'{' => {
                self.flow += 1;
                self.emit(Kind::Flow, 1);
                return None;
            }
            b']' | b'}' | b',' if self.flow > 0 => {
                self.flow -= u32::from(self.cursor.peek(0) != b',');
                self.emit(Kind::Flow, 1);
                return None;
            }
            quote @ (b'"' | b'\'') if self.quoted(quote) => {
                let kind = if quote == b'"' { Kind::DoubleQuoted } else { Kind::SingleQuoted };
                return self.key_or(kind, start);
            }
            _ => {
                self.plain();
                return self.key_or(Kind::Plain, start);
            }
        }
        None
    }

    fn is_behind_space(&self) -> bool {
        let before = self.cursor.source[self.cursor.at - 1];
        is_blank(before) || before == b'\n'
    }

    /// A key if a colon follows, with that colon.
    fn key_or(&mut self, kind: Kind, start: usize) -> Option<usize> {
        let blank = self.cursor.rest().iter().take_while(|byte| is_blank(**byte)).count();
        let after_colon = self.cursor.peek(blank + 1);
        let ends = self.is_space(blank + 1)
            || (self.flow > 0
                && (kind != Kind::Plain
                    || matches!(after_colon, b',' | b'}' | b']' | b'{' | b'[')));
        if self.cursor.peek(blank) != b':' || !ends {
            self.close(kind, start);
            return None;
        }
        self.close(Kind::Key, start);
        self.blank();
        self.emit(Kind::Colon, 1);
        Some(start)
    }

    fn name(&mut self, kind: Kind) {
        let start = self.cursor.at;
        let is_flow = self.flow > 0;
        self.cursor.skip(1);
        self.cursor.skip_while(|byte| {
            let is_end = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            let is_flow_end = is_flow && matches!(byte, b',' | b']' | b'}');
            !is_end && !is_flow_end
        });
        self.close(kind, start);
    }

    fn is_block_header(&self) -> bool {
        let rest = &self.cursor.rest()[1..];
        let signs = rest.iter().take_while(|byte| matches!(**byte, b'+' | b'-' | b'0'..=b'9'));
        self.is_space(1 + signs.count())
    }

    /// Over a quoted scalar; false and nowhere if it has no end.
    fn quoted(&mut self, quote: u8) -> bool {
        let nth = usize::from(quote == b'"');
        if self.unclosed[nth] {
            return false;
        }
        let start = self.cursor.at;
        self.cursor.skip(1);
        while let Some(at) = memchr::memchr3(quote, b'\\', b'<', self.cursor.rest()) {
            self.cursor.at += at;
            match self.cursor.peek(0) {
                b'\\' => self.cursor.skip(if quote == b'"' { 2 } else { 1 }),
                b'<' if self.is_tag() => self.erb(),
                b'<' => self.cursor.skip(1),
                _ if quote == b'\'' && self.cursor.peek(1) == b'\'' => self.cursor.skip(2),
                _ => {
                    self.cursor.skip(1);
                    return true;
                }
            }
        }
        self.unclosed[nth] = true;
        self.tokens.broken.get_or_insert(start);
        self.cursor.at = start;
        false
    }

    /// Over a plain scalar, up to what ends it, without spaces at its end.
    fn plain(&mut self) {
        let mut last = self.cursor.at;
        while !self.is_line_end() {
            match self.cursor.peek(0) {
                b'<' if self.is_tag() => {
                    self.erb();
                    last = self.cursor.at;
                    continue;
                }
                b' ' | b'\t' => {
                    self.cursor.skip(1);
                    if self.cursor.peek(0) == b'#' {
                        break;
                    }
                    continue;
                }
                b':' if self.is_space(1) => break,
                b':' if self.flow > 0
                    && matches!(self.cursor.peek(1), b',' | b'}' | b']' | b'{' | b'[') =>
                {
                    break;
                }
                b',' | b'[' | b']' | b'{' | b'}' if self.flow > 0 => break,
                _ => {}
            }
            self.cursor.skip(1);
            last = self.cursor.at;
        }
        self.cursor.at = last;
    }

    fn is_tag(&self) -> bool {
        self.cursor.starts(b"<%") && self.cursor.peek(2) != b'%'
    }

    /// Over a tag; to the end of the line if it has no end.
    fn erb(&mut self) {
        let start = self.cursor.at;
        if !self.unclosed[2] {
            if self.cursor.skip_past(b"%>") {
                return;
            }
            self.unclosed[2] = true;
            self.tokens.broken.get_or_insert(start);
            self.cursor.at = start;
        }
        self.cursor.skip_line();
    }

    /// Whether a tag prints nothing, or is all that its line has.
    fn is_erb_alone(&self) -> bool {
        if self.cursor.peek(2) != b'=' {
            return true;
        }
        let line_start =
            memchr::memrchr(b'\n', &self.cursor.source[..self.cursor.at]).map_or(0, |at| at + 1);
        let is_first = self.cursor.source[line_start..self.cursor.at].iter().all(|b| is_blank(*b));
        if !is_first || self.unclosed[2] {
            return false;
        }
        let mut behind = self.cursor.clone();
        behind.skip_past(b"%>");
        behind.skip_while(is_blank);
        behind.is_over() || matches!(behind.peek(0), b'\n' | b'\r')
    }
}
