//! What can end a migration, or the move of one table.

use crate::fault::{Blame, Fault};
use crate::migrate::transcode::ValueError;
use crate::mysql::error::Error as SourceError;
use crate::name::TableName;
use crate::postgres::error::Error as TargetError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("a value of {table}, column {column}, cannot be moved")]
    Value { table: TableName, column: String, source: ValueError },
    #[error("the source sends column {column} as {wire_type}, which its type does not promise")]
    UnexpectedType { column: String, wire_type: String },
    #[error("{sent} rows were sent, and the target took {taken}")]
    RowsLost { sent: u64, taken: u64 },
    #[error("the source has no table {name} in {database}")]
    UnknownTable { name: String, database: String },
    #[error("{reasons} thing(s) must be mended first; nothing was written")]
    Refused { reasons: usize },
    #[error("a worker came to an unexpected end: {0}")]
    Panicked(String),
    #[error("stopped, as asked")]
    Stopped,
}

impl Error {
    /// Whether the whole run must end: a lost connection to the source cannot join the same
    /// snapshot again. Anything else concerns one table only.
    pub(crate) fn ends_the_run(&self) -> bool {
        match self {
            Self::Source(error) => error.is_connection_lost(),
            Self::Target(error) => error.is_connection_lost(),
            Self::Stopped
            | Self::Panicked(_)
            | Self::UnknownTable { .. }
            | Self::Refused { .. } => true,
            Self::Value { .. } | Self::UnexpectedType { .. } | Self::RowsLost { .. } => false,
        }
    }
}

impl Blame for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::Source(error) => error.fault(),
            Self::Target(error) => error.fault(),
            Self::Value { .. } => Fault::Data,
            Self::UnexpectedType { .. } | Self::RowsLost { .. } | Self::Panicked(_) => Fault::Bug,
            Self::Stopped | Self::UnknownTable { .. } | Self::Refused { .. } => Fault::Operator,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Source(error) => error.hint(),
            Self::Target(error) => error.hint(),
            Self::Value { .. } => Some("mend the value in the source, and start again".to_owned()),
            Self::UnexpectedType { .. } | Self::RowsLost { .. } | Self::Panicked(_) => {
                Some("this is a defect of nirvana: please report it with this message".to_owned())
            }
            Self::UnknownTable { .. } => Some("check the names after --only".to_owned()),
            Self::Refused { .. } => Some("the list above says how, one by one".to_owned()),
            Self::Stopped => None,
        }
    }
}
