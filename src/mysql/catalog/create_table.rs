//! What only `SHOW CREATE TABLE` tells truthfully.
//!
//! `MySQL`'s `information_schema` is no source for expressions: seen on 9.7, it prints the quotes of
//! strings as `\'` and their non-ASCII letters converted twice (`'é'` as `'Ã©'`), and it cuts the
//! default of a binary column at its first NUL (`0xFF00` as `0xFF`). `MariaDB`'s replaces what is no
//! UTF-8 in such defaults by `?`, and in expressions each byte of a letter beyond the basic plane.
//!
//! `SHOW CREATE TABLE` prints all of them so that the server could read them again, provided that
//! the session asks for unconverted results: then `MariaDB` prints the raw bytes of binary defaults.
//! Both servers print `?` for letters beyond the basic plane in defaults, `MySQL` as a hexadecimal
//! literal of the column's charset instead; `MariaDB` tells them only by `DEFAULT(column)`.
//! In the labels of ENUM and SET nobody tells them.

use std::collections::HashMap;

use crate::mysql::token::{Token, split_commas, tokens};

/// The parts of a `CREATE TABLE` that are read from it, each by the name it stands under.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CreateTable {
    defaults: HashMap<String, DefaultText>,
    generated: HashMap<String, String>,
    checks: HashMap<String, String>,
    keys: HashMap<String, Key>,
    default_partition: Option<String>,
}

/// A DEFAULT clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DefaultText {
    /// A string, a bare word or a number.
    Text(Vec<u8>),
    /// The bytes of a hexadecimal literal, in the column's charset.
    Hexadecimal(Vec<u8>),
    /// Without the parentheses that the syntax asks for.
    Expression(String),
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Key {
    /// The expression of each functional part, at its place.
    expressions: Vec<Option<String>>,
    /// `MariaDB`'s UNIQUE (…, period WITHOUT OVERLAPS).
    without_overlaps: bool,
}

impl CreateTable {
    /// Reads what `SHOW CREATE TABLE` printed. What has another shape than expected is left out;
    /// the callers then keep the text of `information_schema`.
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut table = Self::default();
        let group = |token| match token {
            Token::Group(body) => Some(body),
            Token::Word(_) | Token::Text(_) | Token::Name(_) | Token::Symbol(_) => None,
        };
        let mut words = tokens(text);
        let body = words.find_map(group);
        for item in split_commas(body.unwrap_or_default()) {
            table.item(item);
        }
        // What is partitioned by, then the partitions.
        for partition in words.filter_map(group).flat_map(split_commas) {
            table.partition(partition);
        }
        table
    }

    pub(super) fn default_of(&self, column: &str) -> Option<&DefaultText> {
        self.defaults.get(column)
    }

    pub(super) fn generated(&self, column: &str) -> Option<&str> {
        self.generated.get(column).map(String::as_str)
    }

    pub(super) fn check(&self, constraint: &str) -> Option<&str> {
        self.checks.get(constraint).map(String::as_str)
    }

    /// The expression of an index's part, counted from 0.
    pub(super) fn index_expression(&self, index: &str, part: usize) -> Option<&str> {
        self.keys.get(index)?.expressions.get(part)?.as_deref()
    }

    pub(super) fn is_without_overlaps(&self, index: &str) -> bool {
        self.keys.get(index).is_some_and(|key| key.without_overlaps)
    }

    /// `MariaDB`'s PARTITION `name` DEFAULT.
    pub(super) fn default_partition(&self) -> Option<&str> {
        self.default_partition.as_deref()
    }

    fn partition(&mut self, definition: &[u8]) {
        let mut words = tokens(definition);
        if words.next().is_some_and(|word| word.is_word("PARTITION"))
            && let Some(Token::Name(name)) = words.next()
            && words.next().is_some_and(|word| word.is_word("DEFAULT"))
        {
            self.default_partition = Some(text(&name));
        }
    }

    /// A column, key or constraint.
    fn item(&mut self, item: &[u8]) {
        let mut words = tokens(item);
        match words.next() {
            Some(Token::Name(name)) => self.column(&text(&name), words.rest()),
            Some(word) if word.is_word("CONSTRAINT") => self.constraint(words.rest()),
            Some(word) if word.is_word("PRIMARY") => {}
            // Without quotes, as some dumps have them.
            Some(Token::Word(name)) if !begins_key(name) => self.column(&text(name), words.rest()),
            Some(_) => self.key(words.rest()),
            None => {}
        }
    }

    fn column(&mut self, name: &str, definition: &[u8]) {
        let mut words = tokens(definition);
        while let Some(word) = words.next() {
            if word.is_word("DEFAULT") {
                if let Some(default) = default_text(words.rest()) {
                    self.defaults.insert(name.to_owned(), default);
                }
            } else if word.is_word("AS")
                && let Some(Token::Group(expression)) = words.next()
            {
                self.generated.insert(name.to_owned(), text(expression));
            } else if word.is_word("CHECK")
                && let Some(Token::Group(expression)) = words.next()
            {
                // MariaDB's checks of one column bear its name.
                self.checks.insert(name.to_owned(), text(expression));
            }
        }
    }

    /// Only CHECK is read: `name` CHECK (…).
    fn constraint(&mut self, definition: &[u8]) {
        let mut words = tokens(definition);
        let name = match words.next() {
            Some(Token::Name(name)) => text(&name),
            Some(Token::Word(name)) => text(name),
            _ => return,
        };
        if words.next().is_some_and(|word| word.is_word("CHECK"))
            && let Some(Token::Group(expression)) = words.next()
        {
            self.checks.insert(name, text(expression));
        }
    }

    /// [UNIQUE | FULLTEXT | SPATIAL] KEY `name` (parts), its first word already read.
    fn key(&mut self, definition: &[u8]) {
        let mut words = tokens(definition).skip_while(|word| !matches!(word, Token::Name(_)));
        let Some(Token::Name(name)) = words.next() else {
            return;
        };
        let Some(Token::Group(parts)) = words.next() else {
            return;
        };
        let mut key = Key::default();
        for part in split_commas(parts) {
            let mut words = tokens(part);
            key.expressions.push(match words.next() {
                Some(Token::Group(expression)) => Some(text(expression)),
                _ => None,
            });
            key.without_overlaps |= words.any(|word| word.is_word("OVERLAPS"));
        }
        self.keys.insert(text(&name), key);
    }
}

