//! One value of a dump's text into the binary protocol's form, so that all that reads rows of a
//! server reads those of a dump too.
//!
//! Source: `MySQL` internals, "Binary Protocol Resultset Row" and "Binary Protocol Value".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::charset::Charset;
use super::literal::{Kind, Literal, unescape, unescape_field};
use super::moment;
use super::scanner::Quoting;
use crate::mysql::schema::{Column, ColumnType};
use crate::mysql::wire::{ColumnDefinition, WireType, put_bytes};

/// How the values of one column are read.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    form: Form,
    /// CHAR, which loses the blanks at its end.
    is_padded: bool,
    /// ENUM and SET, where a number is a member's place.
    is_member: bool,
    /// The charset that bytes without one are in.
    own: Charset,
    pub(super) definition: ColumnDefinition,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Integer {
        bytes: usize,
        unsigned: bool,
    },
    Float,
    Double,
    Decimal {
        scale: usize,
    },
    /// Big endian.
    Bits {
        bytes: usize,
    },
    Date,
    DateTime,
    /// In the dump's time zone.
    Timestamp,
    Time,
    Text,
    /// Filled up with zeros to so many bytes, as BINARY is; 0 for none.
    Bytes {
        padded: usize,
    },
}

/// What holds for the text around a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Around {
    pub(super) charset: Charset,
    pub(super) quoting: Quoting,
    /// Seconds that the time zone is ahead of UTC; `None` for one that only a server knows.
    pub(super) zone: Option<i32>,
}

impl Around {
    pub(super) fn utf8() -> Self {
        let quoting = Quoting { backslash: true, pairs: None };
        Self { charset: Charset::Utf8, quoting, zone: Some(0) }
    }
}

/// Why a value is none of its column.
pub(super) type Problem = String;

impl Decoder {
    pub(super) fn new(column: &Column) -> Result<Self, Problem> {
        let (form, wire_type) = form(&column.column_type);
        let collation = if form == Form::Text { UTF8MB4 } else { BINARY };
        let unsigned = matches!(form, Form::Integer { unsigned: true, .. });
        let own = match &column.collation {
            Some(collation) => Charset::of(&collation.charset)
                .ok_or_else(|| format!("we have no table of the charset {}", collation.charset))?,
            None => Charset::Utf8,
        };
        let definition = ColumnDefinition {
            name: column.name.clone(),
            wire_type,
            collation,
            length: 0,
            flags: if unsigned { UNSIGNED } else { 0 },
            decimals: 0,
        };
        let is_padded = matches!(column.column_type, ColumnType::Char { .. });
        let is_member =
            matches!(column.column_type, ColumnType::Enum { .. } | ColumnType::Set { .. });
        Ok(Self { form, is_padded, is_member, own, definition })
    }

    /// Bytes of an integer, and whether it has no sign.
    pub(super) fn integer(&self) -> Option<(usize, bool)> {
        match self.form {
            Form::Integer { bytes, unsigned } => Some((bytes, unsigned)),
            _ => None,
        }
    }

