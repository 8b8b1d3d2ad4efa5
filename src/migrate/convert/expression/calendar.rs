//! Dates, times, intervals and their literals.
//!
//! A `MySQL` TIMESTAMP counts as the local time of the session in every expression; `PostgreSQL`'s
//! `timestamptz::timestamp` is the same, but not immutable.
//!
//! Source: `MySQL` manual 14.7 "Date and Time Functions" and 11.1.3 "Date and Time Literals".

use sqlparser::ast::{DateTimeField, Expr, Interval};

use super::NotTranslated;
use super::moment::moment;
use super::node::Translator;
use super::term::{Constant, Integer, Kind, Term, unfit};

/// Whether an interval is added or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Later,
    Earlier,
}

impl<'s> Translator<'s> {
    /// A point in time as `MySQL` takes it in expressions: without a time zone.
    pub(crate) fn local(&mut self, term: Term<'s>) -> Result<Term<'s>, NotTranslated> {
        match &term.kind {
            Kind::Date | Kind::Timestamp { .. } => Ok(term),
            Kind::TimestampTz { fraction } => {
                let fraction = *fraction;
                self.depends_on_session();
                Ok(term.cast("timestamp", Kind::Timestamp { fraction }))
            }
            Kind::Text(_) => match term.text_constant().and_then(moment) {
                Some(moment) => Ok(moment.term()),
                None => Err(unfit(&term, "as a date")),
            },
            Kind::Null
            | Kind::Boolean
            | Kind::Integer(_)
            | Kind::Numeric { .. }
            | Kind::Quotient { .. }
            | Kind::Float
            | Kind::Bytes
            | Kind::Time { .. }
            | Kind::Interval
            | Kind::Json
            | Kind::Bits { .. }
            | Kind::Enum
            | Kind::Set
            | Kind::Uuid
            | Kind::Opaque => Err(unfit(&term, "as a date")),
        }
    }

    /// The date of a point in time.
    pub(crate) fn day(&mut self, expr: &Expr) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(expr)?;
        let term = self.local(term)?;
        if term.kind == Kind::Date {
            return Ok(term);
        }
        Ok(term.cast("date", Kind::Date))
    }

