//! Asks the data what the types leave open, in the same snapshot that is copied and before any
//! table is made: is a TINYINT(1) a boolean, does a BIGINT UNSIGNED fit, is a TIME a time of
//! day. All questions about one table are one statement, so that it is read once. Whether NOT NULL
//! holds once zero dates have become NULL is asked by a dry run only: a copy sees it as it goes,
//! and need not read a large table twice for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::dump::Dump;
use crate::migrate::error::Error;
use crate::migrate::source::Reader;
use crate::migrate::transcode::is_day;
use crate::mysql::error::{Error as SourceError, Truncated};
use crate::mysql::schema::{Column, ColumnType, Schema, Table};
use crate::mysql::wire::{Buffered, Connection, TextRow, ValueCursor};
use crate::name::{TableName, mysql_quoted};

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
    table: TableName,
    asked: Vec<(String, Misfit)>,
}

/// What a value may be that does not fit its column's type as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// A TINYINT(1) other than 0 and 1.
    NoBoolean,
    /// Beyond BIGINT.
    BeyondBigint,
    /// A TIME before 00:00 or from 24:00 on.
    NoTimeOfDay,
    /// A vector that has not so many dimensions; the number in the source is a limit.
    Dimensions(u32),
    /// The escape of U+0000, which jsonb cannot hold. A backslash before it may make it
    /// harmless; then the wider type is chosen without need.
    EscapedNul,
    /// A date that does not exist, in a column that may not be NULL.
    NoDate,
    /// The '' of an ENUM for an invalid value, likewise.
    NoLabel,
}

impl Misfit {
    /// The condition that such a value meets.
    fn sql(self, column: &str) -> String {
        let name = mysql_quoted(column);
        match self {
            Self::NoBoolean => format!("{name} NOT IN (0, 1)"),
            Self::BeyondBigint => format!("{name} > {}", i64::MAX),
            Self::NoTimeOfDay => format!("{name} < '00:00:00' OR {name} >= '24:00:00'"),
            Self::Dimensions(dimensions) => format!("LENGTH({name}) <> {}", 4 * dimensions),
            Self::EscapedNul => format!("{name} LIKE '%\\\\\\\\u0000%'"),
            // LAST_DAY has no answer for dates such as 30 February.
            Self::NoDate => {
                format!("MONTH({name}) = 0 OR DAYOFMONTH({name}) = 0 OR LAST_DAY({name}) IS NULL")
            }
            Self::NoLabel => format!("{name} + 0 = 0"),
        }
    }
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
                Reader::Dump(dump) => count(dump, &questions).await?,
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
        let misfit = match misfit(column) {
            None if depth == Depth::Foresight => broken_not_null(column)?,
            misfit => misfit?,
        };
        Some((column.name.clone(), misfit))
    });
    let asked: Vec<(String, Misfit)> = asked.collect();
    (!asked.is_empty()).then(|| Questions { table: table.name.clone(), asked })
}

/// What a value is when it does not fit; `None` where nothing is open.
fn misfit(column: &Column) -> Option<Misfit> {
    match &column.column_type {
        ColumnType::TinyInt { display_width: Some(1), .. } => Some(Misfit::NoBoolean),
        ColumnType::BigInt { unsigned: true } => Some(Misfit::BeyondBigint),
        ColumnType::Time { .. } => Some(Misfit::NoTimeOfDay),
        ColumnType::Vector { dimensions } => Some(Misfit::Dimensions(*dimensions)),
        ColumnType::Json { .. } => Some(Misfit::EscapedNul),
        _ => None,
    }
}

/// A value that becomes NULL where none may stand. Elsewhere that needs no preparation: it is
/// counted as it is read.
fn broken_not_null(column: &Column) -> Option<Misfit> {
    match &column.column_type {
        _ if column.nullable => None,
        ColumnType::Date | ColumnType::DateTime { .. } | ColumnType::Timestamp { .. } => {
            Some(Misfit::NoDate)
        }
        ColumnType::Enum { labels } => {
            let legal = labels.iter().any(String::is_empty);
            (!legal).then_some(Misfit::NoLabel)
        }
        _ => None,
    }
}

