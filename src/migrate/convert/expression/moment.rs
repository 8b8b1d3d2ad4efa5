//! Dates and times as literals.
//!
//! Only the forms in which the servers print them are read, and only what is in the calendar: a
//! zero date is none.
//!
//! Source: `MySQL` manual 11.1.3 "Date and Time Literals".

use super::term::{Kind, Term};

/// A calendar date, without zero or impossible parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A time as `MySQL`'s TIME has it: up to 838 hours, of either sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    negative: bool,
    hours: u16,
    /// Minutes and seconds, with a fraction of up to 6 digits.
    rest: String,
    fraction: u8,
}

/// A date, maybe with a time of day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    date: Date,
    time: Option<Clock>,
}

/// `YYYY-MM-DD`, the form in which the servers print dates.
pub(crate) fn date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let date = Date { year: digits(year)?, month: two_digits(month)?, day: two_digits(day)? };
    let leap = date.year.is_multiple_of(4)
        && (!date.year.is_multiple_of(100) || date.year.is_multiple_of(400));
    let days = match date.month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (date.year > 0 && (1..=days).contains(&date.day)).then_some(date)
}

/// `[-]HH:MM:SS[.ffffff]`, with two or three digits of hours.
pub(crate) fn clock(text: &str) -> Option<Clock> {
    let (negative, plain) = match text.strip_prefix('-') {
        Some(plain) => (true, plain),
        None => (false, text),
    };
    let (hours, rest) = plain.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    if seconds.ends_with('.') || fraction.len() > 6 || !(2..=3).contains(&hours.len()) {
        return None;
    }
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours = digits(hours)?;
    let valid = hours <= 838 && two_digits(minutes)? < 60 && two_digits(whole)? < 60;
    let fraction = fraction.len() as u8;
    valid.then(|| Clock { negative, hours, rest: rest.to_owned(), fraction })
}

/// A date, or a date and a time of day with a space or a T between them.
pub(crate) fn moment(text: &str) -> Option<Moment> {
    let Some((day, time)) = text.split_once([' ', 'T']) else {
        return date(text).map(|date| Moment { date, time: None });
    };
    let time = clock(time).filter(|time| time.is_within_day())?;
    Some(Moment { date: date(day)?, time: Some(time) })
}

fn digits(text: &str) -> Option<u16> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn two_digits(text: &str) -> Option<u8> {
    if text.len() == 2 { digits(text).map(|value| value as u8) } else { None }
}

impl Date {
    pub(crate) fn sql(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    pub(crate) fn term<'s>(self) -> Term<'s> {
        Term::atom(format!("DATE '{}'", self.sql()), Kind::Date).nullable(false)
    }
}

impl Clock {
    /// Whether it is a time of day.
    pub(crate) fn is_within_day(&self) -> bool {
        !self.negative && self.hours < 24
    }

    pub(crate) fn sql(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{:02}:{}", self.hours, self.rest)
    }

    pub(crate) fn term<'s>(&self) -> Term<'s> {
        let (word, kind) = if self.is_within_day() {
            ("TIME", Kind::Time { fraction: self.fraction })
        } else {
            ("INTERVAL", Kind::Interval)
        };
        Term::atom(format!("{word} '{}'", self.sql()), kind).nullable(false)
    }
}

impl Moment {
    /// The date, if it has no time.
    pub(crate) fn only_date(&self) -> Option<Date> {
        if self.time.is_none() { Some(self.date) } else { None }
    }

    pub(crate) fn sql(&self) -> String {
        match &self.time {
            Some(time) => format!("{} {}", self.date.sql(), time.sql()),
            None => format!("{} 00:00:00", self.date.sql()),
        }
    }

    /// A date without a time stays a date.
    pub(crate) fn term<'s>(self) -> Term<'s> {
        match self.only_date() {
            Some(date) => date.term(),
            None => self.into_timestamp(),
        }
    }

    pub(crate) fn into_timestamp<'s>(self) -> Term<'s> {
        let fraction = self.time.as_ref().map_or(0, |time| time.fraction);
        let sql = format!("TIMESTAMP '{}'", self.sql());
        Term::atom(sql, Kind::Timestamp { fraction }).nullable(false)
    }
}
