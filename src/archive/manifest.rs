//! What a directory says of itself. Its JSON Schema is published: schemas/manifest.schema.json.

use std::time::{SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::name::TableName;
use crate::report::SnapshotReport;

/// The form of the directory; the number grows when a reader of the old form would misread.
pub(crate) const SCHEMA: &str = "nirvana-directory/1";

/// All that is known of a finished directory.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Manifest {
    /// The form of the directory, such as `nirvana-directory/1`.
    pub(crate) schema: String,
    pub(crate) tool_version: String,
    /// When it was finished, in UTC.
    pub(crate) made_at: String,
    /// The address of the source, without its password.
    pub(crate) source: String,
    /// The instant of the source that the rows are of, and its position in the binary log.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub(crate) snapshot: Option<SnapshotReport>,
    pub(crate) target: Assumed,
    pub(crate) data: DataForm,
    pub(crate) tables: Vec<Table>,
    /// All files but this one and SHA256SUMS.
    pub(crate) files: Vec<FileFact>,
    /// What a person should know before an application uses the loaded database.
    #[serde(skip_deserializing)]
    pub(crate) findings: Vec<Finding>,
}

/// What the server is taken to be that will load it, as no server was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Assumed {
    /// The schemas that everything goes into; a directory that was written when there was but one
    /// says nothing here.
    #[serde(default)]
    pub(crate) schemas: Vec<String>,
    /// The oldest major version of PostgreSQL that loads it.
    pub(crate) postgres: u16,
    pub(crate) extensions: Vec<Extension>,
}

/// An extension that must be there, or be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Extension {
    pub(crate) name: String,
    pub(crate) schema: String,
}

/// How rows stand in the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct DataForm {
    pub(crate) format: Format,
    pub(crate) compression: Compression,
}

/// The FORMAT of COPY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    Binary,
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

/// A table and its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Table {
    pub(crate) source: TableName,
    pub(crate) target: TableName,
    /// Those that the files have first, in their order; then those that the server generates.
    pub(crate) columns: Vec<Column>,
    /// How many of the columns the files have.
    pub(crate) copied: usize,
    /// The columns that tell its rows apart, as the target names them; none without a key.
    pub(crate) key: Vec<String>,
    pub(crate) partitioned: bool,
    pub(crate) rows: u64,
    /// The sum of its rows' digests, generated columns included, in hexadecimal: of each row the
    /// XXH3 (128 bits) of its fields in binary COPY, each with its length.
    pub(crate) digest: String,
    /// Rows that PostgreSQL cannot hold; they stand in quarantined.jsonl.
    pub(crate) quarantined: u64,
    pub(crate) chunks: Vec<Chunk>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Column {
    /// As the source names it.
    pub(crate) source: String,
    pub(crate) target: String,
}

/// Rows of a table in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Chunk {
    /// From the directory on, with slashes.
    pub(crate) file: String,
    pub(crate) rows: u64,
    /// Of COPY data, before it is compressed.
    pub(crate) bytes: u64,
}

/// A file as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct FileFact {
    /// From the directory on, with slashes.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// In hexadecimal.
    pub(crate) sha256: String,
}

impl Manifest {
    /// The instant now, as `2026-11-28T07:25:29Z`.
    pub(crate) fn now() -> String {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        utc(since.as_secs())
    }

    pub(crate) fn file(&self, path: &str) -> Option<&FileFact> {
        self.files.iter().find(|file| file.path == path)
    }
}

/// Seconds since 1970 as a time in UTC.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn seconds_are_a_time_in_utc() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_795_850_729), "2026-11-28T07:25:29Z");
        assert_eq!(utc(4_102_444_799), "2099-12-31T23:59:59Z");
    }
}
