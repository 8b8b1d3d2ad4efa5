//! Where a dump has the rows of its tables.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::format::Format;
use super::value::Around;
use crate::mysql::schema::{Column, Table};

/// Rows of one table that stand one behind the other in a file.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) file: usize,
    pub(super) from: u64,
    /// The end of the file if it is not known.
    pub(super) to: u64,
    /// As much as it takes in the file, compressed as that may be.
    pub(super) bytes: u64,
    pub(super) rows: u64,
    pub(super) around: Around,
    pub(super) form: RowForm,
    /// The next AUTO_INCREMENT before its first row, if it is counted here.
    pub(super) counts_from: Option<u64>,
}

/// How rows are written.
#[derive(Clone, Debug)]
pub(super) enum RowForm {
    Statements,
    Fields(Arc<Format>),
}

/// The rows of one table.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub(super) pieces: Vec<Piece>,
    /// The columns that statements name, each list once; `None` where they name none.
    pub(super) lists: Vec<Option<Vec<String>>>,
    /// How many values the first row has whose statement names none.
    pub(super) width: usize,
    /// Lists, and places in them, whose value is NULL or DEFAULT in the first rows of a statement near
    /// the beginning.
    pub(super) left: BTreeSet<(usize, usize)>,
}

impl Pieces {
    /// The columns that each kind of statement gives values of: those that it names, or, as far as
    /// its first row tells, those that are visible.
    pub(super) fn given(&self, table: &Table) -> Vec<Vec<String>> {
        let names = |wanted: fn(&&Column) -> bool| -> Vec<String> {
            table.columns.iter().filter(wanted).map(|column| column.name.clone()).collect()
        };
        let visible = names(|column| !column.invisible);
        let plain = names(|column| !column.invisible && column.generated.is_none());
        let unnamed = if [visible.len(), plain.len()].contains(&self.width) {
            visible
        } else {
            names(|_| true)
        };
        self.lists.iter().map(|list| list.clone().unwrap_or_else(|| unnamed.clone())).collect()
    }
}
