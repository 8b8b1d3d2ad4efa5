//! Rows of binary COPY as rows of its text form, for `--data-format text`.
//!
//! Source: PostgreSQL manual, COPY, "Text Format"; the `*_out` functions of the server. Values are
//! written so that the server reads back the very same ones, whatever its settings are but the
//! order of dates, which the year first leaves no doubt of.

use std::net::IpAddr;

use crate::migrate::mapping::TableMapping;
use crate::postgres::schema::{ColumnType, Table};

/// The line behind the last row. The server needs it only where more follows, as in the scripts that
/// `pg_restore` writes; a file without it is none that we have ended.
pub(super) const COPY_TEXT_END: &[u8] = b"\\.\n";

/// Writes the rows of one table.
pub(crate) struct TextRows<'a> {
    /// Of the copied columns.
    types: Vec<&'a ColumnType>,
    /// Lines that nobody has taken yet.
    pub(crate) out: Vec<u8>,
    /// One value, before it is escaped.
    value: Vec<u8>,
}

impl<'a> TextRows<'a> {
    pub(crate) fn of(mapping: &TableMapping, table: &'a Table) -> Self {
        let planned = |name: &str| table.columns.iter().find(|planned| planned.name == name);
        let columns = mapping.columns[..mapping.copied].iter();
        let types = columns.map(|column| match planned(&column.target) {
            Some(planned) => &planned.column_type,
            None => &ColumnType::Text,
        });
        Self { types: types.collect(), out: Vec::new(), value: Vec::new() }
    }

    /// Appends a row, given as its fields in binary COPY; gives its line, without the line break.
    pub(crate) fn row(&mut self, fields: &[u8]) -> &[u8] {
        let start = self.out.len();
        let mut rest = fields;
        for (at, kind) in self.types.iter().enumerate() {
            if at > 0 {
                self.out.push(b'\t');
            }
            let Some((length, behind)) = rest.split_first_chunk::<4>() else { break };
            rest = behind;
            match usize::try_from(i32::from_be_bytes(*length)) {
                Ok(length) => {
                    let (field, behind) = rest.split_at(length.min(rest.len()));
                    rest = behind;
                    self.value.clear();
                    value(kind, field, &mut self.value);
                    escape(&self.value, &mut self.out);
                }
                Err(_null) => self.out.extend_from_slice(b"\\N"),
            }
        }
        let end = self.out.len();
        self.out.push(b'\n');
        &self.out[start..end]
    }
}

fn escape(value: &[u8], out: &mut Vec<u8>) {
    for byte in value {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            byte => out.push(*byte),
        }
    }
}

fn value(kind: &ColumnType, field: &[u8], out: &mut Vec<u8>) {
    use ColumnType as Type;
    match kind {
        Type::Boolean => out.push(if field == [1] { b't' } else { b'f' }),
        Type::SmallInt | Type::Integer | Type::BigInt => text(out, &signed(field).to_string()),
        Type::Numeric { .. } => numeric(field, out),
        Type::Real => real(field, out),
        Type::DoublePrecision => text(out, &float(f64::from_bits(signed(field) as u64))),
        Type::Bit { bits } => {
            let bytes = field.get(4..).unwrap_or_default();
            let bit =
                |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
            out.extend((0..usize::from(*bits)).map(|at| if bit(at) { b'1' } else { b'0' }));
        }
        Type::Date => {
            let days = signed(field);
            let (day, era) = date(days);
            let limits = (i64::from(i32::MIN), i64::from(i32::MAX));
            text(out, infinity(days, limits).unwrap_or(&(day + era)));
        }
        Type::Timestamp { .. } => moment(field, "", out),
        Type::TimestampTz { .. } => moment(field, "+00", out),
        Type::Time { .. } => text(out, &clock(signed(field))),
        Type::Interval { .. } => interval(field, out),
        Type::VarChar { .. } | Type::Text | Type::Enum { .. } | Type::Json => {
            out.extend_from_slice(field);
        }
        Type::Bytea => {
            out.extend_from_slice(b"\\x");
            hex(field, out);
        }
        // One byte says which version of the form follows.
        Type::Jsonb => out.extend_from_slice(field.get(1..).unwrap_or_default()),
        Type::TextArray => array(field, out, |item, out| {
            out.push(b'"');
            for byte in item {
                if matches!(byte, b'"' | b'\\') {
                    out.push(b'\\');
                }
                out.push(*byte);
            }
            out.push(b'"');
        }),
        Type::RealArray => array(field, out, real),
        Type::Uuid => hex(field, out),
        Type::Inet => inet(field, out),
        // EWKB.
        Type::Geometry { .. } => hex(field, out),
        Type::Vector { .. } => {
            out.push(b'[');
            for (at, item) in field.get(4..).unwrap_or_default().chunks(4).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                real(item, out);
            }
            out.push(b']');
        }
    }
}

