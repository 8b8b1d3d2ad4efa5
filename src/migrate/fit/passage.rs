//! How the values of a column get into one that somebody else has made, and what may not fit there.
//! Pure.
//!
//! A type that holds what the conventions of both sides put there is not narrower: TINYINT(1) as
//! boolean, BIGINT UNSIGNED as bigint, TIME as time, JSON as jsonb, CHAR(36) as uuid. Of those, too, a
//! value that does not fit is set aside and named.

use crate::migrate::transcode::{Digits, Fitted, Number, Transcoder};
use crate::mysql::schema::ColumnType as Source;
use crate::postgres::schema::ColumnType as Target;
use crate::postgres::standing::Kind;

/// The way of a column's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Passage {
    pub(super) transcoder: Transcoder,
    /// Why a value may not fit.
    pub(super) narrower: Option<String>,
    pub(super) clock: Clock,
}

/// What becomes of the time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// Nothing: there is none on both sides, or on neither.
    AsItIs,
    /// DATETIME says nothing of a zone, timestamptz does: UTC.
    Gained,
    /// TIMESTAMP is an instant, and its target a reading of the clock: that of UTC.
    Lost,
}

impl Passage {
    pub(super) fn new(transcoder: Transcoder) -> Self {
        Self { transcoder, narrower: None, clock: Clock::AsItIs }
    }

    fn fitted(fitted: Fitted) -> Self {
        Self::new(Transcoder::Fitted(fitted))
    }

    fn narrower_if(mut self, narrower: bool, why: impl FnOnce() -> String) -> Self {
        self.narrower = narrower.then(why);
        self
    }

    fn clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }
}

/// The way, or `None` if there is no exact one.
pub(super) fn passage(source: &Source, target: &Kind) -> Option<Passage> {
    match target {
        Kind::Boolean => boolean(source),
        Kind::SmallInt => number(source, Number::SmallInt),
        Kind::Integer => number(source, Number::Integer),
        Kind::BigInt => number(source, Number::BigInt),
        Kind::Numeric(limits) => number(source, Number::Numeric(*limits)),
        Kind::Real | Kind::DoublePrecision => float(source, target),
        Kind::Bit { bits } => {
            let same = matches!(source, Source::Bit { bits: from } if from == bits);
            same.then(|| Passage::new(Transcoder::BitToBit { bits: *bits }))
        }
        Kind::Date => matches!(source, Source::Date).then(|| Passage::new(Transcoder::Date)),
        Kind::Timestamp { fraction } | Kind::TimestampTz { fraction } => {
            moment(source, *fraction, matches!(target, Kind::TimestampTz { .. }))
        }
        Kind::Time { fraction } | Kind::Interval { fraction } => {
            time(source, *fraction, matches!(target, Kind::Interval { .. }))
        }
        Kind::Text { length } => text(source, *length),
        Kind::Char { length } => padded(source, *length),
        Kind::Bytea => match source {
            Source::Binary { .. } | Source::VarBinary { .. } | Source::Blob => {
                Some(Passage::new(Transcoder::Bytes))
            }
            Source::Geometry { .. } => Some(Passage::new(Transcoder::Geometry)),
            _ => None,
        },
        Kind::Enum { labels } => label(source, labels),
        Kind::TextArray => {
            matches!(source, Source::Set { .. }).then(|| Passage::new(Transcoder::SetToArray))
        }
        Kind::VarCharArray { length } => items(source, *length),
        Kind::Jsonb => {
            matches!(source, Source::Json { .. }).then(|| Passage::new(Transcoder::Jsonb))
        }
        Kind::Json => matches!(source, Source::Json { .. }).then(|| Passage::new(Transcoder::Json)),
        Kind::Uuid => uuid(source),
        Kind::Inet => {
            let address = matches!(source, Source::Inet4 | Source::Inet6);
            address.then(|| Passage::new(Transcoder::Inet))
        }
        Kind::RealArray => {
            matches!(source, Source::Vector { .. }).then(|| Passage::new(Transcoder::VectorToArray))
        }
        Kind::Other => None,
    }
}

/// The exact way to a type of our own making; a value that it does not hold is set aside.
pub(crate) fn way(source: &Source, target: &Target) -> Option<Transcoder> {
    passage(source, &kind(target)?).map(|passage| passage.transcoder)
}

