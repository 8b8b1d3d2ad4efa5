//! One column's definition.

use super::{Options, Reader, text};
use crate::mysql::catalog::rows::{CheckRow, ColumnRow, IndexRow};
use crate::mysql::schema::ColumnType;
use crate::mysql::server::Flavour;
use crate::mysql::token::{Token, Tokens, tokens};

/// The words that may follow a type.
const BEHIND_TYPE: [&str; 21] = [
    "CHARACTER",
    "CHARSET",
    "COLLATE",
    "GENERATED",
    "AS",
    "NOT",
    "NULL",
    "DEFAULT",
    "AUTO_INCREMENT",
    "ON",
    "COMMENT",
    "INVISIBLE",
    "SRID",
    "REF_SYSTEM_ID",
    "CHECK",
    "PRIMARY",
    "UNIQUE",
    "COLUMN_FORMAT",
    "STORAGE",
    "WITHOUT",
    "WITH",
];

/// A column's row while it is read.
struct Draft<'t> {
    row: ColumnRow,
    /// The DEFAULT clause's text.
    default: Option<&'t [u8]>,
    charset: Option<String>,
    collation: Option<String>,
}

impl Reader<'_> {
    pub(super) fn column(&mut self, name: &str, definition: &[u8], options: &Options) {
        let mut words = tokens(definition);
        let mut draft = Draft {
            row: ColumnRow {
                table: self.table.to_owned(),
                name: name.to_owned(),
                type_text: type_text(&mut words),
                nullable: true,
                default: None,
                extra: String::new(),
                charset: None,
                collation: None,
                comment: String::new(),
                generation: None,
                srid: None,
            },
            default: None,
            charset: None,
            collation: None,
        };
        while let Some(word) = words.next() {
            let Token::Word(word) = word else { continue };
            match word.to_ascii_uppercase().as_slice() {
                b"CHECK" => self.check(name.to_owned(), words.clone()),
                b"PRIMARY" => {
                    draft.row.nullable = false;
                    self.inline_key("PRIMARY", name);
                }
                b"UNIQUE" => self.inline_key(name, name),
                word => draft.word(word, &mut words),
            }
        }
        self.settle(&mut draft, options);
        self.rows.columns.push(draft.row);
    }

    /// What the statement leaves to the table, the server or the type.
    fn settle(&self, draft: &mut Draft<'_>, options: &Options) {
        let column_type = super::super::type_text::parse(&draft.row.type_text).column_type;
        let has_charset = matches!(
            column_type,
            ColumnType::Char { .. }
                | ColumnType::VarChar { .. }
                | ColumnType::Text
                | ColumnType::Enum { .. }
                | ColumnType::Set { .. }
        );
        if has_charset {
            let of_collation = draft.collation.as_deref().map(charset_of);
            let own = draft.charset.clone().or(of_collation);
            let inherits = own.is_none() || (own == options.charset && draft.collation.is_none());
            let charset = own.or_else(|| options.charset.clone());
            let charset = charset
                .or_else(|| options.collation.as_deref().map(charset_of))
                .unwrap_or_else(|| "utf8mb4".to_owned());
            let tables = options.collation.clone().filter(|_| inherits);
            let collation = draft.collation.clone().or(tables);
            draft.row.collation =
                Some(collation.unwrap_or_else(|| default_collation(&charset, self.flavour)));
            draft.row.charset = Some(modern(&charset));
            draft.row.collation = draft.row.collation.as_deref().map(modern);
        }
        draft.row.default = match (self.flavour, draft.default) {
            (Flavour::MariaDb, Some(clause)) => Some(text(clause)),
            (Flavour::MariaDb, None) => None,
            (Flavour::MySql, clause) => {
                clause.and_then(|clause| bare(clause, &mut draft.row.extra))
            }
        };
    }

    /// PRIMARY KEY and UNIQUE within a column's definition.
    fn inline_key(&mut self, index: &str, column: &str) {
        self.rows.indexes.push(IndexRow {
            table: self.table.to_owned(),
            index: index.to_owned(),
            unique: true,
            column: Some(column.to_owned()),
            descending: false,
            prefix: None,
            index_type: "BTREE".to_owned(),
            comment: String::new(),
            visible: true,
            expression: None,
        });
    }

    /// `CHECK (…) [NOT ENFORCED]`, its word read already.
    pub(super) fn check(&mut self, name: String, mut words: Tokens<'_>) {
        if let Some(Token::Group(expression)) = words.next() {
            let not = words.next().is_some_and(|word| word.is_word("NOT"));
            self.rows.checks.push(CheckRow {
                table: self.table.to_owned(),
                name,
                expression: text(expression),
                enforced: !(not && words.next().is_some_and(|word| word.is_word("ENFORCED"))),
            });
        }
    }
}

