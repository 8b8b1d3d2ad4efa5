//! The binary log: where a snapshot stands in it, and what it tells of commits between snapshots.
//!
//! # Why snapshots between which the log has no commit are the same
//!
//! `MariaDB` (since 5.3) opens a consistent snapshot under the mutex `LOCK_commit_ordered`, in all
//! engines and in the binary log, whose place it notes for the session (`Binlog_snapshot_file` and
//! `_position`). The leader of a group commit moves that place, and commits the group's
//! transactions in the engines, in one go under the same mutex. So a place stands for one set of
//! visible transactions: readers with equal places have equal views.
//!
//! But the server keeps the answer in one place for all sessions: who asks at the very moment at
//! which another session asks may be told that one's place (seen in 10.11). So our readers are
//! asked one after the other, and each of them several times: to deceive us, somebody else would
//! have to meet every one of the questions to a reader within microseconds, and always with the
//! place at which all other readers stand.
//!
//! In `MySQL` an equal place of the log proves nothing: a commit is in the log some time before
//! the engine shows it, and may become visible between two snapshots without the place moving. But
//! with `gtid_mode` ON each commit owns a GTID from before it is written to the log until after the
//! engine shows it, and only then, in one step, does the GTID go from `gtid_owned` to
//! `gtid_executed`. Before the first snapshot nobody owns one, and the executed set is E; after the
//! last snapshot nobody owns one, and the executed set is still E. A commit that became visible
//! between the snapshots would have taken its GTID before, and then been owned or been missing in
//! E, or after, and then be owned still or be new in E. So there was none. Without GTIDs we know of
//! no such proof, and this rung is not used.
//!
//! # What that rests on
//!
//! - Every commit goes through the log. We look at its filters (where we may), at replicas that do
//!   not log what they apply, and at whether the server has seen XA transactions, of which the log
//!   knows before the engine does. A session that set `sql_log_bin` to 0 cannot be seen from here.
//! - `MariaDB` was not started with `--skip-optimize-thread-scheduling`.
//!
//! Sources: `MariaDB` Knowledge Base "Enhancements for START TRANSACTION WITH CONSISTENT SNAPSHOT",
//! `ha_start_consistent_snapshot` and `trx_group_commit_leader` of its source; `MySQL` manual "GTID
//! Life Cycle".

use std::time::{Duration, Instant};

use super::{Locked, Position};
use crate::mysql::error::Error;
use crate::mysql::quote::literal;
use crate::mysql::server::Flavour;
use crate::mysql::wire::Connection;

/// `MySQL`'s commits: those under way, and those that are through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gtids {
    owned: String,
    executed: String,
}

impl Gtids {
    /// Whether no commit is under way.
    pub(super) fn is_silent(&self) -> bool {
        self.owned.is_empty()
    }
}

impl Locked {
    /// Opens the snapshots, again and again, until no commit came between them.
    pub(super) async fn take_between_commits(&mut self) -> Result<Option<Position>, Error> {
        let begun = Instant::now();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let equal = match self.server.flavour {
                Flavour::MariaDb => self.take_at_one_place().await?,
                Flavour::MySql => self.take_in_silence().await?,
            };
            if let Some(position) = equal {
                self.look_for_xa().await?;
                return Ok(position);
            }
            if begun.elapsed() >= self.lock_timeout {
                return Err(Error::CommitsBetween { attempts, after: self.lock_timeout });
            }
            // Out of step with whoever commits at a steady pace.
            tokio::time::sleep(Duration::from_micros(u64::from(attempts % 7) * 300)).await;
        }
    }

    /// `None` if the readers stand at different places.
    async fn take_at_one_place(&mut self) -> Result<Option<Option<Position>>, Error> {
        self.open_snapshots().await?;
        let Some(mut first) = self.one_place().await? else { return Ok(None) };
        let (file, offset) = (literal(&first.file), first.offset);
        let gtid = format!("SELECT BINLOG_GTID_POS({file}, {offset})");
        let rows = self.control.rows(&gtid).await?;
        first.gtid = rows.first().and_then(|row| row.text(0)).map(str::to_owned);
        first.gtid = first.gtid.filter(|gtid| !gtid.is_empty());
        Ok(Some(Some(first)))
    }

    /// Where all readers stand; `None` if that is not one place.
    pub(super) async fn one_place(&mut self) -> Result<Option<Position>, Error> {
        let mut first = None;
        for _ in 0..ASKED {
            for reader in &mut self.readers {
                let place = place(reader).await?;
                if *first.get_or_insert_with(|| place.clone()) != place {
                    return Ok(None);
                }
            }
        }
        Ok(first)
    }

    /// `None` if a commit was under way.
    async fn take_in_silence(&mut self) -> Result<Option<Option<Position>>, Error> {
        let (position, before) = (self.position().await?, self.gtids().await?);
        if !before.is_silent() {
            return Ok(None);
        }
        self.open_snapshots().await?;
        let (after, same_position) = (self.gtids().await?, self.position().await? == position);
        Ok((before == after && same_position).then_some(position))
    }

    pub(super) async fn gtids(&mut self) -> Result<Gtids, Error> {
        // One after the other: a GTID that leaves the first is in the second.
        let owned = self.variable("gtid_owned").await?;
        let executed = self.variable("gtid_executed").await?;
        Ok(Gtids { owned, executed })
    }

    async fn variable(&mut self, name: &str) -> Result<String, Error> {
        let rows = self.control.rows(&format!("SELECT @@GLOBAL.{name}")).await?;
        let row = rows.first().ok_or(missing(name))?;
        Ok(row.required(0)?.to_owned())
    }

    /// A transaction by XA that was prepared meanwhile may have been seen by some readers only.
    async fn look_for_xa(&mut self) -> Result<(), Error> {
        let statement =
            "SHOW GLOBAL STATUS WHERE Variable_name IN ('Com_xa_prepare', 'Com_xa_commit')";
        for row in self.control.rows(statement).await? {
            if row.number(1)? != Some(0) {
                return Err(Error::XaSeen);
            }
        }
        Ok(())
    }

    /// Where the log stands now; `None` if it is off or we may not know.
    pub(super) async fn position(&mut self) -> Result<Option<Position>, Error> {
        if !self.server.binary_log.enabled || !self.server.may_read_position() {
            return Ok(None);
        }
        let connection = &mut self.control;
        let rows = connection.rows(self.server.binary_log_status()).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let gtid = if self.server.flavour == Flavour::MariaDb {
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
}

/// How often each `MariaDB` reader is asked where it stands.
const ASKED: usize = 3;

/// Where a `MariaDB` reader's snapshot stands.
async fn place(reader: &mut Connection) -> Result<Position, Error> {
    let (mut file, mut offset) = (None, None);
    for row in reader.rows("SHOW SESSION STATUS LIKE 'Binlog\\_snapshot\\_%'").await? {
        match row.required(0)?.to_ascii_lowercase().as_str() {
            "binlog_snapshot_file" => file = Some(row.required(1)?.to_owned()),
            "binlog_snapshot_position" => offset = row.number(1)?,
            _ => {}
        }
    }
    match (file.filter(|file| !file.is_empty()), offset) {
        (Some(file), Some(offset)) => Ok(Position { file, offset, gtid: None }),
        _ => Err(missing("Binlog_snapshot_position")),
    }
}

fn missing(column: &str) -> Error {
    Error::Value { column: column.to_owned(), problem: "missing" }
}
