//! What somebody has said of a column: the type that it gets, and the way its values go there.

use std::borrow::Cow;

use crate::finding::{Code, Finding, Place};
use crate::migrate::convert::Choices;
use crate::migrate::fit::passage::way;
use crate::migrate::scan::{Answer, Answers, Question, lost_characters};
use crate::migrate::settings::{
    ColumnRule, Comparison, EnumErrors, InvalidText, Settings, Transform,
};
use crate::migrate::transcode::{Cast, Digits, Fitted, Losses, Ruled, Transcoder};
use crate::mysql::schema::{Column, ColumnType as Source, Table};
use crate::name::{TableName, mysql_quoted};
use crate::postgres::schema::{Collation, Column as TargetColumn, ColumnType as Target};

/// The type of a column that a rule speaks of, or why it cannot have it; `None` if no rule does.
pub(super) fn target_type(column: &Column, rule: &ColumnRule) -> Option<Result<Target, String>> {
    let source = &column.column_type;
    let converted = rule.using.iter().find_map(|transform| becomes(*transform));
    let wanted = rule.wanted.as_ref().map(|wanted| wanted.0.clone());
    if let Some(transform) = rule.using.iter().find(|one| !applies(**one, source)) {
        return Some(Err(format!("{transform:?} is no way for values of its type")));
    }
    let wanted = match (source, wanted, converted) {
        (_, None, None) => return None,
        (_, None, Some(converted)) => converted,
        // An ENUM as text has room for its longest label.
        (Source::Enum { labels }, Some(Target::Text), None) => {
            let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(1);
            Target::VarChar { length: longest.max(1) as u32 }
        }
        (_, Some(wanted), _) => wanted,
    };
    Some(match inner(source, rule, &wanted) {
        Some(_way) => Ok(wanted),
        None => Err(format!("there is no exact way from its type to {wanted}, as was asked for")),
    })
}

