//! Asks the data what the types leave open, in the same snapshot that is copied and before any
//! table is made: is a TINYINT(1) a boolean, does a BIGINT UNSIGNED fit, is a TIME a time of day.
//!
//! What is asked is planned as values, apart from the SQL that asks a server; all questions about
//! one table are one statement, so that it is read once. What the copy sees as it goes (zero dates,
//! U+0000) is asked by a dry run only, and where a policy of nirvana.toml hangs on it: a copy need
//! not read a large table twice.

mod key;
mod question;
mod sql;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use self::question::{
    Asked, BTREE_BYTES, Question, lost_characters, may_lose_characters,
};
use self::sql::Sql;
pub(crate) use self::sql::is_text;
use crate::dump::Dump;
use crate::migrate::error::Error;
use crate::migrate::refused::Refused;
use crate::migrate::settings::Settings;
use crate::migrate::source::Reader;
use crate::mysql::error::Error as SourceError;
use crate::mysql::schema::{Column, Schema, Table};
use crate::mysql::wire::{Buffered, Connection, TextRow, ValueCursor};
use crate::name::TableName;

/// What the scan found. An unasked or skipped question is `Unknown`, and the conversion then takes
/// the wider type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Answer {
    #[default]
    Unknown,
    /// There is no such value: the values fit the narrow type.
    Fits,
    /// So many values there are.
    Beyond { values: u64 },
}

impl Answer {
    /// So many values there are, as far as is known.
    pub(crate) fn values(self) -> u64 {
        match self {
            Self::Unknown | Self::Fits => 0,
            Self::Beyond { values } => values,
        }
    }
}

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Depth {
    /// Nothing.
    None,
    /// What the reading of a column hangs on, and a policy that may stop the run.
    Reading,
    /// Also what a type or an index hangs on.
    Types,
    /// Also what is to be said of keys, and nothing else can tell.
    Keys,
    /// Also what the copy would find.
    Foresight,
}

/// Answers by table, by column or index, and by question; names as the source has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    counts: BTreeMap<(TableName, Asked), Answer>,
    /// A few of what was counted, in words.
    samples: BTreeMap<(TableName, Asked), Vec<String>>,
    /// What the other end was found to refuse.
    pub(crate) refused: Vec<Refused>,
    /// Whether nobody was asked so far, so that types may still be others.
    pub(crate) is_preliminary: bool,
    /// Whether a server was asked nothing, as was wanted: what it might lose is looked for in each row.
    pub(crate) is_unasked: bool,
}

impl Answers {
    /// Before the scan.
    pub(crate) fn none_yet() -> Self {
        Self { is_preliminary: true, ..Self::default() }
    }

    /// Whether a column's values fit the narrow type.
    pub(crate) fn of(&self, table: &Table, column: &Column) -> Answer {
        self.about(table, &column.name, Question::Fits)
    }

    /// What is known of a column, or of an index.
    pub(crate) fn about(&self, table: &Table, subject: &str, question: Question) -> Answer {
        let asked = Asked { subject: subject.to_owned(), question };
        self.counts.get(&(table.name.clone(), asked)).copied().unwrap_or_default()
    }

    /// The first of what was counted of a key.
    pub(crate) fn samples(&self, table: &Table, subject: &str, question: Question) -> &[String] {
        let asked = Asked { subject: subject.to_owned(), question };
        self.samples.get(&(table.name.clone(), asked)).map_or(&[], Vec::as_slice)
    }

    /// As if nobody had been asked whether a narrower type does.
    pub(crate) fn forget_fit(&mut self, table: &Table, column: &str) {
        for question in [Question::Fits, Question::NoUuid] {
            let asked = Asked { subject: column.to_owned(), question };
            self.counts.remove(&(table.name.clone(), asked));
        }
    }

    fn extend(&mut self, other: Self) {
        self.counts.extend(other.counts);
        self.samples.extend(other.samples);
    }
}

/// All that is to be asked of one table.
#[derive(Clone, Debug)]
struct Questions<'a> {
    schema: &'a Schema,
    settings: &'a Settings,
    table: &'a Table,
    asked: Vec<Asked>,
}

/// Asks the open questions, as many at once as there are readers.
pub(crate) async fn answers(
    schema: &Schema,
    readers: &mut [&mut Reader],
    (depth, settings): (Depth, &Settings),
) -> Result<Answers, Error> {
    let questions = Mutex::new(plan(schema, depth, settings));
    let is_server = readers.iter().any(|reader| matches!(reader, Reader::Server(_)));
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
    let is_unasked = is_server && depth == Depth::None;
    let mut answers = Answers { is_unasked, ..Answers::default() };
    for part in futures_util::future::try_join_all(asking).await? {
        answers.extend(part);
    }
    Ok(answers)
}

