//! A unified diff of edits, with secrets masked.
//!
//! What is masked makes it a thing to read: `git apply` would look for lines that are not there.

use std::fmt::Write as _;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use crate::project::read::dotenv;

use super::language::Language;
use super::mask::{self, MASK};
use super::site::Change;

/// Lines around an edit.
const CONTEXT: usize = 3;

/// The diff of one file.
pub(super) fn unified(change: &Change) -> String {
    let before = Text::old(change);
    let after = Text::new(change);
    let name = crate::project::tree::shown(&change.path);
    let mut text = String::new();
    match change.before {
        Some(_) => _ = write!(text, "--- a/{name}\n+++ b/{name}\n"),
        None => _ = write!(text, "--- /dev/null\n+++ b/{name}\n"),
    }
    let operations = capture_diff_slices(Algorithm::Myers, &before.slices(), &after.slices());
    for group in group_diff_ops(operations, CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old = first.old_range().start..last.old_range().end;
        let new = first.new_range().start..last.new_range().end;
        _ = writeln!(text, "@@ -{} +{} @@", place(&old), place(&new));
        for operation in &group {
            let is_same = matches!(operation, DiffOp::Equal { .. });
            for line in operation.old_range() {
                before.write(line, if is_same { ' ' } else { '-' }, &mut text);
            }
            for line in operation.new_range().filter(|_| !is_same) {
                after.write(line, '+', &mut text);
            }
        }
    }
    text
}

/// A text in lines, with what of it is hidden.
struct Text<'a> {
    bytes: &'a [u8],
    hidden: Vec<Range<usize>>,
    /// Where each line begins and ends, its line end included.
    lines: Vec<Range<usize>>,
}

impl<'a> Text<'a> {
    fn old(change: &'a Change) -> Self {
        let bytes = change.before.as_deref().unwrap_or_default();
        let spans = change.secrets.iter().map(|span| span.start..span.end);
        let guessed = mask::secrets(change.language, bytes).into_iter();
        Self::of(bytes, spans.chain(guessed.map(|span| span.start..span.end)).collect())
    }

    fn new(change: &'a Change) -> Self {
        let bytes = change.after.as_slice();
        let mut hidden: Vec<Range<usize>> = mask::secrets(change.language, bytes)
            .into_iter()
            .map(|span| span.start..span.end)
            .collect();
        // What was hidden and stays is hidden still.
        let mut edits: Vec<_> = change.edits.iter().collect();
        edits.sort_by_key(|edit| edit.span);
        for secret in &change.secrets {
            let before = edits.iter().take_while(|edit| edit.span.end <= secret.start);
            let (mut added, mut taken) = (0, 0);
            for edit in before {
                added += edit.text.len();
                taken += edit.span.end - edit.span.start;
            }
            let is_gone = edits
                .iter()
                .any(|edit| edit.span.start < secret.end && secret.start < edit.span.end);
            if !is_gone {
                hidden.push(secret.start + added - taken..secret.end + added - taken);
            }
        }
        if change.language == Language::Dotenv {
            let entries = dotenv::entries(bytes).into_iter();
            let is_hidden = |entry: &dotenv::Entry| {
                let key = entry.key.of(bytes);
                !entry.value.is_empty() && change.hidden.iter().any(|one| one.as_bytes() == key)
            };
            let values = entries.filter(is_hidden).map(|entry| {
                let key = entry.key.of(bytes);
                let is_address = key.ends_with(b"URL") || key.ends_with(b"DSN");
                let span =
                    if is_address { mask::password(bytes, entry.value) } else { entry.value };
                span.start..span.end
            });
            hidden.extend(values);
        }
        Self::of(bytes, hidden)
    }

    fn of(bytes: &'a [u8], mut hidden: Vec<Range<usize>>) -> Self {
        hidden.sort_by_key(|range| (range.start, range.end));
        hidden.dedup_by(|next, last| {
            let overlaps = next.start < last.end;
            if overlaps {
                last.end = last.end.max(next.end);
            }
            overlaps
        });
        let mut lines = Vec::new();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            lines.push(start..end + 1);
            start = end + 1;
        }
        if start < bytes.len() {
            lines.push(start..bytes.len());
        }
        Self { bytes, hidden, lines }
    }

    fn slices(&self) -> Vec<&'a [u8]> {
        self.lines.iter().map(|line| &self.bytes[line.clone()]).collect()
    }

    fn write(&self, line: usize, sign: char, text: &mut String) {
        let range = self.lines[line].clone();
        text.push(sign);
        let mut at = range.start;
        for hidden in &self.hidden {
            let (start, end) = (hidden.start.max(at), hidden.end.min(range.end));
            if start >= end {
                continue;
            }
            text.push_str(&String::from_utf8_lossy(&self.bytes[at..start]));
            text.push_str(MASK);
            at = end;
        }
        text.push_str(&String::from_utf8_lossy(&self.bytes[at..range.end]));
        if !text.ends_with('\n') {
            text.push('\n');
            if range.end == self.bytes.len() && self.bytes.last() != Some(&b'\n') {
                text.push_str("\\ No newline at end of file\n");
            }
        }
    }
}

/// Where a hunk begins and how many lines it has, as the head of a hunk says it.
fn place(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        length => format!("{},{length}", range.start + 1),
    }
}
