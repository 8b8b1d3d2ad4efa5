//! A session with a `PostgreSQL` server: opened within a time, set up alike everywhere, and owner
//! of the task that serves it.

mod endpoint;
#[cfg(test)]
mod live;
mod open;
mod options;
mod passfile;
mod tls;
mod url;
mod value;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, Connection, SimpleQueryMessage, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

pub(crate) use self::options::Options;
use self::options::Role;
use crate::postgres::error::{Error, error_words};

/// What every session starts with, whatever server, database and role have as defaults: values
/// are read and written in one form, rows are never hidden unseen, and nothing but the server's
/// end ends a long statement.
const SET_UP: &str = "\
SET TimeZone = 'UTC';
SET client_encoding = 'UTF8';
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET extra_float_digits = 3;
SET bytea_output = 'hex';
SET standard_conforming_strings = on;
SET quote_all_identifiers = off;
SET row_security = off;
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
 WHERE name IN ('idle_session_timeout', 'transaction_timeout')";

/// Lets the server notice within seconds that we have died in the middle of a long statement.
/// Servers before 14 do not know it, and on some systems they cannot do it.
const WATCH: &str = "SELECT pg_catalog.set_config(name, '2s', false) FROM pg_catalog.pg_settings
 WHERE name = 'client_connection_check_interval'";

/// How long a request to cancel, or a farewell, may take: neither is worth waiting for.
const COURTESY: Duration = Duration::from_secs(5);

/// One row of a statement's answer, as text.
pub(crate) type TextRow = Vec<Option<String>>;

type TlsStream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// A session; dropping it ends its connection at once.
pub(crate) struct Session {
    client: Client,
    cancel: CancelToken,
    tls: MakeRustlsConnect,
    /// The one task that reads and writes the socket; it ends with the session.
    _connection: JoinSet<()>,
    /// Why the connection ended; set before any statement that waits for it hears of the end.
    ended: Arc<OnceLock<String>>,
    address: String,
}

impl Session {
    /// Connects to the first endpoint that takes us, logs in and sets the session up. All of it
    /// ends within the options' connect timeout.
    pub(crate) async fn open(options: &Options) -> Result<Self, Error> {
        let limit = options.connect_timeout;
        let deadline = Instant::now() + limit;
        match timeout_at(deadline, Box::pin(open::first(options, deadline))).await {
            Ok(result) => result,
            Err(_elapsed) => Err(Error::TimedOut {
                address: options.address(),
                doing: "connecting".to_owned(),
                limit,
            }),
        }
    }

    /// The driver's client, for COPY and prepared statements; give its errors to `explain`.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Who is connected where, for messages: `user@host:port/database`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// That the server did not answer in time while something was done.
    pub(crate) fn timed_out(&self, doing: &str, limit: Duration) -> Error {
        Error::TimedOut { address: self.address.clone(), doing: doing.to_owned(), limit }
    }

    /// Runs statements, separated by semicolons, without regard for their answers.
    pub(crate) async fn execute(&self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await.map_err(|error| self.explain(error))
    }

    /// The server's process that serves this session.
    pub(crate) async fn process(&self) -> Result<i32, Error> {
        let rows = self.rows("SELECT pg_catalog.pg_backend_pid()").await?;
        let text = rows.into_iter().flatten().next().flatten();
        text.and_then(|pid| pid.parse().ok()).ok_or_else(|| Error::Unreadable {
            address: self.address.clone(),
            what: "the number of the session's process".to_owned(),
        })
    }

    /// Runs statements and gives the rows of all of them, every value as text.
    pub(crate) async fn rows(&self, sql: &str) -> Result<Vec<TextRow>, Error> {
        let answer = self.client.simple_query(sql).await.map_err(|error| self.explain(error))?;
        let mut rows = Vec::with_capacity(answer.len());
        for message in answer {
            if let SimpleQueryMessage::Row(row) = message {
                rows.push((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect());
            }
        }
        Ok(rows)
    }

    /// Asks the server to cancel the statement that runs now, if one does. The server does not
    /// say whether it did: the statement itself then fails, or has already ended.
    pub(crate) async fn cancel(&self) -> Result<(), Error> {
        match timeout(COURTESY, Box::pin(self.cancel.cancel_query(self.tls.clone()))).await {
            Ok(asked) => asked.map_err(|error| Error::of_driver(&self.address, None, error)),
            Err(_elapsed) => Err(Error::TimedOut {
                address: self.address.clone(),
                doing: "asking to cancel a statement".to_owned(),
                limit: COURTESY,
            }),
        }
    }

    /// Says goodbye, so that the server's log has no word of a lost client.
    #[cfg(test)]
    pub(crate) async fn close(self) {
        let Self { client, _connection: mut connection, .. } = self;
        drop(client);
        // A server that no longer listens need not hear it.
        let _ = timeout(COURTESY, connection.join_next()).await;
    }

    /// An error of the driver with the address, and with the connection's own end where that is
    /// why a statement failed.
    pub(crate) fn explain(&self, error: tokio_postgres::Error) -> Error {
        match (error.as_db_error(), self.ended.get()) {
            (None, Some(cause)) => {
                Error::Lost { address: self.address.clone(), cause: cause.clone() }
            }
            _ => Error::of_driver(&self.address, None, error),
        }
    }

    /// Takes over the connection and gives it a task.
    fn start(
        client: Client,
        connection: Connection<Socket, TlsStream>,
        options: &Options,
        address: String,
    ) -> Self {
        let ended = Arc::new(OnceLock::new());
        let mut tasks = JoinSet::new();
        let end = Arc::clone(&ended);
        tasks.spawn(async move {
            let mut connection = Box::pin(connection);
            let cause = match connection.as_mut().await {
                Ok(()) => "the server hung up".to_owned(),
                Err(error) => error_words(&error),
            };
            // Before the connection is dropped, which wakes all that wait for an answer.
            let _ = end.set(cause);
            drop(connection);
        });
        let cancel = client.cancel_token();
        Self { client, cancel, tls: options.tls.clone(), _connection: tasks, ended, address }
    }

    async fn set_up(&self, role: Role) -> Result<(), Error> {
        self.execute(SET_UP).await?;
        match self.execute(WATCH).await {
            Ok(()) | Err(Error::Server { .. }) => {}
            Err(lost) => return Err(lost),
        }
        if role == Role::Any { Ok(()) } else { self.check_role(role).await }
    }

    async fn check_role(&self, role: Role) -> Result<(), Error> {
        let sql = "SELECT pg_catalog.pg_is_in_recovery(), \
                   pg_catalog.current_setting('transaction_read_only')";
        let rows = self.rows(sql).await?;
        let is = |at: usize, word: &str| {
            rows.first().and_then(|row| row.get(at)?.as_deref()) == Some(word)
        };
        let (standby, read_only) = (is(0, "t"), is(1, "on"));
        let mismatch = match role {
            Role::ReadWrite if read_only => Some(("the server is read-only", "read-write")),
            Role::ReadOnly if !read_only => Some(("the server is not read-only", "read-only")),
            Role::Primary if standby => Some(("the server is a standby", "primary")),
            Role::Standby if !standby => Some(("the server is no standby", "standby")),
            _ => None,
        };
        match mismatch {
            Some((is, wanted)) => {
                Err(Error::WrongRole { address: self.address.clone(), is, wanted })
            }
            None => Ok(()),
        }
    }
}
