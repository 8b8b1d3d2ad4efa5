//! Foreign keys: which can stand in the target, and one type for the columns that they join.

use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::convert::names::{self, fitted};
use crate::migrate::scan::{Answer, Answers, Question};
use crate::migrate::settings::{Comparison, Settings};
use crate::mysql::schema::{ForeignKey as SourceKey, IndexKey, IndexKind, ReferentialAction};
use crate::mysql::schema::{Schema, Table};
use crate::name::TableName;
use crate::postgres::schema::{
    ForeignKey, Index, IndexKey as TargetKey, IndexPart, IndexRole, Schema as Made,
};

/// The target's form of a table's foreign keys, and what is to be said of those that have none.
pub(super) fn foreign_keys(
    schema: &Schema,
    table: &Table,
    (target_name, made): (&dyn Fn(&TableName) -> TableName, &Made),
    (settings, answers, found): (&Settings, &Answers, &mut Vec<Finding>),
) -> Vec<ForeignKey> {
    let mut kept = Vec::new();
    let identifiers = settings.identifiers();
    let column = |table: &Table, name: &String| names::column(settings, table, name);
    let named = |name: &String| {
        let told = settings.named.part(&table.name, |names| &names.foreign_keys, name);
        told.map_or_else(|| fitted(&identifiers.name(name)), str::to_owned)
    };
    for key in &table.foreign_keys {
        let place = || Place::part(PlaceKind::ForeignKey, &table.name, &key.name);
        let Some(referenced) = schema.tables.iter().find(|t| t.name == key.referenced_table) else {
            let message = format!("refers to {}, which is not moved", key.referenced_table);
            found.push(Finding::warning(Code::ForeignKeyChanged, place(), message));
            continue;
        };
        if !has_unique_key(referenced, &key.referenced_columns) {
            let columns = key.referenced_columns.join(", ");
            let message = format!(
                "left out: PostgreSQL wants a unique key on {} ({columns})",
                schema.called(&key.referenced_table)
            );
            let help = "make those columns unique in the source, if their values are";
            found.push(Finding::warning(Code::ForeignKeyChanged, place(), message).help(help));
            continue;
        }
        let far = key.referenced_columns.iter().map(|name| column(referenced, name));
        let referenced_columns: Vec<String> = far.collect();
        if !is_unique_in(made, &target_name(&referenced.name), &referenced_columns) {
            let columns = key.referenced_columns.join(", ");
            let message = format!(
                "left out: {} ({columns}) is too long for a unique key of PostgreSQL",
                schema.called(&key.referenced_table)
            );
            found.push(Finding::warning(Code::ForeignKeyChanged, place(), message));
            continue;
        }
        compare_collations((table, settings, answers), key, found);
        kept.push(ForeignKey {
            name: named(&key.name),
            columns: key.columns.iter().map(|name| column(table, name)).collect(),
            referenced_table: target_name(&key.referenced_table),
            referenced_columns,
            on_delete: action(key.on_delete),
            on_update: action(key.on_update),
        });
    }
    kept
}

/// Whether exactly these columns, in any order, are a primary or unique key on whole columns.
fn has_unique_key(table: &Table, columns: &[String]) -> bool {
    table.indexes.iter().any(|index| {
        matches!(index.kind, IndexKind::Primary | IndexKind::Unique)
            && index.parts.len() == columns.len()
            && index.parts.iter().all(|part| match &part.key {
                IndexKey::Column(name) => {
                    columns.iter().any(|column| column.eq_ignore_ascii_case(name))
                }
                IndexKey::Prefix { .. } | IndexKey::Expression(_) => false,
            })
    })
}

/// Whether the key that is referred to could be made of whole columns.
fn is_unique_in(made: &Made, table: &TableName, columns: &[String]) -> bool {
    let has = |part: &IndexPart| match &part.key {
        TargetKey::Column(name) => columns.contains(name),
        TargetKey::Expression(_) => false,
    };
    let unique = |index: &Index| {
        index.role != IndexRole::Plain
            && index.parts.len() == columns.len()
            && index.parts.iter().all(has)
    };
    let table = made.tables.iter().find(|made| made.name == *table);
    table.is_none_or(|table| table.indexes.iter().any(unique))
}

/// A reference from 'foo' to 'Foo' holds in `MySQL` where case does not count. Where there is none
/// the key is as good as it was, only that such a row is refused from now on.
fn compare_collations(
    (table, settings, answers): (&Table, &Settings, &Answers),
    key: &SourceKey,
    found: &mut Vec<Finding>,
) {
    let insensitive = key.columns.iter().filter_map(|name| table.column(name)).any(|column| {
        let rule = settings.rule(table, column);
        rule.collation != Some(Comparison::Ci)
            && column.collation.as_ref().is_some_and(|collation| collation.is_case_insensitive())
    });
    if insensitive {
        let place = Place::part(PlaceKind::ForeignKey, &table.name, &key.name);
        let message = "compares text without regard to case in MySQL, with regard in PostgreSQL";
        found.push(match answers.about(table, &key.name, Question::OtherCase) {
            Answer::Unknown => Finding::warning(Code::CollationLost, place, message),
            Answer::Fits => {
                let message = format!("{message}: every row is written as the one it refers to");
                Finding::note(Code::CollationLost, place, message)
            }
            Answer::Beyond { values } => {
                let sample = answers.samples(table, &key.name, Question::OtherCase).join(", ");
                let message = format!(
                    "{message}: {values} rows are written otherwise than the one they refer to, such as \
                     {sample}, and will be without it"
                );
                let help = "write them alike in the source, or collation = \"ci\"";
                Finding::warning(Code::CollationLost, place, message).help(help)
            }
        });
    }
}

fn action(action: ReferentialAction) -> String {
    match action {
        ReferentialAction::NoAction => "NO ACTION",
        ReferentialAction::Restrict => "RESTRICT",
        ReferentialAction::Cascade => "CASCADE",
        ReferentialAction::SetNull => "SET NULL",
        ReferentialAction::SetDefault => "SET DEFAULT",
    }
    .to_owned()
}
