//! What a column is when an INSERT leaves it out, by the words of either server.
//!
//! `MariaDB` ≥ 10.2.7 prints the default as SQL: strings quoted, NULL as the word, no row value for
//! none. `MySQL` and older `MariaDB` print the bare value, and NULL for both none and DEFAULT NULL;
//! `MySQL` ≥ 8.0.13 marks expressions in `EXTRA`, older servers had none but `CURRENT_TIMESTAMP`.

use super::create_table::{CreateTable, DefaultText, is_plain};
use crate::mysql::quote::hexadecimal;
use crate::mysql::schema::{ColumnType, Default};
use crate::mysql::token::{Token, tokens};

/// How the server prints defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `MySQL`, and `MariaDB` before 10.2.7.
    Bare,
    /// `MariaDB` since 10.2.7.
    Sql,
}

/// The catalog's words about one column.
pub(super) struct DefaultRow<'a> {
    pub(super) column: &'a str,
    pub(super) column_type: &'a ColumnType,
    pub(super) charset: Option<&'a str>,
    pub(super) nullable: bool,
    /// `COLUMN_DEFAULT`.
    pub(super) text: Option<&'a str>,
    /// `EXTRA`, in lower case.
    pub(super) extra: &'a str,
}

/// What was asked besides.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) create_table: &'a CreateTable,
    /// The answer to `DEFAULT(column)`.
    pub(super) default: Option<&'a str>,
}

impl DefaultRow<'_> {
    /// Whether only `SHOW CREATE TABLE` tells this default truthfully.
    pub(super) fn wants_create_table(&self, style: Style) -> bool {
        match self.printed(style) {
            Default::Expression(text) => !is_plain(&text),
            Default::Literal(text) => {
                self.is_binary() || (style == Style::Bare && is_doubtful(&text))
            }
            Default::Absent | Default::Null => false,
        }
    }

    /// Whether only `DEFAULT(column)` tells this default truthfully.
    pub(super) fn wants_asking(&self, style: Style) -> bool {
        let printed = self.printed(style);
        let doubtful = matches!(&printed, Default::Literal(text) if is_doubtful(text));
        style == Style::Sql && doubtful && !self.is_binary()
    }

    pub(super) fn read(&self, style: Style, told: Told<'_>) -> Default {
        match (self.printed(style), told.create_table.default_of(self.column)) {
            (Default::Expression(printed), Some(DefaultText::Expression(text)))
                if !is_plain(&printed) =>
            {
                Default::Expression(text.clone())
            }
            (
                Default::Literal(_),
                Some(DefaultText::Text(bytes) | DefaultText::Hexadecimal(bytes)),
            ) if self.is_binary() => Default::Literal(hexadecimal(bytes)),
            (Default::Literal(text), Some(DefaultText::Hexadecimal(bytes)))
                if is_doubtful(&text) =>
            {
                self.decoded(bytes)
            }
            (Default::Literal(text), _) => {
                Default::Literal(told.default.map_or(text, str::to_owned))
            }
            (default, _) => default,
        }
    }

    /// The default as `information_schema` prints it.
    fn printed(&self, style: Style) -> Default {
        let default = match (style, self.text) {
            // A MySQL column that may be NULL has DEFAULT NULL, written or not.
            (Style::Bare, None) if self.nullable => Default::Null,
            (Style::Sql | Style::Bare, None) => Default::Absent,
            (Style::Sql, Some(text)) => sql(text),
            (Style::Bare, Some(text)) if self.is_expression() => {
                Default::Expression(text.to_owned())
            }
            (Style::Bare, Some(text)) => Default::Literal(text.to_owned()),
        };
        match default {
            Default::Expression(text) if text.eq_ignore_ascii_case("NULL") => Default::Null,
            default => default,
        }
    }

    /// A text that `MySQL` prints in hexadecimal, as letters of it are beyond the basic plane.
    fn decoded(&self, bytes: &[u8]) -> Default {
        match (self.charset, String::from_utf8(bytes.to_vec())) {
            (Some("utf8mb4"), Ok(text)) => Default::Literal(text),
            // In UTF-16, UTF-32 or GB 18030: said as it is, rather than wrongly.
            (charset, _) => Default::Expression(format!(
                "_{} {}",
                charset.unwrap_or("binary"),
                hexadecimal(bytes)
            )),
        }
    }

    fn is_binary(&self) -> bool {
        matches!(
            self.column_type,
            ColumnType::Binary { .. } | ColumnType::VarBinary { .. } | ColumnType::Blob
        )
    }

    fn is_temporal(&self) -> bool {
        matches!(self.column_type, ColumnType::DateTime { .. } | ColumnType::Timestamp { .. })
    }

    /// For servers that print bare values.
    fn is_expression(&self) -> bool {
        self.extra.contains("default_generated")
            || (self.is_temporal() && self.text.is_some_and(is_current_timestamp))
    }
}

