//! CodeIgniter 2 and 3: `application/config`; 4: `app/Config` and `.env` with dotted keys.

use crate::finding::{Code as FindingCode, Finding, Place};
use crate::project::read::php::Code;
use crate::project::tree::shown;

use super::super::draft::{Draft, Sensitivity};
use super::super::goal::Goal;
use super::super::language::Language;
use super::super::site::Site;
use super::php::{Array, Field, Reader, Value, charset, is_placeholder, port};

const FIELDS: [Field; 6] = [
    ("dsn", "DSN", Sensitivity::Secret),
    ("hostname", "HOST", Sensitivity::Plain),
    ("port", "PORT", Sensitivity::Plain),
    ("username", "USER", Sensitivity::Plain),
    ("password", "PASSWORD", Sensitivity::Secret),
    ("database", "NAME", Sensitivity::Plain),
];

/// The same keys as CodeIgniter 4 calls them in `.env`.
const DOTTED: [Field; 6] = [
    ("DSN", "DSN", Sensitivity::Secret),
    ("hostname", "hostname", Sensitivity::Plain),
    ("port", "port", Sensitivity::Plain),
    ("username", "username", Sensitivity::Plain),
    ("password", "password", Sensitivity::Secret),
    ("database", "database", Sensitivity::Plain),
];

/// Other settings of version 3 that are secret: the file, the array, the key, the variable.
const SECRETS: [(&str, &[u8], &str); 3] = [
    ("application/config/config.php", b"encryption_key", "ENCRYPTION_KEY"),
    ("application/config/email.php", b"smtp_pass", "SMTP_PASSWORD"),
    ("application/config/email.php", b"smtp_user", "SMTP_USERNAME"),
];

/// And of version 4: the file, the property, the key in `.env`.
const PROPERTIES: [(&str, &[u8], &str); 3] = [
    ("app/Config/Encryption.php", b"$key", "encryption.key"),
    ("app/Config/Email.php", b"$SMTPPass", "email.SMTPPass"),
    ("app/Config/Email.php", b"$SMTPUser", "email.SMTPUser"),
];

pub(super) fn draft(site: &mut Site) {
    let goal = site.goal;
    let path = site.path("app/Config/Database.php");
    if site.edit(&path, Language::Php, |draft| properties(draft, goal)) {
        for (file, property, key) in PROPERTIES {
            let path = site.path(file);
            site.edit(&path, Language::Php, |draft| {
                one(draft, property, &[], key, Reader::Override);
            });
        }
        return;
    }
    // Where an environment has a file of its own, that one is read and not the other.
    let (own, base) =
        ("application/config/production/database.php", "application/config/database.php");
    let file = if site.has(own) { own } else { base };
    let path = site.path(file);
    site.edit(&path, Language::Php, |draft| groups(draft, goal));
    if file == own && site.has(base) {
        let message = "production does not read it, so its settings stay; its driver too";
        let place = Place::file(shown(&site.path(base)), None);
        site.findings.push(Finding::note(FindingCode::SettingLeft, place, message));
    }
    for (file, key, variable) in SECRETS {
        let path = site.path(file);
        site.edit(&path, Language::Php, |draft| {
            one(draft, b"$config", key, variable, Reader::Getenv);
        });
    }
}

/// One value that is assigned to a variable, or to a key of it.
fn one(draft: &mut Draft, base: &[u8], wanted: &[u8], key: &str, reader: Reader) {
    let code = Code::new(draft.source);
    for assignment in code.assignments().filter(|one| code.text(one.base) == base) {
        let Some(keys) = code.keys(&assignment) else { continue };
        let is_wanted = keys.last().map_or(wanted.is_empty(), |last| &last[..] == wanted);
        let range = assignment.value.clone();
        if is_wanted && code.constant(&range).is_some_and(|value| !is_placeholder(&value)) {
            let (key, sensitivity, is_switch) = (key.to_owned(), Sensitivity::Secret, false);
            Value { code: &code, range, key, sensitivity, reader, is_switch }.go(draft);
        }
    }
}