/// The tables that leave something open, and what.
fn plan<'a>(schema: &'a Schema, depth: Depth, settings: &'a Settings) -> Vec<Questions<'a>> {
    let questions = schema.tables.iter().map(|table| {
        let asked = question::of_table((schema, table), depth, settings);
        Questions { schema, settings, table, asked }
    });
    questions.filter(|questions| !questions.asked.is_empty()).collect()
}

impl Questions<'_> {
    fn sql(&self) -> String {
        let of = (self.schema, self.table);
        let asked = self.asked.iter().map(|asked| question::sql(of, asked, self.settings));
        let counts = asked.map(|asked| match asked {
            Some(Sql::Rows(condition)) => format!("COUNT(CASE WHEN {condition} THEN 1 END)"),
            Some(Sql::Count(count)) => count,
            None => "NULL".to_owned(),
        });
        let counts: Vec<String> = counts.collect();
        format!("SELECT {} FROM {}", counts.join(", "), self.table.name.mysql())
    }

    fn answers(&self, counts: impl Iterator<Item = Option<u64>>) -> Answers {
        let mut answers = Answers::default();
        for (asked, values) in self.asked.iter().zip(counts) {
            let answer = match values {
                None => Answer::Unknown,
                Some(0) => Answer::Fits,
                Some(values) => Answer::Beyond { values },
            };
            answers.counts.insert((self.table.name.clone(), asked.clone()), answer);
        }
        answers
    }
}

/// Puts the questions about one table to the server.
async fn ask(reader: &mut Connection, questions: &Questions<'_>) -> Result<Answers, Error> {
    let rows = reader.rows(&questions.sql()).await?;
    let mut counts = Vec::new();
    for index in 0..questions.asked.len() {
        counts.push(rows.first().map(|row: &TextRow| row.number(index)).transpose()?.flatten());
    }
    let mut answers = questions.answers(counts.into_iter());
    let of = (questions.schema, questions.table);
    for asked in &questions.asked {
        let found = answers.about(questions.table, &asked.subject, asked.question).values() > 0;
        let sample = found.then(|| question::sample(of, asked, questions.settings)).flatten();
        let Some(sample) = sample else { continue };
        let rows = reader.rows(&sample).await?;
        let words = rows.iter().filter_map(|row| row.text(0)).map(str::to_owned).collect();
        answers.samples.insert((questions.table.name.clone(), asked.clone()), words);
    }
    Ok(answers)
}

/// Looks at each row of a dump for the same, as far as its values can tell.
async fn count(dump: &Arc<Dump>, questions: &Questions<'_>) -> Result<Answers, Error> {
    let table = questions.table;
    // Of what the dump has no values of nothing can be known.
    let absent = dump.absent_of(&table.name);
    let mut questions = questions.clone();
    questions
        .asked
        .retain(|asked| asked.question.is_of_values() && !absent.contains(&asked.subject));
    let mut columns: Vec<(&Column, Vec<(usize, Question)>)> = Vec::new();
    for (at, asked) in questions.asked.iter().enumerate() {
        let Some(column) = table.column(&asked.subject) else { continue };
        match columns.last_mut().filter(|(last, _)| last.name == column.name) {
            Some((_, of_column)) => of_column.push((at, asked.question)),
            None => columns.push((column, vec![(at, asked.question)])),
        }
    }
    let names: Vec<String> = columns.iter().map(|(column, _)| column.name.clone()).collect();
    let mut rows = match dump.rows(&table.name, &names, (None, None)) {
        // What cannot be read is told when it is to be copied.
        Err(error) if error.is_of_one_table() => return Ok(Answers::default()),
        rows => rows?,
    };
    let mut counts = vec![0_u64; questions.asked.len()];
    loop {
        match rows.next_buffered() {
            Ok(Buffered::Row(row)) => {
                let mut cursor = ValueCursor::new(row, names.len()).map_err(SourceError::from)?;
                for (index, (column, of_column)) in columns.iter().enumerate() {
                    if cursor.is_null(index) {
                        continue;
                    }
                    let before = cursor;
                    for (at, question) in of_column {
                        cursor = before;
                        let is = question.is(&column.column_type, &mut cursor);
                        counts[*at] += u64::from(is.map_err(SourceError::from)?);
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
