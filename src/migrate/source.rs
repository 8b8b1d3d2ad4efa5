//! Where the rows come from. All steps know the source by what is here, and none of them asks
//! what kind it is of.

use std::sync::Arc;

use crate::dump::{self, Dump};
use crate::event::Event;
use crate::migrate::conversion::Conversion;
use crate::migrate::dumped;
use crate::migrate::error::Error;
use crate::migrate::mapping::TableMapping;
use crate::mysql::connect::Options;
use crate::mysql::leftover::Leftover;
use crate::mysql::schema::Schema;
use crate::mysql::server::Server;
use crate::mysql::snapshot::{Rung, Snapshot};
use crate::mysql::wire::{Buffered, ColumnDefinition, Connection, RowStream};
use crate::report::SnapshotReport;

/// A source as it was named: a server and which of its databases, or a dump.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Server(Box<Options>, Vec<String>),
    Dump(dump::Options),
}

impl Origin {
    /// Without secrets; with the databases that are meant, if several are.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Server(options, databases) => options.address_of(databases),
            Self::Dump(options) => options.address(),
        }
    }

    /// Those of its databases that are meant; none if a dump's only one is.
    pub(crate) fn databases(&self) -> &[String] {
        match self {
            Self::Server(_, databases) => databases,
            Self::Dump(options) => &options.databases,
        }
    }

    pub(crate) async fn open(&self) -> Result<Source, Error> {
        match self {
            Self::Server(options, _) => {
                let mut control = Box::new(Connection::open(options).await?);
                let server = Server::read(&mut control).await?;
                Ok(Source::Server { control, server: Box::new(server) })
            }
            Self::Dump(options) => {
                let options = options.clone();
                let opened = tokio::task::spawn_blocking(move || Dump::open(&options)).await;
                Ok(Source::Dump(opened.map_err(|panic| Error::Panicked(panic.to_string()))??))
            }
        }
    }
}

/// A source as it was met.
pub(crate) enum Source {
    Server {
        control: Box<Connection>,
        server: Box<Server>,
    },
    /// It does not change, and is read by any number of readers.
    Dump(Arc<Dump>),
}

impl Source {
    /// Ends connections of ours that it may still serve.
    pub(crate) async fn end(&mut self, leftover: Leftover) -> Result<(), Error> {
        match self {
            Self::Server { control, .. } => Ok(leftover.end(control).await?),
            Self::Dump(_) => Ok(()),
        }
    }

    /// Takes out of a plan what the source has no values of.
    pub(crate) fn leave_out(&self, schema: &Schema, conversion: &mut Conversion) {
        match self {
            Self::Server { .. } => {}
            Self::Dump(dump) => dumped::leave_out(dump, schema, conversion),
        }
    }

    /// A reader of its own, which sees the source as it is at each of its questions.
    pub(crate) async fn reader(&self, origin: &Origin) -> Result<Reader, Error> {
        match (self, origin) {
            (Self::Dump(dump), _) => Ok(Reader::Dump(Arc::clone(dump))),
            (Self::Server { .. }, Origin::Server(options, _)) => {
                Ok(Reader::Server(Box::new(Connection::open(options).await?)))
            }
            (Self::Server { .. }, Origin::Dump(_)) => Err(Error::NoSnapshot),
        }
    }
}

/// The source at one instant, and what was taken to hold it.
pub(crate) struct Frozen {
    pub(crate) readers: Vec<Reader>,
    /// Whether chunks of one table, which several readers read, are of the same instant.
    pub(crate) cuts: Cuts,
    pub(crate) holds_ddl_off: Option<Connection>,
}

/// Whether a table may be cut into chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cuts {
    Allowed,
    /// Each table has an instant of its own, and is read by one reader.
    None,
}

impl Frozen {
    pub(crate) fn of(snapshot: Snapshot) -> Self {
        let cuts = if snapshot.rung == Rung::PerTable { Cuts::None } else { Cuts::Allowed };
        let readers =
            snapshot.readers.into_iter().map(|reader| Reader::Server(Box::new(reader))).collect();
        Self { readers, cuts, holds_ddl_off: snapshot.control }
    }

    pub(crate) fn of_dump(dump: &Arc<Dump>, readers: usize) -> Self {
        let readers = (0..readers).map(|_| Reader::Dump(Arc::clone(dump))).collect();
        Self { readers, cuts: Cuts::Allowed, holds_ddl_off: None }
    }

