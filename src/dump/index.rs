//! The first look at a dump: what it makes, and where each table's rows stand. Nothing of the rows
//! is kept but their places, in pieces that end with a statement.

use super::ansi::{is_ansi, with_backticks};
use super::counted;
use super::ending::Ending;
use super::error::Error;
use super::file::{File, Window};
use super::foreign::foreign;
use super::found::{Index, Loading};
use super::literal::{self, Head, Parsed};
use super::load_data;
use super::made::Outcome;
use super::piece::{Piece, RowForm};
use super::remark::Remark;
use super::scanner::{Found, Kept, Next, Scanner, brings_rows, opened};
use super::session::Session;
use super::value::Around;
use crate::mysql::catalog::written::{Statement, read_statement};
use crate::mysql::server::Flavour;

/// Bytes of text that one piece should hold.
const PIECE_BYTES: u64 = 4 * 1024 * 1024;

/// Statements that are not read are named up to so many.
const NAMED: usize = 100;

/// So many pieces, and lists of columns, no tool brings about: rows of one table stand together.
const MOST_PIECES: usize = 1 << 20;
const MOST_LISTS: usize = 1024;

/// One file, while it is read.
pub(super) struct Pass<'a> {
    pub(super) index: &'a mut Index,
    /// The database that statements without one mean.
    pub(super) database: String,
    session: Session,
    pub(super) file: (usize, &'a File),
    /// The table that the statement before brought rows of, and how it began.
    last: Option<Last>,
    pub(super) ending: Ending,
    /// Whether what is prepared concerns an engine's speed only.
    pub(super) bulk_load: bool,
}

/// A statement that brought rows.
struct Last {
    database: String,
    table: String,
    /// All of it up to its rows.
    start: Vec<u8>,
    /// Whether it names columns.
    listed: bool,
    /// Which of the table's lists of columns it has.
    list: usize,
}

impl Index {
    /// Reads one file of statements; gives the session as it leaves it.
    pub(super) fn read(
        &mut self,
        (number, file): (usize, &File),
        database: &str,
        session: Session,
        delimiter: &[u8],
    ) -> Result<Session, Error> {
        let window = Window::new(file, 0, u64::MAX)?;
        let mut scanner = Scanner::new(window, delimiter);
        let mut pass = Pass {
            index: self,
            database: database.to_owned(),
            session,
            file: (number, file),
            last: None,
            ending: Ending::default(),
            bulk_load: false,
        };
        scanner.begin().map_err(|source| file.failed(0, source))?;
        if let Some((what, hint)) = foreign(scanner.window.rest()) {
            return Err(Error::Foreign { path: file.path.clone(), what, hint });
        }
        loop {
            let next = scanner.next();
            match next.map_err(|source| file.failed(scanner.window.held_to(), source))? {
                Next::Statement => pass.statement(&mut scanner)?,
                Next::Comment(text) => pass.comment(&text, scanner.window.position()),
                Next::CutOff => {
                    let (at, bytes) = (scanner.found.from, scanner.window.position());
                    let path = file.path.clone();
                    pass.index.remarks.push(Remark::CutOff { path, at, bytes });
                    return Ok(pass.session);
                }
                Next::End => break,
            }
        }
        if let Some(lacks) = pass.ending.lacks() {
            let (path, bytes) = (file.path.clone(), scanner.window.position());
            pass.index.remarks.push(Remark::NoEnd { path, bytes, lacks });
        }
        pass.index.is_end_told |= pass.ending.is_told();
        Ok(pass.session)
    }
}