fn text(out: &mut Vec<u8>, value: &str) {
    out.extend_from_slice(value.as_bytes());
}

/// A signed number of up to eight bytes, big-endian.
fn signed(field: &[u8]) -> i64 {
    let negative = field.first().is_some_and(|byte| *byte >= 0x80);
    let start = if negative { -1_i64 } else { 0 };
    field.iter().fold(start, |number, byte| number << 8 | i64::from(*byte))
}

fn real(field: &[u8], out: &mut Vec<u8>) {
    let value = f32::from_bits(signed(field) as u32);
    // The shortest digits that are this number and no other.
    text(out, &if value.is_finite() { format!("{value:e}") } else { float(value.into()) });
}

fn float(value: f64) -> String {
    match value {
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        value if value.is_nan() => "NaN".to_owned(),
        value => format!("{value:e}"),
    }
}

/// Groups of four decimal digits: their number, the first one's weight, the sign, the digits behind
/// the point.
fn numeric(field: &[u8], out: &mut Vec<u8>) {
    let words: Vec<i16> =
        field.chunks_exact(2).map(|word| i16::from_be_bytes([word[0], word[1]])).collect();
    let [_count, weight, sign, scale, groups @ ..] = words.as_slice() else { return };
    let (weight, scale) = (i32::from(*weight), i32::from(*scale));
    let group = |place: i32| {
        let at = usize::try_from(weight - place).ok();
        at.and_then(|at| groups.get(at)).copied().unwrap_or(0)
    };
    if *sign == 0x4000 {
        out.push(b'-');
    }
    if weight < 0 {
        out.push(b'0');
    }
    for place in (0..=weight).rev() {
        let digits = group(place);
        text(out, &if place == weight { digits.to_string() } else { format!("{digits:04}") });
    }
    if scale > 0 {
        let groups = (1..=(scale + 3) / 4).map(|at| format!("{:04}", group(-at)));
        let behind = groups.collect::<Vec<_>>().concat();
        out.push(b'.');
        out.extend_from_slice(&behind.as_bytes()[..scale as usize]);
    }
}

/// A day since 2000-01-01, and its era where that is not ours.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn date(days: i64) -> (String, &'static str) {
    let days = days + 10_957 + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    // The year before 1 is 1 BC.
    let (year, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    (format!("{year:04}-{month:02}-{day:02}"), era)
}

/// The word for the first and the last of all numbers of a kind, which are no date.
fn infinity(number: i64, (least, most): (i64, i64)) -> Option<&'static str> {
    match number {
        _ if number == least => Some("-infinity"),
        _ if number == most => Some("infinity"),
        _ => None,
    }
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

fn moment(field: &[u8], zone: &str, out: &mut Vec<u8>) {
    let micros = signed(field);
    if let Some(word) = infinity(micros, (i64::MIN, i64::MAX)) {
        return text(out, word);
    }
    let (day, era) = date(micros.div_euclid(DAY));
    text(out, &format!("{day} {}{zone}{era}", clock(micros.rem_euclid(DAY))));
}

/// `12:34:56.789012`, of any number of hours.
fn clock(micros: i64) -> String {
    let seconds = micros / SECOND;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{:06}", micros % SECOND)
}

/// Microseconds, days and months.
fn interval(field: &[u8], out: &mut Vec<u8>) {
    let part = |from: usize, to: usize| signed(field.get(from..to).unwrap_or_default());
    let (micros, days, months) = (part(0, 8), part(8, 12), part(12, 16));
    let sign = if micros < 0 { "-" } else { "" };
    text(out, &format!("{months} mons {days} days {sign}{}", clock(micros.abs())));
}

