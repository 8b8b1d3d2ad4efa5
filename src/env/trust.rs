//! Which files a person has allowed, and which not. What is remembered is a digest of the file's path
//! and contents: a file that changes is asked about anew.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::Error;
use crate::environment::Environment;

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    Allowed,
    Denied,
    Unknown,
}

/// A folder with a file for each answer, named by its digest.
#[derive(Clone, Debug)]
pub(super) struct Store(PathBuf);

impl Store {
    /// `$XDG_STATE_HOME/nirvana/env`, by default below `~/.local/state`.
    pub(super) fn of(environment: &Environment) -> Result<Self, Error> {
        let state = environment.get("XDG_STATE_HOME").map(PathBuf::from);
        let state = state.filter(|path| path.is_absolute());
        let state = state.or_else(|| Some(environment.home()?.join(".local/state")));
        Ok(Self(state.ok_or(Error::NoState)?.join("nirvana/env")))
    }

    pub(super) fn trust(&self, digest: &str) -> Trust {
        if self.path("allowed", digest).is_file() {
            Trust::Allowed
        } else if self.path("denied", digest).is_file() {
            Trust::Denied
        } else {
            Trust::Unknown
        }
    }

    /// Remembers the answer, and forgets the other one.
    pub(super) fn remember(&self, file: &Path, digest: &str, trust: Trust) -> Result<(), Error> {
        let (now, other) = match trust {
            Trust::Allowed => ("allowed", "denied"),
            Trust::Denied | Trust::Unknown => ("denied", "allowed"),
        };
        let path = self.path(now, digest);
        write(&path, file).map_err(|source| Error::State { path: path.clone(), source })?;
        let other = self.path(other, digest);
        match fs::remove_file(&other) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::State { path: other, source: error })
            }
            _ => Ok(()),
        }
    }

    fn path(&self, answer: &str, digest: &str) -> PathBuf {
        self.0.join(answer).join(digest)
    }
}

/// The contents are only for people: which file it was about.
fn write(path: &Path, file: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut options = fs::OpenOptions::new();
    let mut written = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    written.write_all(file.as_os_str().as_bytes())?;
    written.write_all(b"\n")
}

/// Of a file's path and contents, in hexadecimal.
pub(super) fn digest(path: &Path, text: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(path.as_os_str().as_bytes());
    hash.update([0]);
    hash.update(text);
    hash.finalize().iter().fold(String::new(), |digest, byte| format!("{digest}{byte:02x}"))
}
