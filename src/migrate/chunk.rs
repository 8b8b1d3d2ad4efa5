//! A part of a table that one worker moves in one transaction: a range of its key.
//!
//! # Why every row is in exactly one chunk
//!
//! The bounds b1 < b2 < … cut the table's key order into the ranges (−∞, b1), [b1, b2), …,
//! [bn, +∞). A key's columns are NOT NULL and the order is the source's own, total one, so that for
//! each row and each bound exactly one of `key < b` and `key >= b` holds; both are written out
//! here, column by column, as complements of each other. The first range has no lower bound and
//! the last no upper one: rows beyond what was there when the bounds were chosen belong somewhere
//! too, which a resumed run relies on.

mod cut;
mod key;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub(crate) use cut::{CHUNK_BYTES, Plan, plans};
pub(crate) use key::ChunkKey;

use crate::migrate::mapping::TableMapping;
use crate::migrate::source::Selection;

/// Where the order of a table's rows is cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Bound {
    /// The order of a key: one literal per key column, leading columns first.
    Key {
        source: Vec<String>,
        /// `None` where the target orders such values in another way.
        target: Option<Vec<String>>,
    },
    /// The order of a dump, which the target does not know: the number of a piece.
    Piece { piece: u64 },
}

impl Bound {
    fn source(&self) -> &[String] {
        match self {
            Self::Key { source, .. } => source,
            Self::Piece { .. } => &[],
        }
    }

    fn target(&self) -> Option<&[String]> {
        match self {
            Self::Key { target, .. } => target.as_deref(),
            Self::Piece { .. } => None,
        }
    }

    /// How many columns of a key it speaks of, if it speaks of one.
    pub(crate) fn key_columns(&self) -> Option<usize> {
        match self {
            Self::Key { source, .. } => Some(source.len()),
            Self::Piece { .. } => None,
        }
    }

    fn piece(&self) -> Option<u64> {
        match self {
            Self::Key { .. } => None,
            Self::Piece { piece } => Some(*piece),
        }
    }
}

/// One range: from its lower bound on, and below its upper one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) lower: Option<Bound>,
    pub(crate) upper: Option<Bound>,
}

impl Chunk {
    /// Whether it is a whole table.
    pub(crate) fn is_whole(&self) -> bool {
        self.lower.is_none() && self.upper.is_none()
    }

    /// The chunks that bounds cut a table into.
    pub(crate) fn between(bounds: Vec<Bound>) -> Vec<Self> {
        let mut chunks = Vec::with_capacity(bounds.len() + 1);
        let mut lower = None;
        for bound in bounds {
            chunks.push(Self { lower: lower.replace(bound.clone()), upper: Some(bound) });
        }
        chunks.push(Self { lower, upper: None });
        chunks
    }

    /// The chunk's rows.
    pub(crate) fn selection(&self, key: Option<&ChunkKey>) -> Selection {
        match key.and_then(|key| Some((key, self.condition(&key.source_columns(), source)?))) {
            // The server might prefer to read the whole table for each chunk.
            Some((key, condition)) => {
                let hint = format!(" FORCE INDEX ({})", key.quoted_index());
                Selection::Where { hint, condition }
            }
            None if self.is_whole() => Selection::Whole,
            None => Selection::Pieces {
                from: piece(self.lower.as_ref()),
                to: piece(self.upper.as_ref()),
            },
        }
    }

    /// Removes the chunk's rows from the target; `None` where the target cannot tell them.
    pub(crate) fn delete(&self, mapping: &TableMapping, key: &ChunkKey) -> Option<String> {
        let condition = self.target_condition(key)?;
        Some(format!("DELETE FROM {} WHERE {condition}", mapping.emptied()))
    }

    /// Gives back the chunk's rows from the target; `None` where the target cannot tell them.
    pub(crate) fn copy_out(&self, mapping: &TableMapping, key: &ChunkKey) -> Option<String> {
        Some(mapping.copy_out_where(&format!(" WHERE {}", self.target_condition(key)?)))
    }

    fn target_condition(&self, key: &ChunkKey) -> Option<String> {
        let bounds = [&self.lower, &self.upper];
        if bounds.into_iter().flatten().any(|bound| bound.target().is_none()) {
            return None;
        }
        self.condition(&key.target_columns(), target)
    }

    fn condition(&self, columns: &[String], side: fn(&Bound) -> &[String]) -> Option<String> {
        let lower = self.lower.as_ref().map(|bound| at_least(columns, side(bound)));
        let upper = self.upper.as_ref().map(|bound| below(columns, side(bound)));
        let conditions: Vec<String> = lower.into_iter().chain(upper).collect();
        (!conditions.is_empty()).then(|| conditions.join(" AND "))
    }
}

fn source(bound: &Bound) -> &[String] {
    bound.source()
}

fn piece(bound: Option<&Bound>) -> Option<u64> {
    bound.and_then(Bound::piece)
}

fn target(bound: &Bound) -> &[String] {
    bound.target().unwrap_or_default()
}

/// `(a, b) >= (x, y)`, written out so that either server finds the range in its index.
fn at_least(columns: &[String], values: &[String]) -> String {
    compared(columns, values, [">", ">="])
}

/// `(a, b) < (x, y)`.
fn below(columns: &[String], values: &[String]) -> String {
    compared(columns, values, ["<", "<"])
}

/// `(a, b) > (x, y)`.
fn above(columns: &[String], values: &[String]) -> String {
    compared(columns, values, [">", ">"])
}

/// `strict` decides on all columns but the last, where equality has not been decided yet.
fn compared(columns: &[String], values: &[String], [strict, last]: [&str; 2]) -> String {
    let (Some(column), Some(value)) = (columns.first(), values.first()) else {
        // Nothing is compared to nothing: a caller's bound has a value for each column.
        return "TRUE".to_owned();
    };
    if columns.len() == 1 || values.len() == 1 {
        return format!("{column} {last} {value}");
    }
    let rest = compared(&columns[1..], &values[1..], [strict, last]);
    // The outer comparison is implied; optimizers read the range from it.
    format!("{column} {strict}= {value} AND ({column} {strict} {value} OR ({rest}))")
}
