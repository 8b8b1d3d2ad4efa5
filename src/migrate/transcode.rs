//! One value of `MySQL`'s binary protocol into one field of `PostgreSQL`'s binary COPY, in one
//! step. Which step is chosen once per column, never per cell.
//!
//! Source: `MySQL` internals, "Binary Protocol Resultset Row".

mod cast;
mod fitted;
mod outcome;
mod ruled;

use std::net::IpAddr;

pub(crate) use self::cast::{Cast, truth};
pub(crate) use self::fitted::{Digits, Fitted, Number};
pub(crate) use self::outcome::{Alteration, ValueError};
pub(crate) use self::ruled::{Losses, Ruled, is_encoded_twice};

use crate::mysql::schema::ColumnType as Source;
use crate::mysql::wire::{ValueCursor, WireType};
use crate::postgres::encode;
use crate::postgres::jsonb::Canonicalizer;
use crate::postgres::schema::ColumnType as Target;

/// How a column's values are read and written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Transcoder {
    /// TINYINT that holds 0 and 1 only → boolean.
    TinyToBoolean,
    /// BIT(1) → boolean.
    BitToBoolean,
    TinyToI16 {
        unsigned: bool,
    },
    ShortToI16,
    /// SMALLINT UNSIGNED → integer.
    ShortToI32,
    /// INT, MEDIUMINT signed or not → integer.
    LongToI32,
    /// INT UNSIGNED → bigint.
    LongToI64,
    LongLongToI64,
    /// BIGINT UNSIGNED that fits → bigint; a value that does not is an error, never wrapped.
    UnsignedToI64,
    UnsignedToNumeric,
    DecimalToNumeric,
    FloatToReal,
    DoubleToDouble,
    BitToBit {
        bits: u8,
    },
    Date,
    /// DATETIME and TIMESTAMP alike: the session's time zone is UTC on both ends.
    Timestamp,
    TimeToTime,
    TimeToInterval,
    /// Characters that the server has converted to UTF-8.
    Text,
    Bytes,
    /// `empty_label`: the type has '' among its labels, so '' is no error value.
    Enum {
        empty_label: bool,
    },
    SetToArray,
    Jsonb,
    /// JSON whose text is kept as it is.
    Json,
    Uuid,
    Inet,
    /// SRID and WKB → EWKB.
    Geometry,
    VectorToArray,
    Vector,
    /// What the server prints, for types that we do not know.
    Printed,
    /// Into a column that somebody else has made, or of a type that was asked for.
    Fitted(Fitted),
    /// Into another kind of value, as was asked for.
    Cast(Cast),
    /// With policies or rewriting that were asked for.
    Ruled(Box<Ruled>),
}

