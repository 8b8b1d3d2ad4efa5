//! Literals.
//!
//! Sources: `MySQL` manual 11.1 "Literal Values" and 12.3.8 "Character Set Introducers".

use sqlparser::ast::{DataType, Expr, TimezoneInfo, TypedString, Value, ValueWithSpan};

use crate::postgres::quote::literal;

use super::NotTranslated;
use super::moment::{Moment, clock, date, moment};
use super::term::{Constant, Integer, Kind, Term, Text, Width};

/// A literal that stands by itself.
pub(crate) fn value<'s>(value: &Value) -> Result<Term<'s>, NotTranslated> {
    match value {
        Value::Number(digits, false) => number(digits),
        Value::SingleQuotedString(text) | Value::NationalStringLiteral(text) => string(text),
        Value::HexStringLiteral(digits) => match bytes_of_hex(digits) {
            Some(value) => Ok(bytes(value)),
            None => Err(NotTranslated::new(format!("the literal 0x{digits}"))),
        },
        Value::SingleQuotedByteStringLiteral(digits) => match bytes_of_bits(digits) {
            Some(value) => Ok(bytes(value)),
            None => Err(NotTranslated::new(format!("the literal b'{digits}'"))),
        },
        // TRUE and FALSE are 1 and 0.
        Value::Boolean(truth) => Ok(Term::integer(i128::from(*truth))),
        Value::Null => Ok(Term::null()),
        other => Err(NotTranslated::new(format!("the literal {other}"))),
    }
}

/// A literal with the name of a character set before it. The servers print it in the connection's
/// character set, but how they print letters beyond ASCII of another set differs by version.
pub(crate) fn introduced<'s>(prefix: &str, expr: &Expr) -> Result<Term<'s>, NotTranslated> {
    let refused = || NotTranslated::new(format!("the literal {prefix}{expr}"));
    let Expr::Value(ValueWithSpan { value, .. }) = expr else {
        return Err(refused());
    };
    let charset = prefix.to_ascii_lowercase();
    // Bytes that are ASCII elsewhere are other letters here.
    if is_wide(&charset) || charset == "_swe7" {
        let Value::HexStringLiteral(digits) = value else { return Err(refused()) };
        let text = bytes_of_hex(digits).and_then(|bytes| wide(&charset, &bytes));
        return string(&text.ok_or_else(refused)?);
    }
    let is_utf8 = matches!(charset.as_str(), "_utf8mb4" | "_utf8mb3" | "_utf8");
    match value {
        Value::SingleQuotedString(text) if charset == "_binary" && text.is_ascii() => {
            Ok(bytes(text.clone().into_bytes()))
        }
        Value::SingleQuotedString(text) if charset != "_binary" && (is_utf8 || text.is_ascii()) => {
            string(text)
        }
        Value::HexStringLiteral(digits) => {
            let value = bytes_of_hex(digits).ok_or_else(refused)?;
            match (charset.as_str(), String::from_utf8(value)) {
                ("_binary", Ok(text)) => Ok(bytes(text.into_bytes())),
                ("_binary", Err(error)) => Ok(bytes(error.into_bytes())),
                (_, Ok(text)) if is_utf8 || text.is_ascii() => string(&text),
                (_, Ok(_) | Err(_)) => Err(refused()),
            }
        }
        _ => Err(refused()),
    }
}

/// Whether a character has more bytes than one in each case.
fn is_wide(charset: &str) -> bool {
    matches!(charset, "_utf16" | "_utf16le" | "_utf32" | "_ucs2")
}

/// The text of such bytes; those that are missing in front are zeros.
fn wide(charset: &str, bytes: &[u8]) -> Option<String> {
    let unit = if charset == "_utf32" { 4 } else { 2 };
    let missing = bytes.len().next_multiple_of(unit) - bytes.len();
    let whole = [&[0; 3][..missing], bytes].concat();
    let pairs = whole.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
    match charset {
        "_utf16" | "_ucs2" => {
            String::from_utf16(&pairs.map(u16::from_be_bytes).collect::<Vec<_>>()).ok()
        }
        "_utf16le" if missing == 0 => {
            String::from_utf16(&pairs.map(u16::from_le_bytes).collect::<Vec<_>>()).ok()
        }
        "_utf32" => whole
            .chunks_exact(4)
            .map(|four| char::from_u32(u32::from_be_bytes([four[0], four[1], four[2], four[3]])))
            .collect(),
        _ => None,
    }
}

/// DATE '…', TIME '…' and TIMESTAMP '…'.
pub(crate) fn typed<'s>(typed: &TypedString) -> Result<Term<'s>, NotTranslated> {
    let refused = || NotTranslated::new(format!("the literal {typed}"));
    let Value::SingleQuotedString(text) = &typed.value.value else {
        return Err(refused());
    };
    let term = match &typed.data_type {
        DataType::Date => date(text).map(|date| date.term()),
        DataType::Timestamp(None, TimezoneInfo::None) => moment(text).map(Moment::into_timestamp),
        DataType::Time(None, TimezoneInfo::None) => clock(text).map(|clock| clock.term()),
        _ => None,
    };
    term.ok_or_else(refused)
}

