//! Dates as text: DATE_FORMAT, and what CONCAT and CHAR make of a date.
//!
//! `PostgreSQL`'s `to_char` and `::text` depend on the session, so that no generated column or index
//! can use them; the parts of a date joined by hand do not.

use sqlparser::ast::Expr;

use super::NotTranslated;
use super::node::Translator;
use super::term::{Kind, Shape, Term, Text};
use crate::postgres::quote::literal;

impl<'s> Translator<'s> {
    pub(crate) fn date_format(
        &mut self,
        of: &Expr,
        format: &Expr,
    ) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(of)?;
        let term = self.local(term)?;
        let format = self.expression(format)?;
        match format.text_constant() {
            Some(format) => formatted(&term, format),
            None => Err(NotTranslated::new("DATE_FORMAT with a format that is no literal")),
        }
    }

    /// A date or time as `MySQL` shows it.
    pub(crate) fn shown(&mut self, term: Term<'s>) -> Result<Term<'s>, NotTranslated> {
        let term = match &term.kind {
            Kind::Time { .. } => term,
            _ => self.local(term)?,
        };
        let format = match &term.kind {
            Kind::Date => "%Y-%m-%d".to_owned(),
            Kind::Timestamp { fraction } => format!("%Y-%m-%d %T{}", point(*fraction)),
            Kind::Time { fraction } => format!("%T{}", point(*fraction)),
            _ => return Err(super::term::unfit(&term, "as a text")),
        };
        formatted(&term, &format)
    }
}

/// A fraction of that many digits; `%1` to `%6` are ours.
fn point(fraction: u8) -> String {
    if fraction == 0 { String::new() } else { format!(".%{fraction}") }
}

/// The pieces of a format, joined.
fn formatted<'s>(term: &Term<'s>, format: &str) -> Result<Term<'s>, NotTranslated> {
    let refused = || NotTranslated::new(format!("DATE_FORMAT with '{format}'"));
    let mut pieces: Vec<String> = Vec::new();
    let mut plain = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            plain.push(letter);
            continue;
        }
        let specifier = letters.next().ok_or_else(refused)?;
        if specifier == '%' {
            plain.push('%');
            continue;
        }
        let parts = specifier_pieces(term, specifier).ok_or_else(refused)?;
        if !plain.is_empty() {
            pieces.push(literal(&plain));
            plain.clear();
        }
        pieces.extend(parts);
    }
    if !plain.is_empty() || pieces.is_empty() {
        pieces.push(literal(&plain));
    }
    let shape = if pieces.len() == 1 { Shape::Atom } else { Shape::Compound };
    let sql = pieces.join(" || ");
    let term = Term::atom(sql, Kind::Text(Text::literal())).nullable(term.nullable);
    Ok(Term { shape, ..term })
}

fn specifier_pieces(term: &Term<'_>, specifier: char) -> Option<Vec<String>> {
    let one = |piece: String| Some(vec![piece]);
    let has_date = !matches!(term.kind, Kind::Time { .. });
    match specifier {
        'Y' if has_date => one(padded(&field(term, "year"), 4)),
        'y' if has_date => one(padded(&format!("({} % 100)", field(term, "year")), 2)),
        'm' if has_date => one(padded(&field(term, "month"), 2)),
        'c' if has_date => one(format!("{}::text", field(term, "month"))),
        'd' if has_date => one(padded(&field(term, "day"), 2)),
        'e' if has_date => one(format!("{}::text", field(term, "day"))),
        'j' if has_date => one(padded(&field(term, "doy"), 3)),
        'H' => one(padded(&field(term, "hour"), 2)),
        'k' => one(format!("{}::text", field(term, "hour"))),
        'i' => one(padded(&field(term, "minute"), 2)),
        's' | 'S' => one(padded(&field(term, "second"), 2)),
        'f' => one(fraction(term, 6)),
        'T' => {
            let colon = literal(":");
            let mut parts = specifier_pieces(term, 'H')?;
            parts.push(colon.clone());
            parts.extend(specifier_pieces(term, 'i')?);
            parts.push(colon);
            parts.extend(specifier_pieces(term, 's')?);
            Some(parts)
        }
        '1'..='6' => one(fraction(term, specifier.to_digit(10)?)),
        _ => None,
    }
}

/// A part of the date as a whole number; a date's time of day is midnight.
fn field(term: &Term<'_>, name: &str) -> String {
    let is_of_clock = matches!(name, "hour" | "minute" | "second");
    if is_of_clock && term.kind == Kind::Date {
        return "0".to_owned();
    }
    let extracted = format!("extract({name} FROM {})", term.sql);
    if name == "second" {
        format!("trunc({extracted})::integer")
    } else {
        format!("{extracted}::integer")
    }
}

fn padded(number: &str, digits: u32) -> String {
    format!("lpad({number}::text, {digits}, '0')")
}

fn fraction(term: &Term<'_>, digits: u32) -> String {
    if term.kind == Kind::Date {
        return literal(&"0".repeat(digits as usize));
    }
    let micros = format!("extract(microseconds FROM {})::integer % 1000000", term.sql);
    let unit = 10_u32.pow(6 - digits.min(6));
    let number = if unit == 1 { format!("({micros})") } else { format!("({micros} / {unit})") };
    padded(&number, digits)
}
