//! What can go wrong with a directory of files.

use std::io;
use std::path::PathBuf;

use crate::fault::{Blame, Fault};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{} is no directory", .0.display())]
    NotADirectory(PathBuf),
    #[error("{} is not empty: it has {names}", path.display())]
    NotEmpty { path: PathBuf, names: String },
    #[error("{} holds a migration already, finished {made_at}", path.display())]
    Finished { path: PathBuf, made_at: String },
    #[error("{} holds a migration that was not finished", path.display())]
    Unfinished { path: PathBuf },
    #[error("another run is writing into {}", .0.display())]
    Busy(PathBuf),
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("there is no migration in {}: it has no manifest.json", .0.display())]
    NoManifest(PathBuf),
    #[error("{} cannot be understood", path.display())]
    Manifest { path: PathBuf, source: serde_json::Error },
    #[error("{} is of the form {found}, and this program knows {known}", path.display())]
    UnknownForm { path: PathBuf, found: String, known: &'static str },
    #[error("{} is not the file that was written: {what}", path.display())]
    Damaged { path: PathBuf, what: String },
}

impl Blame for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::Damaged { .. } => Fault::Data,
            _ => Fault::Operator,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotADirectory(_) => {
                "name a directory, which is made if it is not there".to_owned()
            }
            Self::NotEmpty { .. } | Self::Finished { .. } => {
                "name a new or an empty directory; nothing that exists is overwritten".to_owned()
            }
            Self::Unfinished { path } => format!(
                "--resume takes its place; or look at it and remove it: rm -r {}",
                path.display()
            ),
            Self::Busy(_) => "wait for its end, or name another directory".to_owned(),
            Self::Write { .. } => "look at the disk's space and the directory's owner".to_owned(),
            Self::Read { .. } => "look at the owner and the mode of the file".to_owned(),
            Self::NoManifest(_) => "name a directory that nirvana migrate has finished".to_owned(),
            Self::Manifest { .. } | Self::Damaged { .. } => {
                "copy the directory again from where it was made, or make it anew".to_owned()
            }
            Self::UnknownForm { .. } => {
                "use the version of nirvana that made it, or a newer one".to_owned()
            }
        })
    }
}
