//! Columns of tables that stand which take numbers from a sequence: where it is to go on. Pure.

use crate::migrate::fit::plan::Counter;
use crate::migrate::mapping::TableMapping;
use crate::mysql::schema as mysql;
use crate::postgres::standing::StandingTable;

/// Those of a table.
pub(super) fn counters(
    source: &mysql::Table,
    mapping: &TableMapping,
    there: &StandingTable,
) -> Vec<Counter> {
    let copied = mapping.columns[..mapping.copied].iter();
    let counters = copied.filter_map(|column| {
        let known = there.columns.iter().find(|known| known.name == column.target)?;
        let counted = source.column(&column.source).is_some_and(|from| from.auto_increment);
        let next = source.auto_increment.filter(|_| counted).unwrap_or(1);
        Some(Counter {
            table: mapping.target.clone(),
            column: column.target.clone(),
            sequence: known.sequence.clone()?,
            last: next.saturating_sub(1),
        })
    });
    counters.collect()
}
