//! AUTO_INCREMENT that rows leave to the server, as files that people write do: the column is not
//! listed, or its value is NULL. The server would count in the order of the rows, and so do we: such
//! a table is read once more, for the number that each of its pieces begins with.
//!
//! Source: `MySQL`'s manual, "Using `AUTO_INCREMENT`".

use std::sync::Arc;

use super::literal::{self, Kind, Parsed};
use super::piece::Pieces;
use super::value::{Around, Decoder};
use super::{Dump, Error};
use crate::mysql::schema::{Column, IndexKey, Table};
use crate::mysql::wire::Buffered;
use crate::name::TableName;

/// The AUTO_INCREMENT column of a reader, and its next number if it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counter {
    /// Its place in what is read.
    pub(super) at: usize,
    bytes: usize,
    unsigned: bool,
    pub(super) next: Option<u64>,
}

impl Counter {
    pub(super) fn new(at: usize, decoder: &Decoder, next: Option<u64>) -> Option<Self> {
        let (bytes, unsigned) = decoder.integer()?;
        Some(Self { at, bytes, unsigned, next })
    }

    /// Gives the next number to a row that has none.
    pub(super) fn give(&mut self, row: &mut Vec<u8>) -> Result<(), String> {
        let Some(next) = self.next else {
            return Err("left to the server's counter far behind rows with numbers of their own, \
                        or counted for each value of another column"
                .to_owned());
        };
        let bits = 8 * self.bytes as u32 - u32::from(!self.unsigned);
        if bits < 64 && next >> bits != 0 {
            return Err(format!("the counter has come to {next}, which it does not hold"));
        }
        row.extend_from_slice(&next.to_le_bytes()[..self.bytes]);
        self.next = Some(next.checked_add(1).ok_or("the counter is used up")?);
        Ok(())
    }

    /// Goes on behind the number of a row that has one.
    pub(super) fn pass(&mut self, value: &[u8]) {
        let Some(next) = self.next else { return };
        let mut bytes = [0; 8];
        bytes[..value.len()].copy_from_slice(value);
        let number = u64::from_le_bytes(bytes);
        let is_negative = !self.unsigned && value.last().is_some_and(|last| last & 0x80 != 0);
        if !is_negative {
            self.next = Some(next.max(number.saturating_add(1)));
        }
    }
}

/// So much of a statement is looked at: people write short ones.
const LOOK_BYTES: usize = 64 * 1024;

/// Notes which values of a statement's first rows are left to the server.
pub(super) fn note(pieces: &mut Pieces, list: usize, (rows, around): (&[u8], Around)) {
    let (mut literals, mut rest) = (Vec::new(), &rows[..rows.len().min(LOOK_BYTES)]);
    while let Some(at) = rest.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != b',')
        && rest[at] == b'('
        && let Parsed::Row(length) = literal::row(&rest[at..], around.quoting, &mut literals)
    {
        let is_left = |kind: Kind| matches!(kind, Kind::Null | Kind::Default);
        let left = literals.iter().enumerate().filter(|(_, one)| is_left(one.kind));
        pieces.left.extend(left.map(|(at, _)| (list, at)));
        rest = &rest[at + length..];
    }
}

/// The column that this dump leaves to the server's counter, in all rows or in some.
pub(super) fn column<'t>(table: &'t Table, pieces: &Pieces) -> Option<&'t Column> {
    let column = table.columns.iter().find(|column| column.auto_increment)?;
    // MyISAM counts for each value of what stands before it in a key.
    let is_alone = table.indexes.iter().any(|index| {
        let first = index.parts.first().map(|part| &part.key);
        matches!(first, Some(IndexKey::Column(name)) if *name == column.name)
    });
    let is_left = pieces.lists.iter().enumerate().any(|(at, list)| {
        let place = if let Some(list) = list {
            list.iter().position(|name| name.eq_ignore_ascii_case(&column.name))
        } else {
            let mut given = table.columns.iter().filter(|one| !one.invisible);
            given.position(|one| one.name == column.name)
        };
        place.is_none_or(|place| pieces.left.contains(&(at, place)))
    });
    (is_alone && is_left).then_some(column)
}

/// Tells each piece of such tables with what number it begins.
pub(super) fn number(mut dump: Dump) -> Result<Dump, Error> {
    let counted = dump.schema.tables.iter().filter_map(|table| {
        let column = column(table, dump.pieces.get(&table.name)?)?;
        let first = table.auto_increment.unwrap_or(1).max(1);
        Some((table.name.clone(), column.name.clone(), first))
    });
    for (table, column, first) in counted.collect::<Vec<_>>() {
        for piece in dump.pieces.get_mut(&table).into_iter().flat_map(|found| &mut found.pieces) {
            piece.counts_from = Some(first);
        }
        let whole = Arc::new(dump);
        let starts = starts(&whole, (&table, &column), first)?;
        dump = whole.alone()?;
        let pieces = dump.pieces.get_mut(&table).into_iter().flat_map(|found| &mut found.pieces);
        for (piece, start) in pieces.zip(starts) {
            piece.counts_from = Some(start);
        }
    }
    Ok(dump)
}

fn starts(
    dump: &Arc<Dump>,
    (table, column): (&TableName, &str),
    mut next: u64,
) -> Result<Vec<u64>, Error> {
    let mut starts = Vec::new();
    for at in 0..dump.pieces(table).len() as u64 {
        starts.push(next);
        let mut rows = dump.rows(table, &[column.to_owned()], (Some(at), Some(at + 1)))?;
        rows.count_from(next);
        loop {
            match rows.next_buffered()? {
                Buffered::Row(_) => continue,
                Buffered::Incomplete => {}
                Buffered::End => break,
            }
            rows.fill_now()?;
        }
        next = rows.counted().unwrap_or(next);
    }
    Ok(starts)
}

#[cfg(test)]
mod tests {
    use super::Counter;

    fn counter(bytes: usize, unsigned: bool, next: u64) -> Counter {
        Counter { at: 0, bytes, unsigned, next: Some(next) }
    }

    #[test]
    fn numbers_go_on_behind_the_largest() {
        let mut counter = counter(4, false, 7);
        let mut row = Vec::new();
        counter.give(&mut row).unwrap();
        assert_eq!((row.as_slice(), counter.next), ([7, 0, 0, 0].as_slice(), Some(8)));
        counter.pass(&3_i32.to_le_bytes());
        assert_eq!(counter.next, Some(8));
        counter.pass(&(-5_i32).to_le_bytes());
        assert_eq!(counter.next, Some(8));
        counter.pass(&1000_i32.to_le_bytes());
        assert_eq!(counter.next, Some(1001));
    }

    #[test]
    fn a_type_holds_what_it_holds() {
        for (bytes, unsigned, last) in
            [(1, false, 127), (1, true, 255), (8, false, i64::MAX as u64), (8, true, u64::MAX - 1)]
        {
            let mut counter = counter(bytes, unsigned, last);
            let mut row = Vec::new();
            assert_eq!(counter.give(&mut row), Ok(()), "{bytes}");
            assert!(counter.give(&mut row).is_err(), "{bytes}");
        }
    }
}