impl Pass<'_> {
    fn statement(&mut self, scanner: &mut Scanner) -> Result<(), Error> {
        let found = std::mem::take(&mut scanner.found);
        if found.kept == Kept::Beginning && !brings_rows(&found.text) {
            return Err(
                self.too_much(found.from, "a statement of more than 16 MiB that is no INSERT")
            );
        }
        if brings_rows(&found.text) {
            let head = self.head(&found)?;
            return self.rows(&found, &head);
        }
        self.last = None;
        let text = opened(&found.text, scanner.quoting);
        let text = text.trim_ascii();
        let first = text.split(|byte| !byte.is_ascii_alphabetic()).next().unwrap_or_default();
        match first.to_ascii_uppercase().as_slice() {
            b"SET" => {
                self.position(&text[3..]);
                let history = b"system_versioning_insert_history=1";
                if memchr::memmem::find(text, history).is_some()
                    && !self.index.remarks.contains(&Remark::History)
                {
                    self.index.remarks.push(Remark::History);
                }
                if let Some(lacks) = self.ending.set(text) {
                    self.lacks(lacks, found.from);
                }
                self.session.set(&text[3..]);
                if let Ok(around) = self.session.around() {
                    scanner.quoting = around.quoting;
                }
            }
            // What concerns the session or the server's files, and no row.
            b"LOCK" => self.index.with_rows = true,
            b"UNLOCK" | b"START" | b"BEGIN" | b"COMMIT" | b"FLUSH" | b"ANALYZE" | b"GRANT" => {}
            b"PREPARE" | b"EXECUTE" | b"DEALLOCATE" if self.prepares_nothing(text) => {}
            b"LOAD" if let Some(load) = load_data::read(&text[4..], &self.database) => {
                let around = self.session.around();
                let around = around.map_err(|what| self.unreadable(found.from, &what))?;
                let path = self.file.1.path.clone();
                self.index.loads.push(Loading { load, around, path, at: found.from });
            }
            b"CHANGE" => self.index.position = Some(shown(text)),
            b"ALTER" if is_alter_of_no_form(text) => {}
            // A SELECT changes nothing, unless it sets a sequence.
            b"SELECT" if read_statement(text, &self.database).is_none() => {}
            _ if text.is_empty() => {}
            _ => self.schema(&found, text)?,
        }
        Ok(())
    }

    fn not_read(&mut self, at: u64, text: &[u8]) {
        let remarks = &mut self.index.remarks;
        if let Some(Remark::MoreNotRead { statements }) = remarks.last_mut() {
            *statements += 1;
        } else if remarks.len() >= NAMED {
            remarks.push(Remark::MoreNotRead { statements: 1 });
        } else {
            let (path, statement) = (self.file.1.path.clone(), shown(text));
            remarks.push(Remark::NotRead { path, at, statement });
        }
    }

    fn too_much(&self, at: u64, what: &'static str) -> Error {
        Error::TooMuch { path: self.file.1.path.clone(), at, what }
    }

    fn head(&self, found: &Found) -> Result<Head, Error> {
        if let Some(last) = &self.last
            && found.text.starts_with(&last.start)
        {
            return Ok(Head { bytes: last.start.len(), ..Head::default() });
        }
        let head = literal::head(&found.text).map_err(|what| self.unreadable(found.from, what))?;
        head.ok_or_else(|| self.unreadable(found.from, "an INSERT that is not of plain rows"))
    }

    fn unreadable(&self, at: u64, what: &str) -> Error {
        Error::Unreadable { path: self.file.1.path.clone(), at, what: what.to_owned() }
    }

    fn rows(&mut self, found: &Found, head: &Head) -> Result<(), Error> {
        let around = self.session.around().map_err(|what| self.unreadable(found.from, &what))?;
        let begins = self.begins(found, (head, around))?;
        if let Some(narrow) = self.session.narrow() {
            self.index.narrow.insert(narrow.to_owned());
        }
        if !self.session.has_zone() && !self.index.remarks.contains(&Remark::NoTimeZone) {
            self.index.remarks.push(Remark::NoTimeZone);
        }
        let Some(Last { database, table, listed, list, .. }) = &self.last else { return Ok(()) };
        let beside = if *listed { found.beside.to_ascii_uppercase() } else { found.beside.clone() };
        let plain: &[&[u8]] = if *listed { &[b"VALUES", b"VALUE"] } else { &[b""] };
        if !plain.contains(&beside.as_slice()) {
            let what = "an INSERT that says more than rows (ON DUPLICATE KEY UPDATE, SELECT), which a \
                        server would have to run";
            return Err(self.unreadable(found.from, what));
        }
        let rows = found.groups.saturating_sub(u64::from(*listed));
        let pieces = self.index.database(database).pieces.entry(table.clone()).or_default();
        if pieces.pieces.len() <= 1 {
            counted::note(pieces, *list, (&found.text[head.bytes..], around));
        }
        match pieces.pieces.last_mut().filter(|_| !begins) {
            Some(last) if last.to - last.from < PIECE_BYTES && last.around == around => {
                last.to = found.to;
                last.bytes = found.to - last.from;
                last.rows += rows;
            }
            _ => {
                pieces.pieces.push(Piece {
                    file: self.file.0,
                    from: found.from,
                    to: found.to,
                    bytes: found.to - found.from,
                    rows,
                    around,
                    form: RowForm::Statements,
                    counts_from: None,
                });
                self.index.total += 1;
                if self.index.total > MOST_PIECES {
                    let what = "INSERTs into different tables take turns more than a million times";
                    return Err(self.too_much(found.from, what));
                }
            }
        }
        Ok(())
    }

    /// Whether rows of another table begin; what their statement says of them is noted.
    fn begins(&mut self, found: &Found, (head, around): (&Head, Around)) -> Result<bool, Error> {
        let mut begins = self.last.is_none();
        let converted = around.charset.convert(&head.table);
        if !converted
            .is_ok_and(|text| str::from_utf8(text.as_deref().unwrap_or(&head.table)).is_ok())
        {
            let what = "a name that is no text in the charset that the dump tells, or in UTF-8 where it \
                        tells none: put SET NAMES latin1; before the first statement if it is that";
            return Err(self.unreadable(found.from, what));
        }
        // A head without a table is the one of the statement before.
        if !head.table.is_empty() {
            let text = |bytes: &Vec<u8>| name(bytes, around);
            let database = head.database.as_ref().map_or_else(|| self.database.clone(), text);
            let table = name(&head.table, around);
            let list = head.columns.as_ref().map(|list| list.iter().map(text).collect());
            let pieces = self.index.database(&database).pieces.entry(table.clone()).or_default();
            let listed = list.is_some();
            let known = pieces.lists.iter().position(|one| *one == list);
            let list = known.unwrap_or_else(|| {
                if list.is_none() {
                    pieces.width = width(&found.text[head.bytes..], around);
                }
                pieces.lists.push(list);
                pieces.lists.len() - 1
            });
            if pieces.lists.len() > MOST_LISTS {
                let what = "more than 1024 different lists of columns in INSERTs into one table";
                return Err(self.too_much(found.from, what));
            }
            let same = |last: &Last| last.database == database && last.table == table;
            begins |= !self.last.as_ref().is_some_and(same);
            let start = found.text[..head.bytes].to_vec();
            self.last = Some(Last { database, table, start, listed, list });
        }
        Ok(begins)
    }

    fn schema(&mut self, found: &Found, text: &[u8]) -> Result<(), Error> {
        let charset = self.session.charset().map_err(|what| self.unreadable(found.from, &what))?;
        let converted = charset.convert(text).map_err(|_no_text| {
            self.unreadable(found.from, "bytes that are no text in the dump's charset")
        })?;
        let text = converted.as_deref().unwrap_or(text);
        let unquoted = (self.session.is_ansi() || is_ansi(text)).then(|| with_backticks(text));
        let text = unquoted.as_deref().unwrap_or(text);
        if self.index.flavour.is_none() && is_of_mariadb(text) {
            self.index.flavour = Some(Flavour::MariaDb);
        }
        let statement = read_statement(text, &self.database);
        if let Some(Statement::Use { name }) = &statement {
            name.clone_into(&mut self.database);
        }
        match statement.map_or(Outcome::NotRun, |statement| self.index.run(statement)) {
            Outcome::Run => Ok(()),
            Outcome::NotRun if starts_with_word(text, b"USE") => {
                Err(self.unreadable(found.from, "a USE that does not end with a semicolon"))
            }
            Outcome::NotRun => {
                self.not_read(found.from, text);
                Ok(())
            }
            Outcome::Refused(what) => Err(self.unreadable(found.from, what)),
        }
    }
}

