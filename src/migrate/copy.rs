//! Moves the rows of one chunk: read, encode, COPY, journal, commit.
//!
//! One chunk is one transaction of the target, and what the journal says of it is written in the
//! same transaction: its rows and that word are there together or not at all. A large table that
//! is one chunk is emptied in that transaction too, so that FREEZE may write rows that nobody has
//! to freeze later.
//!
//! The commit does not wait for the target's disk. That is safe: if the target's server dies, it
//! loses the last such commits whole, rows and journal alike, and in the order of the log; the run
//! ends with the connection, and whoever goes on reads in the journal what is really there. What
//! comes after the copy (an index, a key, the end of the run) is committed in the usual way, and
//! such a commit takes all earlier ones to the disk: a run that says it is done is on the disk.

use crate::event::{Event, Events};
use crate::migrate::careful;
use crate::migrate::copied::{Account, Copied};
use crate::migrate::encoder::{RowEncoder, check_columns};
use crate::migrate::error::Error;
use crate::migrate::judge::Judge;
use crate::migrate::mapping::{Age, Owner, TableMapping};
use crate::migrate::sink::Sink;
use crate::migrate::source::{Reader, Rows, Selection};
use crate::mysql::wire::{Buffered, ColumnDefinition};
use crate::postgres::connect::Session;
use crate::postgres::ddl;
use crate::postgres::journal::{self, QuarantinedRow};
use crate::postgres::load::Loader;
use crate::shutdown::Shutdown;

/// One chunk that is to be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkJob {
    /// The run and the chunk's number in its table, for the journal.
    pub(crate) run: i64,
    pub(crate) number: u32,
    /// The rows, in the source.
    pub(crate) selection: Selection,
    /// Removes what the target has in their place, if it has something.
    pub(crate) clear: Option<String>,
    pub(crate) age: Age,
}

/// Both ends of one worker, and whom it tells.
pub(crate) struct Copier<'a> {
    pub(crate) reader: &'a mut Reader,
    pub(crate) session: &'a Session,
    pub(crate) events: &'a Events,
    pub(crate) shutdown: &'a Shutdown,
}

/// How rows are handed to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    /// In one stream: if one row is refused, all are.
    Streamed,
    /// In batches, so that a row that is refused can be found and set aside.
    Split,
}

impl Copier<'_> {
    /// Copies one chunk from the reader's snapshot. Where the source's NOT NULL cannot hold, since
    /// a value becomes NULL that the target has no other word for, it is dropped, and the chunk
    /// copied again: whoever tells what was altered tells this too. Where a row is refused for
    /// what is in it, the chunk is copied again with that row set aside.
    pub(crate) async fn copy(
        &mut self,
        mapping: &TableMapping,
        job: &ChunkJob,
    ) -> Result<Copied, Error> {
        let mut care = Care::Streamed;
        for _ in 0..=mapping.columns.len() {
            let copied = self.copy_once(mapping, job, care).await;
            let Err(error) = &copied else { return copied };
            match error {
                Error::Target(refused)
                    if mapping.owner == Owner::Ours
                        && let Some(column) = refused.null_column() =>
                {
                    let sql = ddl::drop_not_null(&mapping.target, column);
                    self.session.execute(&sql).await?;
                }
                error
                    if care == Care::Streamed
                        && careful::refused(error, mapping.owner).is_some() =>
                {
                    care = Care::Split;
                }
                _ => return copied,
            }
        }
        self.copy_once(mapping, job, care).await
    }

    async fn copy_once(
        &mut self,
        mapping: &TableMapping,
        job: &ChunkJob,
        care: Care,
    ) -> Result<Copied, Error> {
        let name = &mapping.source;
        let clear = job.clear.as_ref().map_or_else(String::new, |clear| {
            format!("{}; {clear}", journal::forget(job.run, name, job.number))
        });
        let begin = format!("BEGIN; SET LOCAL synchronous_commit = off; {clear}");
        let copied = match self.session.execute(&begin).await {
            Ok(()) => self.copy_rows(mapping, job, care).await,
            Err(error) => Err(error.into()),
        };
        let written = match copied {
            Ok((copied, quarantined)) => {
                let done = journal::Done {
                    rows: copied.digest.rows,
                    bytes: copied.bytes,
                    digest: copied.digest.to_string(),
                };
                let altered = copied.altered_values(mapping);
                let kept = journal::keep(job.run, name, job.number, (&quarantined, &altered));
                let done = journal::done(job.run, name, job.number, &done);
                let commit = self.session.execute(&format!("{kept}{done}; COMMIT")).await;
                commit.map(|()| copied).map_err(Error::from)
            }
            Err(error) => Err(error),
        };
        // The session's next transaction must not begin within this one.
        if written.as_ref().is_err_and(|error| !error.ends_the_run()) {
            self.session.execute("ROLLBACK").await?;
        }
        written
    }

    async fn copy_rows(
        &mut self,
        mapping: &TableMapping,
        job: &ChunkJob,
        care: Care,
    ) -> Result<(Copied, Vec<QuarantinedRow>), Error> {
        let (session, shutdown) = (self.session, self.shutdown);
        let mut rows = self.reader.rows(mapping, &job.selection).await?;
        let columns = rows.columns().to_vec();
        let table = (mapping, columns.as_slice());
        let loaded = match care {
            Care::Streamed => {
                let progress = Progress::of(mapping, self.events);
                load(&mut rows, session, (table, job.age), (progress, shutdown)).await
            }
            Care::Split => careful::load(&mut rows, session, table, shutdown).await,
        };
        if loaded.as_ref().is_err_and(|error| !error.ends_the_run()) {
            drain(&mut rows, shutdown).await?;
        }
        loaded.map(|account| (account.copied, account.quarantined))
    }
}