impl Transcoder {
    /// The one for a pair of types, or `None` when no exact way is known.
    pub(crate) fn between(source: &Source, target: &Target) -> Option<Self> {
        let transcoder = match (source, target) {
            (Source::TinyInt { .. }, Target::Boolean) => Self::TinyToBoolean,
            (Source::TinyInt { unsigned, .. }, Target::SmallInt) => {
                Self::TinyToI16 { unsigned: *unsigned }
            }
            (Source::SmallInt { unsigned: false } | Source::Year, Target::SmallInt) => {
                Self::ShortToI16
            }
            (Source::SmallInt { unsigned: true }, Target::Integer) => Self::ShortToI32,
            (Source::MediumInt { .. } | Source::Int { unsigned: false }, Target::Integer) => {
                Self::LongToI32
            }
            (Source::Int { unsigned: true }, Target::BigInt) => Self::LongToI64,
            (Source::BigInt { unsigned: false }, Target::BigInt) => Self::LongLongToI64,
            (Source::BigInt { unsigned: true }, Target::BigInt) => Self::UnsignedToI64,
            (Source::BigInt { unsigned: true }, Target::Numeric { .. }) => Self::UnsignedToNumeric,
            (Source::Decimal { .. }, Target::Numeric { .. }) => Self::DecimalToNumeric,
            (Source::Float, Target::Real) => Self::FloatToReal,
            (Source::Double, Target::DoublePrecision) => Self::DoubleToDouble,
            (Source::Bit { .. }, Target::Boolean) => Self::BitToBoolean,
            (Source::Bit { .. }, Target::Bit { bits }) => Self::BitToBit { bits: *bits },
            (Source::Date, Target::Date) => Self::Date,
            (Source::DateTime { .. }, Target::Timestamp { .. })
            | (Source::Timestamp { .. }, Target::TimestampTz { .. }) => Self::Timestamp,
            (Source::Time { .. }, Target::Time { .. }) => Self::TimeToTime,
            (Source::Time { .. }, Target::Interval { .. }) => Self::TimeToInterval,
            (Source::Char { .. } | Source::VarChar { .. }, Target::VarChar { .. })
            | (Source::Char { .. } | Source::VarChar { .. } | Source::Text, Target::Text) => {
                Self::Text
            }
            (Source::Binary { .. } | Source::VarBinary { .. } | Source::Blob, Target::Bytea) => {
                Self::Bytes
            }
            (Source::Enum { labels }, Target::Enum { .. }) => {
                Self::Enum { empty_label: labels.iter().any(String::is_empty) }
            }
            (Source::Set { .. }, Target::TextArray) => Self::SetToArray,
            (Source::Json { .. }, Target::Jsonb) => Self::Jsonb,
            (Source::Json { .. }, Target::Json) => Self::Json,
            (Source::Geometry { .. }, Target::Bytea | Target::Geometry { .. }) => Self::Geometry,
            (Source::Uuid, Target::Uuid) => Self::Uuid,
            (Source::Inet4 | Source::Inet6, Target::Inet) => Self::Inet,
            (Source::Vector { .. }, Target::RealArray) => Self::VectorToArray,
            (Source::Vector { .. }, Target::Vector { .. }) => Self::Vector,
            (Source::Unknown { .. }, Target::Text) => Self::Printed,
            _ => return None,
        };
        Some(transcoder)
    }

    /// The one without policies; `None` if values become others on their way.
    pub(crate) fn unruled(&self) -> Option<&Self> {
        match self {
            Self::Cast(_) => None,
            Self::Ruled(ruled) => ruled.unruled(),
            other => Some(other),
        }
    }

    /// Whether it reads characters.
    pub(crate) fn is_text(&self) -> bool {
        match self {
            Self::Text | Self::Enum { .. } | Self::SetToArray | Self::Json | Self::Jsonb => true,
            Self::Fitted(fitted) => matches!(
                fitted,
                Fitted::Text { .. }
                    | Fitted::Padded { .. }
                    | Fitted::Label { .. }
                    | Fitted::UuidText
            ),
            Self::Cast(Cast::YesNo) => true,
            Self::Ruled(ruled) => ruled.is_text(),
            _ => false,
        }
    }

    /// Whether an alteration is what somebody has asked for by name.
    pub(crate) fn asks(&self, alteration: Alteration) -> bool {
        matches!(self, Self::Ruled(ruled) if ruled.asks(alteration))
    }

    /// Whether the server sends what this transcoder reads.
    pub(crate) fn reads(&self, wire: WireType) -> bool {
        match self {
            Self::TinyToBoolean | Self::TinyToI16 { .. } => wire == WireType::Tiny,
            Self::ShortToI16 => matches!(wire, WireType::Short | WireType::Year),
            Self::ShortToI32 => wire == WireType::Short,
            Self::LongToI32 | Self::LongToI64 => matches!(wire, WireType::Long | WireType::Int24),
            Self::LongLongToI64 | Self::UnsignedToI64 | Self::UnsignedToNumeric => {
                wire == WireType::LongLong
            }
            Self::FloatToReal => wire == WireType::Float,
            Self::DoubleToDouble => wire == WireType::Double,
            Self::Date => matches!(wire, WireType::Date | WireType::NewDate),
            Self::Timestamp => matches!(wire, WireType::DateTime | WireType::Timestamp),
            Self::TimeToTime | Self::TimeToInterval => wire == WireType::Time,
            Self::Fitted(fitted) => fitted.reads(wire),
            Self::Cast(cast) => cast.reads(wire),
            Self::Ruled(ruled) => ruled.reads(wire),
            Self::BitToBoolean
            | Self::DecimalToNumeric
            | Self::BitToBit { .. }
            | Self::Text
            | Self::Bytes
            | Self::Enum { .. }
            | Self::SetToArray
            | Self::Jsonb
            | Self::Json
            | Self::Uuid
            | Self::Inet
            | Self::Geometry
            | Self::VectorToArray
            | Self::Vector
            | Self::Printed => wire.is_length_encoded(),
        }
    }

