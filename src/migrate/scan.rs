//! Asks the data what the types leave open, in the same snapshot that is copied and before any
//! table is made: is a TINYINT(1) a boolean, does a BIGINT UNSIGNED fit, is a TIME a time of
//! day. All questions about one table are one statement, so that it is read once. Whether NOT NULL
//! holds once zero dates have become NULL is asked by a dry run only: a copy sees it as it goes,
//! and need not read a large table twice for it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::migrate::error::Error;
use crate::migrate::source::Reader;
use crate::mysql::schema::{Column, ColumnType, Schema, Table};
use crate::mysql::wire::{Connection, TextRow};
use crate::name::mysql_quoted;

/// What the scan found about one column. An unasked or skipped question is `Unknown`, and the
/// conversion then takes the wider type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Answer {
    #[default]
    Unknown,
    /// The values fit the narrow type.
    Fits,
    /// So many values do not.
    Beyond { values: u64 },
}

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What a type hangs on.
    Types,
    /// Also what the copy would find.
    Foresight,
}

/// Answers by table and column, as the source names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answers(BTreeMap<(String, String), Answer>);

impl Answers {
    pub(crate) fn of(&self, table: &Table, column: &Column) -> Answer {
        let key = (table.name.name.clone(), column.name.clone());
        self.0.get(&key).copied().unwrap_or_default()
    }

    fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// All that is to be asked of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Questions {
    table: String,
    columns: Vec<String>,
    sql: String,
}

/// Asks the open questions, as many at once as there are readers.
pub(crate) async fn answers(
    schema: &Schema,
    readers: &mut [&mut Reader],
    depth: Depth,
) -> Result<Answers, Error> {
    let questions = Mutex::new(plan(schema, depth));
    let asking = readers.iter_mut().map(async |reader| {
        let mut answers = Answers::default();
        loop {
            let next = questions.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(questions) = next else { return Ok::<_, Error>(answers) };
            answers.extend(match reader {
                Reader::Server(connection) => ask(connection, &questions).await?,
            });
        }
    });
    let mut answers = Answers::default();
    for part in futures_util::future::try_join_all(asking).await? {
        answers.extend(part);
    }
    Ok(answers)
}

/// The tables that leave something open.
fn plan(schema: &Schema, depth: Depth) -> Vec<Questions> {
    schema.tables.iter().filter_map(|table| questions(table, depth)).collect()
}

fn questions(table: &Table, depth: Depth) -> Option<Questions> {
    let asked = table.columns.iter().filter_map(|column| {
        let condition = match misfit(column) {
            None if depth == Depth::Foresight => broken_not_null(column)?,
            condition => condition?,
        };
        Some((column.name.clone(), format!("COUNT(CASE WHEN {condition} THEN 1 END)")))
    });
    let (columns, counts): (Vec<String>, Vec<String>) = asked.unzip();
    if columns.is_empty() {
        return None;
    }
    let sql = format!("SELECT {} FROM {}", counts.join(", "), table.name.mysql());
    Some(Questions { table: table.name.name.clone(), columns, sql })
}

/// The condition that a value meets when it does not fit; `None` where nothing is open.
fn misfit(column: &Column) -> Option<String> {
    let name = mysql_quoted(&column.name);
    match &column.column_type {
        ColumnType::TinyInt { display_width: Some(1), .. } => Some(format!("{name} NOT IN (0, 1)")),
        ColumnType::BigInt { unsigned: true } => Some(format!("{name} > {}", i64::MAX)),
        ColumnType::Time { .. } => Some(format!("{name} < '00:00:00' OR {name} >= '24:00:00'")),
        // MySQL's number of dimensions is a limit.
        ColumnType::Vector { dimensions } => Some(format!("LENGTH({name}) <> {}", 4 * dimensions)),
        // The escape of U+0000, which jsonb cannot hold. A backslash before it may make it
        // harmless; then the wider type is chosen without need.
        ColumnType::Json { .. } => Some(format!("{name} LIKE '%\\\\\\\\u0000%'")),
        _ => None,
    }
}

/// The condition that a value meets which becomes NULL where none may stand. Elsewhere that needs no
/// preparation: it is counted as it is read.
fn broken_not_null(column: &Column) -> Option<String> {
    let name = mysql_quoted(&column.name);
    match &column.column_type {
        _ if column.nullable => None,
        // LAST_DAY has no answer for dates such as 30 February.
        ColumnType::Date | ColumnType::DateTime { .. } | ColumnType::Timestamp { .. } => {
            Some(format!("MONTH({name}) = 0 OR DAYOFMONTH({name}) = 0 OR LAST_DAY({name}) IS NULL"))
        }
        ColumnType::Enum { labels } => {
            let legal = labels.iter().any(String::is_empty);
            (!legal).then(|| format!("{name} + 0 = 0"))
        }
        _ => None,
    }
}

/// Puts the questions about one table to the server.
async fn ask(reader: &mut Connection, questions: &Questions) -> Result<Answers, Error> {
    let rows = reader.rows(&questions.sql).await?;
    let mut answers = Answers::default();
    for (index, column) in questions.columns.iter().enumerate() {
        let values = rows.first().map(|row: &TextRow| row.number(index)).transpose()?.flatten();
        let answer = match values {
            None => Answer::Unknown,
            Some(0) => Answer::Fits,
            Some(values) => Answer::Beyond { values },
        };
        answers.0.insert((questions.table.clone(), column.clone()), answer);
    }
    Ok(answers)
}
