//! Why nothing, or not all, was provisioned.

use std::io;
use std::path::PathBuf;

use crate::fault::{Blame, Fault};
use crate::mysql::connect::OptionsError as MySqlOptions;
use crate::mysql::error::Error as MySql;
use crate::postgres::error::{Error as Postgres, OptionsError as PostgresOptions};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    MySql(#[from] MySql),
    #[error(transparent)]
    Postgres(#[from] Postgres),
    #[error(transparent)]
    MySqlOptions(#[from] MySqlOptions),
    #[error(transparent)]
    PostgresOptions(#[from] PostgresOptions),
    /// The file wants what no server can give.
    #[error("{place}: {problem}")]
    Wanted { place: String, problem: String, hint: Option<String> },
    #[error("cannot {doing} {}", path.display())]
    File { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("the system gave no random bytes")]
    Random(#[source] getrandom::Error),
    #[error("the server refused: {shown}")]
    Statement { shown: String, source: Box<Error> },
    #[error("{server} is {version}, which nirvana does not provision")]
    Version { server: String, version: String },
    #[error("somebody asked to stop")]
    Stopped,
}

impl Error {
    pub(super) fn wanted(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Wanted { place: place.into(), problem: problem.into(), hint: None }
    }

    /// Whether a file, an argument or the environment is wrong, and nothing was tried.
    pub(super) fn is_of_usage(&self) -> bool {
        matches!(
            self,
            Self::Wanted { .. }
                | Self::MySqlOptions(_)
                | Self::PostgresOptions(_)
                | Self::File { doing: "read", .. }
        )
    }

    /// A database that this command does not make.
    pub(super) fn absent(database: &str) -> Self {
        Self::wanted(format!("database '{database}'"), "it is not there yet")
            .hinted("make it first: nirvana provision --apply")
    }

    pub(super) fn hinted(self, text: impl Into<String>) -> Self {
        match self {
            Self::Wanted { place, problem, .. } => {
                Self::Wanted { place, problem, hint: Some(text.into()) }
            }
            other => other,
        }
    }
}

impl Blame for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::MySql(error) => error.fault(),
            Self::Postgres(error) => error.fault(),
            Self::Statement { source, .. } => match source.fault() {
                Fault::Transient => Fault::Transient,
                Fault::Data | Fault::Operator | Fault::Bug => Fault::Operator,
            },
            Self::MySqlOptions(_)
            | Self::PostgresOptions(_)
            | Self::Wanted { .. }
            | Self::File { .. }
            | Self::Random(_)
            | Self::Version { .. }
            | Self::Stopped => Fault::Operator,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::MySql(error) => error.hint(),
            Self::Postgres(error) => error.hint(),
            Self::MySqlOptions(error) => error.hint(),
            Self::PostgresOptions(error) => error.hint(),
            Self::Wanted { hint, .. } => hint.clone(),
            Self::Statement { source, .. } => source.hint().or_else(|| {
                Some("mend what the server says, then run the same command again".to_owned())
            }),
            Self::Version { .. } => Some(
                "it knows MySQL 8 and 9, MariaDB 10 and later, PostgreSQL 14 and later".to_owned(),
            ),
            Self::File { .. } | Self::Random(_) | Self::Stopped => None,
        }
    }
}
