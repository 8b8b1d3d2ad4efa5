//! What is asked of keys: references that lead nowhere, and texts that a unique key or a reference
//! holds for the same in the source, and the target does not, or the other way round.

use super::sql::{Sql, is_text, utf8, utf8_bytes};
use crate::migrate::settings::{Comparison, Settings};
use crate::mysql::schema::{Column, ForeignKey, Index, IndexKey, IndexKind, Schema, Table};
use crate::name::mysql_quoted;

/// A collation that both families have, by the weights that ICU has, too.
const UNICODE: &str = "utf8mb4_unicode_520_ci";

/// Columns of text in a unique key that compare without regard to case, and are not to keep it.
pub(super) fn loses_case(table: &Table, column: &Column, settings: &Settings) -> bool {
    let unique = |index: &&Index| matches!(index.kind, IndexKind::Primary | IndexKind::Unique);
    let mut parts = table.indexes.iter().filter(unique).flat_map(|index| &index.parts);
    is_insensitive(column)
        && !keeps_case(table, column, settings)
        && parts.any(|part| match &part.key {
            IndexKey::Column(name) | IndexKey::Prefix { column: name, .. } => *name == column.name,
            IndexKey::Expression(_) => false,
        })
}

fn is_insensitive(column: &Column) -> bool {
    is_text(&column.column_type)
        && column.collation.as_ref().is_some_and(|collation| collation.is_case_insensitive())
}

/// Whether an ICU collation was asked for.
fn keeps_case(table: &Table, column: &Column, settings: &Settings) -> bool {
    settings.rule(table, column).collation == Some(Comparison::Ci)
}

/// Whether values that differ to the source's collation may be the same to ICU: those of a
/// language, and those older than Unicode's weights.
fn is_not_of_unicode(column: &Column) -> bool {
    const SAME: [&str; 3] = ["_0900_ai_ci", "_unicode_520_ci", "_uca1400_ai_ci"];
    let collation = column.collation.as_ref();
    let own = |name: &str| SAME.iter().any(|same| name.strip_suffix(same) == Some("utf8mb4"));
    collation.is_some_and(|collation| !own(&collation.name) && !collation.name.contains("_as_"))
}

/// Unique keys of which an ICU collation may take two entries for one.
pub(super) fn may_be_alike(table: &Table, index: &Index, settings: &Settings) -> bool {
    let is_asked = |column: &Column| {
        is_insensitive(column) && is_not_of_unicode(column) && keeps_case(table, column, settings)
    };
    let plain = |part: &IndexKey| !matches!(part, IndexKey::Expression(_));
    matches!(index.kind, IndexKind::Primary | IndexKind::Unique)
        && index.parts.iter().all(|part| plain(&part.key))
        && parts(table, index).any(|(_, column)| is_asked(column))
}

/// The parts of an index in the source's SQL, and their columns.
fn parts<'a>(
    table: &'a Table,
    index: &'a Index,
) -> impl Iterator<Item = (String, &'a Column)> + 'a {
    index.parts.iter().filter_map(|part| match &part.key {
        IndexKey::Column(name) => Some((mysql_quoted(name), table.column(name)?)),
        IndexKey::Prefix { column: name, length } => {
            Some((format!("LEFT({}, {length})", mysql_quoted(name)), table.column(name)?))
        }
        IndexKey::Expression(_) => None,
    })
}

/// The groups of entries that would be one.
pub(super) fn alike(table: &Table, index: &Index, settings: &Settings) -> Option<Sql> {
    let groups = groups(table, index, settings)?;
    Some(Sql::Count(format!("(SELECT COUNT(*) FROM (SELECT 1 {groups}) alike)")))
}

/// A few of them, each as its first entry and its last.
pub(super) fn alike_sample(table: &Table, index: &Index, settings: &Settings) -> Option<String> {
    let entries: Vec<String> = parts(table, index).map(|(value, _)| value).collect();
    let entry = format!("CONCAT_WS(', ', {})", entries.join(", "));
    let groups = groups(table, index, settings)?;
    let two = ["MIN", "MAX"].map(|which| format!("{which}({} COLLATE utf8mb4_bin)", utf8(&entry)));
    Some(format!("SELECT CONCAT({}, ' / ', {}) {groups} LIMIT 3", two[0], two[1]))
}

fn groups(table: &Table, index: &Index, settings: &Settings) -> Option<String> {
    let (mut by, mut present) = (Vec::new(), Vec::new());
    for (value, column) in parts(table, index) {
        present.push(format!("{} IS NOT NULL", mysql_quoted(&column.name)));
        by.push(if is_insensitive(column) && keeps_case(table, column, settings) {
            format!("{} COLLATE {UNICODE}", utf8(&value))
        } else if is_text(&column.column_type) {
            utf8_bytes(&value)
        } else {
            value
        });
    }
    (!by.is_empty()).then(|| {
        let from = table.name.mysql();
        let (present, by) = (present.join(" AND "), by.join(", "));
        format!("FROM {from} WHERE {present} GROUP BY {by} HAVING COUNT(*) > 1")
    })
}

/// A foreign key between two tables that are both moved.
pub(super) fn reference<'a>(
    schema: &'a Schema,
    table: &'a Table,
    key: &'a ForeignKey,
) -> Option<Reference<'a>> {
    let to = schema.tables.iter().find(|known| known.name == key.referenced_table)?;
    let mut pairs = Vec::new();
    for (near, far) in key.columns.iter().zip(&key.referenced_columns) {
        pairs.push((table.column(near)?, to.column(far)?));
    }
    Some(Reference { table, to, pairs })
}

