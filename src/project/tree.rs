//! The files of an application: listed at once, read when somebody asks, from any thread.
//!
//! A tree is either a **folder** as it lies on disk, or a **commit**. Both are the same to whoever
//! reads: paths are bytes with `/` between their parts, relative to the tree's root, sorted; what
//! is no file has its own [`Mode`]. Of a folder in a git repository, files that are ignored and not
//! tracked are no part of it. Symbolic links are entries and are never followed, so nothing outside
//! of the tree is ever read.
//!
//! Only what the repository says counts as ignored: `.gitignore` files, and for the listing of a
//! folder `.git/info/exclude`. What a person's own git adds is left out, so that every machine
//! gives the same answer.

mod commit;
mod folder;
mod ignored;

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use git2::{ErrorCode, Oid, Repository};

use crate::finding::{Code, Finding, Place};
use crate::project::error::Error;
use crate::project::tree::commit::Objects;
use crate::project::tree::ignored::{Above, Ignored};

/// What an entry of a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    File,
    Executable,
    /// Its contents are the path that it leads to.
    Symlink,
    /// A commit of another repository (mode 160000), or a repository within a working folder.
    Submodule,
}

/// A file, a symbolic link or a submodule; folders are only what paths have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Relative to the tree's root; not always UTF-8.
    pub(crate) path: Vec<u8>,
    pub(crate) mode: Mode,
    /// The blob, or a submodule's commit; none for what is read from a folder.
    id: Option<Oid>,
}

impl Entry {
    /// The path for people and JSON; see [`shown`].
    pub(crate) fn shown(&self) -> String {
        shown(&self.path)
    }

    /// After the last `/`.
    pub(crate) fn name(&self) -> &[u8] {
        self.path.rsplit(|byte| *byte == b'/').next().unwrap_or(&self.path)
    }

    /// Before the last `/`, empty at the root.
    pub(crate) fn folder(&self) -> &[u8] {
        parent(&self.path)
    }

    /// Whether it has contents of its own: neither a link nor a submodule.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.mode, Mode::File | Mode::Executable)
    }

    /// The blob's name in hexadecimal, if the tree is a commit.
    pub(crate) fn blob_id(&self) -> Option<String> {
        self.id.map(|id| id.to_string())
    }
}

/// Which state of the files a tree shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The folder as it lies on disk, which can be written to.
    Folder(PathBuf),
    /// A commit, by its full name in hexadecimal.
    Commit(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Commit(id) => f.write_str(id),
        }
    }
}

/// The files of an application. It can be shared between threads.
pub(crate) struct Tree {
    origin: Origin,
    /// Sorted by path.
    entries: Vec<Entry>,
    /// Where a commit's blobs are.
    objects: Option<Objects>,
    /// What the repository says of the folders that the root lies in.
    above: Above,
    /// What `.gitignore` files say, once somebody has asked.
    ignored: OnceLock<Ignored>,
    findings: Vec<Finding>,
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tree({}, {} entries)", self.origin, self.entries.len())
    }
}

