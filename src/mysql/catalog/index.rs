//! Indexes from `STATISTICS`.

use super::create_table::CreateTable;
use super::rows::{IndexRow, Rows};
use crate::mysql::schema::{Index, IndexKey, IndexKind, IndexPart, Table};
use crate::mysql::token::{Token, tokens};

/// How `MariaDB` ends a period in a system-versioned table.
const ROW_END: &str = "ROW END";

/// The primary key first, then by name.
pub(super) fn indexes(rows: Vec<IndexRow>, create: &CreateTable) -> Vec<Index> {
    let mut indexes: Vec<Index> = Vec::new();
    for row in rows {
        let at = indexes.iter().position(|index| index.name == row.index).unwrap_or_else(|| {
            indexes.push(index(&row, create));
            indexes.len() - 1
        });
        let place = indexes[at].parts.len();
        indexes[at].parts.push(part(row, place, create));
    }
    indexes.sort_by(|a, b| {
        (a.kind != IndexKind::Primary, &a.name).cmp(&(b.kind != IndexKind::Primary, &b.name))
    });
    indexes
}

/// The index that a row belongs to, still without parts.
fn index(row: &IndexRow, create: &CreateTable) -> Index {
    let kind = match row.index_type.as_str() {
        "FULLTEXT" => IndexKind::FullText,
        "SPATIAL" => IndexKind::Spatial,
        "BTREE" | "HASH" | "RTREE" if create.is_without_overlaps(&row.index) => IndexKind::Other,
        // The one index of an ARCHIVE table is SE_SPECIFIC.
        "BTREE" | "HASH" | "SE_SPECIFIC" if row.index == "PRIMARY" => IndexKind::Primary,
        "BTREE" | "HASH" | "SE_SPECIFIC" if row.unique => IndexKind::Unique,
        "BTREE" | "HASH" | "SE_SPECIFIC" => IndexKind::Plain,
        _ => IndexKind::Other,
    };
    Index {
        name: row.index.clone(),
        kind,
        parts: Vec::new(),
        visible: row.visible,
        comment: row.comment.clone(),
    }
}

fn part(row: IndexRow, place: usize, create: &CreateTable) -> IndexPart {
    // A SPATIAL index's part has a length of its own that is no prefix.
    let prefix = row.prefix.filter(|_| row.index_type != "SPATIAL");
    let key = match (row.column, prefix) {
        (Some(column), Some(length)) => IndexKey::Prefix { column, length },
        (Some(column), None) => IndexKey::Column(column),
        (None, _) => {
            let expression = create.index_expression(&row.index, place).map(str::to_owned);
            IndexKey::Expression(expression.or(row.expression).unwrap_or_default())
        }
    };
    IndexPart { key, descending: row.descending }
}

/// The tables where a unique key may be one WITHOUT OVERLAPS: only `SHOW CREATE TABLE` tells, but
/// its period shows as the check `` `start` < `end` ``, and both stand in the key.
pub(super) fn tables_with_periods(rows: &Rows) -> impl Iterator<Item = &str> {
    let periods = rows.checks.iter().filter_map(|check| Some((check, period(&check.expression)?)));
    periods.filter_map(|(check, (start, end))| {
        let in_unique_key = |column: &str| {
            rows.indexes.iter().any(|part| {
                part.unique && part.table == check.table && part.column.as_deref() == Some(column)
            })
        };
        (in_unique_key(&start) && in_unique_key(&end)).then_some(check.table.as_str())
    })
}

/// The two columns of `` `start` < `end` ``.
fn period(expression: &str) -> Option<(String, String)> {
    let words: Vec<Token<'_>> = tokens(expression.as_bytes()).collect();
    match words.as_slice() {
        [Token::Name(start), Token::Symbol(b'<'), Token::Name(end)] => {
            Some((String::from_utf8(start.clone()).ok()?, String::from_utf8(end.clone()).ok()?))
        }
        _ => None,
    }
}

/// `MariaDB` adds the row's end to each unique key of a system-versioned table, so that old rows can
/// stand beside the new one. Among current rows it is always the same, and no part of the key.
pub(super) fn drop_row_end(table: &mut Table) {
    if !table.system_versioned {
        return;
    }
    let is_row_end = |column: &str| {
        table.columns.iter().any(|found| {
            found.name == column
                && found.generated.as_ref().is_some_and(|made| made.expression == ROW_END)
        })
    };
    for index in &mut table.indexes {
        if matches!(index.kind, IndexKind::Primary | IndexKind::Unique) && index.parts.len() > 1 {
            index.parts.retain(|part| match &part.key {
                IndexKey::Column(column) => !is_row_end(column),
                IndexKey::Prefix { .. } | IndexKey::Expression(_) => true,
            });
        }
    }
}