/// `$db['default'] = array(…)` and `$db['default']['hostname'] = …;`
fn groups(draft: &mut Draft, goal: Goal) {
    let code = Code::new(draft.source);
    let literal = |name: &[u8]| {
        let found = code.assignments().find(|one| code.text(one.base) == name)?;
        code.constant(&found.value)
    };
    let active =
        literal(b"$active_group").map_or_else(|| b"default".to_vec(), |name| name.into_owned());
    for assignment in code.assignments().filter(|one| code.text(one.base) == b"$db") {
        let Some(keys) = code.keys(&assignment) else { continue };
        let prefix = |group: &[u8]| {
            if group == active {
                return "DB_".to_owned();
            }
            format!("{}_DB_", String::from_utf8_lossy(group).to_ascii_uppercase())
        };
        match keys.as_slice() {
            [group] => {
                let Some(open) = code.array(&assignment.value) else { continue };
                let array = Array { code: &code, open };
                let driver = array.literal("dbdriver").unwrap_or_default();
                let dsn = array.literal("dsn").unwrap_or_default();
                let is_mysql = is_mysql(&driver) || (driver == "pdo" && dsn.starts_with("mysql:"));
                let how = (Reader::Getenv, goal.is_switch() && is_mysql);
                let fields: Vec<Field> = fields(&array);
                array.to_environment(draft, &prefix(group), &fields, how);
                if how.1 {
                    switch(draft, &array, "dbdriver");
                }
            }
            [group, key] => {
                let key = String::from_utf8_lossy(key).into_owned();
                let range = assignment.value.clone();
                let span = code.span(&range);
                if let Some((_, name, sensitivity)) =
                    FIELDS.iter().find(|(known, ..)| *known == key)
                {
                    let is_dsn =
                        key == "dsn" && code.constant(&range).is_none_or(|dsn| dsn.is_empty());
                    if !is_dsn {
                        let (key, sensitivity) = (format!("{}{name}", prefix(group)), *sensitivity);
                        let (reader, is_switch) = (Reader::Getenv, goal.is_switch());
                        Value { code: &code, range, key, sensitivity, reader, is_switch }.go(draft);
                    }
                } else if goal.is_switch() {
                    let old = code.constant(&range).unwrap_or_default();
                    let old = String::from_utf8_lossy(&old).into_owned();
                    match key.as_str() {
                        "dbdriver" if is_mysql(&old) => draft.replace(span, "'postgre'"),
                        "char_set" if charset(&old).is_some() => draft.replace(span, "'utf8'"),
                        "dbcollat" if old.starts_with("utf8") => draft.replace(span, "''"),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_mysql(driver: &str) -> bool {
    matches!(driver.to_ascii_lowercase().as_str(), "mysqli" | "mysql")
}

/// An empty DSN is none, and need not come from anywhere.
fn fields(array: &Array) -> Vec<Field> {
    let has_dsn = array.literal("dsn").is_some_and(|dsn| !dsn.is_empty());
    FIELDS.into_iter().filter(|(key, ..)| *key != "dsn" || has_dsn).collect()
}

fn switch(draft: &mut Draft, array: &Array, driver: &str) {
    let postgres = if driver == "DBDriver" { "Postgre" } else { "postgre" };
    array.replace(draft, driver, |old| is_mysql(old).then(|| postgres.to_owned()));
    array.replace(draft, "subdriver", |old| (old == "mysql").then(|| "pgsql".to_owned()));
    array.replace(draft, "port", port);
    for key in ["char_set", "charset"] {
        array.replace(draft, key, charset);
    }
    for key in ["dbcollat", "DBCollat"] {
        array.replace(draft, key, |old| old.starts_with("utf8").then(String::new));
    }
    let at = array.code.tokens[array.open].span.start;
    if array.value("encrypt").is_some_and(|value| array.code.array(&value).is_some()) {
        draft.refuse(
            at,
            "encrypt has MySQL's TLS settings",
            "write PostgreSQL's `sslmode` into the DSN",
        );
    }
}

/// `public array $default = […]`: a default of a class, which `.env` overrides by its dotted name.
fn properties(draft: &mut Draft, goal: Goal) {
    let code = Code::new(draft.source);
    for assignment in code.assignments() {
        let group = code.text(assignment.base).strip_prefix(b"$").unwrap_or_default();
        let Some(open) = code.array(&assignment.value) else { continue };
        let array = Array { code: &code, open };
        let Some(driver) = array.literal("DBDriver") else { continue };
        let is_switch = goal.is_switch() && is_mysql(&driver);
        let is_local = matches!(group, b"tests" | b"test" | b"development");
        if !is_local && !driver.to_ascii_lowercase().starts_with("sqlite") {
            let prefix = format!("database.{}.", String::from_utf8_lossy(group));
            array.to_environment(draft, &prefix, &DOTTED, (Reader::Override, is_switch));
        }
        if is_switch {
            switch(draft, &array, "DBDriver");
        }
    }
}

#[cfg(any(test, fuzzing))]
pub(super) fn form(draft: &mut Draft, goal: Goal) {
    groups(draft, goal);
    properties(draft, goal);
}
