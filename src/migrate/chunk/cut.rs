//! Where a table is cut. Boundaries are chosen by the source's own estimates, so that nothing is
//! scanned for an integer key; a wrong estimate makes chunks uneven and nothing else.

use std::sync::{Mutex, PoisonError};

use super::{Bound, Chunk, ChunkKey, above};
use crate::migrate::mapping::TableMapping;
use crate::migrate::source::Reader;
use crate::mysql::error::Error;
use crate::mysql::schema::{Schema, Table};
use crate::mysql::wire::{Connection, TextRow};

/// How a table is cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// `None` for a table that is one chunk.
    pub(crate) key: Option<ChunkKey>,
    pub(crate) chunks: Vec<Chunk>,
}

impl Plan {
    pub(crate) fn whole() -> Self {
        Self { key: None, chunks: vec![Chunk::default()] }
    }
}

/// Source data that one chunk should hold.
pub(crate) const CHUNK_BYTES: u64 = 64 * 1024 * 1024;

/// Cuts the tables into chunks, as many at once as there are readers.
pub(crate) async fn plans(
    (schema, mappings): (&Schema, &[TableMapping]),
    readers: &mut [&mut Reader],
    bytes: u64,
) -> Result<Vec<Plan>, Error> {
    let waiting = Mutex::new(mappings.iter().enumerate());
    let cutting = readers.iter_mut().map(async |reader| {
        let mut plans = Vec::new();
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((at, mapping)) = next else { return Ok::<_, Error>(plans) };
            let table = schema.tables.iter().find(|table| table.name == mapping.source);
            let plan = match table {
                Some(table) => match reader {
                    Reader::Server(connection) => plan(connection, table, mapping, bytes).await?,
                    Reader::Dump(dump) => of_pieces(&dump.pieces(&table.name), bytes),
                },
                None => Plan::whole(),
            };
            plans.push((at, plan));
        }
    });
    let parts = futures_util::future::try_join_all(cutting).await?;
    let mut plans: Vec<(usize, Plan)> = parts.into_iter().flatten().collect();
    plans.sort_by_key(|(at, _)| *at);
    Ok(plans.into_iter().map(|(_, plan)| plan).collect())
}

/// Chunks of a dump's pieces, each of about so many bytes of its text.
fn of_pieces(pieces: &[u64], chunk_bytes: u64) -> Plan {
    let (mut bounds, mut held) = (Vec::new(), 0_u64);
    for (piece, bytes) in pieces.iter().enumerate() {
        if held > 0 && held.saturating_add(*bytes) > chunk_bytes {
            bounds.push(Bound::Piece { piece: piece as u64 });
            held = 0;
        }
        held = held.saturating_add(*bytes);
    }
    Plan { key: None, chunks: Chunk::between(bounds) }
}

/// Cuts a table into chunks of about `chunk_bytes` of the source's data.
pub(super) async fn plan(
    reader: &mut Connection,
    table: &Table,
    mapping: &TableMapping,
    chunk_bytes: u64,
) -> Result<Plan, Error> {
    if table.bytes_estimate < chunk_bytes.saturating_mul(3) / 2 || table.rows_estimate < 2 {
        return Ok(Plan::whole());
    }
    let Some(key) = ChunkKey::of(table, mapping) else {
        return Ok(Plan::whole());
    };
    let row_bytes = (table.bytes_estimate / table.rows_estimate).max(1);
    let rows = (chunk_bytes / row_bytes).max(1);
    let mut cutter = Cutter { reader, table, rows };
    if let Some(leading) = key.leading_integer()
        && let Some(bounds) = cutter.integer_bounds(&leading).await?
    {
        return Ok(Plan { key: Some(leading), chunks: Chunk::between(bounds) });
    }
    let bounds = cutter.sought_bounds(&key).await?;
    Ok(Plan { key: Some(key), chunks: Chunk::between(bounds) })
}

struct Cutter<'a> {
    reader: &'a mut Connection,
    table: &'a Table,
    /// Per chunk.
    rows: u64,
}

/// A range of an integer key, both ends included, and the rows that the server expects in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    low: i128,
    high: i128,
    rows: u64,
}

