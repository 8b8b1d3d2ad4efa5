//! A binary row as JSON, for people: a row that has to be set aside is kept in a form that can be
//! read, and put back, without us.

use serde_json::{Map, Value};

use super::column::{COLLATION_BINARY, ColumnDefinition, WireType};
use super::cursor::ValueCursor;
use crate::mysql::error::Truncated;

/// `UNSIGNED_FLAG` of the protocol's `ColumnFlags`.
const UNSIGNED: u16 = 0x20;

/// All columns of a row, by name. Integers and floats are numbers, DECIMAL its digits as a string,
/// dates and times as `MySQL` prints them, text a string, other bytes `\x…` in hexadecimal.
pub(crate) fn row_as_json(
    payload: &[u8],
    columns: &[ColumnDefinition],
) -> Result<Map<String, Value>, Truncated> {
    let mut cursor = ValueCursor::new(payload, columns.len())?;
    let mut row = Map::new();
    for (index, column) in columns.iter().enumerate() {
        let value = if cursor.is_null(index) { Value::Null } else { value(&mut cursor, column)? };
        row.insert(column.name.clone(), value);
    }
    Ok(row)
}

fn value(cursor: &mut ValueCursor<'_>, column: &ColumnDefinition) -> Result<Value, Truncated> {
    let unsigned = column.flags & UNSIGNED != 0;
    Ok(match column.wire_type {
        WireType::Tiny if unsigned => cursor.u8()?.into(),
        WireType::Tiny => (cursor.u8()? as i8).into(),
        WireType::Short | WireType::Year if unsigned => cursor.u16()?.into(),
        WireType::Short | WireType::Year => (cursor.u16()? as i16).into(),
        WireType::Long | WireType::Int24 if unsigned => cursor.u32()?.into(),
        WireType::Long | WireType::Int24 => (cursor.u32()? as i32).into(),
        WireType::LongLong if unsigned => cursor.u64()?.into(),
        WireType::LongLong => (cursor.u64()? as i64).into(),
        WireType::Float => f64::from(f32::from_bits(cursor.u32()?)).into(),
        WireType::Double => f64::from_bits(cursor.u64()?).into(),
        WireType::Null => Value::Null,
        WireType::Date | WireType::NewDate => date(cursor.temporal()?).into(),
        WireType::DateTime | WireType::DateTime2 | WireType::Timestamp | WireType::Timestamp2 => {
            let value = cursor.temporal()?;
            format!("{} {}", date(value), clock(value.get(4..).unwrap_or_default(), 0)).into()
        }
        WireType::Time | WireType::Time2 => time(cursor.temporal()?).into(),
        WireType::NewDecimal | WireType::Decimal => {
            String::from_utf8_lossy(cursor.bytes()?).into_owned().into()
        }
        WireType::Bit => {
            cursor.bytes()?.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte)).into()
        }
        _ => bytes(cursor.bytes()?, column.collation),
    })
}

/// Text as text; what is binary, or no UTF-8 though it should be, in hexadecimal.
fn bytes(value: &[u8], collation: u16) -> Value {
    if collation != COLLATION_BINARY
        && let Ok(text) = std::str::from_utf8(value)
    {
        return text.into();
    }
    let mut hexadecimal = String::with_capacity(2 + 2 * value.len());
    hexadecimal.push_str("\\x");
    for byte in value {
        hexadecimal.push_str(&format!("{byte:02x}"));
    }
    hexadecimal.into()
}

fn date(value: &[u8]) -> String {
    match value {
        [low, high, month, day, ..] => {
            format!("{:04}-{month:02}-{day:02}", u16::from_le_bytes([*low, *high]))
        }
        _ => "0000-00-00".to_owned(),
    }
}

/// Hours, minutes, seconds and microseconds, `days` before them.
fn clock(value: &[u8], days: u32) -> String {
    let (hour, minute, second) = match value {
        [hour, minute, second, ..] => (u32::from(*hour), *minute, *second),
        _ => (0, 0, 0),
    };
    let clock = format!("{:02}:{minute:02}:{second:02}", days * 24 + hour);
    match value.get(3..7) {
        Some(&[a, b, c, d]) => format!("{clock}.{:06}", u32::from_le_bytes([a, b, c, d])),
        _ => clock,
    }
}

fn time(value: &[u8]) -> String {
    match value {
        [negative, a, b, c, d, rest @ ..] => {
            let sign = if *negative == 0 { "" } else { "-" };
            format!("{sign}{}", clock(rest, u32::from_le_bytes([*a, *b, *c, *d])))
        }
        _ => "00:00:00".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{COLLATION_BINARY, ColumnDefinition, UNSIGNED, WireType, row_as_json};

    fn column(name: &str, wire_type: WireType, collation: u16, flags: u16) -> ColumnDefinition {
        ColumnDefinition {
            name: name.to_owned(),
            wire_type,
            collation,
            length: 0,
            flags,
            decimals: 0,
        }
    }

    #[test]
    fn a_row_is_told_as_its_server_would() {
        let columns = [
            column("id", WireType::Long, COLLATION_BINARY, 0),
            column("far", WireType::LongLong, COLLATION_BINARY, UNSIGNED),
            column("at", WireType::DateTime, COLLATION_BINARY, 0),
            column("took", WireType::Time, COLLATION_BINARY, 0),
            column("word", WireType::VarString, 45, 0),
            column("raw", WireType::Blob, COLLATION_BINARY, 0),
            column("none", WireType::Tiny, COLLATION_BINARY, 0),
        ];
        // The last of seven columns is NULL: bit 8 of the bitmap.
        let mut row = vec![0, 1];
        row.extend_from_slice(&(-7_i32).to_le_bytes());
        row.extend_from_slice(&u64::MAX.to_le_bytes());
        row.extend_from_slice(&[11, 0xe4, 7, 0, 15, 10, 0, 0, 5, 0, 0, 0]);
        row.extend_from_slice(&[8, 1, 34, 0, 0, 0, 22, 59, 59]);
        row.extend_from_slice(&[3, b'a', 0, b'"', 2, 0xde, 0xad]);
        let json = serde_json::Value::Object(row_as_json(&row, &columns).unwrap());
        assert_eq!(
            json.to_string(),
            r#"{"id":-7,"far":18446744073709551615,"at":"2020-00-15 10:00:00.000005","took":"-838:59:59","word":"a\u0000\"","raw":"\\xdead","none":null}"#
        );
        assert!(row_as_json(&row[..9], &columns).is_err());
    }
}
