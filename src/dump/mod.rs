//! All that knows dumps: files that stand in for a server of `MySQL` or `MariaDB`.
//!
//! A dump is read twice or more. The first look (`index`) reads all of it once, keeps what it makes,
//! and of its rows no more than where they stand. After that any number of readers read any of its
//! pieces (`rows`) and hand out rows in the form of the binary protocol, so that all that reads
//! rows of a server reads these too. Memory hangs on the longest row and not on the dump.
//!
//! What a dump does not tell, and a server would: the types of views' columns, the values of
//! generated columns, and FLOATs beyond the six digits that are printed of them.

mod ansi;
mod charset;
mod counted;
mod ending;
mod error;
mod fields;
mod file;
mod folder;
mod foreign;
mod format;
mod found;
mod header;
#[cfg(test)]
mod hostile;
mod index;
mod lines;
mod literal;
mod load_data;
mod made;
mod moment;
mod piece;
mod remark;
mod rows;
mod scanner;
mod sequences;
mod session;
mod slot;
mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use error::Error;
pub(crate) use remark::Remark;
pub(crate) use rows::Rows;

use counted::Counter;
use file::File;
use found::{Index, Loading};
use piece::Pieces;
use scanner::DELIMITER;
use session::Session;
use slot::Slots;
use value::{Around, Decoder};

use crate::mysql::catalog::written;
use crate::mysql::schema::{Column, ColumnType, Schema, Table};
use crate::mysql::server::Flavour;
use crate::name::TableName;

/// A dump as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) place: Place,
    /// Which of its databases, if it has several; the only one of users, if none is named.
    pub(crate) databases: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    StandardInput,
    Path(PathBuf),
}

impl Options {
    /// What was typed; the databases are added if they were.
    pub(crate) fn address(&self) -> String {
        let place = match &self.place {
            Place::StandardInput => "-".to_owned(),
            Place::Path(path) => path.display().to_string(),
        };
        match self.databases.join(",") {
            databases if databases.is_empty() => place,
            databases => format!("{place}#{databases}"),
        }
    }
}

/// A dump that was looked at once, and those of its databases that are meant.
#[derive(Debug)]
pub(crate) struct Dump {
    files: Vec<File>,
    pub(crate) schema: Schema,
    /// Of what server it says it is.
    pub(crate) server: String,
    /// Where in the binary log it was taken, if it tells that.
    pub(crate) position: Option<String>,
    pub(crate) remarks: Vec<Remark>,
    by_server: bool,
    pieces: BTreeMap<TableName, Pieces>,
}

impl Dump {
    /// Looks at all of it; waits for the disk, and takes a processor's time.
    pub(crate) fn open(options: &Options) -> Result<Arc<Self>, Error> {
        let mut index = Index::default();
        let files = match &options.place {
            Place::Path(path) if path.is_dir() => folder::read(path, &mut index)?,
            Place::Path(path) => vec![alone(File::open_alone(path)?, &stem(path), &mut index)?],
            Place::StandardInput => {
                vec![alone(File::standard_input()?, "dump", &mut index)?]
            }
        };
        // A folder has taken its own.
        if let Some(Loading { path, at, .. }) = index.loads.first() {
            let what = "rows that stand in another file: name the folder that both are in";
            let (path, what) = (path.clone(), what.to_owned());
            return Err(Error::Unreadable { path, at: *at, what });
        }
        let path = options.address();
        let names = chosen(&index, &options.databases, &path)?;
        Self::of(files, (index, &names), &path)
    }

    /// Some databases of what was found.
    fn of(
        files: Vec<File>,
        (mut index, names): (Index, &[String]),
        path: &str,
    ) -> Result<Arc<Self>, Error> {
        let mut databases = std::mem::take(&mut index.databases);
        databases.retain(|name, _| names.contains(name));
        for database in databases.values_mut() {
            for table in &mut database.written.tables {
                if let Some(found) = database.pieces.get(&table.name) {
                    table.rows = found.pieces.iter().map(|piece| piece.rows).sum();
                    table.bytes = found.pieces.iter().map(|piece| piece.bytes).sum();
                }
            }
        }
        let flavour = index.flavour.unwrap_or(Flavour::MySql);
        let tables = databases.values().flat_map(|database| &database.written.tables);
        let (has_tables, has_options) =
            (tables.clone().next().is_some(), tables.clone().any(|t| t.has_options()));
        if has_tables && index.by_tool && !has_options {
            index.remarks.push(Remark::NoOptions { path: path.to_owned() });
        }
        if has_tables && !index.is_end_told {
            index.remarks.push(Remark::EndUntold { path: path.to_owned() });
        }
        let narrow = std::mem::take(&mut index.narrow).into_iter();
        index.remarks.extend(narrow.map(|charset| Remark::Narrow { charset }));
        let has_rows = databases.values().any(|database| !database.pieces.is_empty());
        if has_tables && !has_rows && !index.with_rows {
            index.remarks.push(Remark::NoRows { path: path.to_owned() });
        }
        let sequences = databases.iter().flat_map(|(name, database)| {
            let tables = database.written.tables.iter().filter(|table| table.is_sequence());
            tables.map(move |table| TableName::new(name, &table.name))
        });
        let sequences: Vec<TableName> = sequences.collect();
        let schema = written::schema(databases.iter().map(|(n, one)| (n, &one.written)), flavour);
        let pieces = databases.into_iter().flat_map(|(name, database)| {
            let pieces = database.pieces.into_iter();
            pieces.map(move |(table, found)| (TableName::new(&name, table), found))
        });
        let dump = Self {
            files,
            schema,
            server: server(flavour, index.version.as_deref()),
            position: index.position,
            remarks: index.remarks,
            by_server: index.by_server,
            pieces: pieces.collect(),
        };
        let dump = sequences::take(dump, &sequences)?;
        Ok(Arc::new(counted::number(dump)?))
    }

