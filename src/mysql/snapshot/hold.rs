//! What is held while the snapshots are opened: against DDL, and against commits.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::time::timeout;

use super::{Ask, Rung};
use crate::mysql::connect::Options;
use crate::mysql::error::Error;
use crate::mysql::server::Server;
use crate::mysql::wire::Connection;
use crate::name::TableName;

/// The catalog can be read, and then the snapshot taken.
#[derive(Debug)]
pub(crate) struct Locked {
    pub(super) control: Connection,
    pub(super) readers: Vec<Connection>,
    pub(super) rung: Rung,
    pub(super) server: Server,
    pub(super) lock_timeout: Duration,
    instance: Instance,
    /// When writers began to wait, if they do already.
    pub(super) waiting_since: Option<Instant>,
}

/// Whether `LOCK INSTANCE FOR BACKUP` is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instance {
    Locked,
    Free,
}

/// Whether tables can be altered before the snapshot is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ddl {
    HeldOff,
    Free,
}

/// Opens the readers and holds DDL off, as far as the rung can; `tables` are those that are moved.
/// Waits no longer than the lock timeout for any lock.
pub(crate) async fn lock(ask: &Ask<'_>, rung: Rung, tables: &[TableName]) -> Result<Locked, Error> {
    let Ask { options, lock_timeout, .. } = *ask;
    let readers =
        try_join_all((0..ask.connections).map(|_| Box::pin(Connection::open(options)))).await?;
    // The server is to give up waiting for a lock before we give up waiting for the server.
    let patience = options.read_timeout.max(lock_timeout + 2 * GRACE);
    let control = Connection::open(&Options { read_timeout: patience, ..options.clone() }).await?;
    let mut locked = Locked {
        control,
        readers,
        rung,
        server: ask.server.clone(),
        lock_timeout,
        instance: Instance::Free,
        waiting_since: None,
    };
    for connection in locked.readers.iter_mut().chain([&mut locked.control]) {
        // Readers wait for their next chunk, and the control connection for all of them.
        connection.execute("SET SESSION wait_timeout = 31536000").await?;
    }
    // In whole seconds; 0 would mean not to wait at all.
    let seconds = lock_timeout.as_secs().max(1);
    locked.control.execute(&format!("SET SESSION lock_wait_timeout = {seconds}")).await?;
    locked.hold_ddl_off(tables).await?;
    Ok(locked)
}

impl Locked {
    /// The connection to read the catalog with, before the snapshot is taken.
    pub(crate) fn catalog(&mut self) -> &mut Connection {
        match (self.rung, self.readers.first_mut()) {
            // One that has locked tables sees no others.
            (Rung::LockTables, Some(reader)) => reader,
            _ => &mut self.control,
        }
    }

    /// Whether what `catalog` reads is what the snapshot will see.
    pub(crate) fn ddl(&self) -> Ddl {
        match (self.rung, self.instance) {
            (Rung::BinlogPosition | Rung::PerTable, Instance::Free) => Ddl::Free,
            _ => Ddl::HeldOff,
        }
    }

    async fn hold_ddl_off(&mut self, tables: &[TableName]) -> Result<(), Error> {
        if self.server.may_lock_instance() {
            match self.wait_for("LOCK INSTANCE FOR BACKUP").await {
                Ok(()) => self.instance = Instance::Locked,
                // Managed servers may refuse it in spite of the privilege.
                Err(error) if error.is_denied() => {}
                Err(error) => return Err(error),
            }
        }
        match self.rung {
            Rung::BackupStage => {
                self.wait_for("BACKUP STAGE START").await?;
                self.wait_for("BACKUP STAGE FLUSH").await?;
                self.wait_for("BACKUP STAGE BLOCK_DDL").await
            }
            Rung::GlobalReadLock => {
                // Waits for long statements now, table by table, so that the read lock, which makes
                // all writers wait while it waits itself, need not.
                self.wait_for("FLUSH NO_WRITE_TO_BINLOG TABLES").await?;
                match self.instance {
                    Instance::Locked => Ok(()),
                    Instance::Free => self.stop_commits().await,
                }
            }
            Rung::LockTables => self.lock_tables(tables).await,
            Rung::BinlogPosition | Rung::PerTable => Ok(()),
        }
    }

    /// With `autocommit` off `InnoDB` locks its tables too, and not only the server.
    async fn lock_tables(&mut self, tables: &[TableName]) -> Result<(), Error> {
        let seconds = self.lock_timeout.as_secs().max(1);
        let settings = format!(
            "SET SESSION autocommit = 0, innodb_table_locks = 1, \
             innodb_lock_wait_timeout = {seconds}"
        );
        self.control.execute(&settings).await?;
        self.waiting_since = Some(Instant::now());
        if tables.is_empty() {
            return Ok(());
        }
        let list: Vec<String> =
            tables.iter().map(|table| format!("{} READ", table.mysql())).collect();
        self.wait_for_named(&format!("LOCK TABLES {}", list.join(", ")), "LOCK TABLES … READ").await
    }

    /// Does nothing if they are stopped already, or are not to be.
    pub(super) async fn stop_commits(&mut self) -> Result<(), Error> {
        let statement = match self.rung {
            Rung::BackupStage => "BACKUP STAGE BLOCK_COMMIT",
            Rung::GlobalReadLock => "FLUSH TABLES WITH READ LOCK",
            Rung::LockTables | Rung::BinlogPosition | Rung::PerTable => return Ok(()),
        };
        if self.waiting_since.is_some() {
            return Ok(());
        }
        self.waiting_since = Some(Instant::now());
        self.wait_for(statement).await
    }

    /// Lets commits go.
    pub(super) async fn release(&mut self) -> Result<(), Error> {
        let statement = match self.rung {
            Rung::BackupStage => "BACKUP STAGE END",
            Rung::GlobalReadLock | Rung::LockTables => "UNLOCK TABLES",
            Rung::BinlogPosition | Rung::PerTable => return Ok(()),
        };
        self.control.execute(statement).await?;
        Ok(())
    }

    /// Whether the control connection goes on to hold DDL off.
    pub(super) fn keeps_ddl_off(&self) -> bool {
        self.instance == Instance::Locked
    }

    /// Runs a statement that may have to wait for others.
    async fn wait_for(&mut self, statement: &'static str) -> Result<(), Error> {
        self.wait_for_named(statement, statement).await
    }

    async fn wait_for_named(&mut self, sql: &str, statement: &'static str) -> Result<(), Error> {
        let gave_up = Error::LockNotGranted { statement, after: self.lock_timeout };
        match timeout(self.lock_timeout + GRACE, self.control.execute(sql)).await {
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
