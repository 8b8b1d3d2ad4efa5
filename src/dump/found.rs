//! What is found while the files of a dump are read for the first time.

use std::collections::{BTreeMap, BTreeSet};

use super::load_data::LoadData;
use super::piece::Pieces;
use super::remark::Remark;
use super::value::Around;
use crate::mysql::catalog::written::Written;
use crate::mysql::server::Flavour;

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
#[expect(clippy::struct_excessive_bools, reason = "each is told by a line of its own")]
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
