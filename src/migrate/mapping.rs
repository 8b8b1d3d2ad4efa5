//! What pairs with what: one source table and its target, column by column. Copy and verify
//! read nothing else.

use crate::migrate::transcode::Transcoder;
use crate::name::{TableName, mysql_quoted, postgres_quoted};

/// One table to move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableMapping {
    pub(crate) source: TableName,
    pub(crate) target: TableName,
    /// The copied columns first, in table order; then those that are only proven.
    pub(crate) columns: Vec<ColumnMapping>,
    /// How many of `columns`, from the first, are copied.
    pub(crate) copied: usize,
    /// By the source's statistics.
    pub(crate) rows_estimate: u64,
    pub(crate) bytes_estimate: u64,
}

/// One column and its counterpart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnMapping {
    pub(crate) source: String,
    pub(crate) target: String,
    pub(crate) transcoder: Transcoder,
}

impl TableMapping {
    /// All columns of all rows, in whatever order the source has them.
    pub(crate) fn select(&self) -> String {
        let columns = list(&self.columns, |column| mysql_quoted(&column.source));
        // A row of a table without columns to read still counts.
        let columns = if columns.is_empty() { "1".to_owned() } else { columns };
        format!("SELECT {columns} FROM {}", self.source.mysql())
    }

    /// The statement that takes the copied columns. FREEZE wants the table to have been made or
    /// emptied in the same transaction.
    pub(crate) fn copy_in(&self) -> String {
        let columns = list(&self.columns[..self.copied], |column| postgres_quoted(&column.target));
        let table = self.target.postgres();
        format!("COPY {table} ({columns}) FROM STDIN (FORMAT binary, FREEZE)")
    }

    /// The statement that gives back all columns, the generated ones too.
    pub(crate) fn copy_out(&self) -> String {
        let columns = list(&self.columns, |column| postgres_quoted(&column.target));
        format!("COPY (SELECT {columns} FROM {}) TO STDOUT (FORMAT binary)", self.target.postgres())
    }
}

fn list(columns: &[ColumnMapping], quoted: impl Fn(&ColumnMapping) -> String) -> String {
    columns.iter().map(quoted).collect::<Vec<_>>().join(", ")
}