    /// A timestamp: midnight for a date.
    pub(crate) fn instant(&mut self, expr: &Expr) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(expr)?;
        let term = self.local(term)?;
        if term.kind == Kind::Date {
            return Ok(term.cast("timestamp", Kind::Timestamp { fraction: 0 }));
        }
        Ok(term)
    }

    /// `value + INTERVAL …`. A date stays one if whole days or more are added.
    pub(crate) fn shift(
        &mut self,
        value: &Expr,
        interval: &Interval,
        direction: Direction,
    ) -> Result<Term<'s>, NotTranslated> {
        let Some(unit) = unit(interval) else {
            return Err(NotTranslated::new(format!("'{interval}'")));
        };
        let term = self.expression(value)?;
        if matches!(term.kind, Kind::Text(_)) {
            return Err(unfit(&term, "plus an interval"));
        }
        let term = self.local(term)?;
        let (amount, fraction) = self.amount(&interval.value, unit)?;
        let sign = match direction {
            Direction::Later => "+",
            Direction::Earlier => "-",
        };
        let sql = format!("{} {sign} {}", term.operand(), amount.sql);
        let nullable = term.nullable || amount.nullable;
        let fraction = match &term.kind {
            Kind::Date if unit.is_whole_days => {
                return Ok(Term::atom(format!("({sql})::date"), Kind::Date).nullable(nullable));
            }
            Kind::Timestamp { fraction: own } => fraction.max(*own),
            _ => fraction,
        };
        Ok(Term::compound(sql, Kind::Timestamp { fraction }).nullable(nullable))
    }

    /// How much an interval is, and the fractional digits that it brings.
    fn amount(&mut self, value: &Expr, unit: Unit) -> Result<(Term<'s>, u8), NotTranslated> {
        let term = self.expression(value)?;
        let term = match term.text_constant().map(super::literal::number) {
            Some(number) => number?,
            None => self.number(term)?,
        };
        let fraction = if unit.name == "microsecond" { 6 } else { 0 };
        let literal = |amount: &str| {
            let sql = format!("INTERVAL '{amount} {}'", unit.name);
            Term::atom(sql, Kind::Interval).nullable(false)
        };
        match (&term.kind, &term.constant) {
            (Kind::Integer(_), Some(Constant::Integer(amount))) => {
                Ok((literal(&(amount * unit.times).to_string()), fraction))
            }
            (Kind::Numeric { scale: 1..=6 }, Some(Constant::Decimal(amount)))
                if unit.name == "second" =>
            {
                Ok((literal(amount), 6))
            }
            (Kind::Integer(_), None) => {
                let sql = format!("{} * {}", term.operand(), literal(&unit.times.to_string()).sql);
                Ok((Term::compound(sql, Kind::Interval).nullable(term.nullable), fraction))
            }
            _ => Err(unfit(&term, "as an interval")),
        }
    }

    /// EXTRACT (field FROM …), with the name of the field in `PostgreSQL` and its bounds.
    fn date_part(
        &mut self,
        field: &str,
        expr: &Expr,
        bounds: (i128, i128),
    ) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(expr)?;
        let of_clock = matches!(field, "hour" | "minute" | "second" | "microseconds");
        let term = match &term.kind {
            Kind::Time { .. } if of_clock => term,
            _ => self.local(term)?,
        };
        let fraction = match &term.kind {
            Kind::Time { fraction } | Kind::Timestamp { fraction } => *fraction,
            _ if of_clock => return Err(unfit(&term, "as a time of day")),
            _ => 0,
        };
        let extracted = format!("extract({field} FROM {})", term.sql);
        let sql = match field {
            "second" if fraction > 0 => format!("trunc({extracted})::integer"),
            _ => format!("{extracted}::integer"),
        };
        let kind = Kind::Integer(Integer::between(bounds.0, bounds.1));
        let term = Term::atom(sql, kind).nullable(term.nullable);
        if field == "microseconds" {
            // PostgreSQL counts the whole seconds in.
            return Ok(Term {
                shape: super::term::Shape::Compound,
                sql: format!("{} % 1000000", term.sql),
                ..term
            });
        }
        Ok(term)
    }

    pub(crate) fn extract(
        &mut self,
        field: &DateTimeField,
        expr: &Expr,
    ) -> Result<Term<'s>, NotTranslated> {
        match field {
            DateTimeField::Year => self.date_part("year", expr, (0, 9999)),
            DateTimeField::Quarter => self.date_part("quarter", expr, (1, 4)),
            DateTimeField::Month => self.date_part("month", expr, (1, 12)),
            DateTimeField::Day => self.date_part("day", expr, (1, 31)),
            DateTimeField::Hour => self.date_part("hour", expr, (0, 23)),
            DateTimeField::Minute => self.date_part("minute", expr, (0, 59)),
            DateTimeField::Second => self.date_part("second", expr, (0, 59)),
            DateTimeField::Microsecond => self.date_part("microseconds", expr, (0, 999_999)),
            other => Err(NotTranslated::new(format!("EXTRACT ({other} …)"))),
        }
    }

    pub(crate) fn calendar_function(
        &mut self,
        name: &str,
        args: &[&Expr],
    ) -> Result<Option<Term<'s>>, NotTranslated> {
        let plus = |term: Term<'s>, sql: &str, bounds: (i128, i128)| {
            let kind = Kind::Integer(Integer::between(bounds.0, bounds.1));
            Term::compound(format!("{} {sql}", term.operand()), kind).nullable(term.nullable)
        };
        let term = match (name, args) {
            ("YEAR", [of]) => self.date_part("year", of, (0, 9999))?,
            ("QUARTER", [of]) => self.date_part("quarter", of, (1, 4))?,
            ("MONTH", [of]) => self.date_part("month", of, (1, 12))?,
            ("DAY" | "DAYOFMONTH", [of]) => self.date_part("day", of, (1, 31))?,
            ("DAYOFYEAR", [of]) => self.date_part("doy", of, (1, 366))?,
            ("WEEKOFYEAR", [of]) => self.date_part("week", of, (1, 53))?,
            // Mode 3 is ISO 8601's weeks, and what the servers print for WEEKOFYEAR.
            ("WEEK", [of, mode]) if self.expression(mode)?.integer_constant() == Some(3) => {
                self.date_part("week", of, (1, 53))?
            }
            ("DAYOFWEEK", [of]) => plus(self.date_part("dow", of, (0, 6))?, "+ 1", (1, 7)),
            ("WEEKDAY", [of]) => plus(self.date_part("isodow", of, (1, 7))?, "- 1", (0, 6)),
            ("HOUR", [of]) => self.date_part("hour", of, (0, 23))?,
            ("MINUTE", [of]) => self.date_part("minute", of, (0, 59))?,
            ("SECOND", [of]) => self.date_part("second", of, (0, 59))?,
            ("MICROSECOND", [of]) => self.date_part("microseconds", of, (0, 999_999))?,
            ("DATE", [of]) => self.day(of)?,
            ("TIME", [of]) => self.time_of_day(of)?,
            ("LAST_DAY", [of]) => self.last_day(of)?,
            ("TO_DAYS", [of]) => {
                let day = self.day(of)?;
                let days =
                    Term::compound(format!("{} - DATE '0001-01-01'", day.operand()), Kind::Date);
                plus(days.nullable(day.nullable), "+ 366", (0, 3_652_424))
            }
            ("DATEDIFF", [later, earlier]) => {
                let (later, earlier) = (self.day(later)?, self.day(earlier)?);
                let kind = Kind::Integer(Integer::between(-3_652_424, 3_652_424));
                let sql = format!("{} - {}", later.operand(), earlier.operand());
                Term::compound(sql, kind).nullable(later.nullable || earlier.nullable)
            }
            ("TIMESTAMPDIFF", [unit, from, to]) => self.difference(unit, from, to)?,
            ("DATE_FORMAT", [of, format]) => self.date_format(of, format)?,
            _ => return self.clock_function(name, args),
        };
        Ok(Some(term))
    }

    /// The functions that ask for the time.
    fn clock_function(
        &mut self,
        name: &str,
        args: &[&Expr],
    ) -> Result<Option<Term<'s>>, NotTranslated> {
        let fraction = match args {
            [] => 0,
            [digits] => match self.expression(digits)?.integer_constant() {
                Some(digits @ 0..=6) => digits as u8,
                Some(_) | None => return Ok(None),
            },
            _ => return Ok(None),
        };
        let timestamp = Kind::Timestamp { fraction };
        let (sql, kind) = match name {
            "NOW" | "CURRENT_TIMESTAMP" | "LOCALTIME" | "LOCALTIMESTAMP" => {
                (format!("localtimestamp({fraction})"), timestamp)
            }
            "UTC_TIMESTAMP" => {
                (format!("(current_timestamp({fraction}) AT TIME ZONE 'UTC')"), timestamp)
            }
            "CURDATE" | "CURRENT_DATE" if args.is_empty() => {
                ("current_date".to_owned(), Kind::Date)
            }
            "UTC_DATE" if args.is_empty() => {
                ("(current_timestamp AT TIME ZONE 'UTC')::date".to_owned(), Kind::Date)
            }
            "CURTIME" | "CURRENT_TIME" => {
                (format!("localtime({fraction})"), Kind::Time { fraction })
            }
            "UNIX_TIMESTAMP" if args.is_empty() => {
                let kind = Kind::Integer(Integer {
                    width: super::term::Width::Big,
                    ..Integer::between(0, i64::MAX.into())
                });
                ("floor(extract(epoch FROM current_timestamp))::bigint".to_owned(), kind)
            }
            _ => return Ok(None),
        };
        self.depends_on_session();
        let term = Term::atom(sql, kind).nullable(false);
        if name == "UTC_TIMESTAMP" || !matches!(term.kind, Kind::Timestamp { .. }) {
            return Ok(Some(term));
        }
        Ok(Some(term.known(Constant::Now(fraction))))
    }

    fn time_of_day(&mut self, expr: &Expr) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(expr)?;
        if matches!(term.kind, Kind::Time { .. }) {
            return Ok(term);
        }
        let term = self.local(term)?;
        match &term.kind {
            Kind::Timestamp { fraction } => {
                let fraction = *fraction;
                Ok(term.cast("time", Kind::Time { fraction }))
            }
            _ => Err(unfit(&term, "as a time of day")),
        }
    }

    fn last_day(&mut self, expr: &Expr) -> Result<Term<'s>, NotTranslated> {
        let term = self.instant(expr)?;
        let month = format!("date_trunc('month', {})", term.sql);
        let sql = format!("({month} + INTERVAL '1 month' - INTERVAL '1 day')::date");
        Ok(Term::atom(sql, Kind::Date).nullable(term.nullable))
    }

    /// TIMESTAMPDIFF of units of a fixed length: the whole ones, cut towards 0.
    fn difference(
        &mut self,
        unit: &Expr,
        from: &Expr,
        to: &Expr,
    ) -> Result<Term<'s>, NotTranslated> {
        let refused = || NotTranslated::new(format!("TIMESTAMPDIFF ({unit}, …)"));
        let Expr::Identifier(ident) = unit else {
            return Err(refused());
        };
        let seconds = match ident.value.to_ascii_uppercase().as_str() {
            "SECOND" => 1,
            "MINUTE" => 60,
            "HOUR" => 3600,
            "DAY" => 86_400,
            "WEEK" => 604_800,
            _ => return Err(refused()),
        };
        let (from, to) = (self.instant(from)?, self.instant(to)?);
        let sql = format!(
            "div(extract(epoch FROM ({} - {})), {seconds})::bigint",
            to.operand(),
            from.operand()
        );
        let most = 315_569_520_000 / seconds;
        let width = super::term::Width::Big;
        let integer = Integer { width, ..Integer::between(-most, most) };
        Ok(Term::atom(sql, Kind::Integer(integer)).nullable(from.nullable || to.nullable))
    }
}

/// A unit of intervals.
#[derive(Clone, Copy, Debug)]
struct Unit {
    name: &'static str,
    times: i128,
    is_whole_days: bool,
}

fn unit(interval: &Interval) -> Option<Unit> {
    if interval.last_field.is_some() || interval.leading_precision.is_some() {
        return None;
    }
    let (name, times, is_whole_days) = match interval.leading_field.as_ref()? {
        DateTimeField::Microsecond => ("microsecond", 1, false),
        DateTimeField::Second => ("second", 1, false),
        DateTimeField::Minute => ("minute", 1, false),
        DateTimeField::Hour => ("hour", 1, false),
        DateTimeField::Day => ("day", 1, true),
        DateTimeField::Week(None) => ("day", 7, true),
        DateTimeField::Month => ("month", 1, true),
        DateTimeField::Quarter => ("month", 3, true),
        DateTimeField::Year => ("year", 1, true),
        _ => return None,
    };
    Some(Unit { name, times, is_whole_days })
}