/// The type that BINARY(16) and CHAR(36) have where all their values are proven to be UUIDs.
pub(super) fn proven_uuid(table: &Table, column: &Column, answers: &Answers) -> Option<Target> {
    let about = |question| answers.about(table, &column.name, question);
    let proven = about(Question::NoUuid) == Answer::Fits && about(Question::Uuid).values() > 0;
    proven.then_some(Target::Uuid)
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
fn becomes(transform: Transform) -> Option<Target> {
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

/// The way from a type to another, but for policies and rewriting.
fn inner(source: &Source, rule: &ColumnRule, target: &Target) -> Option<Transcoder> {
    let converts = rule.using.iter().find(|transform| becomes(**transform).is_some());
    let from = || digits(source);
    let is_time = matches!(target, Target::Timestamp { .. } | Target::TimestampTz { .. });
    let cast = match converts {
        Some(Transform::UnixSeconds) if is_time => {
            Cast::UnixTime { from: from()?, micros: 1_000_000 }
        }
        Some(Transform::UnixMilliseconds) if is_time => {
            Cast::UnixTime { from: from()?, micros: 1_000 }
        }
        Some(Transform::Seconds) if matches!(target, Target::Interval { .. }) => {
            Cast::Seconds { from: from()? }
        }
        Some(Transform::YesNo) if *target == Target::Boolean => Cast::YesNo,
        Some(Transform::IpNumber) if *target == Target::Inet => Cast::IpNumber { from: from()? },
        Some(Transform::IpBytes) if *target == Target::Inet => Cast::IpBytes,
        Some(Transform::UuidSwapped) if *target == Target::Uuid => Cast::SwappedUuid,
        Some(Transform::Uuid) if *target == Target::Uuid => {
            return Some(Transcoder::Fitted(match source {
                Source::Binary { .. } => Fitted::UuidBytes,
                _ => Fitted::UuidText,
            }));
        }
        Some(Transform::Json) if *target == Target::Jsonb => return Some(Transcoder::Jsonb),
        Some(Transform::Json) if *target == Target::Json => return Some(Transcoder::Json),
        Some(_) => return None,
        None => return plain(source, rule, target),
    };
    Some(Transcoder::Cast(cast))
}

fn plain(source: &Source, rule: &ColumnRule, target: &Target) -> Option<Transcoder> {
    let adds_label = rule.enum_errors == Some(EnumErrors::AddLabel);
    match (source, target) {
        (Source::Enum { labels }, Target::Enum { .. } | Target::VarChar { .. } | Target::Text) => {
            let empty_label = adds_label || labels.iter().any(String::is_empty);
            Some(Transcoder::Enum { empty_label })
        }
        // Whether a JSON text is one is not known of what is text to the source.
        (source, Target::Jsonb | Target::Json) if crate::migrate::scan::is_text(source) => None,
        // Of a type that was asked for the limits are seen to before the server would round or cut.
        _ if rule.wanted.is_some() => {
            way(source, target).or_else(|| Transcoder::between(source, target))
        }
        _ => Transcoder::between(source, target).or_else(|| way(source, target)),
    }
}

/// The way of a column's values, with all that was said of it, and how the source is asked for
/// them, if not by the column's name alone.
pub(super) fn transcoder(
    (table, column): (&Table, &Column),
    target: &Target,
    (answers, settings): (&Answers, &Settings),
) -> Option<(Transcoder, Option<String>)> {
    let rule = settings.rule(table, column);
    let inner = inner(&column.column_type, &rule, target)?;
    let lost = answers.about(table, &column.name, Question::LostCharacters).values() > 0;
    let losses = if lost && inner.is_text() { Losses::Marked } else { Losses::Unmarked };
    let read = (losses == Losses::Marked).then(|| marked(column, &rule));
    Some((Ruled::around(inner, &rule, losses), read))
}

/// A text in UTF-8; where characters are lost a byte that none has, and then what is wanted of it:
/// with '?' in their place, or the bytes as they are, for the row that is set aside.
fn marked(column: &Column, rule: &ColumnRule) -> String {
    let name = mysql_quoted(&column.name);
    let text = format!("CAST(CONVERT({name} USING utf8mb4) AS BINARY)");
    let kept = if rule.invalid_text == Some(InvalidText::Replace) {
        text.clone()
    } else {
        format!("CAST({name} AS BINARY)")
    };
    format!("IF({}, CONCAT(x'FF', {kept}), {text})", lost_characters(column))
}

/// What is to be said of a column that a rule speaks of.
pub(super) fn findings(
    table: &Table,
    column: &Column,
    (rule, target): (&ColumnRule, &Target),
) -> Option<Finding> {
    if rule.using.is_empty() {
        return None;
    }
    let steps: Vec<String> = rule.using.iter().map(|transform| transform.word()).collect();
    let message = format!("{target}, by {}, as was asked for", steps.join(", "));
    let place = Place::column(&table.name, &column.name);
    Some(Finding::note(Code::TypeChosen, place, message))
}

/// Whether a column compares as in the source, where that ignores case.
pub(super) fn is_ci(rule: &ColumnRule, column: &Column, target: &Target) -> bool {
    rule.collation == Some(Comparison::Ci)
        && matches!(target, Target::VarChar { .. } | Target::Text)
        && column.collation.as_ref().is_some_and(|collation| collation.is_case_insensitive())
}

/// The labels of an enum type, with the '' of invalid values before them if that was asked for.
pub(super) fn labels(labels: &[String], rule: &ColumnRule) -> Vec<String> {
    let adds = rule.enum_errors == Some(EnumErrors::AddLabel);
    let empty = (adds && !labels.iter().any(String::is_empty)).then(String::new);
    empty.into_iter().chain(labels.iter().cloned()).collect()
}

/// The table as its comparisons hold in the target: a column that keeps its comparison is, to
/// whatever reads the table's expressions, one that says what `PostgreSQL` does.
pub(super) fn compared<'a>(
    table: &'a Table,
    columns: &[TargetColumn],
    choices: &Choices,
) -> Cow<'a, Table> {
    let mut said = Cow::Borrowed(table);
    for (at, (column, target)) in table.columns.iter().zip(columns).enumerate() {
        let rule = choices.settings.rule(table, column);
        if choices.extensions.contains_key(ICU)
            && is_ci(&rule, column, &target.column_type)
            && let Some(collation) = &mut said.to_mut().columns[at].collation
        {
            collation.name = format!("{}_as_cs", collation.charset);
        }
    }
    said
}

/// Gives columns that are to ignore case the collation that does.
pub(super) fn collate(
    (table, said): (&Table, &Table),
    columns: &mut [TargetColumn],
    (choices, made): (&Choices, &mut Vec<Collation>),
    found: &mut Vec<Finding>,
) {
    for ((column, said), target) in table.columns.iter().zip(&said.columns).zip(columns) {
        let rule = choices.settings.rule(table, column);
        if !choices.extensions.contains_key(ICU) && is_ci(&rule, column, &target.column_type) {
            let message = "compares with regard to case: the target's server is built without ICU";
            let place = Place::column(&table.name, &column.name);
            found.push(Finding::warning(Code::CollationLost, place, message));
        }
        let Some(collation) =
            column.collation.as_ref().filter(|_| column.collation != said.collation)
        else {
            continue;
        };
        let (name, locale) = icu(&collation.name);
        let name = TableName::new(choices.schemas.of(&table.name.schema), name);
        target.collation = Some(name.clone());
        if made.iter().all(|one| one.name != name) {
            made.push(Collation { name, locale: locale.to_owned() });
        }
        let message = format!(
            "compares by {locale} of ICU, as {} does but for spaces at the end and rare letters",
            collation.name
        );
        let help = "LIKE and patterns need another collation before PostgreSQL 18: … COLLATE \"C\"";
        let place = Place::column(&table.name, &column.name);
        found.push(Finding::note(Code::CollationLost, place, message).help(help));
    }
}

/// What such collations are of.
const ICU: &str = "icu";

/// The collation that ignores what one of the source's does: its name, and its ICU locale.
fn icu(collation: &str) -> (&'static str, &'static str) {
    if collation.contains("_as_ci") {
        ("mysql_as_ci", "und-u-ks-level2")
    } else {
        ("mysql_ai_ci", "und-u-ks-level1")
    }
}
