//! A place in a text that moves forward only.

use memchr::memchr;

#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    pub(super) source: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(source: &'a [u8], at: usize) -> Self {
        Self { source, at }
    }

    /// The byte that is `ahead` of here; 0 behind the end, where no byte means anything.
    pub(super) fn peek(&self, ahead: usize) -> u8 {
        self.source.get(self.at + ahead).copied().unwrap_or(0)
    }

    pub(super) fn is_over(&self) -> bool {
        self.at >= self.source.len()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        &self.source[self.at.min(self.source.len())..]
    }

    pub(super) fn starts(&self, text: &[u8]) -> bool {
        self.rest().starts_with(text)
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.source.len());
    }

    pub(super) fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        let rest = self.rest();
        let length = rest.iter().position(|byte| !wanted(*byte)).unwrap_or(rest.len());
        self.at += length;
    }

    /// To the end of the line, before its `\r\n` or `\n`.
    pub(super) fn skip_line(&mut self) {
        let rest = self.rest();
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        let carriage = length > 0 && length < rest.len() && rest[length - 1] == b'\r';
        self.at += length - usize::from(carriage);
    }

    /// Behind `text`; to the end and `false` if it does not come.
    pub(super) fn skip_past(&mut self, text: &[u8]) -> bool {
        if let Some(at) = memchr::memmem::find(self.rest(), text) {
            self.at += at + text.len();
            true
        } else {
            self.at = self.source.len();
            false
        }
    }

    /// Whether nothing but spaces and tabs stands before this place in its line.
    pub(super) fn is_at_line_start(&self) -> bool {
        self.at == 0 || self.source[self.at - 1] == b'\n'
    }
}

/// A letter, a digit, `_`, or a part of a letter that is not ASCII.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

pub(super) fn is_word_start(byte: u8) -> bool {
    is_word(byte) && !byte.is_ascii_digit()
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c)
}
