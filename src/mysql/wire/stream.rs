//! Rows of the binary protocol, handed out as slices of the socket's buffer.
//!
//! ```text
//! loop {
//!     match rows.next_buffered()? {
//!         Buffered::Row(payload) => …           // a ValueCursor walks it
//!         Buffered::Incomplete => rows.fill().await?,
//!         Buffered::End => break,
//!     }
//! }
//! ```

use std::ops::Range;

use super::answer::{ERR, is_end_of_rows, server_error};
use super::column::ColumnDefinition;
use super::{Connection, State, parse_end};
use crate::mysql::error::{Error, Wait};

/// The rows of one query. Dropped before its end it leaves the connection unusable: the rest of
/// the rows would be taken for the answer to the next command.
#[derive(Debug)]
pub(crate) struct RowStream<'c> {
    connection: &'c mut Connection,
    columns: Vec<ColumnDefinition>,
    progress: Progress,
}

/// How far a stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Rows,
    Ended,
    /// The server told an error in place of the rest, and waits for the next command.
    Refused,
    /// An error has been handed out; asking again must not look like the end of the rows.
    Failed,
}

/// What lies in the buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Buffered<'r> {
    /// A row's null bitmap and values, for `ValueCursor::new`.
    Row(&'r [u8]),
    /// The next row has not arrived whole: `fill`, then ask again.
    Incomplete,
    /// There are no more rows.
    End,
}

/// As `Buffered`, without the borrow.
enum Step {
    Row(Range<usize>),
    Incomplete,
    End,
}

impl<'c> RowStream<'c> {
    pub(super) fn new(connection: &'c mut Connection, columns: Vec<ColumnDefinition>) -> Self {
        Self { connection, columns, progress: Progress::Rows }
    }

    pub(crate) fn columns(&self) -> &[ColumnDefinition] {
        &self.columns
    }

    /// Whether the server has said its last word, an error or not: the connection is free again.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.progress, Progress::Ended | Progress::Refused)
    }

    /// The next row, if it lies whole in the buffer. Never waits.
    #[inline]
    pub(crate) fn next_buffered(&mut self) -> Result<Buffered<'_>, Error> {
        match self.step()? {
            Step::Row(range) => Ok(Buffered::Row(self.connection.link.payload(range))),
            Step::Incomplete => Ok(Buffered::Incomplete),
            Step::End => Ok(Buffered::End),
        }
    }

    /// Reads more from the socket: at least one byte, within the read time-out.
    pub(crate) async fn fill(&mut self) -> Result<(), Error> {
        let filled = self.connection.link.fill(Wait::Rows).await;
        if filled.is_err() {
            self.progress = Progress::Failed;
        }
        filled
    }

    /// The next row, waiting for it if need be.
    #[cfg(test)]
    pub(crate) async fn next(&mut self) -> Result<Option<&[u8]>, Error> {
        loop {
            match self.step()? {
                Step::Row(range) => return Ok(Some(self.connection.link.payload(range))),
                Step::Incomplete => self.fill().await?,
                Step::End => return Ok(None),
            }
        }
    }

    #[inline]
    fn step(&mut self) -> Result<Step, Error> {
        if self.progress == Progress::Rows {
            let range = match self.connection.link.next_buffered() {
                Ok(Some(range)) => range,
                Ok(None) => return Ok(Step::Incomplete),
                Err(error) => {
                    self.progress = Progress::Failed;
                    return Err(error);
                }
            };
            if self.connection.link.payload(range.clone()).first() == Some(&0) {
                return Ok(Step::Row(range.start + 1..range.end));
            }
            return self.finish(range);
        }
        match self.progress {
            Progress::Ended => Ok(Step::End),
            Progress::Rows | Progress::Refused | Progress::Failed => {
                Err(Error::Unusable { reason: "its rows ended in an error before" })
            }
        }
    }

    /// A packet that is no row: the end, or an error in place of the rest.
    #[cold]
    fn finish(&mut self, range: Range<usize>) -> Result<Step, Error> {
        self.progress = Progress::Failed;
        let connection = &mut *self.connection;
        let payload = connection.link.payload(range);
        if payload.first() == Some(&ERR) {
            let error = server_error(payload);
            connection.state = State::Ready;
            self.progress = Progress::Refused;
            return Err(error);
        }
        if !is_end_of_rows(payload) {
            return Err(connection.link.violation("a packet that is no row among the rows"));
        }
        let done = parse_end(payload, connection.deprecate_eof)?;
        connection.no_more_results(done)?;
        connection.link.shrink();
        connection.state = State::Ready;
        self.progress = Progress::Ended;
        Ok(Step::End)
    }
}