/// One dimension: its items stand behind dimensions, flags, type, length and first index.
fn array(field: &[u8], out: &mut Vec<u8>, item: impl Fn(&[u8], &mut Vec<u8>)) {
    out.push(b'{');
    let mut rest = field.get(20..).unwrap_or_default();
    let mut first = true;
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0);
        let (value, behind) = behind.split_at(length.min(behind.len()));
        rest = behind;
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        item(value, out);
    }
    out.push(b'}');
}

fn inet(field: &[u8], out: &mut Vec<u8>) {
    let bytes = field.get(4..).unwrap_or_default();
    let address = <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_longer| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
    if let Ok(address) = address {
        text(out, &address.to_string());
    }
}

fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use super::{escape, value};
    use crate::postgres::encode;
    use crate::postgres::schema::ColumnType as Type;

    fn of(kind: &Type, write: impl FnOnce(&mut Vec<u8>)) -> String {
        let (mut field, mut out) = (Vec::new(), Vec::new());
        write(&mut field);
        value(kind, &field[4..], &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_are_the_text_that_the_server_reads() {
        let numeric = Type::Numeric { precision: 65, scale: 30 };
        for text in ["0", "-1", "10000", "12345.6700", "0.0001", "-0.00001", "100000000.5", "0.00"]
        {
            let written = of(&numeric, |out| assert!(encode::numeric(out, text.as_bytes())));
            assert_eq!(written, text);
        }
        let long = |value: i64| move |out: &mut Vec<u8>| encode::fixed(out, value.to_be_bytes());
        assert_eq!(of(&Type::BigInt, long(i64::MIN)), i64::MIN.to_string());
        assert_eq!(of(&Type::DoublePrecision, long(0.1_f64.to_bits() as i64)), "1e-1");
        assert_eq!(of(&Type::Real, |out| encode::fixed(out, (-1.5_f32).to_be_bytes())), "-1.5e0");
        assert_eq!(of(&Type::Bit { bits: 5 }, |out| encode::bit(out, 5, 0b10110)), "10110");
        let day = |days: i32| move |out: &mut Vec<u8>| encode::fixed(out, days.to_be_bytes());
        assert_eq!(of(&Type::Date, day(encode::days(2024, 2, 29))), "2024-02-29");
        assert_eq!(of(&Type::Date, day(encode::days(0, 1, 1))), "0001-01-01 BC");
        assert_eq!(of(&Type::Date, day(i32::MIN)), "-infinity");
        let kind = Type::TimestampTz { fraction: 6 };
        assert_eq!(of(&kind, long(i64::MIN)), "-infinity");
        assert_eq!(of(&kind, long(-1)), "1999-12-31 23:59:59.999999+00");
        let text = of(&Type::Interval { fraction: 0 }, |out| {
            let micros = (-3_020_399_000_000_i64).to_be_bytes();
            encode::bytes(out, &[micros, [0; 8]].concat());
        });
        assert_eq!(text, "0 mons 0 days -838:59:59.000000");
        let items: [&[u8]; 2] = [b"a\"b", b"c\\"];
        let text = of(&Type::TextArray, |out| encode::text_array(out, items.into_iter()));
        assert_eq!(text, r#"{"a\"b","c\\"}"#);
        assert_eq!(of(&Type::TextArray, |out| encode::text_array(out, [].into_iter())), "{}");
        assert_eq!(of(&Type::Bytea, |out| encode::bytes(out, b"\0\xff")), "\\x00ff");
        let address = "2001:db8::1".parse().unwrap();
        assert_eq!(of(&Type::Inet, |out| encode::inet(out, address)), "2001:db8::1");
        let floats = [1.0_f32.to_le_bytes(), (-0.5_f32).to_le_bytes()].concat();
        assert_eq!(of(&Type::RealArray, |out| encode::real_array(out, &floats)), "{1e0,-5e-1}");
    }

    #[test]
    fn what_copy_reads_otherwise_is_escaped() {
        let mut out = Vec::new();
        escape(b"a\tb\nc\\d\r\\.", &mut out);
        assert_eq!(out, b"a\\tb\\nc\\\\d\\r\\\\.");
    }
}
