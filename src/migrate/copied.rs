//! What became of rows on their way: how many, what was altered, what the target cannot hold.

use std::ops::AddAssign;

use serde_json::{Map, Value};

use crate::migrate::digest::Digest;
use crate::migrate::mapping::TableMapping;
use crate::migrate::transcode::Alteration;
use crate::mysql::wire::{ColumnDefinition, row_as_json};
use crate::postgres::journal::{AlteredValues, QuarantinedRow};

/// So many rows of a kind are told by their keys; the others are counted.
const TOLD: usize = 3;

/// Characters of one value in a key that is told.
const KEY_CHARACTERS: usize = 60;

/// Rows of a chunk that may be set aside, and their bytes: more are no exception but the rule, and
/// the table is given up.
const QUARANTINED_ROWS: usize = 10_000;
const QUARANTINED_BYTES: usize = 64 * 1024 * 1024;

/// Values of a column that were altered in one way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Altered {
    count: u64,
    first_keys: Vec<String>,
}

impl Altered {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.first_keys.extend(other.first_keys.iter().cloned());
        self.first_keys.truncate(TOLD);
    }
}

/// Rows that were set aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusals {
    pub(crate) count: u64,
    /// How many of them somebody has asked for by name.
    pub(crate) asked: u64,
    /// Of the first ones: what tells them from others, and why.
    pub(crate) first: Vec<(String, String)>,
}

/// What was moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Copied {
    /// Of the rows that are in the target.
    pub(crate) digest: Digest,
    /// Bytes of COPY data.
    pub(crate) bytes: u64,
    pub(crate) refused: Refusals,
    /// By column, then by kind of alteration; no columns where none were.
    altered: Vec<[Altered; Alteration::ALL.len()]>,
}

/// Alterations of one column: its name in the source, what was done, how often, and to which rows
/// first.
pub(crate) struct ColumnAlteration<'a> {
    pub(crate) column: &'a str,
    pub(crate) alteration: Alteration,
    pub(crate) count: u64,
    pub(crate) first_keys: &'a [String],
}

impl Copied {
    /// Rows of which no more is known.
    pub(crate) fn of(digest: Digest) -> Self {
        Self { digest, ..Self::default() }
    }

    /// What was altered, column by column.
    pub(crate) fn alterations<'a>(
        &'a self,
        mapping: &'a TableMapping,
    ) -> impl Iterator<Item = ColumnAlteration<'a>> {
        mapping.columns.iter().zip(&self.altered).flat_map(|(column, altered)| {
            let kinds = Alteration::ALL.iter().zip(altered).filter(|(_, one)| one.count > 0);
            kinds.map(|(alteration, Altered { count, first_keys })| ColumnAlteration {
                column: &column.source,
                alteration: *alteration,
                count: *count,
                first_keys,
            })
        })
    }

    /// The same, as the journal keeps it.
    pub(crate) fn altered_values(&self, mapping: &TableMapping) -> Vec<AlteredValues> {
        self.alterations(mapping)
            .map(|altered| AlteredValues {
                column: altered.column.to_owned(),
                what: altered.alteration.words(),
                count: altered.count,
                first_keys: altered.first_keys.to_vec(),
            })
            .collect()
    }
}

impl AddAssign<&Self> for Copied {
    fn add_assign(&mut self, other: &Self) {
        self.digest += other.digest;
        self.bytes += other.bytes;
        self.refused.count += other.refused.count;
        self.refused.asked += other.refused.asked;
        self.refused.first.extend(other.refused.first.iter().cloned());
        self.refused.first.truncate(TOLD);
        if self.altered.len() < other.altered.len() {
            self.altered.resize(other.altered.len(), Default::default());
        }
        for (kinds, more) in self.altered.iter_mut().zip(&other.altered) {
            for (kind, more) in kinds.iter_mut().zip(more) {
                kind.add(more);
            }
        }
    }
}

/// Keeps account of rows while they are read: what is told of them later, and those that are set
/// aside, whole.
#[derive(Debug)]
pub(crate) struct Account<'a> {
    mapping: &'a TableMapping,
    columns: &'a [ColumnDefinition],
    pub(crate) copied: Copied,
    pub(crate) quarantined: Vec<QuarantinedRow>,
    quarantined_bytes: usize,
}

