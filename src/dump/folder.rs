//! Dumps that are folders: mydumper's, `MySQL` Shell's, and mysqldump's with `--tab`.
//!
//! Sources: the tools' own documentation of their files (mydumper: "Files"; `MySQL` Shell manual 11.6
//! "Dump Metadata"; `MySQL` manual 9.4.3 "Dumping Data in Delimited-Text Format").

mod shell;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::charset::Charset;
use super::error::Error;
use super::file::{File, io_error};
use super::format::Format;
use super::index::{Index, Piece, RowForm};
use super::session::Session;
use super::value::Around;
use crate::mysql::server::Flavour;

/// Endings of compressed files.
const COMPRESSED: [&str; 5] = [".gz", ".zst", ".bz2", ".xz", ".lz4"];

/// The files of a folder by their names, without what they are compressed with.
pub(super) type Names = BTreeMap<String, PathBuf>;

/// What is read of a folder, file by file.
struct Reading<'a> {
    index: &'a mut Index,
    files: Vec<File>,
}

/// Looks at all files of a folder.
pub(super) fn read(path: &Path, index: &mut Index) -> Result<Vec<File>, Error> {
    let names = names(path)?;
    let mut reading = Reading { index, files: Vec::new() };
    if names.contains_key("@.json") {
        shell::read(&mut reading, &names)?;
    } else if names.keys().any(|name| is_mydumper(name)) {
        reading.mydumper(&names)?;
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
        let plain = COMPRESSED.iter().find_map(|ending| name.strip_suffix(ending));
        names.insert(plain.unwrap_or(&name).to_owned(), path);
    }
    Ok(names)
}

fn is_mydumper(name: &str) -> bool {
    name.ends_with("-schema.sql") || name.ends_with("-schema-create.sql")
}

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
    ) -> Result<Session, Error> {
        let file = self.open(path)?;
        self.index.read((file, &self.files[file]), database, session)
    }

    /// The tables first, as rows are understood by them; views last, as they drop what stood in.
    fn mydumper(&mut self, names: &Names) -> Result<(), Error> {
        let rank = |name: &str| {
            let is = |ending: &str| name.ends_with(ending);
            match name {
                _ if is("-schema-create.sql") => 0,
                _ if is("-schema.sql") || is("-schema-sequence.sql") => 1,
                _ if is("-schema-view.sql") => 3,
                _ if is("-schema-triggers.sql") || is("-schema-post.sql") => 4,
                _ => 2,
            }
        };
        let mut files: Vec<(&String, &PathBuf)> =
            names.iter().filter(|(name, _)| name.strip_suffix(".sql").is_some()).collect();
        files.sort_by_key(|(name, _)| (rank(name), name.as_str()));
        if let Some(path) = names.get("metadata") {
            self.metadata(path)?;
        }
        for (name, path) in files {
            // database.table-schema.sql, database-schema-create.sql
            let stem = name.split_once('.').map_or(name.as_str(), |(stem, _)| stem);
            let database = stem
                .strip_suffix("-schema-create")
                .or_else(|| stem.strip_suffix("-schema-post"))
                .or_else(|| stem.strip_suffix("-schema-triggers"))
                .unwrap_or(stem);
            // mydumper reads in UTC, unless it was told not to; its files say which.
            let session = Session::new().with_charset("binary");
            self.statements(path, database, session)?;
        }
        Ok(())
    }

    /// Where in the binary log it was taken, and of what server.
    fn metadata(&mut self, path: &Path) -> Result<(), Error> {
        let told = path.display().to_string();
        let text = std::fs::read(path).map_err(|source| io_error(&told, source))?;
        let text = String::from_utf8_lossy(&text);
        if text.contains("MariaDB") {
            self.index.flavour = Some(Flavour::MariaDb);
        }
        let value = |word: &str| {
            let line = text.lines().find(|line| line.trim_start().starts_with(word))?;
            let (_, value) = line.split_once([':', '='])?;
            Some(value.trim().trim_matches('"').to_owned()).filter(|value| !value.is_empty())
        };
        let file = value("Log").or_else(|| value("SOURCE_LOG_FILE")).or_else(|| value("File"));
        let place = value("Pos").or_else(|| value("SOURCE_LOG_POS")).or_else(|| value("Position"));
        self.index.position = file.zip(place).map(|(file, place)| format!("{file}:{place}"));
        Ok(())
    }

    /// `table.sql` makes the table, `table.txt` has its rows.
    fn tab(&mut self, path: &Path, names: &Names) -> Result<(), Error> {
        let database = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut rows = Vec::new();
        for (name, path) in names {
            let Some(table) = name.strip_suffix(".sql") else { continue };
            let session = self.statements(path, &database, Session::new())?;
            if let Some(data) = names.get(&format!("{table}.txt")) {
                rows.push((table.to_owned(), data, session));
            }
        }
        // What the files' headers call it.
        let database = self.index.databases.keys().next().cloned().unwrap_or(database);
        for (table, path, session) in rows {
            let around = session.around().ok();
            // SELECT … INTO OUTFILE … CHARACTER SET binary: each column in its own.
            let around = Around { charset: Charset::Binary, ..around.unwrap_or(Around::utf8()) };
            self.fields(path, (&database, &table), Format::default(), around)?;
        }
        Ok(())
    }

    /// Adds a file of fields, in pieces if it can be read from any place.
    fn fields(
        &mut self,
        path: &Path,
        (database, table): (&str, &str),
        format: Format,
        around: Around,
    ) -> Result<(), Error> {
        let number = self.open(path)?;
        let file = &self.files[number];
        let list = format.columns.clone();
        let cuts = file.cut_at_lines(&format)?;
        let form = RowForm::Fields(Arc::new(format));
        let pieces = self.index.database(database).pieces.entry(table.to_owned()).or_default();
        if !pieces.lists.contains(&list) {
            pieces.lists.push(list);
        }
        for pair in cuts.windows(2) {
            pieces.pieces.push(Piece {
                file: number,
                from: pair[0],
                to: pair[1],
                bytes: if pair[1] == u64::MAX { file.bytes } else { pair[1] - pair[0] },
                rows: 0,
                around,
                form: form.clone(),
            });
        }
        Ok(())
    }
}
