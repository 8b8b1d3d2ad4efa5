//! CAST, CONVERT and COLLATE.
//!
//! Source: `MySQL` manual 14.10 "Cast Functions and Operators".

use sqlparser::ast::{CharacterLength, DataType, ExactNumberInfo, Expr, ObjectName, TimezoneInfo};

use crate::postgres::jsonb;
use crate::postgres::quote::literal;

use super::NotTranslated;
use super::node::Translator;
use super::term::{Comparison, Encoding, Integer, Kind, Term, Text, Width, unfit};

impl<'s> Translator<'s> {
    /// CONVERT (x, type) and CAST (x AS type CHARSET y), or CONVERT (x USING charset).
    pub(crate) fn convert(
        &mut self,
        expr: &Expr,
        data_type: Option<&DataType>,
        charset: Option<&ObjectName>,
    ) -> Result<Term<'s>, NotTranslated> {
        let charset = charset.map(|name| name.to_string().to_ascii_lowercase());
        if let Some(data_type) = data_type {
            return self.cast(expr, data_type, charset.as_deref());
        }
        let term = self.expression(expr)?;
        let term = self.text(term)?;
        in_charset(term, charset.as_deref())
    }

    pub(crate) fn cast(
        &mut self,
        expr: &Expr,
        data_type: &DataType,
        charset: Option<&str>,
    ) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(expr)?;
        match data_type {
            DataType::Char(length) | DataType::Character(length) => {
                let term = self.text(term)?;
                in_charset(cut(term, length.as_ref())?, charset)
            }
            DataType::Signed | DataType::SignedInteger => self.to_integer(term, i64::MIN.into()),
            DataType::Unsigned | DataType::UnsignedInteger => self.to_integer(term, 0),
            DataType::Decimal(ExactNumberInfo::PrecisionAndScale(precision, scale)) => {
                self.to_decimal(term, *precision, *scale)
            }
            DataType::Decimal(ExactNumberInfo::Precision(precision)) => {
                self.to_decimal(term, *precision, 0)
            }
            DataType::Double(ExactNumberInfo::None) => {
                let term = self.number(term)?;
                Ok(term.cast("double precision", Kind::Float))
            }
            DataType::Date => {
                let term = self.local(term)?;
                if term.kind == Kind::Date {
                    return Ok(term);
                }
                Ok(term.cast("date", Kind::Date))
            }
            DataType::Datetime(fraction) => self.to_timestamp(term, fraction.unwrap_or(0)),
            DataType::Time(fraction, TimezoneInfo::None) => {
                self.to_time(term, fraction.unwrap_or(0))
            }
            DataType::JSON => to_json(&term),
            other => Err(NotTranslated::new(format!("CAST AS {other}"))),
        }
    }

    /// Rounds half away from zero, as both do for decimals, and to even for floating-point.
    fn to_integer(&mut self, term: Term<'s>, least: i128) -> Result<Term<'s>, NotTranslated> {
        let term = self.number(term)?;
        let Kind::Integer(integer) = &term.kind else {
            if least == 0 {
                return Err(unfit(&term, "in CAST AS UNSIGNED"));
            }
            let high = i64::MAX.into();
            let integer = Integer { low: least, high, width: Width::Big, unsigned: false };
            return Ok(term.cast("bigint", Kind::Integer(integer)));
        };
        let most = if least == 0 { u64::MAX.into() } else { i64::MAX.into() };
        if integer.low < least || integer.high > most {
            // MySQL wraps around.
            return Err(unfit(&term, "in a CAST that may wrap around"));
        }
        let integer = Integer { unsigned: least == 0, ..*integer };
        Ok(Term { kind: Kind::Integer(integer), column: None, ..term })
    }

    fn to_decimal(
        &mut self,
        term: Term<'s>,
        precision: u64,
        scale: i64,
    ) -> Result<Term<'s>, NotTranslated> {
        let digits = u32::try_from(scale).unwrap_or(u32::MAX);
        let to = format!("numeric({precision},{scale})");
        let kind = Kind::Numeric { scale: digits };
        if let Kind::Quotient { scale: shown } = &term.kind {
            if *shown == digits {
                return Ok(term.cast(&to, kind));
            }
            return Err(unfit(&term, "cast to another number of digits"));
        }
        let term = self.number(term)?;
        if term.kind == Kind::Float {
            return Err(unfit(&term, "in CAST AS DECIMAL"));
        }
        Ok(term.cast(&to, kind))
    }

    /// `MariaDB` cuts a fraction off where `MySQL` rounds it, so it must not be shortened.
    pub(crate) fn to_timestamp(
        &mut self,
        term: Term<'s>,
        digits: u64,
    ) -> Result<Term<'s>, NotTranslated> {
        let term = self.local(term)?;
        match &term.kind {
            Kind::Date => Ok(term.cast("timestamp", Kind::Timestamp { fraction: digits as u8 })),
            Kind::Timestamp { fraction } if u64::from(*fraction) <= digits => {
                Ok(Term { kind: Kind::Timestamp { fraction: digits as u8 }, column: None, ..term })
            }
            _ => Err(unfit(&term, "as a DATETIME with fewer fractional digits")),
        }
    }

    fn to_time(&mut self, term: Term<'s>, digits: u64) -> Result<Term<'s>, NotTranslated> {
        if let Some(clock) = term.text_constant().and_then(super::moment::clock) {
            return Ok(clock.term());
        }
        if matches!(term.kind, Kind::Interval) {
            return Ok(term);
        }
        let time = if let Kind::Time { .. } = &term.kind {
            term
        } else {
            let term = self.local(term)?;
            let Kind::Timestamp { fraction } = term.kind else {
                return Err(unfit(&term, "as a TIME"));
            };
            term.cast("time", Kind::Time { fraction })
        };
        match &time.kind {
            Kind::Time { fraction } if u64::from(*fraction) <= digits => Ok(time),
            _ => Err(unfit(&time, "as a TIME with fewer fractional digits")),
        }
    }

    /// A collation that compares more finely than the column's; what is left as insensitive is
    /// compared by case here, as every text is.
    pub(crate) fn collate(
        &mut self,
        expr: &Expr,
        collation: &ObjectName,
    ) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(expr)?;
        let term = self.text(term)?;
        let name = collation.to_string().to_ascii_lowercase();
        let comparison = if name.ends_with("_bin") {
            Comparison::Binary
        } else if name.ends_with("_cs") {
            Comparison::Sensitive
        } else {
            Comparison::Insensitive
        };
        let Kind::Text(text) = &term.kind else {
            return Err(unfit(&term, "before COLLATE"));
        };
        if comparison < text.comparison {
            return Err(NotTranslated::new(format!("COLLATE {name}")));
        }
        let kind = Kind::Text(Text { comparison, ..*text });
        Ok(Term { kind, column: None, ..term })
    }
}

