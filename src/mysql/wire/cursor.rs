//! The values of one binary row, walked in column order.
//!
//! Source: `MySQL` internals manual, "Binary Protocol Resultset Row".

use super::payload::{PayloadReader, put_bytes};
use crate::mysql::error::Truncated;

/// The first two bits of a row's null bitmap are unused.
const BITMAP_OFFSET: usize = 2;

/// Takes one value after the other from a row's payload, without allocating.
///
/// NULLs have no bytes: the caller asks `is_null(column)` first and takes nothing if it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ValueCursor<'a> {
    nulls: &'a [u8],
    values: PayloadReader<'a>,
}

impl<'a> ValueCursor<'a> {
    /// `payload` as `RowStream::next_buffered` hands it out.
    #[inline]
    pub(crate) fn new(payload: &'a [u8], column_count: usize) -> Result<Self, Truncated> {
        let bitmap = (column_count + BITMAP_OFFSET).div_ceil(8);
        let (nulls, values) = payload.split_at_checked(bitmap).ok_or(Truncated)?;
        Ok(Self { nulls, values: PayloadReader::new(values) })
    }

    /// Whether the value of a column (counted from 0) is NULL. A column beyond those the row has
    /// is NULL too: there is nothing to take for it.
    #[inline]
    pub(crate) fn is_null(&self, column: usize) -> bool {
        let bit = column + BITMAP_OFFSET;
        self.nulls.get(bit / 8).is_none_or(|byte| byte >> (bit % 8) & 1 == 1)
    }

    /// TINYINT.
    #[inline]
    pub(crate) fn u8(&mut self) -> Result<u8, Truncated> {
        self.values.u8()
    }

    /// SMALLINT and YEAR.
    #[inline]
    pub(crate) fn u16(&mut self) -> Result<u16, Truncated> {
        self.values.u16()
    }

    /// MEDIUMINT and INT, sign-extended if the column is signed, and the bits of FLOAT.
    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32, Truncated> {
        self.values.u32()
    }

    /// BIGINT, and the bits of DOUBLE.
    #[inline]
    pub(crate) fn u64(&mut self) -> Result<u64, Truncated> {
        self.values.u64()
    }

    /// Strings, blobs, DECIMAL (as text), BIT (big endian), ENUM and SET (labels), JSON, geometry.
    #[inline]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Truncated> {
        self.values.bytes()
    }

    /// DATE, DATETIME and TIMESTAMP (0, 4, 7 or 11 bytes), TIME (0, 8 or 12): without the byte
    /// that counts them.
    #[inline]
    pub(crate) fn temporal(&mut self) -> Result<&'a [u8], Truncated> {
        let count = self.values.u8()?;
        self.values.take(usize::from(count))
    }

    /// Whether every byte of the row has been taken, as it must be after the last column.
    #[cfg(test)]
    pub(crate) fn is_at_end(&self) -> bool {
        self.values.rest().is_empty()
    }
}

/// A row of one value that is not NULL and arrives with its length.
pub(crate) fn row_of_bytes(value: &[u8]) -> Vec<u8> {
    let mut row = vec![0];
    put_bytes(&mut row, value);
    row
}

#[cfg(test)]
mod tests {
    use super::ValueCursor;
    use crate::mysql::error::Truncated;

    #[test]
    fn takes_values_in_order() {
        let mut row = vec![0b0000_1000];
        row.extend_from_slice(&[7]);
        row.extend_from_slice(&(-2_i32).to_le_bytes());
        row.extend_from_slice(b"\x03abc");
        row.extend_from_slice(&[4, 0xE8, 0x07, 2, 29]);
        row.extend_from_slice(&1.5_f64.to_le_bytes());
        let mut cursor = ValueCursor::new(&row, 6).unwrap();
        assert_eq!(cursor.u8(), Ok(7));
        assert!(cursor.is_null(1) && !cursor.is_null(0) && !cursor.is_null(2));
        assert_eq!(cursor.u32().map(u32::cast_signed), Ok(-2));
        assert_eq!(cursor.bytes(), Ok(&b"abc"[..]));
        assert_eq!(cursor.temporal(), Ok(&[0xE8, 0x07, 2, 29][..]));
        assert!(!cursor.is_at_end());
        assert_eq!(cursor.u64().map(f64::from_bits), Ok(1.5));
        assert!(cursor.is_at_end());
        assert_eq!(cursor.u8(), Err(Truncated));
    }

    #[test]
    fn every_cut_of_a_row_is_an_error_and_never_a_panic() {
        let row = [0, 1, 2, 0, 3, 0, 0, 0, 2, b'a', b'b', 4, 1, 2, 3, 4];
        let walk = |payload: &[u8]| -> Result<(), Truncated> {
            let mut cursor = ValueCursor::new(payload, 5)?;
            cursor.u8()?;
            cursor.u16()?;
            cursor.u32()?;
            cursor.bytes()?;
            cursor.temporal()?;
            Ok(())
        };
        assert_eq!(walk(&row), Ok(()));
        for length in 0..row.len() {
            assert_eq!(walk(&row[..length]), Err(Truncated), "{length}");
        }
    }

    #[test]
    fn the_bitmap_grows_with_the_columns() {
        assert!(ValueCursor::new(&[0], 6).is_ok());
        assert_eq!(ValueCursor::new(&[0], 7).err(), Some(Truncated));
        let cursor = ValueCursor::new(&[0, 0b0000_0001], 7).unwrap();
        assert!(cursor.is_null(6));
        assert!(!cursor.is_null(7) && cursor.is_null(14));
    }
}
