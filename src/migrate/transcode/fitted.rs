//! Values for columns that somebody else has made: where the column is narrower than the source's,
//! a value that does not fit is an error, never cut, rounded or wrapped.
//!
//! The server itself would cut trailing spaces of VARCHAR(n) unseen, and round fractions of seconds
//! and of numbers; so what fits is judged here, before it is asked.

use crate::migrate::transcode::{Alteration, ValueError, malformed, text, timestamp};
use crate::mysql::wire::{ValueCursor, WireType};
use crate::postgres::encode;

/// How a column's values are read and written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fitted {
    /// Integers, YEAR and BIT as a number of another kind.
    Number {
        from: Digits,
        to: Number,
    },
    /// DECIMAL as a number with other limits.
    Decimal {
        to: Number,
    },
    FloatToDouble,
    DoubleToReal,
    /// DATETIME and TIMESTAMP with fewer digits of the second.
    Moment {
        fraction: u8,
    },
    /// TIME as a time of day, with fewer digits of the second.
    TimeOfDay {
        fraction: u8,
    },
    /// TIME as an interval, with fewer digits of the second.
    Span {
        fraction: u8,
    },
    /// Characters, so many at most.
    Text {
        length: u32,
    },
    /// CHAR(n), which the server fills up with spaces.
    Padded {
        length: u32,
    },
    /// One of these labels; `empty_label` as in `Transcoder::Enum`.
    Label {
        labels: Vec<String>,
        empty_label: bool,
    },
    /// SET → VARCHAR[].
    Items {
        length: Option<u32>,
    },
    /// A UUID in characters, with its dashes or without.
    UuidText,
    /// A UUID as 16 bytes.
    UuidBytes,
}

/// What the source sends a number as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digits {
    Tiny {
        unsigned: bool,
    },
    Short {
        unsigned: bool,
    },
    Long {
        unsigned: bool,
    },
    LongLong {
        unsigned: bool,
    },
    /// BIT(n), the first bit the highest.
    Bits,
}

/// What the target holds it as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Boolean,
    SmallInt,
    Integer,
    BigInt,
    /// Precision and scale, if there is a limit.
    Numeric(Option<(u16, u16)>),
}

impl Fitted {
    /// Whether the server sends what this reads.
    pub(crate) fn reads(&self, wire: WireType) -> bool {
        match self {
            Self::Number { from, .. } => from.arrives_as(wire),
            Self::FloatToDouble => wire == WireType::Float,
            Self::DoubleToReal => wire == WireType::Double,
            Self::Moment { .. } => matches!(wire, WireType::DateTime | WireType::Timestamp),
            Self::TimeOfDay { .. } | Self::Span { .. } => wire == WireType::Time,
            Self::Decimal { .. }
            | Self::Text { .. }
            | Self::Padded { .. }
            | Self::Label { .. }
            | Self::Items { .. }
            | Self::UuidText
            | Self::UuidBytes => wire.is_length_encoded(),
        }
    }

