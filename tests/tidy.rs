//! The house is as ARCHITECTURE.md says: a rule that nobody checks is a wish.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Lines of code that a file may have, its tests left out.
const FILE_LINES: usize = 500;

/// Floors, the highest first. A file imports from lower floors and from its own module only.
/// A dump is what MySQL's tools have written, so its place stands on MySQL's.
const FLOORS: [&[&str]; 5] = [
    &["cli", "fuzz"],
    &["ui", "audit", "configure", "detect", "env", "migrate", "provision", "release"],
    &["dump"],
    &["archive", "host", "mysql", "postgres", "project"],
    WORDS,
];

/// Files at the root of `src`.
const WORDS: &[&str] = &[
    "application",
    "environment",
    "event",
    "fault",
    "finding",
    "name",
    "report",
    "secret",
    "settings",
    "shutdown",
    "statement",
    "template",
    "twelve_factor",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder, with their text.
fn sources(folder: &str) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.insert(path.strip_prefix(root()).unwrap().to_owned(), text);
            }
        }
    }
    assert!(!files.is_empty(), "no Rust files in {folder}");
    files
}

/// The text up to the tests, which stand last.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

/// `src/mysql/wire/mod.rs` → `mysql`, `src/name.rs` → `name`.
fn module(path: &Path) -> String {
    let part = path.components().nth(1).unwrap().as_os_str().to_string_lossy();
    part.trim_end_matches(".rs").to_owned()
}

/// Modules that a file names as `crate::…`.
fn imports(text: &str) -> Vec<&str> {
    text.match_indices("crate::")
        .filter_map(|(at, _)| {
            let rest = &text[at + "crate::".len()..];
            rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn imports_only_go_down() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let own = module(&path);
        if own == "lib" || own == "main" {
            continue;
        }
        let floor_of_own = floor(&own).unwrap_or_else(|| panic!("{own} has no floor here"));
        for imported in imports(&text) {
            let allowed = imported == own
                || floor(imported).is_some_and(|floor| floor > floor_of_own)
                // Words may use words; two of them in a circle would not be words.
                || (WORDS.contains(&own.as_str()) && WORDS.contains(&imported));
            if !allowed {
                wrong.push(format!("{}: crate::{imported}", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn words_are_in_no_circle() {
    let words: BTreeMap<String, Vec<String>> = sources("src")
        .into_iter()
        .filter(|(path, _)| WORDS.contains(&module(path).as_str()))
        .map(|(path, text)| {
            let own = module(&path);
            let used = imports(&text).into_iter().filter(|name| *name != own);
            (own.clone(), used.map(str::to_owned).collect())
        })
        .collect();
    for word in words.keys() {
        let mut reached: Vec<&String> = words[word].iter().collect();
        let mut at = 0;
        while at < reached.len() {
            assert_ne!(reached[at], word, "{word} reaches itself");
            for next in words.get(reached[at]).into_iter().flatten() {
                if !reached.contains(&next) {
                    reached.push(next);
                }
            }
            at += 1;
        }
    }
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<String> = sources("src")
        .into_iter()
        .chain(sources("tests"))
        .map(|(path, text)| (path, code(&text).lines().count()))
        .filter(|(_, lines)| *lines > FILE_LINES)
        .map(|(path, lines)| format!("{}: {lines}", path.display()))
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn every_command_has_a_test_file_and_every_test_file_is_run() {
    let suite = std::fs::read_to_string(root().join("tests/suite.rs")).unwrap();
    for (path, text) in sources("src/cli") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        // What commands share has no `run`.
        if name != "mod" && text.contains("fn run(") {
            assert!(root().join(format!("tests/{name}.rs")).is_file(), "no tests/{name}.rs");
        }
    }
    for path in sources("tests").into_keys() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name != "suite" && path.components().count() == 2 {
            assert!(suite.contains(&format!("mod {name};")), "tests/{name}.rs is not run");
        }
    }
}

/// Files that are compiled for tests only, as their parents say.
const TEST_FILES: [&str; 7] =
    ["tests", "live", "trial", "testing", "round_trip", "example", "psql"];

fn is_test(path: &Path) -> bool {
    let part = |part: &std::ffi::OsStr| {
        TEST_FILES.contains(&part.to_string_lossy().trim_end_matches(".rs"))
    };
    path.iter().any(part)
}

/// No file outside of a folder may have a word.
fn only_in(folder: &str, word: &str) {
    let wrong: Vec<String> = sources("src")
        .into_iter()
        .filter(|(path, _)| !path.starts_with(folder) && !is_test(path))
        .filter(|(_, text)| code(text).contains(word))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert_eq!(wrong, Vec::<String>::new(), "{word} stands outside of {folder}");
}

#[test]
fn each_knows_its_own() {
    only_in("src/cli", "clap");
    only_in("src/ui", "console::");
    only_in("src/ui", "println!");
    only_in("src/ui", "std::io::stdout");
    only_in("src/postgres", "tokio_postgres");
    only_in("src/mysql", "mysql_common");
}

#[test]
fn what_decides_does_not_wait() {
    for (path, text) in sources("src") {
        let decides = path.ends_with("plan.rs")
            || path.starts_with("src/migrate/convert")
            || WORDS.contains(&module(&path).as_str()) && module(&path) != "shutdown";
        assert!(!decides || !code(&text).contains("async fn"), "{} waits", path.display());
    }
}

#[test]
fn every_column_type_has_a_fixture() {
    let schema = std::fs::read_to_string(root().join("src/mysql/schema.rs")).unwrap();
    let body = schema.split("pub(crate) enum ColumnType {").nth(1).unwrap();
    let body = body.split("\n}").next().unwrap();
    let fixtures: Vec<String> = std::fs::read_dir(root().join("fixtures/mysql-types"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    // Fields of a variant stand deeper.
    for line in body.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     ")) {
        if line.trim_start().starts_with("///") {
            continue;
        }
        let name: String = line.trim().chars().take_while(char::is_ascii_alphanumeric).collect();
        // What we do not know has no fixture: that is what it means.
        if name.is_empty() || name == "Unknown" {
            continue;
        }
        let word = name.to_lowercase();
        let there = fixtures.iter().any(|file| file.replace('_', "").starts_with(&word));
        assert!(there, "no fixtures/mysql-types/{word}*.sql");
    }
}
