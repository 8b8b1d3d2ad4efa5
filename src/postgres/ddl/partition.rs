//! Partitioned tables and their partitions.

use crate::name::{TableName, postgres_list, postgres_quoted};
use crate::postgres::quote::literal;
use crate::postgres::schema::{Partitioning, Table};

/// What stands behind the columns of a partitioned table.
pub(super) fn clause(partitioning: &Partitioning) -> String {
    format!(" PARTITION BY {} ({})", partitioning.strategy.word(), postgres_list(&partitioning.key))
}

/// The partitions with their comments; none of a table that has none.
pub(crate) fn create_partitions(table: &Table) -> Vec<String> {
    let mut statements = Vec::new();
    for partition in table.partitioning.iter().flat_map(|parts| &parts.partitions) {
        let name = TableName::new(&table.name.schema, &partition.name).postgres();
        let check = partition.check.as_ref().map(|condition| {
            // A name of our own: those that the server gives may be another table's.
            let check = postgres_quoted("only_null");
            format!(" (\n    CONSTRAINT {check} CHECK ({condition})\n)")
        });
        statements.push(format!(
            "CREATE TABLE {name} PARTITION OF {}{} {}",
            table.name.postgres(),
            check.unwrap_or_default(),
            partition.bound
        ));
        if !partition.comment.is_empty() {
            let comment = literal(&partition.comment);
            statements.push(format!("COMMENT ON TABLE {name} IS {comment}"));
        }
    }
    statements
}
