//! A tree as detection reads it: every file at most once, links within the tree resolved, and what
//! cannot be read kept as a finding.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::application::Evidence;
use crate::finding::{Code, Finding, Place};
use crate::project::error::Error;
use crate::project::tree::{Entry, Mode, Tree, join, parent, shown};

/// What is longer says nothing about what an application is.
const LONGEST: u64 = 16 << 20;
/// Links to links that are followed.
const LINKS: usize = 8;

pub(super) struct View<'a> {
    pub(super) tree: &'a Tree,
    texts: Mutex<HashMap<Vec<u8>, Option<Arc<str>>>>,
    values: Mutex<HashMap<Vec<u8>, Arc<Value>>>,
    findings: Mutex<BTreeSet<Finding>>,
}

impl<'a> View<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        Self { tree, texts: Mutex::default(), values: Mutex::default(), findings: Mutex::default() }
    }

    /// What could not be read, in the order of their paths.
    pub(super) fn findings(self) -> Vec<Finding> {
        self.findings.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect()
    }

    /// The file of that path, or the one that a link within the tree leads to.
    pub(super) fn file(&self, path: &[u8]) -> Option<&'a Entry> {
        let mut path = path.to_vec();
        for _ in 0..LINKS {
            let entry = self.tree.entry(&path)?;
            if entry.is_file() {
                return Some(entry);
            }
            if entry.mode != Mode::Symlink {
                return None;
            }
            let target = self.tree.read(entry).ok()?;
            let Some(next) = resolved(entry.folder(), &target) else {
                self.found(Finding::note(
                    Code::LinkNotFollowed,
                    Place::file(entry.shown(), None),
                    "the link leads out of the tree, so what it leads to was not read",
                ));
                return None;
            };
            path = next;
        }
        None
    }

    pub(super) fn has(&self, path: &[u8]) -> bool {
        self.file(path).is_some()
    }

    /// The text of a file; none if it is not there or cannot be read, which is then a finding.
    pub(super) fn text(&self, path: &[u8]) -> Option<Arc<str>> {
        if let Some(known) = lock(&self.texts).get(path) {
            return known.clone();
        }
        let text = self.file(path).and_then(|entry| self.read(entry));
        lock(&self.texts).insert(path.to_vec(), text.clone());
        text
    }

    /// A JSON file; `Null` if it is not there or is none, which is then a finding.
    pub(super) fn json(&self, path: &[u8]) -> Arc<Value> {
        if let Some(known) = lock(&self.values).get(path) {
            return Arc::clone(known);
        }
        let value = self.text(path).map_or(Value::Null, |text| {
            serde_json::from_str(&text).unwrap_or_else(|error: serde_json::Error| {
                let place = Place::file(shown(path), u32::try_from(error.line()).ok());
                // The error's own words may hold a part of the file.
                self.found(Finding::warning(Code::Unreadable, place, "this is no valid JSON"));
                Value::Null
            })
        });
        let value = Arc::new(value);
        lock(&self.values).insert(path.to_vec(), Arc::clone(&value));
        value
    }

    fn read(&self, entry: &Entry) -> Option<Arc<str>> {
        let text = match self.tree.size(entry) {
            Ok(bytes) if bytes > LONGEST => return None,
            _ => self.tree.text(entry),
        };
        let error = match text {
            Ok(text) => return Some(Arc::from(text)),
            Err(error) => error,
        };
        let code = match error {
            Error::LfsPointer { .. } => Code::LfsPointer,
            _ => Code::Unreadable,
        };
        let place = Place::file(entry.shown(), None);
        let mut message = error.to_string();
        if let Some(cause) = std::error::Error::source(&error) {
            message = format!("{message}: {cause}");
        }
        let finding = Finding::warning(code, place, message);
        let hint = crate::fault::Blame::hint(&error);
        self.found(match hint {
            Some(hint) => finding.help(hint),
            None => finding,
        });
        None
    }

    fn found(&self, finding: Finding) {
        lock(&self.findings).insert(finding);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where a link in `folder` leads within the tree; none if it leads out of it.
fn resolved(folder: &[u8], target: &[u8]) -> Option<Vec<u8>> {
    if target.starts_with(b"/") {
        return None;
    }
    let mut path = folder.to_vec();
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if path.is_empty() => return None,
            b".." => path = parent(&path).to_vec(),
            part => path = join(&path, part),
        }
    }
    Some(path)
}

/// Evidence in a file of a folder.
pub(super) fn evidence(
    path: &[u8],
    line: Option<usize>,
    rule: &'static str,
    what: impl Into<String>,
) -> Evidence {
    let line = line.and_then(|line| u32::try_from(line).ok());
    Evidence { path: shown(path), line, rule, what: what.into() }
}

/// A folder for people: `.` is the root.
pub(super) fn shown_folder(folder: &[u8]) -> String {
    if folder.is_empty() { ".".to_owned() } else { shown(folder) }
}

/// The first line, counted from 1, that `wanted` takes.
pub(super) fn line_of(text: &str, wanted: impl Fn(&str) -> bool) -> Option<usize> {
    text.lines().position(wanted).map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::resolved;

    #[test]
    fn links_are_resolved_within_the_tree_only() {
        for (folder, target, wanted) in [
            ("config", "database.mysql.yml", Some("config/database.mysql.yml")),
            ("config", "../shared/./database.yml", Some("shared/database.yml")),
            ("config", "../../etc/passwd", None),
            ("", "/etc/passwd", None),
            ("a/b", "..//c", Some("a/c")),
        ] {
            let found = resolved(folder.as_bytes(), target.as_bytes());
            assert_eq!(found, wanted.map(|path| path.as_bytes().to_vec()), "{folder} {target}");
        }
    }
}
