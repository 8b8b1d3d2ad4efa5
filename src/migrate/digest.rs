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
    fn parts_add_up_to_the_whole() {
        let mut parts = of(&[b"a"]);
        parts += of(&[b"b", b"c"]);
        assert_eq!(parts, of(&[b"c", b"b", b"a"]));
    }
}
