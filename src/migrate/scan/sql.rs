//! A question as the source's SQL has it, and the words that questions share.

use crate::mysql::schema::ColumnType;

/// A question in the source's SQL.
pub(super) enum Sql {
    /// The condition that rows meet which count.
    Rows(String),
    /// What gives the number itself.
    Count(String),
}

pub(crate) fn is_text(column: &ColumnType) -> bool {
    matches!(column, ColumnType::Char { .. } | ColumnType::VarChar { .. } | ColumnType::Text)
}

pub(super) fn utf8(name: &str) -> String {
    format!("CONVERT({name} USING utf8mb4)")
}

pub(super) fn utf8_bytes(name: &str) -> String {
    format!("CAST({} AS BINARY)", utf8(name))
}
