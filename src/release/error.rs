//! Why there is no new release, or why it did not stay.

use std::io;
use std::path::PathBuf;

use crate::fault::{Blame, Fault};
use crate::host::Error as Host;
use crate::mysql::connect::OptionsError as MySqlOptions;
use crate::mysql::error::Error as MySql;
use crate::postgres::error::{Error as Postgres, OptionsError as PostgresOptions};
use crate::project::error::Error as Project;
use crate::template::Error as Template;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Host(#[from] Host),
    #[error(transparent)]
    Project(#[from] Project),
    #[error(transparent)]
    MySql(#[from] MySql),
    #[error(transparent)]
    Postgres(#[from] Postgres),
    #[error(transparent)]
    MySqlOptions(#[from] MySqlOptions),
    #[error(transparent)]
    PostgresOptions(#[from] PostgresOptions),
    #[error(transparent)]
    Template(#[from] Template),
    /// The file wants what cannot be.
    #[error("{place}: {problem}")]
    Wanted { place: String, problem: String, hint: Option<String> },
    #[error("cannot read {}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// A host is not as a release needs it.
    #[error("{host}: {problem}")]
    Site { host: String, problem: String, hint: Option<String> },
    #[error("{what} is locked by {owner}")]
    Locked { what: String, owner: String },
    /// A command of ours or of the file ended with another code than 0.
    #[error("{step} failed{at}: `{command}` ended with {code}")]
    Command { step: &'static str, at: String, command: String, code: i32, source: Printed },
    /// The new release did not show itself.
    #[error("{host}: release {release} did not answer as it should")]
    Unhealthy { host: String, release: String, source: Printed },
    /// Each with the place that reads it.
    #[error("the code reads what its environment does not have: {}", names.join(", "))]
    Contract { names: Vec<String> },
    #[error("somebody asked to stop")]
    Stopped,
}

/// The last of what a program printed, or what was seen instead.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Printed(pub(crate) String);

impl Printed {
    /// The last twenty lines.
    pub(super) fn last_of(text: &str) -> Self {
        let lines: Vec<&str> = text.trim().lines().collect();
        Self(lines[lines.len().saturating_sub(20)..].join("\n"))
    }
}

impl Error {
    pub(super) fn wanted(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Wanted { place: place.into(), problem: problem.into(), hint: None }
    }

    pub(super) fn site(host: &(impl ToString + ?Sized), problem: impl Into<String>) -> Self {
        Self::Site { host: host.to_string(), problem: problem.into(), hint: None }
    }

    pub(super) fn hinted(self, text: impl Into<String>) -> Self {
        let text = Some(text.into());
        match self {
            Self::Wanted { place, problem, .. } => Self::Wanted { place, problem, hint: text },
            Self::Site { host, problem, .. } => Self::Site { host, problem, hint: text },
            other => other,
        }
    }

    /// Whether a file, an argument or the environment is wrong, and nothing was tried.
    pub(super) fn is_of_usage(&self) -> bool {
        matches!(
            self,
            Self::Wanted { .. }
                | Self::File { .. }
                | Self::Project(_)
                | Self::Template(_)
                | Self::MySqlOptions(_)
                | Self::PostgresOptions(_)
                | Self::Contract { .. }
                | Self::Host(Host::Name(_) | Host::Url { .. })
        )
    }

    /// Whether it was the switch itself that failed on that host, which has then returned.
    pub(super) fn is_on(&self, host: &str) -> bool {
        matches!(self, Self::Command { step: "switch", at, .. } if *at == format!(" on {host}"))
    }

    /// Whether it is the release that was found wanting, after it had begun to serve.
    pub(super) fn is_of_health(&self) -> bool {
        matches!(self, Self::Unhealthy { .. } | Self::Command { step: "switch", code: 4, .. })
    }
}

impl Blame for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::Host(error) => error.fault(),
            Self::Project(error) => error.fault(),
            Self::MySql(error) => error.fault(),
            Self::Postgres(error) => error.fault(),
            Self::Template(error) => error.fault(),
            Self::Locked { .. } => Fault::Transient,
            Self::MySqlOptions(_)
            | Self::PostgresOptions(_)
            | Self::Wanted { .. }
            | Self::File { .. }
            | Self::Site { .. }
            | Self::Command { .. }
            | Self::Unhealthy { .. }
            | Self::Contract { .. }
            | Self::Stopped => Fault::Operator,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Host(error) => error.hint(),
            Self::Project(error) => error.hint(),
            Self::Template(error) => error.hint(),
            Self::MySql(error) => error.hint(),
            Self::Postgres(error) => error.hint(),
            Self::MySqlOptions(error) => error.hint(),
            Self::PostgresOptions(error) => error.hint(),
            Self::Wanted { hint, .. } | Self::Site { hint, .. } => hint.clone(),
            Self::Locked { .. } => {
                Some("--wait waits for it; `nirvana release unlock` shows who it is".to_owned())
            }
            Self::Command { .. } => {
                Some("mend what it says, then run the same command again".to_owned())
            }
            Self::Contract { .. } => Some(
                "add them to [release.env.values], or name those that may be absent in \
                 release.env.optional"
                    .to_owned(),
            ),
            Self::Unhealthy { .. } | Self::File { .. } | Self::Stopped => None,
        }
    }
}
