use std::io;
use std::path::PathBuf;

use crate::fault::{Blame, Fault};
use crate::project::error::Error as ProjectError;

/// Why variables could not be loaded. No text has a value in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no .env in {} or above", .0.display())]
    NoFile(PathBuf),
    #[error("cannot read {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}, line {line}: {key}: {reason}", path.display())]
    Value { path: PathBuf, line: u32, key: String, reason: &'static str },
    #[error("{}, line {line}: {key} refers to {name}, which is not set", path.display())]
    Unset { path: PathBuf, line: u32, key: String, name: String },
    #[error("{}, line {line}: {key} means different things to {one} and to {other}", path.display())]
    Ambiguous { path: PathBuf, line: u32, key: String, one: &'static str, other: &'static str },
    #[error("{}, line {line}: this is no KEY=value", path.display())]
    Line { path: PathBuf, line: u32 },
    #[error("{}, line {line}: {key:?} is no name of a variable", path.display())]
    Key { path: PathBuf, line: u32, key: String },
    #[error("cannot start {}", .0.display())]
    Command(PathBuf, #[source] io::Error),
    #[error("there is nowhere to remember what is allowed")]
    NoState,
    #[error("cannot write {}", path.display())]
    State { path: PathBuf, source: io::Error },
    #[error("cannot read the code")]
    Project(#[from] ProjectError),
}

impl Error {
    /// What a shell would end with: 127 if a command is not there, 126 if it cannot be started.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Command(_, source) if source.kind() == io::ErrorKind::NotFound => 127,
            Self::Command(..) => 126,
            _ => 2,
        }
    }
}

impl Blame for Error {
    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoFile(_) => "name one with --file".to_owned(),
            Self::Ambiguous { .. } => {
                "say who reads it: --dialect, or dialect in [env] of nirvana.toml".to_owned()
            }
            Self::Value { reason: COMMAND, .. } => {
                "nirvana runs no command that stands in a file; put its result there".to_owned()
            }
            Self::NoState => "set HOME or XDG_STATE_HOME".to_owned(),
            _ => return None,
        })
    }
}

pub(super) const COMMAND: &str = "a command is to be run for its value";