/// Whether letters beyond the basic plane may have become question marks.
fn is_doubtful(text: &str) -> bool {
    text.contains('?')
}

fn is_current_timestamp(text: &str) -> bool {
    let word = "current_timestamp";
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// Reads a default that is printed as SQL.
fn sql(text: &str) -> Default {
    let mut words = tokens(text.as_bytes());
    let default = match words.next() {
        Some(Token::Text(literal)) => String::from_utf8(literal).ok().map(Default::Literal),
        Some(word) if word.is_word("NULL") => Some(Default::Null),
        Some(word) if word.is_word("b") && matches!(words.next(), Some(Token::Text(_))) => {
            Some(Default::Literal(text.to_owned()))
        }
        _ => None,
    };
    match default {
        Some(default) if words.next().is_none() => default,
        _ if is_number(text) => Default::Literal(text.to_owned()),
        _ => Default::Expression(text.to_owned()),
    }
}

/// Whether the whole of it is one number; `inf` and `nan`, which Rust would read too, are none.
fn is_number(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
        && text.ends_with(|last: char| last.is_ascii_digit() || last == '.')
        && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::create_table::CreateTable;
    use super::{DefaultRow, Style, Told};
    use crate::mysql::schema::{ColumnType, Default};

    const TEXT: ColumnType = ColumnType::VarChar { length: 50 };
    const BINARY: ColumnType = ColumnType::VarBinary { length: 50 };
    const MOMENT: ColumnType = ColumnType::DateTime { fraction: 6 };

    fn row<'a>(
        column_type: &'a ColumnType,
        text: Option<&'a str>,
        extra: &'a str,
    ) -> DefaultRow<'a> {
        DefaultRow { column: "c", column_type, charset: None, nullable: true, text, extra }
    }

    fn read(row: &DefaultRow<'_>, style: Style, create: &str) -> Default {
        let create_table = &CreateTable::parse(create.as_bytes());
        row.read(style, Told { create_table, default: None })
    }

    fn literal(text: &str) -> Default {
        Default::Literal(text.to_owned())
    }

    fn expression(text: &str) -> Default {
        Default::Expression(text.to_owned())
    }

    fn bare(column_type: &ColumnType, text: Option<&str>, extra: &str) -> Default {
        read(&row(column_type, text, extra), Style::Bare, "")
    }

    fn sql(text: Option<&str>) -> Default {
        read(&row(&TEXT, text, ""), Style::Sql, "")
    }

    #[test]
    fn mariadb_prints_sql() {
        assert_eq!(sql(None), Default::Absent);
        assert_eq!(sql(Some("NULL")), Default::Null);
        assert_eq!(sql(Some("'NULL'")), literal("NULL"));
        assert_eq!(sql(Some("''")), literal(""));
        assert_eq!(sql(Some(r#"'it''s \\ "x" \n é'"#)), literal("it's \\ \"x\" \n é"));
        assert_eq!(sql(Some("'current_timestamp()'")), literal("current_timestamp()"));
        for number in ["5", "-7", "1e100", "-1.50", "0.5"] {
            assert_eq!(sql(Some(number)), literal(number));
        }
        assert_eq!(sql(Some("b'101'")), literal("b'101'"));
        for text in ["uuid()", "(1 + 1)", "concat('a','b')", "current_timestamp(6)", "'a' + 1"] {
            assert_eq!(sql(Some(text)), expression(text));
        }
    }

    #[test]
    fn mysql_prints_bare_values() {
        assert_eq!(bare(&TEXT, None, ""), Default::Null);
        assert_eq!(bare(&TEXT, Some("NULL"), ""), literal("NULL"));
        assert_eq!(bare(&TEXT, Some(""), ""), literal(""));
        assert_eq!(bare(&TEXT, Some("CURRENT_TIMESTAMP"), ""), literal("CURRENT_TIMESTAMP"));
        assert_eq!(bare(&TEXT, Some("uuid()"), ""), literal("uuid()"));
        assert_eq!(bare(&TEXT, Some("uuid()"), "default_generated"), expression("uuid()"));
        assert_eq!(bare(&TEXT, Some("NULL"), "default_generated"), Default::Null);
        assert_eq!(
            bare(&MOMENT, Some("CURRENT_TIMESTAMP(6)"), ""),
            expression("CURRENT_TIMESTAMP(6)")
        );
        assert_eq!(bare(&MOMENT, Some("2020-01-01 00:00:00"), ""), literal("2020-01-01 00:00:00"));
    }

    #[test]
    fn no_default_where_null_may_not_be() {
        let row = DefaultRow { nullable: false, ..row(&TEXT, None, "") };
        assert_eq!(read(&row, Style::Bare, ""), Default::Absent);
    }

    #[test]
    fn binary_defaults_come_from_create_table() {
        let create_table =
            &CreateTable::parse(b"CREATE TABLE `t` (\n `c` varbinary(5) DEFAULT '\xff\\0')");
        let told = Told { create_table, default: None };
        let cut = row(&BINARY, Some("0xFF"), "");
        assert!(cut.wants_create_table(Style::Bare));
        assert_eq!(cut.read(Style::Bare, told), literal("0xFF00"));
        let lossy = row(&BINARY, Some(r"'?\0'"), "");
        assert!(lossy.wants_create_table(Style::Sql) && !lossy.wants_asking(Style::Sql));
        assert_eq!(lossy.read(Style::Sql, told), literal("0xFF00"));
        assert!(!row(&BINARY, Some("NULL"), "").wants_create_table(Style::Sql));
    }

    #[test]
    fn spoilt_expressions_come_from_create_table() {
        let create = "CREATE TABLE `t` (`c` json DEFAULT (f('🦊')))";
        let mysql = row(&TEXT, Some(r"f(\'Ã©\')"), "default_generated");
        assert!(mysql.wants_create_table(Style::Bare));
        assert_eq!(read(&mysql, Style::Bare, create), expression("f('🦊')"));
        let mariadb = row(&TEXT, Some("f('????')"), "");
        assert!(mariadb.wants_create_table(Style::Sql) && !mariadb.wants_asking(Style::Sql));
        assert_eq!(read(&mariadb, Style::Sql, create), expression("f('🦊')"));
    }

    #[test]
    fn letters_beyond_the_basic_plane() {
        let doubtful = DefaultRow { charset: Some("utf8mb4"), ..row(&TEXT, Some("a?b"), "") };
        assert!(doubtful.wants_create_table(Style::Bare) && !doubtful.wants_asking(Style::Bare));
        let create = "CREATE TABLE `t` (`c` varchar(9) DEFAULT 0x61F09FA68A62)";
        assert_eq!(read(&doubtful, Style::Bare, create), literal("a🦊b"));
        let honest = "CREATE TABLE `t` (`c` varchar(9) DEFAULT 'a?b')";
        assert_eq!(read(&doubtful, Style::Bare, honest), literal("a?b"));
        let utf16 = DefaultRow { charset: Some("utf16"), ..row(&TEXT, Some("?"), "") };
        let create = "CREATE TABLE `t` (`c` varchar(9) DEFAULT 0xD83EDD8A)";
        assert_eq!(read(&utf16, Style::Bare, create), expression("_utf16 0xD83EDD8A"));

        let printed = row(&TEXT, Some("'a?b'"), "");
        assert!(printed.wants_asking(Style::Sql) && !printed.wants_create_table(Style::Sql));
        let create_table = &CreateTable::default();
        let told = Told { create_table, default: Some("a🦊b") };
        assert_eq!(printed.read(Style::Sql, told), literal("a🦊b"));
        assert_eq!(read(&printed, Style::Sql, ""), literal("a?b"));
    }
}
