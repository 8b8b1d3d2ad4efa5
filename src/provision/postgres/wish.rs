//! What the file wants, role by role and database by database.

use std::collections::BTreeSet;

use crate::postgres::grants::password::is_sound;
use crate::postgres::grants::{TablePart, check_database, check_role};
use crate::provision::error::Error;
use crate::provision::passwords::Password;
use crate::provision::wanted::{Database, Grant, Server};

/// What an application needs that reads and writes rows.
const APP_TABLES: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];
const APP_SEQUENCES: [&str; 2] = ["USAGE", "SELECT"];

#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) roles: Vec<RoleWish>,
    pub(crate) databases: Vec<DatabaseWish>,
}

#[derive(Clone, Debug)]
pub(crate) struct RoleWish {
    pub(crate) name: String,
    /// `None`: NOLOGIN.
    pub(crate) password: Option<Password>,
    /// In UTC, `2026-12-31 00:00:00`.
    pub(crate) until: Option<String>,
    /// Whether somebody stands behind it; else it is a role that others are in.
    pub(crate) can_log_in: bool,
    /// Whether one that is there may be altered: who has the same name need not be the same.
    pub(crate) is_ours: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct DatabaseWish {
    pub(crate) name: String,
    /// `None`: whoever owns it.
    pub(crate) owner: Option<String>,
    pub(crate) schemas: Vec<String>,
    pub(crate) access: Vec<Access>,
    pub(crate) parts: Vec<PartWish>,
    /// Whether the file is all that there is to say of it: then it is made, and everybody else is
    /// shut out.
    pub(crate) is_ours: bool,
}

/// What a role may do in all of a database, now and with what is made later.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) role: String,
    pub(crate) database: BTreeSet<String>,
    pub(crate) schema: BTreeSet<String>,
    pub(crate) tables: BTreeSet<String>,
    pub(crate) sequences: BTreeSet<String>,
}

/// Privileges on one table or column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartWish {
    pub(crate) part: TablePart,
    pub(crate) role: String,
    pub(crate) privileges: BTreeSet<String>,
}

fn set<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> BTreeSet<String> {
    words.into_iter().map(|word| word.as_ref().to_owned()).collect()
}

impl Access {
    pub(crate) fn read_write(role: &str) -> Self {
        Self {
            role: role.to_owned(),
            database: set(["CONNECT", "TEMPORARY"]),
            schema: set(["USAGE"]),
            tables: set(APP_TABLES),
            sequences: set(APP_SEQUENCES),
        }
    }

    pub(crate) fn read_only(role: &str) -> Self {
        Self {
            role: role.to_owned(),
            database: set(["CONNECT"]),
            schema: set(["USAGE"]),
            tables: set(["SELECT"]),
            sequences: set(["SELECT"]),
        }
    }

    /// May connect and see the schema; what else is for single grants to say.
    pub(crate) fn entrance(role: &str) -> Self {
        let (tables, sequences) = (BTreeSet::new(), BTreeSet::new());
        Self { tables, sequences, ..Self::read_only(role) }
    }
}

impl Wish {
    /// `passwords` are those of the file's users, in their order.
    pub(crate) fn of(server: &Server, passwords: Vec<Option<Password>>) -> Result<Self, Error> {
        let mut wish = Self::default();
        for (user, password) in server.users.iter().zip(passwords) {
            let place = format!("user {}", user.name);
            if user.host.is_some() {
                let problem = "PostgreSQL's users have no host: pg_hba.conf says who may come from \
                               where";
                return Err(Error::wanted(place, problem));
            }
            if wish.roles.iter().any(|known| known.name == user.name) {
                return Err(Error::wanted(place, "it is in the file twice"));
            }
            wish.roles.push(RoleWish {
                name: user.name.clone(),
                can_log_in: password.is_some(),
                password,
                until: None,
                is_ours: true,
            });
        }
        wish.databases = server.databases.iter().map(DatabaseWish::of).collect();
        for user in &server.users {
            for grant in &user.grants {
                wish.take(grant, &user.name)?;
            }
        }
        wish.check()?;
        Ok(wish)
    }

