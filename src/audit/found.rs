//! Where rules put what they find.

use std::ops::Range;

use crate::audit::file::{File, Scope};
use crate::finding::Severity;
use crate::twelve_factor::{Card, Hit, State};

/// What one rule found; of one file, of one application, or of the tree.
pub(super) struct Found {
    card: &'static Card,
    hits: Vec<Hit>,
}

impl Found {
    pub(super) fn new(card: &'static Card) -> Self {
        Self { card, hits: Vec::new() }
    }

    /// Looks again at what was found so far.
    pub(super) fn each(&mut self, look: impl FnMut(&mut Hit)) {
        self.hits.iter_mut().for_each(look);
    }

    /// The id of the rule that looks.
    pub(super) fn rule(&self) -> &'static str {
        self.card.id
    }

    pub(super) fn into_hits(self) -> Vec<Hit> {
        self.hits
    }

    /// Something at a byte of a file.
    pub(super) fn at(&mut self, file: &File, at: usize, message: impl Into<String>) -> &mut Hit {
        let line = file.line_of(at);
        let hit = self.line(&file.shown, line, file.line(line), message);
        if file.scope == Scope::Rehearsal {
            hit.level = Severity::Note;
        }
        hit
    }

    /// A secret that stands at these bytes of a file: no report will show them.
    pub(super) fn secret(
        &mut self,
        file: &File,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> &mut Hit {
        let line = file.line_of(span.start);
        let start = file.start_of(line);
        let text = file.line(line);
        let within = span.start - start..(span.end - start).min(text.len());
        let (mut shown, end) = (text.to_owned(), text.len());
        if shown.get(within.clone()).is_some() {
            shown.replace_range(within.clone(), "…");
        }
        let hit = self.line(&file.shown, line, &shown, message);
        hit.secret = Some(within.start..within.end.min(end));
        if file.scope == Scope::Rehearsal {
            hit.level = Severity::Note;
        }
        hit
    }

    /// A file that should not be there, or is not as it should be.
    pub(super) fn file(&mut self, shown: &str, message: impl Into<String>) -> &mut Hit {
        self.line(shown, 1, "", message)
    }

    /// Something that is missing; told where it would be declared.
    pub(super) fn absent(&mut self, shown: &str, message: impl Into<String>) -> &mut Hit {
        let hit = self.line(shown, 1, "", message);
        hit.absence = true;
        hit
    }

    /// Something on a line, of which `text` may be shown.
    pub(super) fn line(
        &mut self,
        shown: &str,
        line: usize,
        text: &str,
        message: impl Into<String>,
    ) -> &mut Hit {
        let message = message.into();
        let at = self.hits.len();
        // What a file lacks, or is, is told from others by its words.
        let key = if text.trim().is_empty() { message.as_str() } else { text.trim() };
        self.hits.push(Hit {
            rule: self.card.id,
            factor: self.card.factor,
            level: self.card.level,
            path: shown.to_owned(),
            line: u32::try_from(line).unwrap_or(u32::MAX).max(1),
            absence: false,
            fingerprint: fingerprint(self.card.id, key),
            message,
            help: self.card.advice().to_owned(),
            state: State::Open,
            secret: None,
        });
        &mut self.hits[at]
    }
}

impl Hit {
    /// It weighs less than its rule at its most.
    pub(super) fn weighs(&mut self, level: Severity) -> &mut Self {
        self.level = self.level.min(level);
        self
    }

    pub(super) fn helped(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = help.into();
        self
    }
}

/// Sixty-four bits of a digest of the rule and the line, spaces at its ends left out.
pub(super) fn fingerprint(rule: &str, text: &str) -> String {
    use sha2::{Digest, Sha256};
    let mut digest = Sha256::new();
    digest.update(rule.as_bytes());
    digest.update([0]);
    digest.update(text.as_bytes());
    let bytes =
        digest.finalize().iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    format!("{bytes:016x}")
}
