//! One instant of the source, seen by many connections.
//!
//! # Why all readers see the same rows
//!
//! `MySQL` cannot hand a snapshot from one connection to another. So commits are stopped for as long
//! as it takes to open one snapshot in each of the N readers:
//!
//! 1. All connections are open before anything is locked, so that no login happens under the lock.
//! 2. The control connection stops commits: `FLUSH TABLES WITH READ LOCK`, or in `MariaDB` ≥ 10.5
//!    `BACKUP STAGE BLOCK_COMMIT`. Both wait until every commit under way is finished, in the binary
//!    log and in the engine, as a commit holds the opposing lock around the two.
//! 3. Each reader runs `START TRANSACTION WITH CONSISTENT SNAPSHOT` under REPEATABLE READ. `InnoDB`
//!    makes the read view right there, not at the first SELECT. As nothing can commit between the
//!    first and the last of these statements, all N views hold the same set of transactions.
//! 4. The position of the binary log is read under the same lock: everything before it is in the
//!    views, nothing behind it is.
//! 5. Only when all of that is answered are commits let go. Were they let go before the last reader
//!    has its view, rows would be doubled or lost; this order is the point of the module.
//!
//! An error on the way drops the control connection, and a server that loses a connection releases
//! its locks; so does a cancelled future. A lock that is still being waited for at that time is
//! given up by the server within the lock timeout, which it was told.
//!
//! The catalog is read between [`lock`] and [`Locked::take`], while DDL is held off: by
//! `LOCK INSTANCE FOR BACKUP` in `MySQL` ≥ 8 (writes go on, and it is kept during the copy), by
//! `BACKUP STAGE BLOCK_DDL` in `MariaDB` (writes to transactional tables go on), otherwise by the
//! global read lock itself (writes wait).
//!
//! # What this does not cover
//!
//! - Tables of engines without transactions (`MyISAM`, Aria, MEMORY, ARCHIVE, CSV, FEDERATED…) are
//!   read as they are when they are read.
//! - DDL after the snapshot, but under `LOCK INSTANCE FOR BACKUP`: `InnoDB` answers a reader of an
//!   altered table with error 1412, and a table that is dropped is gone. The caller compares the
//!   catalog again at the end.
//! - A reader that is lost cannot come back to the same instant.
//! - A Galera cluster: not tried; the locks pause the node that is asked, not the others.
//! - The control connection may be lost during the copy, and the instance lock with it.

use std::fmt;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::time::timeout;

use super::connect::Options;
use super::error::Error;
use super::server::{Flavour, Server};
use super::wire::Connection;

/// How the instant was reached. More to come, for servers where we may not lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rung {
    /// `MariaDB`'s BACKUP STAGE: commits waited for as long as the transactions started.
    BackupStage,
    /// FLUSH TABLES WITH READ LOCK: all writers waited.
    GlobalReadLock,
}

impl Rung {
    /// As events and reports name it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::BackupStage => "backup-stage",
            Self::GlobalReadLock => "global-read-lock",
        }
    }

    /// What it promises.
    pub(crate) fn guarantee(self) -> &'static str {
        match self {
            Self::BackupStage | Self::GlobalReadLock => {
                "all transactional tables at one instant, the same for all connections"
            }
        }
    }
}

/// A place in the binary log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) file: String,
    pub(crate) offset: u64,
    /// `MySQL`'s set of executed transactions, `MariaDB`'s last one of each domain; `None` where
    /// the server has none.
    pub(crate) gtid: Option<String>,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.offset)?;
        self.gtid.as_ref().map_or(Ok(()), |gtid| write!(f, " {gtid}"))
    }
}

/// Connections that all see one instant.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Each in a read-only transaction at that instant.
    pub(crate) readers: Vec<Connection>,
    pub(crate) rung: Rung,
    /// `None` if the binary log is off or our account may not ask for it.
    pub(crate) position: Option<Position>,
    /// From the request for the lock that stops writers to its release.
    pub(crate) writers_waited: Duration,
    /// Holds `LOCK INSTANCE FOR BACKUP`, where that was allowed: DDL waits until it is dropped.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is there to be dropped"))]
    pub(crate) control: Option<Connection>,
}

/// DDL is held off; the catalog can be read, and then the snapshot taken.
#[derive(Debug)]
pub(crate) struct Locked {
    control: Connection,
    readers: Vec<Connection>,
    way: Way,
    lock_timeout: Duration,
    may_read_position: bool,
    is_mariadb: bool,
    has_binary_log_status: bool,
    /// When writers began to wait, if they do already.
    waiting_since: Option<Instant>,
}

/// What holds DDL off, and what is to stop commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// `BACKUP STAGE BLOCK_DDL`, then `BLOCK_COMMIT`.
    Stages,
    /// `LOCK INSTANCE FOR BACKUP`, then the global read lock.
    InstanceLock,
    /// The global read lock, from the start.
    ReadLock,
}

