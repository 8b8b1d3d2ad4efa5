//! Planned and found, compared: everything missing or different, and nothing else.
//!
//! The server writes expressions in a form of its own, so of a default, a check or an indexed
//! expression only its presence is compared. What was not planned is not looked at, but for the
//! properties of what was: a default nobody planned is a difference, an index nobody planned is not.

use std::fmt;

use super::{
    Found, FoundColumn, FoundForeignKey, FoundIndex, FoundPartitioning, FoundRole, FoundSequence,
    FoundTable, FoundTrigger, PartOrder,
};
use crate::finding::PlaceKind;
use crate::name::TableName;
use crate::postgres::ddl::{self, becomes_constraint, is_descending, method_word};
use crate::postgres::schema::{
    Column, ColumnType, ForeignKey, Index, IndexKey, IndexRole, Partitioning, Schema, Sequence,
    Table,
};

/// One thing that is not as planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) kind: PlaceKind,
    /// The table, view, sequence, type or function.
    pub(crate) object: TableName,
    /// The column, index, key… of the table.
    pub(crate) part: Option<String>,
    pub(crate) planned: String,
    pub(crate) found: String,
}

impl Difference {
    /// Whether rows of the plan may not go in as they are, as a column is missing, of another type,
    /// or takes fewer values.
    pub(crate) fn forbids_rows(&self, planned: &Schema, found: &Found) -> bool {
        if self.kind == PlaceKind::Type {
            return true;
        }
        let table = |one: &&Table| one.name == self.object;
        let columns = planned.tables.iter().find(table).map(|table| table.columns.as_slice());
        let named = |one: &&Column| Some(&one.name) == self.part.as_ref();
        let Some(column) = columns.and_then(|columns| columns.iter().find(named)) else {
            return false;
        };
        let there = found.tables.get(&self.object);
        let there =
            there.and_then(|there| there.columns.iter().find(|one| one.name == column.name));
        self.kind == PlaceKind::Column
            && there.is_none_or(|there| {
                !there.is_of(&column.column_type)
                    || there.not_null && !column.not_null
                    || column.generated.is_some() != there.generated_stored.is_some()
            })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.object)?;
        if let Some(part) = &self.part {
            write!(f, ".{part}")?;
        }
        write!(f, ": planned {}, found {}", self.planned, self.found)
    }
}

const NOTHING: &str = "nothing";

/// Everything of the plan that does not stand in the target as planned.
pub(crate) fn differences(planned: &Schema, found: &Found) -> Vec<Difference> {
    let mut all = Differences::default();
    for kind in &planned.enums {
        let labels = found.enums.get(&kind.name);
        let there = labels.map_or_else(|| NOTHING.to_owned(), |labels| enum_words(labels));
        let place = Place::of(PlaceKind::Type, &kind.name);
        all.compare(&place, enum_words(&kind.labels), there);
    }
    for function in &planned.touch_functions {
        if !found.functions.contains(&function.name) {
            let place = Place::of(PlaceKind::Routine, &function.name);
            all.compare(&place, "a trigger function", NOTHING);
        }
    }
    for table in &planned.tables {
        let place = Place::of(PlaceKind::Table, &table.name);
        match found.tables.get(&table.name) {
            Some(there) => all.table(&place, table, there),
            None => all.compare(&place, "a table", NOTHING),
        }
    }
    for sequence in &planned.sequences {
        let place = Place::of(PlaceKind::Sequence, &sequence.name);
        let there = found.sequences.get(&sequence.name);
        let words = there.map_or(NOTHING.to_owned(), found_sequence_words);
        all.compare(&place, sequence_words(sequence), words);
        if let Some(there) = there {
            all.comments(&place, &sequence.comment, &there.comment);
        }
    }
    for view in &planned.views {
        let place = Place::of(PlaceKind::View, &view.name);
        let words = |columns: &[String]| format!("a view of {}", columns.join(", "));
        let there = found.views.get(&view.name);
        let there = there.map_or(NOTHING.to_owned(), |columns| words(columns));
        all.compare(&place, words(&view.columns), there);
    }
    all.0
}