    /// Appends the value, which is not NULL; `text` is the row's.
    #[inline]
    pub(super) fn decode(
        &self,
        text: &[u8],
        literal: &Literal,
        (around, scratch): (Around, &mut Vec<u8>),
        out: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        let raw = &text[literal.bytes.clone()];
        let plain = match literal.kind {
            Kind::Text { escaped: false, .. } | Kind::Bare => raw,
            Kind::Text { quote, .. } => {
                scratch.clear();
                unescape(raw, quote, around.quoting, scratch);
                scratch.as_slice()
            }
            Kind::Field { quote, escape } => {
                scratch.clear();
                unescape_field(raw, (quote, escape), scratch);
                scratch.as_slice()
            }
            Kind::Hexadecimal => {
                scratch.clear();
                hexadecimal(raw, scratch)?;
                scratch.as_slice()
            }
            Kind::Bits => {
                scratch.clear();
                bits(raw, scratch);
                scratch.as_slice()
            }
            Kind::Base64 => {
                scratch.clear();
                STANDARD.decode_vec(raw, scratch).map_err(|error| error.to_string())?;
                scratch.as_slice()
            }
            Kind::Null | Kind::Default => return Err("a value that is not there".to_owned()),
        };
        match &self.form {
            Form::Text => self.text(plain, (around, literal), out),
            Form::Bytes { .. } if literal.kind == Kind::Bare && !is_printed(plain) => {
                Err(none("a text in quotes", plain))
            }
            Form::Bytes { padded } => {
                if plain.len() < *padded {
                    let mut whole = plain.to_vec();
                    whole.resize(*padded, 0);
                    put_bytes(out, &whole);
                } else {
                    put_bytes(out, plain);
                }
                Ok(())
            }
            Form::Bits { bytes } => bit_value(plain, literal.kind, *bytes, out),
            _ if literal.kind == Kind::Bits || literal.kind == Kind::Hexadecimal => {
                Err("bits in a column that holds none".to_owned())
            }
            form => number_or_moment(form, plain, around, out),
        }
    }

    fn text(
        &self,
        plain: &[u8],
        (around, literal): (Around, &Literal),
        out: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        if literal.kind == Kind::Bare && (self.is_member || !is_printed(plain)) {
            return Err(none("a text in quotes", plain));
        }
        // Without an introducer, what has no quotes is in the column's own charset.
        let is_text = matches!(literal.kind, Kind::Text { .. } | Kind::Field { .. } | Kind::Bare);
        let charset = match (literal.charset, around.charset) {
            (Some(Charset::Binary), _) | (None, Charset::Binary) => self.own,
            (Some(charset), _) => charset,
            (None, _) if !is_text => self.own,
            (None, charset) => charset,
        };
        let converted = charset
            .convert(plain)
            .map_err(|_no_text| "bytes that are no text in the dump's charset".to_owned())?;
        let text = converted.as_deref().unwrap_or(plain);
        // As the server gives it, whatever was written.
        let spaces = text.iter().rev().take_while(|byte| self.is_padded && **byte == b' ').count();
        put_bytes(out, &text[..text.len() - spaces]);
        Ok(())
    }
}

/// The ids of `binary` and of `utf8mb4_general_ci`.
const BINARY: u16 = 63;
const UTF8MB4: u16 = 45;

/// `UNSIGNED_FLAG` of the protocol's `ColumnFlags`.
const UNSIGNED: u16 = 0x20;

fn form(column_type: &ColumnType) -> (Form, WireType) {
    let integer = |bytes, unsigned: &bool| Form::Integer { bytes, unsigned: *unsigned };
    match column_type {
        ColumnType::TinyInt { unsigned, .. } => (integer(1, unsigned), WireType::Tiny),
        ColumnType::SmallInt { unsigned } => (integer(2, unsigned), WireType::Short),
        ColumnType::MediumInt { unsigned } => (integer(4, unsigned), WireType::Int24),
        ColumnType::Int { unsigned } => (integer(4, unsigned), WireType::Long),
        ColumnType::BigInt { unsigned } => (integer(8, unsigned), WireType::LongLong),
        ColumnType::Year => (integer(2, &true), WireType::Year),
        ColumnType::Decimal { scale, .. } => {
            (Form::Decimal { scale: usize::from(*scale) }, WireType::NewDecimal)
        }
        ColumnType::Float => (Form::Float, WireType::Float),
        ColumnType::Double => (Form::Double, WireType::Double),
        ColumnType::Bit { bits } => {
            // No BIT is longer than 64, nor a BINARY than 255, whatever a dump claims.
            (Form::Bits { bytes: usize::from(*bits).div_ceil(8).min(8) }, WireType::Bit)
        }
        ColumnType::Date => (Form::Date, WireType::Date),
        ColumnType::DateTime { .. } => (Form::DateTime, WireType::DateTime),
        ColumnType::Timestamp { .. } => (Form::Timestamp, WireType::Timestamp),
        ColumnType::Time { .. } => (Form::Time, WireType::Time),
        ColumnType::Char { .. } | ColumnType::Enum { .. } | ColumnType::Set { .. } => {
            (Form::Text, WireType::String)
        }
        ColumnType::VarChar { .. } | ColumnType::Uuid | ColumnType::Inet4 | ColumnType::Inet6 => {
            (Form::Text, WireType::VarString)
        }
        ColumnType::Text | ColumnType::Unknown { .. } => (Form::Text, WireType::Blob),
        ColumnType::Json { .. } => (Form::Text, WireType::Json),
        ColumnType::Binary { length } => {
            (Form::Bytes { padded: (*length as usize).min(255) }, WireType::String)
        }
        ColumnType::VarBinary { .. } => (Form::Bytes { padded: 0 }, WireType::VarString),
        ColumnType::Blob => (Form::Bytes { padded: 0 }, WireType::Blob),
        ColumnType::Geometry { .. } => (Form::Bytes { padded: 0 }, WireType::Geometry),
        ColumnType::Vector { .. } => (Form::Bytes { padded: 0 }, WireType::Vector),
    }
}

