//! What fuzzers feed, one function for each target of `ci/fuzz`; compiled for them, and for the tests
//! below, which keep them true.
//!
//! Each takes any bytes and panics if a property of the code behind it does not hold.
#![expect(clippy::missing_panics_doc, reason = "to panic is how a fuzzer is told")]

use crate::project::read::check;

/// The text of a JSON document as `jsonb` prints it is the same when it is made again.
pub fn jsonb(data: &[u8]) {
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    if crate::postgres::jsonb::canonical(data, &mut once).is_ok() {
        let again = crate::postgres::jsonb::canonical(&once, &mut twice);
        assert!(again.is_ok() && once == twice, "{}", String::from_utf8_lossy(&once));
    }
}

/// The tokens of PHP tile any text; settings in it move or stay, and no other byte changes.
pub fn php(data: &[u8]) {
    check::php(data);
    crate::configure::check("x.php", data);
}

/// The same of Ruby.
pub fn ruby(data: &[u8]) {
    check::ruby(data);
    crate::configure::check("x.rb", data);
}

/// The same of YAML that ERB makes.
pub fn yaml_erb(data: &[u8]) {
    check::yaml_erb(data);
    crate::configure::check("x.yml", data);
}

/// Entries have their places, and what a dialect writes it reads as the same value.
pub fn dotenv(data: &[u8]) {
    check::dotenv(data);
    check::render(data);
}

/// The tokens of JavaScript tile any text.
pub fn javascript(data: &[u8]) {
    check::javascript(data);
}

/// Every byte that no edit names is where it was, but for what the edits before it moved.
pub fn edit(data: &[u8]) {
    check::edits(data);
}

/// Every rule about files reads any file; the first bytes choose what kind of file.
pub fn audit(data: &[u8]) {
    crate::audit::check(data);
}

/// Any bytes are a dump or none: reading ends, and rows are what `ValueCursor` can walk.
pub fn dump(data: &[u8]) {
    crate::dump::fuzz(data);
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_fixtures_hold_what_fuzzers_are_to_try() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let mut folders = vec![folder];
        let mut count = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let Ok(kind) = path.symlink_metadata().map(|metadata| metadata.file_type()) else {
                    continue;
                };
                if kind.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.to_string_lossy().into_owned();
                let target = match name.rsplit('.').next() {
                    _ if !kind.is_file() => continue,
                    Some("php") => super::php,
                    Some("rb") => super::ruby,
                    Some("yml" | "yaml") => super::yaml_erb,
                    Some("js") => super::javascript,
                    Some("sql") => super::dump,
                    _ if name.contains(".env") => super::dotenv,
                    _ => continue,
                };
                let data = std::fs::read(&path).unwrap();
                target(&data);
                super::edit(&data);
                super::audit(&[&[0], &data[..]].concat());
                count += 1;
            }
        }
        assert!(count > 200, "{count}");
        super::jsonb(b"{\"b\": [1e3, null], \"a\": \"\\u00e9\"}");
    }
}
