//! One table: its columns with defaults and generated values, its checks and its triggers.

use std::borrow::Cow;

use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::convert::Choices;
use crate::migrate::convert::default::{DefaultSql, now_sql, translate_default};
use crate::migrate::convert::expression::{
    Scope, ScopeColumn, translate_condition, translate_value,
};
use crate::migrate::convert::names::{self, Spaces};
use crate::migrate::convert::rule;
use crate::migrate::refused::{self, Part};
use crate::migrate::scan::{Answer, Answers, Question};
use crate::migrate::settings::{ColumnRule, EnumErrors, Transform, ZeroDates};
use crate::migrate::tell::not_null_dropped;
use crate::migrate::transcode::{Alteration, truth};
use crate::mysql::schema::{
    Column as SourceColumn, ColumnType as SourceType, Default, Table as Source,
};
use crate::name::postgres_quoted;
use crate::postgres::quote::literal;
use crate::postgres::schema::{Check, Column, ColumnType, Generated};

/// The first `PostgreSQL` that computes generated columns when they are read.
const VIRTUAL_COLUMNS_SINCE: u32 = 180_000;

/// The columns of a table, whose types are decided already.
pub(super) fn columns(
    source: &Source,
    types: &[ColumnType],
    (answers, choices): (&Answers, &Choices),
    found: &mut Vec<Finding>,
) -> Vec<Column> {
    let plain: Vec<Column> = source
        .columns
        .iter()
        .zip(types)
        .map(|(column, kind)| plain_column((source, column), kind, (answers, choices), found))
        .collect();
    // In PostgreSQL a generated column may not read another one: those are out of its scope.
    let given = Scope::new(pairs(source, &plain).filter(|pair| pair.source.generated.is_none()));
    let finished = source.columns.iter().zip(&plain).map(|(from, to)| {
        let mut column = to.clone();
        let rule = choices.settings.rule(source, from);
        let refused = |part| refused::words(&answers.refused, source, &part);
        column.default = match refused(Part::Default(from.name.clone())) {
            None => default((source, from), to, &rule, found),
            Some(words) => {
                let place = Place::column(&source.name, &from.name);
                let message = format!("the default is left out: the target refuses it: {words}");
                found.push(Finding::warning(Code::DefaultNotTranslated, place, message));
                None
            }
        };
        let refused = refused(Part::Generated(from.name.clone()));
        column.generated = generated((source, from), to, &(&given, choices, refused), found);
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
    (table, source): (&Source, &SourceColumn),
    column_type: &ColumnType,
    (answers, choices): (&Answers, &Choices),
    found: &mut Vec<Finding>,
) -> Column {
    let place = || Place::column(&table.name, &source.name);
    let whole = names::column_wanted(&choices.settings, table, &source.name);
    let name = names::column(&choices.settings, table, &source.name);
    if name != whole {
        let why = if name.starts_with(&whole) {
            "every table of PostgreSQL has a column of that name already"
        } else {
            "names hold 63 bytes in PostgreSQL"
        };
        let message = format!("named {name}: {why}");
        found.push(Finding::warning(Code::Renamed, place(), message));
    }
    Column {
        name,
        column_type: column_type.clone(),
        not_null: !source.nullable && holds_not_null((table, source), (answers, choices), found),
        default: None,
        identity: identity(table, source, column_type, found),
        generated: None,
        collation: None,
        comment: source.comment.clone(),
    }
}

/// A NOT NULL that values break which become NULL is dropped, and named.
fn holds_not_null(
    (table, column): (&Source, &SourceColumn),
    (answers, choices): (&Answers, &Choices),
    found: &mut Vec<Finding>,
) -> bool {
    let policies = choices.settings.rule(table, column).policies();
    let (question, alteration, asked) = match column.column_type {
        SourceType::Date | SourceType::DateTime { .. } | SourceType::Timestamp { .. } => {
            if policies.zero_dates.is_some_and(|policy| policy != ZeroDates::Null) {
                return true;
            }
            (Question::ZeroDates, Alteration::ZeroDate, policies.zero_dates.is_some())
        }
        SourceType::Enum { .. } => {
            if policies.enum_errors.is_some_and(|policy| policy != EnumErrors::Null) {
                return true;
            }
            (Question::EnumErrors, Alteration::EnumError, policies.enum_errors.is_some())
        }
        _ => return true,
    };
    let Answer::Beyond { values } = answers.about(table, &column.name, question) else {
        return true;
    };
    let place = Place::column(&table.name, &column.name);
    found.extend(not_null_dropped(place, (alteration, asked), values));
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
            let help = "a scan makes it bigint with an identity if no value is above 2^63-1; else \
                        give it the next value of a sequence as DEFAULT";
            found.push(Finding::warning(Code::NotCarried, place, message).help(help));
            None
        }
    }
}

