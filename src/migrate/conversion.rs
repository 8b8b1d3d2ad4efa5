//! What becomes of a schema, whoever decides it: `convert` makes a new one, `fit` fills one that stands.

use crate::finding::Finding;
use crate::migrate::fit::plan::Fit;
use crate::migrate::mapping::{Owner, TableMapping};
use crate::migrate::refused::Refused;
use crate::migrate::settings::Named;
use crate::postgres::catalog::Existing;
use crate::postgres::schema as postgres;

/// What becomes of a schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conversion {
    pub(crate) target: postgres::Schema,
    /// One per table, in the order of `target.tables`.
    pub(crate) mappings: Vec<TableMapping>,
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
    /// What is made: not the tables that stand.
    pub(crate) fn made(&self) -> postgres::Schema {
        let mut made = self.target.clone();
        let mut mappings = self.mappings.iter();
        made.tables.retain(|_| mappings.next().is_none_or(|one| one.owner == Owner::Ours));
        made
    }

    /// Notes the tables and columns that are called otherwise.
    pub(crate) fn note_mapped(&mut self) {
        for mapping in &self.mappings {
            let (table, new) = (mapping.source.name.as_str(), &mapping.target.name);
            if table != new {
                self.named.tables.entry(table.to_owned()).or_default().name = Some(new.clone());
            }
            for column in &mapping.columns {
                let pair = (column.source.as_str(), column.target.as_str());
                self.named.note(table, |names| &mut names.columns, pair);
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
