//! The files of a release: those of a commit, each with its digest, and how they get to a host.
//!
//! A file that the host has already, in the release that was uploaded last, arrives as a hard link.
//! The host itself reads it and tells by its SHA-256 that it is the same: what somebody changed there
//! by hand is sent anew. Files are read-only, as a release is never changed; who needs to write has a
//! shared folder.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};

use super::error::Error;
use super::ledger::Id;
use crate::finding::{Code, Finding, Place};
use crate::host::Feed;
use crate::project::tree::{Entry, Mode, Origin, Tree};

/// What is uploaded of a commit.
pub(super) struct Files {
    tree: Tree,
    /// The commit's full name.
    pub(super) commit: String,
    entries: Vec<Sent>,
    pub(super) findings: Vec<Finding>,
}

struct Sent {
    entry: Entry,
    sha256: String,
    bytes: u64,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Files({}, {})", self.commit, self.entries.len())
    }
}

/// What of a release a host has, and what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Delta {
    /// The release that files are linked from.
    pub(super) from: Option<String>,
    /// Paths that are linked.
    pub(super) linked: BTreeSet<Vec<u8>>,
    pub(super) sent_bytes: u64,
    pub(super) sent: usize,
}

impl Files {
    /// Reads the tree of a commit once, for the digests.
    pub(super) fn read(repository: &Path, rev: &str) -> Result<Self, Error> {
        let tree = Tree::open(repository, Some(rev))?;
        let Origin::Commit(commit) = tree.origin().clone() else {
            return Err(Error::wanted("release.repository", "it is in no git repository"));
        };
        let mut findings = Vec::new();
        let mut entries = Vec::new();
        for entry in tree.entries() {
            if entry.mode == Mode::Submodule {
                let message =
                    "a submodule: its files are not in this repository and not in the release";
                let place = Place::file(entry.shown(), None);
                findings.push(Finding::warning(Code::SubmoduleNotRead, place, message));
                continue;
            }
            let contents = tree.read(entry)?;
            let sha256 = hexadecimal(&Sha256::digest(&contents));
            entries.push(Sent { entry: entry.clone(), sha256, bytes: contents.len() as u64 });
        }
        Ok(Self { tree, commit, entries, findings })
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.tree.entry(path).is_some()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The question to the host: which of these has a release? A path that a line cannot hold is not
    /// asked for, and sent.
    pub(super) fn question(&self) -> String {
        let mut text = String::new();
        for Sent { entry, sha256, .. } in &self.entries {
            let kind = match entry.mode {
                Mode::Executable => 'x',
                Mode::File => '-',
                Mode::Symlink | Mode::Submodule => continue,
            };
            if let Some(path) = plain(&entry.path) {
                text.push_str(&format!("{kind} {sha256}  {path}\n"));
            }
        }
        text
    }

    pub(super) fn delta(&self, from: Option<String>, answer: &str) -> Delta {
        let had: BTreeSet<&[u8]> = answer.lines().map(str::as_bytes).collect();
        let mut delta = Delta { from, ..Delta::default() };
        for Sent { entry, bytes, .. } in &self.entries {
            if plain(&entry.path).is_some() && had.contains(entry.path.as_slice()) {
                delta.linked.insert(entry.path.clone());
            } else {
                delta.sent += 1;
                delta.sent_bytes += bytes;
            }
        }
        delta
    }

    /// The stream that the host unpacks in its folder of releases.
    fn write(&self, id: &Id, id_file: &str, delta: &Delta, out: impl Write) -> Result<(), Error> {
        let failed = |source| Error::File { path: "the stream".into(), source };
        let mut tar = Builder::new(out);
        let top = format!(".{id}.part").into_bytes();
        let mut folders: BTreeSet<Vec<u8>> = BTreeSet::from([Vec::new()]);
        for sent in &self.entries {
            let mut folder = sent.entry.folder();
            while !folder.is_empty() && folders.insert(folder.to_vec()) {
                folder = crate::project::tree::parent(folder);
            }
        }
        let at = |path: &[u8]| crate::project::tree::join(&top, path);
        for folder in &folders {
            let path = if folder.is_empty() { top.clone() } else { at(folder) };
            append(&mut tar, Kind::Folder, &path, &[]).map_err(failed)?;
        }
        for Sent { entry, .. } in &self.entries {
            let path = at(&entry.path);
            let linked = delta.linked.contains(&entry.path);
            if let (Some(from), true) = (&delta.from, linked) {
                let target = crate::project::tree::join(from.as_bytes(), &entry.path);
                append(&mut tar, Kind::Hard(&target), &path, &[]).map_err(failed)?;
                continue;
            }
            let contents = self.tree.read(entry)?;
            let kind = match entry.mode {
                Mode::Symlink => Kind::Symbolic(&contents),
                Mode::Executable => Kind::Executable,
                Mode::File | Mode::Submodule => Kind::File,
            };
            let data = if entry.mode == Mode::Symlink { &[][..] } else { &contents };
            append(&mut tar, kind, &path, data).map_err(failed)?;
        }
        let text = format!("{id}\n");
        append(&mut tar, Kind::File, &at(id_file.as_bytes()), text.as_bytes()).map_err(failed)?;
        tar.into_inner().and_then(|mut out| out.flush()).map_err(failed)
    }

    /// For [`crate::host::Host::feed`].
    pub(super) fn writer(
        self: &Arc<Self>,
        id: &Id,
        id_file: &str,
        delta: &Delta,
    ) -> impl FnOnce(Feed) -> Result<(), Error> + Send + 'static {
        let (files, id, id_file, delta) =
            (Arc::clone(self), id.clone(), id_file.to_owned(), delta.clone());
        move |feed| {
            let out = io::BufWriter::with_capacity(1 << 16, Pipe(feed));
            files.write(&id, &id_file, &delta, out)
        }
    }

