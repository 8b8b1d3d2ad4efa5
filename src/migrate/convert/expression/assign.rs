//! The value that a column gets from an expression of another kind, as `MySQL` stores it.

use crate::postgres::schema::ColumnType;

use super::NotTranslated;
use super::cast::to_json;
use super::compare::as_truth;
use super::literal::{bytes, number_of_bytes};
use super::node::Translator;
use super::term::{Constant, Integer, Kind, Term, Width, unfit};

impl<'s> Translator<'s> {
    /// The term cast so that `PostgreSQL` stores in a column of type `target` what `MySQL` stores,
    /// or refuses the row.
    pub(crate) fn assign(
        &mut self,
        term: Term<'s>,
        target: &ColumnType,
    ) -> Result<Term<'s>, NotTranslated> {
        if term.kind == Kind::Null {
            return Ok(term);
        }
        match target {
            ColumnType::Boolean => to_boolean(term),
            ColumnType::SmallInt | ColumnType::Integer | ColumnType::BigInt => {
                let term = self.settled(term)?;
                self.number(term)
            }
            ColumnType::Numeric { scale, .. } => self.to_numeric(term, u32::from(*scale)),
            ColumnType::Real | ColumnType::DoublePrecision => {
                let term = self.settled(term)?;
                self.number(term)
            }
            ColumnType::Bit { bits } => self.to_bits(term, *bits),
            ColumnType::Date => self.to_date(term),
            ColumnType::Timestamp { fraction } => self.to_timestamp(term, u64::from(*fraction)),
            ColumnType::TimestampTz { fraction } => self.to_timestamp_tz(term, *fraction),
            ColumnType::Time { fraction } => to_clock(term, *fraction, Day::Within),
            ColumnType::Interval { fraction } => to_clock(term, *fraction, Day::Beyond),
            ColumnType::VarChar { .. } | ColumnType::Text => self.text(term),
            ColumnType::Bytea => to_bytes(term),
            ColumnType::Enum { .. } if term.text_constant().is_some() => {
                let sql = format!("{}::{target}", term.sql);
                Ok(Term::atom(sql, Kind::Enum).nullable(false))
            }
            ColumnType::Jsonb => to_json(&term),
            ColumnType::Uuid => to_uuid(term),
            ColumnType::Enum { .. }
            | ColumnType::TextArray
            | ColumnType::Json
            | ColumnType::Inet
            | ColumnType::RealArray
            | ColumnType::Geometry { .. }
            | ColumnType::Vector { .. } => {
                Err(unfit(&term, &format!("in a column of type {target}")))
            }
        }
    }

    fn to_numeric(&mut self, term: Term<'s>, digits: u32) -> Result<Term<'s>, NotTranslated> {
        if let Kind::Quotient { scale } = &term.kind {
            if *scale == digits {
                return Ok(term);
            }
            return Err(unfit(&term, "in a column with another number of digits"));
        }
        let term = self.number(term)?;
        if term.kind == Kind::Float {
            return Err(unfit(&term, "in a DECIMAL column"));
        }
        Ok(term)
    }

    fn to_bits(&mut self, term: Term<'s>, bits: u8) -> Result<Term<'s>, NotTranslated> {
        if term.kind == (Kind::Bits { bits }) {
            return Ok(term);
        }
        let term = self.number(term)?;
        let fits = match &term.kind {
            Kind::Integer(integer) => {
                integer.low >= 0
                    && integer.high < (1_i128 << bits.min(63))
                    && integer.width < Width::Numeric
            }
            _ => false,
        };
        if !fits {
            return Err(unfit(&term, &format!("in a column of type bit({bits})")));
        }
        Ok(term
            .cast("bigint", term.kind.clone())
            .cast(&format!("bit({bits})"), Kind::Bits { bits }))
    }

    fn to_date(&mut self, term: Term<'s>) -> Result<Term<'s>, NotTranslated> {
        let now = matches!(term.constant, Some(Constant::Now(_)));
        let term = self.local(term)?;
        match &term.kind {
            Kind::Date => Ok(term),
            _ if now => Ok(Term::atom("current_date", Kind::Date).nullable(false)),
            Kind::Timestamp { fraction: 0 } => Ok(term.cast("date", Kind::Date)),
            // MySQL rounds 23:59:59.5 to the next day, MariaDB does not.
            _ => Err(unfit(&term, "in a DATE column")),
        }
    }

    fn to_timestamp_tz(&mut self, term: Term<'s>, digits: u8) -> Result<Term<'s>, NotTranslated> {
        if let Some(Constant::Now(fraction)) = term.constant
            && fraction <= digits
        {
            let sql = format!("current_timestamp({fraction})");
            return Ok(Term { sql, kind: Kind::TimestampTz { fraction }, ..term });
        }
        match &term.kind {
            Kind::TimestampTz { fraction } if *fraction <= digits => Ok(term),
            _ => {
                // By the session's time zone, as in MySQL.
                self.depends_on_session();
                self.to_timestamp(term, u64::from(digits))
            }
        }
    }
}

/// Whether a TIME column is limited to the times of a day.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Day {
    Within,
    Beyond,
}

/// Only what is 0 or 1 by itself: a boolean column is a TINYINT that could hold more.
fn to_boolean(term: Term<'_>) -> Result<Term<'_>, NotTranslated> {
    if let Some(truth) = as_truth(&term) {
        return Ok(truth);
    }
    match &term.kind {
        Kind::Boolean => Ok(term),
        Kind::Integer(Integer { low: 0.., high: ..=1, .. }) => super::node::boolean(term),
        Kind::Bytes => match &term.constant {
            Some(Constant::Bytes(bytes)) => match number_of_bytes(bytes) {
                Some(0) => Ok(Term::truth(false)),
                Some(1) => Ok(Term::truth(true)),
                Some(_) | None => Err(unfit(&term, "in a column that is 0 or 1")),
            },
            Some(_) | None => Err(unfit(&term, "in a column that is 0 or 1")),
        },
        _ => Err(unfit(&term, "in a column that is 0 or 1")),
    }
}

fn to_clock(term: Term<'_>, digits: u8, day: Day) -> Result<Term<'_>, NotTranslated> {
    let term = match term.text_constant().map(super::moment::clock) {
        Some(Some(clock)) => clock.term(),
        Some(None) => return Err(unfit(&term, "in a TIME column")),
        None => term,
    };
    match &term.kind {
        Kind::Time { fraction } if *fraction <= digits => Ok(term),
        Kind::Interval if day == Day::Beyond => Ok(term),
        Kind::Timestamp { fraction } if *fraction <= digits => {
            let fraction = *fraction;
            Ok(term.cast("time", Kind::Time { fraction }))
        }
        _ => Err(unfit(&term, "in a TIME column")),
    }
}

fn to_bytes(term: Term<'_>) -> Result<Term<'_>, NotTranslated> {
    if let Some(text) = term.text_constant() {
        return Ok(bytes(text.as_bytes().to_vec()));
    }
    if term.kind == Kind::Bytes { Ok(term) } else { Err(unfit(&term, "in a binary column")) }
}

fn to_uuid(term: Term<'_>) -> Result<Term<'_>, NotTranslated> {
    if term.constant == Some(Constant::Uuid) {
        return Ok(Term { sql: "gen_random_uuid()".to_owned(), kind: Kind::Uuid, ..term });
    }
    if term.kind == Kind::Uuid { Ok(term) } else { Err(unfit(&term, "in a UUID column")) }
}
