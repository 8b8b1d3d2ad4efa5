//! What a run has done so far, kept in the target: the schema `nirvana`.
//!
//! The row that says a chunk is done is written in the transaction that writes the chunk's rows,
//! so that there is no second truth to reconcile: whatever ends the program or the server, and
//! whenever, the row is there if and only if the rows are.

mod aside;
mod kept;

pub(crate) use self::aside::{SetAside, away, detail};
pub(crate) use self::kept::{Kept, kept};
use crate::name::TableName;
use crate::postgres::connect::{Session, TextRow};
use crate::postgres::error::Error;
use crate::postgres::quote::literal;

/// The journal's own schema.
pub(crate) const SCHEMA: &str = "nirvana";

/// Its tables.
const TABLES: &str = include_str!("../../schemas/journal.sql");

/// A run that was begun on this target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) id: i64,
    pub(crate) source: String,
    /// In order.
    pub(crate) schemas: Vec<String>,
    pub(crate) plan: String,
    pub(crate) begun_at: String,
    pub(crate) finished_at: Option<String>,
}

/// What a run is to be known by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewRun<'a> {
    pub(crate) source: &'a str,
    /// The schemas that it writes to.
    pub(crate) schemas: &'a [&'a str],
    pub(crate) plan: &'a str,
    /// What it has found standing, and keeps.
    pub(crate) kept: &'a [Kept],
}

/// A chunk as the journal has it; bounds are JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// As the source names it, with its database.
    pub(crate) table: TableName,
    pub(crate) number: u32,
    pub(crate) lower_bound: Option<String>,
    pub(crate) upper_bound: Option<String>,
    /// `None` while it is not done.
    pub(crate) done: Option<Done>,
}

/// What a chunk came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) digest: String,
}

/// Whether there is a journal at all; one whose tables are of another form is an error.
async fn exists(session: &Session) -> Result<bool, Error> {
    let question = "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = c.oid \
                                     AND attname = 'source_database') \
                    FROM pg_catalog.pg_class c WHERE c.oid = to_regclass('nirvana.chunk')";
    let rows = session.rows(question).await?;
    let Some(row) = rows.first() else { return Ok(false) };
    if text(session, row, 0)? == "t" {
        return Ok(true);
    }
    Err(Error::OlderJournal { address: session.address().to_owned() })
}

/// The newest run into any of the schemas; first of all one that writes to others, too.
pub(crate) async fn last_run(session: &Session, schemas: &[&str]) -> Result<Option<Run>, Error> {
    if !exists(session).await? {
        return Ok(None);
    }
    let schemas = array(schemas);
    let sql = format!(
        "SELECT id, source, array_to_json(target_schemas), plan, date_trunc('second', begun_at), \
                date_trunc('second', finished_at) \
         FROM nirvana.run WHERE target_schemas && {schemas} \
         ORDER BY target_schemas <@ {schemas}, id DESC LIMIT 1"
    );
    let rows = session.rows(&sql).await?;
    rows.first().map(|row| run(session, row)).transpose()
}

fn run(session: &Session, row: &TextRow) -> Result<Run, Error> {
    Ok(Run {
        id: number(session, row, 0)?,
        source: text(session, row, 1)?,
        schemas: detail(session, &text(session, row, 2)?)?,
        plan: text(session, row, 3)?,
        begun_at: text(session, row, 4)?,
        finished_at: row.get(5).cloned().flatten(),
    })
}

/// Within the caller's transaction: makes the journal where there is none, forgets earlier runs
/// into the same schemas, and notes a run with its chunks. Gives the run's number.
pub(crate) async fn begin(
    session: &Session,
    new: NewRun<'_>,
    chunks: &[Entry],
) -> Result<i64, Error> {
    if !exists(session).await? {
        session.execute(TABLES).await?;
    }
    let (schemas, version) = (array(new.schemas), literal(env!("CARGO_PKG_VERSION")));
    session.execute(&format!("DELETE FROM nirvana.run WHERE target_schemas && {schemas}")).await?;
    let sql = format!(
        "INSERT INTO nirvana.run (tool_version, source, target_schemas, plan) \
         VALUES ({version}, {}, {schemas}, {}) RETURNING id",
        literal(new.source),
        literal(new.plan)
    );
    let rows = session.rows(&sql).await?;
    let id = number(session, rows.first().unwrap_or(&Vec::new()), 0)?;
    kept::note(session, id, new.kept).await?;
    for some in chunks.chunks(1000) {
        let values: Vec<String> = some.iter().map(|entry| entry.values(id)).collect();
        session
            .execute(&format!(
                "INSERT INTO nirvana.chunk (run, source_database, source_table, number, \
                 lower_bound, upper_bound) VALUES {}",
                values.join(", ")
            ))
            .await?;
    }
    Ok(id)
}

impl Entry {
    fn values(&self, run: i64) -> String {
        let json = |bound: &Option<String>| {
            bound.as_ref().map_or_else(|| "NULL".to_owned(), |json| literal(json))
        };
        format!(
            "({run}, {}, {}, {}::jsonb, {}::jsonb)",
            key(&self.table),
            self.number,
            json(&self.lower_bound),
            json(&self.upper_bound)
        )
    }
}

/// All chunks of a run, by table and number.
pub(crate) async fn entries(session: &Session, run: i64) -> Result<Vec<Entry>, Error> {
    let sql = format!(
        "SELECT source_database, source_table, number, lower_bound, upper_bound, rows, bytes, digest, \
         done_at FROM nirvana.chunk WHERE run = {run} \
         ORDER BY source_database, source_table, number"
    );
    let rows = session.rows(&sql).await?;
    rows.iter().map(|row| entry(session, row)).collect()
}