impl<'t> Draft<'t> {
    fn word(&mut self, word: &[u8], words: &mut Tokens<'t>) {
        match word {
            b"CHARACTER" => {
                words.next();
                self.charset = Some(super::value(words));
            }
            b"CHARSET" => self.charset = Some(super::value(words)),
            b"COLLATE" => self.collation = Some(super::value(words)),
            b"NOT" => {
                words.next();
                self.row.nullable = false;
            }
            b"NULL" => self.row.nullable = true,
            b"DEFAULT" => self.default = Some(clause(words)),
            b"AUTO_INCREMENT" => self.extra("auto_increment"),
            b"ON" => {
                // ON UPDATE is all there is.
                words.next();
                clause(words);
                self.extra("on update current_timestamp");
            }
            b"COMMENT" => self.row.comment = super::value(words),
            b"INVISIBLE" => self.extra("invisible"),
            b"SRID" => self.row.srid = super::value(words).parse().ok(),
            b"AS" => self.generated(words),
            b"STORED" | b"PERSISTENT" => self.extra("stored generated"),
            _ => {}
        }
    }

    fn extra(&mut self, word: &str) {
        self.row.extra.push_str(word);
        self.row.extra.push(' ');
    }

    /// `AS (expression)`, or `MariaDB`'s `AS ROW START`.
    fn generated(&mut self, words: &mut Tokens<'t>) {
        self.row.generation = match words.next() {
            Some(Token::Group(expression)) => Some(text(expression)),
            Some(Token::Word(_)) => {
                self.extra("stored generated");
                Some(format!("ROW {}", super::value(words).to_ascii_uppercase()))
            }
            _ => None,
        };
    }
}

/// The type and what belongs to it: all up to a word that may follow one.
fn type_text(words: &mut Tokens<'_>) -> String {
    let whole = words.rest();
    let mut end = whole.len();
    let mut ahead = words.clone();
    loop {
        let at = whole.len() - ahead.rest().len();
        let Some(word) = ahead.next() else { break };
        if BEHIND_TYPE.iter().any(|behind| word.is_word(behind)) {
            end = at;
            break;
        }
    }
    *words = tokens(&whole[end..]);
    let mut kind = text(&whole[..end]).trim().to_owned();
    if kind.eq_ignore_ascii_case("bool") || kind.eq_ignore_ascii_case("boolean") {
        "tinyint(1)".clone_into(&mut kind);
    }
    kind
}

/// The text of what follows DEFAULT: a literal, a call, or an expression in parentheses.
fn clause<'t>(words: &mut Tokens<'t>) -> &'t [u8] {
    let whole = words.rest();
    match words.next() {
        Some(Token::Symbol(b'-' | b'+')) => {
            words.next();
        }
        Some(Token::Word(_)) if words.rest().starts_with(b"(") => {
            words.next();
        }
        // b'101', _utf8mb4'…'
        Some(Token::Word(_)) if words.rest().starts_with(b"'") => {
            words.next();
        }
        _ => {}
    }
    whole[..whole.len() - words.rest().len()].trim_ascii()
}

/// A default as `MySQL`'s `information_schema` prints it: without quotes, expressions marked.
fn bare(clause: &[u8], extra: &mut String) -> Option<String> {
    let mut words = tokens(clause);
    match words.next()? {
        Token::Group(expression) => {
            extra.push_str("default_generated ");
            Some(text(expression).trim().to_owned())
        }
        Token::Text(literal) => Some(text(&literal)),
        word if word.is_word("NULL") => None,
        // What cannot be printed; its bytes are read from the statement.
        Token::Word(word) if word.starts_with(b"0x") => Some("?".to_owned()),
        _ => Some(text(clause)),
    }
}

/// The charset that a collation's name begins with.
fn charset_of(collation: &str) -> String {
    match collation {
        "binary" => collation.to_owned(),
        _ => collation.split('_').next().unwrap_or(collation).to_owned(),
    }
}

/// `utf8` was the name of `utf8mb3` before both servers came to avoid it.
fn modern(name: &str) -> String {
    match name.strip_prefix("utf8") {
        Some(rest) if rest.is_empty() || rest.starts_with('_') => format!("utf8mb3{rest}"),
        _ => name.to_owned(),
    }
}

/// A charset's own collation. `utf8mb4`'s is another one since `MySQL` 8, which names it always.
fn default_collation(charset: &str, _flavour: Flavour) -> String {
    let rest = match charset {
        "latin1" | "cp850" => "swedish_ci",
        "latin7" | "greek" | "hebrew" | "armscii8" | "ascii" | "cp1250" | "cp1251" | "cp1256"
        | "cp1257" | "cp852" | "cp866" | "keybcs2" | "koi8u" | "macce" | "macroman" | "geostd8" => {
            "general_ci"
        }
        "big5" | "gb2312" | "gbk" | "gb18030" => "chinese_ci",
        "sjis" | "cp932" | "ujis" | "eucjpms" => "japanese_ci",
        "euckr" => "korean_ci",
        "dec8" => "swedish_ci",
        "hp8" => "english_ci",
        "swe7" => "swedish_ci",
        "latin5" => "turkish_ci",
        "tis620" => "thai_ci",
        "binary" => return "binary".to_owned(),
        _ => "general_ci",
    };
    // CP850's is the one exception among its kind.
    if charset == "cp850" {
        return "cp850_general_ci".to_owned();
    }
    format!("{charset}_{rest}")
}