/// CAST (… AS CHAR (n)) cuts, as LEFT does.
fn cut<'s>(term: Term<'s>, length: Option<&CharacterLength>) -> Result<Term<'s>, NotTranslated> {
    match length {
        None => Ok(term),
        Some(CharacterLength::IntegerLength { length, unit: None }) => {
            let sql = format!("left({}, {length})", term.sql);
            Ok(Term::atom(sql, term.kind).nullable(term.nullable))
        }
        Some(other) => Err(NotTranslated::new(format!("CAST AS CHAR ({other})"))),
    }
}

/// The same text, counted and compared as the charset says.
fn in_charset<'s>(term: Term<'s>, charset: Option<&str>) -> Result<Term<'s>, NotTranslated> {
    let Kind::Text(text) = &term.kind else {
        return Err(unfit(&term, "as a text"));
    };
    let text = match charset {
        Some("utf8mb4" | "utf8mb3" | "utf8") => Text { encoding: Encoding::Utf8, ..*text },
        Some("binary") if text.encoding == Encoding::Utf8 => {
            Text { encoding: Encoding::Binary, comparison: Comparison::Binary }
        }
        None => *text,
        Some(other) => return Err(NotTranslated::new(format!("the character set {other}"))),
    };
    Ok(Term { kind: Kind::Text(text), column: None, ..term })
}

/// Both parse the text, or refuse it.
pub(crate) fn to_json<'s>(term: &Term<'s>) -> Result<Term<'s>, NotTranslated> {
    match &term.kind {
        Kind::Json => Ok(term.clone()),
        Kind::Text(_) => match term.text_constant() {
            Some(text) => {
                let refused = |error: jsonb::Invalid| {
                    NotTranslated::new(format!("the JSON text '{text}' ({error})"))
                };
                let mut canonical = Vec::new();
                jsonb::canonical(text.as_bytes(), &mut canonical).map_err(refused)?;
                let canonical = String::from_utf8_lossy(&canonical);
                let sql = format!("{}::jsonb", literal(&canonical));
                Ok(Term::atom(sql, Kind::Json).nullable(false))
            }
            None => Ok(term.cast("jsonb", Kind::Json)),
        },
        Kind::Null
        | Kind::Boolean
        | Kind::Integer(_)
        | Kind::Numeric { .. }
        | Kind::Quotient { .. }
        | Kind::Float
        | Kind::Bytes
        | Kind::Date
        | Kind::Timestamp { .. }
        | Kind::TimestampTz { .. }
        | Kind::Time { .. }
        | Kind::Interval
        | Kind::Bits { .. }
        | Kind::Enum
        | Kind::Set
        | Kind::Uuid
        | Kind::Opaque => Err(unfit(term, "as JSON")),
    }
}
