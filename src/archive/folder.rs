//! A directory that is being written.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::archive::data::{DataFile, sum};
use crate::archive::error::Error;
use crate::archive::manifest::{Compression, FileFact, Manifest};
use crate::archive::toc::TOC;

pub(crate) const MANIFEST: &str = "manifest.json";
const SUMS: &str = "SHA256SUMS";
/// What the data files stand in.
const DATA: &str = "data";
/// Stands in a directory that is not finished.
const MARKER: &str = "UNFINISHED";
const MARKER_TEXT: &str = "nirvana is writing this directory, or was stopped while it did: it is \
                           not whole, and cannot be loaded.\n";
/// The manifest, before it has its name, and what `pg_restore` asks for.
const COMING: &str = "manifest.json.part";
const COMING_TOC: &str = "toc.dat.part";
/// All that we may have put there, beside `data`.
const OURS: [&str; 15] = [
    TOC,
    COMING_TOC,
    MANIFEST,
    COMING,
    SUMS,
    MARKER,
    "catalog.json",
    "schema.sql",
    "copy.sql",
    "indexes.sql",
    "constraints.sql",
    "load.sql",
    "load.sh",
    "load.tsv",
    "drop.sql",
];
/// What is there only if there is something to say.
const PERHAPS: [&str; 2] = ["quarantined.jsonl", "altered.jsonl"];

/// What to do with a directory that an earlier run has not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    Refuse,
    /// Its files go, and all is written anew.
    Replace,
}

/// A directory under way. Dropped before `finish`, it is left as unfinished.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Locked as long as we write.
    _marker: File,
}

/// Whether a path is a directory of ours, finished or not.
pub(crate) fn is_archive(path: &Path) -> bool {
    path.join(MANIFEST).is_file() || path.join(MARKER).is_file()
}

