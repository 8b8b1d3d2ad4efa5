//! What a statement of a dump says of the schema.

use super::{WrittenTable, WrittenView, table_name, text};
use crate::mysql::schema::{Object, ObjectKind, Sequence};
use crate::mysql::token::{Token, Tokens, tokens};
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
    },
    CreateView {
        database: String,
        view: WrittenView,
    },
    /// A table or view, or what stood in for one.
    Drop {
        database: String,
        name: String,
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
}

/// Reads a statement whose comments are gone and whose version comments are opened; `None` for
/// one that says nothing of the schema.
pub(crate) fn read(sql: &[u8], database: &str) -> Option<Statement> {
    let mut words = tokens(sql);
    let first = words.next()?;
    if first.is_word("USE") {
        return Some(Statement::Use { name: name(words.next())? });
    }
    if first.is_word("DO") {
        return set_sequence(&mut words, database);
    }
    if first.is_word("DROP") {
        return drop(&mut words, database);
    }
    if !first.is_word("CREATE") {
        return None;
    }
    create(sql, words, database)
}

/// What stands between CREATE and the kind of the thing is passed over: OR REPLACE, ALGORITHM=…,
/// DEFINER=…, TEMPORARY.
fn create(sql: &[u8], mut words: Tokens<'_>, database: &str) -> Option<Statement> {
    let mut invoker = false;
    while let Some(word) = words.next() {
        let Token::Word(word) = word else { continue };
        let kind = match word.to_ascii_uppercase().as_slice() {
            b"DATABASE" | b"SCHEMA" => {
                skip_if_exists(&mut words);
                return Some(Statement::CreateDatabase { name: name(words.next())? });
            }
            b"TABLE" => {
                let name = named(&mut words, database)?;
                let table =
                    WrittenTable { name: name.name, sql: sql.to_vec(), ..WrittenTable::default() };
                return Some(Statement::CreateTable { database: name.schema, table });
            }
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
    let kind = words.next()?;
    if !kind.is_word("TABLE") && !kind.is_word("VIEW") {
        return None;
    }
    let name = named(words, database)?;
    Some(Statement::Drop { database: name.schema, name: name.name })
}

/// A name behind `IF [NOT] EXISTS`.
fn named(words: &mut Tokens<'_>, database: &str) -> Option<TableName> {
    skip_if_exists(words);
    table_name(words, database)
}

fn skip_if_exists(words: &mut Tokens<'_>) {
    let mut ahead = words.clone();
    if ahead.next().is_some_and(|word| word.is_word("IF"))
        && ahead.any(|word| word.is_word("EXISTS"))
    {
        *words = ahead;
    }
}

fn name(token: Option<Token<'_>>) -> Option<String> {
    match token? {
        Token::Name(name) => Some(text(&name)),
        Token::Word(name) => Some(text(name)),
        Token::Text(_) | Token::Group(_) | Token::Symbol(_) => None,
    }
}
