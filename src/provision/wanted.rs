//! `[provision]` of `nirvana.toml`: the servers, and what should be on them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::error::Error;

/// What should be there.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Wanted {
    /// By a name of your choice.
    #[serde(default)]
    pub(super) servers: BTreeMap<String, Server>,
}

/// A server and what should be on it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Server {
    /// mysql://admin@host or postgres://admin@host/postgres, without a password.
    #[serde(default)]
    pub(super) url: Option<String>,
    /// The environment variable that holds the URL.
    #[serde(default)]
    pub(super) url_env: Option<String>,
    /// The administrator's password, where MYSQL_PWD, PGPASSWORD and client files have another.
    #[serde(default)]
    pub(super) password: Option<PasswordSource>,
    #[serde(default)]
    pub(super) databases: Vec<Database>,
    #[serde(default)]
    pub(super) users: Vec<User>,
}

/// A database, and who may do what the most usual way.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Database {
    pub(super) name: String,
    /// May do everything in it, and changes its schema.
    #[serde(default)]
    pub(super) owner: Option<String>,
    /// Read and write rows.
    #[serde(default)]
    pub(super) app: Vec<String>,
    /// Read rows.
    #[serde(default)]
    pub(super) read_only: Vec<String>,
    /// PostgreSQL: the schemas that this is about; [default: public]
    #[serde(default)]
    pub(super) schemas: Vec<String>,
}

/// Somebody who logs in.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct User {
    pub(super) name: String,
    /// MySQL and MariaDB: where it may come from; [default: %]
    #[serde(default)]
    pub(super) host: Option<String>,
    /// Without one nobody can log in: NOLOGIN, or a locked account.
    #[serde(default)]
    pub(super) password: Option<PasswordSource>,
    /// What is not among the most usual.
    #[serde(default)]
    pub(super) grants: Vec<Grant>,
}

/// Where a password is: exactly one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PasswordSource {
    /// An environment variable.
    #[serde(default)]
    pub(super) env: Option<String>,
    /// A file that has nothing else in it.
    #[serde(default)]
    pub(super) file: Option<String>,
    /// A file that is made, with a new password and mode 0600, where it is absent.
    #[serde(default)]
    pub(super) generate: Option<String>,
}

/// Privileges on one thing. Names are taken literally: nothing in them needs quotes or escapes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Grant {
    /// Such as SELECT or CREATE TEMPORARY TABLES, in any case.
    pub(super) privileges: Vec<String>,
    /// Without one, the whole server; MySQL and MariaDB only.
    #[serde(default)]
    pub(super) database: Option<String>,
    /// MySQL and MariaDB: `_` and `%` in the database's name are wildcards.
    #[serde(default)]
    pub(super) pattern: bool,
    /// PostgreSQL; [default: public where a table is named]
    #[serde(default)]
    pub(super) schema: Option<String>,
    #[serde(default)]
    pub(super) table: Option<String>,
    /// Of the table.
    #[serde(default)]
    pub(super) columns: Vec<String>,
    /// MySQL and MariaDB.
    #[serde(default)]
    pub(super) function: Option<String>,
    /// MySQL and MariaDB.
    #[serde(default)]
    pub(super) procedure: Option<String>,
}

impl Wanted {
    /// The one server, or the one that is named.
    pub(super) fn server(&self, name: Option<&str>) -> Result<(&str, &Server), Error> {
        let mut matching =
            self.servers.iter().filter(|(known, _)| name.is_none_or(|name| name == *known));
        match (matching.next(), matching.next()) {
            (Some((name, server)), None) => Ok((name, server)),
            (None, _) => {
                let known: Vec<&str> = self.servers.keys().map(String::as_str).collect();
                let place = name.map_or("provision".to_owned(), |name| format!("--server {name}"));
                let hint = format!("known servers: {}", known.join(", "));
                Err(Error::wanted(place, "there is no such server in the file").hinted(hint))
            }
            (Some(_), Some(_)) => Err(Error::wanted("provision", "there are several servers")
                .hinted("name one of them with --server")),
        }
    }
}

impl Server {
    /// Everybody whom a database names must be among the users: else a typing error would be a
    /// grant to nobody.
    pub(super) fn check(&self, server: &str) -> Result<(), Error> {
        for database in &self.databases {
            let named = database.owner.iter().chain(&database.app).chain(&database.read_only);
            for name in named {
                if !self.users.iter().any(|user| user.name == *name) {
                    let place = format!("provision.servers.{server}, database {}", database.name);
                    let problem = format!("'{name}' is not among the users of this server");
                    let known: Vec<&str> =
                        self.users.iter().map(|user| user.name.as_str()).collect();
                    let hint = format!("add it to users; those are: {}", known.join(", "));
                    return Err(Error::wanted(place, problem).hinted(hint));
                }
            }
        }
        for user in &self.users {
            for grant in &user.grants {
                grant.check(&format!("provision.servers.{server}, user {}", user.name))?;
            }
        }
        Ok(())
    }
}

impl Grant {
    fn check(&self, place: &str) -> Result<(), Error> {
        let wrong = |problem: String| Err(Error::wanted(place, problem));
        if self.privileges.is_empty() {
            return wrong("a grant has no privileges".to_owned());
        }
        for privilege in &self.privileges {
            let is_word = |letter: char| letter.is_ascii_alphabetic() || " _".contains(letter);
            if privilege.trim().is_empty() || !privilege.chars().all(is_word) {
                let problem = format!("'{privilege}' is no privilege");
                return Err(Error::wanted(place, problem).hinted(
                    "one privilege each, as in privileges = [\"SELECT\", \"INSERT\"]; columns have a \
                     key of their own: columns = [\"a\", \"b\"]",
                ));
            }
        }
        let within = [&self.table, &self.function, &self.procedure];
        let objects = within.iter().filter(|object| object.is_some()).count();
        if objects > 1 {
            return wrong("a grant is on one thing: a table, a function or a procedure".to_owned());
        }
        if self.database.is_none() && (objects > 0 || self.schema.is_some() || self.pattern) {
            return wrong(
                "a grant on something within a database must name the database".to_owned(),
            );
        }
        if self.table.is_none() && !self.columns.is_empty() {
            return wrong("a grant on columns must name their table".to_owned());
        }
        if self.pattern && objects > 0 {
            return wrong("only a grant on a whole database can have a pattern".to_owned());
        }
        Ok(())
    }

    /// Upper case, one space between words.
    pub(super) fn words(&self) -> Vec<String> {
        self.privileges
            .iter()
            .map(|name| name.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase())
            .collect()
    }
}
