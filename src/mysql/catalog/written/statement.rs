//! What a statement of a dump says of the schema.

use super::{WrittenTable, WrittenView, table_name, text};
use crate::mysql::schema::{Object, ObjectKind, Sequence};
use crate::mysql::token::{Token, Tokens, split_commas, tokens};
use crate::name::TableName;

/// One statement that makes or unmakes something, and in which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Statement {
    CreateDatabase {
        name: String,
    },
    Use {
        name: String,
    },
    CreateTable {
        database: String,
        table: WrittenTable,
        over: Over,
    },
    /// CREATE TABLE … LIKE …
    CreateLike {
        name: TableName,
        like: TableName,
        over: Over,
    },
    CreateView {
        database: String,
        view: WrittenView,
    },
    /// Tables, views, what stood in for one, sequences.
    Drop {
        names: Vec<TableName>,
    },
    DropDatabase {
        name: String,
    },
    DropObject {
        kind: ObjectKind,
        name: TableName,
    },
    /// TRUNCATE, or DELETE of all rows.
    Empty {
        name: TableName,
    },
    Rename {
        names: Vec<(TableName, TableName)>,
    },
    /// ALTER TABLE or CREATE INDEX, as the parts of the former.
    Alter {
        name: TableName,
        changes: Vec<Vec<u8>>,
    },
    CreateSequence {
        database: String,
        sequence: Sequence,
    },
    /// DO SETVAL (…).
    SetSequence {
        database: String,
        name: String,
        next: i128,
    },
    CreateObject {
        database: String,
        object: Object,
    },
    /// What concerns the server and neither tables nor rows: accounts, tablespaces.
    OfServer,
}

/// What becomes of a table of that name that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// The server refuses the statement.
    Refused,
    /// IF NOT EXISTS: it stays as it is.
    Stays,
    /// OR REPLACE: it goes with its rows.
    Goes,
}

/// Reads a statement whose comments are gone and whose version comments are opened; `None` for
/// one that cannot be run without a server.
pub(crate) fn read(sql: &[u8], database: &str) -> Option<Statement> {
    let mut words = tokens(sql);
    let Token::Word(first) = words.next()? else { return None };
    match first.to_ascii_uppercase().as_slice() {
        b"USE" => {
            let name = name(words.next())?;
            words.next().is_none().then_some(Statement::Use { name })
        }
        // MariaDB's tool has written SELECT, too.
        b"DO" | b"SELECT" => set_sequence(&mut words, database),
        b"DROP" => drop(&mut words, database),
        b"TRUNCATE" => {
            let mut ahead = words.clone();
            if ahead.next().is_some_and(|word| word.is_word("TABLE")) {
                words = ahead;
            }
            empty(&mut words, database)
        }
        b"DELETE" => {
            words.next().filter(|word| word.is_word("FROM"))?;
            empty(&mut words, database)
        }
        b"RENAME" => rename(&mut words, database),
        b"ALTER" => {
            words.next().filter(|word| word.is_word("TABLE"))?;
            let name = table_name(&mut words, database)?;
            let changes = split_commas(words.rest()).into_iter().map(<[u8]>::to_vec).collect();
            Some(Statement::Alter { name, changes })
        }
        b"CREATE" => create(sql, words, database),
        _ => None,
    }
}

/// A table that loses all of its rows, if the statement says no more than that.
fn empty(words: &mut Tokens<'_>, database: &str) -> Option<Statement> {
    let name = table_name(words, database)?;
    words.next().is_none().then_some(Statement::Empty { name })
}

/// `TABLE a TO b, c TO d`
fn rename(words: &mut Tokens<'_>, database: &str) -> Option<Statement> {
    words.next().filter(|word| word.is_word("TABLE"))?;
    let pair = |part: &[u8]| {
        let mut words = tokens(part);
        let from = table_name(&mut words, database)?;
        words.next().filter(|word| word.is_word("TO"))?;
        let to = table_name(&mut words, database)?;
        words.next().is_none().then_some((from, to))
    };
    let names = split_commas(words.rest()).into_iter().map(pair).collect::<Option<_>>()?;
    Some(Statement::Rename { names })
}

/// `INDEX name ON table (parts) options`, the words before it in `kind`.
fn index(words: &mut Tokens<'_>, database: &str, kind: &[u8]) -> Option<Statement> {
    let before = words.rest();
    words.next().filter(|word| matches!(word, Token::Word(_) | Token::Name(_)))?;
    let name = &before[..before.len() - words.rest().len()];
    words.next().filter(|word| word.is_word("ON"))?;
    let table = table_name(words, database)?;
    let change = [b"ADD ", kind, b" INDEX ", name, b" ", words.rest()].concat();
    Some(Statement::Alter { name: table, changes: vec![change] })
}