fn default(
    (table, source): (&Source, &SourceColumn),
    target: &Column,
    rule: &ColumnRule,
    found: &mut Vec<Finding>,
) -> Option<String> {
    if source.auto_increment || source.generated.is_some() {
        return None;
    }
    let mut source = Cow::Borrowed(source);
    // A word for yes or no is one as a default, too.
    if rule.using.contains(&Transform::YesNo)
        && let Default::Literal(word) = &source.default
        && let Some(truth) = truth(word.as_bytes())
    {
        source.to_mut().default = Default::Literal(u8::from(truth).to_string());
    }
    match translate_default(&source, &target.column_type) {
        DefaultSql::None => None,
        DefaultSql::Sql(sql) => Some(sql),
        DefaultSql::Untranslatable { reason } => {
            let place = Place::column(&table.name, &source.name);
            let message = format!("the default is left out: {reason}");
            found.push(Finding::warning(Code::DefaultNotTranslated, place, message));
            None
        }
    }
}

/// A generated column's expression; where it has none in the target the column is an ordinary
/// one that keeps its values.
fn generated(
    (table, source): (&Source, &SourceColumn),
    target: &Column,
    (scope, choices, refused): &(&Scope<'_>, &Choices, Option<&str>),
    found: &mut Vec<Finding>,
) -> Option<Generated> {
    let generated = source.generated.as_ref()?;
    let translated = translate_value(&generated.expression, scope, &target.column_type);
    let translated = translated.map_err(|error| error.to_string());
    let reason = match translated {
        Err(reason) => reason,
        Ok(_) if refused.is_some() => {
            format!("the target refuses it: {}", refused.unwrap_or_default())
        }
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
pub(super) fn checks(
    source: &Source,
    target: &[Column],
    (names, choices): (&Spaces, &Choices),
    found: &mut Vec<Finding>,
) -> Vec<Check> {
    let scope = scope(source, target);
    let mut checks: Vec<Check> = source
        .columns
        .iter()
        .zip(target)
        .filter_map(|(from, to)| {
            let quoted = postgres_quoted(&to.name);
            let rule = choices.settings.rule(source, from);
            let labels = |labels: &[String]| {
                let labels: Vec<String> = labels.iter().map(|label| literal(label)).collect();
                labels.join(", ")
            };
            let expression = match (&from.column_type, &to.column_type) {
                (SourceType::Set { labels: all }, ColumnType::TextArray) => {
                    format!("{quoted} <@ ARRAY[{}]::text[]", labels(all))
                }
                (
                    SourceType::Enum { labels: all },
                    ColumnType::VarChar { .. } | ColumnType::Text,
                ) => {
                    format!("{quoted} IN ({})", labels(&rule::labels(all, &rule)))
                }
                _ => return None,
            };
            let name = names.fitted(&format!("{}_{}_check", source.name.name, from.name));
            Some(Check { name, expression, not_valid: false })
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
                let named = &choices.settings.named;
                let told = named.part(&source.name, |names| &names.checks, &check.name);
                checks.push(Check {
                    name: told.map_or_else(|| names.fitted(&check.name), str::to_owned),
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

/// What ON UPDATE CURRENT_TIMESTAMP sets a column to.
pub(super) fn touched_to(column: &Column) -> Option<String> {
    now_sql(&column.column_type)
}