fn number_or_moment(
    form: &Form,
    plain: &[u8],
    around: Around,
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let text = || std::str::from_utf8(plain).map_err(|_bytes| none("a number", plain));
    match form {
        Form::Integer { bytes, unsigned } => integer(plain, (*bytes, *unsigned), out)?,
        Form::Float => {
            let value: f32 = text()?.parse().map_err(|_word| none("a number", plain))?;
            is_finite(value.is_finite(), plain)?;
            out.extend_from_slice(&value.to_le_bytes());
        }
        Form::Double => {
            let value: f64 = text()?.parse().map_err(|_word| none("a number", plain))?;
            is_finite(value.is_finite(), plain)?;
            out.extend_from_slice(&value.to_le_bytes());
        }
        Form::Decimal { scale } => decimal(plain, *scale, out)?,
        Form::Date => moment::date(plain, out).ok_or_else(|| none("a date", plain))?,
        Form::DateTime => {
            moment::datetime(plain, 0, out).ok_or_else(|| none("a date and time", plain))?;
        }
        Form::Timestamp => {
            let zone = around.zone.ok_or_else(|| {
                "in a TIME_ZONE that is neither UTC nor such as +02:00, the TIMESTAMP".to_owned()
            })?;
            moment::datetime(plain, zone, out).ok_or_else(|| none("a date and time", plain))?;
        }
        Form::Time => moment::time(plain, out).ok_or_else(|| none("a time", plain))?,
        Form::Text | Form::Bytes { .. } | Form::Bits { .. } => {}
    }
    Ok(())
}

/// Neither server has the others, which Rust knows as words.
fn is_finite(is: bool, plain: &[u8]) -> Result<(), Problem> {
    if is { Ok(()) } else { Err(none("a number", plain)) }
}

/// Whether a number without quotes is written as the server prints it where it becomes text.
fn is_printed(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    let whole = digits.split(|byte| *byte == b'.').next().unwrap_or_default();
    let has_value = digits.iter().any(|byte| matches!(byte, b'1'..=b'9'));
    let is_plain = digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
        && digits.last().is_some_and(u8::is_ascii_digit)
        && (digits.len() == number.len() || has_value);
    is_plain && !whole.is_empty() && (whole == b"0" || !whole.starts_with(b"0"))
}

#[cold]
fn none(what: &str, plain: &[u8]) -> Problem {
    const SHOWN: usize = 40;
    let shown = String::from_utf8_lossy(&plain[..plain.len().min(SHOWN)]);
    format!("{shown:?} is not {what}, as it must be in the value")
}

