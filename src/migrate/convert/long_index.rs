//! Indexes with entries that are too long for a btree, as the scan found: the server would refuse
//! them when all rows are in.

use crate::finding::{Code, Finding, Place};
use crate::migrate::scan::BTREE_BYTES;
use crate::name::postgres_quoted;
use crate::postgres::schema::{
    Column, ColumnType, Index, IndexKey, IndexMethod, IndexPart, IndexRole,
};

/// Bytes of an entry that the parts which are cut share.
const SHARED_BYTES: usize = 2400;

/// A unique index tells rows apart by a hash of what is long; another one on one column becomes a
/// hash index, and one on several has the beginning of each.
pub(super) fn shortened(
    index: Index,
    columns: &[Column],
    (place, rows): (Place, u64),
) -> (Index, Finding) {
    let entries = format!("{rows} rows have entries beyond btree's {BTREE_BYTES} bytes");
    let help = |queries: &str| format!("queries use it when they compare {queries}");
    let told = |message: String, help: String| {
        Finding::warning(Code::IndexChanged, place.clone(), message).help(help)
    };
    match index.role {
        IndexRole::Primary | IndexRole::Unique => {
            let parts = each(&index.parts, columns, &|sql, _| format!("md5({sql})"));
            let primary = index.role == IndexRole::Primary;
            let what = if primary { "no primary key, but unique by md5" } else { "unique by md5" };
            let message = format!("{what} of what is long: {entries}");
            let shown = words(&parts);
            (Index { role: IndexRole::Unique, parts, ..index }, told(message, help(&shown)))
        }
        IndexRole::Plain if index.parts.len() == 1 && is_column(&index.parts[0]) => {
            let parts = vec![IndexPart { descending: false, ..index.parts[0].clone() }];
            let message = format!("a hash index, which knows = alone: {entries}");
            let shown = words(&parts);
            (Index { method: IndexMethod::Hash, parts, ..index }, told(message, help(&shown)))
        }
        IndexRole::Plain => {
            let room = SHARED_BYTES / index.parts.len().max(1);
            let parts = each(&index.parts, columns, &|sql, is_bytes| {
                if is_bytes {
                    format!("substring({sql}, 1, {room})")
                } else {
                    format!("\"left\"({sql}, {})", room / 4)
                }
            });
            let message = format!("on the beginning of what is long: {entries}");
            let shown = words(&parts);
            (Index { parts, ..index }, told(message, help(&shown)))
        }
    }
}

fn is_column(part: &IndexPart) -> bool {
    matches!(part.key, IndexKey::Column(_))
}

fn words(parts: &[IndexPart]) -> String {
    parts.iter().map(IndexPart::sql).collect::<Vec<_>>().join(", ")
}

/// The parts, with what may be long made short; `short` gets its SQL, and whether it is of bytes.
fn each(
    parts: &[IndexPart],
    columns: &[Column],
    short: &dyn Fn(&str, bool) -> String,
) -> Vec<IndexPart> {
    let shortened = |part: &IndexPart| {
        let key = match &part.key {
            IndexKey::Column(name) => {
                let column = columns.iter().find(|column| column.name == *name);
                let kind = column.map(|column| &column.column_type);
                match kind {
                    Some(ColumnType::Text | ColumnType::VarChar { .. }) => {
                        IndexKey::Expression(short(&postgres_quoted(name), false))
                    }
                    Some(ColumnType::Bytea) => {
                        IndexKey::Expression(short(&postgres_quoted(name), true))
                    }
                    _ => part.key.clone(),
                }
            }
            IndexKey::Expression(sql) => {
                IndexKey::Expression(short(sql, sql.starts_with("substring(")))
            }
        };
        IndexPart { key, descending: part.descending }
    };
    parts.iter().map(shortened).collect()
}
