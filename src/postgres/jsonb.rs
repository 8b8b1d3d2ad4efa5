//! The text that `PostgreSQL` prints for a jsonb value, made from any JSON text.
//!
//! Two JSON texts are equal as jsonb exactly when these texts are equal byte by byte, so that a
//! digest of them tells whether a document arrived as it was.
//!
//! - Members are ordered by the length of their keys in bytes, then bytewise; of equal keys the
//!   last one stays (`uniqueifyJsonbObject` and `lengthCompareJsonbString` of `jsonb_util.c`).
//! - Numbers are printed as `numeric` prints them, without exponents, with all digits after the
//!   point that were written (`set_var_from_str`, `make_result` and `numeric_out` of `numeric.c`).
//! - Strings are escaped as little as JSON asks (`escape_json` of `json.c`).
//!
//! It is one pass over the input. Members are written where they are met; only an object whose
//! keys were out of order or doubled is put together again at its end.

mod number;

use std::mem;
use std::ops::Range;

/// Arrays and objects within each other. `MySQL` allows 100, `MariaDB` 32; `PostgreSQL` some
/// thousands, by its `max_stack_depth`.
const DEEPEST: usize = 1_000;
/// The bytes of the longest string that jsonb holds (`JENTRY_OFFLENMASK` of `jsonb.h`).
const LONGEST_STRING: usize = 0x0FFF_FFFF;

/// Why a text has no jsonb. The places are byte offsets from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Invalid {
    #[error("it is no JSON at byte {at}")]
    Syntax { at: usize },
    #[error("it has an invalid UTF-8 sequence at byte {at}")]
    NotUtf8 { at: usize },
    #[error(r"it has the character \u0000 at byte {at}")]
    NulCharacter { at: usize },
    #[error("it has half of a surrogate pair at byte {at}")]
    LoneSurrogate { at: usize },
    #[error("it has a number beyond the range of numeric at byte {at}")]
    NumberOutOfRange { at: usize },
    #[error("it is nested more than {DEEPEST} levels deep at byte {at}")]
    TooDeep { at: usize },
    #[error("it has a string of more than {LONGEST_STRING} bytes at byte {at}")]
    StringTooLong { at: usize },
}

/// Appends to `out` what `PostgreSQL` prints for `input::jsonb`. Where there are many documents,
/// keep a [`Canonicalizer`].
pub(crate) fn canonical(input: &[u8], out: &mut Vec<u8>) -> Result<(), Invalid> {
    Canonicalizer::default().canonical(input, out)
}

/// The memory that one document after the other can use.
#[derive(Debug, Default)]
pub(crate) struct Canonicalizer {
    /// The open arrays and objects.
    open: Vec<Container>,
    /// The members of the open objects.
    members: Vec<Member>,
    /// The keys of the open objects without escapes.
    keys: Vec<u8>,
    /// An object that is being put in order.
    ordered: Vec<u8>,
    /// Members of the last document that gave way to a later one of the same key.
    repeated: usize,
}

#[derive(Debug)]
enum Container {
    Array,
    Object {
        /// Where it begins in the output.
        start: usize,
        /// Its first member.
        first: usize,
        /// Where its keys begin.
        keys: usize,
        order: Order,
    },
}

/// Whether the members of an object stand as jsonb wants them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Kept,
    Broken,
}

#[derive(Debug, Clone)]
struct Member {
    /// In `keys`.
    key: Range<usize>,
    /// In the output, the key included.
    text: Range<usize>,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    /// A value, or the end of the array that has just begun.
    ItemOrEnd,
    /// A key, or the end of the object that has just begun.
    KeyOrEnd,
    Key,
    /// A comma or the end of the container; or nothing more, outside of all.
    After,
}

impl Canonicalizer {
    /// As the function of that name. In case of an error `out` is as it was.
    pub(crate) fn canonical(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), Invalid> {
        let length = out.len();
        self.open.clear();
        self.members.clear();
        self.keys.clear();
        self.repeated = 0;
        let result = std::str::from_utf8(input)
            .map_err(|error| Invalid::NotUtf8 { at: error.valid_up_to() })
            .and_then(|_| self.document(&mut Reader { input, at: 0 }, out));
        if result.is_err() {
            out.truncate(length);
        }
        result
    }

    /// How many members of the last document `jsonb` does not keep, as a later one has their key.
    pub(crate) fn repeated(&self) -> usize {
        self.repeated
    }

    fn document(&mut self, reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let mut next = Next::Value;
        loop {
            reader.skip_whitespace();
            next = match (next, reader.peek()) {
                (Next::After, None) if self.open.is_empty() => return Ok(()),
                (Next::After, Some(b',')) if !self.open.is_empty() => {
                    reader.at += 1;
                    self.separated(out)
                }
                (Next::After | Next::ItemOrEnd | Next::KeyOrEnd, Some(end @ (b']' | b'}'))) => {
                    self.close(end, next).ok_or(Invalid::Syntax { at: reader.at })?;
                    reader.at += 1;
                    self.finish(end, out);
                    Next::After
                }
                (Next::Key | Next::KeyOrEnd, Some(b'"')) => {
                    self.key(reader, out)?;
                    Next::Value
                }
                (Next::Value | Next::ItemOrEnd, Some(first)) => self.value(first, reader, out)?,
                (_, _) => return Err(Invalid::Syntax { at: reader.at }),
            };
        }
    }

