//! Our own client of the `MySQL` protocol: the row path is the hot path of a migration, and here
//! a row is a slice of the socket's buffer, without an allocation and without an await of its own.
//!
//! A connection is a strict conversation: a command, then its whole answer. `state` says whose
//! turn it is; whatever leaves an answer half read (an error, a dropped future, a dropped
//! `RowStream`) leaves the state at `Answering`, and every later command is refused. So the two
//! sides can never talk past each other.

mod answer;
mod auth;
mod column;
mod cursor;
mod greeting;
mod inbox;
mod json;
mod link;
#[cfg(test)]
mod live;
mod open;
mod payload;
mod public_key;
#[cfg(test)]
mod scripted;
mod session;
mod stream;
mod text_row;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mysql_common::constants::StatusFlags;

pub(crate) use column::{ColumnDefinition, WireType};
pub(crate) use cursor::{ValueCursor, row_of_bytes};
pub(crate) use greeting::Greeting;
pub(crate) use json::row_as_json;
pub(crate) use payload::put_bytes;
pub(crate) use stream::{Buffered, RowStream};
pub(crate) use text_row::TextRow;

use answer::{Done, LOCAL_FILE, OK, is_end_of_rows};
use link::{Link, Patience};
use payload::PayloadReader;

use crate::mysql::connect::Options;
use crate::mysql::error::{Error, Wait};

const COM_QUIT: u8 = 0x01;
const COM_QUERY: u8 = 0x03;
const COM_STMT_PREPARE: u8 = 0x16;
const COM_STMT_EXECUTE: u8 = 0x17;
const COM_STMT_CLOSE: u8 = 0x19;

/// How long we try to say goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

/// One session with the source.
pub(crate) struct Connection {
    link: Link,
    greeting: Greeting,
    /// Whether result sets end in an OK packet, and column definitions in nothing.
    deprecate_eof: bool,
    state: State,
    /// A prepared statement that is done with; it is closed ahead of the next command, as a
    /// command that has no answer.
    stale_statement: Option<u32>,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Ours: the server waits for a command.
    Ready,
    /// The server's: its answer has not been read to the end. Set by `start`, unset by `settle`.
    Answering,
}

/// What the first packet of an answer says.
enum Head {
    Done(Done),
    Columns(usize),
}

impl Connection {
    /// Connects, encrypts, logs in and sets the session up, all within the connect time-out.
    pub(crate) async fn open(options: &Options) -> Result<Self, Error> {
        Box::pin(open::open(options)).await
    }

    fn new(link: Link, greeting: Greeting, deprecate_eof: bool) -> Self {
        Self { link, greeting, deprecate_eof, state: State::Ready, stale_statement: None }
    }

    pub(crate) fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// Runs a statement and returns how many rows it affected; rows it returns are passed over.
    pub(crate) async fn execute(&mut self, sql: &str) -> Result<u64, Error> {
        self.start(COM_QUERY, sql.as_bytes()).await?;
        let result = self.finish_execute().await;
        self.settle(result)
    }

    /// All rows of a query, as text; for catalogs.
    pub(crate) async fn rows(&mut self, sql: &str) -> Result<Vec<TextRow>, Error> {
        self.start(COM_QUERY, sql.as_bytes()).await?;
        let result = self.finish_rows(sql).await;
        self.settle(result)
    }

