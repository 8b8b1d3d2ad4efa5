//! The key that a table is cut by, and how its values are written as literals.

use crate::migrate::mapping::TableMapping;
use crate::migrate::transcode::{Fitted, Number, Transcoder};
use crate::mysql::quote;
use crate::mysql::schema::{Collation, ColumnType, Index, IndexKey, IndexKind, Table};
use crate::name::{mysql_quoted, postgres_quoted};

/// The columns of a unique key, as many of them, from the first, as can be compared with literals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkKey {
    index: String,
    columns: Vec<KeyColumn>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct KeyColumn {
    source: String,
    target: String,
    kind: KeyKind,
}

/// How values of a key column are written, and whether the target orders them as the source does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum KeyKind {
    /// The same order on both sides.
    Integer,
    /// Bytes compared one by one: the same order on both sides.
    Bytes,
    /// Bytes in the source, a UUID in the target: the same order.
    Uuid,
    /// In the collation's order, which is the source's alone.
    Text(Collation),
    /// Dates, decimals, UUIDs…: as text that the source reads back.
    Printed,
}

impl ChunkKey {
    /// The primary key or else a unique key without NULLs; `None` if there is none that begins
    /// with a column we can compare, or if the engine keeps no snapshot, so that rows could move
    /// from one chunk into another.
    pub(crate) fn of(table: &Table, mapping: &TableMapping) -> Option<Self> {
        if !matches!(table.engine.to_ascii_lowercase().as_str(), "innodb" | "rocksdb") {
            return None;
        }
        // The server does not use what it hides, not even where it is told to.
        let unique = |index: &&Index| {
            index.visible && matches!(index.kind, IndexKind::Primary | IndexKind::Unique)
        };
        let mut candidates = table.indexes.iter().filter(unique);
        candidates.find_map(|index| Self::of_index(index, table, mapping))
    }

    fn of_index(index: &Index, table: &Table, mapping: &TableMapping) -> Option<Self> {
        let mut columns = Vec::new();
        for part in &index.parts {
            let IndexKey::Column(name) = &part.key else { break };
            let column = table.column(name)?;
            if column.nullable {
                return None;
            }
            // An index with mixed directions has no one order to seek in.
            if part.descending != index.parts[0].descending {
                break;
            }
            let mapped = mapping.columns.iter().find(|mapped| mapped.source == column.name)?;
            let kind = kind(&column.column_type, column.collation.as_ref(), &mapped.transcoder);
            let Some(kind) = kind else { break };
            let (source, target) = (mapped.source.clone(), mapped.target.clone());
            columns.push(KeyColumn { source, target, kind });
        }
        (!columns.is_empty()).then(|| Self { index: index.name.clone(), columns })
    }

    /// As many columns, from the first; `None` if there are not so many.
    pub(crate) fn first(mut self, columns: usize) -> Option<Self> {
        let enough = columns <= self.columns.len();
        self.columns.truncate(columns);
        enough.then_some(self)
    }

    /// Only the first column, where it is an integer: a range of it needs no search.
    pub(super) fn leading_integer(&self) -> Option<Self> {
        let first = self.columns.first().filter(|first| first.kind == KeyKind::Integer)?;
        Some(Self { index: self.index.clone(), columns: vec![first.clone()] })
    }

    pub(super) fn quoted_index(&self) -> String {
        mysql_quoted(&self.index)
    }

    pub(super) fn source_columns(&self) -> Vec<String> {
        self.columns.iter().map(|column| mysql_quoted(&column.source)).collect()
    }

    pub(super) fn target_columns(&self) -> Vec<String> {
        self.columns.iter().map(|column| postgres_quoted(&column.target)).collect()
    }

    /// What to select of a row so that `bound` can write it down.
    pub(super) fn probe(&self) -> String {
        let probes = self.columns.iter().map(|column| {
            let name = mysql_quoted(&column.source);
            match column.kind {
                KeyKind::Integer | KeyKind::Printed => name,
                KeyKind::Bytes | KeyKind::Uuid | KeyKind::Text(_) => format!("HEX({name})"),
            }
        });
        probes.collect::<Vec<_>>().join(", ")
    }

    /// A row of the probe as a bound.
    pub(super) fn bound(&self, probed: &[&str]) -> super::Bound {
        let pairs = || self.columns.iter().zip(probed);
        let source = pairs().map(|(column, value)| column.kind.source(value)).collect();
        let target = pairs().map(|(column, value)| column.kind.target(value)).collect();
        super::Bound::Key { source, target }
    }
}

/// A boolean of the target is compared with no number.
fn is_boolean(transcoder: &Transcoder) -> bool {
    let fitted =
        matches!(transcoder, Transcoder::Fitted(Fitted::Number { to: Number::Boolean, .. }));
    fitted || *transcoder == Transcoder::TinyToBoolean
}

fn kind(
    source: &ColumnType,
    collation: Option<&Collation>,
    transcoder: &Transcoder,
) -> Option<KeyKind> {
    // What is rewritten on its way is no longer what the source orders by.
    let transcoder = transcoder.unruled()?;
    Some(match source {
        _ if is_boolean(transcoder) => return None,
        ColumnType::TinyInt { .. }
        | ColumnType::SmallInt { .. }
        | ColumnType::MediumInt { .. }
        | ColumnType::Int { .. }
        | ColumnType::BigInt { .. }
        | ColumnType::Year => KeyKind::Integer,
        ColumnType::Binary { .. } if *transcoder == Transcoder::Fitted(Fitted::UuidBytes) => {
            KeyKind::Uuid
        }
        ColumnType::Binary { .. } | ColumnType::VarBinary { .. } => KeyKind::Bytes,
        ColumnType::Char { .. } | ColumnType::VarChar { .. } => KeyKind::Text(collation?.clone()),
        ColumnType::Decimal { .. }
        | ColumnType::Date
        | ColumnType::DateTime { .. }
        | ColumnType::Timestamp { .. }
        | ColumnType::Uuid => KeyKind::Printed,
        // ENUM and SET are ordered by their numbers and compared by their labels; floats print
        // inexactly; the others stand in no key, or only with a prefix of theirs.
        ColumnType::Float
        | ColumnType::Double
        | ColumnType::Bit { .. }
        | ColumnType::Time { .. }
        | ColumnType::Text
        | ColumnType::Blob
        | ColumnType::Enum { .. }
        | ColumnType::Set { .. }
        | ColumnType::Json { .. }
        | ColumnType::Geometry { .. }
        | ColumnType::Inet4
        | ColumnType::Inet6
        | ColumnType::Vector { .. }
        | ColumnType::Unknown { .. } => return None,
    })
}

impl KeyKind {
    fn source(&self, probed: &str) -> String {
        match self {
            Self::Integer => probed.to_owned(),
            Self::Bytes | Self::Uuid => format!("x'{probed}'"),
            // In the column's own charset and collation, so that its index serves.
            Self::Text(Collation { charset, name }) => {
                format!("_{charset} x'{probed}' COLLATE {name}")
            }
            Self::Printed => quote::literal(probed),
        }
    }

    fn target(&self, probed: &str) -> Option<String> {
        match self {
            Self::Integer => Some(probed.to_owned()),
            Self::Bytes => Some(format!("'\\x{probed}'::bytea")),
            Self::Uuid => Some(format!("'{probed}'::uuid")),
            Self::Text(_) | Self::Printed => None,
        }
    }
}
