//! DEFAULT clauses.
//!
//! A literal is checked and written as the target's type wants it; an expression is translated and
//! cast to that type. What has no equal is named, and the column is left without a default: an
//! INSERT that relied on it then gives NULL or an error, never another value.

use std::net::IpAddr;

use crate::mysql::schema::{Column, ColumnType as Source, Default};
use crate::postgres::jsonb;
use crate::postgres::quote::literal;
use crate::postgres::schema::ColumnType;

use super::expression::{
    Scope, bytea, bytes_of_hex, clock, moment, text_array, translate_value, uuid,
};

/// What stands after DEFAULT in the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DefaultSql {
    /// Nothing: no default, or NULL.
    None,
    Sql(String),
    /// It has no equal.
    Untranslatable {
        reason: String,
    },
}

type Refused = String;

/// The default of `column` for a column of type `target`.
pub(crate) fn translate_default(column: &Column, target: &ColumnType) -> DefaultSql {
    let translated = match &column.default {
        Default::Absent | Default::Null => return DefaultSql::None,
        Default::Literal(text) => literal_default(column, target, text),
        Default::Expression(text) => expression_default(target, text),
    };
    match translated {
        Ok(sql) if sql == "NULL" => DefaultSql::None,
        Ok(sql) => DefaultSql::Sql(sql),
        Err(reason) => DefaultSql::Untranslatable { reason },
    }
}

/// What ON UPDATE CURRENT_TIMESTAMP sets a column of that type to, if it can have that clause.
pub(crate) fn now_sql(target: &ColumnType) -> Option<String> {
    match target {
        ColumnType::Timestamp { fraction } => Some(format!("localtimestamp({fraction})")),
        ColumnType::TimestampTz { fraction } => Some(format!("current_timestamp({fraction})")),
        ColumnType::Boolean
        | ColumnType::SmallInt
        | ColumnType::Integer
        | ColumnType::BigInt
        | ColumnType::Numeric { .. }
        | ColumnType::Real
        | ColumnType::DoublePrecision
        | ColumnType::Bit { .. }
        | ColumnType::Date
        | ColumnType::Time { .. }
        | ColumnType::Interval { .. }
        | ColumnType::VarChar { .. }
        | ColumnType::Text
        | ColumnType::Bytea
        | ColumnType::Enum { .. }
        | ColumnType::TextArray
        | ColumnType::Jsonb
        | ColumnType::Json
        | ColumnType::Uuid
        | ColumnType::Inet
        | ColumnType::RealArray
        | ColumnType::Geometry { .. }
        | ColumnType::Vector { .. } => None,
    }
}

/// `PostgreSQL`'s defaults cannot refer to columns, so that the expression sees none.
fn expression_default(target: &ColumnType, text: &str) -> Result<String, Refused> {
    match translate_value(text, &Scope::empty(), target) {
        Ok(translated) => Ok(translated.sql),
        Err(error) => Err(error.to_string()),
    }
}

fn literal_default(column: &Column, target: &ColumnType, text: &str) -> Result<String, Refused> {
    let refused = || format!("'{text}' is no value of type {target}");
    match target {
        ColumnType::Boolean => truth(text).map(str::to_owned).ok_or_else(refused),
        ColumnType::SmallInt => whole(text, i16::MIN.into(), i16::MAX.into()).ok_or_else(refused),
        ColumnType::Integer => whole(text, i32::MIN.into(), i32::MAX.into()).ok_or_else(refused),
        ColumnType::BigInt => whole(text, i64::MIN.into(), i64::MAX.into()).ok_or_else(refused),
        ColumnType::Numeric { .. } | ColumnType::Real | ColumnType::DoublePrecision => {
            number(text).map(str::to_owned).ok_or_else(refused)
        }
        ColumnType::Bit { bits } => bit_string(text, *bits).ok_or_else(refused),
        ColumnType::Date
        | ColumnType::Timestamp { .. }
        | ColumnType::TimestampTz { .. }
        | ColumnType::Time { .. }
        | ColumnType::Interval { .. } => temporal(target, text).ok_or_else(refused),
        ColumnType::VarChar { .. } | ColumnType::Text => quoted(text),
        ColumnType::Bytea => Ok(bytea(&bytes(&column.column_type, text))),
        ColumnType::Enum { .. } => label(&column.column_type, text)
            .map(|label| format!("{}::{target}", literal(label)))
            .ok_or_else(refused),
        ColumnType::TextArray => labels(&column.column_type, text).ok_or_else(refused),
        ColumnType::Jsonb | ColumnType::Json => json(target, text),
        ColumnType::Uuid => uuid_of(&column.column_type, text).ok_or_else(refused),
        ColumnType::Inet => match text.parse::<IpAddr>() {
            Ok(address) => Ok(format!("{}::inet", literal(&address.to_string()))),
            Err(_) => Err(refused()),
        },
        ColumnType::RealArray | ColumnType::Geometry { .. } | ColumnType::Vector { .. } => {
            Err(refused())
        }
    }
}

