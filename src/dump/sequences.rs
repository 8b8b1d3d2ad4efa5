//! MariaDB's sequences where a tool took them for tables, as mydumper does: one row is all of one.
//!
//! Source: MariaDB's documentation, "Storing sequences: table structure".

use std::sync::Arc;

use super::{Dump, Error};
use crate::mysql::error::Truncated;
use crate::mysql::schema::Sequence;
use crate::mysql::wire::{Buffered, ValueCursor};
use crate::name::TableName;

/// The columns of such a table, as far as they are of the sequence.
const COLUMNS: [&str; 7] = [
    "next_not_cached_value",
    "minimum_value",
    "maximum_value",
    "start_value",
    "increment",
    "cache_size",
    "cycle_option",
];

/// Makes sequences of these tables.
pub(super) fn take(dump: Dump, tables: &[TableName]) -> Result<Dump, Error> {
    let dump = Arc::new(dump);
    let sequences: Result<Vec<_>, Error> = tables.iter().map(|name| read(&dump, name)).collect();
    let sequences = sequences?;
    let mut dump = dump.alone()?;
    dump.schema.tables.retain(|table| !tables.contains(&table.name));
    dump.pieces.retain(|name, _| !tables.contains(name));
    dump.schema.sequences.extend(sequences);
    dump.schema.sequences.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(dump)
}

fn read(dump: &Arc<Dump>, name: &TableName) -> Result<Sequence, Error> {
    let columns = COLUMNS.map(str::to_owned);
    let mut rows = dump.rows(name, &columns, (None, None))?;
    loop {
        match rows.next_buffered()? {
            Buffered::Row(row) => {
                let read = sequence(name, row);
                return read.map_err(|error| Error::Panicked(error.to_string()));
            }
            Buffered::Incomplete => {}
            Buffered::End => {
                let what = "the row that a sequence consists of is not there".to_owned();
                let path = dump.files.first().map(|file| file.path.clone()).unwrap_or_default();
                return Err(Error::Unreadable { path, at: 0, what: format!("{name}: {what}") });
            }
        }
        rows.fill_now()?;
    }
}

fn sequence(name: &TableName, row: &[u8]) -> Result<Sequence, Truncated> {
    let mut values = ValueCursor::new(row, COLUMNS.len())?;
    let mut number = || values.u64().map(|value| i128::from(value.cast_signed()));
    let (next, minimum, maximum) = (number()?, number()?, number()?);
    let (start, increment) = (number()?, number()?);
    let cache = number()?.try_into().unwrap_or(0);
    let cycles = values.u8()? != 0;
    let (name, comment) = (name.clone(), String::new());
    Ok(Sequence { name, start, increment, minimum, maximum, cycles, cache, next, comment })
}
