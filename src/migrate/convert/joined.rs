//! One type for the columns that a foreign key joins: the target compares no two kinds.

use std::collections::BTreeSet;

use super::{Converter, column_type};
use crate::finding::{Code, Finding, Place};
use crate::mysql::schema::Table;
use crate::name::TableName;
use crate::postgres::schema::ColumnType;

impl Converter<'_> {
    /// Widens one column of each foreign key to the other until all agree.
    pub(super) fn join_types(&mut self, types: &mut [Vec<ColumnType>]) {
        let own = types.to_vec();
        while self.join_once(types) {}
        for ((table, types), own) in self.source.tables.iter().zip(&*types).zip(own) {
            for ((column, now), own) in table.columns.iter().zip(types).zip(own) {
                if let (ColumnType::Enum { name }, true) = (now, *now != own) {
                    let message =
                        format!("{}, as a foreign key joins it to another ENUM", name.name);
                    let place = Place::column(&table.name, &column.name);
                    let finding = Finding::note(Code::TypeChosen, place, message);
                    self.conversion.findings.push(finding);
                }
            }
        }
        // An ENUM that was joined to another one needs no type of its own.
        let used = types.iter().flatten().filter_map(|one| match one {
            ColumnType::Enum { name } => Some(name),
            _ => None,
        });
        let used: BTreeSet<&TableName> = used.collect();
        self.conversion.target.enums.retain(|made| used.contains(&made.name));
    }

    /// Whether something was widened.
    fn join_once(&self, types: &mut [Vec<ColumnType>]) -> bool {
        let mut changed = false;
        for (at, table) in self.source.tables.iter().enumerate() {
            for key in &table.foreign_keys {
                let mut tables = self.source.tables.iter();
                let Some(to) = tables.position(|t| t.name == key.referenced_table) else {
                    continue;
                };
                for (near, far) in key.columns.iter().zip(&key.referenced_columns) {
                    let near = position(table, near);
                    let far = position(&self.source.tables[to], far);
                    let (Some(near), Some(far)) = (near, far) else { continue };
                    let (one, other) = (&types[at][near], &types[to][far]);
                    let common = column_type::common(one, other);
                    if let Some(common) = common.or_else(|| self.common_enum(one, other)) {
                        types[at][near] = common.clone();
                        types[to][far] = common;
                        changed = true;
                    }
                }
            }
        }
        changed
    }

    /// Of two enum types the one that has all labels of the other, in the same places: `MySQL`
    /// compares these.
    fn common_enum(&self, one: &ColumnType, other: &ColumnType) -> Option<ColumnType> {
        let (ColumnType::Enum { name: near }, ColumnType::Enum { name: far }) = (one, other) else {
            return None;
        };
        let labels = |name: &TableName| {
            let made = self.conversion.target.enums.iter().find(|made| made.name == *name);
            made.map(|made| made.labels.as_slice())
        };
        let (mine, theirs) = (labels(near)?, labels(far)?);
        if near == far {
            None
        } else if theirs.starts_with(mine) {
            Some(other.clone())
        } else {
            mine.starts_with(theirs).then(|| one.clone())
        }
    }
}

fn position(table: &Table, column: &str) -> Option<usize> {
    table.columns.iter().position(|known| known.name.eq_ignore_ascii_case(column))
}
