//! Primary keys, unique keys and indexes.

use super::long_index;
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::convert::expression::{Scope, translate};
use crate::migrate::convert::names::{Names, fitted};
use crate::migrate::scan::{Answer, Answers, Question};
use crate::mysql::schema::{Column as SourceColumn, Table};
use crate::mysql::schema::{ColumnType, Index as SourceIndex, IndexKey as SourceKey, IndexKind};
use crate::name::postgres_quoted;
use crate::postgres::schema::{
    Column, ColumnType as TargetType, Index, IndexKey, IndexMethod, IndexPart, IndexRole,
};

/// `to_tsvector`'s configuration: words as they are, for no language in particular.
const TEXT_SEARCH: &str = "simple";

/// The target's form of one index, or `None` with a finding where there is none.
pub(super) fn index(
    (table, source, answers): (&Table, &SourceIndex, &Answers),
    columns: &[Column],
    scope: &Scope<'_>,
    found: &mut Vec<Finding>,
) -> Option<Index> {
    let place = || Place::part(PlaceKind::Index, &table.name, &source.name);
    let method = match source.kind {
        IndexKind::Primary | IndexKind::Unique | IndexKind::Plain => IndexMethod::BTree,
        IndexKind::FullText => IndexMethod::Gin,
        IndexKind::Spatial if is_spatial(table, source, columns) => IndexMethod::Gist,
        IndexKind::Spatial | IndexKind::Other => {
            let message = "an index of this kind is not carried yet";
            found.push(Finding::warning(Code::NotCarried, place(), message));
            return None;
        }
    };
    let parts = match method {
        IndexMethod::Gin => vec![full_text(table, source, columns)],
        IndexMethod::Gist => spatial_parts(table, source, columns),
        IndexMethod::Hash | IndexMethod::BTree => source
            .parts
            .iter()
            .map(|part| {
                let key = key((table, columns), &part.key, scope, (&place, found))?;
                Some(IndexPart { key, descending: part.descending })
            })
            .collect::<Option<Vec<_>>>()?,
    };
    remarks(table, source, answers, found);
    let whole = parts.iter().all(|part| matches!(part.key, IndexKey::Column(_)));
    if source.kind == IndexKind::Primary && !whole {
        let message = "no primary key, but a unique index: in PostgreSQL a key is of whole columns";
        found.push(Finding::warning(Code::IndexChanged, place(), message));
    }
    let index = Index {
        name: String::new(),
        role: match source.kind {
            IndexKind::Primary if whole => IndexRole::Primary,
            IndexKind::Primary => IndexRole::Unique,
            IndexKind::Unique => IndexRole::Unique,
            IndexKind::Plain | IndexKind::FullText | IndexKind::Spatial | IndexKind::Other => {
                IndexRole::Plain
            }
        },
        method,
        parts,
        comment: source.comment.clone(),
    };
    let long_entries = answers.about(table, &source.name, Question::LongEntries).values();
    if long_entries == 0 {
        return Some(index);
    }
    let (index, finding) = long_index::shortened(index, columns, (place(), long_entries));
    found.push(finding);
    Some(index)
}

/// The target's name of a column.
fn named(table: &Table, columns: &[Column], name: &str) -> String {
    let at = table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
    let target = at.and_then(|at| columns.get(at));
    target.map_or_else(|| fitted(name), |column| column.name.clone())
}

/// The columns of a SPATIAL index: `MySQL` tells a prefix of them, which means nothing.
fn spatial_columns<'a>(
    table: &'a Table,
    source: &'a SourceIndex,
    columns: &'a [Column],
) -> impl Iterator<Item = String> {
    source.parts.iter().filter_map(move |part| match &part.key {
        SourceKey::Column(name) | SourceKey::Prefix { column: name, .. } => {
            Some(named(table, columns, name))
        }
        SourceKey::Expression(_) => None,
    })
}

/// Whether its columns are of `PostGIS`'s type.
fn is_spatial(table: &Table, source: &SourceIndex, columns: &[Column]) -> bool {
    spatial_columns(table, source, columns).all(|name| {
        let mut named = columns.iter().filter(|column| column.name == name);
        named.any(|column| matches!(column.column_type, TargetType::Geometry { .. }))
    })
}

fn spatial_parts(table: &Table, source: &SourceIndex, columns: &[Column]) -> Vec<IndexPart> {
    let part = |name| IndexPart { key: IndexKey::Column(name), descending: false };
    spatial_columns(table, source, columns).map(part).collect()
}

/// The name that an index wants: its own; a primary key's is the one `PostgreSQL` would give.
pub(super) fn wanted_name(table: &Table, source: &SourceIndex) -> String {
    match source.kind {
        IndexKind::Primary => format!("{}_pkey", table.name.name),
        _ => source.name.clone(),
    }
}

/// Gives the index its name, and says so if it is not the old one.
pub(super) fn name(
    (names, told): (&mut Names, Option<&str>),
    table: &Table,
    source: &SourceIndex,
    found: &mut Vec<Finding>,
) -> String {
    let wanted = wanted_name(table, source);
    let name = names.claim_as(told, &wanted, &table.name.name);
    if told.is_none() && name != names.identifiers.name(&wanted) {
        let place = Place::part(PlaceKind::Index, &table.name, &source.name);
        let message = format!("named {name}: index names are unique per schema in PostgreSQL");
        found.push(Finding::note(Code::Renamed, place, message));
    }
    name
}

