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
    "secret_shape",
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

/// `src/mysql/wire/mod.rs` → `mysql`, `wire`.
fn module_path(path: &Path) -> Vec<String> {
    let path = path.strip_prefix("src").unwrap().with_extension("");
    let mut names: Vec<String> =
        path.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    names.pop_if(|name| name == "mod");
    names
}

/// Takes `b::{c, d::e}` apart, behind what stood before it; what is left of the text.
fn take_path<'a>(mut text: &'a str, mut path: Vec<String>, into: &mut Vec<Vec<String>>) -> &'a str {
    loop {
        text = text.trim_start();
        if let Some(group) = text.strip_prefix('{') {
            text = group;
            loop {
                text = text.trim_start_matches([' ', '\n', ',']);
                match text.strip_prefix('}') {
                    Some(rest) => return rest,
                    None if text.is_empty() => return text,
                    None => text = take_path(text, path.clone(), into),
                }
            }
        }
        let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let (name, rest) = text.split_at(end.unwrap_or(text.len()));
        path.push(name.to_owned());
        let Some(rest) = rest.strip_prefix("::") else {
            into.push(path);
            // `as other`, and signs that are no name.
            return rest.split_once([',', '}']).map_or("", |(name, _)| &rest[name.len()..]);
        };
        text = rest;
    }
}

/// Other files that a file names by `crate::…` or `super::…`; `own` is its own path. What is above
/// it and below it in its folder does not count: those are one thing.
fn needs(own: &[String], text: &str, all: &BTreeMap<Vec<String>, String>) -> Vec<Vec<String>> {
    let lines = code(text).lines().map(|line| line.split("//").next().unwrap_or(line));
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut paths = Vec::new();
    for (at, start) in text.match_indices("crate::").chain(text.match_indices("super::")) {
        if text[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == ':') {
            continue;
        }
        let mut base = if start == "crate::" { Vec::new() } else { own[..own.len() - 1].to_vec() };
        let mut rest = &text[at + start.len()..];
        while let Some(above) = rest.strip_prefix("super::") {
            (rest, _) = (above, base.pop());
        }
        take_path(rest, base, &mut paths);
    }
    let files = paths.iter().filter_map(|path| {
        let of = (1..=path.len()).rev().map(|length| &path[..length]);
        of.into_iter().find(|names| all.contains_key(*names)).map(<[String]>::to_vec)
    });
    let mut files: Vec<_> =
        files.filter(|file| !own.starts_with(file) && !file.starts_with(own)).collect();
    files.sort();
    files.dedup();
    files
}

#[test]
fn no_two_files_need_each_other() {
    let all: BTreeMap<Vec<String>, String> = sources("src")
        .into_iter()
        .filter(|(path, _)| !path.iter().any(|name| name == "tests" || name == "tests.rs"))
        .map(|(path, text)| (module_path(&path), text))
        .collect();
    let needed: BTreeMap<&Vec<String>, Vec<Vec<String>>> =
        all.iter().map(|(own, text)| (own, needs(own, text, &all))).collect();
    assert!(needed.values().any(|files| files.len() > 3), "no imports were found");
    let mut circles = Vec::new();
    for own in needed.keys() {
        let mut reached: Vec<&Vec<String>> = needed[own].iter().collect();
        let mut at = 0;
        while at < reached.len() {
            for next in &needed[reached[at]] {
                if !reached.contains(&next) {
                    reached.push(next);
                }
            }
            at += 1;
        }
        if reached.contains(own) {
            circles.push(own.join("/"));
        }
    }
    assert_eq!(circles, Vec::<String>::new(), "these reach themselves by what they import");
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
