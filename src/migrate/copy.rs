//! Moves the rows of one table: read, encode, COPY, commit.
//!
//! One table is one transaction of the target. It is emptied and filled in that transaction, so
//! that FREEZE may write rows that need no later freezing, and so that a table holds all of its
//! rows or none.
//!
//! The commit does not wait for the target's disk. That is safe: what follows it (an index, a key,
//! at least the table's statistics) is committed in the usual way, and such a commit takes all
//! earlier ones to the disk. A crash before that ends the run, which then has not succeeded.

use crate::event::{Event, Events};
use crate::migrate::digest::Digest;
use crate::migrate::error::Error;
use crate::migrate::mapping::TableMapping;
use crate::migrate::transcode::{Alteration, ValueError};
use crate::mysql::wire::{Buffered, Connection, RowStream, ValueCursor};
use crate::postgres::connect::Session;
use crate::postgres::encode;
use crate::postgres::load::Loader;
use crate::shutdown::Shutdown;

/// What was moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Copied {
    pub(crate) digest: Digest,
    /// Bytes of COPY data.
    pub(crate) bytes: u64,
    /// Altered values: column as the source names it, what was done, how often.
    pub(crate) altered: Vec<(String, Alteration, u64)>,
}

/// Copies one table from the reader's snapshot.
pub(crate) async fn copy_table(
    reader: &mut Connection,
    session: &Session,
    mapping: &TableMapping,
    events: &Events,
    shutdown: &Shutdown,
) -> Result<Copied, Error> {
    session.execute("BEGIN; SET LOCAL synchronous_commit = off").await?;
    let copied = copy_rows(reader, session, mapping, events, shutdown).await;
    let end = if copied.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = session.execute(end).await;
    let copied = copied?;
    ended?;
    Ok(copied)
}

async fn copy_rows(
    reader: &mut Connection,
    session: &Session,
    mapping: &TableMapping,
    events: &Events,
    shutdown: &Shutdown,
) -> Result<Copied, Error> {
    session.execute(&format!("TRUNCATE ONLY {}", mapping.target.postgres())).await?;
    let mut rows = reader.stream(&mapping.select()).await?;
    let loaded = load(&mut rows, session, mapping, events, shutdown).await;
    if loaded.as_ref().is_err_and(|error| !error.ends_the_run()) {
        // The reader is still needed: what is left of its answer is read and thrown away.
        while rows.next().await?.is_some() {
            if shutdown.is_requested() {
                return Err(Error::Stopped);
            }
        }
    }
    loaded
}

async fn load(
    rows: &mut RowStream<'_>,
    session: &Session,
    mapping: &TableMapping,
    events: &Events,
    shutdown: &Shutdown,
) -> Result<Copied, Error> {
    check_columns(rows, mapping)?;
    let mut loader = Loader::start(session, &mapping.copy_in()).await?;
    let mut encoder = RowEncoder::new(mapping);
    let mut progress = Progress { mapping, events, rows: 0, bytes: 0 };
    loop {
        match rows.next_buffered()? {
            Buffered::Row(row) => encoder.encode(row, &mut loader.buffer)?,
            Buffered::Incomplete => rows.fill().await?,
            Buffered::End => break,
        }
        if loader.is_full() {
            if shutdown.is_requested() {
                return Err(Error::Stopped);
            }
            progress.advance(encoder.digest.rows, loader.buffer.len());
            loader.flush().await?;
        }
    }
    progress.advance(encoder.digest.rows, loader.buffer.len());
    let taken = loader.finish().await?;
    if taken != encoder.digest.rows {
        return Err(Error::RowsLost { sent: encoder.digest.rows, taken });
    }
    Ok(Copied { digest: encoder.digest, bytes: progress.bytes, altered: encoder.altered() })
}

/// The server must send what the transcoders read: a surprise here would be misread bytes.
fn check_columns(rows: &RowStream<'_>, mapping: &TableMapping) -> Result<(), Error> {
    for (column, sent) in mapping.columns.iter().zip(rows.columns()) {
        if !column.transcoder.reads(sent.wire_type) {
            return Err(Error::UnexpectedType {
                column: column.source.clone(),
                wire_type: format!("{:?}", sent.wire_type),
            });
        }
    }
    Ok(())
}

/// Tells how far a table is, once per batch.
struct Progress<'a> {
    mapping: &'a TableMapping,
    events: &'a Events,
    rows: u64,
    bytes: u64,
}

impl Progress<'_> {
    fn advance(&mut self, rows: u64, bytes: usize) {
        let bytes = bytes as u64;
        self.events.emit(Event::CopyProgress {
            table: self.mapping.source.clone(),
            rows: rows - self.rows,
            bytes,
        });
        self.rows = rows;
        self.bytes += bytes;
    }
}

/// Turns rows of the binary protocol into rows of binary COPY, and sums their digest.
pub(crate) struct RowEncoder<'a> {
    mapping: &'a TableMapping,
    pub(crate) digest: Digest,
    /// By column, then by kind of alteration.
    altered: Vec<[u64; Alteration::ALL.len()]>,
}

impl<'a> RowEncoder<'a> {
    pub(crate) fn new(mapping: &'a TableMapping) -> Self {
        let altered = vec![[0; Alteration::ALL.len()]; mapping.columns.len()];
        Self { mapping, digest: Digest::default(), altered }
    }

    /// Appends the row to `out`. The columns that are only proven go into the digest and not
    /// into the row.
    #[inline]
    pub(crate) fn encode(&mut self, row: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let mapping = self.mapping;
        let mut cursor = ValueCursor::new(row, mapping.columns.len())
            .map_err(|error| value_error(mapping, 0, error.into()))?;
        out.extend_from_slice(&(mapping.copied as i16).to_be_bytes());
        let fields = out.len();
        let mut end = fields;
        for (index, column) in mapping.columns.iter().enumerate() {
            if cursor.is_null(index) {
                encode::null(out);
            } else {
                let altered = column.transcoder.encode(&mut cursor, out);
                let altered = altered.map_err(|error| value_error(mapping, index, error))?;
                if let Some(alteration) = altered {
                    self.altered[index][alteration as usize] += 1;
                }
            }
            if index + 1 == mapping.copied {
                end = out.len();
            }
        }
        self.digest.add(&out[fields..]);
        out.truncate(end);
        Ok(())
    }

    /// What was altered, leaving out what was not.
    fn altered(&self) -> Vec<(String, Alteration, u64)> {
        let mut altered = Vec::new();
        for (column, counts) in self.mapping.columns.iter().zip(&self.altered) {
            let counted = Alteration::ALL.iter().map(|kind| (*kind, counts[*kind as usize]));
            for (kind, count) in counted.filter(|(_, count)| *count > 0) {
                altered.push((column.source.clone(), kind, count));
            }
        }
        altered
    }
}

#[cold]
fn value_error(mapping: &TableMapping, column: usize, source: ValueError) -> Error {
    let column = mapping.columns.get(column).map_or_else(String::new, |c| c.source.clone());
    Error::Value { table: mapping.source.clone(), column, source }
}
