//! What becomes of a schema, whoever decides it: `convert` makes a new one, `fit` fills one that stands.

use std::collections::HashMap;

use crate::finding::Finding;
use crate::migrate::fit::plan::Fit;
use crate::migrate::mapping::TableMapping;
use crate::name::TableName;
use crate::postgres::catalog::Existing;
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
}

/// Objects of the target that stand in the way and are to go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dropped {
    pub(crate) objects: Vec<Existing>,
    pub(crate) statements: Vec<String>,
}
