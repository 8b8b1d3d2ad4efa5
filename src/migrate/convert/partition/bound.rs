//! The values that partitions are told apart by.

use super::{Pair, Refused};
use crate::mysql::token::{Token, tokens};
use crate::postgres::quote::literal;
use crate::postgres::schema::ColumnType;

/// What of a column decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The value itself.
    Column,
    /// `TO_DAYS`: below a number of days is below a day.
    Days,
    /// `TO_SECONDS`.
    Seconds,
    /// `YEAR`.
    Year,
    /// `UNIX_TIMESTAMP`.
    UnixTime,
}

/// A column that partitions are told apart by, or a function of it that keeps its order.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    form: Form,
    pair: Pair<'a>,
}

/// A value in the target's SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Value(String),
    /// Nothing is below it but NULL.
    Least,
    Null,
    Max,
}

/// The day 1970-01-01 as `TO_DAYS` counts.
const EPOCH_IN_DAYS: i64 = 719_528;

/// The first day that is as `TO_DAYS` counts in both calendars: 0001-01-01.
const FIRST_DAY: i64 = 366;

const DAY: i64 = 86_400;

/// Reads `` `name` `` and ``function(`name`)``, as the server prints them.
pub(super) fn form(expression: &str) -> Option<(Form, String)> {
    if let Some(name) = name(expression) {
        return Some((Form::Column, name));
    }
    let words: Vec<Token<'_>> = tokens(expression.as_bytes()).collect();
    let [function, Token::Group(argument)] = words.as_slice() else { return None };
    let known = [
        ("to_days", Form::Days),
        ("to_seconds", Form::Seconds),
        ("year", Form::Year),
        ("unix_timestamp", Form::UnixTime),
    ];
    let (_, form) = known.iter().find(|(word, _)| function.is_word(word))?;
    Some((*form, name(std::str::from_utf8(argument).ok()?)?))
}

/// The name, if there is nothing else but parentheses.
pub(super) fn name(text: &str) -> Option<String> {
    let mut words: Vec<Token<'_>> = tokens(text.as_bytes()).collect();
    match (words.pop(), words.is_empty()) {
        (Some(Token::Name(name)), true) => String::from_utf8(name).ok(),
        (Some(Token::Group(inner)), true) => name(std::str::from_utf8(inner).ok()?),
        _ => None,
    }
}

impl<'a> Key<'a> {
    /// Only where the function is of a type that it keeps in order.
    pub(super) fn of(form: Form, pair: Pair<'a>) -> Result<Self, Refused> {
        let target = &pair.target.column_type;
        let fits = matches!(
            (form, target),
            (
                Form::Column,
                ColumnType::SmallInt
                    | ColumnType::Integer
                    | ColumnType::BigInt
                    | ColumnType::Numeric { scale: 0, .. }
                    | ColumnType::Date
                    | ColumnType::Timestamp { .. }
                    | ColumnType::VarChar { .. }
                    | ColumnType::Text,
            ) | (
                Form::Days | Form::Seconds | Form::Year,
                ColumnType::Date | ColumnType::Timestamp { .. },
            ) | (Form::UnixTime, ColumnType::TimestampTz { .. })
        );
        if fits { Ok(Self { form, pair }) } else { Err(format!("its key is of type {target}")) }
    }

