//! Drupal 6 to 11: `sites/*/settings.php`.

use std::borrow::Cow;

use crate::finding::Code as FindingCode;
use crate::project::read::php::{Assignment, Code};

use super::super::draft::{Draft, Moved, Sensitivity};
use super::super::goal::Goal;
use super::super::language::Language;
use super::super::site::Site;
use super::super::url;
use super::php::{Array, Field, Reader, Value, charset, port};
use crate::secret_shape::is_secret_key;

const FIELDS: [Field; 5] = [
    ("host", "HOST", Sensitivity::Plain),
    ("port", "PORT", Sensitivity::Plain),
    ("database", "NAME", Sensitivity::Plain),
    ("username", "USER", Sensitivity::Plain),
    ("password", "PASSWORD", Sensitivity::Secret),
];

/// Keys that only MySQL's driver knows.
const ONLY_MYSQL: [&str; 6] =
    ["collation", "charset", "init_commands", "pdo", "unix_socket", "isolation_level"];

pub(super) fn draft(site: &mut Site) {
    let goal = site.goal;
    let entries = site.below(&site.application.folder);
    let is_settings = |path: &[u8]| {
        let mut parts = path.rsplit(|byte| *byte == b'/');
        let (name, _site, sites) = (parts.next(), parts.next(), parts.next());
        sites == Some(b"sites") && matches!(name, Some(b"settings.php" | b"settings.local.php"))
    };
    let paths: Vec<Vec<u8>> = entries
        .filter(|entry| entry.is_file() && is_settings(&entry.path))
        .map(|entry| entry.path.clone())
        .collect();
    for path in paths {
        site.edit(&path, Language::Php, |draft| settings(draft, goal));
    }
}

pub(super) fn settings(draft: &mut Draft, goal: Goal) {
    let code = Code::new(draft.source);
    for assignment in code.assignments() {
        let Some(keys) = code.keys(&assignment) else { continue };
        match code.text(assignment.base) {
            b"$databases" => databases(draft, &code, &assignment, &keys, goal),
            b"$db_url" => db_url(draft, &code, &assignment, &keys, goal),
            b"$drupal_hash_salt" => {
                secret(draft, &code, &assignment, "DRUPAL_HASH_SALT".to_owned());
            }
            b"$settings" | b"$conf" | b"$config" => {
                let Some(last) = keys.last().map(|key| String::from_utf8_lossy(key).into_owned())
                else {
                    continue;
                };
                if last == "hash_salt" {
                    secret(draft, &code, &assignment, "DRUPAL_HASH_SALT".to_owned());
                } else if is_secret_key(&last) {
                    let key = last.to_ascii_uppercase();
                    let key = key.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
                    secret(draft, &code, &assignment, key);
                }
            }
            _ => {}
        }
    }
}

fn secret(draft: &mut Draft, code: &Code, assignment: &Assignment, key: String) {
    let range = assignment.value.clone();
    if code.constant(&range).is_none_or(|value| value.is_empty()) {
        return;
    }
    let (sensitivity, reader, is_switch) = (Sensitivity::Secret, Reader::Getenv, false);
    Value { code, range, key, sensitivity, reader, is_switch }.go(draft);
}

/// `$databases['default']['default'] = […]`, one key of it, or all of them at once.
fn databases(
    draft: &mut Draft,
    code: &Code,
    assignment: &Assignment,
    keys: &[Cow<[u8]>],
    goal: Goal,
) {
    let text = |key: &Cow<[u8]>| String::from_utf8_lossy(key).into_owned();
    match keys {
        [] => each(code, &assignment.value, |name, value| {
            each(code, &value, |target, value| {
                if let Some(open) = code.array(&value) {
                    connection(draft, code, open, &prefix(&name, &target), goal);
                }
            });
        }),
        [name] => each(code, &assignment.value, |target, value| {
            if let Some(open) = code.array(&value) {
                connection(draft, code, open, &prefix(&text(name), &target), goal);
            }
        }),
        [name, target] => {
            if let Some(open) = code.array(&assignment.value) {
                connection(draft, code, open, &prefix(&text(name), &text(target)), goal);
            }
        }
        [name, target, key] => {
            let key = text(key);
            if let Some((_, end, sensitivity)) = FIELDS.iter().find(|(known, ..)| *known == key) {
                let key = format!("{}{end}", prefix(&text(name), &text(target)));
                let (range, reader) = (assignment.value.clone(), Reader::Getenv);
                let (sensitivity, is_switch) = (*sensitivity, goal.is_switch());
                Value { code, range, key, sensitivity, reader, is_switch }.go(draft);
            } else if goal.is_switch() && key == "driver" {
                driver(draft, code, assignment);
            }
        }
        _ => {}
    }
}