impl Tree {
    /// Opens `path`: a folder, a working folder of git or a part of it, a bare repository.
    /// `rev` names a commit; without it a folder is read as it lies on disk, and of a bare
    /// repository HEAD.
    pub(crate) fn open(path: &Path, rev: Option<&str>) -> Result<Self, Error> {
        let path = match path.canonicalize() {
            Ok(path) if path.is_dir() => path,
            Ok(_) => return Err(Error::NotAFolder(path.to_owned())),
            Err(_missing) => return Err(Error::NoFolder(path.to_owned())),
        };
        let repository = match Repository::discover(&path) {
            Ok(repository) => Some(repository),
            Err(error) if error.code() == ErrorCode::NotFound => None,
            Err(source) if rev.is_some() || looks_bare(&path) => {
                return Err(Error::Repository { path, source });
            }
            // What lies on disk can be read without git's help; that it is not complete is said.
            Err(source) => {
                let mut tree = folder::open(path, None)?;
                tree.findings.push(not_opened(&source));
                return Ok(tree);
            }
        };
        match (repository, rev) {
            (Some(repository), Some(rev)) => commit::open(repository, &path, rev),
            (Some(repository), None) if commit::has_no_folder(&repository, &path) => {
                commit::open(repository, &path, "HEAD")
            }
            (Some(repository), None) => folder::open(path, Some(&repository)),
            (None, Some(rev)) => Err(Error::NoRepository { path, rev: rev.to_owned() }),
            (None, None) => folder::open(path, None),
        }
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What is not as one may expect: a shallow clone, a folder that cannot be read.
    pub(crate) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// All entries, sorted by path.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry with just this path.
    pub(crate) fn entry(&self, path: impl AsRef<[u8]>) -> Option<&Entry> {
        let path = path.as_ref();
        let at = self.entries.binary_search_by(|entry| entry.path.as_slice().cmp(path)).ok()?;
        Some(&self.entries[at])
    }

    /// All entries below a folder, at any depth; `""` is the root.
    pub(crate) fn below(&self, folder: impl AsRef<[u8]>) -> &[Entry] {
        let folder = folder.as_ref();
        if folder.is_empty() {
            return &self.entries;
        }
        let mut first = folder.to_vec();
        first.push(b'/');
        let start = self.entries.partition_point(|entry| entry.path < first);
        let rest = &self.entries[start..];
        &rest[..rest.partition_point(|entry| entry.path.starts_with(&first))]
    }

    /// Whether a folder has any entry.
    pub(crate) fn has_folder(&self, folder: impl AsRef<[u8]>) -> bool {
        !self.below(folder).is_empty()
    }

    /// The contents; of a symbolic link the path that it leads to. What is not here is an error
    /// that says where it is: [`Error::LfsPointer`], [`Error::Submodule`], [`Error::MissingObject`].
    pub(crate) fn read(&self, entry: &Entry) -> Result<Vec<u8>, Error> {
        let bytes = match (&self.origin, &self.objects, entry.id) {
            _ if entry.mode == Mode::Submodule => {
                return Err(Error::Submodule { path: entry.shown() });
            }
            (Origin::Commit(_), Some(objects), Some(id)) => objects.read(id, entry)?,
            (Origin::Folder(root), _, _) => folder::read(root, entry)?,
            (Origin::Commit(_), _, _) => Vec::new(),
        };
        if entry.is_file() && is_lfs_pointer(&bytes) {
            return Err(Error::LfsPointer { path: entry.shown() });
        }
        Ok(bytes)
    }

    /// The contents as text, whatever is no UTF-8 replaced.
    pub(crate) fn text(&self, entry: &Entry) -> Result<String, Error> {
        let bytes = self.read(entry)?;
        Ok(match String::from_utf8_lossy(&bytes) {
            Cow::Borrowed(text) => text.trim_start_matches('\u{feff}').to_owned(),
            Cow::Owned(text) => text,
        })
    }

    /// Its length in bytes, without reading it; to leave out what is too large.
    pub(crate) fn size(&self, entry: &Entry) -> Result<u64, Error> {
        match (&self.origin, &self.objects, entry.id) {
            (Origin::Commit(_), Some(objects), Some(id)) if entry.mode != Mode::Submodule => {
                objects.size(id, entry)
            }
            (Origin::Folder(root), _, _) => folder::size(root, entry),
            _ => Err(Error::Submodule { path: entry.shown() }),
        }
    }

    /// Whether a new file of that path would be ignored, by the `.gitignore` files of this tree and of
    /// the folders of the repository that it lies in.
    /// That of a file which is there says nothing: a tracked file is not ignored whatever they say.
    pub(crate) fn ignores(&self, path: impl AsRef<[u8]>) -> bool {
        let ignored = self.ignored.get_or_init(|| {
            let mut ignored = self.above.ignored();
            for entry in self.entries.iter().filter(|entry| entry.name() == b".gitignore") {
                if let Ok(text) = self.read(entry) {
                    ignored.add(&self.above.within(entry.folder()), &text);
                }
            }
            ignored
        });
        ignored.has(&self.above.within(path.as_ref()), ignored::Kind::File)
    }
}

impl Tree {
    /// Whether git has a file of that path: in the commit, or in the index of a folder.
    pub(crate) fn tracks(&self, path: impl AsRef<[u8]>) -> bool {
        match &self.origin {
            Origin::Commit(_) => self.entry(path).is_some(),
            Origin::Folder(root) => folder::tracks(root, path.as_ref()),
        }
    }
}

/// A path for people and for JSON: bytes that are no UTF-8 stand as `\xNN`.
pub(crate) fn shown(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02X}"));
        }
    }
    text
}

/// Before the last `/`, empty at the root.
pub(crate) fn parent(path: &[u8]) -> &[u8] {
    path.iter().rposition(|byte| *byte == b'/').map_or(b"", |at| &path[..at])
}

/// A folder and what is in it, as one path.
pub(crate) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() {
        return name.to_vec();
    }
    [folder, b"/", name].concat()
}

/// <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>: a pointer is below 1,024 bytes.
fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.len() < 1024 && bytes.starts_with(b"version https://git-lfs.github.com/spec/")
}

/// Whether a folder is a repository without files, by what every repository has.
fn looks_bare(path: &Path) -> bool {
    path.join("HEAD").is_file() && path.join("objects").is_dir() && path.join("refs").is_dir()
}

fn not_opened(error: &git2::Error) -> Finding {
    let message = format!(
        "its git repository cannot be opened ({}); files that git ignores may be among these",
        error.message()
    );
    Finding::warning(Code::RepositoryNotOpened, Place::project(), message)
}

#[cfg(test)]
mod tests;