    pub(super) fn pair(&self) -> Pair<'a> {
        self.pair
    }

    /// The column, for what asks for equal values.
    pub(super) fn column(&self) -> Result<Pair<'a>, Refused> {
        if self.form == Form::Column {
            return Ok(self.pair);
        }
        Err(format!("equal values of a function of {} are no range", self.pair.source.name))
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.pair.target.column_type, ColumnType::VarChar { .. } | ColumnType::Text)
    }

    /// One value, as the server prints it.
    pub(super) fn bound(&self, text: &[u8]) -> Result<Bound, Refused> {
        let refused = || {
            let (text, name) = (String::from_utf8_lossy(text), &self.pair.target.name);
            let kind = &self.pair.target.column_type;
            Err(format!("the bound {} of {name} is no {kind}", text.trim()))
        };
        let words: Vec<Token<'_>> = tokens(text).collect();
        let number = match words.as_slice() {
            [word] if word.is_word("MAXVALUE") => return Ok(Bound::Max),
            [word] if word.is_word("NULL") => return Ok(Bound::Null),
            [Token::Text(value)] if self.form == Form::Column => {
                let value = String::from_utf8_lossy(value);
                return self.text(&value).map_or_else(refused, |sql| Ok(Bound::Value(sql)));
            }
            [Token::Word(digits)] => std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()),
            [Token::Symbol(b'-'), Token::Word(digits)] => {
                let number = std::str::from_utf8(digits).ok().and_then(|d| d.parse::<i128>().ok());
                number.map(|number| -number)
            }
            _ => None,
        };
        // No day is before day 0, nor before the year 0.
        let least = matches!(self.form, Form::Days | Form::Seconds | Form::Year);
        if least && number.is_some_and(|number| number <= 0) {
            return Ok(Bound::Least);
        }
        number
            .and_then(|number| self.number(number))
            .map_or_else(refused, |sql| Ok(Bound::Value(sql)))
    }

    fn number(&self, number: i128) -> Option<String> {
        match self.form {
            Form::Column => {
                let (least, most) = match self.pair.target.column_type {
                    ColumnType::SmallInt => (i16::MIN.into(), i16::MAX.into()),
                    ColumnType::Integer => (i32::MIN.into(), i32::MAX.into()),
                    ColumnType::BigInt => (i64::MIN.into(), i64::MAX.into()),
                    ColumnType::Numeric { .. } => (0, i128::from(u64::MAX)),
                    _ => return None,
                };
                (least..=most).contains(&number).then(|| number.to_string())
            }
            Form::Days => day(number.try_into().ok()?).map(|day| literal(&day)),
            Form::Seconds => {
                let seconds = i64::try_from(number).ok()?;
                let date = day(seconds.div_euclid(DAY))?;
                let within = seconds.rem_euclid(DAY);
                match self.pair.target.column_type {
                    ColumnType::Date if within != 0 => None,
                    ColumnType::Date => Some(literal(&date)),
                    _ => Some(literal(&format!("{date} {}", clock(within)))),
                }
            }
            Form::Year => {
                let year = u16::try_from(number).ok().filter(|year| (1..=9999).contains(year))?;
                Some(literal(&format!("{year:04}-01-01")))
            }
            Form::UnixTime => {
                let seconds = i64::try_from(number).ok().filter(|seconds| *seconds >= 0)?;
                let date = day(seconds / DAY + EPOCH_IN_DAYS)?;
                Some(literal(&format!("{date} {}+00", clock(seconds % DAY))))
            }
        }
    }

    fn text(&self, value: &str) -> Option<String> {
        match self.pair.target.column_type {
            ColumnType::Date => is_day(value).then(|| literal(value)),
            ColumnType::Timestamp { .. } => {
                let (date, time) = value.split_once(' ').unwrap_or((value, "00:00:00"));
                let digits = time.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b':' | b'.'));
                (is_day(date) && digits).then(|| literal(&format!("{date} {time}")))
            }
            ColumnType::VarChar { .. } | ColumnType::Text => Some(literal(value)),
            _ => None,
        }
    }
}

/// The day of a number as `TO_DAYS` gives it; `None` before the year 1 and after 9999.
fn day(number: i64) -> Option<String> {
    if number < FIRST_DAY {
        return None;
    }
    // Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms": years begin in March.
    let days = number - EPOCH_IN_DAYS + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year <= 9999).then(|| format!("{year:04}-{month:02}-{day:02}"))
}

fn clock(seconds: i64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `YYYY-MM-DD` of a day that may exist: the target refuses one that does not.
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |part: &str, length: usize| {
        let digits = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        digits && part.bytes().any(|byte| byte != b'0')
    };
    match parts.as_slice() {
        [year, month, day] => number(year, 4) && number(month, 2) && number(day, 2),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Form, day, form, is_day};

    #[test]
    fn days_are_those_of_from_days() {
        for (number, date) in [
            (366, "0001-01-01"),
            (719_528, "1970-01-01"),
            (737_790, "2020-01-01"),
            (737_849, "2020-02-29"),
            (737_850, "2020-03-01"),
            (3_652_424, "9999-12-31"),
        ] {
            assert_eq!(day(number).as_deref(), Some(date));
        }
        assert_eq!(day(365), None);
        assert_eq!(day(3_652_425), None);
    }

    #[test]
    fn names_and_four_functions_are_read() {
        assert_eq!(form("`a b`"), Some((Form::Column, "a b".to_owned())));
        assert_eq!(form("(`a`)"), Some((Form::Column, "a".to_owned())));
        assert_eq!(form("to_days(`d`)"), Some((Form::Days, "d".to_owned())));
        assert_eq!(form("unix_timestamp(`d`)"), Some((Form::UnixTime, "d".to_owned())));
        for other in ["`a` + 1", "month(`d`)", "to_days(`d` + 1)", "5"] {
            assert_eq!(form(other), None, "{other}");
        }
    }

    #[test]
    fn days_without_a_month_are_none() {
        assert!(is_day("2020-02-29"));
        assert!(!is_day("0000-00-00") && !is_day("2020-00-01") && !is_day("2020-1-1"));
    }
}
