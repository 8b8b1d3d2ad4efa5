//! Readers of source text that say where everything stands.
//!
//! What they have in common: they take **bytes**, so that any encoding, a byte order mark and any
//! line ends are read as they lie there; they never fail, and broken text gives the tokens that it
//! has; their tokens **tile** the text, so that every byte is in exactly one of them. Nothing is
//! allocated for a token, and no token is looked at twice.
//!
//! A reader knows the lexis of a language and not its grammar. The views beside it answer what
//! audits and edits ask: calls of a function with their arguments, what is assigned to a name, which
//! value stands at a key, and whether that value is a literal.

#[cfg(any(test, fuzzing))]
pub(crate) mod check;
mod code;
mod cursor;
pub(crate) mod dotenv;
pub(crate) mod edit;
pub(crate) mod javascript;
pub(crate) mod php;
pub(crate) mod ruby;
pub(crate) mod yaml_erb;

pub(crate) use code::{Code, Lexis};

/// A part of a text, in bytes from its start; `end` is the first byte behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The bytes; none where the span is not in this text.
    pub(crate) fn of(self, source: &[u8]) -> &[u8] {
        source.get(self.start..self.end).unwrap_or_default()
    }

    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// From the start of this one to the end of the other.
    pub(crate) fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end }
    }
}

/// A smallest part of a text that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<K> {
    pub(crate) kind: K,
    pub(crate) span: Span,
}

impl<K> Token<K> {
    pub(crate) fn new(kind: K, start: usize, end: usize) -> Self {
        Self { kind, span: Span { start, end } }
    }

    pub(crate) fn text<'a>(&self, source: &'a [u8]) -> &'a [u8] {
        self.span.of(source)
    }
}

/// The line of a byte, the first line being 1.
pub(crate) fn line_of(source: &[u8], at: usize) -> u32 {
    let before = &source[..at.min(source.len())];
    let lines = memchr::memchr_iter(b'\n', before).count() + 1;
    u32::try_from(lines).unwrap_or(u32::MAX)
}

/// The bytes of the line that `at` is in, without its end.
pub(crate) fn line_span(source: &[u8], at: usize) -> Span {
    let at = at.min(source.len());
    let start = memchr::memrchr(b'\n', &source[..at]).map_or(0, |newline| newline + 1);
    let end = memchr::memchr(b'\n', &source[at..]).map_or(source.len(), |newline| at + newline);
    let end = if end > start && source.get(end - 1) == Some(&b'\r') { end - 1 } else { end };
    Span { start, end: end.max(start) }
}

/// How the lines of a text end: as its first one does.
pub(crate) fn line_end(source: &[u8]) -> &'static [u8] {
    match memchr::memchr(b'\n', source) {
        Some(at) if at > 0 && source[at - 1] == b'\r' => b"\r\n",
        _ => b"\n",
    }
}

#[cfg(test)]
mod tests;
