//! `LOAD DATA`, which mydumper writes for rows that stand in a file beside its statement. Pure.
//!
//! Source: `MySQL` manual 15.2.9 "LOAD DATA Statement".

use super::format::{Encoded, Format};
use crate::mysql::catalog::written::table_name;
use crate::mysql::token::{Token, Tokens, split_commas, tokens};
use crate::name::TableName;

/// What a statement says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LoadData {
    pub(super) file: String,
    pub(super) table: TableName,
    pub(super) charset: Option<String>,
    pub(super) format: Format,
    /// Lines before the rows.
    pub(super) header: u64,
}

/// Reads a statement, its first word read already; `None` for one that says something else, or
/// what no dump tool says. A table without a database is of this one.
pub(super) fn read(statement: &[u8], database: &str) -> Option<LoadData> {
    let mut words = tokens(statement);
    words.next().filter(|word| word.is_word("DATA"))?;
    words.find(|word| word.is_word("INFILE"))?;
    let file = text(words.next()?)?;
    words.find(|word| word.is_word("TABLE"))?;
    let table = table_name(&mut words, database)?;
    let format = Format { columns: None, ..Format::default() };
    let mut read = LoadData { file, table, charset: None, format, header: 0 };
    let mut part = Part::Fields;
    while let Some(word) = words.next() {
        match word {
            Token::Group(columns) => {
                let names = split_commas(columns).into_iter().map(name);
                read.format.columns = Some(names.collect::<Option<_>>()?);
            }
            Token::Word(word) => match word.to_ascii_uppercase().as_slice() {
                b"CHARACTER" => {
                    words.next();
                    read.charset = Some(text(words.next()?)?);
                }
                b"FIELDS" | b"COLUMNS" => part = Part::Fields,
                b"LINES" => part = Part::Lines,
                b"IGNORE" => read.header = text(words.next()?)?.parse().ok()?,
                b"SET" => {
                    let assigned = split_commas(words.rest());
                    assigned.into_iter().try_for_each(|one| assign(one, &mut read.format))?;
                    break;
                }
                word => mark(word, &mut words, (part, &mut read.format))?,
            },
            Token::Text(_) | Token::Name(_) | Token::Symbol(_) => {}
        }
    }
    // A field that is read into a variable and then goes nowhere.
    let is_lost = |column: &String| column.starts_with('@');
    (!read.format.columns.iter().flatten().any(is_lost)).then_some(read)
}

#[derive(Clone, Copy)]
enum Part {
    Fields,
    Lines,
}

/// `TERMINATED BY '…'` and its like.
fn mark(word: &[u8], words: &mut Tokens<'_>, (part, format): (Part, &mut Format)) -> Option<()> {
    if ![b"TERMINATED".as_slice(), b"ENCLOSED", b"ESCAPED", b"STARTING"].contains(&word) {
        return Some(());
    }
    words.next();
    let Token::Text(mark) = words.next()? else { return None };
    match (word, part) {
        (b"TERMINATED", Part::Fields) => format.separator = mark,
        (b"TERMINATED", Part::Lines) => format.terminator = mark,
        (b"ENCLOSED", _) => format.enclosed = mark.first().copied(),
        (b"ESCAPED", _) => format.escaped = mark.first().copied(),
        // STARTING BY: no tool has rows begin with something, unless told.
        _ => return mark.is_empty().then_some(()),
    }
    let is_told_apart = !format.separator.is_empty() && !format.terminator.is_empty();
    is_told_apart.then_some(())
}

/// `` `doc` = CONVERT(@doc USING utf8mb4) ``, `` `raw` = UNHEX(@raw) ``: the field is of that column.
fn assign(assignment: &[u8], format: &mut Format) -> Option<()> {
    let mut words = tokens(assignment);
    let column = text(words.next()?)?;
    words.next().filter(|word| *word == Token::Symbol(b'='))?;
    let function = text(words.next()?)?;
    let Token::Group(argument) = words.next()? else { return None };
    let variable = name(argument)?;
    let encoded = match function.to_ascii_uppercase().as_str() {
        "CONVERT" => None,
        "UNHEX" => Some(Encoded::Hexadecimal),
        "FROM_BASE64" => Some(Encoded::Base64),
        _ => return None,
    };
    let columns = format.columns.as_mut()?;
    let field = columns.iter_mut().find(|field| **field == variable)?;
    field.clone_from(&column);
    format.encoded.extend(encoded.map(|how| (column, how)));
    Some(())
}

/// A column of the list, or a variable with its `@`.
fn name(word: &[u8]) -> Option<String> {
    let word = word.trim_ascii();
    match word.strip_prefix(b"@") {
        Some(variable) => Some(format!("@{}", text(tokens(variable).next()?)?)),
        None => text(tokens(word).next()?),
    }
}

fn text(token: Token<'_>) -> Option<String> {
    let bytes = match token {
        Token::Text(text) | Token::Name(text) => text,
        Token::Word(word) => word.to_vec(),
        Token::Group(_) | Token::Symbol(_) => return None,
    };
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::dump::format::Encoded;
    use crate::name::TableName;

    #[test]
    fn what_mydumper_writes() {
        let statement = br"DATA LOCAL INFILE 'shop.items.00000.dat' REPLACE INTO TABLE `it``ems` CHARACTER SET binary
            FIELDS TERMINATED BY '\t' ENCLOSED BY '' ESCAPED BY '\\' LINES STARTING BY ''
            TERMINATED BY '\n' (`id`,@raw,@doc)SET `raw`=UNHEX(@raw),`doc`=CONVERT(@doc USING UTF8MB4)";
        let load = read(statement, "shop").unwrap();
        assert_eq!(load.file, "shop.items.00000.dat");
        assert_eq!(load.table, TableName::new("shop", "it`ems"));
        assert_eq!((load.charset.as_deref(), load.header), (Some("binary"), 0));
        assert_eq!(load.format.separator, b"\t");
        assert_eq!((load.format.enclosed, load.format.escaped), (None, Some(b'\\')));
        assert_eq!(load.format.columns.unwrap(), ["id", "raw", "doc"]);
        assert_eq!(load.format.encoded, [("raw".to_owned(), Encoded::Hexadecimal)]);
        let statement =
            br#"DATA LOCAL INFILE 'a.csv' REPLACE INTO TABLE `db`.`t` FIELDS TERMINATED BY ','
            ENCLOSED BY '"' ESCAPED BY '\\' LINES TERMINATED BY '\n' IGNORE 1 LINES (`id`)"#;
        let load = read(statement, "shop").unwrap();
        assert_eq!((load.table, load.header), (TableName::new("db", "t"), 1));
        assert_eq!((load.format.enclosed, load.format.separator), (Some(b'"'), b",".to_vec()));
    }

    #[test]
    fn what_is_computed_is_not_read() {
        for wrong in [
            "XML INFILE 'a' INTO TABLE t",
            "DATA INFILE 'a' INTO TABLE t LINES STARTING BY 'x'",
            "DATA INFILE 'a' INTO TABLE t FIELDS TERMINATED BY ''",
            "DATA INFILE 'a' INTO TABLE t (@a) SET a = @a + 1",
            "DATA INFILE 'a' INTO TABLE t (@a) SET a = now(@a)",
            "DATA INFILE 'a' INTO TABLE t (id, @a)",
            "DATA INFILE 'a' INTO TABLE t (id, @a) SET b = UNHEX(@c)",
            "DATA INFILE 'a' INTO TABLE t (id, (a))",
        ] {
            assert_eq!(read(wrong.as_bytes(), "shop"), None, "{wrong}");
        }
    }
}
