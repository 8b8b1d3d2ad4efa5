//! The values between the parentheses of an INSERT.

use std::ops::Range;

use super::charset::Charset;
use super::scanner::{Quoted, Quoting, is_dashes, is_versioned, quoted};

/// One value, as it stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) kind: Kind,
    /// Its bytes, without quotes and marks, counted from the row's first byte.
    pub(super) bytes: Range<usize>,
    /// What an introducer (`_binary`, `_latin1`) says of its bytes.
    pub(super) charset: Option<Charset>,
}

impl Literal {
    fn new(kind: Kind, bytes: Range<usize>) -> Self {
        Self { kind, bytes, charset: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    /// DEFAULT, or a column that the statement leaves out.
    Default,
    /// A text, its quote if it stands in one, and whether escapes or doubled quotes are in it.
    Text {
        quote: Option<u8>,
        escaped: bool,
    },
    /// A field of a file that has escapes or doubled quotes in it, with the quote and the escape there.
    Field {
        quote: Option<u8>,
        escape: Option<u8>,
    },
    /// A number, TRUE or FALSE.
    Bare,
    /// Hexadecimal digits.
    Hexadecimal,
    /// Binary digits.
    Bits,
    /// In Base 64.
    Base64,
}

/// What a look at a row gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// The row ends behind so many bytes.
    Row(usize),
    /// More bytes are needed.
    Incomplete,
    /// What stands there is no row of plain values.
    Problem { at: usize, what: &'static str },
}

struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
    quoting: Quoting,
}

/// More values than the widest table of either server has columns are no row of it.
const MOST_VALUES: usize = 4096;

/// Why a value cannot be given.
enum Stop {
    Incomplete,
    Problem(&'static str),
}

/// Reads `(value, …)` at the beginning of `text`.
pub(super) fn row(text: &[u8], quoting: Quoting, into: &mut Vec<Literal>) -> Parsed {
    into.clear();
    let mut cursor = Cursor { text, at: 1, quoting };
    // VALUES (): each column is its default.
    match cursor.skip_blanks().and_then(|()| cursor.byte()) {
        Ok(b')') => return Parsed::Row(cursor.at + 1),
        Ok(_) => {}
        Err(_) => return Parsed::Incomplete,
    }
    loop {
        let value = cursor.value().and_then(|value| {
            if into.len() == MOST_VALUES {
                return Err(Stop::Problem("a row of more values than a table can have columns"));
            }
            into.push(value);
            cursor.skip_blanks()?;
            cursor.byte()
        });
        match value {
            Ok(b',') => cursor.at += 1,
            Ok(b')') => return Parsed::Row(cursor.at + 1),
            Ok(_) => return Parsed::Problem { at: cursor.at, what: "no plain value" },
            Err(Stop::Incomplete) => return Parsed::Incomplete,
            Err(Stop::Problem(what)) => return Parsed::Problem { at: cursor.at, what },
        }
    }
}

impl Cursor<'_> {
    fn byte(&self) -> Result<u8, Stop> {
        self.text.get(self.at).copied().ok_or(Stop::Incomplete)
    }

    fn skip_blanks(&mut self) -> Result<(), Stop> {
        while self.byte()?.is_ascii_whitespace() {
            self.at += 1;
        }
        Ok(())
    }

    fn value(&mut self) -> Result<Literal, Stop> {
        self.skip_blanks()?;
        let byte = self.byte()?;
        match byte {
            b'\'' | b'"' => self.quoted(byte),
            b'0' if self.text.get(self.at + 1) == Some(&b'x') => {
                self.digits(2, Kind::Hexadecimal, u8::is_ascii_hexdigit)
            }
            b'0' if self.text.get(self.at + 1) == Some(&b'b') => {
                self.digits(2, Kind::Bits, |byte| matches!(byte, b'0' | b'1'))
            }
            b'0'..=b'9' | b'-' | b'+' | b'.' => self.digits(0, Kind::Bare, |byte| {
                matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
            }),
            b'_' => self.introduced(),
            _ => self.word(),
        }
    }