    /// Reads the next value, which is not NULL, and appends its field to `out`.
    #[inline]
    pub(crate) fn encode(
        &self,
        cursor: &mut ValueCursor<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Alteration>, ValueError> {
        match self {
            Self::TinyToBoolean => return boolean(u64::from(cursor.u8()?), out),
            Self::BitToBoolean => return boolean(unsigned(cursor.bytes()?)?, out),
            Self::TinyToI16 { unsigned: false } => {
                encode::fixed(out, i16::from(cursor.u8()? as i8).to_be_bytes());
            }
            Self::TinyToI16 { unsigned: true } => {
                encode::fixed(out, i16::from(cursor.u8()?).to_be_bytes());
            }
            Self::ShortToI16 => encode::fixed(out, cursor.u16()?.to_be_bytes()),
            Self::ShortToI32 => encode::fixed(out, u32::from(cursor.u16()?).to_be_bytes()),
            Self::LongToI32 | Self::FloatToReal => encode::fixed(out, cursor.u32()?.to_be_bytes()),
            Self::LongToI64 => encode::fixed(out, u64::from(cursor.u32()?).to_be_bytes()),
            Self::LongLongToI64 => encode::fixed(out, cursor.u64()?.to_be_bytes()),
            Self::UnsignedToI64 => {
                let value = cursor.u64()?;
                let signed =
                    i64::try_from(value).map_err(|_too_large| out_of_range(&value, "bigint"))?;
                encode::fixed(out, signed.to_be_bytes());
            }
            Self::UnsignedToNumeric => {
                let text = cursor.u64()?.to_string();
                encode::numeric(out, text.as_bytes());
            }
            Self::DecimalToNumeric => {
                let text = cursor.bytes()?;
                if !encode::numeric(out, text) {
                    return Err(malformed("a decimal", text));
                }
            }
            Self::DoubleToDouble => encode::fixed(out, cursor.u64()?.to_be_bytes()),
            Self::BitToBit { bits } => encode::bit(out, *bits, unsigned(cursor.bytes()?)?),
            Self::Date => return Ok(date(cursor.temporal()?, out)),
            Self::Timestamp => return timestamp(cursor.temporal()?, out),
            Self::TimeToTime => time_of_day(cursor.temporal()?, out)?,
            Self::TimeToInterval => interval(micros_of_time(cursor.temporal()?)?, out),
            Self::Text | Self::Printed => return Ok(text(cursor.bytes()?, out)),
            Self::Bytes => encode::bytes(out, cursor.bytes()?),
            Self::Enum { empty_label } => {
                let label = cursor.bytes()?;
                if label.is_empty() && !empty_label {
                    encode::null(out);
                    return Ok(Some(Alteration::EnumError));
                }
                encode::bytes(out, label);
            }
            Self::SetToArray => {
                let items = cursor.bytes()?;
                let split = items.split(|byte| *byte == b',');
                encode::text_array(out, split.filter(|_item| !items.is_empty()));
            }
            Self::Jsonb => return json(cursor.bytes()?, out),
            Self::Json => return Ok(text(cursor.bytes()?, out)),
            Self::Uuid => uuid(cursor.bytes()?, out)?,
            Self::Inet => {
                let address = cursor.bytes()?;
                let parsed = std::str::from_utf8(address).ok().and_then(|text| text.parse().ok());
                let parsed: IpAddr = parsed.ok_or_else(|| malformed("an address", address))?;
                encode::inet(out, parsed);
            }
            Self::Geometry => geometry(cursor.bytes()?, out)?,
            Self::VectorToArray => encode::real_array(out, cursor.bytes()?),
            Self::Vector => encode::vector(out, cursor.bytes()?),
            Self::Fitted(fitted) => return fitted.encode(cursor, out),
            Self::Cast(cast) => cast.encode(cursor, out)?,
            Self::Ruled(ruled) => return ruled.encode(cursor, out),
        }
        Ok(None)
    }
}

fn out_of_range(value: &impl ToString, limit: &'static str) -> ValueError {
    ValueError::OutOfRange { value: value.to_string(), limit }
}

fn malformed(what: &'static str, bytes: &[u8]) -> ValueError {
    ValueError::Malformed { what, bytes: bytes.len() }
}

fn boolean(value: u64, out: &mut Vec<u8>) -> Result<Option<Alteration>, ValueError> {
    if value > 1 {
        return Err(out_of_range(&value, "boolean"));
    }
    encode::fixed(out, [value as u8]);
    Ok(None)
}

/// BIT values arrive as big-endian bytes.
fn unsigned(bytes: &[u8]) -> Result<u64, ValueError> {
    if bytes.len() > 8 {
        return Err(malformed("a bit string", bytes));
    }
    Ok(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

/// Days since 2000-01-01 of a day that exists. Zero and partial dates do not, nor do those that
/// `ALLOW_INVALID_DATES` let in, such as 30 February.
fn civil_day(value: &[u8]) -> Option<i64> {
    let [low, high, month, day, ..] = value else {
        return None;
    };
    let year = u16::from_le_bytes([*low, *high]);
    if *day == 0 || *day > days_in_month(year, *month)? {
        return None;
    }
    // Year 0 with a month and a day is a date to MySQL (it is 1 BC to PostgreSQL).
    Some(i64::from(encode::days(year, *month, *day)))
}

/// Whether it is a day that exists: see `civil_day`.
pub(crate) fn is_day(value: &[u8]) -> bool {
    civil_day(value).is_some()
}

fn days_in_month(year: u16, month: u8) -> Option<u8> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

fn zero_date(out: &mut Vec<u8>) -> Alteration {
    encode::null(out);
    Alteration::ZeroDate
}

fn date(value: &[u8], out: &mut Vec<u8>) -> Option<Alteration> {
    let Some(days) = civil_day(value) else {
        return Some(zero_date(out));
    };
    encode::fixed(out, (days as i32).to_be_bytes());
    None
}

fn timestamp(value: &[u8], out: &mut Vec<u8>) -> Result<Option<Alteration>, ValueError> {
    let Some(days) = civil_day(value) else {
        return Ok(Some(zero_date(out)));
    };
    let micros = days * 86_400_000_000 + micros_of_day(&value[4..])?;
    encode::fixed(out, micros.to_be_bytes());
    Ok(None)
}

/// Hour, minute, second, and microseconds if there are any; nothing at all is midnight.
fn micros_of_day(value: &[u8]) -> Result<i64, ValueError> {
    let (clock, micros) = match value {
        [] => return Ok(0),
        [hour, minute, second] => ([*hour, *minute, *second], 0),
        [hour, minute, second, a, b, c, d] => {
            ([*hour, *minute, *second], u32::from_le_bytes([*a, *b, *c, *d]))
        }
        _ => return Err(malformed("a time of day", value)),
    };
    let [hour, minute, second] = clock.map(i64::from);
    Ok(((hour * 60 + minute) * 60 + second) * 1_000_000 + i64::from(micros))
}

/// TIME: sign, days, then the time of day.
fn micros_of_time(value: &[u8]) -> Result<i64, ValueError> {
    let [negative, a, b, c, d, clock @ ..] = value else {
        return if value.is_empty() { Ok(0) } else { Err(malformed("a time", value)) };
    };
    let days = i64::from(u32::from_le_bytes([*a, *b, *c, *d]));
    let micros = days * 86_400_000_000 + micros_of_day(clock)?;
    Ok(if *negative == 0 { micros } else { -micros })
}

fn time_of_day(value: &[u8], out: &mut Vec<u8>) -> Result<(), ValueError> {
    let micros = micros_of_time(value)?;
    if !(0..86_400_000_000).contains(&micros) {
        return Err(out_of_range(&format!("{} hours", micros / 3_600_000_000), "time of day"));
    }
    encode::fixed(out, micros.to_be_bytes());
    Ok(())
}

/// The days and months after the microseconds are 0.
fn interval(micros: i64, out: &mut Vec<u8>) {
    let mut interval = [0; 16];
    interval[..8].copy_from_slice(&micros.to_be_bytes());
    encode::fixed(out, interval);
}

/// `PostgreSQL` text holds no U+0000: it is taken out, and counted.
#[inline]
fn text(value: &[u8], out: &mut Vec<u8>) -> Option<Alteration> {
    if memchr::memchr(0, value).is_none() {
        encode::bytes(out, value);
        return None;
    }
    let kept: Vec<u8> = value.iter().copied().filter(|byte| *byte != 0).collect();
    encode::bytes(out, &kept);
    Some(Alteration::NulRemoved)
}

/// Version 1, then the text as the server would print it.
fn json(value: &[u8], out: &mut Vec<u8>) -> Result<Option<Alteration>, ValueError> {
    let mut canonicalizer = Canonicalizer::default();
    encode::measured(out, |out| {
        out.push(1);
        canonicalizer.canonical(value, out)
    })?;
    Ok((canonicalizer.repeated() > 0).then_some(Alteration::RepeatedKeys))
}

/// `8-4-4-4-12` hexadecimal digits, as `MariaDB` prints a UUID.
fn uuid(value: &[u8], out: &mut Vec<u8>) -> Result<(), ValueError> {
    let is_hyphen = |at: usize| value.len() == 36 && matches!(at, 8 | 13 | 18 | 23);
    let is_in_place = value
        .iter()
        .enumerate()
        .all(|(at, byte)| if is_hyphen(at) { *byte == b'-' } else { byte.is_ascii_hexdigit() });
    let digits: Vec<u8> = value.iter().copied().filter(|byte| *byte != b'-').collect();
    let text = std::str::from_utf8(&digits).ok().filter(|text| text.len() == 32 && is_in_place);
    let number = text.and_then(|text| u128::from_str_radix(text, 16).ok());
    let number = number.ok_or_else(|| malformed("a uuid", value))?;
    encode::fixed(out, number.to_be_bytes());
    Ok(())
}

/// SRID (4 bytes, little-endian) and WKB → EWKB: the type's bit 0x20000000 says that an SRID
/// follows it; without an SRID the WKB stands as it is.
///
/// Sources: `MySQL` manual 13.4.3 "Supported Spatial Data Formats"; `PostGIS` manual, EWKB.
fn geometry(value: &[u8], out: &mut Vec<u8>) -> Result<(), ValueError> {
    const HAS_SRID: u32 = 0x2000_0000;
    let (srid, wkb) = value.split_first_chunk::<4>().ok_or_else(|| malformed("WKB", value))?;
    if *srid == [0; 4] {
        encode::bytes(out, wkb);
        return Ok(());
    }
    let [1, a, b, c, d, rest @ ..] = wkb else {
        return Err(malformed("little-endian WKB", value));
    };
    let kind = u32::from_le_bytes([*a, *b, *c, *d]) | HAS_SRID;
    encode::measured(out, |out| {
        out.push(1);
        out.extend_from_slice(&kind.to_le_bytes());
        out.extend_from_slice(srid);
        out.extend_from_slice(rest);
        Ok(())
    })
}