/// What stands between CREATE and the kind of the thing is passed over: OR REPLACE, ALGORITHM=…,
/// DEFINER=…, TEMPORARY.
fn create(sql: &[u8], mut words: Tokens<'_>, database: &str) -> Option<Statement> {
    let (mut invoker, mut over, mut index_kind) = (false, Over::Refused, Vec::new());
    while let Some(word) = words.next() {
        let Token::Word(word) = word else { continue };
        let kind = match word.to_ascii_uppercase().as_slice() {
            b"REPLACE" => {
                over = Over::Goes;
                continue;
            }
            // It goes with the session.
            b"TEMPORARY" => return None,
            kind @ (b"UNIQUE" | b"FULLTEXT" | b"SPATIAL" | b"VECTOR") => {
                index_kind = kind.to_vec();
                continue;
            }
            b"INDEX" => return index(&mut words, database, &index_kind),
            b"USER" | b"ROLE" | b"SERVER" | b"TABLESPACE" | b"LOGFILE" | b"UNDO" => {
                return Some(Statement::OfServer);
            }
            b"DATABASE" | b"SCHEMA" => {
                skip_if_exists(&mut words);
                return Some(Statement::CreateDatabase { name: name(words.next())? });
            }
            b"TABLE" => return table((sql, &mut words), database, over),
            b"INVOKER" => {
                invoker = true;
                continue;
            }
            b"VIEW" => return view(&mut words, database, invoker),
            b"SEQUENCE" => return sequence(&mut words, database),
            b"TRIGGER" => ObjectKind::Trigger,
            b"PROCEDURE" => ObjectKind::Procedure,
            b"FUNCTION" => ObjectKind::Function,
            b"EVENT" => ObjectKind::Event,
            b"PACKAGE" => {
                let mut ahead = words.clone();
                if ahead.next().is_some_and(|word| word.is_word("BODY")) {
                    words = ahead;
                }
                ObjectKind::Package
            }
            _ => continue,
        };
        return object(&mut words, database, kind);
    }
    None
}

/// `name (columns) options`, or LIKE another; `None` for one that a SELECT fills.
fn table((sql, words): (&[u8], &mut Tokens<'_>), database: &str, over: Over) -> Option<Statement> {
    let over = if skip_if_exists(words) { Over::Stays } else { over };
    let name = table_name(words, database)?;
    let is_select = |word: &Token<'_>| match word {
        Token::Group(inner) => begins_with(inner, "SELECT"),
        word => word.is_word("SELECT"),
    };
    match words.next()? {
        word if word.is_word("LIKE") => {
            let like = table_name(words, database)?;
            return Some(Statement::CreateLike { name, like, over });
        }
        Token::Group(inner) if begins_with(inner, "LIKE") => {
            let mut words = tokens(inner);
            words.next();
            let like = table_name(&mut words, database)?;
            return Some(Statement::CreateLike { name, like, over });
        }
        Token::Group(inner) if !begins_with(inner, "SELECT") => {}
        _ => return None,
    }
    if words.any(|word| is_select(&word)) {
        return None;
    }
    let table = WrittenTable { name: name.name, sql: sql.to_vec(), ..WrittenTable::default() };
    Some(Statement::CreateTable { database: name.schema, table, over })
}

fn begins_with(text: &[u8], word: &str) -> bool {
    tokens(text).next().is_some_and(|first| first.is_word(word))
}

fn object(words: &mut Tokens<'_>, database: &str, kind: ObjectKind) -> Option<Statement> {
    let name = named(words, database)?;
    let table = match kind {
        ObjectKind::Trigger => {
            // BEFORE INSERT ON `table`
            words.find(|word| word.is_word("ON"))?;
            Some(TableName { schema: name.schema.clone(), ..table_name(words, database)? })
        }
        ObjectKind::Procedure | ObjectKind::Function | ObjectKind::Event | ObjectKind::Package => {
            None
        }
    };
    let database = name.schema.clone();
    Some(Statement::CreateObject { database, object: Object { kind, name, table } })
}

