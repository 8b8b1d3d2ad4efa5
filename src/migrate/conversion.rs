//! What becomes of a schema, whoever decides it: `convert` makes a new one, `fit` fills one that stands.

use std::collections::HashMap;

use crate::finding::{Finding, Place, PlaceKind};
use crate::migrate::fit::plan::Fit;
use crate::migrate::mapping::{Owner, TableMapping};
use crate::migrate::refused::Refused;
use crate::migrate::settings::Named;
use crate::mysql::schema as mysql;
use crate::name::TableName;
use crate::postgres::catalog::{Difference, Existing};
use crate::postgres::schema as postgres;

/// What becomes of a schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conversion {
    pub(crate) target: postgres::Schema,
    /// One per table, in the order of `target.tables`.
    pub(crate) mappings: Vec<TableMapping>,
    /// Views and sequences as the source names them, by their names in the target.
    pub(crate) origins: HashMap<TableName, TableName>,
    pub(crate) findings: Vec<Finding>,
    /// What is removed from the target first, as was asked for.
    pub(crate) dropped: Dropped,
    /// What the target was found to refuse, and is left out.
    pub(crate) refused: Vec<Refused>,
    /// What is called otherwise than in the source.
    pub(crate) named: Named,
    /// If somebody else has made the target, what is done to it besides filling it.
    pub(crate) fit: Option<Fit>,
}

impl Conversion {
    /// A table, view or sequence as the source names it.
    pub(crate) fn source_of<'a>(&'a self, target: &'a TableName) -> &'a TableName {
        let mapping = self.mappings.iter().find(|mapping| mapping.target == *target);
        let table = mapping.map(|mapping| &mapping.source);
        table.or_else(|| self.origins.get(target)).unwrap_or(target)
    }

    /// What is made: not the tables that stand.
    pub(crate) fn made(&self) -> postgres::Schema {
        let mut made = self.target.clone();
        let mut mappings = self.mappings.iter();
        made.tables.retain(|_| mappings.next().is_none_or(|one| one.owner == Owner::Ours));
        made
    }

    /// Where a difference is: findings name tables, views and sequences as the source does.
    pub(crate) fn place(&self, difference: &Difference) -> Place {
        let Difference { kind, object, part, .. } = difference;
        let source = self.source_of(object);
        match (kind, part) {
            (_, Some(part)) => Place::part(*kind, source, part),
            (PlaceKind::Table, None) => Place::table(source),
            (_, None) => Place::of(*kind, source),
        }
    }

    /// Notes the tables and columns that are called otherwise.
    pub(crate) fn note_mapped(&mut self, source: &mysql::Schema) {
        for mapping in &self.mappings {
            let (table, new) = (source.called(&mapping.source), &mapping.target.name);
            if mapping.source.name != *new {
                self.named.tables.entry(table.clone()).or_default().name = Some(new.clone());
            }
            for column in &mapping.columns {
                let pair = (column.source.as_str(), column.target.as_str());
                self.named.note(&table, |names| &mut names.columns, pair);
            }
        }
    }
}

/// Objects of the target that stand in the way and are to go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dropped {
    pub(crate) objects: Vec<Existing>,
    pub(crate) statements: Vec<String>,
}