fn integer(
    plain: &[u8],
    (bytes, unsigned): (usize, bool),
    out: &mut Vec<u8>,
) -> Result<(), Problem> {
    let (negative, digits) = match plain {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let mut value: u64 = match plain {
        word if word.eq_ignore_ascii_case(b"true") => 1,
        word if word.eq_ignore_ascii_case(b"false") => 0,
        _ => {
            let mut value = 0_u64;
            let mut fits = !digits.is_empty();
            for digit in digits {
                fits &= digit.is_ascii_digit();
                let next = value.checked_mul(10);
                let next =
                    next.and_then(|next| next.checked_add(u64::from(digit.wrapping_sub(b'0'))));
                fits &= next.is_some();
                value = next.unwrap_or(0);
            }
            if !fits {
                return Err(none("a whole number", plain));
            }
            value
        }
    };
    let limit = u64::MAX >> (64 - 8 * bytes);
    let limit = match (unsigned, negative) {
        (true, true) => 0,
        (true, false) => limit,
        (false, true) => limit / 2 + 1,
        (false, false) => limit / 2,
    };
    if value > limit {
        return Err(none("within the column's range", plain));
    }
    if negative {
        value = value.wrapping_neg();
    }
    out.extend_from_slice(&value.to_le_bytes()[..bytes]);
    Ok(())
}

/// With as many digits behind the point as the column has, as the server would print it.
fn decimal(plain: &[u8], scale: usize, out: &mut Vec<u8>) -> Result<(), Problem> {
    let point = memchr::memchr(b'.', plain);
    let digits = plain.strip_prefix(b"-").or(plain.strip_prefix(b"+")).unwrap_or(plain);
    let is_number = digits.iter().any(u8::is_ascii_digit)
        && digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
        && memchr::memchr_iter(b'.', digits).count() <= 1;
    if !is_number {
        return Err(none("a decimal", plain));
    }
    let there = point.map_or(0, |point| plain.len() - point - 1);
    if there == scale && (scale > 0) == point.is_some() {
        put_bytes(out, plain);
        return Ok(());
    }
    if there > scale {
        return Err(none("of so few digits behind the point", plain));
    }
    let mut whole = plain.to_vec();
    if point.is_none() && scale > 0 {
        whole.push(b'.');
    }
    if scale == 0 && point.is_some() {
        whole.pop();
    }
    whole.resize(whole.len() + scale - there, b'0');
    put_bytes(out, &whole);
    Ok(())
}

fn hexadecimal(digits: &[u8], out: &mut Vec<u8>) -> Result<(), Problem> {
    let value = |digit: u8| (digit as char).to_digit(16).map(|value| value as u8);
    let no_digit = || "hexadecimal digits that are none".to_owned();
    let (first, rest) = digits.split_at(digits.len() % 2);
    if let [digit] = first {
        out.push(value(*digit).ok_or_else(no_digit)?);
    }
    for pair in rest.chunks_exact(2) {
        let (high, low) = (value(pair[0]), value(pair[1]));
        out.push(high.zip(low).map(|(high, low)| high << 4 | low).ok_or_else(no_digit)?);
    }
    Ok(())
}

/// `101` → big-endian bytes.
fn bits(digits: &[u8], out: &mut Vec<u8>) {
    for byte in digits.rchunks(8).rev() {
        out.push(byte.iter().fold(0, |value, digit| value << 1 | (digit & 1)));
    }
}

/// A BIT, from its bytes or from a number.
fn bit_value(plain: &[u8], kind: Kind, bytes: usize, out: &mut Vec<u8>) -> Result<(), Problem> {
    let number;
    let plain = if kind == Kind::Bare {
        let text = std::str::from_utf8(plain).ok().and_then(|text| text.parse::<u64>().ok());
        number = text.ok_or_else(|| none("a bit string", plain))?.to_be_bytes();
        &number
    } else {
        plain
    };
    let start = plain.iter().position(|byte| *byte != 0).unwrap_or(plain.len());
    let significant = &plain[start..];
    if significant.len() > bytes {
        return Err("more bits than the column has".to_owned());
    }
    let mut whole = [0; 8];
    whole[8 - significant.len()..].copy_from_slice(significant);
    put_bytes(out, &whole[8 - bytes.min(8)..]);
    Ok(())
}
