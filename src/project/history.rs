//! What a repository held before: every blob that some commit had, each once, and how two commits
//! are related.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid, Repository, Sort};

use crate::project::error::Error;
use crate::project::tree::{join, shown};

/// A repository, opened anew by each thread that reads it.
pub(crate) struct History {
    git_folder: PathBuf,
    /// The folder within the repository that is looked at; empty if it is all of it.
    prefix: Vec<u8>,
}

/// A blob, where it stood, and the first commit that had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blob {
    id: Oid,
    /// Below the folder that is looked at.
    pub(crate) path: Vec<u8>,
    pub(crate) commit: String,
}

/// What could not be read of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) path: String,
    pub(crate) commit: String,
    pub(crate) reason: String,
}

/// A branch and how it stands to HEAD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Branch {
    pub(crate) name: String,
    /// Commits that it has and HEAD has not.
    pub(crate) ahead: usize,
}

impl History {
    /// The repository that a folder lies in, if it lies in one.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        let repository = Repository::discover(&path).ok()?;
        let prefix = match repository.workdir().and_then(|folder| folder.canonicalize().ok()) {
            Some(folder) => {
                use std::os::unix::ffi::OsStrExt;
                let inside = path.strip_prefix(folder).ok();
                inside.map(|path| path.as_os_str().as_bytes().to_vec()).unwrap_or_default()
            }
            None => Vec::new(),
        };
        Some(Self { git_folder: repository.path().to_owned(), prefix })
    }

    fn open(&self) -> Result<Repository, Error> {
        Repository::open(&self.git_folder)
            .map_err(|source| Error::Repository { path: self.git_folder.clone(), source })
    }

    /// All blobs of all commits that `rev`, or without it any reference, leads to; the oldest
    /// commit first, each blob once. What is missing is a gap and no error.
    pub(crate) fn blobs(&self, rev: Option<&str>) -> Result<(Vec<Blob>, Vec<Gap>), Error> {
        let repository = self.open()?;
        let wrong = |source| Error::Repository { path: self.git_folder.clone(), source };
        let mut walk = repository.revwalk().map_err(wrong)?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE).map_err(wrong)?;
        if let Some(rev) = rev {
            walk.push(commit(&repository, rev)?).map_err(wrong)?;
        } else {
            walk.push_glob("*").map_err(wrong)?;
            // HEAD may be detached, and no reference.
            if let Ok(head) = repository.head().and_then(|head| head.peel_to_commit()) {
                walk.push(head.id()).map_err(wrong)?;
            }
        }
        let mut listing = Listing { seen: HashSet::new(), blobs: Vec::new(), gaps: Vec::new() };
        for id in walk {
            let id = id.map_err(wrong)?;
            let tree = repository.find_commit(id).and_then(|commit| commit.tree());
            let name = id.to_string();
            let tree = match tree.and_then(|tree| self.below(&repository, tree)) {
                Ok(Some(tree)) => tree,
                // The folder that is looked at was not there yet.
                Ok(None) => continue,
                Err(error) => {
                    listing.gap(&[], &name, &error);
                    continue;
                }
            };
            listing.list(&repository, &tree, &[], &name);
        }
        Ok((listing.blobs, listing.gaps))
    }

    fn below<'r>(
        &self,
        repository: &'r Repository,
        tree: git2::Tree<'r>,
    ) -> Result<Option<git2::Tree<'r>>, git2::Error> {
        let mut tree = tree;
        for part in self.prefix.split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
            let entry = tree.get_name_bytes(part).map(|entry| (entry.id(), entry.kind()));
            // What is a folder now may have been a file.
            let Some((id, Some(ObjectType::Tree))) = entry else { return Ok(None) };
            tree = repository.find_tree(id)?;
        }
        Ok(Some(tree))
    }

    /// A reader of blobs for one thread.
    pub(crate) fn reader(&self) -> Result<Reader, Error> {
        self.open().map(|repository| Reader { repository })
    }

    /// The commit from which both have come, which is what a change is compared with.
    pub(crate) fn fork(&self, base: &str, rev: Option<&str>) -> Result<String, Error> {
        let repository = self.open()?;
        let base = commit(&repository, base)?;
        let head = commit(&repository, rev.unwrap_or("HEAD"))?;
        // Without a common one the base itself is what there is to compare with.
        Ok(repository.merge_base(base, head).unwrap_or(base).to_string())
    }

    /// Branches here and of remotes, but for the one that HEAD is.
    pub(crate) fn branches(&self) -> Result<Vec<Branch>, Error> {
        let repository = self.open()?;
        let wrong = |source| Error::Repository { path: self.git_folder.clone(), source };
        let Ok(head) = repository.head().and_then(|head| head.peel_to_commit()) else {
            return Ok(Vec::new());
        };
        let mut branches = Vec::new();
        for branch in repository.branches(None).map_err(wrong)? {
            let (branch, _) = branch.map_err(wrong)?;
            let Ok(Some(name)) = branch.name().map(|name| name.map(str::to_owned)) else {
                continue;
            };
            let Ok(tip) = branch.get().peel_to_commit() else { continue };
            if branch.is_head() {
                continue;
            }
            let (ahead, _) = repository.graph_ahead_behind(tip.id(), head.id()).map_err(wrong)?;
            branches.push(Branch { name, ahead });
        }
        branches.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(branches)
    }
}

fn commit(repository: &Repository, rev: &str) -> Result<Oid, Error> {
    let commit = repository.revparse_single(rev).and_then(|object| object.peel_to_commit());
    commit
        .map(|commit| commit.id())
        .map_err(|source| Error::UnknownRevision { rev: rev.to_owned(), source })
}

struct Listing {
    /// Trees and blobs that were listed, so that what commits share is listed once.
    seen: HashSet<Oid>,
    blobs: Vec<Blob>,
    gaps: Vec<Gap>,
}

impl Listing {
    fn list(&mut self, repository: &Repository, tree: &git2::Tree, folder: &[u8], commit: &str) {
        if !self.seen.insert(tree.id()) {
            return;
        }
        for entry in tree {
            let path = join(folder, entry.name_bytes());
            match entry.kind() {
                Some(ObjectType::Tree) => match repository.find_tree(entry.id()) {
                    Ok(below) => self.list(repository, &below, &path, commit),
                    Err(error) => self.gap(&path, commit, &error),
                },
                Some(ObjectType::Blob) if self.seen.insert(entry.id()) => {
                    self.blobs.push(Blob { id: entry.id(), path, commit: commit.to_owned() });
                }
                // A submodule's commit is another repository's.
                _ => {}
            }
        }
    }

    fn gap(&mut self, path: &[u8], commit: &str, error: &git2::Error) {
        self.gaps.push(Gap {
            path: shown(path),
            commit: commit.to_owned(),
            reason: error.message().to_owned(),
        });
    }
}

pub(crate) struct Reader {
    repository: Repository,
}

impl Reader {
    /// None if it is longer than that.
    pub(crate) fn read(&self, blob: &Blob, longest: u64) -> Result<Option<Vec<u8>>, Gap> {
        match self.repository.find_blob(blob.id) {
            Ok(found) if found.size() as u64 > longest => Ok(None),
            Ok(found) => Ok(Some(found.content().to_vec())),
            Err(error) => Err(Gap {
                path: shown(&blob.path),
                commit: blob.commit.clone(),
                reason: error.message().to_owned(),
            }),
        }
    }
}