impl Questions {
    fn sql(&self) -> String {
        let counts = self
            .asked
            .iter()
            .map(|(column, misfit)| format!("COUNT(CASE WHEN {} THEN 1 END)", misfit.sql(column)));
        let counts: Vec<String> = counts.collect();
        format!("SELECT {} FROM {}", counts.join(", "), self.table.mysql())
    }

    fn answers(&self, counts: impl Iterator<Item = Option<u64>>) -> Answers {
        let mut answers = Answers::default();
        for ((column, _), values) in self.asked.iter().zip(counts) {
            let answer = match values {
                None => Answer::Unknown,
                Some(0) => Answer::Fits,
                Some(values) => Answer::Beyond { values },
            };
            answers.0.insert((self.table.name.clone(), column.clone()), answer);
        }
        answers
    }
}

/// Puts the questions about one table to the server.
async fn ask(reader: &mut Connection, questions: &Questions) -> Result<Answers, Error> {
    let rows = reader.rows(&questions.sql()).await?;
    let mut counts = Vec::new();
    for index in 0..questions.asked.len() {
        counts.push(rows.first().map(|row: &TextRow| row.number(index)).transpose()?.flatten());
    }
    Ok(questions.answers(counts.into_iter()))
}

/// Looks at each row of a dump for the same.
async fn count(dump: &Arc<Dump>, questions: &Questions) -> Result<Answers, Error> {
    // Of what the dump has no values of nothing can be known.
    let absent = dump.absent_of(&questions.table.name);
    let mut questions = questions.clone();
    questions.asked.retain(|(column, _)| !absent.contains(column));
    let columns: Vec<String> = questions.asked.iter().map(|(column, _)| column.clone()).collect();
    let mut rows = match dump.rows(&questions.table.name, &columns, (None, None)) {
        // What cannot be read is told when it is to be copied.
        Err(error) if error.is_of_one_table() => return Ok(Answers::default()),
        rows => rows?,
    };
    let mut counts = vec![0_u64; columns.len()];
    loop {
        match rows.next_buffered() {
            Ok(Buffered::Row(row)) => {
                let mut cursor = ValueCursor::new(row, columns.len()).map_err(SourceError::from)?;
                for (index, ((_, misfit), count)) in
                    questions.asked.iter().zip(&mut counts).enumerate()
                {
                    if !cursor.is_null(index) {
                        let misfits = misfit.is(&mut cursor).map_err(SourceError::from)?;
                        *count += u64::from(misfits);
                    }
                }
            }
            Ok(Buffered::Incomplete) => rows.fill().await?,
            Ok(Buffered::End) => return Ok(questions.answers(counts.into_iter().map(Some))),
            Err(error) if error.is_of_one_table() => return Ok(Answers::default()),
            Err(error) => return Err(error.into()),
        }
    }
}

impl Misfit {
    /// Whether the next value, which is not NULL, is such a one.
    fn is(self, cursor: &mut ValueCursor<'_>) -> Result<bool, Truncated> {
        Ok(match self {
            Self::NoBoolean => cursor.u8()? > 1,
            Self::BeyondBigint => cursor.u64()? > i64::MAX as u64,
            // A sign, and days.
            Self::NoTimeOfDay => cursor.temporal()?.get(..5).is_some_and(|start| start != [0; 5]),
            Self::Dimensions(dimensions) => cursor.bytes()?.len() != 4 * dimensions as usize,
            Self::EscapedNul => memchr::memmem::find(cursor.bytes()?, b"\\u0000").is_some(),
            Self::NoDate => !is_day(cursor.temporal()?),
            Self::NoLabel => cursor.bytes()?.is_empty(),
        })
    }
}