    /// Nobody else reads it any more.
    fn alone(self: Arc<Self>) -> Result<Self, Error> {
        Arc::into_inner(self).ok_or_else(|| Error::Panicked("somebody still reads".to_owned()))
    }

    /// Tables that have rows here and no CREATE TABLE.
    pub(crate) fn without_form(&self) -> Vec<&TableName> {
        let has = |name: &TableName| self.schema.tables.iter().any(|table| table.name == *name);
        self.pieces.keys().filter(|name| !has(name)).collect()
    }

    /// The columns of a table whose values the dump does not have: generated ones, which dump tools
    /// leave out.
    pub(crate) fn absent(&self, table: &Table) -> Vec<String> {
        let lists = self.pieces.get(&table.name).map(|found| found.lists.as_slice());
        let is_absent = |column: &&Column| {
            let listed = |list: &Option<Vec<String>>| {
                list.as_ref().is_some_and(|list| list.contains(&column.name))
            };
            // A statement without a list may have them or not: no tool of today writes them.
            column.generated.is_some()
                && !lists.is_some_and(|lists| lists.iter().all(listed) && !lists.is_empty())
        };
        table.columns.iter().filter(is_absent).map(|column| column.name.clone()).collect()
    }

    /// The column of a table whose values are counted here, as the rows leave them to the server.
    pub(crate) fn counted<'t>(&self, table: &'t Table) -> Option<&'t Column> {
        counted::column(table, self.pieces.get(&table.name)?)
    }

    /// The same of a table by its name.
    pub(crate) fn absent_of(&self, table: &TableName) -> Vec<String> {
        let table = self.schema.tables.iter().find(|found| found.name == *table);
        table.map(|table| self.absent(table)).unwrap_or_default()
    }

    /// The columns of a table that statements leave out, though only a server could tell their
    /// values, with why.
    pub(crate) fn unknown(&self, table: &Table) -> Vec<(String, String)> {
        let Some(found) = self.pieces.get(&table.name) else { return Vec::new() };
        let around = found.pieces.first().map_or(Around::utf8(), |piece| piece.around);
        let lists = found.given(table).into_iter();
        let mut all: Vec<_> = lists.flat_map(|list| slot::unknown(table, &list, around)).collect();
        let counted = self.counted(table).map(|column| &column.name);
        all.retain(|(column, _)| Some(column) != counted);
        all.sort();
        all.dedup();
        all
    }

    /// The columns of a table that no statement gives a value of, and the server does not compute.
    pub(crate) fn left_out<'t>(&self, table: &'t Table) -> Vec<&'t Column> {
        let lists = self.pieces.get(&table.name).map(|found| found.given(table));
        let Some(lists) = lists.filter(|lists| !lists.is_empty()) else { return Vec::new() };
        let is_left = |column: &&Column| {
            column.generated.is_none() && !lists.iter().any(|list| slot::lists(list, column))
        };
        table.columns.iter().filter(is_left).collect()
    }

    /// The first column of a table whose bytes the server has written without their escapes, so
    /// that nobody can tell them from those of the file.
    pub(crate) fn blurred<'t>(&self, table: &'t Table) -> Option<&'t Column> {
        const CHARSETS: [&str; 9] =
            ["gbk", "gb18030", "big5", "sjis", "cp932", "ucs2", "utf16", "utf16le", "utf32"];
        let is_blurred = |column: &&Column| match (&column.collation, &column.column_type) {
            (_, ColumnType::Bit { bits }) => *bits > 8,
            (Some(collation), _) => CHARSETS.contains(&collation.charset.as_str()),
            (None, _) => false,
        };
        let has_rows = self.by_server && self.pieces.contains_key(&table.name);
        table.columns.iter().find(is_blurred).filter(|_| has_rows)
    }

    /// Bytes of text in each piece of a table's rows, in their order.
    pub(crate) fn pieces(&self, table: &TableName) -> Vec<u64> {
        let found = self.pieces.get(table).map(|found| found.pieces.as_slice());
        found.unwrap_or_default().iter().map(|piece| piece.bytes).collect()
    }

    /// The rows of some pieces of a table, from the first of them and before the last, with these
    /// columns.
    pub(crate) fn rows(
        self: &Arc<Self>,
        table: &TableName,
        columns: &[String],
        (from, to): (Option<u64>, Option<u64>),
    ) -> Result<Rows, Error> {
        let unknown = || Error::NoTable { name: table.name.clone() };
        let found = self.schema.tables.iter().find(|found| found.name == *table);
        let found = found.ok_or_else(unknown)?;
        let pieces =
            self.pieces.get(table).map(|found| found.pieces.as_slice()).unwrap_or_default();
        let mut decoders = Vec::with_capacity(columns.len());
        for name in columns {
            let column = found.column(name).ok_or_else(unknown)?;
            decoders.push(Decoder::new(column).map_err(|what| Error::Value {
                path: self.files.first().map(|file| file.path.clone()).unwrap_or_default(),
                at: 0,
                column: name.clone(),
                what,
            })?);
        }
        let count = pieces.len() as u64;
        let (from, to) = (from.unwrap_or(0).min(count), to.unwrap_or(count).min(count));
        let pieces = pieces.get(from as usize..to as usize).unwrap_or_default();
        let around = pieces.first().map_or(Around::utf8(), |piece| piece.around);
        let slots = Slots::new(found, columns, &decoders, around);
        let is_counted = |name: &String| found.column(name).is_some_and(|one| one.auto_increment);
        let counter = columns.iter().position(is_counted).and_then(|at| {
            Counter::new(at, &decoders[at], pieces.first().and_then(|piece| piece.counts_from))
        });
        Ok(Rows::new(self, (slots, decoders, counter), pieces.to_vec()))
    }
}

