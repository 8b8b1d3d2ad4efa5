//! The files of a project as they are, or as they would be.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::finding::{Code, Finding, Place};
use crate::project::error::Error;
use crate::project::tree::{Mode, Origin, Tree, shown};

/// What is longer is no configuration.
const LONGEST: u64 = 4 << 20;

/// A tree with what would be written over it.
pub(super) struct Project<'a> {
    pub(super) tree: &'a Tree,
    /// Contents that stand in the place of those on disk; none for a file that would go.
    pub(super) over: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// A file that can be edited, or why it cannot.
pub(super) enum Found {
    Bytes(Vec<u8>),
    Missing,
    Refused(Finding),
}

impl<'a> Project<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        Self { tree, over: BTreeMap::new() }
    }

    /// A file of the tree. What is no plain file, and what cannot be read, is refused.
    pub(super) fn read(&self, path: &[u8]) -> Found {
        if let Some(bytes) = self.over.get(path) {
            return Found::Bytes(bytes.clone());
        }
        let Some(entry) = self.tree.entry(path) else { return Found::Missing };
        let refused = |message: String| {
            let place = Place::file(shown(path), None);
            Found::Refused(Finding::warning(Code::NotConfigured, place, message))
        };
        match entry.mode {
            Mode::Symlink => {
                return refused("it is a symbolic link, so what it leads to is not changed".into());
            }
            Mode::Submodule => return refused("it is a submodule, not a file of this tree".into()),
            Mode::File | Mode::Executable => {}
        }
        match self.tree.size(entry) {
            Ok(size) if size > LONGEST => {
                return refused(format!("it has {size} bytes, which is no configuration"));
            }
            Ok(_) => {}
            Err(error) => return refused(told(&error)),
        }
        match self.tree.read(entry) {
            Ok(bytes) => Found::Bytes(bytes),
            Err(error) => refused(told(&error)),
        }
    }

    /// A file that git may ignore, such as `.env`; only a folder has such.
    pub(super) fn read_ignored(&self, path: &[u8]) -> Result<Option<Vec<u8>>, std::io::Error> {
        if let Some(bytes) = self.over.get(path) {
            return Ok(Some(bytes.clone()));
        }
        let Some(file) = self.on_disk(path) else { return Ok(None) };
        // What it leads to may be shared with another release; to rename over it would part them.
        if file.is_symlink() {
            return Err(std::io::Error::other("it is a symbolic link"));
        }
        match std::fs::read(file) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where a file lies; nowhere if the tree is a commit.
    pub(super) fn on_disk(&self, path: &[u8]) -> Option<PathBuf> {
        use std::os::unix::ffi::OsStrExt;
        match self.tree.origin() {
            Origin::Folder(root) => Some(root.join(std::ffi::OsStr::from_bytes(path))),
            Origin::Commit(_) => None,
        }
    }

    pub(super) fn has(&self, path: &[u8]) -> bool {
        self.over.contains_key(path) || self.tree.entry(path).is_some()
    }
}

fn told(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
