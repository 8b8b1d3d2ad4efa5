//! A schema from the statements that made it, as they stand in a dump: each is brought into the rows
//! that `information_schema` would give of it, and from there on all is as with a server.
//!
//! What is read is what `SHOW CREATE TABLE` prints, in any version of either server. That names
//! every index that a foreign key needs, every NULL of a TIMESTAMP and every generated column; what
//! it leaves to the table or to the server (a column's charset, a charset's collation, the action
//! of a key without one) is filled in here.

mod alter;
mod column;
mod key;
mod partition;
mod statement;

use std::collections::HashMap;

pub(crate) use statement::{Over, Statement, read as read_statement};

use super::create_table::{CreateTable, begins_key};
use super::default::Style;
use super::rows::{Rows, TableRow, ViewRow};
use super::{Dialect, Told, assemble};
use crate::mysql::schema::{NameCase, Object, Schema, Sequence};
use crate::mysql::server::Flavour;
use crate::mysql::token::{Token, Tokens, split_commas, tokens};
use crate::name::TableName;

/// What a dump says of one database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) tables: Vec<WrittenTable>,
    pub(crate) views: Vec<WrittenView>,
    pub(crate) sequences: Vec<Sequence>,
    pub(crate) objects: Vec<Object>,
}

/// One CREATE TABLE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WrittenTable {
    pub(crate) name: String,
    /// The whole statement, version comments opened.
    pub(crate) sql: Vec<u8>,
    /// Of the rows beside it.
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

/// One CREATE VIEW.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WrittenView {
    pub(crate) name: String,
    pub(crate) definition: String,
    /// `LOCAL` or `CASCADED`.
    pub(crate) check_option: Option<String>,
    pub(crate) invoker: bool,
}

/// As the server that wrote them would show the databases.
pub(crate) fn schema<'a>(
    databases: impl IntoIterator<Item = (&'a String, &'a Written)>,
    flavour: Flavour,
) -> Schema {
    let dialect = Dialect {
        flavour,
        // MariaDB's clause is what its `information_schema` prints.
        defaults: match flavour {
            Flavour::MySql => Style::Bare,
            Flavour::MariaDb => Style::Sql,
        },
        // Dumps from Windows name tables in any case; an exact name goes first.
        name_case: NameCase::Insensitive,
    };
    let mut all = Schema::default();
    for (database, written) in databases {
        all.join(written.schema(database, dialect));
    }
    assemble::resolve_names(&mut all, dialect);
    all
}

impl Written {
    pub(crate) fn table(&self, name: &str) -> Option<&WrittenTable> {
        self.tables.iter().find(|table| table.name == name)
    }

    fn schema(&self, database: &str, dialect: Dialect) -> Schema {
        let flavour = dialect.flavour;
        let mut rows = Rows { objects: self.objects.clone(), ..Rows::default() };
        let mut created = HashMap::new();
        for table in &self.tables {
            Reader { database, flavour, table: &table.name, rows: &mut rows }.table(table);
            created.insert(table.name.clone(), CreateTable::parse(&table.sql));
        }
        rows.views = self.views.iter().map(view_row).collect();
        let told = Told { created, defaults: HashMap::new() };
        let mut sequences = self.sequences.clone();
        sequences.sort_by(|a, b| a.name.cmp(&b.name));
        assemble::schema(database.to_owned(), rows, (&told, sequences), dialect)
    }
}

fn view_row(view: &WrittenView) -> ViewRow {
    ViewRow {
        name: view.name.clone(),
        definition: view.definition.clone(),
        check_option: view.check_option.clone().unwrap_or_else(|| "NONE".to_owned()),
        security: if view.invoker { "INVOKER" } else { "DEFINER" }.to_owned(),
    }
}

impl WrittenTable {
    /// Whether it stands for a sequence, as some tools print those.
    pub(crate) fn is_sequence(&self) -> bool {
        self.has_option("SEQUENCE")
    }

    /// Whether it is told of what stands behind the columns: the engine, the charset…
    pub(crate) fn has_options(&self) -> bool {
        self.has_option("ENGINE") || self.has_option("TYPE")
    }

    /// Whether a foreign key of it names that table, in whatever database.
    pub(crate) fn refers_to(&self, name: &str) -> bool {
        let group = tokens(&self.sql).find_map(|word| match word {
            Token::Group(body) => Some(body),
            Token::Word(_) | Token::Text(_) | Token::Name(_) | Token::Symbol(_) => None,
        });
        split_commas(group.unwrap_or_default()).into_iter().any(|item| {
            let mut words = tokens(item);
            words.any(|word| word.is_word("REFERENCES"))
                && table_name(&mut words, "").is_some_and(|table| table.name == name)
        })
    }

