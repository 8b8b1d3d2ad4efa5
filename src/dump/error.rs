//! What can be wrong with a dump.

use std::path::PathBuf;

use crate::fault::{Blame, Fault};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{path} cannot be read")]
    Io { path: String, source: std::io::Error },
    #[error(
        "{path} is not whole, or damaged: what is compressed in it can be read to its byte {at}, and not beyond"
    )]
    Damaged { path: String, at: u64, source: std::io::Error },
    #[error("{path} is {what}, and no dump of MySQL or MariaDB as text")]
    Foreign { path: String, what: &'static str, hint: &'static str },
    #[error("no room for what {path} holds: a dump that can be read once only is kept in {}", .folder.display())]
    Spool { path: String, folder: PathBuf, source: std::io::Error },
    #[error("{path} is no dump: no CREATE TABLE in it")]
    NoDump { path: String },
    #[error("{path} holds {} databases: {}", .databases.len(), .databases.join(", "))]
    Ambiguous { path: String, databases: Vec<String> },
    #[error("{path} has no database {name}; it has {}", .databases.join(", "))]
    NoDatabase { path: String, name: String, databases: Vec<String> },
    #[error("{path}, byte {at}: {what}")]
    Unreadable { path: String, at: u64, what: String },
    #[error("{path}, byte {at}: {what} of column {column}")]
    Value { path: String, at: u64, column: String, what: String },
    #[error(
        "the condition on rows of {table}, in nirvana.toml, needs a server that understands it"
    )]
    Condition { table: String },
    #[error("{path}, byte {at}: {what}")]
    TooMuch { path: String, at: u64, what: &'static str },
    #[error("the dump has no table {name}")]
    NoTable { name: String },
    #[error("reading came to an unexpected end: {0}")]
    Panicked(String),
}

impl Error {
    /// Whether it concerns one table only.
    pub(crate) fn is_of_one_table(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::Value { .. } | Self::NoTable { .. })
    }
}

impl Blame for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::Io { .. }
            | Self::Spool { .. }
            | Self::NoDump { .. }
            | Self::Ambiguous { .. }
            | Self::NoDatabase { .. }
            | Self::Foreign { .. }
            | Self::Condition { .. } => Fault::Operator,
            Self::Damaged { .. }
            | Self::Unreadable { .. }
            | Self::TooMuch { .. }
            | Self::Value { .. } => Fault::Data,
            Self::NoTable { .. } | Self::Panicked(_) => Fault::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Io { .. } => None,
            Self::Damaged { .. } => Some("make the dump, or copy it, again".to_owned()),
            Self::Foreign { hint, .. } => Some((*hint).to_owned()),
            Self::TooMuch { .. } => {
                Some("no dump tool writes that: load it into a server, and migrate from there".to_owned())
            }
            Self::Spool { .. } => {
                Some("name a folder with room by TMPDIR, or decompress the dump first".to_owned())
            }
            Self::NoDump { .. } => Some(
                "SOURCE is a mysql:// URL, a dump of mysqldump or mariadb-dump, a folder of mydumper, \
                 MySQL Shell or mysqldump --tab, or - for standard input"
                    .to_owned(),
            ),
            Self::Condition { .. } => Some(
                "migrate from the server, or move all rows and delete some in the target".to_owned(),
            ),
            Self::Ambiguous { .. } | Self::NoDatabase { .. } => Some(
                "choose with --database, or in [migrate.databases] of nirvana.toml".to_owned(),
            ),
            Self::Unreadable { .. } | Self::Value { .. } => {
                Some("mend the dump there, or dump that table again".to_owned())
            }
            Self::NoTable { .. } | Self::Panicked(_) => {
                Some("this is a defect of nirvana: please report it with this message".to_owned())
            }
        }
    }
}