    /// Path by path, what is not as in another commit: A added, M changed, D gone.
    pub(super) fn changes(&self, before: &Tree) -> Vec<(char, String)> {
        let same =
            |one: &Entry, other: &Entry| one.mode == other.mode && one.blob_id() == other.blob_id();
        let mut changes = Vec::new();
        for Sent { entry, .. } in &self.entries {
            match before.entry(&entry.path) {
                None => changes.push(('A', entry.shown())),
                Some(other) if !same(entry, other) => changes.push(('M', entry.shown())),
                Some(_) => {}
            }
        }
        let gone = before.entries().iter().filter(|entry| self.tree.entry(&entry.path).is_none());
        changes.extend(gone.map(|entry| ('D', entry.shown())));
        changes.sort_by(|one, other| one.1.cmp(&other.1));
        changes
    }
}

/// A path that stands in a line and that sha256sum does not escape.
fn plain(path: &[u8]) -> Option<&str> {
    let path = std::str::from_utf8(path).ok()?;
    (!path.contains(['\n', '\\', '\r'])).then_some(path)
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[derive(Clone, Copy)]
enum Kind<'a> {
    Folder,
    File,
    Executable,
    /// Leads to a path from the folder of releases.
    Hard(&'a [u8]),
    Symbolic(&'a [u8]),
}

fn append<W: Write>(
    tar: &mut Builder<W>,
    kind: Kind<'_>,
    path: &[u8],
    data: &[u8],
) -> io::Result<()> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let mut header = Header::new_gnu();
    header.set_size(data.len() as u64);
    // Times are those of the upload, as with any checkout.
    header.set_mtime(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |now| now.as_secs()),
    );
    let (entry_type, mode, target) = match kind {
        Kind::Folder => (EntryType::Directory, 0o755, None),
        Kind::File => (EntryType::Regular, 0o444, None),
        Kind::Executable => (EntryType::Regular, 0o555, None),
        Kind::Hard(target) => (EntryType::Link, 0o444, Some(target)),
        Kind::Symbolic(target) => (EntryType::Symlink, 0o777, Some(target)),
    };
    header.set_entry_type(entry_type);
    header.set_mode(mode);
    let path = Path::new(OsStr::from_bytes(path));
    match target {
        // To the letter, where the format has room; a longer one loses at most a `./`.
        Some(target) if target.len() <= 100 => {
            header.set_link_name_literal(target)?;
            tar.append_data(&mut header, path, data)
        }
        Some(target) => tar.append_link(&mut header, path, OsStr::from_bytes(target)),
        None => tar.append_data(&mut header, path, data),
    }
}

/// Blocks until the host takes more.
struct Pipe(Feed);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Bytes::copy_from_slice(bytes));
        sent.map(|()| bytes.len()).map_err(|gone| io::Error::new(io::ErrorKind::BrokenPipe, gone))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