/// Where a comparison stands.
#[derive(Clone)]
struct Place<'a> {
    kind: PlaceKind,
    object: &'a TableName,
    part: Option<String>,
}

impl<'a> Place<'a> {
    fn of(kind: PlaceKind, object: &'a TableName) -> Self {
        Self { kind, object, part: None }
    }

    fn part(&self, kind: PlaceKind, part: &str) -> Self {
        Self { kind, part: Some(part.to_owned()), ..self.clone() }
    }
}

#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn compare(&mut self, place: &Place<'_>, planned: impl Into<String>, found: impl Into<String>) {
        let (planned, found) = (planned.into(), found.into());
        if planned != found {
            self.0.push(Difference {
                kind: place.kind,
                object: place.object.clone(),
                part: place.part.clone(),
                planned,
                found,
            });
        }
    }

    fn comments(&mut self, place: &Place<'_>, planned: &str, found: &str) {
        let words = |comment: &str| match comment {
            "" => "no comment".to_owned(),
            comment => format!("the comment {comment:?}"),
        };
        self.compare(place, words(planned), words(found));
    }

    fn table(&mut self, place: &Place<'_>, planned: &Table, found: &FoundTable) {
        self.comments(place, &planned.comment, &found.comment);
        self.compare(
            place,
            planned.partitioning.as_ref().map_or(IN_ONE_PIECE.to_owned(), partitioning_words),
            found.partitioning.as_ref().map_or(IN_ONE_PIECE.to_owned(), found_partitioning_words),
        );
        for column in &planned.columns {
            let place = place.part(PlaceKind::Column, &column.name);
            match found.columns.iter().find(|there| there.name == column.name) {
                Some(there) => self.column(&place, column, there),
                None => self.compare(&place, column.column_type.to_string(), NOTHING),
            }
        }
        for index in &planned.indexes {
            let place = place.part(PlaceKind::Index, &index.name);
            let there = found.indexes.iter().find(|there| there.name == index.name);
            self.compare(
                &place,
                index_words(index),
                there.map_or(NOTHING.to_owned(), found_index_words),
            );
            if let Some(there) = there {
                self.comments(&place, &index.comment, &there.comment);
            }
        }
        for check in &planned.checks {
            let place = place.part(PlaceKind::Check, &check.name);
            let there = found.checks.iter().find(|there| there.name == check.name);
            let there = there.map_or(NOTHING, |there| check_words(!there.validated));
            self.compare(&place, check_words(check.not_valid), there);
        }
        for key in &planned.foreign_keys {
            let place = place.part(PlaceKind::ForeignKey, &key.name);
            let there = found.foreign_keys.iter().find(|there| there.name == key.name);
            let there = there.map_or(NOTHING.to_owned(), found_key_words);
            self.compare(&place, key_words(key), there);
        }
        for trigger in &planned.triggers {
            let place = place.part(PlaceKind::Trigger, &trigger.name);
            let there = found.triggers.iter().find(|there| there.name == trigger.name);
            let there = there.map_or(NOTHING.to_owned(), found_trigger_words);
            self.compare(&place, trigger_words(&trigger.function), there);
        }
    }

    fn column(&mut self, place: &Place<'_>, planned: &Column, found: &FoundColumn) {
        if !found.is_of(&planned.column_type) {
            self.compare(place, planned.column_type.to_string(), found.type_text.clone());
        }
        let null = |not_null| if not_null { "NOT NULL" } else { "NULL" };
        self.compare(place, null(planned.not_null), null(found.not_null));
        self.compare(place, value_words(planned), found_value_words(found));
        if let (Some(planned), Some(found)) = (planned.identity, &found.identity) {
            let place = Place { kind: PlaceKind::Sequence, ..place.clone() };
            let next = |next: i128| format!("the next value {next}");
            // What is there may be beyond the source's counter.
            let planned = i128::from(planned.max(1)).max(found.next);
            self.compare(&place, next(planned), next(found.next));
        }
        let collation = |name: Option<&str>| format!("COLLATE {}", name.unwrap_or("default"));
        let wanted = planned.collation.as_ref().map(|name| name.name.as_str());
        self.compare(place, collation(wanted), collation(found.collation.as_deref()));
        self.comments(place, &planned.comment, &found.comment);
    }
}

