//! Dumps that are folders: mydumper's, `MySQL` Shell's, and mysqldump's with `--tab`.
//!
//! Sources: the tools' own documentation of their files (mydumper: "Files"; `MySQL` Shell manual 11.6
//! "Dump Metadata"; `MySQL` manual 9.4.3 "Dumping Data in Delimited-Text Format").

mod shell;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::charset::Charset;
use super::error::Error;
use super::file::{File, io_error};
use super::format::Format;
use super::found::{Index, Loading};
use super::lines::{self, Marks};
use super::load_data::LoadData;
use super::piece::{Piece, RowForm};
use super::remark::Remark;
use super::scanner::DELIMITER;
use super::session::Session;
use super::value::Around;
use crate::mysql::server::Flavour;

/// Endings of compressed files.
const COMPRESSED: [&str; 5] = [".gz", ".zst", ".bz2", ".xz", ".lz4"];

/// The files of a folder by their names, without what they are compressed with.
pub(super) type Names = BTreeMap<String, PathBuf>;

/// So many rows were dumped of a table.
struct TableRows {
    database: String,
    table: String,
    rows: u64,
}

/// What is read of a folder, file by file.
struct Reading<'a> {
    index: &'a mut Index,
    files: Vec<File>,
}

/// Looks at all files of a folder.
pub(super) fn read(path: &Path, index: &mut Index) -> Result<Vec<File>, Error> {
    let names = names(path)?;
    let mut reading = Reading { index, files: Vec::new() };
    // What these tools write last is a file.
    reading.index.is_end_told =
        names.contains_key("@.json") || names.keys().any(|n| is_mydumper(n));
    if names.contains_key("@.json") {
        shell::read(&mut reading, &names, path)?;
    } else if names.keys().any(|name| is_mydumper(name)) {
        reading.mydumper(path, &names)?;
    } else {
        reading.tab(path, &names)?;
    }
    Ok(reading.files)
}

fn names(path: &Path) -> Result<Names, Error> {
    let told = path.display().to_string();
    let mut names = Names::new();
    for entry in std::fs::read_dir(path).map_err(|source| io_error(&told, source))? {
        let path = entry.map_err(|source| io_error(&told, source))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        names.insert(without_compression(&name).to_owned(), path);
    }
    Ok(names)
}

