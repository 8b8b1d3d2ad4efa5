//! Rows sorted into buckets by the hash of their key, the same on both sides, in whatever order
//! the rows come: buckets with the same digest hold the same rows, and only the others are looked
//! at more closely. Pure.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::migrate::digest::Digest;

/// So many that a row that differs brings few others with it, and few enough to be held for each
/// table that is in work.
const BUCKETS: usize = 65_536;

/// What is in one bucket of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) digest: Digest,
    pub(super) bytes: u64,
}

/// Which fields of a row are its key.
#[derive(Clone, Debug)]
pub(super) struct Router {
    /// By field; without any, all of them are.
    in_key: Vec<bool>,
}

impl Router {
    pub(super) fn new(columns: usize, key: &[usize]) -> Self {
        Self { in_key: (0..columns).map(|at| key.contains(&at)).collect() }
    }

    /// The bucket of a row, given as its fields in binary COPY.
    pub(super) fn bucket(&self, fields: &[u8]) -> usize {
        let whole = !self.in_key.contains(&true);
        let mut hash = 0;
        let mut rest = fields;
        for in_key in &self.in_key {
            let Some((length, _)) = rest.split_first_chunk::<4>() else { break };
            // NULL has length −1 and no bytes.
            let bytes = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0);
            let (field, behind) = rest.split_at((4 + bytes).min(rest.len()));
            if whole || *in_key {
                hash = xxh3_64_with_seed(field, hash);
            }
            rest = behind;
        }
        hash as usize % BUCKETS
    }
}

/// All buckets of one side.
#[derive(Clone, Debug)]
pub(super) struct Buckets(Vec<Bucket>);

impl Buckets {
    pub(super) fn new() -> Self {
        Self(vec![Bucket::default(); BUCKETS])
    }

    pub(super) fn add(&mut self, router: &Router, fields: &[u8]) {
        let bucket = &mut self.0[router.bucket(fields)];
        bucket.digest.add(fields);
        bucket.bytes += fields.len() as u64;
    }
}

/// Both sides of a bucket that is not equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unequal {
    pub(super) number: usize,
    pub(super) source: Bucket,
    pub(super) target: Bucket,
}

/// Buckets that are not equal, in groups of about so many bytes; none is empty.
pub(super) fn unequal(source: &Buckets, target: &Buckets, bytes: u64) -> Vec<Vec<Unequal>> {
    let mut groups: Vec<Vec<Unequal>> = Vec::new();
    let mut held = 0;
    for (number, (source, target)) in source.0.iter().zip(&target.0).enumerate() {
        if source == target {
            continue;
        }
        let more = source.bytes + target.bytes;
        let unequal = Unequal { number, source: *source, target: *target };
        if let Some(group) = groups.last_mut().filter(|_| held + more <= bytes) {
            group.push(unequal);
            held += more;
        } else {
            groups.push(vec![unequal]);
            held = more;
        }
    }
    groups
}

/// The buckets of one group.
pub(super) struct Wanted(Vec<bool>);

impl Wanted {
    pub(super) fn of(group: &[Unequal]) -> Self {
        let mut wanted = vec![false; BUCKETS];
        for unequal in group {
            wanted[unequal.number] = true;
        }
        Self(wanted)
    }

    pub(super) fn has(&self, bucket: usize) -> bool {
        self.0[bucket]
    }
}

#[cfg(test)]
mod tests {
    use super::{Buckets, Router, Wanted, unequal};

    fn row(fields: &[Option<&str>]) -> Vec<u8> {
        let mut row = Vec::new();
        for field in fields {
            let length = field.map_or(-1, |field| field.len() as i32);
            row.extend_from_slice(&length.to_be_bytes());
            row.extend_from_slice(field.unwrap_or_default().as_bytes());
        }
        row
    }

    fn all(router: &Router, rows: &[Vec<u8>]) -> Buckets {
        let mut buckets = Buckets::new();
        for row in rows {
            buckets.add(router, row);
        }
        buckets
    }

    #[test]
    fn a_changed_row_stays_in_its_bucket() {
        let router = Router::new(3, &[1]);
        let bucket = |fields: &[Option<&str>]| router.bucket(&row(fields));
        assert_eq!(
            bucket(&[Some("a"), Some("key"), None]),
            bucket(&[None, Some("key"), Some("b")])
        );
        assert_ne!(bucket(&[None, Some("key"), None]), bucket(&[None, Some("kez"), None]));
        assert_ne!(bucket(&[None, Some(""), None]), bucket(&[None, None, None]));
    }

    #[test]
    fn without_a_key_the_whole_row_is_one() {
        let router = Router::new(2, &[]);
        let bucket = |fields: &[Option<&str>]| router.bucket(&row(fields));
        assert_ne!(bucket(&[Some("a"), Some("b")]), bucket(&[Some("a"), Some("c")]));
    }

    #[test]
    fn only_unequal_buckets_are_left_and_groups_are_bounded() {
        let router = Router::new(2, &[0]);
        let rows: Vec<Vec<u8>> =
            (0..1000).map(|id| row(&[Some(&format!("{id}")), Some("x")])).collect();
        let source = all(&router, &rows);
        let mut other: Vec<Vec<u8>> = rows.iter().rev().cloned().collect();
        assert!(unequal(&source, &all(&router, &other), 1000).is_empty());
        other[0] = row(&[Some("999"), Some("y")]);
        other.remove(500);
        let groups = unequal(&source, &all(&router, &other), u64::MAX);
        assert_eq!((groups.len(), groups[0].len()), (1, 2));
        let wanted = Wanted::of(&groups[0]);
        assert!(wanted.has(router.bucket(&rows[999])) && wanted.has(router.bucket(&rows[499])));
        // A bucket that is larger than the limit makes a group of its own.
        assert_eq!(unequal(&source, &all(&router, &other), 1).len(), 2);
    }

    #[test]
    fn a_row_that_is_there_twice_is_a_difference() {
        let router = Router::new(1, &[]);
        let once = all(&router, &[row(&[Some("a")])]);
        let twice = all(&router, &[row(&[Some("a")]), row(&[Some("a")])]);
        assert_eq!(unequal(&once, &twice, 100).len(), 1);
    }
}