/// The type of ours that a transform may lead to.
pub(super) fn made(kind: &Kind) -> Option<Target> {
    Some(match *kind {
        Kind::Boolean => Target::Boolean,
        Kind::Timestamp { fraction } => Target::Timestamp { fraction },
        Kind::TimestampTz { fraction } => Target::TimestampTz { fraction },
        Kind::Interval { fraction } => Target::Interval { fraction },
        Kind::Jsonb => Target::Jsonb,
        Kind::Json => Target::Json,
        Kind::Uuid => Target::Uuid,
        Kind::Inet => Target::Inet,
        _ => return None,
    })
}

/// A type of ours as one that stands.
pub(super) fn kind(target: &Target) -> Option<Kind> {
    Some(match target {
        Target::Boolean => Kind::Boolean,
        Target::SmallInt => Kind::SmallInt,
        Target::Integer => Kind::Integer,
        Target::BigInt => Kind::BigInt,
        Target::Numeric { precision, scale } => Kind::Numeric(Some((*precision, *scale))),
        Target::Real => Kind::Real,
        Target::DoublePrecision => Kind::DoublePrecision,
        Target::Bit { bits } => Kind::Bit { bits: *bits },
        Target::Date => Kind::Date,
        Target::Timestamp { fraction } => Kind::Timestamp { fraction: *fraction },
        Target::TimestampTz { fraction } => Kind::TimestampTz { fraction: *fraction },
        Target::Time { fraction } => Kind::Time { fraction: *fraction },
        Target::Interval { fraction } => Kind::Interval { fraction: *fraction },
        Target::VarChar { length } => Kind::Text { length: Some(*length) },
        Target::Text => Kind::Text { length: None },
        Target::Bytea => Kind::Bytea,
        Target::TextArray => Kind::TextArray,
        Target::Jsonb => Kind::Jsonb,
        Target::Json => Kind::Json,
        Target::Uuid => Kind::Uuid,
        Target::Inet => Kind::Inet,
        Target::RealArray => Kind::RealArray,
        Target::Enum { .. } | Target::Geometry { .. } | Target::Vector { .. } => return None,
    })
}

/// What the source sends an integer as, and the least and the greatest there are.
fn digits(source: &Source) -> Option<(Digits, i128, i128)> {
    let bounds = |bits: u32, unsigned: bool| {
        if unsigned {
            (0, (1_i128 << bits) - 1)
        } else {
            (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)
        }
    };
    let (digits, (least, greatest)) = match *source {
        Source::TinyInt { unsigned, .. } => (Digits::Tiny { unsigned }, bounds(8, unsigned)),
        Source::SmallInt { unsigned } => (Digits::Short { unsigned }, bounds(16, unsigned)),
        Source::MediumInt { unsigned } => (Digits::Long { unsigned }, bounds(24, unsigned)),
        Source::Int { unsigned } => (Digits::Long { unsigned }, bounds(32, unsigned)),
        Source::BigInt { unsigned } => (Digits::LongLong { unsigned }, bounds(64, unsigned)),
        Source::Year => (Digits::Short { unsigned: true }, (0, 2155)),
        Source::Bit { bits } => (Digits::Bits, bounds(u32::from(bits), true)),
        _ => return None,
    };
    Some((digits, least, greatest))
}

fn boolean(source: &Source) -> Option<Passage> {
    match source {
        Source::TinyInt { display_width: Some(1), .. } => {
            Some(Passage::new(Transcoder::TinyToBoolean))
        }
        Source::Bit { bits: 1 } => Some(Passage::new(Transcoder::BitToBoolean)),
        other => {
            let (from, ..) = digits(other)?;
            let passage = Passage::fitted(Fitted::Number { from, to: Number::Boolean });
            Some(passage.narrower_if(true, || "boolean holds only 0 and 1".to_owned()))
        }
    }
}

fn number(source: &Source, to: Number) -> Option<Passage> {
    if let Source::Decimal { precision, scale } = *source {
        return Some(decimal((u16::from(precision), u16::from(scale)), to));
    }
    let (from, least, greatest) = digits(source)?;
    let (low, high) = limits(to);
    // Where we would have chosen the same type, in one step.
    let same = match to {
        Number::SmallInt => Some(Target::SmallInt),
        Number::Integer => Some(Target::Integer),
        Number::BigInt => Some(Target::BigInt),
        Number::Boolean | Number::Numeric(_) => None,
    };
    let same = same.and_then(|target| Transcoder::between(source, &target));
    let passage = same.map_or_else(|| Passage::fitted(Fitted::Number { from, to }), Passage::new);
    // By convention a BIGINT UNSIGNED counts rows, and nobody has as many.
    let conventional = matches!((from, to), (Digits::LongLong { unsigned: true }, Number::BigInt));
    let narrower = !conventional && (least < low || greatest > high);
    Some(passage.narrower_if(narrower, || {
        format!("the source's type holds {least} to {greatest}, the target's {low} to {high}")
    }))
}