/// `MySQL 8.0.36`
fn server(flavour: Flavour, version: Option<&str>) -> String {
    let name = match flavour {
        Flavour::MySql => "MySQL",
        Flavour::MariaDb => "MariaDB",
    };
    version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}"))
}

/// Looks at a dump of one file.
fn alone(file: File, database: &str, index: &mut Index) -> Result<File, Error> {
    index.read((0, &file), database, Session::new(), DELIMITER)?;
    Ok(file)
}

/// `backup/shop.sql.gz` → `shop`
fn stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("dump").to_owned()
}

/// The servers' own databases, which a dump of all databases has too.
const SYSTEM: [&str; 4] = ["mysql", "sys", "information_schema", "performance_schema"];

/// The databases that are meant: those that are named, or the only one.
fn chosen(index: &Index, wanted: &[String], path: &str) -> Result<Vec<String>, Error> {
    let has_something = |name: &&String| {
        let found = &index.databases[*name];
        let written = &found.written;
        !(written.tables.is_empty() && written.views.is_empty() && found.pieces.is_empty())
    };
    let databases: Vec<String> = index.databases.keys().filter(has_something).cloned().collect();
    let path = path.to_owned();
    if let Some(name) = wanted.iter().find(|name| !databases.contains(name)) {
        return Err(Error::NoDatabase { path, name: name.clone(), databases });
    }
    if !wanted.is_empty() {
        return Ok(wanted.to_vec());
    }
    let of_users: Vec<&String> =
        databases.iter().filter(|name| !SYSTEM.contains(&name.as_str())).collect();
    match of_users.as_slice() {
        [] => Err(Error::NoDump { path }),
        [one] => Ok(vec![(*one).clone()]),
        several => {
            let databases = several.iter().map(|name| (*name).clone()).collect();
            Err(Error::Ambiguous { path, databases })
        }
    }
}

/// For fuzzers: looks at any bytes, and reads all rows of all tables.
#[cfg(any(test, fuzzing))]
pub(crate) fn fuzz(data: &[u8]) {
    use crate::mysql::wire::{Buffered, ValueCursor};
    let Ok(file) = File::of_bytes(data) else { return };
    let mut index = Index::default();
    if index.read((0, &file), "dump", Session::new(), DELIMITER).is_err() {
        return;
    }
    let Ok(names) = chosen(&index, &[], "dump") else { return };
    let Ok(dump) = Dump::of(vec![file], (index, &names), "dump") else { return };
    for table in &dump.schema.tables {
        let columns: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        let Ok(mut rows) = dump.rows(&table.name, &columns, (None, None)) else { continue };
        loop {
            let filled = match rows.next_buffered() {
                Ok(Buffered::Row(row)) => {
                    assert!(ValueCursor::new(row, columns.len()).is_ok());
                    continue;
                }
                Ok(Buffered::Incomplete) => rows.fill_now().is_ok(),
                Ok(Buffered::End) | Err(_) => false,
            };
            if !filled {
                break;
            }
        }
    }
}