/// 0 and 1, also as the bit literals of BIT (1).
fn truth(text: &str) -> Option<&'static str> {
    let digits = bits(text).unwrap_or(text);
    match digits.trim_start_matches('0') {
        "" if !digits.is_empty() => Some("false"),
        "1" => Some("true"),
        _ => None,
    }
}

fn whole(text: &str, least: i128, most: i128) -> Option<String> {
    let value: i128 = text.parse().ok()?;
    (least..=most).contains(&value).then(|| value.to_string())
}

/// A number as both write it.
fn number(text: &str) -> Option<&str> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let valid =
        !whole.is_empty() && !fraction.is_empty() && all_digits(whole) && all_digits(fraction);
    let power = |text: &str| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        !digits.is_empty() && all_digits(digits)
    };
    (valid && exponent.is_none_or(power)).then_some(text)
}

/// The digits of `b'101'`.
fn bits(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("b'")?.strip_suffix('\'')?;
    digits.bytes().all(|byte| matches!(byte, b'0' | b'1')).then_some(digits)
}

/// `B'…'` with as many digits as the column has bits.
fn bit_string(text: &str, length: u8) -> Option<String> {
    let digits = bits(text)?.trim_start_matches('0');
    let length = usize::from(length);
    (digits.len() <= length).then(|| format!("B'{digits:0>length$}'"))
}

/// A date or time; zero and impossible dates are none.
fn temporal(target: &ColumnType, text: &str) -> Option<String> {
    let text = match target {
        ColumnType::Date => moment(text)?.only_date()?.sql(),
        ColumnType::Timestamp { .. } => moment(text)?.sql(),
        // The session that read it has the time zone +00:00.
        ColumnType::TimestampTz { .. } => format!("{}+00", moment(text)?.sql()),
        ColumnType::Time { .. } => clock(text).filter(|clock| clock.is_within_day())?.sql(),
        ColumnType::Interval { .. } => clock(text)?.sql(),
        _ => return None,
    };
    Some(literal(&text))
}

fn quoted(text: &str) -> Result<String, Refused> {
    if text.contains('\0') {
        return Err("a text cannot have the character U+0000".to_owned());
    }
    Ok(literal(text))
}

/// The bytes of a binary default; BINARY (n) is filled up with zeros.
fn bytes(source: &Source, text: &str) -> Vec<u8> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let mut bytes = match hex.and_then(bytes_of_hex) {
        Some(bytes) => bytes,
        None => text.as_bytes().to_vec(),
    };
    if let Source::Binary { length } = source {
        bytes.resize(bytes.len().max(*length as usize), 0);
    }
    bytes
}

/// The label that is meant. The servers print it as it was declared.
fn label<'l>(source: &'l Source, text: &str) -> Option<&'l str> {
    match source {
        Source::Enum { labels } => {
            labels.iter().find(|label| label.as_str() == text).map(String::as_str)
        }
        _ => None,
    }
}

/// The labels of a SET, which cannot have commas in them.
fn labels(source: &Source, text: &str) -> Option<String> {
    let Source::Set { labels } = source else {
        return None;
    };
    let wanted: Vec<&str> = if text.is_empty() { Vec::new() } else { text.split(',').collect() };
    let known = |wanted: &&str| labels.iter().any(|label| label.as_str() == *wanted);
    wanted.iter().all(known).then(|| text_array(&wanted))
}

fn json(target: &ColumnType, text: &str) -> Result<String, Refused> {
    let mut canonical = Vec::new();
    jsonb::canonical(text.as_bytes(), &mut canonical)
        .map_err(|error| format!("'{text}' is no value of type {target}: {error}"))?;
    let text = match target {
        ColumnType::Jsonb => String::from_utf8_lossy(&canonical).into_owned(),
        _ => text.to_owned(),
    };
    Ok(format!("{}::{target}", literal(&text)))
}

/// A UUID as text, or as the 16 bytes of a binary column.
fn uuid_of(source: &Source, text: &str) -> Option<String> {
    match source {
        Source::Binary { .. } | Source::VarBinary { .. } => uuid(text.strip_prefix("0x")?),
        _ => uuid(text),
    }
}