/// The least and the greatest whole number that a type holds.
fn limits(number: Number) -> (i128, i128) {
    match number {
        Number::Boolean => (0, 1),
        Number::SmallInt => (i16::MIN.into(), i16::MAX.into()),
        Number::Integer => (i32::MIN.into(), i32::MAX.into()),
        Number::BigInt => (i64::MIN.into(), i64::MAX.into()),
        Number::Numeric(None) => (i128::MIN, i128::MAX),
        Number::Numeric(Some((precision, scale))) => {
            let digits = u32::from(precision.saturating_sub(scale)).min(38);
            let greatest = 10_i128.pow(digits) - 1;
            (-greatest, greatest)
        }
    }
}

fn decimal((precision, scale): (u16, u16), to: Number) -> Passage {
    let whole = precision.saturating_sub(scale);
    let (narrower, has) = match to {
        Number::Numeric(None) => return Passage::new(Transcoder::DecimalToNumeric),
        Number::Numeric(Some(same)) if same == (precision, scale) => {
            return Passage::new(Transcoder::DecimalToNumeric);
        }
        Number::Numeric(Some((to_precision, to_scale))) => {
            let room = to_precision.saturating_sub(to_scale);
            (whole > room || scale > to_scale, format!("numeric({to_precision},{to_scale})"))
        }
        Number::Boolean => (true, "boolean".to_owned()),
        Number::SmallInt => (whole > 4 || scale > 0, "smallint".to_owned()),
        Number::Integer => (whole > 9 || scale > 0, "integer".to_owned()),
        Number::BigInt => (whole > 18 || scale > 0, "bigint".to_owned()),
    };
    let passage = Passage::fitted(Fitted::Decimal { to });
    passage.narrower_if(narrower, || {
        format!("decimal({precision},{scale}) has more digits than {has}")
    })
}

fn float(source: &Source, target: &Kind) -> Option<Passage> {
    Some(match (source, target) {
        (Source::Float, Kind::Real) => Passage::new(Transcoder::FloatToReal),
        (Source::Double, Kind::DoublePrecision) => Passage::new(Transcoder::DoubleToDouble),
        (Source::Float, Kind::DoublePrecision) => Passage::fitted(Fitted::FloatToDouble),
        (Source::Double, Kind::Real) => Passage::fitted(Fitted::DoubleToReal)
            .narrower_if(true, || "real has half the bits of double".to_owned()),
        _ => return None,
    })
}

fn moment(source: &Source, fraction: u8, zoned: bool) -> Option<Passage> {
    let (from, clock) = match (source, zoned) {
        (Source::DateTime { fraction }, false) => (*fraction, Clock::AsItIs),
        (Source::DateTime { fraction }, true) => (*fraction, Clock::Gained),
        (Source::Timestamp { fraction }, true) => (*fraction, Clock::AsItIs),
        (Source::Timestamp { fraction }, false) => (*fraction, Clock::Lost),
        _ => return None,
    };
    Some(seconds(from, fraction, (Transcoder::Timestamp, Fitted::Moment { fraction })).clock(clock))
}

fn time(source: &Source, fraction: u8, interval: bool) -> Option<Passage> {
    let Source::Time { fraction: from } = source else { return None };
    let ways = if interval {
        (Transcoder::TimeToInterval, Fitted::Span { fraction })
    } else {
        (Transcoder::TimeToTime, Fitted::TimeOfDay { fraction })
    };
    Some(seconds(*from, fraction, ways))
}

/// With as many digits of the second, or fewer.
fn seconds(from: u8, to: u8, (plain, fitted): (Transcoder, Fitted)) -> Passage {
    if to >= from {
        return Passage::new(plain);
    }
    Passage::fitted(fitted)
        .narrower_if(true, || format!("{from} digits of the second, and the target keeps {to}"))
}

