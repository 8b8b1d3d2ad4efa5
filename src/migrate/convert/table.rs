//! One table: its columns with defaults and generated values, its checks and its triggers.

use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::convert::Choices;
use crate::migrate::convert::default::{DefaultSql, now_sql, translate_default};
use crate::migrate::convert::expression::{
    Scope, ScopeColumn, translate_condition, translate_value,
};
use crate::migrate::convert::names::fitted;
use crate::migrate::scan::{Answer, Answers};
use crate::migrate::tell::not_null_dropped;
use crate::migrate::transcode::Alteration;
use crate::mysql::schema::{Column as SourceColumn, ColumnType as SourceType, Table as Source};
use crate::name::{TableName, postgres_quoted};
use crate::postgres::quote::literal;
use crate::postgres::schema::{Check, Column, ColumnType, Generated};

/// The first `PostgreSQL` that computes generated columns when they are read.
const VIRTUAL_COLUMNS_SINCE: u32 = 180_000;

/// The columns of a table, whose types are decided already.
pub(super) fn columns(
    source: &Source,
    types: &[ColumnType],
    answers: &Answers,
    choices: &Choices,
    found: &mut Vec<Finding>,
) -> Vec<Column> {
    let plain: Vec<Column> = source
        .columns
        .iter()
        .zip(types)
        .map(|(column, column_type)| plain_column(source, column, column_type, answers, found))
        .collect();
    // In PostgreSQL a generated column may not read another one: those are out of its scope.
    let given = Scope::new(pairs(source, &plain).filter(|pair| pair.source.generated.is_none()));
    let finished = source.columns.iter().zip(&plain).map(|(from, to)| {
        let mut column = to.clone();
        column.default = default(&source.name, from, to, found);
        column.generated = generated(source, from, to, &(&given, choices), found);
        column
    });
    finished.collect()
}

/// What an expression of the table may name.
pub(super) fn scope<'a>(source: &'a Source, target: &'a [Column]) -> Scope<'a> {
    Scope::new(pairs(source, target))
}

fn pairs<'a>(source: &'a Source, target: &'a [Column]) -> impl Iterator<Item = ScopeColumn<'a>> {
    source.columns.iter().zip(target).map(|(source, target)| ScopeColumn {
        source,
        name: &target.name,
        target: &target.column_type,
    })
}

fn plain_column(
    table: &Source,
    source: &SourceColumn,
    column_type: &ColumnType,
    answers: &Answers,
    found: &mut Vec<Finding>,
) -> Column {
    let place = || Place::column(&table.name, &source.name);
    let name = fitted(&source.name);
    if name != source.name {
        let message = format!("named {name}: names hold 63 bytes in PostgreSQL");
        found.push(Finding::warning(Code::Renamed, place(), message));
    }
    Column {
        name,
        column_type: column_type.clone(),
        not_null: !source.nullable && holds_not_null(table, source, answers, found),
        default: None,
        identity: identity(table, source, column_type, found),
        generated: None,
        comment: source.comment.clone(),
    }
}

/// A NOT NULL that zero dates or enum errors would break is dropped, and named.
fn holds_not_null(
    table: &Source,
    column: &SourceColumn,
    answers: &Answers,
    found: &mut Vec<Finding>,
) -> bool {
    let alteration = match column.column_type {
        SourceType::Date | SourceType::DateTime { .. } | SourceType::Timestamp { .. } => {
            Alteration::ZeroDate
        }
        SourceType::Enum { .. } => Alteration::EnumError,
        _ => return true,
    };
    let Answer::Beyond { values } = answers.of(table, column) else {
        return true;
    };
    found.extend(not_null_dropped(Place::column(&table.name, &column.name), alteration, values));
    false
}

/// The counter's next value, for columns that can have an identity.
fn identity(
    table: &Source,
    column: &SourceColumn,
    column_type: &ColumnType,
    found: &mut Vec<Finding>,
) -> Option<u64> {
    if !column.auto_increment {
        return None;
    }
    match column_type {
        ColumnType::SmallInt | ColumnType::Integer | ColumnType::BigInt => {
            Some(table.auto_increment.unwrap_or(1).max(1))
        }
        other => {
            let message = format!("AUTO_INCREMENT is not carried: no identity on {other}");
            let place = Place::column(&table.name, &column.name);
            found.push(Finding::warning(Code::NotCarried, place, message));
            None
        }
    }
}

