//! The baseline: findings that are known, so that only new ones count. It is keyed on the rule,
//! the path and a digest of the line, so that lines may move; a digest leaves out what is secret,
//! so that the file can be committed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::audit::error::Error;
use crate::twelve_factor::{Hit, State};

const SCHEMA: &str = "nirvana-baseline/1";

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    schema: String,
    findings: Vec<Known>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Known {
    rule: String,
    path: String,
    fingerprint: String,
    /// How many such lines the file has.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    count: usize,
}

fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_one(number: &usize) -> bool {
    *number == 1
}

/// How often a finding is known, by rule, path and fingerprint.
pub(super) type Counts = BTreeMap<(String, String, String), usize>;

fn key(hit: &Hit) -> (String, String, String) {
    (hit.rule.to_owned(), hit.path.clone(), hit.fingerprint.clone())
}

pub(super) fn counts<'a>(hits: impl Iterator<Item = &'a Hit>) -> Counts {
    let mut counts = Counts::new();
    for hit in hits {
        *counts.entry(key(hit)).or_default() += 1;
    }
    counts
}

/// Marks what is known, and says how many of the known there are no more.
pub(super) fn apply(mut known: Counts, hits: &mut [Hit]) -> usize {
    for hit in hits.iter_mut() {
        if let Some(left) = known.get_mut(&key(hit)).filter(|left| **left > 0) {
            *left -= 1;
            if hit.is_open() {
                hit.state = State::Known;
            }
        }
    }
    known.values().sum()
}

pub(super) fn read(path: &Path) -> Result<Counts, Error> {
    let file = |source| Error::Baseline { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(file)?;
    let wrong = |problem: String| Error::BadBaseline { path: path.to_owned(), problem };
    let document: Document =
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if document.schema != SCHEMA {
        return Err(wrong(format!("its schema is '{}' and not '{SCHEMA}'", document.schema)));
    }
    let known = document.findings.into_iter();
    Ok(known.map(|one| ((one.rule, one.path, one.fingerprint), one.count)).collect())
}

/// Writes what is open as known; the file is whole or as it was.
pub(super) fn write(path: &Path, hits: &[Hit]) -> Result<usize, Error> {
    let open = hits.iter().filter(|hit| hit.is_open() || hit.state == State::Known);
    let counts = counts(open);
    let findings: Vec<Known> = counts
        .into_iter()
        .map(|((rule, path, fingerprint), count)| Known { rule, path, fingerprint, count })
        .collect();
    let number = findings.iter().map(|one| one.count).sum();
    let document = Document { schema: SCHEMA.to_owned(), findings };
    let file = |source| Error::BaselineNotWritten { path: path.to_owned(), source };
    let text = serde_json::to_string_pretty(&document).map_err(|error| file(error.into()))?;
    let mut new: PathBuf = path.to_owned();
    new.as_mut_os_string().push(".new");
    std::fs::write(&new, format!("{text}\n")).map_err(file)?;
    std::fs::rename(&new, path).map_err(file)?;
    Ok(number)
}
