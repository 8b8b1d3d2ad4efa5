//! What fuzzers feed, one function for each target of `ci/fuzz`; compiled for them only.
//!
//! Each takes any bytes and panics if a property of the code behind it does not hold.

/// The text of a JSON document as `jsonb` prints it is the same when it is made again.
pub fn jsonb(data: &[u8]) {
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    if crate::postgres::jsonb::canonical(data, &mut once).is_ok() {
        let again = crate::postgres::jsonb::canonical(&once, &mut twice);
        assert!(again.is_ok() && once == twice, "{}", String::from_utf8_lossy(&once));
    }
}

/// Any bytes are a dump or none: reading ends, and rows are what `ValueCursor` can walk.
pub fn dump(data: &[u8]) {
    crate::dump::fuzz(data);
}