    fn quoted(&mut self, quote: u8) -> Result<Literal, Stop> {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            match quoted(&self.text[at..], quote, self.quoting) {
                Quoted::Open(_) => return Err(Stop::Incomplete),
                Quoted::Closed(length) => {
                    at += length;
                    match self.text.get(at) {
                        None => return Err(Stop::Incomplete),
                        Some(next) if *next == quote => {
                            escaped = true;
                            at += 1;
                        }
                        Some(_) => break,
                    }
                }
            }
        }
        self.at = at;
        let bytes = start..at - 1;
        escaped = escaped
            || (self.quoting.backslash
                && memchr::memchr(b'\\', &self.text[bytes.clone()]).is_some());
        Ok(Literal::new(Kind::Text { quote: Some(quote), escaped }, bytes))
    }

    fn digits(
        &mut self,
        mark: usize,
        kind: Kind,
        is_digit: impl Fn(&u8) -> bool,
    ) -> Result<Literal, Stop> {
        let start = self.at + mark;
        let rest = self.text.get(start..).ok_or(Stop::Incomplete)?;
        // A row never ends with a digit.
        let length = rest.iter().position(|byte| !is_digit(byte)).ok_or(Stop::Incomplete)?;
        self.at = start + length;
        Ok(Literal::new(kind, start..self.at))
    }

    /// `_binary '…'`, `_utf8mb4 '…'`.
    fn introduced(&mut self) -> Result<Literal, Stop> {
        let word = self.take_word()?;
        let name = String::from_utf8_lossy(&self.text[word.start + 1..word.end]);
        let Some(charset) = Charset::of(&name) else {
            return Err(Stop::Problem("an introducer of a charset that we have no table of"));
        };
        self.skip_blanks()?;
        let literal = match self.byte()? {
            quote @ (b'\'' | b'"') => self.quoted(quote)?,
            b'0' | b'x' | b'X' => self.value()?,
            _ => return Err(Stop::Problem("an introducer without a text")),
        };
        Ok(Literal { charset: Some(charset), ..literal })
    }

    fn take_word(&mut self) -> Result<Range<usize>, Stop> {
        let rest = &self.text[self.at..];
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let length = rest.iter().position(|byte| !is_part(byte)).ok_or(Stop::Incomplete)?;
        let word = self.at..self.at + length;
        self.at += length;
        Ok(word)
    }

    /// As mydumper writes JSON, `CONVERT('…' USING utf8mb4)`, and Adminer bits,
    /// `CONVERT(b'101', UNSIGNED)`; its parenthesis is read already.
    fn converted(&mut self) -> Result<Literal, Stop> {
        self.skip_blanks()?;
        let literal = match self.byte()? {
            quote @ (b'\'' | b'"') => self.quoted(quote)?,
            b'_' => self.introduced()?,
            b'b' | b'B' if self.text.get(self.at + 1) == Some(&b'\'') => {
                self.at += 1;
                Literal { kind: Kind::Bits, ..self.quoted(b'\'')? }
            }
            _ => return Err(Stop::Problem("CONVERT of what is no text")),
        };
        self.skip_blanks()?;
        match (literal.kind, self.byte()?) {
            (Kind::Bits, b',') => {
                self.at += 1;
                self.word_then(b"UNSIGNED")?;
            }
            (Kind::Text { .. }, _) => {
                self.take_word()?;
                self.skip_blanks()?;
                let charset = self.take_word()?;
                let name = self.text[charset].to_ascii_uppercase();
                // Any other may lose letters.
                if ![b"UTF8MB4".as_slice(), b"UTF8MB3", b"UTF8"].contains(&name.as_slice()) {
                    return Err(Stop::Problem("CONVERT into another charset"));
                }
                self.word_then(b"")?;
            }
            _ => return Err(Stop::Problem("CONVERT of what is no text")),
        }
        Ok(literal)
    }

