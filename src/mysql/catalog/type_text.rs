//! `COLUMN_TYPE` as both servers print it, read into a [`ColumnType`].
//!
//! Source: `MySQL` manual 13 "Data Types"; `MariaDB` prints display widths where `MySQL` ≥ 8.0.19
//! leaves them out, and adds `uuid`, `inet4`, `inet6` and comments such as `/*M!100301 COMPRESSED*/`.

use crate::mysql::schema::ColumnType;
use crate::mysql::token::{Token, tokens};

/// A type and what stands beside it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TypeText {
    pub(super) column_type: ColumnType,
    pub(super) zerofill: bool,
}

/// Reads `text`, such as `int(11) unsigned zerofill` or `enum('a','it''s')`.
pub(super) fn parse(text: &str) -> TypeText {
    let mut parts = Parts::default();
    for (at, token) in tokens(text.as_bytes()).enumerate() {
        match token {
            // MariaDB's, as it prints them in its Oracle mode.
            Token::Word(word) if at == 0 => {
                lower(word).trim_start_matches("mariadb_schema.").clone_into(&mut parts.name);
            }
            Token::Word(word) => parts.words.push(lower(word)),
            Token::Group(inner) if parts.words.is_empty() => parts.arguments = Some(inner),
            Token::Group(_) | Token::Text(_) | Token::Name(_) | Token::Symbol(_) => {}
        }
    }
    let column_type =
        parts.column_type().unwrap_or_else(|| ColumnType::Unknown { text: text.to_owned() });
    TypeText { column_type, zerofill: parts.has("zerofill") }
}

fn lower(word: &[u8]) -> String {
    String::from_utf8_lossy(word).to_ascii_lowercase()
}

#[derive(Default)]
struct Parts<'a> {
    name: String,
    arguments: Option<&'a [u8]>,
    words: Vec<String>,
}

impl Parts<'_> {
    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|found| found == word)
    }

    /// `None` for a type that we do not know.
    fn column_type(&self) -> Option<ColumnType> {
        // MySQL says that ZEROFILL implies UNSIGNED, and prints both.
        let unsigned = self.has("unsigned") || self.has("zerofill");
        Some(match self.name.as_str() {
            "tinyint" | "int1" => ColumnType::TinyInt { unsigned, display_width: self.number(0) },
            "smallint" | "int2" => ColumnType::SmallInt { unsigned },
            "mediumint" | "middleint" | "int3" => ColumnType::MediumInt { unsigned },
            "int" | "integer" | "int4" => ColumnType::Int { unsigned },
            "bigint" | "int8" => ColumnType::BigInt { unsigned },
            "decimal" | "numeric" | "dec" | "fixed" => ColumnType::Decimal {
                precision: self.number(0).unwrap_or(10),
                scale: self.number(1).unwrap_or(0),
            },
            "float" => ColumnType::Float,
            "double" | "real" => ColumnType::Double,
            "bit" => ColumnType::Bit { bits: self.number(0).unwrap_or(1) },
            "year" => ColumnType::Year,
            "date" => ColumnType::Date,
            "datetime" => ColumnType::DateTime { fraction: self.number(0).unwrap_or(0) },
            "timestamp" => ColumnType::Timestamp { fraction: self.number(0).unwrap_or(0) },
            "time" => ColumnType::Time { fraction: self.number(0).unwrap_or(0) },
            _ => return self.string_type().or_else(|| self.other_type()),
        })
    }

    fn string_type(&self) -> Option<ColumnType> {
        Some(match self.name.as_str() {
            "char" => ColumnType::Char { length: self.number(0).unwrap_or(1) },
            "varchar" => ColumnType::VarChar { length: self.number(0)? },
            "tinytext" | "text" | "mediumtext" | "longtext" => ColumnType::Text,
            "binary" => ColumnType::Binary { length: self.number(0).unwrap_or(1) },
            "varbinary" => ColumnType::VarBinary { length: self.number(0)? },
            "tinyblob" | "blob" | "mediumblob" | "longblob" => ColumnType::Blob,
            "enum" => ColumnType::Enum { labels: self.labels()? },
            "set" => ColumnType::Set { labels: self.labels()? },
            _ => return None,
        })
    }

    fn other_type(&self) -> Option<ColumnType> {
        Some(match self.name.as_str() {
            "json" => ColumnType::Json { native: true },
            "uuid" => ColumnType::Uuid,
            "inet4" => ColumnType::Inet4,
            "inet6" => ColumnType::Inet6,
            "vector" => ColumnType::Vector { dimensions: self.number(0)? },
            // MySQL ≥ 8.0.11 shortened the one name; the standard's is the longer.
            "geomcollection" => geometry("geometrycollection"),
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
            | "multipolygon" | "geometrycollection" => geometry(&self.name),
            _ => return None,
        })
    }

    /// The argument at `position`, if it is there and is a number that fits.
    fn number<N: std::str::FromStr>(&self, position: usize) -> Option<N> {
        let mut numbers = tokens(self.arguments?).filter_map(|token| match token {
            Token::Word(word) => Some(word),
            Token::Text(_) | Token::Name(_) | Token::Group(_) | Token::Symbol(_) => None,
        });
        std::str::from_utf8(numbers.nth(position)?).ok()?.parse().ok()
    }

    /// `None` if a label is not UTF-8: then the type is better called unknown than shortened.
    fn labels(&self) -> Option<Vec<String>> {
        let mut labels = Vec::new();
        for token in tokens(self.arguments?) {
            if let Token::Text(label) = token {
                labels.push(String::from_utf8(label).ok()?);
            }
        }
        Some(labels)
    }
}

