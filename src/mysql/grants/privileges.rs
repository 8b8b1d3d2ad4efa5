//! Sets of privileges: by their one canonical name, on the whole scope or on columns.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::mysql_quoted;

/// The right to hand on what one has: a word of its own in GRANT and SHOW GRANTS, a privilege like
/// others in REVOKE, and here.
pub(crate) const GRANT_OPTION: &str = "GRANT OPTION";
const ALL: &str = "ALL PRIVILEGES";
const USAGE: &str = "USAGE";
const PROXY: &str = "PROXY";

/// How far a scope goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Global,
    Database,
    Table,
    Routine,
    Proxy,
}

/// What a privilege is held on within its scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    whole: bool,
    columns: BTreeSet<String>,
}

impl Extent {
    pub(super) fn whole() -> Self {
        Self { whole: true, columns: BTreeSet::new() }
    }

    pub(super) fn of_columns(columns: impl IntoIterator<Item = String>) -> Self {
        Self { whole: false, columns: columns.into_iter().collect() }
    }

    fn is_empty(&self) -> bool {
        !self.whole && self.columns.is_empty()
    }
}

/// USAGE is the empty set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Privileges(BTreeMap<String, Extent>);

/// Privileges of a database, which all flavours and versions have; ALL is these at least.
const OF_DATABASE: [&str; 18] = [
    "ALTER",
    "ALTER ROUTINE",
    "CREATE",
    "CREATE ROUTINE",
    "CREATE TEMPORARY TABLES",
    "CREATE VIEW",
    "DELETE",
    "DROP",
    "EVENT",
    "EXECUTE",
    "INDEX",
    "INSERT",
    "LOCK TABLES",
    "REFERENCES",
    "SELECT",
    "SHOW VIEW",
    "TRIGGER",
    "UPDATE",
];
const OF_TABLE: [&str; 12] = [
    "ALTER",
    "CREATE",
    "CREATE VIEW",
    "DELETE",
    "DROP",
    "INDEX",
    "INSERT",
    "REFERENCES",
    "SELECT",
    "SHOW VIEW",
    "TRIGGER",
    "UPDATE",
];
const OF_COLUMN: [&str; 4] = ["INSERT", "REFERENCES", "SELECT", "UPDATE"];
const OF_ROUTINE: [&str; 2] = ["ALTER ROUTINE", "EXECUTE"];

/// The one name of a privilege that servers and versions name differently.
fn canonical(word: &str) -> String {
    let words: Vec<&str> = word.split_whitespace().collect();
    let word = words.join(" ").to_ascii_uppercase();
    match word.as_str() {
        "ALL" => ALL.to_owned(),
        "GRANT" => GRANT_OPTION.to_owned(),
        // MariaDB since 10.5.2.
        "BINLOG MONITOR" => "REPLICATION CLIENT".to_owned(),
        "REPLICA MONITOR" => "SLAVE MONITOR".to_owned(),
        "DELETE VERSIONING ROWS" => "DELETE HISTORY".to_owned(),
        _ => word,
    }
}

/// That these can be given on such a scope at all; what is wrong with them if not.
pub(crate) fn check_words(privileges: &Privileges, level: Level) -> Result<(), String> {
    let (known, what): (&[&str], _) = match level {
        Level::Global | Level::Proxy => return Ok(()),
        Level::Database => (&OF_DATABASE, "a database"),
        Level::Table => (&OF_TABLE, "a table"),
        Level::Routine => (&OF_ROUTINE, "a routine"),
    };
    let everywhere = [ALL, GRANT_OPTION, "DELETE HISTORY", "SHOW CREATE ROUTINE"];
    for (name, columns) in privileges.parts() {
        if !known.contains(&name) && !everywhere.contains(&name) {
            return Err(format!(
                "{name} cannot be given on {what}, which has: {}",
                known.join(", ")
            ));
        }
        if !columns.is_empty() && !OF_COLUMN.contains(&name) {
            return Err(format!(
                "{name} cannot be given on columns, only {}",
                OF_COLUMN.join(", ")
            ));
        }
    }
    Ok(())
}

