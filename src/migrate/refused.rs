//! What the target refuses to make, found by making it once in a transaction that is undone: so that a
//! bad default, a generated column, a partition or a table never stops another.

use serde::{Deserialize, Serialize};

use crate::finding::{Code, Finding, Place};
use crate::mysql::schema::{Schema, Table};

/// One thing that the target refuses, and its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// As the source names it, with its database.
    pub(crate) table: String,
    pub(crate) part: Part,
    pub(crate) words: String,
}

/// What of a table; columns as the source names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    Default(String),
    Generated(String),
    Partitions,
}

/// The words of the target for a part, if it refuses it.
pub(crate) fn words<'a>(refused: &'a [Refused], table: &Table, part: &Part) -> Option<&'a str> {
    let named = |one: &&Refused| one.table == table.name.to_string() && one.part == *part;
    refused.iter().find(named).map(|one| one.words.as_str())
}

/// The schema without the tables that are refused; `None` if there are none.
pub(crate) fn without(
    schema: &Schema,
    refused: &[Refused],
    found: &mut Vec<Finding>,
) -> Option<Schema> {
    let is_refused = |table: &Table| words(refused, table, &Part::Whole);
    if !schema.tables.iter().any(|table| is_refused(table).is_some()) {
        return None;
    }
    let mut kept = schema.clone();
    kept.tables.retain(|table| is_refused(table).is_none());
    for table in &schema.tables {
        if let Some(words) = is_refused(table) {
            let message = format!("not made, and so not copied: the target refuses it: {words}");
            let help = "a rule for its columns in [migrate.columns] of nirvana.toml may give them other \
                        types";
            let place = Place::table(&table.name);
            found.push(Finding::error(Code::TableNotCopied, place, message).help(help));
        }
    }
    Some(kept)
}
