//! What can go wrong between us and a machine.

use std::io;

use crate::fault::{Blame, Fault};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("'{0}' is no host")]
    Name(String),
    #[error("cannot start `{program}`")]
    Start { program: String, source: io::Error },
    #[error("cannot reach {host} by ssh")]
    Unreachable { host: String, source: Said },
    #[error("the connection to {host} was lost")]
    Lost { host: String, source: io::Error },
    #[error("{host} did not answer within {seconds} s")]
    Silent { host: String, seconds: u64 },
    /// A folder of ours in which sockets are kept.
    #[error("cannot use {path} for connections")]
    Sockets { path: String, source: io::Error },
    #[error("{url}: {problem}")]
    Url { url: String, problem: &'static str },
    #[error("{host} has no connection to {to}")]
    Connect { host: String, to: String, source: io::Error },
    #[error("no answer over HTTP from {to}")]
    Http { to: String, source: Box<dyn std::error::Error + Send + Sync> },
}

/// What a program said before it gave up.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Said(pub(crate) String);

impl Blame for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::Unreachable { .. }
            | Self::Lost { .. }
            | Self::Silent { .. }
            | Self::Connect { .. }
            | Self::Http { .. } => Fault::Transient,
            Self::Name(_) | Self::Start { .. } | Self::Sockets { .. } | Self::Url { .. } => {
                Fault::Operator
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Name(_) => {
                Some("local, web1, deploy@web1 or ssh://deploy@web1:2222 is wanted".to_owned())
            }
            Self::Unreachable { host, .. } => {
                Some(format!("try `ssh {host} true`: nirvana uses the same ssh and its settings"))
            }
            Self::Start { program, .. } => Some(format!("install {program}, or mend PATH")),
            _ => None,
        }
    }
}
