//! What `.gitignore` files say of a path.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::project::tree::{join, parent};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
}

/// What a tree does not show of the repository that its root lies in.
#[derive(Debug, Default)]
pub(super) struct Above {
    /// The root within the repository; empty if it is the repository's own.
    pub(super) prefix: Vec<u8>,
    /// The folders that the root lies in, with the text of their `.gitignore`.
    pub(super) rules: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Above {
    /// The folders that a root lies in, the outermost first, the root itself left out.
    pub(super) fn folders(prefix: &[u8]) -> impl Iterator<Item = &[u8]> {
        let slashes = prefix.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        let inner = slashes.map(|(at, _)| &prefix[..at]);
        (!prefix.is_empty()).then_some(&b""[..]).into_iter().chain(inner)
    }

    /// A path of the tree, from the repository's root.
    pub(super) fn within(&self, path: &[u8]) -> Vec<u8> {
        if path.is_empty() { self.prefix.clone() } else { join(&self.prefix, path) }
    }

    pub(super) fn ignored(&self) -> Ignored {
        let mut ignored = Ignored::default();
        self.rules.iter().for_each(|(folder, text)| ignored.add(folder, text));
        ignored
    }
}

/// The rules of a tree, by the folder in which they stand.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    rules: BTreeMap<Vec<u8>, Gitignore>,
    /// `.git/info/exclude`: weaker than all others.
    local: Option<Gitignore>,
}

impl Ignored {
    pub(super) fn add(&mut self, folder: &[u8], text: &[u8]) {
        self.rules.insert(folder.to_vec(), rules(text));
    }

    pub(super) fn add_local(&mut self, text: &[u8]) {
        self.local = Some(rules(text));
    }

    /// As gitignore(5): within a file the last rule that matches decides, a deeper file before a
    /// higher one, and what lies in an ignored folder cannot be taken back.
    pub(super) fn has(&self, path: &[u8], kind: Kind) -> bool {
        let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        ends.map(|end| (&path[..end], Kind::Folder))
            .chain([(path, kind)])
            .any(|(part, kind)| self.names(part, kind))
    }

    /// Whether a rule matches the path itself.
    fn names(&self, path: &[u8], kind: Kind) -> bool {
        let mut folder = parent(path);
        loop {
            if let Some(rules) = self.rules.get(folder) {
                let below = if folder.is_empty() { path } else { &path[folder.len() + 1..] };
                match matched(rules, below, kind) {
                    Match::Ignore(()) => return true,
                    Match::Whitelist(()) => return false,
                    Match::None => {}
                }
            }
            if folder.is_empty() {
                let local = self.local.as_ref().map(|rules| matched(rules, path, kind));
                return matches!(local, Some(Match::Ignore(())));
            }
            folder = parent(folder);
        }
    }
}

fn matched(rules: &Gitignore, path: &[u8], kind: Kind) -> Match<()> {
    rules.matched(Path::new(OsStr::from_bytes(path)), kind == Kind::Folder).map(|_| ())
}

/// A line that is no valid pattern matches nothing, as in git.
fn rules(text: &[u8]) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for line in String::from_utf8_lossy(text).trim_start_matches('\u{feff}').lines() {
        let _invalid = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

#[cfg(test)]
mod tests {
    use super::{Ignored, Kind};

    #[test]
    fn the_rules_of_gitignore_hold() {
        let mut ignored = Ignored::default();
        ignored.add(b"", b"*.log\n/.env\n.env.*\n!.env.example\nbuild/\n[\n\xff\n");
        ignored.add(b"app", b"!keep.log\n/only-here\n");
        ignored.add_local(b"notes.txt\nkeep.log\n");
        for (path, wanted) in [
            ("a.log", true),
            ("app/keep.log", false),
            ("app/a.log", true),
            (".env", true),
            ("app/.env", false),
            ("app/.env.production", true),
            (".env.example", false),
            ("build/.env.example", true),
            ("app/build/x/y", true),
            ("build", false),
            ("app/only-here", true),
            ("only-here", false),
            ("deep/notes.txt", true),
        ] {
            assert_eq!(ignored.has(path.as_bytes(), Kind::File), wanted, "{path}");
        }
        assert!(ignored.has(b"build", Kind::Folder));
    }
}
