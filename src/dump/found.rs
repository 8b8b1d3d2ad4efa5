//! What is found while the files of a dump are read for the first time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::format::Format;
use super::load_data::LoadData;
use super::remark::Remark;
use super::value::Around;
use crate::mysql::catalog::written::Written;
use crate::mysql::server::Flavour;

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
}

/// All that a dump has of one database.
#[derive(Debug, Default)]
pub(super) struct Database {
    pub(super) written: Written,
    pub(super) pieces: BTreeMap<String, Pieces>,
}

/// Rows in a file of their own, as a statement says.
#[derive(Debug)]
pub(super) struct Loading {
    pub(super) load: LoadData,
    pub(super) around: Around,
    /// Where the statement stands.
    pub(super) path: String,
    pub(super) at: u64,
}

/// What is found while the files are read.
#[derive(Default)]
pub(super) struct Index {
    pub(super) databases: BTreeMap<String, Database>,
    pub(super) remarks: Vec<Remark>,
    pub(super) flavour: Option<Flavour>,
    /// `8.0.36`, as the dump tells it.
    pub(super) version: Option<String>,
    /// Where in the binary log it was taken.
    pub(super) position: Option<String>,
    pub(super) loads: Vec<Loading>,
    /// Whether it was made with rows, as its tool tells of tables without any, too.
    pub(super) with_rows: bool,
    /// Whether mysqldump or mariadb-dump has written it, as it says itself.
    pub(super) by_tool: bool,
    /// Whether a file would tell if it were cut off.
    pub(super) is_end_told: bool,
    /// Whether the server itself has written the rows: SELECT … INTO OUTFILE.
    pub(super) by_server: bool,
    /// Charsets of rows that do not hold every letter.
    pub(super) narrow: BTreeSet<String>,
    /// How many pieces there are of all tables.
    pub(super) total: usize,
}

impl Index {
    pub(super) fn database(&mut self, name: &str) -> &mut Database {
        self.databases.entry(name.to_owned()).or_default()
    }
}
