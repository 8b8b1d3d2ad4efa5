//! What a column of a schema that is not ours holds, told from the server's own words.

use std::collections::BTreeMap;

use crate::name::TableName;
use crate::postgres::catalog::FoundColumn;

/// The column types that rows can be moved into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    SmallInt,
    Integer,
    BigInt,
    /// Precision and scale, if there is a limit.
    Numeric(Option<(u16, u16)>),
    Real,
    DoublePrecision,
    Bit {
        bits: u8,
    },
    Date,
    Timestamp {
        fraction: u8,
    },
    TimestampTz {
        fraction: u8,
    },
    Time {
        fraction: u8,
    },
    Interval {
        fraction: u8,
    },
    /// TEXT, CITEXT and VARCHAR: characters, so many at most.
    Text {
        length: Option<u32>,
    },
    /// CHAR(n): filled up with spaces.
    Char {
        length: u32,
    },
    Bytea,
    Enum {
        labels: Vec<String>,
    },
    TextArray,
    /// VARCHAR[].
    VarCharArray {
        length: Option<u32>,
    },
    Jsonb,
    Json,
    Uuid,
    Inet,
    RealArray,
    /// A type that nothing of the source becomes.
    Other,
}

/// The fraction that a type without one has.
const FULL: u8 = 6;

impl Kind {
    /// `enums`: the labels of the schema's enum types.
    pub(crate) fn of(column: &FoundColumn, enums: &BTreeMap<TableName, Vec<String>>) -> Self {
        if let Some(labels) = enums.get(&column.type_name) {
            return Self::Enum { labels: labels.clone() };
        }
        // An extension stands in whatever schema it was made in.
        if column.type_name.name == "citext" {
            return Self::Text { length: None };
        }
        if column.type_name.schema != "pg_catalog" {
            return Self::Other;
        }
        Self::parse(&column.type_text).unwrap_or(Self::Other)
    }

    /// `numeric(10,2)`, `timestamp(6) without time zone`, `character varying(20)[]`…
    fn parse(text: &str) -> Option<Self> {
        let (name, numbers) = words(text)?;
        let length = || numbers.first().copied();
        let fraction = || length().map_or(Some(FULL), |digits| u8::try_from(digits).ok());
        Some(match name.as_str() {
            "boolean" => Self::Boolean,
            "smallint" => Self::SmallInt,
            "integer" => Self::Integer,
            "bigint" => Self::BigInt,
            "numeric" => Self::Numeric(match numbers.as_slice() {
                [] => None,
                [precision, scale] => {
                    Some((u16::try_from(*precision).ok()?, u16::try_from(*scale).ok()?))
                }
                _ => return None,
            }),
            "real" => Self::Real,
            "double precision" => Self::DoublePrecision,
            "bit" => Self::Bit { bits: u8::try_from(length()?).ok()? },
            "date" => Self::Date,
            "timestamp without time zone" => Self::Timestamp { fraction: fraction()? },
            "timestamp with time zone" => Self::TimestampTz { fraction: fraction()? },
            "time without time zone" => Self::Time { fraction: fraction()? },
            "interval" => Self::Interval { fraction: fraction()? },
            "text" => Self::Text { length: None },
            "character varying" => Self::Text { length: length() },
            "character" => Self::Char { length: length()? },
            "bytea" => Self::Bytea,
            "text[]" => Self::TextArray,
            "character varying[]" => Self::VarCharArray { length: length() },
            "jsonb" => Self::Jsonb,
            "json" => Self::Json,
            "uuid" => Self::Uuid,
            "inet" => Self::Inet,
            "real[]" => Self::RealArray,
            _ => return None,
        })
    }
}

/// The words without the parentheses, and the numbers in them.
fn words(text: &str) -> Option<(String, Vec<u32>)> {
    let Some((before, rest)) = text.split_once('(') else {
        return Some((text.to_owned(), Vec::new()));
    };
    let (inside, after) = rest.split_once(')')?;
    let numbers = inside.split(',').map(|number| number.trim().parse().ok());
    Some((format!("{before}{after}"), numbers.collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn the_server_s_words_are_understood() {
        let cases = [
            ("numeric", Some(Kind::Numeric(None))),
            ("numeric(10,2)", Some(Kind::Numeric(Some((10, 2))))),
            ("numeric(2,-3)", None),
            ("timestamp(3) without time zone", Some(Kind::Timestamp { fraction: 3 })),
            ("timestamp with time zone", Some(Kind::TimestampTz { fraction: 6 })),
            ("time(0) without time zone", Some(Kind::Time { fraction: 0 })),
            ("interval day to second", None),
            ("character varying", Some(Kind::Text { length: None })),
            ("character varying(20)", Some(Kind::Text { length: Some(20) })),
            ("character varying(20)[]", Some(Kind::VarCharArray { length: Some(20) })),
            ("character(2)", Some(Kind::Char { length: 2 })),
            ("bit(8)", Some(Kind::Bit { bits: 8 })),
            ("bit varying(8)", None),
            ("money", None),
        ];
        for (text, kind) in cases {
            assert_eq!(Kind::parse(text), kind, "{text}");
        }
    }
}