fn without_compression(name: &str) -> &str {
    COMPRESSED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// `shop.items-schema.sql`, `shop-schema-post.sql` are of `shop`.
fn is_of(name: &str, stem: &str) -> bool {
    name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.') || rest.starts_with("-schema"))
}

/// The same where no file says how the database is called.
fn stem_of(name: &str) -> &str {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    let endings = ["-schema-post", "-schema-triggers"];
    endings.iter().find_map(|ending| stem.strip_suffix(ending)).unwrap_or(stem)
}

/// The last file that mydumper writes, and what it is before.
const METADATA: &str = "metadata";
const METADATA_COMING: &str = "metadata.partial";

fn is_mydumper(name: &str) -> bool {
    let ends = |ending: &str| name.ends_with(ending);
    [METADATA, METADATA_COMING].contains(&name) || ends("-schema.sql") || ends(CREATE)
}

const CREATE: &str = "-schema-create.sql";

impl Reading<'_> {
    fn open(&mut self, path: &Path) -> Result<usize, Error> {
        self.files.push(File::open(path)?);
        Ok(self.files.len() - 1)
    }

    /// Reads a file of statements; what it sets holds to its end, which the session tells.
    fn statements(
        &mut self,
        path: &Path,
        database: &str,
        session: Session,
        delimiter: &[u8],
    ) -> Result<Session, Error> {
        let file = self.open(path)?;
        self.index.read((file, &self.files[file]), database, session, delimiter)
    }

    /// The tables first, as rows are understood by them; views last, as they drop what stood in.
    fn mydumper(&mut self, path: &Path, names: &Names) -> Result<(), Error> {
        let rank = |name: &str| {
            let is = |ending: &str| name.ends_with(ending);
            match name {
                _ if is(CREATE) => 0,
                _ if is("-schema.sql") || is("-schema-sequence.sql") => 1,
                _ if is("-schema-view.sql") => 3,
                _ if is("-schema-triggers.sql") || is("-schema-post.sql") => 4,
                _ => 2,
            }
        };
        let mut files: Vec<(&String, &PathBuf)> =
            names.iter().filter(|(name, _)| name.strip_suffix(".sql").is_some()).collect();
        files.sort_by_key(|(name, _)| (rank(name), name.as_str()));
        let told = if let Some(path) = names.get(METADATA) {
            self.metadata(path)?
        } else {
            self.lacks(path, "the file metadata, which mydumper writes last");
            Vec::new()
        };
        let mut databases: BTreeMap<String, String> = BTreeMap::new();
        for (name, path) in files {
            let known = databases.iter().rev().find(|(stem, _)| is_of(name, stem));
            let database = match (name.strip_suffix(CREATE), known) {
                (Some(stem), _) => stem,
                (None, Some((_, name))) => name.as_str(),
                (None, None) => stem_of(name),
            };
            // mydumper reads in UTC, unless it was told not to; its files say which.
            let session = Session::new().with_charset("binary");
            let before: Vec<String> = self.index.databases.keys().cloned().collect();
            // Bodies of triggers and routines have semicolons, of which none ends a line.
            let delimiter = if rank(name) == 4 { b";\n" } else { DELIMITER };
            self.statements(path, database, session, delimiter)?;
            if let Some(stem) = name.strip_suffix(CREATE) {
                // A name that no file can have stands in the statement only.
                let made = self.index.databases.keys().find(|name| !before.contains(name));
                databases.insert(stem.to_owned(), made.map_or(stem, String::as_str).to_owned());
            }
        }
        self.load(path, names)?;
        for TableRows { database, table, rows } in told {
            let database = databases.get(&database).unwrap_or(&database);
            let found =
                self.index.databases.get(database).and_then(|known| known.pieces.get(&table));
            let pieces = found.map(|found| found.pieces.as_slice()).unwrap_or_default();
            let there: u64 = pieces.iter().map(|piece| piece.rows).sum();
            if there != rows {
                let what = format!(
                    "rows of {database}.{table}: {rows} of them were dumped, and {there} are there"
                );
                self.lacks(path, &what);
            }
        }
        Ok(())
    }

    /// Files of rows that statements speak of; each must be there, and none besides.
    fn load(&mut self, path: &Path, names: &Names) -> Result<(), Error> {
        let mut left: Vec<&str> = names.keys().map(String::as_str).collect();
        let is_rows = |ending| [".dat", ".csv"].contains(&ending);
        left.retain(|name| name.rfind('.').is_some_and(|at| is_rows(&name[at..])));
        for Loading { load, around, path, at } in std::mem::take(&mut self.index.loads) {
            let LoadData { file, table, charset, format, header } = load;
            let name = without_compression(&file);
            let Some(rows) = names.get(name) else {
                let what =
                    format!("the file {file} is not there, which has rows of {}", table.name);
                return Err(Error::Unreadable { path, at, what });
            };
            left.retain(|other| *other != name);
            let charset = match charset.as_deref().map(Charset::of) {
                None => around.charset,
                Some(Some(charset)) => charset,
                Some(None) => {
                    let what = "we have no table of the charset of its file".to_owned();
                    return Err(Error::Unreadable { path, at, what });
                }
            };
            let table = (table.schema.as_str(), table.name.as_str());
            self.fields(rows, table, (format, header), Around { charset, ..around })?;
        }
        for name in left {
            self.lacks(path, &format!("a statement that speaks of the rows in {name}"));
        }
        Ok(())
    }

    fn lacks(&mut self, path: &Path, what: &str) {
        let (path, what) = (path.display().to_string(), what.to_owned());
        self.index.remarks.push(Remark::Lacks { path, what });
    }

    /// Where in the binary log it was taken, of what server, and, since version 0.13, how many rows
    /// it dumped of which table.
    fn metadata(&mut self, path: &Path) -> Result<Vec<TableRows>, Error> {
        let told = path.display().to_string();
        let text = std::fs::read(path).map_err(|source| io_error(&told, source))?;
        let text = String::from_utf8_lossy(&text);
        if !text.contains("Finished dump at:") {
            self.lacks(path, "the line «Finished dump at», which mydumper writes last");
        }
        if text.contains("MariaDB") {
            self.index.flavour = Some(Flavour::MariaDb);
        }
        let value = |word: &str| {
            let mut lines = text.lines().map(|line| line.trim_start_matches(['#', ' ', '\t']));
            let line = lines.find(|line| line.starts_with(word))?;
            let (_, value) = line.split_once([':', '='])?;
            Some(value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty())
        };
        let file = value("Log").or_else(|| value("SOURCE_LOG_FILE")).or_else(|| value("File"));
        let place = value("Pos").or_else(|| value("SOURCE_LOG_POS")).or_else(|| value("Position"));
        self.index.position = file.zip(place).map(|(file, place)| format!("{file}:{place}"));
        let mut told: Vec<TableRows> = Vec::new();
        for line in text.lines() {
            let section = line.strip_prefix("[`").and_then(|rest| rest.strip_suffix("`]"));
            if let Some((database, table)) = section.and_then(|names| names.split_once("`.`")) {
                let (database, table) = (database.to_owned(), table.to_owned());
                told.push(TableRows { database, table, rows: 0 });
            } else if let (Some(last), Some((key, value))) = (told.last_mut(), line.split_once('='))
            {
                match key.trim() {
                    "real_table_name" => value.clone_into(&mut last.table),
                    "rows" => last.rows = value.trim().parse().unwrap_or(0),
                    _ => {}
                }
            }
        }
        // Of what has no rows nothing was written, and a name may stand there in a form of its own.
        told.retain(|table| table.rows > 0);
        Ok(told)
    }

    /// `table.sql` makes the table, `table.txt` has its rows. What the table is called stands in the
    /// former, as the files' names are written in a way of their own.
    fn tab(&mut self, path: &Path, names: &Names) -> Result<(), Error> {
        let database = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (mut rows, mut without) = (Vec::new(), Vec::new());
        for (name, path) in names {
            let Some(stem) = name.strip_suffix(".sql") else { continue };
            let before = self.tables();
            let session = self.statements(path, &database, Session::new(), DELIMITER)?;
            let made = self.tables().difference(&before).next().cloned();
            let data = names.get(&format!("{stem}.txt"));
            let table = made.unwrap_or_else(|| stem.to_owned());
            match data {
                Some(data) => rows.push((table, data, session)),
                None => without.push(table),
            }
        }
        self.index.by_server = true;
        // What the files' headers call it.
        let database = self.index.databases.keys().next().cloned().unwrap_or(database);
        let mut marks = Marks::default();
        for (table, path, session) in rows {
            let around = session.around().ok();
            let around = around.unwrap_or(Around::utf8());
            // SELECT … INTO OUTFILE … CHARACTER SET binary, unless --default-character-set names
            // another: each column in its own.
            let charset = match around.charset {
                Charset::Table(_) => around.charset,
                _ => Charset::Binary,
            };
            let around = Around { charset, ..around };
            let found = self.fields(path, (&database, &table), (Format::default(), 0), around)?;
            marks.add(&found);
        }
        if let Some(what) = marks.suspicion() {
            let what = format!("{what}: dump it without options for fields and lines");
            return Err(Error::Unreadable { path: path.display().to_string(), at: 0, what });
        }
        // Views have no rows; a dump without any rows was made so.
        let tables = self.tables();
        if tables.len() > without.len() || !self.index.database(&database).pieces.is_empty() {
            without.retain(|name| tables.contains(name));
            for name in without {
                self.lacks(path, &format!("the file {name}.txt with the rows of {name}"));
            }
        }
        Ok(())
    }

    /// The names of all tables that were made.
    fn tables(&self) -> BTreeSet<String> {
        let tables = self.index.databases.values().flat_map(|found| &found.written.tables);
        tables.map(|table| table.name.clone()).collect()
    }

    /// Adds a file of fields, in pieces if it can be read from any place.
    fn fields(
        &mut self,
        path: &Path,
        (database, table): (&str, &str),
        (format, header): (Format, u64),
        around: Around,
    ) -> Result<Marks, Error> {
        let number = self.open(path)?;
        let file = &self.files[number];
        let list = format.columns.clone();
        let lines = lines::read(file, &format, header)?;
        if let Some((at, bytes)) = lines.cut_off {
            let path = file.path.clone();
            self.index.remarks.push(Remark::CutOff { path, at, bytes });
        }
        let form = RowForm::Fields(Arc::new(format));
        let pieces = self.index.database(database).pieces.entry(table.to_owned()).or_default();
        if lines.width > 0 && !pieces.lists.contains(&list) {
            pieces.lists.push(list);
            pieces.width = lines.width;
        }
        for (from, to, rows) in lines.pieces {
            let bytes = if to == u64::MAX { file.bytes } else { to - from };
            let form = form.clone();
            pieces.pieces.push(Piece {
                file: number,
                from,
                to,
                bytes,
                rows,
                around,
                form,
                counts_from: None,
            });
        }
        Ok(lines.marks)
    }
}
