//! `toc.dat`, by which `pg_restore` knows a directory: what is in it, in which order it is made, and
//! what waits for what.
//!
//! Source: `PostgreSQL`, `src/bin/pg_dump`: `pg_backup_archiver.c` (`WriteHead`, `WriteToc`) and
//! `pg_backup_directory.c`. Written as version 1.14, that of `PostgreSQL` 12, which every later
//! `pg_restore` reads. How many entries there are stands before them, so that a file that was cut
//! is none.

use crate::archive::manifest::Manifest;
use crate::name::{TableName, postgres_quoted};

pub(super) const TOC: &str = "toc.dat";

/// An entry by its number, from 1 on.
pub(crate) type Id = usize;

/// What `pg_restore --section` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// That of the entry before it.
    None = 1,
    PreData,
    Data,
    PostData,
}

/// One thing to be made, or the rows of one file.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) section: Section,
    /// The word that `pg_restore` knows its kind by, such as `FK CONSTRAINT`.
    pub(crate) kind: &'static str,
    /// The schema that it is in, if it is in one.
    pub(crate) schema: Option<String>,
    pub(crate) name: String,
    /// Statements with their semicolons; none for rows.
    pub(crate) make: String,
    /// What undoes it, for `--clean`.
    pub(crate) drop: String,
    /// What must be done before it.
    pub(crate) after: Vec<Id>,
    pub(crate) rows: Option<Rows>,
}

impl Entry {
    /// Without rows. What it makes has no semicolon at its end; a name without a schema is in none.
    pub(crate) fn new(section: Section, kind: &'static str, name: &TableName, make: &str) -> Self {
        Self {
            section,
            kind,
            schema: (!name.schema.is_empty()).then(|| name.schema.clone()),
            name: name.name.clone(),
            make: if make.is_empty() { String::new() } else { format!("{make};\n") },
            drop: String::new(),
            after: Vec::new(),
            rows: None,
        }
    }

    /// Undone by DROP and its kind: `--if-exists` looks for those words.
    pub(crate) fn dropped(self, what: &str) -> Self {
        let drop = format!("DROP {} {what};\n", self.kind);
        Self { drop, ..self }
    }

    /// Undone by taking it from its table.
    pub(crate) fn dropped_from(self, table: &TableName, constraint: &str) -> Self {
        let (table, constraint) = (table.postgres(), postgres_quoted(constraint));
        Self { drop: format!("ALTER TABLE {table} DROP CONSTRAINT {constraint};\n"), ..self }
    }

    pub(crate) fn after(self, after: Vec<Id>) -> Self {
        Self { after, ..self }
    }
}

/// COPY, and the file that goes into it, named without the ending of its compression.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) copy: String,
    pub(crate) file: String,
}

/// The entries, in the order in which one connection makes them.
#[derive(Debug, Default)]
pub(crate) struct Toc {
    pub(crate) entries: Vec<Entry>,
}

/// What stands above the entries, for people.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    pub(crate) database: &'a str,
    /// Where it was read from.
    pub(crate) source: &'a str,
    /// Whether files are compressed: the only way is gzip.
    pub(crate) gzip: bool,
}

impl Toc {
    pub(crate) fn add(&mut self, entry: Entry) -> Id {
        self.entries.push(entry);
        self.entries.len()
    }

    /// The file.
    pub(crate) fn bytes(&self, head: &Head<'_>) -> Vec<u8> {
        const INT: u8 = 4;
        const OFFSET: u8 = 8;
        /// Directories go by the number of tar.
        const TAR: u8 = 3;
        let mut out = Out(b"PGDMP".to_vec());
        out.0.extend_from_slice(&[1, 14, 0, INT, OFFSET, TAR]);
        out.int(if head.gzip { 6 } else { 0 });
        out.time(&Manifest::now());
        out.text(head.database);
        out.text(&line(head.source));
        out.text(concat!("nirvana ", env!("CARGO_PKG_VERSION")));
        out.int(self.entries.len());
        for (at, entry) in self.entries.iter().enumerate() {
            out.entry(at + 1, entry);
        }
        out.0
    }
}

/// What stands in a comment of one line cannot end it.
fn line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

struct Out(Vec<u8>);

impl Out {
    fn entry(&mut self, id: Id, entry: &Entry) {
        let Entry { section, kind, schema, name, make, drop, after, rows } = entry;
        self.int(id);
        self.int(usize::from(rows.is_some()));
        // The object's number in the catalog that it was read from.
        self.text("0");
        self.text("0");
        self.text(name);
        self.text(kind);
        self.int(*section as usize);
        self.text(make);
        self.text(drop);
        self.text(rows.as_ref().map_or("", |rows| &rows.copy));
        match schema {
            Some(schema) => self.text(schema),
            None => self.nothing(),
        }
        // Tablespace and access method: those of the server.
        self.nothing();
        self.nothing();
        // The owner: whoever restores. Then, whether rows have OIDs.
        self.text("");
        self.text("false");
        for id in after {
            self.text(&id.to_string());
        }
        self.nothing();
        self.text(rows.as_ref().map_or("", |rows| &rows.file));
    }

    /// A sign and four bytes, the lowest first.
    fn int(&mut self, number: usize) {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        self.0.push(0);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// A text that is not there, which is another than an empty one.
    fn nothing(&mut self) {
        self.0.extend_from_slice(&[1, 1, 0, 0, 0]);
    }

    fn text(&mut self, text: &str) {
        self.int(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    /// `2026-11-28T07:25:29Z` as C has it: from the second to the year since 1900, months from 0 on.
    fn time(&mut self, now: &str) {
        let parts = now.split(|letter: char| !letter.is_ascii_digit());
        let parts: Vec<usize> = parts.filter_map(|part| part.parse().ok()).collect();
        if let [year, month, day, hour, minute, second] = parts[..] {
            for part in [second, minute, hour, day, month - 1, year - 1900] {
                self.int(part);
            }
        }
        // No summer time.
        self.int(0);
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Head, Out, Rows, Section, TableName, Toc};

    #[test]
    fn entries_are_bytes_as_pg_dump_writes_them() {
        let mut toc = Toc::default();
        let rows = Rows { copy: "COPY t FROM STDIN;\n".to_owned(), file: "data/t".to_owned() };
        let made = Entry::new(Section::Data, "TABLE DATA", &TableName::new("", "t"), "");
        let id = toc.add(Entry { rows: Some(rows), ..made.after(vec![12]) });
        assert_eq!(id, 1);
        let head = Head { database: "shop", source: "a\nb", gzip: true };
        let bytes = toc.bytes(&head);
        assert!(bytes.starts_with(b"PGDMP\x01\x0e\x00\x04\x08\x03\x00\x06\0\0\0"), "{bytes:?}");
        let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(has(b"\0\x03\0\0\0a b"), "no line break ends a comment");
        assert!(has(b"\0\x01\0\0\0t\0\x0a\0\0\0TABLE DATA\0\x03\0\0\0"));
        assert!(bytes.ends_with(b"\0\x02\0\0\x0012\x01\x01\0\0\0\0\x06\0\0\0data/t"));
    }

    #[test]
    fn a_time_is_seven_numbers() {
        let mut out = Out(Vec::new());
        out.time("2026-11-28T07:25:29Z");
        let numbers: Vec<u8> = out.0.chunks(5).map(|number| number[1]).collect();
        assert_eq!(numbers, [29, 25, 7, 28, 10, 126, 0]);
    }
}