    /// This word, if there is to be one, and the closing parenthesis.
    fn word_then(&mut self, wanted: &[u8]) -> Result<(), Stop> {
        self.skip_blanks()?;
        let word = self.take_word()?;
        let is_wanted = self.text[word].eq_ignore_ascii_case(wanted);
        self.skip_blanks()?;
        if !is_wanted || self.byte()? != b')' {
            return Err(Stop::Problem("an expression, where only plain values can be read"));
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self) -> Result<Literal, Stop> {
        let range = self.take_word()?;
        let word = self.text[range.clone()].to_ascii_uppercase();
        let quote = self.byte()?;
        let plain = |kind| Ok(Literal::new(kind, range.clone()));
        match word.as_slice() {
            b"NULL" => plain(Kind::Null),
            b"DEFAULT" => plain(Kind::Default),
            b"TRUE" | b"FALSE" => plain(Kind::Bare),
            b"X" | b"B" if quote == b'\'' => {
                let kind = if word == b"X" { Kind::Hexadecimal } else { Kind::Bits };
                let literal = self.quoted(quote)?;
                Ok(Literal { kind, ..literal })
            }
            b"CONVERT" if quote == b'(' => {
                self.at += 1;
                self.converted()
            }
            // As Adminer writes bytes.
            b"UNHEX" | b"FROM_BASE64" if quote == b'(' => {
                self.at += 1;
                self.skip_blanks()?;
                let text = self.byte()?;
                if !matches!(text, b'\'' | b'"') {
                    return Err(Stop::Problem("a function of what is no text"));
                }
                let literal = self.quoted(text)?;
                self.word_then(b"")?;
                let kind = if word == b"UNHEX" { Kind::Hexadecimal } else { Kind::Base64 };
                Ok(Literal { kind, ..literal })
            }
            b"" if matches!(quote, b',' | b')') => Err(Stop::Problem("no value")),
            _ => {
                self.at = range.start;
                Err(Stop::Problem("an expression, where only plain values can be read"))
            }
        }
    }
}

/// The content of a text, escapes resolved. Where `%` and `_` are escaped the backslash stays, as
/// the server has it outside of LIKE; in a file of fields, which has no quotes, it does not.
pub(super) fn unescape(text: &[u8], quote: Option<u8>, quoting: Quoting, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = next_mark(rest, quote, quoting) {
        out.extend_from_slice(&rest[..at]);
        let Some(&after) = rest.get(at + 1) else { return };
        match after {
            _ if Some(rest[at]) == quote => out.push(after),
            b'0' => out.push(0),
            b'b' => out.push(8),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'Z' => out.push(0x1a),
            b'%' | b'_' if quote.is_some() => out.extend([b'\\', after]),
            other => out.push(other),
        }
        rest = &rest[at + 2..];
    }
    out.extend_from_slice(rest);
}

/// The same of a field in a file, which may have another escape than a backslash, or none.
///
/// Source: `MySQL`'s manual, "LOAD DATA Statement".
pub(super) fn unescape_field(
    text: &[u8],
    (quote, escape): (Option<u8>, Option<u8>),
    out: &mut Vec<u8>,
) {
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        if Some(byte) == quote {
            out.extend(bytes.next());
        } else if Some(byte) == escape {
            out.extend(bytes.next().map(|after| match after {
                b'0' => 0,
                b'b' => 8,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'Z' => 0x1a,
                other => other,
            }));
        } else {
            out.push(byte);
        }
    }
}

/// The first quote or backslash that is a character of its own.
fn next_mark(text: &[u8], quote: Option<u8>, quoting: Quoting) -> Option<usize> {
    let Some(pairs) = quoting.pairs else {
        return match (quote, quoting.backslash) {
            (Some(quote), true) => memchr::memchr2(quote, b'\\', text),
            (Some(quote), false) => memchr::memchr(quote, text),
            (None, true) => memchr::memchr(b'\\', text),
            (None, false) => None,
        };
    };
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (*byte, text.get(at + 1)) {
            (byte, _) if Some(byte) == quote => return Some(at),
            (b'\\', _) if quoting.backslash => return Some(at),
            (first, Some(second)) if pairs.is(first, *second) => at += 2,
            _ => at += 1,
        }
    }
    None
}

/// What stands before the rows of an INSERT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) database: Option<Vec<u8>>,
    pub(super) table: Vec<u8>,
    /// The columns, if they are named.
    pub(super) columns: Option<Vec<Vec<u8>>>,
    /// Its length.
    pub(super) bytes: usize,
}

