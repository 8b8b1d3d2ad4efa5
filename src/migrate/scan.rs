//! Asks the data what the types leave open, in the same snapshot that is copied and before any
//! table is made: is a TINYINT(1) a boolean, does a BIGINT UNSIGNED fit, is a TIME a time of day.
//!
//! What is asked is planned as values, apart from the SQL that asks a server; all questions about
//! one table are one statement, so that it is read once. What the copy sees as it goes (zero dates,
//! U+0000) is asked by a dry run only, and where a policy of nirvana.toml hangs on it: a copy need
//! not read a large table twice.

mod question;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

pub(crate) use self::question::{Asked, BTREE_BYTES, Question, is_text, lost_characters};
use crate::migrate::error::Error;
use crate::migrate::settings::Settings;
use crate::migrate::source::Reader;
use crate::mysql::schema::{Column, Schema, Table};
use crate::mysql::wire::{Connection, TextRow};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Nothing.
    None,
    /// What a type, an index or the reading of a column hangs on.
    Types,
    /// Also what the copy would find.
    Foresight,
}

/// Answers by table, by column or index, and by question; names as the source has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answers(BTreeMap<(String, Asked), Answer>);

impl Answers {
    /// Whether a column's values fit the narrow type.
    pub(crate) fn of(&self, table: &Table, column: &Column) -> Answer {
        self.about(table, &column.name, Question::Fits)
    }

    /// What is known of a column, or of an index.
    pub(crate) fn about(&self, table: &Table, subject: &str, question: Question) -> Answer {
        let asked = Asked { subject: subject.to_owned(), question };
        self.0.get(&(table.name.name.clone(), asked)).copied().unwrap_or_default()
    }

    fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// All that is to be asked of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Questions {
    pub(crate) table: String,
    pub(crate) asked: Vec<Asked>,
    sql: String,
}

/// Asks the open questions, as many at once as there are readers.
pub(crate) async fn answers(
    schema: &Schema,
    readers: &mut [&mut Reader],
    (depth, settings): (Depth, &Settings),
) -> Result<Answers, Error> {
    let questions = Mutex::new(plan(schema, depth, settings));
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

/// The tables that leave something open, and what.
pub(crate) fn plan(schema: &Schema, depth: Depth, settings: &Settings) -> Vec<Questions> {
    let questions = |table| {
        let asked = question::of_table(table, depth, settings);
        let counts = asked.iter().filter_map(|asked| question::sql(table, asked));
        let counts: Vec<String> =
            counts.map(|condition| format!("COUNT(CASE WHEN {condition} THEN 1 END)")).collect();
        let sql = format!("SELECT {} FROM {}", counts.join(", "), table.name.mysql());
        (!asked.is_empty()).then(|| Questions { table: table.name.name.clone(), asked, sql })
    };
    schema.tables.iter().filter_map(questions).collect()
}

/// Puts the questions about one table to the server.
async fn ask(reader: &mut Connection, questions: &Questions) -> Result<Answers, Error> {
    let rows = reader.rows(&questions.sql).await?;
    let mut answers = Answers::default();
    for (index, asked) in questions.asked.iter().enumerate() {
        let values = rows.first().map(|row: &TextRow| row.number(index)).transpose()?.flatten();
        let answer = match values {
            None => Answer::Unknown,
            Some(0) => Answer::Fits,
            Some(values) => Answer::Beyond { values },
        };
        answers.0.insert((questions.table.clone(), asked.clone()), answer);
    }
    Ok(answers)
}
