//! The digest of a set of rows, the same on both sides.
//!
//! A row is hashed as its fields stand in binary COPY: each with its length, NULL as length −1,
//! so that no two different rows look alike. The digest of a table is the **sum** of its rows'
//! 128-bit hashes modulo 2^128, with their number: a sum does not depend on the order of rows,
//! and a row that is there twice does not cancel itself as it would with XOR.

use std::fmt;
use std::ops::AddAssign;

use schemars::JsonSchema;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

/// Rows and the sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Digest {
    pub(crate) rows: u64,
    pub(crate) sum: u128,
}

impl Digest {
    /// Adds a row, given as its fields in binary COPY, without their count.
    #[inline]
    pub(crate) fn add(&mut self, fields: &[u8]) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(xxh3_128(fields));
    }
}

impl Digest {
    /// As it was written; what cannot be read is a sum that nothing comes to by chance.
    pub(crate) fn read(rows: u64, sum: &str) -> Self {
        Self { rows, sum: u128::from_str_radix(sum, 16).unwrap_or(u128::MAX) }
    }

    /// What rows that were added come to, of a table that had others before.
    pub(crate) fn grown_from(self, before: Self) -> Self {
        let rows = self.rows.wrapping_sub(before.rows);
        Self { rows, sum: self.sum.wrapping_sub(before.sum) }
    }
}

impl AddAssign for Digest {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

impl fmt::Display for Digest {
    /// The sum, as 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    fn of(rows: &[&[u8]]) -> Digest {
        let mut digest = Digest::default();
        for row in rows {
            digest.add(row);
        }
        digest
    }

    #[test]
    fn order_does_not_matter_and_doubles_do() {
        assert_eq!(of(&[b"a", b"b"]), of(&[b"b", b"a"]));
        assert_ne!(of(&[b"a", b"a", b"c"]), of(&[b"b", b"b", b"c"]));
        assert_ne!(of(&[b"a", b"a"]).sum, of(&[]).sum);
    }

    #[test]
    fn what_was_added_is_what_it_has_grown_by() {
        let before = of(&[b"a", b"a"]);
        let after = of(&[b"c", b"a", b"a", b"b"]);
        assert_eq!(after.grown_from(before), of(&[b"b", b"c"]));
        assert_eq!(Digest::read(before.rows, &before.to_string()), before);
        // A row that was there before and is gone is missed.
        assert_ne!(of(&[b"b", b"a", b"c"]).grown_from(before), of(&[b"b", b"c"]));
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let mut parts = of(&[b"a"]);
        parts += of(&[b"b", b"c"]);
        assert_eq!(parts, of(&[b"c", b"b", b"a"]));
    }
}
