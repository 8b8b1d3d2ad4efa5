//! The transforms of nirvana.toml that make another kind of value of what the source has: which
//! values each reads, and the exact way from a type to another. Pure.

use crate::migrate::settings::Transform;
use crate::migrate::transcode::{Cast, Digits, Fitted, Transcoder};
use crate::mysql::schema::ColumnType as Source;
use crate::postgres::schema::ColumnType as Target;

/// The one of them that gives another type, if there is one.
pub(crate) fn converting(using: &[Transform]) -> Option<Transform> {
    using.iter().copied().find(|transform| becomes(*transform).is_some())
}

/// One that cannot read values of that type.
pub(crate) fn senseless(using: &[Transform], source: &Source) -> Option<Transform> {
    using.iter().copied().find(|transform| !applies(*transform, source))
}

/// Whether a transform reads values of that type.
fn applies(transform: Transform, source: &Source) -> bool {
    let text = crate::migrate::scan::is_text(source);
    match transform {
        Transform::Trim | Transform::NullifEmpty | Transform::RepairUtf8 | Transform::Json => text,
        Transform::YesNo => text || matches!(source, Source::Enum { .. }),
        Transform::UnixSeconds
        | Transform::UnixMilliseconds
        | Transform::Seconds
        | Transform::IpNumber => digits(source).is_some(),
        Transform::Uuid => matches!(
            source,
            Source::Binary { length: 16 } | Source::Char { .. } | Source::VarChar { .. }
        ),
        Transform::UuidSwapped => matches!(source, Source::Binary { length: 16 }),
        Transform::IpBytes => matches!(source, Source::VarBinary { .. } | Source::Binary { .. }),
    }
}

/// The type that a transform gives, unless it leaves text as text.
pub(crate) fn becomes(transform: Transform) -> Option<Target> {
    Some(match transform {
        Transform::Trim | Transform::NullifEmpty | Transform::RepairUtf8 => return None,
        Transform::UnixSeconds => Target::TimestampTz { fraction: 0 },
        Transform::UnixMilliseconds => Target::TimestampTz { fraction: 3 },
        Transform::Seconds => Target::Interval { fraction: 0 },
        Transform::YesNo => Target::Boolean,
        Transform::Uuid | Transform::UuidSwapped => Target::Uuid,
        Transform::IpNumber | Transform::IpBytes => Target::Inet,
        Transform::Json => Target::Jsonb,
    })
}

fn digits(source: &Source) -> Option<Digits> {
    Some(match *source {
        Source::TinyInt { unsigned, .. } => Digits::Tiny { unsigned },
        Source::SmallInt { unsigned } => Digits::Short { unsigned },
        Source::MediumInt { unsigned } | Source::Int { unsigned } => Digits::Long { unsigned },
        Source::BigInt { unsigned } => Digits::LongLong { unsigned },
        _ => return None,
    })
}

/// The way that a transform goes to a type, if that type holds all that it gives.
pub(crate) fn way(transform: Transform, source: &Source, target: &Target) -> Option<Transcoder> {
    let from = || digits(source);
    let digits_kept = match target {
        Target::Timestamp { fraction } | Target::TimestampTz { fraction } => Some(*fraction),
        _ => None,
    };
    let cast = match transform {
        Transform::UnixSeconds if digits_kept.is_some() => {
            Cast::UnixTime { from: from()?, micros: 1_000_000 }
        }
        // Where fewer digits are kept the server would round.
        Transform::UnixMilliseconds if digits_kept.is_some_and(|kept| kept >= 3) => {
            Cast::UnixTime { from: from()?, micros: 1_000 }
        }
        Transform::Seconds if matches!(target, Target::Interval { .. }) => {
            Cast::Seconds { from: from()? }
        }
        Transform::YesNo if *target == Target::Boolean => Cast::YesNo,
        Transform::IpNumber if *target == Target::Inet => Cast::IpNumber { from: from()? },
        Transform::IpBytes if *target == Target::Inet => Cast::IpBytes,
        Transform::UuidSwapped if *target == Target::Uuid => Cast::SwappedUuid,
        Transform::Uuid if *target == Target::Uuid => {
            return Some(Transcoder::Fitted(match source {
                Source::Binary { .. } => Fitted::UuidBytes,
                _ => Fitted::UuidText,
            }));
        }
        Transform::Json if *target == Target::Jsonb => return Some(Transcoder::Jsonb),
        Transform::Json if *target == Target::Json => return Some(Transcoder::Json),
        _ => return None,
    };
    Some(Transcoder::Cast(cast))
}
