//! A schema read back from the server: what stands there, as the server itself describes it.

mod differences;
mod existing;
mod question;
#[cfg(test)]
mod round_trip;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use self::differences::{Difference, differences};
pub(crate) use self::existing::{Existing, existing, in_the_way};
use crate::name::TableName;
use crate::postgres::connect::{Session, TextRow};
use crate::postgres::error::Error;

/// All that stands in some schemas, as far as a plan of ours can speak of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) tables: BTreeMap<TableName, FoundTable>,
    /// The labels of each enum type, in order.
    pub(crate) enums: BTreeMap<TableName, Vec<String>>,
    /// Trigger functions.
    pub(crate) functions: BTreeSet<TableName>,
    /// Those that belong to no column and may be read.
    pub(crate) sequences: BTreeMap<TableName, FoundSequence>,
    /// The columns of each view.
    pub(crate) views: BTreeMap<TableName, Vec<String>>,
}

#[derive(Clone, Debug)]
pub(crate) struct FoundSequence {
    pub(crate) start: i128,
    pub(crate) increment: i128,
    pub(crate) minimum: i128,
    pub(crate) maximum: i128,
    pub(crate) cycles: bool,
    /// As with `FoundIdentity`.
    pub(crate) next: i128,
    pub(crate) comment: String,
}

