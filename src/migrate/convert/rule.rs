//! What somebody has said of a column: the type that it gets, and the way its values go there.

use std::borrow::Cow;

use crate::finding::{Code, Finding, Place};
use crate::migrate::convert::Choices;
use crate::migrate::fit::passage::way;
use crate::migrate::reading::read;
use crate::migrate::scan::{Answer, Answers, Question};
use crate::migrate::settings::{ColumnRule, Comparison, EnumErrors, Settings};
use crate::migrate::transcode::Transcoder;
use crate::migrate::transform;
use crate::mysql::schema::{Column, ColumnType as Source, Table};
use crate::name::{POSTGRES_NAME_BYTES, TableName};
use crate::postgres::schema::{Collation, Column as TargetColumn, ColumnType as Target};

/// The type of a column that a rule speaks of, or why it cannot have it; `None` if no rule does.
pub(super) fn target_type(column: &Column, rule: &ColumnRule) -> Option<Result<Target, String>> {
    let source = &column.column_type;
    let converted = transform::converting(&rule.using).and_then(transform::becomes);
    let wanted = rule.wanted.as_ref().map(|wanted| wanted.0.clone());
    if let Some(transform) = transform::senseless(&rule.using, source) {
        return Some(Err(format!("{} is no way for values of its type", transform.word())));
    }
    let wanted = match (source, wanted, converted) {
        (_, None, None) => return None,
        (_, None, Some(converted)) => converted,
        // An ENUM as text has room for its longest label.
        (Source::Enum { labels }, Some(Target::Text), None) => {
            Target::VarChar { length: longest(labels) }
        }
        (_, Some(wanted), _) => wanted,
    };
    Some(match inner(source, rule, &wanted) {
        Some(_way) => Ok(wanted),
        None => Err(format!("there is no exact way from its type to {wanted}, as was asked for")),
    })
}

/// The text that an ENUM becomes of which a label is longer than an enum of the target takes.
pub(super) fn long_labels(column: &Column) -> Option<Target> {
    let Source::Enum { labels } = &column.column_type else { return None };
    let is_long = labels.iter().any(|label| label.len() > POSTGRES_NAME_BYTES);
    is_long.then(|| Target::VarChar { length: longest(labels) })
}

/// Characters of the longest label.
fn longest(labels: &[String]) -> u32 {
    let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(1);
    longest.max(1) as u32
}

/// The type that BINARY(16) and CHAR(36) have where all their values are proven to be UUIDs.
pub(super) fn proven_uuid(table: &Table, column: &Column, answers: &Answers) -> Option<Target> {
    let about = |question| answers.about(table, &column.name, question);
    let proven = about(Question::NoUuid) == Answer::Fits && about(Question::Uuid).values() > 0;
    proven.then_some(Target::Uuid)
}

/// The way from a type to another, but for policies and rewriting.
fn inner(source: &Source, rule: &ColumnRule, target: &Target) -> Option<Transcoder> {
    match transform::converting(&rule.using) {
        Some(transform) => transform::way(transform, source, target),
        None => plain(source, rule, target),
    }
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
    Some(read((table, column), inner, (&rule, answers)))
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