/// What arrives as characters, and how many they may be; `None` for no limit that counts.
fn characters(source: &Source) -> Option<(Transcoder, Option<u32>)> {
    let longest = |labels: &[String]| {
        labels.iter().map(|label| label.chars().count() as u32).max().unwrap_or(0)
    };
    Some(match source {
        Source::Char { length } | Source::VarChar { length } => (Transcoder::Text, Some(*length)),
        Source::Text | Source::Json { .. } => (Transcoder::Text, None),
        Source::Enum { labels } => (Transcoder::Text, Some(longest(labels))),
        Source::Set { labels } => {
            let all: usize = labels.iter().map(|label| label.chars().count() + 1).sum();
            (Transcoder::Text, Some((all as u32).saturating_sub(1)))
        }
        Source::Uuid => (Transcoder::Text, Some(36)),
        Source::Inet4 => (Transcoder::Text, Some(15)),
        Source::Inet6 => (Transcoder::Text, Some(45)),
        Source::Unknown { .. } => (Transcoder::Printed, None),
        _ => return None,
    })
}

fn text(source: &Source, room: Option<u32>) -> Option<Passage> {
    let (transcoder, longest) = characters(source)?;
    match room {
        None => Some(Passage::new(transcoder)),
        Some(room) if longest.is_some_and(|longest| longest <= room) => {
            Some(Passage::new(transcoder))
        }
        Some(length) => Some(
            Passage::fitted(Fitted::Text { length }).narrower_if(true, || shorter(longest, length)),
        ),
    }
}

fn shorter(longest: Option<u32>, room: u32) -> String {
    match longest {
        Some(longest) => format!("up to {longest} characters, and the target has room for {room}"),
        None => format!("text of any length, and the target has room for {room} characters"),
    }
}

/// CHAR comes without its padding; other types may end with a space, which would not come back.
fn padded(source: &Source, length: u32) -> Option<Passage> {
    let (_, longest) = characters(source)?;
    let passage = Passage::fitted(Fitted::Padded { length });
    if longest.is_none_or(|longest| longest > length) {
        return Some(passage.narrower_if(true, || shorter(longest, length)));
    }
    let may_end_with_space = matches!(source, Source::VarChar { .. });
    Some(passage.narrower_if(may_end_with_space, || {
        "char does not keep spaces at the end of a text".to_owned()
    }))
}

fn label(source: &Source, labels: &[String]) -> Option<Passage> {
    let fitted = |empty_label| Fitted::Label { labels: labels.to_vec(), empty_label };
    match source {
        Source::Enum { labels: from } => {
            let missing: Vec<&str> =
                from.iter().filter(|label| !labels.contains(label)).map(String::as_str).collect();
            let empty_label = from.iter().any(String::is_empty);
            if missing.is_empty() {
                return Some(Passage::new(Transcoder::Enum { empty_label }));
            }
            let why = || format!("the target's enum has no {}", missing.join(", "));
            Some(Passage::fitted(fitted(empty_label)).narrower_if(true, why))
        }
        Source::Char { .. } | Source::VarChar { .. } => {
            let passage = Passage::fitted(fitted(true));
            Some(passage.narrower_if(true, || "any text, and the target is an enum".to_owned()))
        }
        _ => None,
    }
}

fn items(source: &Source, length: Option<u32>) -> Option<Passage> {
    let Source::Set { labels } = source else { return None };
    let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0) as u32;
    let narrower = length.filter(|length| *length < longest);
    let passage = Passage::fitted(Fitted::Items { length });
    Some(
        passage.narrower_if(narrower.is_some(), || {
            shorter(Some(longest), narrower.unwrap_or_default())
        }),
    )
}