    /// Writes one scalar, or opens a container.
    fn value(
        &mut self,
        first: u8,
        reader: &mut Reader<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Next, Invalid> {
        match first {
            b'"' => {
                reader.string(out, None)?;
                Ok(Next::After)
            }
            b'{' | b'[' => {
                if self.open.len() >= DEEPEST {
                    return Err(Invalid::TooDeep { at: reader.at });
                }
                reader.at += 1;
                let start = out.len();
                out.push(first);
                if first == b'[' {
                    self.open.push(Container::Array);
                    return Ok(Next::ItemOrEnd);
                }
                let (first, keys) = (self.members.len(), self.keys.len());
                self.open.push(Container::Object { start, first, keys, order: Order::Kept });
                Ok(Next::KeyOrEnd)
            }
            b't' => reader.word(b"true", out),
            b'f' => reader.word(b"false", out),
            b'n' => reader.word(b"null", out),
            _ => {
                let rest = reader.input.get(reader.at..).unwrap_or_default();
                let read = number::canonical(rest, out).map_err(|problem| match problem {
                    number::Problem::Syntax { after } => Invalid::Syntax { at: reader.at + after },
                    number::Problem::OutOfRange => Invalid::NumberOutOfRange { at: reader.at },
                })?;
                reader.at += read;
                Ok(Next::After)
            }
        }
    }

    /// Writes a key and its colon.
    fn key(&mut self, reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Result<(), Invalid> {
        let (text, key) = (out.len(), self.keys.len());
        reader.string(out, Some(&mut self.keys))?;
        reader.skip_whitespace();
        if reader.peek() != Some(b':') {
            return Err(Invalid::Syntax { at: reader.at });
        }
        reader.at += 1;
        out.extend_from_slice(b": ");
        let key = key..self.keys.len();
        if let Some(Container::Object { first, order, .. }) = self.open.last_mut() {
            let before = self.members.get(*first..).and_then(|members| members.last());
            if before.is_some_and(|before| rank(&self.keys, &before.key) >= rank(&self.keys, &key))
            {
                *order = Order::Broken;
            }
        }
        self.members.push(Member { key, text: text..text });
        Ok(())
    }

    /// After a comma.
    fn separated(&mut self, out: &mut Vec<u8>) -> Next {
        let next = match self.open.last() {
            Some(Container::Object { .. }) => {
                self.end_member(out.len());
                Next::Key
            }
            Some(Container::Array) | None => Next::Value,
        };
        out.extend_from_slice(b", ");
        next
    }

    fn end_member(&mut self, end: usize) {
        if let Some(member) = self.members.last_mut() {
            member.text.end = end;
        }
    }

    /// Whether that bracket may close the innermost container.
    fn close(&self, end: u8, next: Next) -> Option<()> {
        let fits = match (self.open.last()?, end) {
            (Container::Array, b']') => next != Next::KeyOrEnd,
            (Container::Object { .. }, b'}') => next != Next::ItemOrEnd,
            (Container::Array | Container::Object { .. }, _) => false,
        };
        fits.then_some(())
    }

    /// Ends the innermost container.
    fn finish(&mut self, end: u8, out: &mut Vec<u8>) {
        match self.open.pop() {
            Some(Container::Object { start, first, keys, order }) => {
                if self.members.len() > first {
                    self.end_member(out.len());
                }
                if order == Order::Broken {
                    self.put_in_order(start, first, out);
                }
                self.members.truncate(first);
                self.keys.truncate(keys);
            }
            Some(Container::Array) | None => {}
        }
        out.push(end);
    }

    /// Rewrites the object that begins at `start` of `out`.
    fn put_in_order(&mut self, start: usize, first: usize, out: &mut Vec<u8>) {
        let keys = &self.keys;
        let Some(members) = self.members.get_mut(first..) else {
            return;
        };
        // The sort is stable, so that the last of equal keys is last.
        members.sort_by(|a, b| rank(keys, &a.key).cmp(&rank(keys, &b.key)));
        let mut ordered = mem::take(&mut self.ordered);
        ordered.clear();
        ordered.push(b'{');
        for (at, member) in members.iter().enumerate() {
            let after = members.get(at + 1);
            if after.is_some_and(|after| rank(keys, &after.key) == rank(keys, &member.key)) {
                self.repeated += 1;
                continue;
            }
            if ordered.len() > 1 {
                ordered.extend_from_slice(b", ");
            }
            ordered.extend_from_slice(out.get(member.text.clone()).unwrap_or_default());
        }
        out.truncate(start);
        out.extend_from_slice(&ordered);
        self.ordered = ordered;
    }
}

/// What orders members: the length first, then the bytes.
fn rank<'k>(keys: &'k [u8], key: &Range<usize>) -> (usize, &'k [u8]) {
    (key.len(), keys.get(key.clone()).unwrap_or_default())
}

struct Reader<'i> {
    /// Valid UTF-8.
    input: &'i [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &[u8], out: &mut Vec<u8>) -> Result<Next, Invalid> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(Invalid::Syntax { at: self.at });
        }
        self.at += word.len();
        out.extend_from_slice(word);
        Ok(Next::After)
    }

    /// Writes the string that begins here, and its characters without escapes to `plain`.
    fn string(
        &mut self,
        out: &mut Vec<u8>,
        mut plain: Option<&mut Vec<u8>>,
    ) -> Result<(), Invalid> {
        let start = self.at;
        let mut length = 0;
        self.at += 1;
        out.push(b'"');
        loop {
            let rest = self.input.get(self.at..).unwrap_or_default();
            let run = rest.iter().position(|&byte| is_special(byte)).unwrap_or(rest.len());
            let (run, rest) = rest.split_at(run);
            out.extend_from_slice(run);
            if let Some(plain) = plain.as_deref_mut() {
                plain.extend_from_slice(run);
            }
            self.at += run.len();
            length += run.len();
            match rest.first() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let mut buffer = [0; 4];
                    let letter = self.escape()?.encode_utf8(&mut buffer).as_bytes();
                    length += letter.len();
                    push_escaped(letter, out);
                    if let Some(plain) = plain.as_deref_mut() {
                        plain.extend_from_slice(letter);
                    }
                }
                // A control character, or the end.
                Some(_) | None => return Err(Invalid::Syntax { at: self.at }),
            }
        }
        self.at += 1;
        out.push(b'"');
        if length > LONGEST_STRING {
            return Err(Invalid::StringTooLong { at: start });
        }
        Ok(())
    }

    /// Reads an escape sequence.
    fn escape(&mut self) -> Result<char, Invalid> {
        let at = self.at;
        let letter = self.input.get(at + 1).copied();
        self.at += 2;
        match letter {
            Some(b'"') => Ok('"'),
            Some(b'\\') => Ok('\\'),
            Some(b'/') => Ok('/'),
            Some(b'b') => Ok('\u{8}'),
            Some(b'f') => Ok('\u{c}'),
            Some(b'n') => Ok('\n'),
            Some(b'r') => Ok('\r'),
            Some(b't') => Ok('\t'),
            Some(b'u') => self.unicode(at),
            Some(_) | None => Err(Invalid::Syntax { at }),
        }
    }

    /// The four digits after `\u`, and those of the other half of a surrogate pair.
    fn unicode(&mut self, at: usize) -> Result<char, Invalid> {
        let first = self.hex(at)?;
        if first == 0 {
            return Err(Invalid::NulCharacter { at });
        }
        let mut code = first;
        if (0xD800..0xDC00).contains(&first) {
            if self.input.get(self.at..self.at + 2) != Some(b"\\u") {
                return Err(Invalid::LoneSurrogate { at });
            }
            self.at += 2;
            let second = self.hex(at)?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(Invalid::LoneSurrogate { at });
            }
            code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        }
        char::from_u32(code).ok_or(Invalid::LoneSurrogate { at })
    }

    fn hex(&mut self, at: usize) -> Result<u32, Invalid> {
        let digits = self.input.get(self.at..self.at + 4).ok_or(Invalid::Syntax { at })?;
        let mut code = 0;
        for &digit in digits {
            let digit = char::from(digit).to_digit(16).ok_or(Invalid::Syntax { at })?;
            code = code << 4 | digit;
        }
        self.at += 4;
        Ok(code)
    }
}

/// What ends a run of plain characters within a string.
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// One character as `escape_json` writes it.
fn push_escaped(letter: &[u8], out: &mut Vec<u8>) {
    match letter {
        [b'"'] => out.extend_from_slice(br#"\""#),
        [b'\\'] => out.extend_from_slice(br"\\"),
        [8] => out.extend_from_slice(br"\b"),
        [12] => out.extend_from_slice(br"\f"),
        [b'\n'] => out.extend_from_slice(br"\n"),
        [b'\r'] => out.extend_from_slice(br"\r"),
        [b'\t'] => out.extend_from_slice(br"\t"),
        [control @ 0..0x20] => {
            let hex = b"0123456789abcdef";
            let digit = |nibble: u8| hex.get(usize::from(nibble)).copied().unwrap_or(b'0');
            out.extend_from_slice(br"\u00");
            out.extend_from_slice(&[digit(control >> 4), digit(control & 15)]);
        }
        plain => out.extend_from_slice(plain),
    }
}