impl Privileges {
    /// Of names in any case; no columns.
    pub(crate) fn of<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        let mut privileges = Self::default();
        for name in names {
            privileges.insert(name.as_ref(), Extent::whole());
        }
        privileges
    }

    pub(crate) fn all() -> Self {
        Self::of([ALL])
    }

    /// The same privileges, on columns only.
    pub(crate) fn on_columns(&self, columns: &[String]) -> Self {
        let mut privileges = Self::default();
        for name in self.0.keys() {
            privileges.insert(name, Extent::of_columns(columns.iter().cloned()));
        }
        privileges
    }

    pub(super) fn insert(&mut self, name: &str, extent: Extent) {
        let name = canonical(name);
        if name == USAGE || extent.is_empty() {
            return;
        }
        let held = self.0.entry(name).or_default();
        held.whole |= extent.whole;
        held.columns.extend(extent.columns);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (name, extent) in &other.0 {
            self.insert(name, extent.clone());
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_proxy(&self) -> bool {
        self.0.contains_key(PROXY)
    }

    /// ALL but the right to hand it on.
    fn has_all(&self) -> bool {
        self.0.contains_key(ALL)
    }

    /// The names, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Each privilege with the columns it is limited to; none means the whole scope.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.0.iter().flat_map(|(name, extent)| {
            let columns: Vec<&str> = extent.columns.iter().map(String::as_str).collect();
            let whole = extent.whole.then(|| (name.as_str(), Vec::new()));
            let limited = (!columns.is_empty()).then_some((name.as_str(), columns));
            whole.into_iter().chain(limited)
        })
    }

    /// What is in this and not in `held`.
    pub(crate) fn without(&self, held: &Self, level: Level) -> Self {
        let mut missing = Self::default();
        if self.has_all() && !held.has_all() && !held.has_every(level) {
            missing.insert(ALL, Extent::whole());
        }
        for (name, extent) in &self.0 {
            let covered = name == ALL || (held.has_all() && name != GRANT_OPTION);
            if covered || missing.has_all() && name != GRANT_OPTION {
                continue;
            }
            let there = held.0.get(name).cloned().unwrap_or_default();
            if there.whole {
                continue;
            }
            let columns = extent.columns.difference(&there.columns).cloned().collect();
            missing.insert(name, Extent { whole: extent.whole, columns });
        }
        missing
    }

    /// A routine's ALL is told by its parts.
    fn has_every(&self, level: Level) -> bool {
        level == Level::Routine && OF_ROUTINE.iter().all(|name| self.0.contains_key(*name))
    }

    /// What of these is too much where `wanted` is all that should be: REVOKE knows no exception,
    /// so ALL falls apart into what it is known to hold.
    pub(crate) fn beyond(&self, wanted: &Self, level: Level) -> Self {
        if !self.has_all() || wanted.has_all() {
            return self.without(wanted, level);
        }
        let mut parts = self.clone();
        parts.0.remove(ALL);
        if wanted.is_empty() {
            parts.insert(ALL, Extent::whole());
            return parts;
        }
        let names: &[&str] = match level {
            Level::Global | Level::Database => &OF_DATABASE,
            Level::Table => &OF_TABLE,
            Level::Routine => &OF_ROUTINE,
            Level::Proxy => &[],
        };
        parts.add(&Self::of(names));
        parts.without(wanted, level)
    }

    /// `SELECT, INSERT (`a`, `b`)`; GRANT OPTION is left out if the statement has another place for it.
    pub(super) fn list(&self, with_option: bool) -> String {
        let parts: Vec<String> = self
            .parts()
            .filter(|(name, _)| with_option || *name != GRANT_OPTION)
            .map(|(name, columns)| {
                if columns.is_empty() {
                    return name.to_owned();
                }
                let columns: Vec<String> = columns.into_iter().map(mysql_quoted).collect();
                format!("{name} ({})", columns.join(", "))
            })
            .collect();
        if parts.is_empty() { USAGE.to_owned() } else { parts.join(", ") }
    }

    pub(super) fn has_option(&self) -> bool {
        self.0.contains_key(GRANT_OPTION)
    }

    /// The right to hand on, and the rest.
    pub(super) fn split_option(&self) -> (Self, Self) {
        let (option, rest) = self.0.clone().into_iter().partition(|(name, _)| name == GRANT_OPTION);
        (Self(option), Self(rest))
    }
}

impl std::fmt::Display for Privileges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.list(true))
    }
}