/// Reads `INSERT [IGNORE] INTO table [(columns)] VALUES`; `Ok(None)` if more bytes are needed.
pub(super) fn head(text: &[u8]) -> Result<Option<Head>, &'static str> {
    let mut names = Names { text, at: 0 };
    match names.head() {
        Ok(head) => Ok(Some(head)),
        Err(Stop::Incomplete) => Ok(None),
        Err(Stop::Problem(what)) => Err(what),
    }
}

struct Names<'t> {
    text: &'t [u8],
    at: usize,
}

impl Names<'_> {
    fn byte(&mut self) -> Result<u8, Stop> {
        loop {
            let rest = &self.text[self.at..];
            match rest.first() {
                None => return Err(Stop::Incomplete),
                Some(byte) if byte.is_ascii_whitespace() => self.at += 1,
                Some(b'/') if rest.starts_with(b"/*") && !is_versioned(rest) => {
                    let end = memchr::memmem::find(rest, b"*/").ok_or(Stop::Incomplete)?;
                    self.at += end + 2;
                }
                Some(byte) => return Ok(*byte),
            }
        }
    }

    fn head(&mut self) -> Result<Head, Stop> {
        let mut head = Head::default();
        self.name()?;
        loop {
            let bare = !matches!(self.byte()?, b'`' | b'"');
            let name = self.name()?;
            let upper = name.to_ascii_uppercase();
            let passed = matches!(
                &*upper,
                b"INTO" | b"IGNORE" | b"LOW_PRIORITY" | b"DELAYED" | b"HIGH_PRIORITY"
            );
            if !(bare && passed) {
                head.table = name;
                break;
            }
        }
        if self.byte()? == b'.' {
            self.at += 1;
            head.database = Some(std::mem::take(&mut head.table));
            head.table = self.name()?;
        }
        if self.byte()? == b'(' {
            let mut columns = Vec::new();
            self.at += 1;
            while self.byte()? != b')' {
                columns.push(self.name()?);
                match self.byte()? {
                    b',' => self.at += 1,
                    b')' => {}
                    _ => return Err(Stop::Problem("an INSERT that is not of plain rows")),
                }
            }
            self.at += 1;
            head.columns = Some(columns);
        }
        self.byte()?;
        let word = self.name()?.to_ascii_uppercase();
        if word != b"VALUES" && word != b"VALUE" {
            return Err(Stop::Problem("an INSERT that is not of plain rows"));
        }
        head.bytes = self.at;
        Ok(head)
    }

    /// A name, in quotes or without.
    fn name(&mut self) -> Result<Vec<u8>, Stop> {
        let quote = self.byte()?;
        if !matches!(quote, b'`' | b'"') {
            let rest = &self.text[self.at..];
            let is_part =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..);
            let length = rest.iter().position(|byte| !is_part(byte)).ok_or(Stop::Incomplete)?;
            if length == 0 {
                return Err(Stop::Problem("no name where one must be"));
            }
            self.at += length;
            return Ok(rest[..length].to_vec());
        }
        let mut name = Vec::new();
        self.at += 1;
        loop {
            let rest = &self.text[self.at..];
            let end = memchr::memchr(quote, rest).ok_or(Stop::Incomplete)?;
            name.extend_from_slice(&rest[..end]);
            self.at += end + 1;
            match self.text.get(self.at) {
                None => return Err(Stop::Incomplete),
                Some(next) if *next == quote => {
                    name.push(quote);
                    self.at += 1;
                }
                Some(_) => return Ok(name),
            }
        }
    }
}

/// Passes over blanks and comments between rows and statements; `None` if more bytes are needed to
/// tell.
pub(super) fn blanks(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        match rest.first()? {
            byte if byte.is_ascii_whitespace() => at += 1,
            b'#' => at += memchr::memchr(b'\n', rest)?,
            b'-' if rest.len() < 3 => return None,
            b'-' if is_dashes(rest) => at += memchr::memchr(b'\n', rest)?,
            b'/' if rest.len() < 4 => return None,
            b'/' if rest.starts_with(b"/*") && !is_versioned(rest) => {
                at += memchr::memmem::find(rest, b"*/")? + 2;
            }
            _ => return Some(at),
        }
    }
}