/// How a table is partitioned.
#[derive(Clone, Debug)]
pub(crate) struct FoundPartitioning {
    /// As in SQL, such as `RANGE`.
    pub(crate) strategy: &'static str,
    /// Columns; none for an expression.
    pub(crate) key: Vec<Option<String>>,
    pub(crate) partitions: BTreeSet<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct FoundTable {
    pub(crate) comment: String,
    pub(crate) columns: Vec<FoundColumn>,
    pub(crate) indexes: Vec<FoundIndex>,
    pub(crate) checks: Vec<FoundCheck>,
    pub(crate) foreign_keys: Vec<FoundForeignKey>,
    pub(crate) triggers: Vec<FoundTrigger>,
    pub(crate) partitioning: Option<FoundPartitioning>,
}

#[derive(Clone, Debug)]
pub(crate) struct FoundColumn {
    pub(crate) name: String,
    /// As `format_type` writes it, qualified unless the type is `PostgreSQL`'s own.
    pub(crate) type_text: String,
    /// The type itself.
    pub(crate) type_name: TableName,
    pub(crate) not_null: bool,
    pub(crate) has_default: bool,
    pub(crate) identity: Option<FoundIdentity>,
    /// STORED (true) or VIRTUAL (false).
    pub(crate) generated_stored: Option<bool>,
    pub(crate) comment: String,
    /// If it is not its type's own.
    pub(crate) collation: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct FoundIdentity {
    pub(crate) by_default: bool,
    pub(crate) sequence: TableName,
    /// What the next insert gets; more than the type holds if the sequence is used up.
    pub(crate) next: i128,
}

#[derive(Clone, Debug)]
pub(crate) struct FoundIndex {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) role: FoundRole,
    /// False after a CREATE INDEX CONCURRENTLY that failed.
    pub(crate) valid: bool,
    /// Whether it holds only some rows.
    pub(crate) partial: bool,
    pub(crate) parts: Vec<FoundPart>,
    pub(crate) comment: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FoundRole {
    PrimaryKey,
    UniqueConstraint,
    /// Unique, but owned by no constraint.
    UniqueIndex,
    Plain,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundPart {
    /// None for an expression.
    pub(crate) column: Option<String>,
    pub(crate) order: PartOrder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PartOrder {
    Ascending,
    Descending,
    /// NULLS FIRST or LAST other than the direction has of itself.
    Unusual,
    /// A column of INCLUDE, in no order.
    Included,
}

#[derive(Clone, Debug)]
pub(crate) struct FoundCheck {
    pub(crate) name: String,
    pub(crate) validated: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct FoundForeignKey {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    pub(crate) referenced_table: TableName,
    pub(crate) referenced_columns: Vec<String>,
    pub(crate) on_delete: String,
    pub(crate) on_update: String,
    pub(crate) validated: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct FoundTrigger {
    pub(crate) name: String,
    pub(crate) function: TableName,
    /// Whether it fires in ordinary sessions.
    pub(crate) enabled: bool,
    /// BEFORE UPDATE FOR EACH ROW with a condition, as ours are.
    pub(crate) is_touch: bool,
}

/// How many sequences one statement reads, far below what a statement may lock or nest.
const SEQUENCES_AT_ONCE: usize = 500;

/// Reads all tables of the schemas in a few round trips. Not to be called inside a transaction,
/// whose `search_path` it would change.
pub(crate) async fn read(session: &Session, schemas: &[&str]) -> Result<Found, Error> {
    let mut reader = Reader { address: session.address(), found: Found::default() };
    for row in session.rows(&question::question(schemas)).await? {
        reader.take(&row)?;
    }
    let mut found = reader.found;
    read_next_values(session, &mut found).await?;
    Ok(found)
}

/// A sequence's name, its step, and where its next value goes.
type Asked<'a> = (String, i128, &'a mut i128);

/// The catalog does not tell what a sequence gives next after `setval(…, false)`; the sequence does.
async fn read_next_values(session: &Session, found: &mut Found) -> Result<(), Error> {
    let columns = found.tables.values_mut().flat_map(|table| &mut table.columns);
    let identities = columns.filter_map(|column| column.identity.as_mut());
    let mut asked: Vec<Asked<'_>> =
        identities.map(|one| (one.sequence.postgres(), 1, &mut one.next)).collect();
    let sequences = found.sequences.iter_mut();
    asked.extend(sequences.map(|(name, one)| (name.postgres(), one.increment, &mut one.next)));
    for chunk in asked.chunks_mut(SEQUENCES_AT_ONCE) {
        let questions: Vec<String> = chunk
            .iter()
            .enumerate()
            .map(|(at, (name, ..))| format!("SELECT {at}, last_value, is_called FROM {name}"))
            .collect();
        for row in session.rows(&questions.join(" UNION ALL ")).await? {
            let row = Row { address: session.address(), row: &row };
            let at: usize = row.number(0)?;
            let last: i128 = row.number(1)?;
            let (_, increment, next) =
                chunk.get_mut(at).ok_or_else(|| row.unreadable("a sequence's number"))?;
            **next = if row.flag(2)? { last + *increment } else { last };
        }
    }
    Ok(())
}

/// Sorts the rows of the answer into their tables.
struct Reader<'a> {
    address: &'a str,
    found: Found,
}

impl Reader<'_> {
    /// The rows of tables come before those of what is in them.
    fn take(&mut self, row: &TextRow) -> Result<(), Error> {
        let row = Row { address: self.address, row };
        match row.text(0)? {
            "table" => {
                let comment = row.text_or_empty(3).to_owned();
                let table = FoundTable { comment, ..FoundTable::default() };
                self.found.tables.insert(row.name(1)?, table);
            }
            "enum" => {
                let labels = self.found.enums.entry(row.name(1)?).or_default();
                labels.extend(row.optional(3).map(str::to_owned));
            }
            "function" => {
                self.found.functions.insert(row.name(1)?);
            }
            "sequence" => {
                self.found.sequences.insert(row.name(1)?, sequence(&row)?);
            }
            "view" => {
                self.found.views.insert(row.name(1)?, row.names(3)?);
            }
            "partitions" => {
                let partitioning = partitioning(&row)?;
                self.table(&row)?.partitioning = Some(partitioning);
            }
            "column" => {
                let column = column(&row)?;
                self.table(&row)?.columns.push(column);
            }
            "index" => {
                let part = part(&row);
                let name = row.text(3)?;
                let indexes = &mut self.table(&row)?.indexes;
                match indexes.last_mut().filter(|index| index.name == name) {
                    Some(index) => index.parts.push(part),
                    None => indexes.push(index(&row, part)?),
                }
            }
            "check" => {
                let check = FoundCheck { name: row.text(3)?.to_owned(), validated: row.flag(4)? };
                self.table(&row)?.checks.push(check);
            }
            "foreign key" => {
                let key = foreign_key(&row)?;
                self.table(&row)?.foreign_keys.push(key);
            }
            "trigger" => {
                let trigger = FoundTrigger {
                    name: row.text(3)?.to_owned(),
                    function: row.name(4)?,
                    enabled: row.flag(6)?,
                    is_touch: row.flag(7)?,
                };
                self.table(&row)?.triggers.push(trigger);
            }
            other => return Err(row.unreadable(other)),
        }
        Ok(())
    }

    fn table(&mut self, row: &Row<'_>) -> Result<&mut FoundTable, Error> {
        let name = row.name(1)?;
        let table = self.found.tables.get_mut(&name);
        table.ok_or_else(|| row.unreadable("something of a table that was not listed"))
    }
}

fn column(row: &Row<'_>) -> Result<FoundColumn, Error> {
    let by_default = match row.text_or_empty(9) {
        "" => None,
        kind => Some(kind == "d"),
    };
    let identity = match by_default {
        Some(by_default) => Some(FoundIdentity { by_default, sequence: row.name(11)?, next: 0 }),
        None => None,
    };
    Ok(FoundColumn {
        name: row.text(3)?.to_owned(),
        type_text: row.text(4)?.to_owned(),
        type_name: row.name(5)?,
        not_null: row.flag(7)?,
        has_default: row.flag(8)?,
        identity,
        generated_stored: match row.text_or_empty(10) {
            "" => None,
            kind => Some(kind == "s"),
        },
        comment: row.text_or_empty(13).to_owned(),
        collation: Some(row.text_or_empty(14)).filter(|name| !name.is_empty()).map(str::to_owned),
    })
}

fn sequence(row: &Row<'_>) -> Result<FoundSequence, Error> {
    Ok(FoundSequence {
        start: row.number(3)?,
        increment: row.number(4)?,
        minimum: row.number(5)?,
        maximum: row.number(6)?,
        cycles: row.flag(7)?,
        next: 0,
        comment: row.text_or_empty(8).to_owned(),
    })
}

fn partitioning(row: &Row<'_>) -> Result<FoundPartitioning, Error> {
    let key = row.text(4)?;
    Ok(FoundPartitioning {
        strategy: match row.text(3)? {
            "r" => "RANGE",
            "l" => "LIST",
            "h" => "HASH",
            other => return Err(row.unreadable(other)),
        },
        key: serde_json::from_str(key).map_err(|_| row.unreadable(key))?,
        partitions: row.names(5)?.into_iter().collect(),
    })
}

fn index(row: &Row<'_>, first: FoundPart) -> Result<FoundIndex, Error> {
    Ok(FoundIndex {
        name: row.text(3)?.to_owned(),
        method: row.text(4)?.to_owned(),
        role: match (row.flag(6)?, row.flag(7)?, row.flag(5)?) {
            (true, ..) => FoundRole::PrimaryKey,
            (_, true, _) => FoundRole::UniqueConstraint,
            (_, _, true) => FoundRole::UniqueIndex,
            _ => FoundRole::Plain,
        },
        valid: row.flag(8)?,
        partial: row.flag(9)?,
        comment: row.text_or_empty(10).to_owned(),
        parts: vec![first],
    })
}

/// `pg_index.indoption`: 1 is DESC, 2 is NULLS FIRST, which DESC has of itself.
fn part(row: &Row<'_>) -> FoundPart {
    let order = match row.optional(12) {
        None => PartOrder::Included,
        Some("0") => PartOrder::Ascending,
        Some("3") => PartOrder::Descending,
        Some(_) => PartOrder::Unusual,
    };
    FoundPart { column: row.optional(11).map(str::to_owned), order }
}

fn foreign_key(row: &Row<'_>) -> Result<FoundForeignKey, Error> {
    Ok(FoundForeignKey {
        name: row.text(3)?.to_owned(),
        validated: row.flag(4)?,
        columns: row.names(5)?,
        referenced_table: row.name(6)?,
        referenced_columns: row.names(8)?,
        on_delete: row.action(9)?,
        on_update: row.action(10)?,
    })
}

/// A row of the answer, with a word about what could not be read.
struct Row<'a> {
    address: &'a str,
    row: &'a TextRow,
}

impl<'a> Row<'a> {
    fn optional(&self, at: usize) -> Option<&'a str> {
        self.row.get(at).and_then(Option::as_deref)
    }