    /// What a server goes on serving, should the way to it be lost.
    pub(crate) fn leftover(&self) -> Leftover {
        let readers = self.readers.iter().filter_map(|reader| match reader {
            Reader::Server(connection) => Some(connection.as_ref()),
            Reader::Dump(_) => None,
        });
        Leftover::of(readers.chain(&self.holds_ddl_off))
    }
}

/// Reads rows of the source, all readers at the same instant.
pub(crate) enum Reader {
    Server(Box<Connection>),
    Dump(Arc<Dump>),
}

/// Which rows of a table, as its source can be asked for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    Whole,
    /// `hint` is an index hint with a space before it.
    Where {
        hint: String,
        condition: String,
    },
    /// Pieces of a dump, from one on and before another.
    Pieces {
        from: Option<u64>,
        to: Option<u64>,
    },
}

impl Selection {
    /// All columns of the rows, in whatever order the source has them, in the source's SQL.
    pub(crate) fn sql(&self, mapping: &TableMapping) -> String {
        match self {
            Self::Whole | Self::Pieces { .. } => mapping.select(),
            Self::Where { hint, condition } => mapping.select_some(hint, Some(condition)),
        }
    }
}

impl Reader {
    /// The rows of a selection, with the mapping's columns.
    pub(crate) async fn rows(
        &mut self,
        mapping: &TableMapping,
        selection: &Selection,
    ) -> Result<Rows<'_>, Error> {
        match self {
            Self::Server(connection) => {
                Ok(Rows::Server(connection.stream(&selection.sql(mapping)).await?))
            }
            Self::Dump(dump) => {
                let columns: Vec<String> =
                    mapping.columns.iter().map(|column| column.source.clone()).collect();
                let pieces = match selection {
                    Selection::Pieces { from, to } => (*from, *to),
                    Selection::Whole | Selection::Where { .. } => (None, None),
                };
                Ok(Rows::Dump(Box::new(dump.rows(&mapping.source, &columns, pieces)?)))
            }
        }
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Server(connection) => connection.close().await,
            Self::Dump(_) => {}
        }
    }
}

/// Rows in the form of the binary protocol, as they arrive.
pub(crate) enum Rows<'r> {
    Server(RowStream<'r>),
    Dump(Box<dump::Rows>),
}

impl Rows<'_> {
    pub(crate) fn columns(&self) -> &[ColumnDefinition] {
        match self {
            Self::Server(rows) => rows.columns(),
            Self::Dump(rows) => rows.columns(),
        }
    }

    /// The next row, if it is there whole. Never waits.
    #[inline]
    pub(crate) fn next_buffered(&mut self) -> Result<Buffered<'_>, Error> {
        match self {
            Self::Server(rows) => Ok(rows.next_buffered()?),
            Self::Dump(rows) => Ok(rows.next_buffered()?),
        }
    }

    /// Whether nobody minds if they are not read to their end, or there is nothing more to read.
    pub(crate) fn may_be_left(&self) -> bool {
        match self {
            Self::Server(rows) => rows.is_over(),
            Self::Dump(_) => true,
        }
    }

    /// Bytes of the source that were read since this was asked last, where they can be told.
    pub(crate) fn bytes_read(&mut self) -> Option<u64> {
        match self {
            Self::Server(_) => None,
            Self::Dump(rows) => Some(rows.bytes_read()),
        }
    }

    /// Waits for more of them.
    pub(crate) async fn fill(&mut self) -> Result<(), Error> {
        match self {
            Self::Server(rows) => Ok(rows.fill().await?),
            Self::Dump(rows) => Ok(rows.fill().await?),
        }
    }
}

/// A dump, as the report and the events tell what others are told of a snapshot.
pub(crate) fn describe(dump: &Dump) -> (SnapshotReport, Event) {
    let report = SnapshotReport {
        rung: "dump".to_owned(),
        guarantee: format!(
            "what a dump of {} holds, which is of one instant if its tool saw to that",
            dump.server
        ),
        connections: 0,
        writers_waited_ms: 0,
        position: dump.position.clone(),
    };
    let event = Event::SnapshotTaken {
        rung: report.rung.clone(),
        guarantee: report.guarantee.clone(),
        connections: 0,
        writers_waited_ms: 0,
        position: report.position.clone(),
    };
    (report, event)
}