    /// That the server would take every name as it stands.
    pub(crate) fn check(&self) -> Result<(), Error> {
        for role in &self.roles {
            check_role(&role.name).map_err(|problem| {
                Error::wanted(format!("user '{}'", role.name), problem.to_string())
            })?;
            if role.password.as_ref().is_some_and(|password| !is_sound(&password.secret)) {
                let problem = "its password mixes letters that clients of PostgreSQL prepare \
                               differently: it could not be relied on";
                return Err(Error::wanted(format!("user '{}'", role.name), problem));
            }
        }
        for database in &self.databases {
            check_database(&database.name).map_err(|problem| {
                Error::wanted(format!("database '{}'", database.name), problem.to_string())
            })?;
        }
        Ok(())
    }

    fn take(&mut self, grant: &Grant, role: &str) -> Result<(), Error> {
        let place = format!("user {role}");
        let wrong = |problem: &str| Err(Error::wanted(place.as_str(), problem));
        if grant.pattern || grant.function.is_some() || grant.procedure.is_some() {
            return wrong("pattern, function and procedure are for MySQL and MariaDB");
        }
        let Some(name) = &grant.database else {
            return wrong("PostgreSQL has no privileges on the whole server: name a database");
        };
        let Some(database) = self.databases.iter_mut().find(|known| known.name == *name) else {
            return wrong(&format!("database '{name}' is not among those of this server"));
        };
        let words = set(grant.words());
        let schema = grant.schema.clone().unwrap_or_else(|| "public".to_owned());
        if let Some(table) = &grant.table {
            known(&words, &OF_TABLE).or_else(|problem| wrong(&problem))?;
            let columns: Vec<Option<String>> = if grant.columns.is_empty() {
                vec![None]
            } else {
                grant.columns.iter().cloned().map(Some).collect()
            };
            for column in columns {
                let (schema, table) = (schema.clone(), table.clone());
                let part = TablePart { schema, table, column };
                let (role, privileges) = (role.to_owned(), words.clone());
                database.parts.push(PartWish { part, role, privileges });
            }
            database.add(Access::entrance(role));
        } else if grant.schema.is_some() {
            known(&words, &["CREATE", "USAGE"]).or_else(|problem| wrong(&problem))?;
            if !database.schemas.contains(&schema) {
                return wrong(&format!("schema '{schema}' is not among those of the database"));
            }
            let access = Access { schema: words, ..Access::default() };
            database.add(Access { role: role.to_owned(), ..access });
        } else {
            known(&words, &["CONNECT", "CREATE", "TEMPORARY"])
                .or_else(|problem| wrong(&problem))?;
            let access = Access { database: words, ..Access::default() };
            database.add(Access { role: role.to_owned(), ..access });
        }
        Ok(())
    }
}

const OF_TABLE: [&str; 7] =
    ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];

fn known(words: &BTreeSet<String>, known: &[&str]) -> Result<(), String> {
    match words.iter().find(|word| !known.contains(&word.as_str())) {
        Some(word) => Err(format!("{word} cannot be given there, only {}", known.join(", "))),
        None => Ok(()),
    }
}

impl DatabaseWish {
    fn of(database: &Database) -> Self {
        let mut wish = Self {
            name: database.name.clone(),
            owner: database.owner.clone(),
            schemas: database.schemas.clone(),
            is_ours: true,
            ..Self::default()
        };
        if wish.schemas.is_empty() {
            wish.schemas.push("public".to_owned());
        }
        for role in &database.app {
            wish.add(Access::read_write(role));
        }
        for role in &database.read_only {
            wish.add(Access::read_only(role));
        }
        wish
    }

    /// The owner has everything already; others have the sum of what they are given.
    pub(crate) fn add(&mut self, access: Access) {
        if self.owner.as_ref() == Some(&access.role) {
            return;
        }
        match self.access.iter_mut().find(|known| known.role == access.role) {
            Some(known) => {
                known.database.extend(access.database);
                known.schema.extend(access.schema);
                known.tables.extend(access.tables);
                known.sequences.extend(access.sequences);
            }
            None => self.access.push(access),
        }
    }
}