fn key(
    (table, columns): (&Table, &[Column]),
    key: &SourceKey,
    scope: &Scope<'_>,
    (place, found): (&dyn Fn() -> Place, &mut Vec<Finding>),
) -> Option<IndexKey> {
    match key {
        SourceKey::Column(column) => Some(IndexKey::Column(named(table, columns, column))),
        SourceKey::Prefix { column, length } => {
            let quoted = postgres_quoted(&named(table, columns, column));
            let binary = table.column(column).is_some_and(|column| is_binary(&column.column_type));
            let (sql, unit) = if binary {
                (format!("substring({quoted}, 1, {length})"), "bytes")
            } else {
                (format!("\"left\"({quoted}, {length})"), "characters")
            };
            let message = format!("an expression index on the first {length} {unit} of {column}");
            let help = format!("queries use it when they compare {sql}");
            found.push(Finding::note(Code::IndexChanged, place(), message).help(help));
            Some(IndexKey::Expression(sql))
        }
        SourceKey::Expression(expression) => match translate(expression, scope) {
            Ok(translated) if translated.immutable => Some(IndexKey::Expression(translated.sql)),
            Ok(_not_immutable) => {
                let message = "left out: in PostgreSQL its expression may change with the session";
                let help = format!("the expression: {expression}");
                let code = Code::ExpressionNotTranslated;
                found.push(Finding::warning(code, place(), message).help(help));
                None
            }
            Err(error) => {
                let message = format!("left out: {error}");
                let help = format!("the expression: {expression}");
                let code = Code::ExpressionNotTranslated;
                found.push(Finding::warning(code, place(), message).help(help));
                None
            }
        },
    }
}

fn is_binary(column_type: &ColumnType) -> bool {
    matches!(
        column_type,
        ColumnType::Binary { .. } | ColumnType::VarBinary { .. } | ColumnType::Blob
    )
}

/// All columns of a FULLTEXT index as one document; a NULL is an empty text there.
fn full_text(table: &Table, source: &SourceIndex, columns: &[Column]) -> IndexPart {
    let nullable = |name: &str| {
        columns.iter().any(|column| column.name == name && !column.not_null)
            || columns.iter().all(|column| column.name != name)
    };
    let mut texts = Vec::new();
    for part in &source.parts {
        if let SourceKey::Column(name) | SourceKey::Prefix { column: name, .. } = &part.key {
            let name = named(table, columns, name);
            let quoted = postgres_quoted(&name);
            texts.push(if nullable(&name) { format!("COALESCE({quoted}, '')") } else { quoted });
        }
    }
    let document = texts.join(" || ' ' || ");
    let key = IndexKey::Expression(format!("to_tsvector('{TEXT_SEARCH}'::regconfig, {document})"));
    IndexPart { key, descending: false }
}

/// What a reader should know of an index that is carried.
fn remarks(table: &Table, source: &SourceIndex, answers: &Answers, found: &mut Vec<Finding>) {
    let place = || Place::part(PlaceKind::Index, &table.name, &source.name);
    if source.kind == IndexKind::FullText {
        let message = "a GIN index on to_tsvector('simple', …): MATCH … AGAINST becomes @@";
        found.push(Finding::note(Code::IndexChanged, place(), message));
    }
    if !source.visible {
        let message = "invisible in MySQL; PostgreSQL's planner sees every index";
        found.push(Finding::note(Code::IndexChanged, place(), message));
    }
    let insensitive: Vec<&SourceColumn> = source
        .parts
        .iter()
        .filter_map(|part| match &part.key {
            SourceKey::Column(column) | SourceKey::Prefix { column, .. } => table.column(column),
            SourceKey::Expression(_) => None,
        })
        .filter(|column| column.collation.as_ref().is_some_and(|c| c.is_case_insensitive()))
        .collect();
    if insensitive.is_empty() || source.kind == IndexKind::FullText {
        return;
    }
    found.push(if matches!(source.kind, IndexKind::Primary | IndexKind::Unique) {
        newly_unique(table, &insensitive, answers, place())
    } else {
        let message = format!("compares {} with regard to case", names(&insensitive));
        Finding::note(Code::CollationLost, place(), message)
    });
}

fn names(columns: &[&SourceColumn]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.join(", ")
}

/// A unique key that tells apart what the source does not. What is there is unique either way. It
/// is no weaker as far as the data tells where each column is written in one case: whoever writes it
/// sees to that.
fn newly_unique(
    table: &Table,
    columns: &[&SourceColumn],
    answers: &Answers,
    place: Place,
) -> Finding {
    let about = |column: &&SourceColumn, question| answers.about(table, &column.name, question);
    let of = |question| columns.iter().map(move |column| about(column, question));
    let is_known =
        of(Question::Capitals).chain(of(Question::SmallLetters)).all(|a| a != Answer::Unknown);
    let in_one_case = |column: &&SourceColumn| {
        about(column, Question::Capitals) == Answer::Fits
            || about(column, Question::SmallLetters) == Answer::Fits
    };
    let message = format!("would newly allow 'Foo' beside 'foo' in {}", names(columns));
    let help = "if the application relies on it: collation = \"ci\", a unique index on lower(…), or citext";
    if !is_known {
        return Finding::warning(Code::CollationLost, place, message).help(help);
    }
    let mixed: Vec<&SourceColumn> =
        columns.iter().filter(|column| !in_one_case(column)).copied().collect();
    if mixed.is_empty() {
        let message = format!("{message}; all that is there is written in one case");
        return Finding::note(Code::CollationLost, place, message).help(help);
    }
    let counts: Vec<String> = mixed
        .iter()
        .map(|column| {
            let values = about(column, Question::Capitals).values();
            format!("{}: {values}", column.name)
        })
        .collect();
    let message = format!(
        "{message}: values with capitals ({}) are no longer found in other case; no two that are there \
             collide",
        counts.join(", ")
    );
    Finding::warning(Code::CollationLost, place, message).help(help)
}
