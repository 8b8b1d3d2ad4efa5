//! The snapshot that is moved, and the catalog as that snapshot sees it.
//!
//! Rung after rung of `mysql::snapshot`'s ladder is tried. Where DDL cannot be held off, the
//! catalog is read before the snapshots are opened and after, and must not have changed: else all
//! of it is done again, as the readers might see tables in a form that nobody has planned for.

use std::time::Instant;

use crate::event::Event;
use crate::migrate::error::Error;
use crate::migrate::prove;
use crate::migrate::source::Cuts;
use crate::mysql::error::Error as SourceError;
use crate::mysql::schema::Schema;
use crate::mysql::snapshot::{self, Ask, Choice, Ddl, Rung, Snapshot};
use crate::mysql::wire::Connection;
use crate::name::TableName;
use crate::postgres::connect::Session;
use crate::postgres::journal;
use crate::report::SnapshotReport;

/// Takes the snapshot by the best way there is. `known` is the catalog as it was read before; it is
/// read again by `read`.
pub(crate) async fn take(
    ask: &Ask<'_>,
    choice: Choice,
    known: &Schema,
    read: impl AsyncFn(&mut Connection) -> Result<Schema, Error>,
) -> Result<(Schema, Snapshot), Error> {
    let mut refused = Error::NoSnapshot;
    for rung in snapshot::rungs(ask.server, &known.databases, choice) {
        match Box::pin(take_by(ask, rung, known, &read)).await {
            Err(Error::Source(error)) if leads_on(&error) => refused = error.into(),
            ended => return ended,
        }
    }
    Err(refused)
}

/// Whether another rung may do what this one could not.
fn leads_on(error: &SourceError) -> bool {
    // Managed servers refuse FLUSH TABLES WITH READ LOCK to accounts that have RELOAD.
    error.is_denied() || matches!(error, SourceError::CommitsBetween { .. } | SourceError::XaSeen)
}

async fn take_by(
    ask: &Ask<'_>,
    rung: Rung,
    known: &Schema,
    read: &impl AsyncFn(&mut Connection) -> Result<Schema, Error>,
) -> Result<(Schema, Snapshot), Error> {
    let begun = Instant::now();
    let mut tables = names(known);
    loop {
        let mut locked = snapshot::lock(ask, rung, &tables).await?;
        let schema = read(locked.catalog()).await?;
        let all_locked = rung != Rung::LockTables || names(&schema) == tables;
        if all_locked {
            let ddl = locked.ddl();
            let mut snapshot = locked.take().await?;
            if ddl == Ddl::HeldOff || is_as_planned(ask, &schema, read).await? {
                return Ok((schema, snapshot));
            }
            snapshot.readers.clear();
        }
        tables = names(&schema);
        if begun.elapsed() >= ask.lock_timeout {
            return Err(Error::SourceAltered { after: ask.lock_timeout });
        }
    }
}

/// Whether the catalog is still what it was before the snapshots were opened.
async fn is_as_planned(
    ask: &Ask<'_>,
    before: &Schema,
    read: &impl AsyncFn(&mut Connection) -> Result<Schema, Error>,
) -> Result<bool, Error> {
    let mut connection = Connection::open(ask.options).await?;
    let now = read(&mut connection).await?;
    connection.close().await;
    Ok(prove::same_tables(before, &now))
}

/// A table's chunks are read by several readers, which per table have no instant in common.
pub(crate) async fn can_resume(cuts: Cuts, session: &Session, run: i64) -> Result<(), Error> {
    if cuts == Cuts::Allowed {
        return Ok(());
    }
    let entries = journal::entries(session, run).await?;
    match entries.iter().find(|entry| entry.number > 0) {
        Some(entry) => Err(Error::CutForOneInstant { table: entry.table.clone() }),
        None => Ok(()),
    }
}

fn names(schema: &Schema) -> Vec<TableName> {
    schema.tables.iter().map(|table| table.name.clone()).collect()
}

/// A snapshot, as the report and the events tell it.
pub(crate) fn describe(snapshot: &Snapshot) -> (SnapshotReport, Event) {
    let report = SnapshotReport {
        rung: snapshot.rung.word().to_owned(),
        guarantee: snapshot.rung.guarantee().to_owned(),
        connections: snapshot.readers.len(),
        writers_waited_ms: snapshot.writers_waited.as_millis() as u64,
        position: snapshot.position.as_ref().map(ToString::to_string),
    };
    let event = Event::SnapshotTaken {
        rung: report.rung.clone(),
        guarantee: report.guarantee.clone(),
        connections: report.connections,
        writers_waited_ms: report.writers_waited_ms,
        position: report.position.clone(),
    };
    (report, event)
}

#[cfg(test)]
mod tests;
