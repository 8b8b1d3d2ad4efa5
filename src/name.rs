//! Names of tables and columns, and their two quotings.
//!
//! Sources: MySQL manual 11.2 "Schema Object Names"; PostgreSQL manual 4.1.1 "Identifiers".

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bytes a `PostgreSQL` identifier keeps; the server silently cuts what is longer.
pub(crate) const POSTGRES_NAME_BYTES: usize = 63;

/// A table with the `MySQL` database or `PostgreSQL` schema it stands in.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub(crate) struct TableName {
    pub(crate) schema: String,
    pub(crate) name: String,
}

impl TableName {
    pub(crate) fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }

    /// Whether somebody who writes `name` or `schema.name` may mean it.
    pub(crate) fn is_called(&self, word: &str) -> bool {
        word == self.name || word == self.to_string()
    }

    /// `` `schema`.`name` ``
    pub(crate) fn mysql(&self) -> String {
        format!("{}.{}", mysql_quoted(&self.schema), mysql_quoted(&self.name))
    }

    /// `"schema"."name"`
    pub(crate) fn postgres(&self) -> String {
        format!("{}.{}", postgres_quoted(&self.schema), postgres_quoted(&self.name))
    }
}

impl fmt::Display for TableName {
    /// For people: without quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// `` `name` ``, with backticks in the name doubled.
pub(crate) fn mysql_quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// `"name"`, with double quotes in the name doubled.
pub(crate) fn postgres_quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names quoted for `PostgreSQL` and joined by `, `.
pub(crate) fn postgres_list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let quoted: Vec<String> =
        names.into_iter().map(|name| postgres_quoted(name.as_ref())).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{TableName, mysql_quoted, postgres_quoted};

    #[test]
    fn quotes_are_doubled_not_escaped() {
        assert_eq!(mysql_quoted("a`b"), "`a``b`");
        assert_eq!(postgres_quoted("a\"b"), "\"a\"\"b\"");
        let table = TableName::new("my.db", "sel\"ect`");
        assert_eq!(table.mysql(), "`my.db`.`sel\"ect```");
        assert_eq!(table.postgres(), "\"my.db\".\"sel\"\"ect`\"");
        assert_eq!(table.to_string(), "my.db.sel\"ect`");
    }
}