/// A text; NUL alone cannot be in one.
pub(crate) fn string<'s>(text: &str) -> Result<Term<'s>, NotTranslated> {
    if text.contains('\0') {
        return Err(NotTranslated::new("a text with U+0000"));
    }
    let term = Term::atom(literal(text), Kind::Text(Text::literal())).nullable(false);
    Ok(term.known(Constant::Text(text.to_owned())))
}

/// A binary string; in front of a number it is a number, as in `MySQL`.
pub(crate) fn bytes<'s>(value: Vec<u8>) -> Term<'s> {
    let term = Term::atom(bytea(&value), Kind::Bytes).nullable(false);
    term.known(Constant::Bytes(value))
}

/// `'\x…'::bytea`.
pub(crate) fn bytea(value: &[u8]) -> String {
    use std::fmt::Write;

    let mut text = String::from("\\x");
    for byte in value {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    format!("{}::bytea", literal(&text))
}

/// The number that a short binary string is, most significant byte first.
pub(crate) fn number_of_bytes(value: &[u8]) -> Option<i128> {
    if value.len() > 8 {
        return None;
    }
    Some(value.iter().fold(0, |sum, byte| (sum << 8) | i128::from(*byte)))
}

/// A number without a sign: whole, decimal, or with an exponent and then floating-point.
pub(crate) fn number<'s>(digits: &str) -> Result<Term<'s>, NotTranslated> {
    if digits.contains(['e', 'E']) {
        let sql = format!("{digits}::double precision");
        return Ok(Term::atom(sql, Kind::Float).nullable(false));
    }
    if let Ok(value) = digits.parse::<i128>()
        && value <= u64::MAX.into()
    {
        let mut term = Term::integer(value);
        if value > i64::MAX.into() {
            let width = Width::Numeric;
            let integer = Integer { low: value, high: value, width, unsigned: true };
            term.kind = Kind::Integer(integer);
        }
        return Ok(term);
    }
    let scale = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !plain || scale > 30 {
        return Err(NotTranslated::new(format!("the number {digits}")));
    }
    let term = Term::atom(digits, Kind::Numeric { scale: scale as u32 }).nullable(false);
    Ok(term.known(Constant::Decimal(digits.to_owned())))
}

/// An odd number of digits has a zero in front.
pub(crate) fn bytes_of_hex(digits: &str) -> Option<Vec<u8>> {
    let padded = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.to_owned() };
    let nibbles: Option<Vec<u8>> =
        padded.chars().map(|digit| digit.to_digit(16).map(|nibble| nibble as u8)).collect();
    Some(
        nibbles?.chunks(2).map(|pair| pair.iter().fold(0, |byte, half| byte << 4 | half)).collect(),
    )
}

/// Filled up with zeros in front to whole bytes.
pub(crate) fn bytes_of_bits(digits: &str) -> Option<Vec<u8>> {
    let bits: Option<Vec<u8>> =
        digits.chars().map(|digit| digit.to_digit(2).map(|bit| bit as u8)).collect();
    let bytes =
        bits?.rchunks(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit)).rev().collect();
    Some(bytes)
}

/// `'…'::uuid`, of a UUID as text or of its 32 digits.
pub(crate) fn uuid(text: &str) -> Option<String> {
    let digits = text.replace('-', "").to_ascii_lowercase();
    let value = bytes_of_hex(&digits)?;
    if value.len() != 16 || digits.len() != 32 {
        return None;
    }
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits.get(part).unwrap_or(""));
    let uuid = parts.join("-");
    (text.len() == 32 || text.eq_ignore_ascii_case(&uuid)).then(|| format!("'{uuid}'::uuid"))
}

#[cfg(test)]
mod tests {
    use super::wide;

    #[test]
    fn bytes_of_wide_charsets_are_read_by_their_units() {
        for (charset, bytes, text) in [
            ("_utf16", &[0x41, 0x41][..], Some("䅁")),
            ("_utf16", &[0xD8, 0x3D, 0xDE, 0x00], Some("😀")),
            ("_ucs2", &[0x04, 0x36, 0x00, 0x78], Some("жx")),
            ("_ucs2", &[0x41], Some("A")),
            ("_utf16le", &[0x3D, 0xD8, 0x00, 0xDE], Some("😀")),
            ("_utf32", &[0x00, 0x01, 0xF6, 0x00], Some("😀")),
            ("_utf32", &[0xE9], Some("é")),
            ("_utf16", &[], Some("")),
            ("_utf16", &[0xD8, 0x3D], None),
            ("_utf32", &[0x00, 0x11, 0x00, 0x00], None),
            ("_utf16le", &[0x41], None),
        ] {
            assert_eq!(wide(charset, bytes).as_deref(), text, "{charset} {bytes:?}");
        }
    }
}