/// The SRID is told by another column of the catalog.
fn geometry(kind: &str) -> ColumnType {
    ColumnType::Geometry { kind: kind.to_owned(), srid: None }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::mysql::schema::ColumnType;

    fn column_type(text: &str) -> ColumnType {
        parse(text).column_type
    }

    fn labels(labels: &[&str]) -> Vec<String> {
        labels.iter().map(|label| (*label).to_owned()).collect()
    }

    #[test]
    fn numbers() {
        assert_eq!(
            column_type("tinyint(1)"),
            ColumnType::TinyInt { unsigned: false, display_width: Some(1) }
        );
        assert_eq!(
            column_type("tinyint unsigned"),
            ColumnType::TinyInt { unsigned: true, display_width: None }
        );
        assert_eq!(column_type("bigint(20) unsigned"), ColumnType::BigInt { unsigned: true });
        assert_eq!(
            column_type("decimal(65,30) unsigned"),
            ColumnType::Decimal { precision: 65, scale: 30 }
        );
        assert_eq!(column_type("decimal(10,0)"), ColumnType::Decimal { precision: 10, scale: 0 });
        assert_eq!(column_type("float(7,3)"), ColumnType::Float);
        assert_eq!(column_type("double(10,2) unsigned"), ColumnType::Double);
        assert_eq!(column_type("bit(64)"), ColumnType::Bit { bits: 64 });
    }

    #[test]
    fn zerofill_is_unsigned() {
        let found = parse("int(11) unsigned zerofill");
        assert!(found.zerofill);
        assert_eq!(found.column_type, ColumnType::Int { unsigned: true });
        assert!(!parse("int(11)").zerofill);
    }

    #[test]
    fn labels_with_every_odd_character() {
        assert_eq!(
            column_type(r"enum('a','it''s','b\\c','ü,(x)','','x\ny','日本')"),
            ColumnType::Enum {
                labels: labels(&["a", "it's", "b\\c", "ü,(x)", "", "x\ny", "日本"])
            }
        );
        assert_eq!(
            column_type("set('unsigned','y y')"),
            ColumnType::Set { labels: labels(&["unsigned", "y y"]) }
        );
    }

    #[test]
    fn lengths_and_comments() {
        assert_eq!(
            column_type("varchar(10) /*M!100301 COMPRESSED*/"),
            ColumnType::VarChar { length: 10 }
        );
        assert_eq!(column_type("char(0)"), ColumnType::Char { length: 0 });
        assert_eq!(column_type("binary(255)"), ColumnType::Binary { length: 255 });
        assert_eq!(column_type("datetime(6)"), ColumnType::DateTime { fraction: 6 });
        assert_eq!(column_type("timestamp"), ColumnType::Timestamp { fraction: 0 });
        assert_eq!(column_type("year(4)"), ColumnType::Year);
    }

    #[test]
    fn the_rest() {
        assert_eq!(
            column_type("geomcollection"),
            ColumnType::Geometry { kind: "geometrycollection".to_owned(), srid: None }
        );
        assert_eq!(column_type("vector(2048)"), ColumnType::Vector { dimensions: 2048 });
        assert_eq!(
            column_type("xmltype(3)"),
            ColumnType::Unknown { text: "xmltype(3)".to_owned() }
        );
        assert_eq!(column_type(""), ColumnType::Unknown { text: String::new() });
    }
}
