//! Changes to a text that leave the rest of it alone, byte for byte.
//!
//! [`apply`] does not trust itself: what it made is taken apart again, and every byte that no edit
//! named must be there, in its order.

use super::Span;

/// A part of a text and what takes its place; an empty part is where something is put in.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) span: Span,
    pub(crate) text: Vec<u8>,
}

impl Edit {
    pub(crate) fn replace(span: Span, text: impl Into<Vec<u8>>) -> Self {
        Self { span, text: text.into() }
    }

    pub(crate) fn insert(at: usize, text: impl Into<Vec<u8>>) -> Self {
        Self { span: Span::new(at, at), text: text.into() }
    }

    pub(crate) fn delete(span: Span) -> Self {
        Self { span, text: Vec::new() }
    }
}

/// What takes the place of a secret is none, but what is there may be.
impl std::fmt::Debug for Edit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Edit({}..{}, {} bytes)", self.span.start, self.span.end, self.text.len())
    }
}

/// Why edits cannot be applied; nothing was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EditError {
    #[error("an edit reaches from byte {start} to {end} of a text that has {length}")]
    OutOfBounds { start: usize, end: usize, length: usize },
    #[error("two edits overlap at byte {at}")]
    Overlap { at: usize },
    /// A bug of ours: a byte changed that no edit named.
    #[error("a byte outside of all edits has changed")]
    OutsideChanged,
}

/// The text with all edits done, in whatever order they are given; of several insertions at one
/// place the first one given comes first.
pub(crate) fn apply(source: &[u8], edits: &[Edit]) -> Result<Vec<u8>, EditError> {
    let ordered = ordered(source, edits)?;
    let more: usize = ordered.iter().map(|edit| edit.text.len()).sum();
    let mut text = Vec::with_capacity(source.len() + more);
    let mut at = 0;
    for edit in &ordered {
        text.extend_from_slice(&source[at..edit.span.start]);
        text.extend_from_slice(&edit.text);
        at = edit.span.end;
    }
    text.extend_from_slice(&source[at..]);
    if !outside_is_same(source, &text, &ordered) {
        return Err(EditError::OutsideChanged);
    }
    Ok(text)
}

fn ordered<'a>(source: &[u8], edits: &'a [Edit]) -> Result<Vec<&'a Edit>, EditError> {
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut reached = 0;
    for edit in &ordered {
        let Span { start, end } = edit.span;
        if start > end || end > source.len() {
            return Err(EditError::OutOfBounds { start, end, length: source.len() });
        }
        if start < reached {
            return Err(EditError::Overlap { at: start });
        }
        reached = end;
    }
    Ok(ordered)
}

/// Whether `after` is `before` with just these parts replaced, read from both of their ends.
fn outside_is_same(before: &[u8], after: &[u8], edits: &[&Edit]) -> bool {
    let (mut old, mut new) = (before, after);
    for edit in edits.iter().rev() {
        let kept = &before[edit.span.end..];
        let tail = &kept[..kept.len() - (before.len() - old.len())];
        let Some(rest) = new.strip_suffix(tail).and_then(|rest| rest.strip_suffix(&edit.text[..]))
        else {
            return false;
        };
        new = rest;
        old = &before[..edit.span.start];
    }
    new == old
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Edit, EditError, apply};
    use crate::project::read::Span;

    #[test]
    fn edits_are_applied_in_their_places_or_not_at_all() {
        let edits = [
            Edit::insert(6, "!"),
            Edit::replace(Span::new(0, 1), "J"),
            Edit::delete(Span::new(4, 6)),
            Edit::insert(6, "?"),
        ];
        assert_eq!(apply(b"Hello\n", &edits).unwrap(), b"Jell!?");
        let overlap = [Edit::delete(Span::new(0, 3)), Edit::delete(Span::new(2, 4))];
        assert_eq!(apply(b"Hello", &overlap), Err(EditError::Overlap { at: 2 }));
        let outside = [Edit::delete(Span::new(4, 6))];
        assert!(matches!(apply(b"Hello", &outside), Err(EditError::OutOfBounds { .. })));
        assert_eq!(apply(b"", &[]).unwrap(), b"");
    }

    proptest! {
        #[test]
        fn whatever_is_edited_the_rest_stays(
            source in prop::collection::vec(any::<u8>(), 0..64),
            cuts in prop::collection::vec((0_usize..64, 0_usize..8, prop::collection::vec(any::<u8>(), 0..8)), 0..6),
        ) {
            let edits: Vec<Edit> = cuts
                .into_iter()
                .map(|(start, length, text)| Edit::replace(Span::new(start, start + length), text))
                .collect();
            let Ok(text) = apply(&source, &edits) else { return Ok(()) };
            let mut kept = Vec::new();
            let touched = |at: usize| edits.iter().any(|edit| edit.span.start <= at && at < edit.span.end);
            kept.extend((0..source.len()).filter(|at| !touched(*at)).map(|at| source[at]));
            let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
            prop_assert_eq!(text.len(), kept.len() + added);
        }
    }
}
