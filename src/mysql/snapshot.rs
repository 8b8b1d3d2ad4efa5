//! One instant of the source, seen by many connections.
//!
//! `MySQL` cannot hand a snapshot from one connection to another. So each of the N readers opens its
//! own, and a [`Rung`] of the ladder sees to it that they are the same; `ladder` says which ones
//! an account can reach.
//!
//! # Why all readers see the same rows: locks
//!
//! Commits are stopped for as long as it takes to open one snapshot in each of the N readers:
//!
//! 1. All connections are open before anything is locked, so that no login happens under the lock.
//! 2. The control connection stops commits, and waits until every commit under way is finished:
//!    - `FLUSH TABLES WITH READ LOCK`, or in `MariaDB` ≥ 10.5 `BACKUP STAGE BLOCK_COMMIT`: a commit
//!      holds the opposing lock while it is written to the binary log and to the engine;
//!    - or `LOCK TABLES … READ` of every table that is moved. A transaction that has written to one
//!      of them holds an opposing metadata lock until its commit is finished, and, as we run it
//!      with `autocommit` off, an opposing lock of `InnoDB` too. It does not stop other tables.
//! 3. Each reader runs `START TRANSACTION WITH CONSISTENT SNAPSHOT` under REPEATABLE READ. `InnoDB`
//!    makes the read view right there, not at the first SELECT. As nothing can commit between the
//!    first and the last of these statements, all N views hold the same set of transactions.
//! 4. The position of the binary log is read under the same lock: everything before it is in the
//!    views, nothing behind it is. (Under LOCK TABLES others go on to commit to other tables: it
//!    is that of these databases only.)
//! 5. Only when all of that is answered are commits let go. Were they let go before the last reader
//!    has its view, rows would be doubled or lost; this order is the point of the module.
//!
//! An error on the way drops the control connection, and a server that loses a connection releases
//! its locks; so does a cancelled future. A lock that is still being waited for at that time is
//! given up by the server within the lock timeout, which it was told.
//!
//! # Why all readers see the same rows: the binary log
//!
//! Where nothing may be locked, the snapshots are opened and the binary log is asked whether a
//! commit came between; `position` has that argument, and what it rests on.
//!
//! # The catalog
//!
//! It is read between [`lock`] and [`Locked::take`], while DDL is held off: by `LOCK INSTANCE FOR
//! BACKUP` in `MySQL` ≥ 8 (writes go on, and it is kept during the copy), by `BACKUP STAGE
//! BLOCK_DDL` in `MariaDB` (writes to transactional tables go on), by the locks of the tables
//! themselves, or by the global read lock (writes wait). Where nothing holds DDL off
//! ([`Locked::ddl`]), the caller reads the catalog once more after the snapshot, and takes another
//! one if it is not the same.
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
//! - [`Rung::PerTable`] promises no common instant, and is taken only when asked for: a caller must
//!   read each table with one reader.

mod hold;
mod ladder;
mod position;

use std::fmt;
use std::time::Duration;

use futures_util::future::try_join_all;

pub(crate) use hold::{Ddl, Locked, lock};
pub(crate) use ladder::{Obstacle, obstacle, rungs};

use super::connect::Options;
use super::error::Error;
use super::server::Server;
use super::wire::Connection;

/// How the instant is reached, the best way first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rung {
    /// `MariaDB`'s BACKUP STAGE: commits wait for as long as the transactions start.
    BackupStage,
    /// FLUSH TABLES WITH READ LOCK: all writers wait.
    GlobalReadLock,
    /// Nobody waits; the snapshots are opened until the binary log shows no commit between them.
    BinlogPosition,
    /// LOCK TABLES … READ: writers of these tables wait.
    LockTables,
    /// No common instant at all.
    PerTable,
}

/// Which rungs may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The best one that gives a common instant.
    Auto,
    /// This one or none.
    Only(Rung),
}

impl Rung {
    /// As the command line, events and reports name it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::BackupStage => "backup-stage",
            Self::GlobalReadLock => "global-read-lock",
            Self::BinlogPosition => "binlog-position",
            Self::LockTables => "lock-tables",
            Self::PerTable => "per-table",
        }
    }

    /// What it promises.
    pub(crate) fn guarantee(self) -> &'static str {
        match self {
            Self::BackupStage | Self::GlobalReadLock => {
                "all transactional tables at one instant, the same for all connections"
            }
            Self::BinlogPosition => {
                "all transactional tables at one instant, the same for all connections, as the \
                 binary log shows no commit between them"
            }
            Self::LockTables => {
                "all transactional tables that are moved at one instant, the same for all \
                 connections"
            }
            Self::PerTable => "each transactional table at one instant, but not all at the same",
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) options: &'a Options,
    pub(crate) server: &'a Server,
    /// Readers that are to see the instant.
    pub(crate) connections: usize,
    /// How long any lock may be waited for, and how long commits may get in the way.
    pub(crate) lock_timeout: Duration,
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
    /// `None` if the binary log is off, our account may not ask for it, or there is no one instant.
    pub(crate) position: Option<Position>,
    /// From the request for the lock that stops writers to its release.
    pub(crate) writers_waited: Duration,
    /// Holds `LOCK INSTANCE FOR BACKUP`, where that was allowed: DDL waits until it is closed.
    pub(crate) control: Option<Connection>,
}

impl Locked {
    /// Opens the snapshots so that they are one, and lets go what was held for that.
    pub(crate) async fn take(mut self) -> Result<Snapshot, Error> {
        for reader in &mut self.readers {
            reader.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").await?;
        }
        self.stop_commits().await?;
        let position = match self.rung {
            Rung::BinlogPosition => self.take_between_commits().await?,
            Rung::PerTable => {
                self.open_snapshots().await?;
                None
            }
            Rung::BackupStage | Rung::GlobalReadLock | Rung::LockTables => {
                self.open_snapshots().await?;
                self.position().await?
            }
        };
        self.release().await?;
        Ok(Snapshot {
            rung: self.rung,
            position,
            writers_waited: self.waiting_since.map(|since| since.elapsed()).unwrap_or_default(),
            control: self.keeps_ddl_off().then_some(self.control),
            readers: self.readers,
        })
    }

    async fn open_snapshots(&mut self) -> Result<(), Error> {
        try_join_all(self.readers.iter_mut().map(|reader| {
            Box::pin(reader.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"))
        }))
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