/// Opens `connections` readers and holds DDL off. Waits no longer than `lock_timeout` for any lock.
pub(crate) async fn lock(
    options: &Options,
    server: &Server,
    connections: usize,
    lock_timeout: Duration,
) -> Result<Locked, Error> {
    let mut readers =
        try_join_all((0..connections).map(|_| Box::pin(Connection::open(options)))).await?;
    // The server is to give up waiting for a lock before we give up waiting for the server.
    let patience = options.read_timeout.max(lock_timeout + 2 * GRACE);
    let mut control =
        Connection::open(&Options { read_timeout: patience, ..options.clone() }).await?;
    for connection in readers.iter_mut().chain([&mut control]) {
        // Readers wait for their next chunk, and the control connection for all of them.
        connection.execute("SET SESSION wait_timeout = 31536000").await?;
    }
    // In whole seconds; 0 would mean not to wait at all.
    let seconds = lock_timeout.as_secs().max(1);
    control.execute(&format!("SET SESSION lock_wait_timeout = {seconds}")).await?;
    let way = Way::of(server);
    let mut locked = Locked {
        control,
        readers,
        way,
        lock_timeout,
        may_read_position: server.binary_log.enabled && server.may_read_position(),
        is_mariadb: server.flavour == Flavour::MariaDb,
        has_binary_log_status: server.is_mysql((8, 2, 0)),
        waiting_since: None,
    };
    locked.hold_ddl_off().await?;
    Ok(locked)
}

impl Way {
    fn of(server: &Server) -> Self {
        if server.has_backup_stage() {
            Self::Stages
        } else if server.may_lock_instance() {
            Self::InstanceLock
        } else {
            Self::ReadLock
        }
    }
}

impl Locked {
    /// The connection to read the catalog with, before the snapshot is taken.
    pub(crate) fn catalog(&mut self) -> &mut Connection {
        &mut self.control
    }

    async fn hold_ddl_off(&mut self) -> Result<(), Error> {
        match self.way {
            Way::Stages => {
                self.wait_for("BACKUP STAGE START").await?;
                self.wait_for("BACKUP STAGE FLUSH").await?;
                self.wait_for("BACKUP STAGE BLOCK_DDL").await
            }
            Way::InstanceLock => {
                self.wait_for("LOCK INSTANCE FOR BACKUP").await?;
                // Waits for long statements now, table by table, so that the read lock, which makes
                // all writers wait while it waits itself, need not.
                self.wait_for("FLUSH NO_WRITE_TO_BINLOG TABLES").await
            }
            Way::ReadLock => {
                self.wait_for("FLUSH NO_WRITE_TO_BINLOG TABLES").await?;
                self.stop_commits().await
            }
        }
    }

    async fn stop_commits(&mut self) -> Result<(), Error> {
        self.waiting_since = Some(Instant::now());
        match self.way {
            Way::Stages => self.wait_for("BACKUP STAGE BLOCK_COMMIT").await,
            Way::InstanceLock | Way::ReadLock => self.wait_for("FLUSH TABLES WITH READ LOCK").await,
        }
    }

    /// Stops commits, opens the snapshots, reads the position, and lets commits go.
    pub(crate) async fn take(mut self) -> Result<Snapshot, Error> {
        for reader in &mut self.readers {
            reader.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
        }
        if self.waiting_since.is_none() {
            self.stop_commits().await?;
        }
        try_join_all(self.readers.iter_mut().map(|reader| {
            Box::pin(reader.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"))
        }))
        .await?;
        let position = self.position().await?;
        let release = match self.way {
            Way::Stages => "BACKUP STAGE END",
            Way::InstanceLock | Way::ReadLock => "UNLOCK TABLES",
        };
        self.control.execute(release).await?;
        let writers_waited = self.waiting_since.map(|since| since.elapsed()).unwrap_or_default();
        Ok(Snapshot {
            readers: self.readers,
            rung: match self.way {
                Way::Stages => Rung::BackupStage,
                Way::InstanceLock | Way::ReadLock => Rung::GlobalReadLock,
            },
            position,
            writers_waited,
            control: (self.way == Way::InstanceLock).then_some(self.control),
        })
    }

    async fn position(&mut self) -> Result<Option<Position>, Error> {
        if !self.may_read_position {
            return Ok(None);
        }
        // MySQL 8.4 no longer knows the old name.
        let statement = if self.has_binary_log_status {
            "SHOW BINARY LOG STATUS"
        } else {
            "SHOW MASTER STATUS"
        };
        let connection = &mut self.control;
        let rows = connection.rows(statement).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let gtid = if self.is_mariadb {
            let rows = connection.rows("SELECT @@GLOBAL.gtid_binlog_pos").await?;
            rows.first().and_then(|row| row.text(0).map(str::to_owned))
        } else {
            // The server breaks long sets into lines.
            row.text(4).map(|set| set.replace(['\n', '\r'], ""))
        };
        Ok(Some(Position {
            file: row.required(0)?.to_owned(),
            offset: row.number(1)?.unwrap_or(0),
            gtid: gtid.filter(|set| !set.is_empty()),
        }))
    }

    /// Runs a statement that may have to wait for others.
    async fn wait_for(&mut self, statement: &'static str) -> Result<(), Error> {
        let gave_up = Error::LockNotGranted { statement, after: self.lock_timeout };
        match timeout(self.lock_timeout + GRACE, self.control.execute(statement)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.code() == Some(LOCK_WAIT_TIMEOUT) => Err(gave_up),
            Ok(Err(error)) => Err(error),
            Err(_elapsed) => {
                // Others queue behind a lock that is waited for: make the server forget it.
                let kill = format!("KILL CONNECTION {}", self.control.greeting().connection_id);
                if let Some(reader) = self.readers.first_mut() {
                    reader.execute(&kill).await?;
                }
                Err(gave_up)
            }
        }
    }
}

/// `ER_LOCK_WAIT_TIMEOUT`.
const LOCK_WAIT_TIMEOUT: u16 = 1205;

/// The server counts its timeout anew for each table; this long after it we stop waiting.
const GRACE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
