//! Loads a chunk of which the target refuses rows: batch by batch under a savepoint, and a batch
//! that is refused is split until the rows are found that are the reason. They are set aside with
//! the server's words; all others are loaded.
//!
//! How often a batch is tried hangs on the rows that are refused: about twice the logarithm of a
//! batch's rows for each of them.

use std::ops::Range;

use crate::migrate::copied::Account;
use crate::migrate::encoder::{RowEncoder, check_columns};
use crate::migrate::error::Error;
use crate::migrate::mapping::{Age, Owner, TableMapping};
use crate::migrate::source::Rows;
use crate::mysql::wire::{Buffered, ColumnDefinition};
use crate::postgres::connect::Session;
use crate::postgres::load::{BATCH_BYTES, Loader};
use crate::shutdown::Shutdown;

/// Rows that are tried at once at first.
const BATCH_ROWS: usize = 2_000;

/// Rows as the source sent them, end to end.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Batch {
    fn push(&mut self, row: &[u8]) {
        self.bytes.extend_from_slice(row);
        self.ends.push(self.bytes.len());
    }

    fn row(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.bytes[start..self.ends[at]]
    }

    fn is_full(&self) -> bool {
        self.ends.len() >= BATCH_ROWS || self.bytes.len() >= BATCH_BYTES
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

/// Loads all rows that the target takes, within the caller's transaction.
pub(super) async fn load<'a>(
    rows: &mut Rows<'_>,
    session: &Session,
    (mapping, columns): (&'a TableMapping, &'a [ColumnDefinition]),
    shutdown: &Shutdown,
) -> Result<Account<'a>, Error> {
    check_columns(columns, mapping)?;
    let mut loading = Loading { session, mapping, columns, all: Account::new(mapping, columns) };
    let mut batch = Batch::default();
    loop {
        match rows.next_buffered()? {
            Buffered::Row(row) => batch.push(row),
            Buffered::Incomplete => rows.fill().await?,
            Buffered::End => break,
        }
        if batch.is_full() {
            if shutdown.is_requested() {
                return Err(Error::Stopped);
            }
            loading.batch(&batch).await?;
            batch.clear();
        }
    }
    loading.batch(&batch).await?;
    Ok(loading.all)
}

struct Loading<'a, 's> {
    session: &'s Session,
    mapping: &'a TableMapping,
    columns: &'a [ColumnDefinition],
    all: Account<'a>,
}

impl<'a> Loading<'a, '_> {
    async fn batch(&mut self, batch: &Batch) -> Result<(), Error> {
        let whole = 0..batch.ends.len();
        let mut left = Vec::from([whole]);
        while let Some(range) = left.pop() {
            if range.is_empty() {
                continue;
            }
            self.session.execute("SAVEPOINT nirvana").await?;
            match self.rows(batch, range.clone()).await {
                Ok(account) => {
                    self.session.execute("RELEASE SAVEPOINT nirvana").await?;
                    if !self.all.take(account) {
                        return Err(self.too_many());
                    }
                }
                Err(error) => {
                    let Some(refusal) = refused(&error, self.mapping.owner) else {
                        return Err(error);
                    };
                    let undo = "ROLLBACK TO SAVEPOINT nirvana; RELEASE SAVEPOINT nirvana";
                    self.session.execute(undo).await?;
                    if range.len() == 1 {
                        if !self.all.quarantine(batch.row(range.start), refusal) {
                            return Err(self.too_many());
                        }
                    } else {
                        let middle = range.start + range.len() / 2;
                        left.push(middle..range.end);
                        left.push(range.start..middle);
                    }
                }
            }
        }
        Ok(())
    }

    async fn rows(&self, batch: &Batch, range: Range<usize>) -> Result<Account<'a>, Error> {
        let mut loader = Loader::start(self.session, &self.mapping.copy_in(Age::Settled)).await?;
        let mut encoder = RowEncoder::new(self.mapping, self.columns);
        let before = loader.buffer.len();
        for at in range {
            encoder.encode(batch.row(at), &mut loader.buffer)?;
        }
        encoder.account.copied.bytes = (loader.buffer.len() - before) as u64;
        let taken = loader.finish().await?;
        if taken != encoder.rows() {
            return Err(Error::RowsLost { sent: encoder.rows(), taken });
        }
        Ok(encoder.account)
    }

    fn too_many(&self) -> Error {
        let first = self.all.copied.refused.first.first();
        Error::TooManyRefused {
            table: self.mapping.source.clone(),
            rows: self.all.copied.refused.count,
            reason: first.map(|(_, reason)| reason.clone()).unwrap_or_default(),
        }
    }
}

/// Why a row was refused, if it was for what is in it. A NULL that a NOT NULL of ours forbids is
/// not: it may come from us, and NOT NULL is dropped then.
pub(super) fn refused(error: &Error, owner: Owner) -> Option<(Option<String>, String)> {
    match error {
        Error::Target(error) if owner == Owner::Theirs || error.null_column().is_none() => {
            error.refused_row()
        }
        _ => None,
    }
}