    fn has_option(&self, name: &str) -> bool {
        let mut words = tokens(&self.sql);
        words.any(|word| matches!(word, Token::Group(_)))
            && words.any(|word| word.is_word(name))
            && words.next() == Some(Token::Symbol(b'='))
    }
}

/// Brings one statement into rows.
struct Reader<'a> {
    database: &'a str,
    flavour: Flavour,
    table: &'a str,
    rows: &'a mut Rows,
}

/// What stands behind the columns and concerns them.
#[derive(Debug, Default)]
struct Options {
    engine: String,
    charset: Option<String>,
    collation: Option<String>,
    auto_increment: Option<u64>,
    comment: String,
    system_versioned: bool,
}

impl Reader<'_> {
    fn table(&mut self, table: &WrittenTable) {
        let mut words = tokens(&table.sql);
        let body = words.find_map(|token| match token {
            Token::Group(body) => Some(body),
            Token::Word(_) | Token::Text(_) | Token::Name(_) | Token::Symbol(_) => None,
        });
        let behind = words.rest();
        let options = options(behind);
        for item in split_commas(body.unwrap_or_default()) {
            self.item(item, &options);
        }
        self.partitions(behind);
        let kind = if options.system_versioned { "SYSTEM VERSIONED" } else { "BASE TABLE" };
        self.rows.tables.push(TableRow {
            name: self.table.to_owned(),
            table_type: kind.to_owned(),
            engine: if options.engine.is_empty() { "InnoDB".to_owned() } else { options.engine },
            rows: table.rows,
            bytes: table.bytes,
            auto_increment: options.auto_increment,
            comment: options.comment,
        });
    }

    /// A column, key or constraint.
    fn item(&mut self, item: &[u8], options: &Options) {
        let mut words = tokens(item);
        match words.next() {
            Some(Token::Name(name)) => self.column(&text(&name), words.rest(), options),
            Some(word) if word.is_word("CONSTRAINT") => self.constraint(words.rest()),
            Some(word) if word.is_word("CHECK") => self.check(String::new(), words),
            Some(word) if word.is_word("PERIOD") => {}
            Some(word) if word.is_word("FOREIGN") => {
                let name = self.unnamed_foreign_key();
                self.foreign_key(&name, words);
            }
            Some(Token::Word(word)) if begins_key(word) => self.key(item),
            // Under --skip-quote-names.
            Some(Token::Word(name)) => self.column(&text(name), words.rest(), options),
            Some(_) | None => {}
        }
    }
}

/// `ENGINE=… AUTO_INCREMENT=… DEFAULT CHARSET=… COLLATE=… COMMENT='…'`
fn options(text: &[u8]) -> Options {
    let mut options = Options::default();
    let mut words = tokens(text);
    while let Some(word) = words.next() {
        let Token::Word(word) = word else { continue };
        match word.to_ascii_uppercase().as_slice() {
            b"PARTITION" => break,
            b"ENGINE" | b"TYPE" => options.engine = value(&mut words),
            b"CHARSET" => options.charset = Some(value(&mut words)),
            b"CHARACTER" => {
                words.next();
                options.charset = Some(value(&mut words));
            }
            b"COLLATE" => options.collation = Some(value(&mut words)),
            b"AUTO_INCREMENT" => options.auto_increment = value(&mut words).parse().ok(),
            b"COMMENT" => options.comment = value(&mut words),
            b"VERSIONING" => options.system_versioned = true,
            _ => {}
        }
    }
    options
}

/// What follows an option's name, with or without `=`.
fn value(words: &mut Tokens<'_>) -> String {
    match words.find(|word| *word != Token::Symbol(b'=')) {
        Some(Token::Word(word)) => text(word),
        Some(Token::Text(word) | Token::Name(word)) => text(&word),
        Some(Token::Group(_) | Token::Symbol(_)) | None => String::new(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `name`, or `database`.`name`; what is meant without a database is this one.
pub(crate) fn table_name(words: &mut Tokens<'_>, database: &str) -> Option<TableName> {
    let name = |token: Option<Token<'_>>| match token {
        Some(Token::Name(name)) => Some(text(&name)),
        Some(Token::Word(name)) => Some(text(name)),
        _ => None,
    };
    let first = match words.next()? {
        // A dot among letters without quotes stands between two names.
        Token::Word(word) if word.contains(&b'.') => {
            let (database, table) =
                text(word).split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned()))?;
            return Some(TableName::new(database, table));
        }
        word => name(Some(word))?,
    };
    if let Some(rest) = words.rest().strip_prefix(b".") {
        *words = tokens(rest);
        return Some(TableName::new(first, name(words.next())?));
    }
    Some(TableName::new(database, first))
}