/// How many values the first row has.
fn width(rows: &[u8], around: Around) -> usize {
    let mut literals = Vec::new();
    let at = literal::blanks(rows).unwrap_or(rows.len());
    match literal::row(&rows[at..], around.quoting, &mut literals) {
        Parsed::Row(_) => literals.len(),
        Parsed::Incomplete | Parsed::Problem { .. } => 0,
    }
}

fn name(bytes: &[u8], around: Around) -> String {
    let converted = around.charset.convert(bytes).unwrap_or_default();
    String::from_utf8_lossy(converted.as_deref().unwrap_or(bytes)).into_owned()
}

pub(super) fn starts_with_word(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// Whether a statement is printed as `MariaDB` does since 10.2 and `MySQL` never does: a default that
/// is a number stands without quotes, a function with parentheses. For dumps without comments.
fn is_of_mariadb(create: &[u8]) -> bool {
    let defaults = memchr::memmem::find_iter(create, b" DEFAULT ");
    let mut behind = defaults.map(|at| &create[at + b" DEFAULT ".len()..]);
    let number = |text: &[u8]| text.first().is_some_and(|byte| byte.is_ascii_digit());
    memchr::memmem::find(create, b"current_timestamp(").is_some()
        || behind.any(|text| number(text) && !text.starts_with(b"0x"))
}

/// ALTER TABLE … DISABLE KEYS, and of a database its charset.
fn is_alter_of_no_form(text: &[u8]) -> bool {
    let text = text.to_ascii_uppercase();
    text.ends_with(b" KEYS")
        || text.starts_with(b"ALTER DATABASE")
        || text.starts_with(b"ALTER SCHEMA")
}

/// The beginning of a statement, for messages.
pub(super) fn shown(text: &[u8]) -> String {
    const SHOWN: usize = 120;
    let text = String::from_utf8_lossy(&text[..text.len().min(4 * SHOWN)]).into_owned();
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
