//! The tree of a commit: trees are read at once, blobs one by one, each thread with a repository
//! of its own, as libgit2's may not be shared.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use git2::{ErrorCode, ObjectType, Oid, Repository};

use crate::finding::{Code, Finding, Place};
use crate::project::error::Error;
use crate::project::tree::ignored::Above;
use crate::project::tree::{Entry, Mode, Origin, Tree, join, shown};

/// The blobs of a repository.
pub(super) struct Objects {
    git_folder: PathBuf,
    /// Repositories that no thread uses now.
    idle: Mutex<Vec<Repository>>,
}

impl Objects {
    pub(super) fn read(&self, id: Oid, entry: &Entry) -> Result<Vec<u8>, Error> {
        self.with(|repository| {
            let blob = repository.find_blob(id).map_err(|error| missing("contents", entry, error));
            blob.map(|blob| blob.content().to_vec())
        })
    }

    pub(super) fn size(&self, id: Oid, entry: &Entry) -> Result<u64, Error> {
        self.with(|repository| {
            let header = repository.odb().and_then(|odb| odb.read_header(id));
            header.map(|(bytes, _)| bytes as u64).map_err(|error| missing("contents", entry, error))
        })
    }

    fn with<T>(&self, work: impl FnOnce(&Repository) -> Result<T, Error>) -> Result<T, Error> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let repository = match taken {
            Some(repository) => repository,
            None => Repository::open(&self.git_folder)
                .map_err(|source| Error::Repository { path: self.git_folder.clone(), source })?,
        };
        let done = work(&repository);
        idle().push(repository);
        done
    }
}

/// Whether there are no files beside this repository, or its inside was named.
pub(super) fn has_no_folder(repository: &Repository, path: &Path) -> bool {
    repository.workdir().is_none_or(|folder| inside(folder, path).is_none())
        || repository.path().canonicalize().is_ok_and(|git| path.starts_with(git))
}

/// The part of `path` below a repository's working folder.
pub(super) fn inside(folder: &Path, path: &Path) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder.canonicalize().ok()?;
    Some(path.strip_prefix(folder).ok()?.as_os_str().as_bytes().to_vec())
}

pub(super) fn open(repository: Repository, path: &Path, rev: &str) -> Result<Tree, Error> {
    let id = resolve(&repository, rev)?;
    let prefix = match repository.workdir() {
        Some(folder) if !has_no_folder(&repository, path) => inside(folder, path),
        _ => None,
    };
    let prefix = prefix.unwrap_or_default();
    let entries = list(&repository, id, rev, &prefix)?;
    let above = above(&repository, id, prefix);
    let findings = if repository.is_shallow() { vec![shallow()] } else { Vec::new() };
    let git_folder = repository.path().to_owned();
    Ok(Tree {
        origin: Origin::Commit(id.to_string()),
        entries,
        objects: Some(Objects { git_folder, idle: Mutex::new(vec![repository]) }),
        above,
        ignored: OnceLock::new(),
        findings,
    })
}

/// The `.gitignore` files of the folders that the root lies in. One that is not here says nothing, as
/// one that is in the tree and cannot be read.
fn above(repository: &Repository, id: Oid, prefix: Vec<u8>) -> Above {
    use std::os::unix::ffi::OsStrExt;
    let root = repository.find_commit(id).and_then(|commit| commit.tree()).ok();
    let text = |folder: &[u8]| {
        let path = join(folder, b".gitignore");
        let entry = root.as_ref()?.get_path(Path::new(std::ffi::OsStr::from_bytes(&path))).ok()?;
        Some(repository.find_blob(entry.id()).ok()?.content().to_vec())
    };
    let rules = Above::folders(&prefix).filter_map(|one| Some((one.to_vec(), text(one)?)));
    let rules = rules.collect();
    Above { prefix, rules }
}

fn resolve(repository: &Repository, rev: &str) -> Result<Oid, Error> {
    // HEAD that names a branch without a commit is another thing than a misspelt revision.
    let unborn = repository.head().is_err_and(|error| error.code() == ErrorCode::UnbornBranch);
    if rev == "HEAD" && unborn {
        return Err(Error::UnbornHead);
    }
    let commit = repository.revparse_single(rev).and_then(|object| object.peel_to_commit());
    let commit = commit.map_err(|source| Error::UnknownRevision { rev: rev.to_owned(), source })?;
    Ok(commit.id())
}

/// All entries below `prefix`, whose paths are then relative to it.
fn list(repository: &Repository, id: Oid, rev: &str, prefix: &[u8]) -> Result<Vec<Entry>, Error> {
    let root = repository.find_commit(id).and_then(|commit| commit.tree());
    let mut root = root.map_err(|source| absent("tree", "the commit".to_owned(), source))?;
    for part in prefix.split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
        let below = root.get_name_bytes(part).map(|entry| entry.id());
        let below = below.map(|id| repository.find_tree(id)).transpose();
        root = below.ok().flatten().ok_or_else(|| Error::NoFolderAtRevision {
            rev: rev.to_owned(),
            folder: shown(prefix),
        })?;
    }
    let mut entries = Vec::new();
    let mut folders = vec![(Vec::new(), root.id())];
    while let Some((folder, id)) = folders.pop() {
        let tree = repository.find_tree(id);
        let tree = tree.map_err(|source| absent("listing", shown(&folder), source))?;
        for entry in &tree {
            let path = join(&folder, entry.name_bytes());
            let mode = match (entry.kind(), entry.filemode_raw()) {
                (Some(ObjectType::Tree), _) => {
                    folders.push((path, entry.id()));
                    continue;
                }
                (_, 0o160_000) => Mode::Submodule,
                (_, 0o120_000) => Mode::Symlink,
                (_, raw) if raw & 0o111 != 0 => Mode::Executable,
                _ => Mode::File,
            };
            entries.push(Entry { path, mode, id: Some(entry.id()) });
        }
    }
    entries.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(entries)
}

fn missing(what: &'static str, entry: &Entry, source: git2::Error) -> Error {
    absent(what, entry.shown(), source)
}

fn absent(what: &'static str, path: String, source: git2::Error) -> Error {
    if source.code() == ErrorCode::NotFound {
        return Error::MissingObject { what, path, source };
    }
    Error::Object { path, source }
}

pub(super) fn shallow() -> Finding {
    let message = "the clone is shallow: this commit is whole, its history is not";
    Finding::note(Code::ShallowClone, Place::project(), message)
        .help("`git fetch --unshallow` gets the history, which an audit of secrets needs")
}