impl Folder {
    /// Looks whether the directory may be written; changes nothing.
    pub(crate) fn check(path: &Path, before: Before) -> Result<(), Error> {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(Error::NotADirectory(path.to_owned()));
            }
            Err(source) => return Err(Error::Read { path: path.to_owned(), source }),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| Error::Read { path: path.to_owned(), source })?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        if names.is_empty() {
            return Ok(());
        }
        let has = |name: &str| names.iter().any(|known| known == name);
        let ours = |name: &String| {
            name == DATA || OURS.contains(&name.as_str()) || PERHAPS.contains(&name.as_str())
        };
        if has(MARKER) && names.iter().all(ours) {
            let marker = path.join(MARKER);
            match File::open(&marker).map(|file| file.try_lock_shared()) {
                Ok(Err(TryLockError::WouldBlock)) => Err(Error::Busy(path.to_owned())),
                Ok(_) if before == Before::Replace => Ok(()),
                Ok(_) => Err(Error::Unfinished { path: path.to_owned() }),
                Err(source) => Err(Error::Read { path: marker, source }),
            }
        } else if has(MANIFEST) && !has(MARKER) {
            Err(Error::Finished { path: path.to_owned(), made_at: made_at(path) })
        } else {
            let more = if names.len() > 3 { ", …" } else { "" };
            names.truncate(3);
            Err(Error::NotEmpty { path: path.to_owned(), names: names.join(", ") + more })
        }
    }

    /// Makes it, if it is not there, and marks it as unfinished. Rows are a secret as a rule: what
    /// we make is its owner's alone.
    pub(crate) fn begin(path: &Path, before: Before) -> Result<Self, Error> {
        Self::check(path, before)?;
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| Error::Write { path, source }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed(path))?;
        let at = path.join(MARKER);
        let mut marker = OpenOptions::new();
        marker.write(true).create(true).truncate(false).mode(0o600);
        let mut marker = marker.open(&at).map_err(failed(&at))?;
        match marker.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Busy(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(Error::Write { path: at, source }),
        }
        marker
            .set_len(0)
            .and_then(|()| marker.write_all(MARKER_TEXT.as_bytes()))
            .and_then(|()| marker.sync_all())
            .map_err(failed(&at))?;
        let data = path.join(DATA);
        for name in OURS.iter().chain(&PERHAPS).filter(|name| **name != MARKER) {
            let file = path.join(name);
            gone(fs::remove_file(&file)).map_err(failed(&file))?;
        }
        gone(fs::remove_dir_all(&data)).map_err(failed(&data))?;
        DirBuilder::new().mode(0o700).create(&data).map_err(failed(&data))?;
        sync_folder(path)?;
        Ok(Self { path: path.to_owned(), _marker: marker })
    }

    /// A file of rows, such as `data/0001_orders.copy`.
    pub(crate) fn data(&self, name: &str, compression: Compression) -> Result<DataFile, Error> {
        DataFile::create(&self.path, format!("{DATA}/{name}"), compression)
    }

    /// A file at its top, written piece by piece.
    pub(crate) fn file(&self, name: &str, compression: Compression) -> Result<DataFile, Error> {
        DataFile::create(&self.path, name.to_owned(), compression)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A whole file, on the disk when this returns.
    pub(crate) fn write(&self, name: &str, text: &[u8]) -> Result<FileFact, Error> {
        self.put(name, text, 0o600)
    }

    /// As `write`, for a program.
    pub(crate) fn write_program(&self, name: &str, text: &[u8]) -> Result<FileFact, Error> {
        self.put(name, text, 0o700)
    }

    /// `toc.dat`, which has its name only once all is whole.
    pub(crate) fn write_toc(&self, bytes: &[u8]) -> Result<FileFact, Error> {
        let coming = self.put(COMING_TOC, bytes, 0o600)?;
        Ok(FileFact { path: TOC.to_owned(), ..coming })
    }

    fn put(&self, name: &str, text: &[u8], mode: u32) -> Result<FileFact, Error> {
        let path = self.path.join(name);
        let write = || {
            let mut file = OpenOptions::new();
            let mut file = file.write(true).create_new(true).mode(mode).open(&path)?;
            file.write_all(text)?;
            file.sync_all()
        };
        write().map_err(|source| Error::Write { path: path.clone(), source })?;
        Ok(FileFact { path: name.to_owned(), bytes: text.len() as u64, sha256: sum(text) })
    }

    /// Writes the sums and the manifest, the last file there is, and takes the marker away.
    pub(crate) fn finish(self, manifest: &Manifest) -> Result<(), Error> {
        let at = self.path.join(MANIFEST);
        let json = serde_json::to_string_pretty(manifest);
        let json = json.map_err(|source| Error::Manifest { path: at.clone(), source })? + "\n";
        let coming = self.put(COMING, json.as_bytes(), 0o600)?;
        let own = FileFact { path: MANIFEST.to_owned(), ..coming };
        let lines = manifest.files.iter().chain([&own]);
        let sums: String =
            lines.flat_map(|file| [file.sha256.as_str(), "  ", file.path.as_str(), "\n"]).collect();
        self.put(SUMS, sums.as_bytes(), 0o600)?;
        sync_folder(&self.path.join(DATA))?;
        sync_folder(&self.path)?;
        let end = || {
            if manifest.file(TOC).is_some() {
                fs::rename(self.path.join(COMING_TOC), self.path.join(TOC))?;
            }
            fs::rename(self.path.join(COMING), &at)?;
            fs::remove_file(self.path.join(MARKER))
        };
        end().map_err(|source| Error::Write { path: at.clone(), source })?;
        sync_folder(&self.path)
    }
}

/// That something is not there is what is wanted.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Names of files are on the disk only once their folder is.
fn sync_folder(path: &Path) -> Result<(), Error> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// When a finished directory was made, as far as it says so.
fn made_at(path: &Path) -> String {
    let text = fs::read(path.join(MANIFEST)).unwrap_or_default();
    let manifest: Option<serde_json::Value> = serde_json::from_slice(&text).ok();
    let made_at = manifest.as_ref().and_then(|manifest| manifest["made_at"].as_str());
    made_at.unwrap_or("at an unknown time").to_owned()
}
