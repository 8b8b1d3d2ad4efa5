//! What can end a migration, or the move of one table.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use crate::archive::Error as FileError;
use crate::dump::Error as DumpError;
use crate::fault::{Blame, Fault};
use crate::migrate::transcode::ValueError;
use crate::mysql::error::Error as SourceError;
use crate::name::TableName;
use crate::postgres::error::Error as TargetError;
use crate::postgres::exclusion::Holder;
use crate::postgres::journal::Run;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Dump(#[from] DumpError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Files(#[from] FileError),
    #[error(
        "{tables} table(s) could not be written whole, so that {directory} is left as unfinished"
    )]
    NotWhole { tables: usize, directory: String },
    #[error("a value of {table}, column {column}, cannot be moved")]
    Value { table: TableName, column: String, source: ValueError },
    #[error(
        "the target cannot hold {rows} rows or more of one chunk of {table}; the first: {reason}"
    )]
    TooManyRefused { table: TableName, rows: u64, reason: String },
    #[error("the source sends column {column} as {wire_type}, which its type does not promise")]
    UnexpectedType { column: String, wire_type: String },
    #[error("{sent} rows were sent, and the target took {taken}")]
    RowsLost { sent: u64, taken: u64 },
    #[error("the source has no {name} in {}", .databases.join(", "))]
    UnknownTable { name: String, databases: Vec<String> },
    #[error("{reasons} thing(s) must be mended first; nothing was written")]
    Refused { reasons: usize },
    #[error("a worker came to an unexpected end: {0}")]
    Panicked(String),
    #[error(
        "another run, of {}{}, has been at work on this schema of the target since {}",
        .0.user, from_words(&.0.from), .0.since
    )]
    Locked(Holder),
    #[error("the run that was begun {begun_at} moves {source_address}, not {asked}")]
    NothingToResume { begun_at: String, source_address: String, asked: String },
    #[error(
        "the run that was begun {} writes to the schemas {}, not to {asked}",
        .run.begun_at, .run.schemas.join(", ")
    )]
    OtherSchemas { run: Box<Run>, asked: String },
    #[error("the source's tables are no longer what the run that was begun {begun_at} has planned")]
    PlanChanged { begun_at: String },
    #[error("the journal's bounds of {table} speak of a key that the table no longer has")]
    Journal { table: TableName },
    #[error("what the journal says cannot be read")]
    JournalUnreadable(#[source] serde_json::Error),
    #[error("the planned catalog cannot be written or read as JSON")]
    Catalog(#[source] serde_json::Error),
    #[error("no way is left to give all connections one and the same snapshot of the source")]
    NoSnapshot,
    #[error("the source's tables were altered whenever the snapshot was taken, for {} s", .after.as_secs())]
    SourceAltered { after: Duration },
    #[error(
        "{table} was cut into chunks, which cannot be read at instants of their own, as \
         --snapshot per-table would"
    )]
    CutForOneInstant { table: TableName },
    #[error("cannot write {}", .file.display())]
    Unwritten { file: PathBuf, source: std::io::Error },
    #[error("stopped, as asked")]
    Stopped,
}

impl Error {
    /// The error and all it is due to, on one line.
    pub(crate) fn words(&self) -> String {
        let mut words = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            words.push_str(&format!(": {error}"));
            cause = error.source();
        }
        words
    }

    /// Whether the whole run must end: a lost connection to the source cannot join the same
    /// snapshot again. Anything else concerns one table only.
    pub(crate) fn ends_the_run(&self) -> bool {
        match self {
            Self::Source(error) => error.is_connection_lost() || self.is_transient(),
            Self::Dump(error) => !error.is_of_one_table(),
            Self::Target(error) => {
                error.is_connection_lost() || error.is_out_of_resources() || self.is_transient()
            }
            Self::Stopped
            | Self::Files(_)
            | Self::NotWhole { .. }
            | Self::Catalog(_)
            | Self::Unwritten { .. }
            | Self::Panicked(_)
            | Self::Locked(_)
            | Self::NothingToResume { .. }
            | Self::OtherSchemas { .. }
            | Self::PlanChanged { .. }
            | Self::Journal { .. }
            | Self::JournalUnreadable(_)
            | Self::NoSnapshot
            | Self::SourceAltered { .. }
            | Self::CutForOneInstant { .. }
            | Self::UnknownTable { .. }
            | Self::Refused { .. }
            | Self::Value { source: ValueError::Stop(_), .. } => true,
            Self::Value { .. }
            | Self::TooManyRefused { .. }
            | Self::UnexpectedType { .. }
            | Self::RowsLost { .. } => false,
        }
    }
}