fn driver(draft: &mut Draft, code: &Code, assignment: &Assignment) {
    let is_mysql = code.constant(&assignment.value).is_some_and(|value| &value[..] == b"mysql");
    if is_mysql {
        draft.replace(code.span(&assignment.value), "'pgsql'");
    }
}

fn each(
    code: &Code,
    value: &std::ops::Range<usize>,
    mut each: impl FnMut(String, std::ops::Range<usize>),
) {
    let Some(open) = code.array(value) else { return };
    for item in code.items(open) {
        if let Some(entry) = code.entry(&item)
            && let Some(key) = code.key(entry.key)
        {
            each(String::from_utf8_lossy(&key).into_owned(), entry.value);
        }
    }
}

/// `DB_`, or `LEGACY_DB_` of another connection, `REPLICA_DB_` of another target.
fn prefix(name: &str, target: &str) -> String {
    let mut words = Vec::new();
    words.extend([name, target].into_iter().filter(|word| *word != "default" && !word.is_empty()));
    words.push("DB_");
    words.join("_").to_ascii_uppercase().replace('-', "_")
}

fn connection(draft: &mut Draft, code: &Code, open: usize, prefix: &str, goal: Goal) {
    let array = Array { code, open };
    let is_mysql =
        array.literal("driver").is_none_or(|driver| driver == "mysql" || driver == "mysqli");
    let is_switch = goal.is_switch() && is_mysql;
    if array.literal("driver").is_some_and(|driver| driver == "sqlite") {
        return;
    }
    array.to_environment(draft, prefix, &FIELDS, (Reader::Getenv, is_switch));
    if !is_switch {
        return;
    }
    array.replace(draft, "driver", |old| old.starts_with("mysql").then(|| "pgsql".to_owned()));
    array.replace(draft, "port", port);
    for key in ["namespace", "autoload"] {
        // The text as it stands, so that its backslashes stay as somebody wrote them.
        let Some(value) = array.value(key).filter(|value| value.len() == 1) else { continue };
        let span = code.span(&value);
        let old = String::from_utf8_lossy(span.of(draft.source)).into_owned();
        let new = old.replace("mysqli", "mysql").replace("mysql", "pgsql");
        if new != old {
            draft.replace(span, new);
        }
    }
    for key in ONLY_MYSQL {
        let at = code.tokens[open].span.start;
        // PostgreSQL's driver ignores a charset that it knows.
        let is_kept =
            key == "charset" && array.literal(key).is_some_and(|old| charset(&old).is_none());
        if !is_kept && array.remove(draft, key) {
            draft.found(
                FindingCode::MysqlSettingRemoved,
                at,
                format!("{key} is known to MySQL only"),
            );
        }
    }
}

/// Drupal 6: the whole connection is one address, or one for each name.
fn db_url(draft: &mut Draft, code: &Code, assignment: &Assignment, keys: &[Cow<[u8]>], goal: Goal) {
    let mut addresses = Vec::new();
    match keys {
        [] if code.array(&assignment.value).is_some() => {
            each(code, &assignment.value, |name, value| addresses.push((name, value)));
        }
        [] => addresses.push(("default".to_owned(), assignment.value.clone())),
        [name] => {
            addresses.push((String::from_utf8_lossy(name).into_owned(), assignment.value.clone()));
        }
        _ => {}
    }
    for (name, range) in addresses {
        let Some(value) = code.constant(&range).filter(|value| !value.is_empty()) else { continue };
        let mut value = String::from_utf8_lossy(&value).into_owned();
        if let Some(new) = url::to_postgres(&value, "pgsql").filter(|_| goal.is_switch()) {
            value = new;
        }
        let key = match name.as_str() {
            "default" => "DATABASE_URL".to_owned(),
            name => format!("{}_DATABASE_URL", name.to_ascii_uppercase()),
        };
        let expression = format!("getenv('{key}')");
        let sensitivity = Sensitivity::Secret;
        let moved = Moved { key, expression, sensitivity, deploy: None };
        draft.to_environment(code.span(&range), value.as_bytes(), moved);
    }
}