/// A foreign key, with its columns.
pub(super) struct Reference<'a> {
    table: &'a Table,
    to: &'a Table,
    pairs: Vec<(&'a Column, &'a Column)>,
}

impl Reference<'_> {
    /// Whether the source finds a parent where the target, which looks at case, does not.
    pub(super) fn may_differ_in_case(&self, settings: &Settings) -> bool {
        let loses =
            |column: &Column| is_insensitive(column) && !keeps_case(self.table, column, settings);
        self.pairs.iter().any(|(near, _)| loses(near))
    }

    /// Rows without a parent, by the source's comparison: its index leads there.
    pub(super) fn orphans(&self, settings: &Settings) -> String {
        let (present, parent) = (self.present(settings), self.parent(settings, &[]));
        format!("{present} AND NOT EXISTS ({parent})")
    }

    /// Rows with a parent that is one to the source alone.
    pub(super) fn other_case(&self, settings: &Settings) -> String {
        let text = self.pairs.iter().filter(|(near, _)| is_insensitive(near));
        let same = text.map(|(near, far)| {
            format!("{} = {}", utf8_bytes(&self.far(far)), utf8_bytes(&self.near(near)))
        });
        let same: Vec<String> = same.collect();
        let (known, parent) = (self.parent(settings, &[]), self.parent(settings, &same));
        format!("{} AND EXISTS ({known}) AND NOT EXISTS ({parent})", self.present(settings))
    }

    /// A few of the rows that a condition finds: what they refer to, and their key.
    pub(super) fn sample(&self, condition: &str) -> String {
        let list = |columns: &[String]| {
            let text: Vec<String> =
                columns.iter().map(|column| format!("COALESCE({column}, 'NULL')")).collect();
            format!("CONCAT('(', CONCAT_WS(', ', {}), ')')", text.join(", "))
        };
        let near: Vec<String> = self.pairs.iter().map(|(near, _)| self.near(near)).collect();
        let key: Vec<String> = self.table.primary_key().map_or_else(Vec::new, |index| {
            parts(self.table, index).map(|(_, column)| self.near(column)).collect()
        });
        let row = if key.is_empty() {
            list(&near)
        } else {
            format!("CONCAT({}, ' of ', {})", list(&near), list(&key))
        };
        format!("SELECT {row} FROM {} WHERE {condition} LIMIT 3", self.table.name.mysql())
    }

    /// A reference that is whole, of a row that is moved.
    fn present(&self, settings: &Settings) -> String {
        let whole = self.pairs.iter().map(|(near, _)| format!("{} IS NOT NULL", self.near(near)));
        let moved = settings.condition(&self.table.name).map(|rows| format!("({rows})"));
        whole.chain(moved).collect::<Vec<_>>().join(" AND ")
    }

    fn parent(&self, settings: &Settings, more: &[String]) -> String {
        let (name, alias) = (self.to.name.mysql(), if self.is_own() { " far" } else { "" });
        let equal =
            self.pairs.iter().map(|(near, far)| format!("{} = {}", self.far(far), self.near(near)));
        let moved = settings.condition(&self.to.name).map(|rows| format!("({rows})"));
        let all: Vec<String> = equal.chain(more.iter().cloned()).chain(moved).collect();
        format!("SELECT 1 FROM {name}{alias} WHERE {}", all.join(" AND "))
    }

    /// Whether a table refers to itself.
    fn is_own(&self) -> bool {
        self.to.name == self.table.name
    }

    fn near(&self, column: &Column) -> String {
        format!("{}.{}", self.table.name.mysql(), mysql_quoted(&column.name))
    }

    fn far(&self, column: &Column) -> String {
        let table = if self.is_own() { "far".to_owned() } else { self.to.name.mysql() };
        format!("{table}.{}", mysql_quoted(&column.name))
    }
}