impl Error {
    fn is_transient(&self) -> bool {
        self.fault() == Fault::Transient
    }

    /// Whether to begin again where the journal says is worth a try: once a run has written
    /// something, even a server that refuses connections may only be starting again.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            // It will be as large again.
            Self::Source(SourceError::RowTooLarge { .. }) => false,
            Self::Source(error) => error.is_connection_lost() || self.is_transient(),
            Self::Target(error) => error.is_connection_lost() || self.is_transient(),
            // The server may still see us as we were before the connection was lost.
            Self::Locked(_) => true,
            _ => false,
        }
    }
}

impl Blame for Error {
    fn fault(&self) -> Fault {
        match self {
            Self::Source(error) => error.fault(),
            Self::Dump(error) => error.fault(),
            Self::Target(error) => error.fault(),
            Self::Files(error) => error.fault(),
            Self::NotWhole { .. } => Fault::Data,
            Self::Value { .. } | Self::TooManyRefused { .. } => Fault::Data,
            Self::UnexpectedType { .. }
            | Self::RowsLost { .. }
            | Self::Panicked(_)
            | Self::Catalog(_) => Fault::Bug,
            Self::Stopped
            | Self::Unwritten { .. }
            | Self::Locked(_)
            | Self::NothingToResume { .. }
            | Self::OtherSchemas { .. }
            | Self::PlanChanged { .. }
            | Self::Journal { .. }
            | Self::JournalUnreadable(_)
            | Self::NoSnapshot
            | Self::SourceAltered { .. }
            | Self::CutForOneInstant { .. }
            | Self::UnknownTable { .. }
            | Self::Refused { .. } => Fault::Operator,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Source(error) => error.hint(),
            Self::Dump(error) => error.hint(),
            Self::Target(error) => error.hint(),
            Self::Files(error) => error.hint(),
            Self::NotWhole { .. } => Some(
                "mend the values in the source, or name the other tables with --only; then run \
                 again with --resume"
                    .to_owned(),
            ),
            Self::Value { .. } | Self::TooManyRefused { .. } => {
                Some("mend the values in the source, then run again with --resume".to_owned())
            }
            Self::UnexpectedType { .. }
            | Self::RowsLost { .. }
            | Self::Panicked(_)
            | Self::Catalog(_) => {
                Some("this is a defect of nirvana: please report it with this message".to_owned())
            }
            Self::UnknownTable { .. } => Some("check the names after --only, and those in nirvana.toml".to_owned()),
            Self::Refused { .. } => Some("the list above says how, one by one".to_owned()),
            Self::Locked(holder) => Some(format!(
                "wait for it; if it is dead: SELECT pg_terminate_backend({}); then run again with --resume",
                holder.pid
            )),
            Self::NothingToResume { .. } => Some(
                "name that source, or begin anew in an empty schema without --resume".to_owned(),
            ),
            Self::OtherSchemas { run, .. } => Some(format!(
                "name all of them, or, once no row of it in nirvana.quarantined is needed: \
                 DELETE FROM nirvana.run WHERE id = {};",
                run.id
            )),
            Self::PlanChanged { .. } | Self::Journal { .. } | Self::JournalUnreadable(_) => Some(
                "drop what the run has made in the target, and begin anew without --resume"
                    .to_owned(),
            ),
            Self::NoSnapshot => Some(
                "GRANT RELOAD, or LOCK TABLES on the database, to this user of the source; or read \
                 each table at an instant of its own (--snapshot per-table)"
                    .to_owned(),
            ),
            Self::SourceAltered { .. } => {
                Some("end the DDL in the source, or wait for its end, and run again".to_owned())
            }
            Self::CutForOneInstant { .. } => Some(
                "go on without --snapshot per-table, or drop what the run has made in the target \
                 and begin anew without --resume"
                    .to_owned(),
            ),
            Self::Unwritten { source, .. } if source.kind() == ErrorKind::AlreadyExists => {
                Some("it is there already: move it away, or name another by --config".to_owned())
            }
            Self::Unwritten { .. } | Self::Stopped => None,
        }
    }
}

fn from_words(address: &str) -> String {
    if address.is_empty() { String::new() } else { format!(" from {address}") }
}