    /// The rows of a query, in the binary protocol, as they arrive; for tables.
    pub(crate) async fn stream(&mut self, sql: &str) -> Result<RowStream<'_>, Error> {
        self.start(COM_STMT_PREPARE, sql.as_bytes()).await?;
        let result = self.finish_prepare(sql).await;
        let statement = self.settle(result)?;
        self.stale_statement = Some(statement);
        let mut arguments = statement.to_le_bytes().to_vec();
        // No cursor: the server sends all rows as fast as we take them. One execution.
        arguments.extend_from_slice(&[0, 1, 0, 0, 0]);
        self.state = State::Answering;
        self.send(COM_STMT_EXECUTE, &arguments).await?;
        let result = self.read_columns(sql).await;
        match result {
            Ok(columns) => Ok(RowStream::new(self, columns)),
            Err(error) => self.settle(Err(error)),
        }
    }

    /// Says goodbye, so that the server does not count us as an aborted client.
    pub(crate) async fn close(mut self) {
        if self.state == State::Ready {
            self.set_patience(Patience::Each(FAREWELL));
            // Nothing depends on the server hearing this; it notices the closed socket as well.
            let _ = self.send(COM_QUIT, &[]).await;
        }
    }

    fn set_patience(&mut self, patience: Patience) {
        self.link.set_patience(patience);
    }

    /// Sends a command, if it is our turn.
    async fn start(&mut self, command: u8, argument: &[u8]) -> Result<(), Error> {
        if self.state != State::Ready {
            let reason = "an earlier answer was not read to its end, or the connection broke";
            return Err(Error::Unusable { reason });
        }
        self.state = State::Answering;
        if let Some(statement) = self.stale_statement.take() {
            let mut close = vec![COM_STMT_CLOSE];
            close.extend_from_slice(&statement.to_le_bytes());
            self.link.put_command(&close);
        }
        self.send(command, argument).await
    }

    async fn send(&mut self, command: u8, argument: &[u8]) -> Result<(), Error> {
        let mut payload = Vec::with_capacity(1 + argument.len());
        payload.push(command);
        payload.extend_from_slice(argument);
        self.link.put_command(&payload);
        self.link.flush().await
    }

    /// Takes the turn back where an answer is complete: a result, or an error the server told.
    fn settle<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        let complete = match &result {
            Ok(_) | Err(Error::NoRows { .. } | Error::Parameters { .. }) => true,
            Err(error) => error.code().is_some(),
        };
        if complete {
            self.state = State::Ready;
        }
        result
    }

    async fn finish_execute(&mut self) -> Result<u64, Error> {
        match self.read_head().await? {
            Head::Done(done) => Ok(done.affected_rows),
            Head::Columns(count) => {
                self.read_definitions(count).await?;
                loop {
                    let payload = self.link.good_packet(Wait::Rows).await?;
                    if is_end_of_rows(payload) {
                        let done = parse_end(payload, self.deprecate_eof)?;
                        self.no_more_results(done)?;
                        return Ok(done.affected_rows);
                    }
                }
            }
        }
    }

    async fn finish_rows(&mut self, sql: &str) -> Result<Vec<TextRow>, Error> {
        let columns: Arc<[ColumnDefinition]> = self.read_columns(sql).await?.into();
        let mut rows = Vec::new();
        loop {
            let payload = self.link.good_packet(Wait::Rows).await?;
            if is_end_of_rows(payload) {
                let done = parse_end(payload, self.deprecate_eof)?;
                self.no_more_results(done)?;
                return Ok(rows);
            }
            rows.push(TextRow::parse(&columns, payload)?);
        }
    }

    /// The prepared statement's number.
    async fn finish_prepare(&mut self, sql: &str) -> Result<u32, Error> {
        let payload = self.link.good_packet(Wait::Answer).await?;
        let mut reader = PayloadReader::new(payload);
        let status = reader.u8()?;
        let statement = reader.u32()?;
        let columns = reader.u16()?;
        let parameters = reader.u16()?;
        if status != OK {
            return Err(self.link.violation(format!("status {status} of a prepared statement")));
        }
        self.stale_statement = Some(statement);
        for count in [parameters, columns] {
            if count > 0 {
                self.read_definitions(usize::from(count)).await?;
            }
        }
        if parameters > 0 {
            return Err(Error::Parameters { count: parameters, statement: excerpt(sql) });
        }
        if columns == 0 {
            return Err(Error::NoRows { statement: excerpt(sql) });
        }
        Ok(statement)
    }

    /// The columns of a result set that must come.
    async fn read_columns(&mut self, sql: &str) -> Result<Vec<ColumnDefinition>, Error> {
        match self.read_head().await? {
            Head::Done(_) => Err(Error::NoRows { statement: excerpt(sql) }),
            Head::Columns(count) => self.read_definitions(count).await,
        }
    }

    async fn read_head(&mut self) -> Result<Head, Error> {
        let payload = self.link.good_packet(Wait::Answer).await?;
        match payload.first() {
            Some(&OK) => {
                let done = Done::parse(payload)?;
                self.no_more_results(done)?;
                Ok(Head::Done(done))
            }
            Some(&LOCAL_FILE) => Err(Error::LocalFile),
            _ => {
                let count = PayloadReader::new(payload).length()?;
                u16::try_from(count)
                    .map(|count| Head::Columns(usize::from(count)))
                    .map_err(|_too_many| self.link.violation(format!("{count} columns")))
            }
        }
    }

    async fn read_definitions(&mut self, count: usize) -> Result<Vec<ColumnDefinition>, Error> {
        let mut columns = Vec::with_capacity(count);
        for _ in 0..count {
            let payload = self.link.good_packet(Wait::Answer).await?;
            columns.push(ColumnDefinition::parse(payload)?);
        }
        if !self.deprecate_eof {
            let payload = self.link.good_packet(Wait::Answer).await?;
            if !is_end_of_rows(payload) {
                return Err(self.link.violation("no end of the column definitions"));
            }
        }
        Ok(columns)
    }

    /// We never ask for several results; reading one and leaving the rest would mix them up.
    fn no_more_results(&self, done: Done) -> Result<(), Error> {
        if done.status.contains(StatusFlags::SERVER_MORE_RESULTS_EXISTS) {
            return Err(self.link.violation("a second result set, which nobody asked for"));
        }
        Ok(())
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("address", &self.link.address())
            .field("greeting", &self.greeting)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

fn parse_end(payload: &[u8], deprecate_eof: bool) -> Result<Done, Error> {
    let done = if deprecate_eof { Done::parse(payload)? } else { Done::parse_eof(payload)? };
    Ok(done)
}

/// The beginning of a statement, for messages.
fn excerpt(sql: &str) -> String {
    const LETTERS: usize = 200;
    match sql.char_indices().nth(LETTERS) {
        Some((at, _)) => format!("{}…", &sql[..at]),
        None => sql.to_owned(),
    }
}