/// No column has such a name without quotes.
pub(super) fn begins_key(word: &[u8]) -> bool {
    let keys = ["PRIMARY", "UNIQUE", "KEY", "INDEX", "FULLTEXT", "SPATIAL", "VECTOR", "FOREIGN"];
    keys.iter().any(|key| word.eq_ignore_ascii_case(key.as_bytes()))
}

/// Whether `information_schema` cannot have spoilt an expression: it holds no escape, no letter
/// beyond ASCII, and nothing that may stand for one.
pub(super) fn is_plain(expression: &str) -> bool {
    expression.is_ascii() && !expression.contains(['\\', '?'])
}

/// Reads what follows the word DEFAULT.
fn default_text(clause: &[u8]) -> Option<DefaultText> {
    let mut words = tokens(clause);
    Some(match words.next()? {
        Token::Group(expression) => DefaultText::Expression(text(expression)),
        Token::Text(bytes) => DefaultText::Text(bytes),
        // A function: `uuid()`, `current_timestamp(6)`.
        Token::Word(_) if words.rest().starts_with(b"(") => {
            words.next();
            let length = clause.len() - words.rest().len();
            DefaultText::Expression(text(&clause[..length]))
        }
        Token::Word(word) => match word.strip_prefix(b"0x").and_then(decode_hexadecimal) {
            Some(bytes) => DefaultText::Hexadecimal(bytes),
            None => DefaultText::Text(word.to_vec()),
        },
        Token::Name(_) | Token::Symbol(_) => return None,
    })
}