    fn text(&self, at: usize) -> Result<&'a str, Error> {
        self.optional(at).ok_or_else(|| self.unreadable("a column is missing"))
    }

    fn text_or_empty(&self, at: usize) -> &'a str {
        self.optional(at).unwrap_or("")
    }

    fn flag(&self, at: usize) -> Result<bool, Error> {
        match self.text(at)? {
            "t" => Ok(true),
            "f" => Ok(false),
            other => Err(self.unreadable(other)),
        }
    }

    fn number<T: std::str::FromStr>(&self, at: usize) -> Result<T, Error> {
        let text = self.text(at)?;
        text.parse().map_err(|_| self.unreadable(text))
    }

    /// A schema and, in the next column, a name in it.
    fn name(&self, at: usize) -> Result<TableName, Error> {
        Ok(TableName::new(self.text(at)?, self.text(at + 1)?))
    }

    /// A JSON array of names.
    fn names(&self, at: usize) -> Result<Vec<String>, Error> {
        let text = self.text(at)?;
        serde_json::from_str(text).map_err(|_| self.unreadable(text))
    }

    /// What a foreign key does, from its letter in `pg_constraint`.
    fn action(&self, at: usize) -> Result<String, Error> {
        let word = match self.text(at)? {
            "a" => "NO ACTION",
            "r" => "RESTRICT",
            "c" => "CASCADE",
            "n" => "SET NULL",
            "d" => "SET DEFAULT",
            other => return Err(self.unreadable(other)),
        };
        Ok(word.to_owned())
    }

    fn unreadable(&self, what: &str) -> Error {
        let row: Vec<&str> = (0..self.row.len()).map(|at| self.text_or_empty(at)).collect();
        let what = format!("{what} in {}", row.join(" | "));
        Error::Unreadable { address: self.address.to_owned(), what }
    }
}