    pub(super) fn encode(
        &self,
        cursor: &mut ValueCursor<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Alteration>, ValueError> {
        match self {
            Self::Number { from, to } => to.write(from.read(cursor)?, out)?,
            Self::Decimal { to } => to.write_decimal(cursor.bytes()?, out)?,
            Self::FloatToDouble => {
                let value = f32::from_bits(cursor.u32()?);
                encode::fixed(out, f64::from(value).to_be_bytes());
            }
            Self::DoubleToReal => {
                let value = f64::from_bits(cursor.u64()?);
                let narrow = value as f32;
                if f64::from(narrow).to_bits() != value.to_bits() {
                    return Err(beyond(&value, "real"));
                }
                encode::fixed(out, narrow.to_be_bytes());
            }
            Self::Moment { fraction } => {
                let altered = timestamp(cursor.temporal()?, out)?;
                if altered.is_none() {
                    keeps_fraction(out, *fraction)?;
                }
                return Ok(altered);
            }
            Self::TimeOfDay { fraction } => {
                super::time_of_day(cursor.temporal()?, out)?;
                keeps_fraction(out, *fraction)?;
            }
            Self::Span { fraction } => {
                let micros = super::micros_of_time(cursor.temporal()?)?;
                whole(micros, *fraction)?;
                super::interval(micros, out);
            }
            Self::Text { length } => {
                let value = cursor.bytes()?;
                has_room(value, *length, "varchar")?;
                return Ok(text(value, out));
            }
            Self::Padded { length } => return padded(cursor.bytes()?, *length, out),
            Self::Label { labels, empty_label } => {
                let value = cursor.bytes()?;
                if value.is_empty() && !empty_label {
                    encode::null(out);
                    return Ok(Some(Alteration::EnumError));
                }
                if !labels.iter().any(|label| label.as_bytes() == value) {
                    return Err(beyond(&shown(value), "the labels of the target's enum"));
                }
                encode::bytes(out, value);
            }
            Self::Items { length } => {
                let items = cursor.bytes()?;
                let split = || items.split(|byte| *byte == b',').filter(|_item| !items.is_empty());
                if let Some(length) = length {
                    for item in split() {
                        has_room(item, *length, "varchar")?;
                    }
                }
                encode::varchar_array(out, split());
            }
            Self::UuidText => super::uuid(cursor.bytes()?, out)?,
            Self::UuidBytes => {
                let value = cursor.bytes()?;
                let bytes: [u8; 16] = value.try_into().map_err(|_| malformed("a uuid", value))?;
                encode::fixed(out, bytes);
            }
        }
        Ok(None)
    }
}

impl Digits {
    pub(super) fn arrives_as(self, wire: WireType) -> bool {
        match self {
            Self::Tiny { .. } => wire == WireType::Tiny,
            Self::Short { .. } => matches!(wire, WireType::Short | WireType::Year),
            Self::Long { .. } => matches!(wire, WireType::Long | WireType::Int24),
            Self::LongLong { .. } => wire == WireType::LongLong,
            Self::Bits => wire.is_length_encoded(),
        }
    }

    #[inline]
    pub(super) fn read(self, cursor: &mut ValueCursor<'_>) -> Result<i128, ValueError> {
        Ok(match self {
            Self::Tiny { unsigned: false } => i128::from(cursor.u8()? as i8),
            Self::Tiny { unsigned: true } => i128::from(cursor.u8()?),
            Self::Short { unsigned: false } => i128::from(cursor.u16()? as i16),
            Self::Short { unsigned: true } => i128::from(cursor.u16()?),
            Self::Long { unsigned: false } => i128::from(cursor.u32()? as i32),
            Self::Long { unsigned: true } => i128::from(cursor.u32()?),
            Self::LongLong { unsigned: false } => i128::from(cursor.u64()? as i64),
            Self::LongLong { unsigned: true } => i128::from(cursor.u64()?),
            Self::Bits => i128::from(super::unsigned(cursor.bytes()?)?),
        })
    }
}

impl Number {
    fn words(self) -> String {
        match self {
            Self::Boolean => "boolean".to_owned(),
            Self::SmallInt => "smallint".to_owned(),
            Self::Integer => "integer".to_owned(),
            Self::BigInt => "bigint".to_owned(),
            Self::Numeric(None) => "numeric".to_owned(),
            Self::Numeric(Some((precision, scale))) => format!("numeric({precision},{scale})"),
        }
    }

    fn write(self, value: i128, out: &mut Vec<u8>) -> Result<(), ValueError> {
        let error = || beyond(&value, &self.words());
        match self {
            Self::Boolean => {
                let value = u8::try_from(value).ok().filter(|value| *value <= 1);
                encode::fixed(out, [value.ok_or_else(error)?]);
            }
            Self::SmallInt => {
                encode::fixed(out, i16::try_from(value).map_err(|_| error())?.to_be_bytes());
            }
            Self::Integer => {
                encode::fixed(out, i32::try_from(value).map_err(|_| error())?.to_be_bytes());
            }
            Self::BigInt => {
                encode::fixed(out, i64::try_from(value).map_err(|_| error())?.to_be_bytes());
            }
            Self::Numeric(_) => self.write_decimal(value.to_string().as_bytes(), out)?,
        }
        Ok(())
    }