fn decode_hexadecimal(digits: &[u8]) -> Option<Vec<u8>> {
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// Names and expressions are UTF-8; where an expression holds bytes that are not, the mark that
/// stands for them makes its translation fail, which is reported.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{CreateTable, DefaultText};

    /// As `MySQL` 9.7 prints it.
    const MYSQL: &str = r"CREATE TABLE `y,1` (
  `a` point NOT NULL /*!80003 SRID 4326 */,
  `d` varchar(20) DEFAULT NULL COMMENT 'not DEFAULT (1), no CHECK (''x'')',
  `i` varchar(20) GENERATED ALWAYS AS (concat(`d`,_utf8mb4'日本\')')) STORED /*!80023 INVISIBLE */,
  `k` json DEFAULT (json_object(_utf8mb4'a',_utf8mb4'ü')),
  `m` datetime DEFAULT (now()),
  `w` varbinary(5) DEFAULT 0xFF00,
  `v` binary(3) DEFAULT 'a\0b',
  `dr` int DEFAULT ((1 + 1)),
  PRIMARY KEY (`m`),
  UNIQUE KEY `f,z` ((concat(`d`,_utf8mb4'é',_utf8mb4'it\'s'))),
  KEY `fy` (`c`,(lower(`d`)) DESC,`d`(5)) /*!80000 INVISIBLE */,
  FULLTEXT KEY `ft` (`d`) COMMENT 'ft (c)',
  CONSTRAINT `ch é` CHECK ((`chx` <> _utf8mb4'é\'')),
  CONSTRAINT `y1_chk_1` CHECK ((`c` > 0)) /*!80016 NOT ENFORCED */,
  CONSTRAINT `fk` FOREIGN KEY (`c`) REFERENCES `t` (`id`)
) ENGINE=InnoDB COMMENT='é'
/*!50500 PARTITION BY LIST  COLUMNS(b)
(PARTITION `p é` VALUES IN ('é','x') ENGINE = InnoDB) */";

    #[test]
    fn defaults_of_mysql() {
        let table = CreateTable::parse(MYSQL.as_bytes());
        let expression = |text: &str| DefaultText::Expression(text.to_owned());
        assert_eq!(
            table.default_of("k"),
            Some(&expression("json_object(_utf8mb4'a',_utf8mb4'ü')"))
        );
        assert_eq!(table.default_of("m"), Some(&expression("now()")));
        assert_eq!(table.default_of("dr"), Some(&expression("(1 + 1)")));
        assert_eq!(table.default_of("w"), Some(&DefaultText::Hexadecimal(vec![0xff, 0])));
        assert_eq!(table.default_of("v"), Some(&DefaultText::Text(b"a\0b".to_vec())));
        assert_eq!(table.default_of("d"), Some(&DefaultText::Text(b"NULL".to_vec())));
        assert_eq!(table.default_of("a"), None);
    }

    #[test]
    fn expressions_of_mysql() {
        let table = CreateTable::parse(MYSQL.as_bytes());
        assert_eq!(table.generated("i"), Some(r"concat(`d`,_utf8mb4'日本\')')"));
        assert_eq!(table.generated("a"), None);
        assert_eq!(table.check("ch é"), Some(r"(`chx` <> _utf8mb4'é\'')"));
        assert_eq!(table.check("y1_chk_1"), Some("(`c` > 0)"));
        assert_eq!(table.check("fk"), None);
        assert_eq!(
            table.index_expression("f,z", 0),
            Some(r"concat(`d`,_utf8mb4'é',_utf8mb4'it\'s')")
        );
        assert_eq!(table.index_expression("fy", 1), Some("lower(`d`)"));
        assert_eq!(table.index_expression("fy", 0), None);
        assert_eq!(table.index_expression("fy", 2), None);
        assert_eq!(table.index_expression("fy", 3), None);
    }

    #[test]
    fn raw_bytes_and_periods_of_mariadb() {
        let table = CreateTable::parse(
            b"CREATE TABLE `t` (\n  `w` varbinary(5) DEFAULT '\xff\\0',\n  \
              `n` varbinary(3) NOT NULL DEFAULT '',\n  PERIOD FOR `p` (`s`, `e`),\n  \
              UNIQUE KEY `a` (`a`,`p` WITHOUT OVERLAPS)\n) ENGINE=InnoDB",
        );
        assert_eq!(table.default_of("w"), Some(&DefaultText::Text(vec![0xff, 0])));
        assert_eq!(table.default_of("n"), Some(&DefaultText::Text(Vec::new())));
        assert!(table.is_without_overlaps("a"));
        assert!(!table.is_without_overlaps("p"));
    }

    #[test]
    fn functions_and_checks_of_mariadb() {
        let table = CreateTable::parse(
            "CREATE TABLE `t` (\n `a` varchar(9) DEFAULT concat('🦊(','é') COMMENT 'x',\n \
             `b` datetime(6) DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6),\n \
             `c` int(11) DEFAULT -7 CHECK (`c` <> '🦊'),\n \
             `d` int(11) DEFAULT NULL CHECK (`d` > (1 + 1)))"
                .as_bytes(),
        );
        let expression = |text: &str| DefaultText::Expression(text.to_owned());
        assert_eq!(table.default_of("a"), Some(&expression("concat('🦊(','é')")));
        assert_eq!(table.default_of("b"), Some(&expression("current_timestamp(6)")));
        assert_eq!(table.default_of("c"), None);
        assert_eq!(table.check("c"), Some("`c` <> '🦊'"));
        assert_eq!(table.check("d"), Some("`d` > (1 + 1)"));
        assert_eq!(table.check("a"), None);
    }

    #[test]
    fn the_partition_of_the_rest() {
        let text = "CREATE TABLE `j` (\n `a` int(11) DEFAULT NULL\n) ENGINE=InnoDB\n \
                    PARTITION BY LIST (`a`)\n(PARTITION `p0` VALUES IN (0) COMMENT = 'DEFAULT' \
                    ENGINE = InnoDB,\n PARTITION `p,1` DEFAULT ENGINE = InnoDB)";
        assert_eq!(CreateTable::parse(text.as_bytes()).default_partition(), Some("p,1"));
        assert_eq!(CreateTable::parse(MYSQL.as_bytes()).default_partition(), None);
    }

    #[test]
    fn what_is_no_table_has_no_parts() {
        assert_eq!(CreateTable::parse(b"CREATE VIEW `v` AS SELECT 1"), CreateTable::default());
        assert_eq!(CreateTable::parse(b""), CreateTable::default());
    }
}