impl<'a> Account<'a> {
    pub(crate) fn new(mapping: &'a TableMapping, columns: &'a [ColumnDefinition]) -> Self {
        Self {
            mapping,
            columns,
            copied: Copied::default(),
            quarantined: Vec::new(),
            quarantined_bytes: 0,
        }
    }

    /// A value of this row was altered.
    #[cold]
    pub(crate) fn altered(&mut self, column: usize, alteration: Alteration, payload: &[u8]) {
        let altered = &mut self.copied.altered;
        if altered.is_empty() {
            altered.resize(self.mapping.columns.len(), Default::default());
        }
        let altered = &mut altered[column][alteration as usize];
        altered.count += 1;
        if altered.first_keys.len() < TOLD {
            let row = row_as_json(payload, self.columns).unwrap_or_default();
            altered.first_keys.push(key_words(self.mapping, &row));
        }
    }

    /// Sets a row aside as somebody has asked for by name.
    #[cold]
    pub(crate) fn quarantine_as_asked(
        &mut self,
        payload: &[u8],
        refusal: (Option<String>, String),
    ) -> bool {
        self.copied.refused.asked += 1;
        self.quarantine(payload, refusal)
    }

    /// Sets a row aside; `false` if there are too many of them.
    #[cold]
    pub(crate) fn quarantine(
        &mut self,
        payload: &[u8],
        (column, reason): (Option<String>, String),
    ) -> bool {
        let row = row_as_json(payload, self.columns).unwrap_or_default();
        // The journal is text, which has no U+0000; the row itself is JSON, which has a word for it.
        let reason = reason.replace('\0', "\u{FFFD}");
        let refused = &mut self.copied.refused;
        refused.count += 1;
        if refused.first.len() < TOLD {
            refused.first.push((key_words(self.mapping, &row), reason.clone()));
        }
        let key = key(self.mapping, &row);
        let key = (!key.is_empty()).then(|| Value::Object(readable(key)).to_string());
        let row = Value::Object(readable(row)).to_string();
        self.quarantined_bytes += row.len();
        self.quarantined.push(QuarantinedRow { key, column, reason, row });
        self.quarantined.len() <= QUARANTINED_ROWS && self.quarantined_bytes <= QUARANTINED_BYTES
    }

    /// Adds what was counted elsewhere; `false` if too many rows are set aside now.
    pub(crate) fn take(&mut self, other: Account<'_>) -> bool {
        self.copied += &other.copied;
        self.quarantined.extend(other.quarantined);
        self.quarantined_bytes += other.quarantined_bytes;
        self.quarantined.len() <= QUARANTINED_ROWS && self.quarantined_bytes <= QUARANTINED_BYTES
    }
}

/// The target's JSON functions read no U+0000: it is written as the six characters `\u0000`.
fn readable(mut row: Map<String, Value>) -> Map<String, Value> {
    for value in row.values_mut() {
        if let Value::String(text) = value
            && text.contains('\0')
        {
            *text = text.replace('\0', "\\u0000");
        }
    }
    row
}

/// The key's columns.
fn key(mapping: &TableMapping, row: &Map<String, Value>) -> Map<String, Value> {
    let names = mapping.key.iter().filter_map(|position| mapping.columns.get(*position));
    let values = names.filter_map(|column| row.get_key_value(&column.source));
    values.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// `id=7, kind=web`, or all columns where there is no key.
fn key_words(mapping: &TableMapping, row: &Map<String, Value>) -> String {
    let key = key(mapping, row);
    let shown = if key.is_empty() { row } else { &key };
    let words = shown.iter().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // The target's text takes no U+0000.
        let text = text.replace('\0', "\\0");
        let short: String = text.chars().take(KEY_CHARACTERS).collect();
        let more = if short.len() < text.len() { "…" } else { "" };
        format!("{name}={short}{more}")
    });
    words.collect::<Vec<_>>().join(", ")
}
