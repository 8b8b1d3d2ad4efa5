//! The tokens of a text that are code, whatever the language: where they stand, and which bracket
//! closes which.

use std::borrow::Cow;
use std::ops::Range;

use super::{Span, Token};

/// The code of a file. All indices are of [`Code::tokens`].
#[derive(Clone, Debug)]
pub(crate) struct Code<'a, K> {
    pub(crate) source: &'a [u8],
    /// Without whitespace and comments.
    pub(crate) tokens: Vec<Token<K>>,
    /// Where something begins that has no end.
    pub(crate) broken: Option<usize>,
}

/// The kinds of tokens of a language.
pub(crate) trait Lexis: Copy + PartialEq {
    /// Operators and brackets.
    const PUNCTUATION: Self;
}

/// What a string says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Literal<'a> {
    /// Unescaped; of a dynamic one what stands in the source between its quotes.
    pub(crate) value: Cow<'a, [u8]>,
    /// Whether something is interpolated.
    pub(crate) is_dynamic: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    Open,
    Close,
}

impl<'a, K: Lexis> Code<'a, K> {
    pub(crate) fn text(&self, at: usize) -> &'a [u8] {
        self.tokens.get(at).map_or(b"", |token| token.text(self.source))
    }

    pub(crate) fn kind(&self, at: usize) -> Option<K> {
        self.tokens.get(at).map(|token| token.kind)
    }

    /// Whether a token is this operator or bracket, and no string that has it.
    pub(crate) fn is(&self, at: usize, punctuation: &[u8]) -> bool {
        self.kind(at) == Some(K::PUNCTUATION) && self.text(at) == punctuation
    }

    /// From the first to the last byte of some tokens.
    pub(crate) fn span(&self, range: &Range<usize>) -> Span {
        match (self.tokens.get(range.start), range.end.checked_sub(1)) {
            (Some(first), Some(last)) if last >= range.start => {
                let last = self.tokens.get(last).unwrap_or(first);
                first.span.to(last.span)
            }
            (first, _) => {
                let at = first.map_or(self.source.len(), |token| token.span.start);
                Span::new(at, at)
            }
        }
    }

    pub(super) fn bracket(&self, at: usize) -> Option<Bracket> {
        let token = self.tokens.get(at).filter(|token| token.kind == K::PUNCTUATION)?;
        match self.source.get(token.span.start)? {
            b'(' | b'[' | b'{' => Some(Bracket::Open),
            b')' | b']' | b'}' => Some(Bracket::Close),
            _ => None,
        }
    }

    /// The bracket that closes the one at `open`.
    pub(crate) fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for at in open..self.tokens.len() {
            match self.bracket(at) {
                Some(Bracket::Open) => depth += 1,
                Some(Bracket::Close) => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(at);
                    }
                }
                None => {}
            }
        }
        None
    }

    /// A bracket that nothing closes, or that closes nothing: its token.
    pub(crate) fn unbalanced(&self) -> Option<usize> {
        let mut open: Vec<usize> = Vec::new();
        for at in 0..self.tokens.len() {
            match self.bracket(at) {
                Some(Bracket::Open) => open.push(at),
                Some(Bracket::Close) => {
                    let fits = open.pop().is_some_and(|open| {
                        matches!(
                            (self.text(open), self.text(at)),
                            (b"(", b")") | (b"[", b"]") | (b"{", b"}")
                        )
                    });
                    if !fits {
                        return Some(at);
                    }
                }
                None => {}
            }
        }
        open.pop()
    }
}
