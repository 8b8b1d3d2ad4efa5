//! What can go wrong while a project is configured.

use std::io;
use std::path::PathBuf;

use crate::fault::{Blame, Fault};
use crate::project::error::Error as ProjectError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// A commit has no files that could be written.
    #[error("{0} is a repository without a working folder, so nothing can be written to it")]
    NoFolder(String),
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {}; all files are as they were", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// Somebody else wrote to the file between the plan and the write.
    #[error("{} has changed since it was read; all files are as they were", .0.display())]
    ChangedMeanwhile(PathBuf),
    /// What would be written is not what another run would leave as it is.
    #[error("{0} would be changed again by a second run; nothing was changed")]
    Unsettled(String),
    #[error("cannot write {}, nor put back what was written to {}", path.display(), left.display())]
    HalfWritten { path: PathBuf, left: PathBuf, source: io::Error },
}

impl Blame for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::Project(error) => error.fault(),
            Self::ChangedMeanwhile(_) => Fault::Transient,
            Self::Unsettled(_) => Fault::Bug,
            _ => Fault::Operator,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Project(error) => error.hint(),
            Self::NoFolder(_) => Some("clone it, and run the same command in the clone".to_owned()),
            Self::ChangedMeanwhile(_) => Some("run the same command again".to_owned()),
            Self::HalfWritten { .. } => {
                Some("`git diff` shows what was written, `git restore` takes it back".to_owned())
            }
            Self::Unsettled(_) => Some(
                "name the application's folder, or move that file's settings by hand first"
                    .to_owned(),
            ),
            Self::Read { .. } | Self::Write { .. } => None,
        }
    }
}
