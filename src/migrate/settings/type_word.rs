//! Types of the target, as a person writes them.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::postgres::schema::ColumnType;

/// A type of the target, as it is written in SQL.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub(crate) struct TypeWord(pub(crate) ColumnType);

impl<'de> Deserialize<'de> for TypeWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        parse(&word).map(Self).ok_or_else(|| {
            serde::de::Error::custom(format!("{word:?} is no type; the types are {WORDS}"))
        })
    }
}

const WORDS: &str = "boolean, smallint, integer, bigint, numeric(p,s), real, double precision, date, \
    timestamp(n), timestamptz(n), time(n), interval(n), varchar(n), text, bytea, text[], json, jsonb, uuid, inet";

pub(super) fn parse(word: &str) -> Option<ColumnType> {
    let word = word.trim().to_ascii_lowercase();
    let (name, arguments) = match word.split_once('(') {
        Some((name, rest)) => (name.trim().to_owned(), rest.strip_suffix(')')?.to_owned()),
        None => (word, String::new()),
    };
    let mut numbers = Vec::new();
    for argument in arguments.split(',').filter(|argument| !argument.is_empty()) {
        numbers.push(argument.trim().parse::<u32>().ok()?);
    }
    let fraction = || numbers.first().map_or(Some(6), |n| u8::try_from(*n).ok());
    Some(match (name.as_str(), numbers.as_slice()) {
        ("boolean", []) => ColumnType::Boolean,
        ("smallint", []) => ColumnType::SmallInt,
        ("integer" | "int", []) => ColumnType::Integer,
        ("bigint", []) => ColumnType::BigInt,
        ("numeric", [precision, scale]) => ColumnType::Numeric {
            precision: u16::try_from(*precision).ok()?,
            scale: u16::try_from(*scale).ok()?,
        },
        ("real", []) => ColumnType::Real,
        ("double precision", []) => ColumnType::DoublePrecision,
        ("date", []) => ColumnType::Date,
        ("timestamp", [] | [_]) => ColumnType::Timestamp { fraction: fraction()? },
        ("timestamptz", [] | [_]) => ColumnType::TimestampTz { fraction: fraction()? },
        ("time", [] | [_]) => ColumnType::Time { fraction: fraction()? },
        ("interval", [] | [_]) => ColumnType::Interval { fraction: fraction()? },
        ("varchar", [length]) => ColumnType::VarChar { length: *length },
        ("text", []) => ColumnType::Text,
        ("bytea", []) => ColumnType::Bytea,
        ("text[]", []) => ColumnType::TextArray,
        ("json", []) => ColumnType::Json,
        ("jsonb", []) => ColumnType::Jsonb,
        ("uuid", []) => ColumnType::Uuid,
        ("inet", []) => ColumnType::Inet,
        _ => return None,
    })
}
