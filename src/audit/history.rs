//! Secrets that the history has and the tree has no more: whoever can clone can read them.

use std::collections::HashSet;

use rayon::prelude::*;

use crate::audit::context::{Context, LONGEST, is_binary};
use crate::audit::error::Error;
use crate::audit::file::{File, Scope};
use crate::audit::found::Found;
use crate::audit::rule::{Check, Reach, Rule};
use crate::audit::run::look;
use crate::finding::{Code, Finding, Place};
use crate::project::history::{Blob, Gap, History};
use crate::twelve_factor::{Card, Hit};

/// What the history came to.
pub(super) struct Dug {
    pub(super) hits: Vec<Hit>,
    pub(super) findings: Vec<Finding>,
    /// Blobs that rules were shown.
    pub(super) blobs: usize,
    /// Those that they were not: other people's code, what is no text, and what is too long.
    pub(super) left_out: usize,
}

/// What rules say of a blob.
type Scanned = Vec<(Blob, Hit)>;

/// Reads every blob once and keeps what rules about secrets say of it, if the tree that is audited
/// does not say the same.
pub(super) fn dig(
    history: &History,
    rev: Option<&str>,
    context: &Context,
    present: &[Hit],
) -> Result<Dug, Error> {
    let (blobs, gaps) = history.blobs(rev)?;
    let rules = secret_rules();
    let rule = super::factor::rule("III-025");
    let read: Vec<Result<Option<Scanned>, Gap>> = blobs
        .par_iter()
        .map_init(
            || history.reader(),
            |reader, blob| match reader {
                Ok(reader) => {
                    let bytes = reader.read(blob, LONGEST)?;
                    Ok(bytes.and_then(|bytes| scan(context, blob, bytes, &rules)))
                }
                Err(error) => Err(Gap {
                    path: crate::project::tree::shown(&blob.path),
                    commit: blob.commit.clone(),
                    reason: error.to_string(),
                }),
            },
        )
        .collect();
    let mut findings: Vec<Finding> = gaps.iter().map(gap).collect();
    let now: HashSet<(&str, &str)> =
        present.iter().map(|hit| (hit.rule, hit.fingerprint.as_str())).collect();
    let mut told: HashSet<(&'static str, String, String)> = HashSet::new();
    let mut found = Vec::new();
    let (mut shown, mut left_out) = (0, 0);
    for one in read {
        match one {
            Ok(Some(list)) => {
                shown += 1;
                found.extend(list);
            }
            Ok(None) => left_out += 1,
            Err(missing) => findings.push(gap(&missing)),
        }
    }
    let mut hits = Vec::new();
    for (blob, hit) in found {
        let known = now.contains(&(hit.rule, hit.fingerprint.as_str()));
        if !known && told.insert((hit.rule, hit.path.clone(), hit.fingerprint.clone())) {
            hits.extend(in_history(&rule.card, &blob, &hit));
        }
    }
    Ok(Dug { hits, findings, blobs: shown, left_out })
}

/// Rules that find values which must not be known.
fn secret_rules() -> Vec<&'static Rule> {
    let is_secret = |rule: &&'static Rule| {
        matches!(rule.check, Check::Files { reach: Reach::Everywhere, .. })
            && rule.card.level > crate::finding::Severity::Note
    };
    super::factor::rules().into_iter().filter(is_secret).collect()
}

/// None if rules look at nothing of this kind.
fn scan(
    context: &Context,
    blob: &Blob,
    bytes: Vec<u8>,
    rules: &[&'static Rule],
) -> Option<Scanned> {
    let placed = context.place(&blob.path);
    if placed.scope == Scope::Vendored || is_binary(&bytes) {
        return None;
    }
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    let file = File::new(placed, text);
    let hits = look(&file, rules).into_iter();
    Some(hits.filter(|hit| hit.secret.is_some()).map(|hit| (blob.clone(), hit)).collect())
}

fn in_history(card: &'static Card, blob: &Blob, hit: &Hit) -> Vec<Hit> {
    let mut found = Found::new(card);
    let commit = blob.commit.get(..12).unwrap_or(&blob.commit);
    let message = format!("{} ({}), since commit {commit}", hit.message, hit.rule);
    let line = hit.line as usize;
    let new = found.line(&hit.path, line, &format!("{} {}", hit.rule, hit.fingerprint), message);
    new.weighs(hit.level);
    found.into_hits()
}

fn gap(gap: &Gap) -> Finding {
    let commit = gap.commit.get(..12).unwrap_or(&gap.commit);
    let message = format!("commit {commit} has it, and it cannot be read: {}", gap.reason);
    Finding::warning(Code::Unreadable, Place::file(gap.path.clone(), None), message)
        .help("clone without --filter and --depth, or `git fetch --refetch --unshallow`")
}