fn entry(session: &Session, row: &TextRow) -> Result<Entry, Error> {
    let done = if row.get(8).is_some_and(Option::is_some) {
        Some(Done {
            rows: number(session, row, 5)?,
            bytes: number(session, row, 6)?,
            digest: text(session, row, 7)?,
        })
    } else {
        None
    };
    Ok(Entry {
        table: TableName::new(text(session, row, 0)?, text(session, row, 1)?),
        number: number(session, row, 2)?,
        lower_bound: row.get(3).cloned().flatten(),
        upper_bound: row.get(4).cloned().flatten(),
        done,
    })
}

/// The statement that says a chunk is done, for the transaction that writes its rows.
pub(crate) fn done(run: i64, table: &TableName, number: u32, done: &Done) -> String {
    format!(
        "UPDATE nirvana.chunk SET rows = {}, bytes = {}, digest = {}, \
         done_at = clock_timestamp() WHERE {} AND number = {number}",
        done.rows,
        done.bytes,
        literal(&done.digest),
        of_table(run, table)
    )
}

/// A row that the target cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QuarantinedRow {
    /// The key's columns as a JSON object; `None` if the table has no key.
    pub(crate) key: Option<String>,
    /// As the source names it.
    pub(crate) column: Option<String>,
    pub(crate) reason: String,
    /// All columns as a JSON object.
    pub(crate) row: String,
}

/// Values of one column that were altered in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlteredValues {
    /// As the source names it.
    pub(crate) column: String,
    pub(crate) what: &'static str,
    pub(crate) count: u64,
    pub(crate) first_keys: Vec<String>,
}

/// The statements that keep what a chunk could not carry as it was, for the transaction that
/// writes its rows; empty if there is nothing to keep.
pub(crate) fn keep(
    run: i64,
    table: &TableName,
    chunk: u32,
    (rows, values): (&[QuarantinedRow], &[AlteredValues]),
) -> String {
    let table = key(table);
    let optional = |text: &Option<String>| text.as_deref().map_or("NULL".to_owned(), literal);
    let rows = rows.iter().map(|row| {
        let (key, column) = (optional(&row.key), optional(&row.column));
        let (reason, row) = (literal(&row.reason), literal(&row.row));
        format!("({run}, {table}, {chunk}, {key}, {column}, {reason}, {row})")
    });
    let values = values.iter().map(|value| {
        let keys: Vec<String> = value.first_keys.iter().map(|key| literal(key)).collect();
        let (column, what) = (literal(&value.column), literal(value.what));
        let (count, keys) = (value.count, keys.join(", "));
        format!("({run}, {table}, {chunk}, {column}, {what}, {count}, ARRAY[{keys}]::text[])")
    });
    let (rows, values): (Vec<String>, Vec<String>) = (rows.collect(), values.collect());
    let mut sql = String::new();
    for (into, tuples) in [("quarantined", rows), ("altered", values)] {
        if !tuples.is_empty() {
            sql.push_str(&format!("INSERT INTO nirvana.{into} VALUES {}; ", tuples.join(", ")));
        }
    }
    sql
}

/// The statements that forget what was kept of a chunk, before it is copied again.
pub(crate) fn forget(run: i64, table: &TableName, chunk: u32) -> String {
    let rows = format!("WHERE {} AND chunk = {chunk}", of_table(run, table));
    format!("DELETE FROM nirvana.quarantined {rows}; DELETE FROM nirvana.altered {rows}")
}

/// The statement that forgets what is done of a table, for the transaction that empties it.
pub(crate) fn undo_table(run: i64, table: &TableName) -> String {
    let rows = format!("WHERE {}", of_table(run, table));
    format!(
        "{UNDO} {rows}; DELETE FROM nirvana.quarantined {rows}; DELETE FROM nirvana.altered {rows}"
    )
}

/// The same of a chunk, for the transaction that takes its rows away.
pub(crate) fn undo_chunk(run: i64, table: &TableName, chunk: u32) -> String {
    let rows = format!("WHERE {} AND number = {chunk}", of_table(run, table));
    format!("{UNDO} {rows}; {}", forget(run, table, chunk))
}

const UNDO: &str =
    "UPDATE nirvana.chunk SET rows = NULL, bytes = NULL, digest = NULL, done_at = NULL";

/// Says that a run came to its end.
pub(crate) async fn finish(session: &Session, run: i64) -> Result<(), Error> {
    let now = "clock_timestamp()";
    session.execute(&format!("UPDATE nirvana.run SET finished_at = {now} WHERE id = {run}")).await
}

/// What tells a table from all others, for people who ask the journal.
pub(crate) fn is_table(table: &TableName) -> String {
    format!("(source_database, source_table) = ({})", key(table))
}

fn of_table(run: i64, table: &TableName) -> String {
    format!("run = {run} AND {}", is_table(table))
}

/// The two values that a table is known by.
fn key(table: &TableName) -> String {
    format!("{}, {}", literal(&table.schema), literal(&table.name))
}

fn array(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| literal(word)).collect();
    format!("ARRAY[{}]::text[]", words.join(", "))
}

fn text(session: &Session, row: &TextRow, at: usize) -> Result<String, Error> {
    row.get(at).cloned().flatten().ok_or_else(|| unreadable(session))
}

fn number<N: std::str::FromStr>(session: &Session, row: &TextRow, at: usize) -> Result<N, Error> {
    text(session, row, at)?.parse().map_err(|_no_number| unreadable(session))
}

fn unreadable(session: &Session) -> Error {
    Error::Unreadable {
        address: session.address().to_owned(),
        what: "the journal in schema nirvana".to_owned(),
    }
}