const IN_ONE_PIECE: &str = "no partitions";

/// Of the partitions only the names: the server writes their bounds in a form of its own.
fn partitioning_words(planned: &Partitioning) -> String {
    let mut names: Vec<&str> = planned.partitions.iter().map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    let (key, names) = (planned.key.join(", "), names.join(", "));
    format!("PARTITION BY {} ({key}) into {names}", planned.strategy.word())
}

fn found_partitioning_words(found: &FoundPartitioning) -> String {
    let key = found.key.iter().map(|column| column.as_deref().unwrap_or("an expression"));
    let key = key.collect::<Vec<_>>().join(", ");
    let names: Vec<&str> = found.partitions.iter().map(String::as_str).collect();
    format!("PARTITION BY {} ({key}) into {}", found.strategy, names.join(", "))
}

fn sequence_words(planned: &Sequence) -> String {
    found_sequence_words(&FoundSequence {
        start: planned.start.into(),
        increment: planned.increment.into(),
        minimum: planned.minimum.into(),
        maximum: planned.maximum.into(),
        cycles: planned.cycles,
        next: ddl::next_of(planned),
        comment: String::new(),
    })
}

fn found_sequence_words(found: &FoundSequence) -> String {
    let FoundSequence { start, increment, minimum, maximum, next, .. } = found;
    let cycle = if found.cycles { ", then again" } else { "" };
    format!(
        "a sequence from {start} by {increment} within {minimum} to {maximum}{cycle}, next {next}"
    )
}

/// Where a column's value comes from if none is given.
fn value_words(column: &Column) -> &'static str {
    match (&column.generated, column.identity, &column.default) {
        (Some(generated), ..) => generated_words(generated.stored),
        (None, Some(_), _) => BY_DEFAULT,
        (None, None, Some(_)) => "a default",
        (None, None, None) => "no default",
    }
}

const BY_DEFAULT: &str = "GENERATED BY DEFAULT AS IDENTITY";

fn generated_words(stored: bool) -> &'static str {
    if stored { "GENERATED ALWAYS … STORED" } else { "GENERATED ALWAYS … VIRTUAL" }
}

fn found_value_words(column: &FoundColumn) -> &'static str {
    match (column.generated_stored, &column.identity, column.has_default) {
        (Some(stored), ..) => generated_words(stored),
        (None, Some(identity), _) if identity.by_default => BY_DEFAULT,
        (None, Some(_), _) => "GENERATED ALWAYS AS IDENTITY",
        (None, None, true) => "a default",
        (None, None, false) => "no default",
    }
}

impl FoundColumn {
    /// Whether it has this type. `PostgreSQL`'s own types are told by their text.
    pub(crate) fn is_of(&self, planned: &ColumnType) -> bool {
        match planned {
            ColumnType::Enum { name } => *name == self.type_name,
            ColumnType::Geometry { schema, .. } | ColumnType::Vector { schema, .. } => {
                let modifier = |text: &str| text.rsplit_once('(').map(|(_, rest)| rest.to_owned());
                let name = if matches!(planned, ColumnType::Vector { .. }) {
                    "vector"
                } else {
                    "geometry"
                };
                self.type_name == TableName::new(schema, name)
                    && modifier(&planned.to_string()) == modifier(&self.type_text)
            }
            own => self.type_name.schema == "pg_catalog" && own.to_string() == self.type_text,
        }
    }
}

fn enum_words(labels: &[String]) -> String {
    format!("an enum of {}", labels.join(", "))
}