    /// From text such as `-12.3400`. Digits after the point that the target has no room for must be
    /// zeros; those that it has and the source has not are written as zeros.
    fn write_decimal(self, decimal: &[u8], out: &mut Vec<u8>) -> Result<(), ValueError> {
        let written = std::str::from_utf8(decimal).map_err(|_| malformed("a decimal", decimal))?;
        let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
        let error = || beyond(&written, &self.words());
        let scale = match self {
            Self::Numeric(None) => fraction.len(),
            Self::Numeric(Some((_, scale))) => usize::from(scale),
            Self::Boolean | Self::SmallInt | Self::Integer | Self::BigInt => 0,
        };
        let (kept, cut) = fraction.split_at(fraction.len().min(scale));
        if cut.bytes().any(|digit| digit != b'0') {
            return Err(error());
        }
        let Self::Numeric(limits) = self else {
            return self.write(whole.parse().map_err(|_| error())?, out);
        };
        if let Some((precision, scale)) = limits {
            let digits = whole.trim_start_matches(['-', '+']).trim_start_matches('0').len();
            if digits > usize::from(precision.saturating_sub(scale)) {
                return Err(error());
            }
        }
        let point = if scale > 0 { "." } else { "" };
        let number = format!("{whole}{point}{kept:0<scale$}");
        if !encode::numeric(out, number.as_bytes()) {
            return Err(malformed("a decimal", decimal));
        }
        Ok(())
    }
}

fn beyond(value: &impl ToString, limit: &str) -> ValueError {
    ValueError::DoesNotFit { value: value.to_string(), limit: limit.to_owned() }
}

/// Characters of a value that are told.
const TOLD: usize = 60;

fn shown(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let short: String = text.chars().take(TOLD).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{short:?}{more}")
}

fn characters(value: &[u8]) -> usize {
    value.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

#[inline]
fn has_room(value: &[u8], length: u32, name: &str) -> Result<(), ValueError> {
    // A character has a byte at least.
    if value.len() <= length as usize || characters(value) <= length as usize {
        return Ok(());
    }
    let count = characters(value);
    Err(beyond(&format!("{}, {count} characters,", shown(value)), &format!("{name}({length})")))
}

/// Trailing spaces mean nothing in CHAR(n): a value that has some would not come back.
fn padded(value: &[u8], length: u32, out: &mut Vec<u8>) -> Result<Option<Alteration>, ValueError> {
    has_room(value, length, "char")?;
    if value.ends_with(b" ") {
        return Err(beyond(&format!("{}, which ends with a space,", shown(value)), "char"));
    }
    let mut filled: Vec<u8> = value.iter().copied().filter(|byte| *byte != 0).collect();
    let altered = (filled.len() < value.len()).then_some(Alteration::NulRemoved);
    let missing = (length as usize).saturating_sub(characters(&filled));
    filled.resize(filled.len() + missing, b' ');
    encode::bytes(out, &filled);
    Ok(altered)
}

/// The last field of `out` is a number of microseconds: it must have no more digits of the second.
fn keeps_fraction(out: &[u8], fraction: u8) -> Result<(), ValueError> {
    match out.last_chunk::<8>() {
        Some(micros) => whole(i64::from_be_bytes(*micros), fraction),
        None => Ok(()),
    }
}

fn whole(micros: i64, fraction: u8) -> Result<(), ValueError> {
    let unit = 10_i64.pow(u32::from(6_u8.saturating_sub(fraction)));
    if micros % unit == 0 {
        return Ok(());
    }
    let value = format!("a fraction of {} µs", micros.rem_euclid(1_000_000));
    Err(beyond(&value, &format!("{fraction} digits of the second")))
}

#[cfg(test)]
mod tests {
    use super::super::uuid;
    use super::{Fitted, Number, padded};
    use crate::mysql::wire::ValueCursor;
    use crate::postgres::encode;

    fn numeric(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(encode::numeric(&mut out, text.as_bytes()));
        out
    }

    #[test]
    fn decimals_keep_their_value_or_are_refused() {
        let cases = [
            ("12.50", Number::Numeric(Some((4, 1))), Some(numeric("12.5"))),
            ("12.5", Number::Numeric(Some((5, 3))), Some(numeric("12.500"))),
            ("-0012.5", Number::Numeric(Some((3, 1))), Some(numeric("-12.5"))),
            ("12.50", Number::Numeric(None), Some(numeric("12.50"))),
            ("7", Number::Numeric(Some((3, 2))), Some(numeric("7.00"))),
            ("12.55", Number::Numeric(Some((4, 1))), None),
            ("12.50", Number::Numeric(Some((2, 1))), None),
            ("7.00", Number::SmallInt, Some(vec![0, 0, 0, 2, 0, 7])),
            ("-7", Number::SmallInt, Some(vec![0, 0, 0, 2, 0xff, 0xf9])),
            ("7.01", Number::Integer, None),
            ("32768", Number::SmallInt, None),
            ("1", Number::Boolean, Some(vec![0, 0, 0, 1, 1])),
            ("2", Number::Boolean, None),
        ];
        for (text, to, expected) in cases {
            let mut out = Vec::new();
            let written = to.write_decimal(text.as_bytes(), &mut out).ok().map(|()| out);
            assert_eq!(written, expected, "{text} → {to:?}");
        }
    }

    #[test]
    fn integers_fit_or_are_refused() {
        for (value, to, fits) in [
            (i128::from(i64::MAX), Number::BigInt, true),
            (i128::from(u64::MAX), Number::BigInt, false),
            (i128::from(u64::MAX), Number::Numeric(Some((20, 0))), true),
            (i128::from(u64::MAX), Number::Numeric(Some((19, 0))), false),
            (-1, Number::Boolean, false),
            (1, Number::Boolean, true),
            (-2_147_483_648, Number::Integer, true),
            (-2_147_483_649, Number::Integer, false),
        ] {
            assert_eq!(to.write(value, &mut Vec::new()).is_ok(), fits, "{value} → {to:?}");
        }
    }

    /// What `encode` makes of a value that arrives with its length before it.
    fn of_bytes(fitted: &Fitted, value: &str) -> Option<Vec<u8>> {
        // The bitmap of one column, then the value's length.
        let mut row = vec![0, value.len() as u8];
        row.extend_from_slice(value.as_bytes());
        let mut cursor = ValueCursor::new(&row, 1).unwrap();
        let mut out = Vec::new();
        fitted.encode(&mut cursor, &mut out).ok().map(|_altered| out)
    }

    #[test]
    fn text_is_never_cut() {
        let field = |text: &str| {
            let mut out = Vec::new();
            encode::bytes(&mut out, text.as_bytes());
            Some(out)
        };
        let narrow = Fitted::Text { length: 3 };
        assert_eq!(of_bytes(&narrow, "äöü"), field("äöü"));
        assert_eq!(of_bytes(&narrow, "abcd"), None);
        // The server would cut this one unseen.
        assert_eq!(of_bytes(&narrow, "abc "), None);
        let label = Fitted::Label { labels: vec!["a".to_owned()], empty_label: false };
        assert_eq!(of_bytes(&label, "a"), field("a"));
        assert_eq!(of_bytes(&label, "b"), None);
        assert_eq!(of_bytes(&label, ""), Some(vec![0xff; 4]));
        let mut out = Vec::new();
        padded("é".as_bytes(), 3, &mut out).unwrap();
        assert_eq!(Some(out), field("é  "));
        assert!(padded(b"a ", 3, &mut Vec::new()).is_err());
    }

    #[test]
    fn uuids_have_their_dashes_in_place_or_none() {
        let good = ["00112233-4455-6677-8899-AABBCCDDEEFF", "00112233445566778899aabbccddeeff"];
        for text in good {
            let mut out = Vec::new();
            uuid(text.as_bytes(), &mut out).unwrap();
            assert_eq!(out[4..8], [0x00, 0x11, 0x22, 0x33], "{text}");
        }
        for text in [
            "",
            "0011223-34455-6677-8899-AABBCCDDEEFF",
            "zz112233445566778899aabbccddeeff",
            "+0112233-4455-6677-8899-aabbccddeeff",
            "-0112233445566778899aabbccddeeff",
        ] {
            assert!(uuid(text.as_bytes(), &mut Vec::new()).is_err(), "{text}");
        }
    }
}
