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

/// The tokens of PHP tile any text, and no view of them panics.
pub fn php(data: &[u8]) {
    crate::project::read::check::check(&[b"<?php ", data].concat());
    crate::configure::check("x.php", data);
}

/// The tokens of Ruby tile any text; settings in it move or stay, and no other byte changes.
pub fn ruby(data: &[u8]) {
    crate::project::read::check::check(data);
    crate::configure::check("x.rb", data);
}

/// The same of YAML that ERB makes.
pub fn yaml_erb(data: &[u8]) {
    crate::project::read::check::check(data);
    crate::configure::check("x.yml", data);
}

/// Entries have their places, and what a dialect writes it reads as the same value.
pub fn dotenv(data: &[u8]) {
    crate::project::read::check::check(data);
    crate::project::read::check::render(data);
}

/// Every byte that no edit names is there again, in its order.
pub fn edit(data: &[u8]) {
    crate::project::read::check::edits(data);
}

/// Any bytes are a dump or none: reading ends, and rows are what `ValueCursor` can walk.
pub fn dump(data: &[u8]) {
    crate::dump::fuzz(data);
}
