//! `config/database.yml` and its siblings.

use crate::application::Database;
use crate::project::stack::database::Site;
use crate::project::stack::database::expression::word;
use crate::project::stack::database::yaml::{Pair, pairs};
use crate::project::stack::view::View;
use crate::project::tree::join;

/// Environments that stay environments even if another one is merged from them.
const ENVIRONMENTS: [&str; 6] = ["development", "test", "production", "staging", "qa", "cucumber"];
/// Keys of a configuration; at the root of a file they belong to the environment above them.
const SETTINGS: [&str; 7] =
    ["adapter", "database", "username", "password", "host", "encoding", "url"];
/// Anchors that are followed from one to the next.
const DEEPEST: usize = 8;

pub(super) fn databases(view: &View, folder: &[u8]) -> Vec<Database> {
    let config = join(folder, b"config");
    let own = join(&config, b"database.yml");
    if view.has(&own) {
        return read(view, &own);
    }
    // Where it is not committed, what people copy it from is.
    let is_sibling = |name: &[u8]| {
        let name = String::from_utf8_lossy(name);
        name.starts_with("database.") && name.contains(".yml")
    };
    let siblings =
        view.tree.below(&config).iter().filter(|entry| {
            entry.is_file() && entry.folder() == config && is_sibling(entry.name())
        });
    let of = |path: &[u8], mut database: Database| {
        let variant = String::from_utf8_lossy(path).into_owned();
        let variant = variant.rsplit('/').next().unwrap_or_default().replace("database.", "");
        let variant = variant.replace("yml", "").trim_matches('.').to_owned();
        if database.connection.is_none() && !variant.is_empty() {
            database.connection = Some(variant);
        }
        database
    };
    let read = |path: &[u8]| read(view, path).into_iter().map(|one| of(path, one)).collect();
    siblings.flat_map(|entry| -> Vec<Database> { read(&entry.path) }).collect()
}

fn read(view: &View, path: &[u8]) -> Vec<Database> {
    let Some(text) = view.text(path) else { return Vec::new() };
    in_text(&text)
        .into_iter()
        .map(|found| {
            let site = Site { path, line: found.line, rule: "rails-database-yml" };
            site.database(found.environment, found.connection, word(found.value))
        })
        .collect()
}

#[derive(Debug, PartialEq, Eq)]
struct Named<'a> {
    environment: &'a str,
    connection: Option<&'a str>,
    /// Of `adapter`, or of `url` where there is none.
    value: &'a str,
    line: usize,
}

fn in_text(text: &str) -> Vec<Named<'_>> {
    let pairs = nested(pairs(text));
    let merged: Vec<&str> =
        pairs.iter().filter(|pair| pair.key() == "<<").flat_map(|pair| aliases(pair)).collect();
    let mut found = Vec::new();
    for pair in pairs.iter().filter(|pair| pair.keys.len() == 1) {
        let environment = pair.keys[0];
        let is_template = pair.anchor.is_some_and(|anchor| merged.contains(&anchor))
            && !ENVIRONMENTS.contains(&environment);
        let is_hidden = environment.starts_with('.');
        if is_template || is_hidden {
            continue;
        }
        if let Some((value, line)) = adapter(&pairs, &pair.keys, 0) {
            found.push(Named { environment, connection: None, value, line });
            continue;
        }
        let connections = pairs.iter().filter(|below| {
            below.keys.len() == 2 && below.keys[0] == environment && below.key() != "<<"
        });
        for below in connections {
            if let Some((value, line)) = adapter(&pairs, &below.keys, 0) {
                found.push(Named { environment, connection: Some(below.keys[1]), value, line });
            }
        }
    }
    found
}

/// Settings at the root of the file, as some commit them, put below the environment above them.
fn nested(mut pairs: Vec<Pair<'_>>) -> Vec<Pair<'_>> {
    let mut environment = None;
    for pair in &mut pairs {
        if pair.keys.len() != 1 {
            continue;
        }
        match environment {
            Some(above) if SETTINGS.contains(&pair.keys[0]) => pair.keys.insert(0, above),
            _ if pair.value.is_empty() => environment = Some(pair.keys[0]),
            _ => {}
        }
    }
    pairs
}

/// The adapter of a configuration: its own, or of what it merges.
fn adapter<'a>(pairs: &[Pair<'a>], keys: &[&str], depth: usize) -> Option<(&'a str, usize)> {
    let own = |key: &str| {
        pairs.iter().find(|pair| {
            pair.keys.len() == keys.len() + 1 && pair.keys.starts_with(keys) && pair.key() == key
        })
    };
    if let Some(pair) = own("adapter") {
        return Some((pair.value, pair.line));
    }
    if let Some(pair) = own("url") {
        return Some((pair.value, pair.line));
    }
    if depth == DEEPEST {
        return None;
    }
    aliases(own("<<")?).find_map(|alias| {
        let anchored = pairs.iter().find(|pair| pair.anchor == Some(alias))?;
        adapter(pairs, &anchored.keys, depth + 1)
    })
}

/// `default` of `*default`, and both of `[*one, *other]`.
fn aliases<'a>(pair: &Pair<'a>) -> impl Iterator<Item = &'a str> {
    pair.value.split(['[', ']', ',', ' ']).filter_map(|part| part.strip_prefix('*'))
}

#[cfg(test)]
mod tests {
    use super::in_text;

    fn found(text: &str) -> Vec<String> {
        let line = |one: &super::Named| {
            let connection = one.connection.map_or(String::new(), |name| format!("/{name}"));
            format!("{}{connection} {} :{}", one.environment, one.value, one.line)
        };
        in_text(text).iter().map(line).collect()
    }

    #[test]
    fn every_way_to_write_database_yml() {
        for (text, wanted) in [
            (
                "default: &default\n  adapter: mysql2\ndevelopment:\n  <<: *default\n\
                 production:\n  <<: *default\n  adapter: trilogy\n",
                vec!["development mysql2 :2", "production trilogy :7"],
            ),
            (
                "development: &dev\n  adapter: mysql2\ntest:\n  <<: [*dev]\n",
                vec!["development mysql2 :2", "test mysql2 :2"],
            ),
            ("development:\nadapter: mysql\nhost: x\n", vec!["development mysql :2"]),
            (
                "base: &base\n  adapter: mysql2\nproduction:\n  primary: &p\n    <<: *base\n  \
                 replica:\n    <<: *p\n    replica: true\n  queue:\n    url: sqlite3:q\n",
                vec![
                    "production/primary mysql2 :2",
                    "production/replica mysql2 :2",
                    "production/queue sqlite3:q :10",
                ],
            ),
            ("a: &a\n  <<: *b\nb: &b\n  <<: *a\ntest:\n  <<: *a\n", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(found(text), wanted, "{text}");
        }
    }
}
