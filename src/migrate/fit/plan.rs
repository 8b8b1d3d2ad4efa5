//! What is done to a schema that stands, besides filling it.

use crate::migrate::mapping::TableMapping;
use crate::name::{TableName, postgres_quoted};
use crate::postgres::journal::Kept;
use crate::postgres::schema::ForeignKey;
use crate::postgres::standing::{StandingKey, StandingTrigger};

/// What is done to the schema besides filling it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fit {
    /// The target's schemas.
    pub(crate) schemas: Vec<String>,
    /// Foreign keys that are taken away and made again: those of the tables that are filled, and
    /// those that refer to them.
    pub(crate) keys: Vec<StandingKey>,
    /// Triggers that are disabled and enabled again.
    pub(crate) triggers: Vec<StandingTrigger>,
    /// Tables that are emptied first.
    pub(crate) emptied: Vec<TableName>,
    /// Tables whose rows stay, and get others beside them.
    pub(crate) appended: Vec<TableName>,
    /// What is no table and stands in a schema that is otherwise made.
    pub(crate) kept: Vec<Kept>,
    /// What stays behind, as was accepted.
    pub(super) left: Vec<Left>,
    /// Of each mapping the columns that take numbers from a sequence.
    pub(crate) counters: Vec<Vec<Counter>>,
}

/// Of one table of the source, what has no place in the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) table: TableName,
    /// The table as a whole if none is named.
    pub(super) columns: Vec<String>,
}

/// A column that takes its numbers from a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counter {
    pub(crate) table: TableName,
    pub(crate) column: String,
    pub(crate) sequence: TableName,
    /// The last number that the source has given; 0 if it has none or keeps no count.
    pub(crate) last: u64,
}

pub(super) fn planned(key: &StandingKey) -> ForeignKey {
    ForeignKey {
        name: key.name.clone(),
        columns: key.columns.clone(),
        referenced_table: key.referenced.clone(),
        referenced_columns: key.referenced_columns.clone(),
        on_delete: String::new(),
        on_update: String::new(),
    }
}

impl Fit {
    /// Keys of tables that are not filled, which no task of a table's own brings back.
    pub(crate) fn keys_of_others<'a>(
        &'a self,
        mappings: &'a [TableMapping],
    ) -> impl Iterator<Item = (&'a StandingKey, ForeignKey)> {
        let is_filled = |table: &TableName| mappings.iter().any(|one| one.target == *table);
        let keys = self.keys.iter().filter(move |key| !is_filled(&key.table));
        keys.map(|key| (key, planned(key)))
    }

    /// Whether something is to be brought back.
    pub(crate) fn sets_aside(&self) -> bool {
        !(self.keys.is_empty() && self.triggers.is_empty())
    }

    /// What a run executes besides moving rows, in order.
    pub(crate) fn statements(&self) -> Vec<String> {
        let mut statements = self.disturb();
        statements.extend(self.counters.iter().flatten().map(Counter::set));
        statements.extend(self.keys.iter().map(StandingKey::add));
        let validate = |key: &StandingKey| {
            let (table, name) = (key.table.postgres(), postgres_quoted(&key.name));
            format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
        };
        statements.extend(self.keys.iter().map(validate));
        statements.extend(self.triggers.iter().map(StandingTrigger::restore));
        statements
    }
}