fn view(words: &mut Tokens<'_>, database: &str, invoker: bool) -> Option<Statement> {
    let name = named(words, database)?;
    words.find(|word| word.is_word("AS"))?;
    let mut definition = text(words.rest()).trim().to_owned();
    let mut check_option = None;
    for option in ["CASCADED", "LOCAL"] {
        let ending = format!(" WITH {option} CHECK OPTION");
        let at = definition.len().saturating_sub(ending.len());
        if definition.get(at..).is_some_and(|found| found.eq_ignore_ascii_case(&ending)) {
            definition.truncate(at);
            check_option = Some(option.to_owned());
        }
    }
    let view = WrittenView { name: name.name, definition, check_option, invoker };
    Some(Statement::CreateView { database: name.schema, view })
}

fn sequence(words: &mut Tokens<'_>, database: &str) -> Option<Statement> {
    let name = named(words, database)?;
    let mut sequence = Sequence {
        name: name.clone(),
        start: 1,
        increment: 1,
        minimum: 1,
        maximum: i128::from(i64::MAX) - 1,
        cycles: false,
        cache: 1000,
        next: 1,
        comment: String::new(),
    };
    while let Some(word) = words.next() {
        let Token::Word(word) = word else { continue };
        match word.to_ascii_uppercase().as_slice() {
            b"START" => {
                words.next();
                sequence.start = number(words)?;
            }
            b"MINVALUE" => sequence.minimum = number(words)?,
            b"MAXVALUE" => sequence.maximum = number(words)?,
            b"INCREMENT" => {
                words.next();
                sequence.increment = number(words)?;
            }
            b"CACHE" => sequence.cache = number(words)?.try_into().ok()?,
            b"NOCACHE" => sequence.cache = 0,
            b"CYCLE" => sequence.cycles = true,
            b"COMMENT" => sequence.comment = super::value(words),
            _ => {}
        }
    }
    sequence.next = sequence.start;
    Some(Statement::CreateSequence { database: name.schema, sequence })
}

/// `DO SETVAL(name, next, 0)`
fn set_sequence(words: &mut Tokens<'_>, database: &str) -> Option<Statement> {
    words.next().filter(|word| word.is_word("SETVAL"))?;
    let Some(Token::Group(arguments)) = words.next() else { return None };
    let mut words = tokens(arguments);
    let name = table_name(&mut words, database)?;
    words.next();
    let next = number(&mut words)?;
    Some(Statement::SetSequence { database: name.schema, name: name.name, next })
}

fn number(words: &mut Tokens<'_>) -> Option<i128> {
    let (mut sign, mut word) = (1, words.next()?);
    while let Token::Symbol(symbol) = word {
        if symbol == b'-' {
            sign = -1;
        }
        word = words.next()?;
    }
    match word {
        Token::Word(digits) => text(digits).parse::<i128>().ok().map(|number| sign * number),
        _ => None,
    }
}

fn drop(words: &mut Tokens<'_>, database: &str) -> Option<Statement> {
    let Token::Word(kind) = words.next()? else { return None };
    let kind = match kind.to_ascii_uppercase().as_slice() {
        b"TABLE" | b"VIEW" | b"SEQUENCE" => {
            skip_if_exists(words);
            let names = split_commas(words.rest()).into_iter();
            let names = names.map(|part| table_name(&mut tokens(part), database));
            return Some(Statement::Drop { names: names.collect::<Option<_>>()? });
        }
        b"DATABASE" | b"SCHEMA" => {
            skip_if_exists(words);
            return Some(Statement::DropDatabase { name: name(words.next())? });
        }
        b"USER" | b"ROLE" | b"SERVER" | b"TABLESPACE" => return Some(Statement::OfServer),
        b"TRIGGER" => ObjectKind::Trigger,
        b"PROCEDURE" => ObjectKind::Procedure,
        b"FUNCTION" => ObjectKind::Function,
        b"EVENT" => ObjectKind::Event,
        b"PACKAGE" => ObjectKind::Package,
        _ => return None,
    };
    Some(Statement::DropObject { kind, name: named(words, database)? })
}

/// A name behind `IF [NOT] EXISTS`.
fn named(words: &mut Tokens<'_>, database: &str) -> Option<TableName> {
    skip_if_exists(words);
    table_name(words, database)
}

/// Whether it was there.
fn skip_if_exists(words: &mut Tokens<'_>) -> bool {
    let mut ahead = words.clone();
    let found = ahead.next().is_some_and(|word| word.is_word("IF"))
        && ahead.any(|word| word.is_word("EXISTS"));
    if found {
        *words = ahead;
    }
    found
}

fn name(token: Option<Token<'_>>) -> Option<String> {
    match token? {
        Token::Name(name) => Some(text(&name)),
        Token::Word(name) => Some(text(name)),
        Token::Text(_) | Token::Group(_) | Token::Symbol(_) => None,
    }
}