async fn load<'a>(
    rows: &mut Rows<'_>,
    session: &Session,
    ((mapping, columns), age): ((&'a TableMapping, &'a [ColumnDefinition]), Age),
    told: (Progress<'_>, &Shutdown),
) -> Result<Account<'a>, Error> {
    check_columns(columns, mapping)?;
    let mut loader = Loader::start(session, &mapping.copy_in(age)).await?;
    let account = fill(rows, &mut loader, RowEncoder::new(mapping, columns), told).await?.account;
    let (sent, taken) = (account.copied.digest.rows, loader.finish().await?);
    if taken != sent {
        return Err(Error::RowsLost { sent, taken });
    }
    Ok(account)
}

/// Encodes all rows into a sink; what it still holds then is left to the caller, as is the account
/// that the encoder has kept.
pub(crate) async fn fill<'a>(
    rows: &mut Rows<'_>,
    sink: &mut impl Sink,
    mut encoder: RowEncoder<'a>,
    (mut progress, shutdown): (Progress<'_>, &Shutdown),
) -> Result<RowEncoder<'a>, Error> {
    loop {
        match rows.next_buffered()? {
            Buffered::Row(row) => encoder.encode(row, sink.buffer())?,
            Buffered::Incomplete => rows.fill().await?,
            Buffered::End => break,
        }
        if sink.is_full() {
            if shutdown.is_requested() {
                return Err(Error::Stopped);
            }
            progress.advance(encoder.rows(), sink.buffer().len(), rows.bytes_read());
            sink.flush().await?;
        }
    }
    progress.advance(encoder.rows(), sink.buffer().len(), rows.bytes_read());
    encoder.account.copied.bytes = progress.bytes;
    Ok(encoder)
}

/// What a query's rows come to, without moving them. Each row is shown to `row`, as its fields in
/// binary COPY; those that the target cannot hold are counted only.
pub(crate) async fn read_source(
    reader: &mut Reader,
    (mapping, selection): (&TableMapping, &Selection),
    shutdown: &Shutdown,
    row: impl FnMut(&[u8]),
) -> Result<Copied, Error> {
    let (copied, _nulls) = read_judged(reader, (mapping, selection, None), shutdown, row).await?;
    Ok(copied)
}

/// The same, with rows set aside that the judge refuses; and how many rows have NULL, by column.
pub(crate) async fn read_judged(
    reader: &mut Reader,
    (mapping, selection, judge): (&TableMapping, &Selection, Option<Judge<'_>>),
    shutdown: &Shutdown,
    row: impl FnMut(&[u8]),
) -> Result<(Copied, Vec<u64>), Error> {
    let mut rows = reader.rows(mapping, selection).await?;
    let read = read_rows(&mut rows, (mapping, judge), shutdown, row).await;
    if read.as_ref().is_err_and(|error| !error.ends_the_run()) {
        drain(&mut rows, shutdown).await?;
    }
    read
}

async fn read_rows(
    rows: &mut Rows<'_>,
    (mapping, judge): (&TableMapping, Option<Judge<'_>>),
    shutdown: &Shutdown,
    mut row: impl FnMut(&[u8]),
) -> Result<(Copied, Vec<u64>), Error> {
    let columns = rows.columns().to_vec();
    check_columns(&columns, mapping)?;
    let mut encoder = RowEncoder::new(mapping, &columns);
    encoder.judge = judge;
    let (mut encoded, mut bytes) = (Vec::new(), 0);
    loop {
        match rows.next_buffered()? {
            Buffered::Row(payload) => {
                encoder.encode(payload, &mut encoded)?;
                bytes += encoded.len() as u64;
                // The number of fields stands before them; a row that is set aside has none.
                if let Some(fields) = encoded.get(2..) {
                    row(fields);
                }
                encoded.clear();
            }
            Buffered::Incomplete if shutdown.is_requested() => return Err(Error::Stopped),
            Buffered::Incomplete => rows.fill().await?,
            Buffered::End => {
                encoder.account.copied.bytes = bytes;
                let nulls = encoder.judge.map(|judge| judge.nulls).unwrap_or_default();
                return Ok((encoder.account.copied, nulls));
            }
        }
    }
}

/// Reads what is left of an answer and throws it away, as the reader is still needed.
pub(crate) async fn drain(rows: &mut Rows<'_>, shutdown: &Shutdown) -> Result<(), Error> {
    while !rows.may_be_left() {
        match rows.next_buffered()? {
            Buffered::Row(_) => {}
            Buffered::Incomplete if shutdown.is_requested() => return Err(Error::Stopped),
            Buffered::Incomplete => rows.fill().await?,
            Buffered::End => break,
        }
    }
    Ok(())
}

/// Tells how far a table is, once per batch.
pub(crate) struct Progress<'a> {
    mapping: &'a TableMapping,
    events: &'a Events,
    rows: u64,
    bytes: u64,
}

impl<'a> Progress<'a> {
    pub(crate) fn of(mapping: &'a TableMapping, events: &'a Events) -> Self {
        Self { mapping, events, rows: 0, bytes: 0 }
    }

    /// `read` is what the source counts by, where it counts: a dump by its own bytes.
    fn advance(&mut self, rows: u64, bytes: usize, read: Option<u64>) {
        self.events.emit(Event::CopyProgress {
            table: self.mapping.source.clone(),
            rows: rows - self.rows,
            bytes: read.unwrap_or(bytes as u64),
        });
        self.rows = rows;
        self.bytes += bytes as u64;
    }
}
