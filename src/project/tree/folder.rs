//! The tree of a folder as it lies on disk; in a git repository without what git ignores.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use git2::Repository;

use crate::finding::{Code, Finding, Place};
use crate::project::error::Error;
use crate::project::tree::ignored::{Above, Ignored, Kind};
use crate::project::tree::{Entry, Mode, Origin, Tree, commit, join, shown};

pub(super) fn open(root: PathBuf, repository: Option<&Repository>) -> Result<Tree, Error> {
    let git = repository.and_then(|repository| Git::of(repository, &root));
    let mut walk = Walk { root: &root, git, entries: Vec::new(), findings: Vec::new() };
    if repository.is_some_and(|repository| repository.is_shallow()) {
        walk.findings.push(commit::shallow());
    }
    walk.run()?;
    let Walk { mut entries, findings, git, .. } = walk;
    let above = git.map_or_else(Above::default, |git| git.above);
    entries.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    let origin = Origin::Folder(root);
    Ok(Tree { origin, entries, objects: None, above, ignored: OnceLock::new(), findings })
}

pub(super) fn read(root: &Path, entry: &Entry) -> Result<Vec<u8>, Error> {
    let path = root.join(OsStr::from_bytes(&entry.path));
    let read = || {
        // The listing may be old: what has become a link since must not lead out of the tree.
        let now = fs::symlink_metadata(&path)?;
        match (entry.mode, now.is_symlink()) {
            (Mode::Symlink, true) => Ok(fs::read_link(&path)?.into_os_string().into_vec()),
            (_, false) if now.is_file() => fs::read(&path),
            _ => Err(io::Error::other("it is no longer what it was when the folder was listed")),
        }
    };
    read().map_err(|source| Error::Read { path: entry.shown(), source })
}

pub(super) fn size(root: &Path, entry: &Entry) -> Result<u64, Error> {
    let metadata = fs::symlink_metadata(root.join(OsStr::from_bytes(&entry.path)));
    let metadata = metadata.map_err(|source| Error::Read { path: entry.shown(), source })?;
    Ok(metadata.len())
}

/// Whether a file is in the index of the repository that the folder lies in.
pub(super) fn tracks(root: &Path, path: &[u8]) -> bool {
    let Ok(repository) = Repository::discover(root) else { return false };
    let prefix = repository.workdir().and_then(|top| commit::inside(top, root));
    let Some(path) = prefix.map(|prefix| join(&prefix, path)) else { return false };
    let index = repository.index();
    index.is_ok_and(|index| index.get_path(Path::new(OsStr::from_bytes(&path)), 0).is_some())
}

/// What git knows of a folder; all paths are relative to the repository's root.
struct Git {
    /// Where the folder that is listed lies.
    above: Above,
    ignored: Ignored,
    /// Every tracked file, as true those that are submodules.
    tracked: BTreeMap<Vec<u8>, bool>,
    /// Every folder with a tracked file in it.
    folders: BTreeSet<Vec<u8>>,
}

impl Git {
    /// None if the folder is itself ignored: then it is nothing that git could speak of.
    fn of(repository: &Repository, root: &Path) -> Option<Self> {
        let top = repository.workdir()?;
        let prefix = commit::inside(top, root)?;
        let text =
            |folder: &[u8]| fs::read(top.join(OsStr::from_bytes(folder)).join(".gitignore")).ok();
        let rules = Above::folders(&prefix).filter_map(|one| Some((one.to_vec(), text(one)?)));
        let rules = rules.collect();
        let above = Above { prefix, rules };
        let mut ignored = above.ignored();
        if let Ok(text) = fs::read(repository.commondir().join("info/exclude")) {
            ignored.add_local(&text);
        }
        let mut git = Self { above, ignored, tracked: BTreeMap::new(), folders: BTreeSet::new() };
        let index = repository.index();
        for entry in index.iter().flat_map(git2::Index::iter) {
            let mut folder = super::parent(&entry.path);
            while !folder.is_empty() && git.folders.insert(folder.to_vec()) {
                folder = super::parent(folder);
            }
            git.tracked.insert(entry.path, entry.mode == 0o160_000);
        }
        let prefix = &git.above.prefix;
        let known = prefix.is_empty() || git.folders.contains(prefix);
        (known || !git.ignored.has(prefix, Kind::Folder)).then_some(git)
    }

    fn hides(&self, path: &[u8], kind: Kind) -> bool {
        let path = self.above.within(path);
        let known = match kind {
            Kind::File => self.tracked.contains_key(&path),
            Kind::Folder => self.folders.contains(&path) || self.tracked.contains_key(&path),
        };
        !known && self.ignored.has(&path, kind)
    }

    fn is_submodule(&self, path: &[u8]) -> bool {
        self.tracked.get(&self.above.within(path)) == Some(&true)
    }
}

struct Walk<'a> {
    root: &'a Path,
    git: Option<Git>,
    entries: Vec<Entry>,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<(), Error> {
        let mut folders = vec![Vec::new()];
        while let Some(folder) = folders.pop() {
            match self.list(&folder, &mut folders) {
                Ok(()) => {}
                Err(source) if folder.is_empty() => {
                    return Err(Error::Folder { path: self.root.to_owned(), source });
                }
                Err(error) => self.findings.push(unreadable(&folder, &error)),
            }
        }
        Ok(())
    }

    fn list(&mut self, folder: &[u8], folders: &mut Vec<Vec<u8>>) -> io::Result<()> {
        let place = self.root.join(OsStr::from_bytes(folder));
        if let Some(git) = &mut self.git
            && let Ok(text) = fs::read(place.join(".gitignore"))
        {
            git.ignored.add(&git.above.within(folder), &text);
        }
        for item in fs::read_dir(&place)? {
            let item = item?;
            let name = item.file_name();
            if name == ".git" {
                continue;
            }
            let path = join(folder, name.as_bytes());
            let kind = item.file_type()?;
            let what = if kind.is_dir() { Kind::Folder } else { Kind::File };
            if self.git.as_ref().is_some_and(|git| git.hides(&path, what)) {
                continue;
            }
            let mode = if kind.is_dir() {
                if !self.is_repository(&path, &item.path()) {
                    folders.push(path);
                    continue;
                }
                Mode::Submodule
            } else if kind.is_symlink() {
                Mode::Symlink
            } else if !kind.is_file() {
                // A socket, a pipe, a device: nothing that a commit could hold.
                continue;
            } else if item.metadata()?.permissions().mode() & 0o111 != 0 {
                Mode::Executable
            } else {
                Mode::File
            };
            self.entries.push(Entry { path, mode, id: None });
        }
        Ok(())
    }

    /// A submodule, or a repository that lies in this one; a folder without git may hold many.
    fn is_repository(&self, path: &[u8], place: &Path) -> bool {
        self.git.as_ref().is_some_and(|git| git.is_submodule(path) || place.join(".git").exists())
    }
}

fn unreadable(folder: &[u8], error: &io::Error) -> Finding {
    let place = Place::file(shown(folder), None);
    Finding::warning(Code::Unreadable, place, format!("the folder cannot be listed: {error}"))
}
