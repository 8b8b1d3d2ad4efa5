//! What a run has taken away from tables that are not ours, as long as it is away.
//!
//! It belongs to no run: whoever comes next must know of it, whether it goes on with that run or not.

use super::{array, text, unreadable};
use crate::name::TableName;
use crate::postgres::connect::Session;
use crate::postgres::error::Error;
use crate::postgres::quote::literal;

/// A foreign key or a trigger that is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SetAside {
    /// `foreign key` or `trigger`.
    pub(crate) kind: &'static str,
    pub(crate) table: TableName,
    pub(crate) name: String,
    /// The statement that brings it back.
    pub(crate) restore: String,
    /// All that is known of it, as JSON.
    pub(crate) detail: String,
}

impl SetAside {
    /// Notes it, for the transaction that takes it away.
    pub(crate) fn note(&self) -> String {
        let Self { kind, table, name, restore, detail } = self;
        format!(
            "INSERT INTO nirvana.set_aside (kind, schema_name, table_name, name, restore, detail) \
             VALUES ({}, {}, {}, {}, {}, {}) ON CONFLICT (kind, schema_name, table_name, name) \
             DO UPDATE SET restore = excluded.restore, detail = excluded.detail",
            literal(kind),
            literal(&table.schema),
            literal(&table.name),
            literal(name),
            literal(restore),
            literal(detail)
        )
    }

    /// Brings it back, and forgets it in the same transaction.
    pub(crate) fn bring_back(&self) -> String {
        let Self { kind, table, name, restore, .. } = self;
        format!(
            "BEGIN; {restore}; DELETE FROM nirvana.set_aside WHERE kind = {} \
             AND schema_name = {} AND table_name = {} AND name = {}; COMMIT",
            literal(kind),
            literal(&table.schema),
            literal(&table.name),
            literal(name)
        )
    }
}

/// Of each thing that is away and concerns one of the schemas: its kind and its detail.
pub(crate) async fn away(
    session: &Session,
    schemas: &[&str],
) -> Result<Vec<(String, String)>, Error> {
    let exists = "SELECT 1 WHERE to_regclass('nirvana.set_aside') IS NOT NULL";
    if session.rows(exists).await?.is_empty() {
        return Ok(Vec::new());
    }
    let schemas = array(schemas);
    let sql = format!(
        "SELECT kind, detail FROM nirvana.set_aside WHERE schema_name = ANY ({schemas}) \
         OR detail -> 'referenced' ->> 'schema' = ANY ({schemas}) \
         ORDER BY kind, schema_name, table_name, name"
    );
    let rows = session.rows(&sql).await?;
    rows.iter().map(|row| Ok((text(session, row, 0)?, text(session, row, 1)?))).collect()
}

/// What the journal says of something that is away, read again.
pub(crate) fn detail<T: serde::de::DeserializeOwned>(
    session: &Session,
    json: &str,
) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|_no_detail| unreadable(session))
}