/// An index in words that both sides have in common.
fn role_and_parts(role: FoundRole, method: &str, parts: impl Iterator<Item = String>) -> String {
    let kind = match role {
        FoundRole::PrimaryKey => "PRIMARY KEY",
        FoundRole::UniqueConstraint => "UNIQUE constraint",
        FoundRole::UniqueIndex => "UNIQUE index",
        FoundRole::Plain => "index",
    };
    format!("{kind} USING {method} ({})", parts.collect::<Vec<_>>().join(", "))
}

fn part_words(column: Option<&str>, order: PartOrder) -> String {
    let key = column.unwrap_or("an expression");
    match order {
        PartOrder::Ascending => key.to_owned(),
        PartOrder::Descending => format!("{key} DESC"),
        PartOrder::Unusual => format!("{key} with another order of NULLs"),
        PartOrder::Included => format!("INCLUDE {key}"),
    }
}

fn index_words(index: &Index) -> String {
    let parts = index.parts.iter().map(|part| {
        let column = match &part.key {
            IndexKey::Column(name) => Some(name.as_str()),
            IndexKey::Expression(_) => None,
        };
        let descending = is_descending(index, part);
        part_words(column, if descending { PartOrder::Descending } else { PartOrder::Ascending })
    });
    let role = match index.role {
        IndexRole::Primary => FoundRole::PrimaryKey,
        IndexRole::Unique if becomes_constraint(index) => FoundRole::UniqueConstraint,
        IndexRole::Unique => FoundRole::UniqueIndex,
        IndexRole::Plain => FoundRole::Plain,
    };
    role_and_parts(role, method_word(index.method), parts)
}

fn found_index_words(index: &FoundIndex) -> String {
    let parts = index.parts.iter().map(|part| part_words(part.column.as_deref(), part.order));
    let words = role_and_parts(index.role, &index.method, parts);
    let partial = if index.partial { " of some rows only" } else { "" };
    let valid = if index.valid { "" } else { ", not valid" };
    format!("{words}{partial}{valid}")
}

fn check_words(not_valid: bool) -> &'static str {
    if not_valid { "a check NOT VALID" } else { "a check" }
}

fn key_words(key: &ForeignKey) -> String {
    format!(
        "({}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {}",
        key.columns.join(", "),
        key.referenced_table,
        key.referenced_columns.join(", "),
        key.on_delete,
        key.on_update
    )
}

fn found_key_words(key: &FoundForeignKey) -> String {
    let valid = if key.validated { "" } else { " NOT VALID" };
    format!(
        "({}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {}{valid}",
        key.columns.join(", "),
        key.referenced_table,
        key.referenced_columns.join(", "),
        key.on_delete,
        key.on_update
    )
}

fn trigger_words(function: &TableName) -> String {
    format!("a BEFORE UPDATE trigger that runs {function}")
}

fn found_trigger_words(trigger: &FoundTrigger) -> String {
    match (trigger.is_touch, trigger.enabled) {
        (true, true) => trigger_words(&trigger.function),
        (true, false) => format!("{}, disabled", trigger_words(&trigger.function)),
        (false, _) => format!("a trigger of another kind that runs {}", trigger.function),
    }
}

#[cfg(test)]
mod tests {
    use super::FoundColumn;
    use crate::name::TableName;
    use crate::postgres::schema::ColumnType;

    fn found(schema: &str, name: &str, text: &str) -> FoundColumn {
        FoundColumn {
            name: "c".to_owned(),
            type_text: text.to_owned(),
            type_name: TableName::new(schema, name),
            not_null: false,
            has_default: false,
            identity: None,
            generated_stored: None,
            comment: String::new(),
            collation: None,
        }
    }

    #[test]
    fn a_type_of_somebody_else_is_not_the_server_s_own() {
        assert!(found("pg_catalog", "text", "text").is_of(&ColumnType::Text));
        assert!(!found("public", "text", "public.text").is_of(&ColumnType::Text));
    }
}
