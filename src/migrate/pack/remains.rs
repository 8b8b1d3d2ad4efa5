//! What could not be carried as it was: rows that the target cannot hold, and values that were
//! altered. They stand in the directory, a JSON object a line.

use serde_json::{Value, json};

use crate::archive::{Compression, DataFile, Error, FileFact, Folder};
use crate::migrate::copied::Copied;
use crate::migrate::mapping::TableMapping;
use crate::postgres::journal::QuarantinedRow;

/// Rows that are set aside.
pub(crate) const QUARANTINED: &str = "quarantined.jsonl";
pub(super) const ALTERED: &str = "altered.jsonl";

/// The file of rows that are set aside, once there is one.
#[derive(Default)]
pub(super) struct Remains {
    file: Option<DataFile>,
}

impl Remains {
    pub(super) fn keep(
        &mut self,
        folder: &Folder,
        mapping: &TableMapping,
        rows: &[QuarantinedRow],
    ) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            self.file = Some(folder.file(QUARANTINED, Compression::None)?);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        for QuarantinedRow { key, column, reason, row } in rows {
            let [key, row] = [key.as_deref(), Some(row.as_str())].map(parsed);
            let line = json!({
                "table": &mapping.source, "key": key, "column": column, "reason": reason, "row": row,
            });
            file.write(format!("{line}\n").as_bytes())?;
        }
        Ok(())
    }

    /// The file, on the disk, if there is one.
    pub(super) fn finish(self) -> Result<Option<FileFact>, Error> {
        self.file.map(DataFile::finish).transpose()
    }
}

/// JSON of ours, which is told as text should it be none.
fn parsed(json: Option<&str>) -> Value {
    let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_none| text.into());
    json.map_or(Value::Null, value)
}

/// The lines of altered.jsonl.
pub(super) fn altered(mapping: &TableMapping, copied: &Copied) -> String {
    let values = copied.altered_values(mapping).into_iter();
    values
        .flat_map(|values| {
            let line = json!({
                "table": &mapping.source, "column": values.column, "what": values.what,
                "count": values.count, "first_keys": values.first_keys,
            });
            [line.to_string(), "\n".to_owned()]
        })
        .collect()
}