fn uuid(source: &Source) -> Option<Passage> {
    Some(match source {
        Source::Uuid => Passage::new(Transcoder::Uuid),
        Source::Binary { length: 16 } => Passage::fitted(Fitted::UuidBytes),
        Source::Char { length: 32 | 36 } | Source::VarChar { length: 32 | 36 } => {
            Passage::fitted(Fitted::UuidText)
        }
        Source::VarChar { length: 32.. } => Passage::fitted(Fitted::UuidText)
            .narrower_if(true, || "any text, and the target is a uuid".to_owned()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Clock, passage};
    use crate::mysql::schema::ColumnType as Source;
    use crate::postgres::standing::Kind;

    #[test]
    fn what_the_frameworks_make_of_each_other_is_not_narrower() {
        let varchar = Source::VarChar { length: 255 };
        let labels = || vec!["a".to_owned(), "bc".to_owned()];
        let boolean = Source::TinyInt { unsigned: false, display_width: Some(1) };
        let cases = [
            (boolean.clone(), Kind::Boolean),
            (boolean.clone(), Kind::SmallInt),
            (boolean, Kind::Integer),
            (Source::BigInt { unsigned: true }, Kind::BigInt),
            (Source::BigInt { unsigned: true }, Kind::Numeric(Some((20, 0)))),
            (Source::Int { unsigned: true }, Kind::BigInt),
            (Source::Int { unsigned: false }, Kind::Numeric(None)),
            (Source::SmallInt { unsigned: true }, Kind::Integer),
            (Source::Year, Kind::Integer),
            (Source::Bit { bits: 8 }, Kind::SmallInt),
            (Source::Decimal { precision: 10, scale: 2 }, Kind::Numeric(None)),
            (Source::Decimal { precision: 10, scale: 2 }, Kind::Numeric(Some((12, 3)))),
            (Source::Decimal { precision: 9, scale: 0 }, Kind::Integer),
            (Source::Float, Kind::DoublePrecision),
            (varchar.clone(), Kind::Text { length: Some(255) }),
            (varchar, Kind::Text { length: None }),
            (Source::Char { length: 2 }, Kind::Char { length: 2 }),
            (Source::Enum { labels: labels() }, Kind::Text { length: Some(2) }),
            (Source::Enum { labels: labels() }, Kind::Enum { labels: labels() }),
            (Source::Set { labels: labels() }, Kind::Text { length: Some(4) }),
            (Source::Set { labels: labels() }, Kind::VarCharArray { length: None }),
            (Source::DateTime { fraction: 3 }, Kind::Timestamp { fraction: 6 }),
            (Source::Time { fraction: 0 }, Kind::Time { fraction: 6 }),
            (Source::Json { native: true }, Kind::Json),
            (Source::Json { native: true }, Kind::Text { length: None }),
            (Source::Char { length: 36 }, Kind::Uuid),
            (Source::Binary { length: 16 }, Kind::Uuid),
            (Source::Blob, Kind::Bytea),
        ];
        for (source, target) in cases {
            let way = passage(&source, &target);
            let way = way.unwrap_or_else(|| panic!("no way from {source:?} to {target:?}"));
            assert_eq!(way.narrower, None, "{source:?} → {target:?}");
            assert_eq!(way.clock, Clock::AsItIs, "{source:?} → {target:?}");
        }
    }

    #[test]
    fn what_may_not_fit_is_said() {
        let cases = [
            (Source::Int { unsigned: true }, Kind::Integer, "0 to 4294967295"),
            (Source::BigInt { unsigned: false }, Kind::Integer, "2147483647"),
            (Source::Int { unsigned: false }, Kind::Boolean, "0 and 1"),
            (Source::Int { unsigned: false }, Kind::Numeric(Some((5, 2))), "999"),
            (
                Source::Decimal { precision: 10, scale: 2 },
                Kind::Numeric(Some((10, 1))),
                "numeric(10,1)",
            ),
            (Source::Decimal { precision: 10, scale: 2 }, Kind::BigInt, "bigint"),
            (Source::Double, Kind::Real, "half"),
            (Source::VarChar { length: 255 }, Kind::Text { length: Some(80) }, "80"),
            (Source::Text, Kind::Text { length: Some(80) }, "80"),
            (Source::VarChar { length: 2 }, Kind::Char { length: 2 }, "spaces"),
            (Source::DateTime { fraction: 6 }, Kind::Timestamp { fraction: 3 }, "6 digits"),
            (Source::Time { fraction: 6 }, Kind::Interval { fraction: 0 }, "keeps 0"),
            (Source::VarChar { length: 255 }, Kind::Uuid, "uuid"),
        ];
        for (source, target, words) in cases {
            let way = passage(&source, &target).unwrap();
            let said = way.narrower.unwrap_or_else(|| panic!("{source:?} → {target:?}"));
            assert!(said.contains(words), "{said}");
        }
        let gained = passage(&Source::DateTime { fraction: 6 }, &Kind::TimestampTz { fraction: 6 });
        assert_eq!(gained.unwrap().clock, Clock::Gained);
        let lost = passage(&Source::Timestamp { fraction: 6 }, &Kind::Timestamp { fraction: 6 });
        assert_eq!(lost.unwrap().clock, Clock::Lost);
        for (source, target) in [
            (Source::Blob, Kind::Text { length: None }),
            (Source::Text, Kind::Jsonb),
            (Source::Decimal { precision: 10, scale: 2 }, Kind::DoublePrecision),
            (Source::Bit { bits: 3 }, Kind::Bit { bits: 4 }),
            (Source::Date, Kind::Timestamp { fraction: 0 }),
            (Source::Int { unsigned: false }, Kind::Other),
        ] {
            assert_eq!(passage(&source, &target), None, "{source:?} → {target:?}");
        }
    }
}
