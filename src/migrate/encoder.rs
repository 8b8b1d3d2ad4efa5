//! Rows of the binary protocol into rows of binary COPY.

use crate::migrate::copied::Account;
use crate::migrate::error::Error;
use crate::migrate::judge::Judge;
use crate::migrate::mapping::TableMapping;
use crate::migrate::transcode::ValueError;
use crate::mysql::wire::{ColumnDefinition, ValueCursor};
use crate::postgres::encode;

/// Turns rows of the binary protocol into rows of binary COPY, and keeps account of them.
pub(crate) struct RowEncoder<'a> {
    mapping: &'a TableMapping,
    pub(crate) account: Account<'a>,
    /// In place of a target that cannot be asked.
    pub(crate) judge: Option<Judge<'a>>,
}

impl<'a> RowEncoder<'a> {
    /// `columns` as the server announced them.
    pub(crate) fn new(mapping: &'a TableMapping, columns: &'a [ColumnDefinition]) -> Self {
        Self { mapping, account: Account::new(mapping, columns), judge: None }
    }

    /// Rows that were encoded.
    #[inline]
    pub(crate) fn rows(&self) -> u64 {
        self.account.copied.digest.rows
    }

    /// Appends the row to `out`; a row with a value that the target's type cannot hold is set
    /// aside, and nothing is appended.
    #[inline]
    pub(crate) fn encode(&mut self, row: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        match self.fields(row, out) {
            Ok(()) => Ok(()),
            Err((column, error)) => {
                out.truncate(start);
                self.refuse(row, column, error)
            }
        }
    }

    /// The columns that are only proven go into the digest and not into the row.
    #[inline]
    fn fields(&mut self, row: &[u8], out: &mut Vec<u8>) -> Result<(), (usize, ValueError)> {
        let mapping = self.mapping;
        let mut cursor =
            ValueCursor::new(row, mapping.columns.len()).map_err(|error| (0, error.into()))?;
        out.extend_from_slice(&(mapping.copied as i16).to_be_bytes());
        let fields = out.len();
        let mut end = fields;
        for (index, column) in mapping.columns.iter().enumerate() {
            if cursor.is_null(index) {
                encode::null(out);
            } else {
                let altered =
                    column.transcoder.encode(&mut cursor, out).map_err(|error| (index, error))?;
                if let Some(alteration) = altered {
                    self.account.altered(index, alteration, row);
                }
            }
            if index + 1 == mapping.copied {
                end = out.len();
            }
        }
        if let Some(judge) = &mut self.judge {
            judge.judge(&out[fields..end])?;
        }
        self.account.copied.digest.add(&out[fields..]);
        out.truncate(end);
        Ok(())
    }

    #[cold]
    fn refuse(&mut self, row: &[u8], column: usize, error: ValueError) -> Result<(), Error> {
        let name = self.mapping.columns.get(column).map(|column| column.source.clone());
        let reason = error.to_string();
        // A row that cannot be read is no row with a bad value: nothing of it can be trusted.
        let set_aside = match error {
            ValueError::Wire(_) | ValueError::Stop(_) => false,
            ValueError::Asked(_) => self.account.quarantine_as_asked(row, (name.clone(), reason)),
            _ => self.account.quarantine(row, (name.clone(), reason)),
        };
        if set_aside {
            return Ok(());
        }
        Err(Error::Value {
            table: self.mapping.source.clone(),
            column: name.unwrap_or_default(),
            source: error,
        })
    }
}

/// The server must send what the transcoders read: a surprise here would be misread bytes.
pub(crate) fn check_columns(
    columns: &[ColumnDefinition],
    mapping: &TableMapping,
) -> Result<(), Error> {
    for (column, sent) in mapping.columns.iter().zip(columns) {
        if !column.transcoder.reads(sent.wire_type) {
            return Err(Error::UnexpectedType {
                column: column.source.clone(),
                wire_type: format!("{:?}", sent.wire_type),
            });
        }
    }
    Ok(())
}