impl Cutter<'_> {
    /// Halves ranges until the server expects few enough rows in each, which finds gaps on the
    /// way, and then joins neighbours that are small. `None` if one value has too many rows, or if
    /// what the server expects is of no use.
    async fn integer_bounds(&mut self, key: &ChunkKey) -> Result<Option<Vec<Bound>>, Error> {
        let column = key.source_columns().concat();
        let name = self.table.name.mysql();
        let ends = format!("SELECT MIN({column}), MAX({column}) FROM {name}");
        let rows = self.reader.rows(&ends).await?;
        let Some((low, high)) =
            rows.first().and_then(|row| Some((integer(row, 0)?, integer(row, 1)?)))
        else {
            return Ok(Some(Vec::new()));
        };
        let mut open = vec![Range { low, high, rows: self.table.rows_estimate }];
        let mut ranges: Vec<Range> = Vec::new();
        // A server that expects as many rows in each half as in the whole would be asked for ever.
        let mut questions = 64 * (2 + self.table.rows_estimate / self.rows);
        while questions > 0
            && let Some(range) = open.pop()
        {
            if range.rows <= self.rows {
                join(&mut ranges, range, self.rows);
            } else if range.low == range.high {
                if range.rows > 3 * self.rows {
                    return Ok(None);
                }
                ranges.push(range);
            } else {
                // The lower half is taken first: ranges come out in order.
                let middle = range.low + (range.high - range.low) / 2;
                questions = questions.saturating_sub(1);
                open.push(self.range(key, middle + 1, range.high).await?);
                open.push(self.range(key, range.low, middle).await?);
            }
        }
        let expected: u64 = ranges.iter().map(|range| range.rows).sum();
        if questions == 0 || expected < self.table.rows_estimate / 4 {
            return Ok(None);
        }
        let cuts = ranges.iter().skip(1);
        Ok(Some(cuts.map(|range| key.bound(&[&range.low.to_string()])).collect()))
    }

    /// `USE` and not `FORCE INDEX`: for that `MySQL` 8 and later does not look into the index, and
    /// expects one row (manual: range optimization, "Equality Range Optimization").
    async fn range(&mut self, key: &ChunkKey, low: i128, high: i128) -> Result<Range, Error> {
        let column = key.source_columns().concat();
        let sql = format!(
            "EXPLAIN FORMAT=TRADITIONAL SELECT {column} FROM {} USE INDEX ({}) WHERE {column} BETWEEN {low} AND {high}",
            self.table.name.mysql(),
            key.quoted_index(),
        );
        let rows = self.reader.rows(&sql).await?;
        let expected = rows.first().and_then(rows_expected).unwrap_or(0);
        // The server expects at least one row wherever it looks.
        Ok(Range { low, high, rows: expected })
    }

    /// Walks along the key's index from bound to bound.
    async fn sought_bounds(&mut self, key: &ChunkKey) -> Result<Vec<Bound>, Error> {
        let columns = key.source_columns();
        let (probe, order) = (key.probe(), columns.join(", "));
        let (name, index) = (self.table.name.mysql(), key.quoted_index());
        let mut bounds: Vec<Bound> = Vec::new();
        loop {
            let after =
                bounds.last().map(|last| format!(" WHERE {}", above(&columns, last.source())));
            let sql = format!(
                "SELECT {probe} FROM {name} FORCE INDEX ({index}){} ORDER BY {order} LIMIT {}, 1",
                after.unwrap_or_default(),
                self.rows,
            );
            let rows = self.reader.rows(&sql).await?;
            let Some(row) = rows.first() else { return Ok(bounds) };
            let probed: Result<Vec<&str>, Error> =
                (0..columns.len()).map(|at| row.required(at)).collect();
            bounds.push(key.bound(&probed?));
        }
    }
}

/// Adds a range, to its neighbour if both are small.
fn join(ranges: &mut Vec<Range>, range: Range, rows: u64) {
    match ranges.last_mut() {
        Some(last) if last.rows + range.rows <= rows => {
            last.high = range.high;
            last.rows += range.rows;
        }
        _ => ranges.push(range),
    }
}

fn integer(row: &TextRow, at: usize) -> Option<i128> {
    row.text(at)?.parse().ok()
}

/// The column `rows` of an EXPLAIN; a range that is known to be empty has none.
fn rows_expected(row: &TextRow) -> Option<u64> {
    row.named("rows")?.parse().ok()
}
