//! Rows of the text protocol, for catalogs: small, owned and convenient.

use std::ops::Range;
use std::sync::Arc;

use super::column::{COLLATION_BINARY, ColumnDefinition};
use super::payload::PayloadReader;
use crate::mysql::error::{Error, Truncated};

/// In a text row this byte stands for NULL in place of a length.
const NULL: u8 = 0xFB;

/// One row; values are asked for by position.
#[derive(Clone, Debug)]
pub(crate) struct TextRow {
    columns: Arc<[ColumnDefinition]>,
    payload: Vec<u8>,
    values: Vec<Option<Range<usize>>>,
}

impl TextRow {
    /// Fails where a text column is not UTF-8, which `SET NAMES utf8mb4` rules out: so `text`
    /// never passes over a value of a text column.
    pub(super) fn parse(columns: &Arc<[ColumnDefinition]>, payload: &[u8]) -> Result<Self, Error> {
        let mut reader = PayloadReader::new(payload);
        let mut values = Vec::with_capacity(columns.len());
        for column in columns.iter() {
            if reader.rest().first() == Some(&NULL) {
                reader.u8()?;
                values.push(None);
                continue;
            }
            let bytes = reader.bytes()?;
            if column.collation != COLLATION_BINARY && std::str::from_utf8(bytes).is_err() {
                return Err(value_error(column, "not UTF-8"));
            }
            let end = payload.len() - reader.rest().len();
            values.push(Some(end - bytes.len()..end));
        }
        if !reader.rest().is_empty() {
            return Err(Error::Truncated(Truncated));
        }
        Ok(Self { columns: Arc::clone(columns), payload: payload.to_vec(), values })
    }

    /// `None` where the value is NULL, or the row has no such column.
    pub(crate) fn bytes(&self, column: usize) -> Option<&[u8]> {
        let range = self.values.get(column)?.clone()?;
        self.payload.get(range)
    }

    /// `None` where the value is NULL, the row has no such column, or a value of a binary column
    /// is not UTF-8 (see `bytes`).
    pub(crate) fn text(&self, column: usize) -> Option<&str> {
        std::str::from_utf8(self.bytes(column)?).ok()
    }

    /// Text that cannot be NULL.
    pub(crate) fn required(&self, column: usize) -> Result<&str, Error> {
        let bytes = self.bytes(column).ok_or_else(|| self.problem(column, "NULL"))?;
        std::str::from_utf8(bytes).map_err(|_invalid| self.problem(column, "not UTF-8"))
    }

    pub(crate) fn number(&self, column: usize) -> Result<Option<u64>, Error> {
        let Some(bytes) = self.bytes(column) else {
            return Ok(None);
        };
        let number = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
        number.map(Some).ok_or_else(|| self.problem(column, "no whole number"))
    }

    /// The text of the column that has this name in the answer.
    pub(crate) fn named(&self, name: &str) -> Option<&str> {
        self.text(self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))?)
    }

    fn problem(&self, column: usize, problem: &'static str) -> Error {
        match self.columns.get(column) {
            Some(definition) => value_error(definition, problem),
            None => Error::Value { column: (column + 1).to_string(), problem: "absent" },
        }
    }
}

fn value_error(column: &ColumnDefinition, problem: &'static str) -> Error {
    Error::Value { column: column.name.clone(), problem }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::TextRow;
    use crate::mysql::wire::column::{COLLATION_BINARY, ColumnDefinition, WireType};

    fn columns(collations: &[u16]) -> Arc<[ColumnDefinition]> {
        let column = |(at, collation): (usize, &u16)| ColumnDefinition {
            name: format!("c{at}"),
            wire_type: WireType::VarString,
            collation: *collation,
            length: 0,
            flags: 0,
            decimals: 0,
        };
        collations.iter().enumerate().map(column).collect()
    }

    #[test]
    fn values_by_position() {
        let columns = columns(&[45, 45, 45, COLLATION_BINARY]);
        let row = TextRow::parse(&columns, b"\x04caf\xC3\xFB\x0242\x01\xFF");
        assert_eq!(row.unwrap_err().to_string(), "column c0 of a catalog row is not UTF-8");
        let row = TextRow::parse(&columns, b"\x05caf\xC3\xA9\xFB\x0242\x01\xFF").unwrap();
        assert_eq!((row.values.len(), row.text(0), row.text(1)), (4, Some("café"), None));
        assert_eq!(row.number(2).unwrap(), Some(42));
        assert_eq!(row.number(1).unwrap(), None);
        assert_eq!((row.text(3), row.bytes(3)), (None, Some(&b"\xFF"[..])));
        let message = |column: usize| row.required(column).unwrap_err().to_string();
        assert_eq!(message(1), "column c1 of a catalog row is NULL");
        assert_eq!(message(3), "column c3 of a catalog row is not UTF-8");
        assert_eq!(message(9), "column 10 of a catalog row is absent");
        assert!(row.number(0).is_err());
    }

    #[test]
    fn a_row_that_is_too_short_or_too_long_is_an_error() {
        let columns = columns(&[45, 45]);
        for payload in [&b""[..], b"\x01a", b"\x01a\x05b", b"\x01a\x01b!"] {
            assert!(TextRow::parse(&columns, payload).is_err(), "{payload:?}");
        }
    }
}