fn default(
    table: &TableName,
    source: &SourceColumn,
    target: &Column,
    found: &mut Vec<Finding>,
) -> Option<String> {
    if source.auto_increment || source.generated.is_some() {
        return None;
    }
    match translate_default(source, &target.column_type) {
        DefaultSql::None => None,
        DefaultSql::Sql(sql) => Some(sql),
        DefaultSql::Untranslatable { reason } => {
            let place = Place::column(table, &source.name);
            let message = format!("the default is left out: {reason}");
            found.push(Finding::warning(Code::DefaultNotTranslated, place, message));
            None
        }
    }
}

/// A generated column's expression; where it has none in the target the column is an ordinary
/// one that keeps its values.
fn generated(
    table: &Source,
    source: &SourceColumn,
    target: &Column,
    (scope, choices): &(&Scope<'_>, &Choices),
    found: &mut Vec<Finding>,
) -> Option<Generated> {
    let generated = source.generated.as_ref()?;
    let translated = translate_value(&generated.expression, scope, &target.column_type);
    let translated = translated.map_err(|error| error.to_string());
    let reason = match translated {
        Err(reason) => reason,
        Ok(translated) if !translated.immutable => {
            "in PostgreSQL its expression may change with the session".to_owned()
        }
        Ok(translated) if translated.case_sensitive_compare => {
            "it compares text without regard to case".to_owned()
        }
        Ok(translated) => {
            // A virtual column can be in no index and of no type that users make.
            let simple = !matches!(target.column_type, ColumnType::Enum { .. });
            let indexed = table.indexes.iter().any(|index| is_in(index, &source.name));
            let stored = generated.stored
                || choices.server_version < VIRTUAL_COLUMNS_SINCE
                || !simple
                || indexed;
            return Some(Generated { expression: translated.sql, stored });
        }
    };
    let place = Place::column(&table.name, &source.name);
    let message =
        format!("an ordinary column that keeps its values, not a generated one: {reason}");
    let help = format!("the expression: {}", generated.expression);
    found.push(Finding::warning(Code::GeneratedColumnFlattened, place, message).help(help));
    None
}

fn is_in(index: &crate::mysql::schema::Index, column: &str) -> bool {
    use crate::mysql::schema::IndexKey;
    index.parts.iter().any(|part| match &part.key {
        IndexKey::Column(name) | IndexKey::Prefix { column: name, .. } => name == column,
        IndexKey::Expression(_) => true,
    })
}

/// CHECK constraints, and those that keep a SET within its labels.
pub(super) fn checks(source: &Source, target: &[Column], found: &mut Vec<Finding>) -> Vec<Check> {
    let scope = scope(source, target);
    let mut checks: Vec<Check> = source
        .columns
        .iter()
        .zip(target)
        .filter_map(|(from, to)| match &from.column_type {
            SourceType::Set { labels } => Some(set_check(source, to, labels)),
            _ => None,
        })
        .collect();
    for check in &source.checks {
        let place = || Place::part(PlaceKind::Check, &source.name, &check.name);
        match translate_condition(&check.expression, &scope) {
            Ok(translated) => {
                if !check.enforced {
                    let message = "NOT ENFORCED in MySQL; NOT VALID here: new rows must meet it";
                    found.push(Finding::warning(Code::CheckNotEnforced, place(), message));
                }
                if translated.case_sensitive_compare {
                    let message = "compares text with regard to case";
                    found.push(Finding::warning(Code::CollationLost, place(), message));
                }
                checks.push(Check {
                    name: fitted(&check.name),
                    expression: translated.sql,
                    not_valid: !check.enforced,
                });
            }
            Err(error) => {
                let message = format!("left out: {error}");
                let help = format!("the expression: {}", check.expression);
                let code = Code::ExpressionNotTranslated;
                found.push(Finding::warning(code, place(), message).help(help));
            }
        }
    }
    checks
}

fn set_check(table: &Source, column: &Column, labels: &[String]) -> Check {
    let labels: Vec<String> = labels.iter().map(|label| literal(label)).collect();
    Check {
        name: fitted(&format!("{}_{}_check", table.name.name, column.name)),
        expression: format!(
            "{} <@ ARRAY[{}]::text[]",
            postgres_quoted(&column.name),
            labels.join(", ")
        ),
        not_valid: false,
    }
}

/// What ON UPDATE CURRENT_TIMESTAMP sets a column to.
pub(super) fn touched_to(column: &Column) -> Option<String> {
    now_sql(&column.column_type)
}
