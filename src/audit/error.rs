//! What can go wrong with an audit, beside what it finds.

use std::io;
use std::path::PathBuf;

use crate::fault::{Blame, Fault};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Project(#[from] crate::project::error::Error),
    #[error("cannot use the baseline {}", path.display())]
    Baseline { path: PathBuf, source: io::Error },
    #[error("cannot write the baseline {}", path.display())]
    BaselineNotWritten { path: PathBuf, source: io::Error },
    #[error("{} is no baseline: {problem}", path.display())]
    BadBaseline { path: PathBuf, problem: String },
    #[error("{} is in no git repository, so it has no {what}", path.display())]
    NoRepository { path: PathBuf, what: &'static str },
    #[error("[audit] of nirvana.toml: {0}")]
    Setting(String),
}

impl Blame for Error {
    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Project(error) => error.hint(),
            Self::Baseline { .. } => {
                Some("--write-baseline FILE writes one of what is found now".to_owned())
            }
            Self::BaselineNotWritten { .. } => {
                Some("name a file in a folder that is there and can be written to".to_owned())
            }
            Self::BadBaseline { .. } => Some("write it anew with --write-baseline".to_owned()),
            Self::NoRepository { .. } => {
                Some("name a repository, or leave the flag out".to_owned())
            }
            Self::Setting(_) => None,
        }
    }
}
