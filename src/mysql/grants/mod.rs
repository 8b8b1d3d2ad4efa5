//! Grants of `MySQL` and `MariaDB`: as values, as the statements that make them, and as `SHOW GRANTS`
//! tells them. Reading is the exact inverse of writing; a property test holds that.
//!
//! The traps that this knows, all tried on servers:
//! - In the name of a database, and only there, `_` and `%` are wildcards: a grant on `` `a_b`.* ``
//!   opens `axb` too. A backslash before them, and before itself, makes them plain. Where
//!   `partial_revokes` is on, names are literal and the backslash would be part of the name.
//! - A grant is revoked by the very form it is stored in.
//! - Rows do not add up: the one most specific row that matches is taken.
//! - A list with ALL falls apart into its privileges once one of them is revoked.
//!
//! Names are written in backticks, users and hosts too, as these mean the same in every `sql_mode`.
//!
//! Sources: `MySQL` manual 8.2.6 "Access Control, Stage 1", 8.2.7, 15.7.1.6 "GRANT Statement";
//! `MariaDB` Knowledge Base "GRANT".

mod account;
mod lexer;
mod parse;
pub(crate) mod password;
mod privileges;
pub(crate) mod read;
mod write;

use std::collections::BTreeMap;

use super::privilege::Patterns;

pub(crate) use self::account::{Account, check_account, check_database};
pub(crate) use self::parse::parse_line;
pub(crate) use self::privileges::{GRANT_OPTION, Level, Privileges, check_words};
pub(crate) use self::write::{grant_sql, revoke_sql};

/// What a grant is on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    Global,
    /// The name as the server stores it: a pattern, unless `partial_revokes` is on.
    Database(String),
    Table {
        database: String,
        table: String,
    },
    Routine {
        kind: RoutineKind,
        database: String,
        name: String,
    },
    /// To act as another account.
    Proxy(Account),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum RoutineKind {
    Function,
    Procedure,
    /// `MariaDB` in Oracle's mode.
    Package,
    PackageBody,
}

impl RoutineKind {
    fn word(self) -> &'static str {
        match self {
            Self::Function => "FUNCTION",
            Self::Procedure => "PROCEDURE",
            Self::Package => "PACKAGE",
            Self::PackageBody => "PACKAGE BODY",
        }
    }
}

impl Scope {
    pub(crate) fn level(&self) -> Level {
        match self {
            Self::Global => Level::Global,
            Self::Database(_) => Level::Database,
            Self::Table { .. } => Level::Table,
            Self::Routine { .. } => Level::Routine,
            Self::Proxy(_) => Level::Proxy,
        }
    }
}

/// A line of `SHOW GRANTS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Grant {
        privileges: Privileges,
        scope: Scope,
        to: Account,
    },
    /// A partial revoke: what a global privilege does not reach. Its name is never a pattern.
    Revoke {
        privileges: Privileges,
        scope: Scope,
        from: Account,
    },
    Roles {
        roles: Vec<Account>,
        to: Account,
        admin: bool,
    },
    DefaultRole {
        role: Account,
        of: Account,
    },
}

/// The grants of one account, a row for each scope, and the roles it is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grants {
    pub(crate) rows: BTreeMap<Scope, Privileges>,
    pub(crate) restrictions: BTreeMap<Scope, Privileges>,
    pub(crate) roles: Vec<Account>,
}

impl Grants {
    /// Takes the account's own lines together: `MySQL` splits static and dynamic privileges, and
    /// both servers list the rows of its roles too, which are others' business.
    pub(crate) fn of(account: &Account, lines: impl IntoIterator<Item = Line>) -> Self {
        let mut grants = Self::default();
        for line in lines {
            match line {
                Line::Grant { privileges, scope, to } if to == *account => {
                    grants.rows.entry(scope).or_default().add(&privileges);
                }
                Line::Revoke { privileges, scope, from } if from == *account => {
                    grants.restrictions.entry(scope).or_default().add(&privileges);
                }
                Line::Roles { roles, to, .. } if to == *account => grants.roles.extend(roles),
                _ => {}
            }
        }
        grants.rows.retain(|_, privileges| !privileges.is_empty());
        grants
    }
}

/// A database's name as a grant on all of it must write it.
pub(crate) fn stored_name(name: &str, patterns: Patterns) -> String {
    match patterns {
        Patterns::Literal => name.to_owned(),
        Patterns::Wildcards => name.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%"),
    }
}

/// The form that somebody may have written who did not know which server this is: plain where
/// names are patterns, escaped where they are not. `None` if there is none, or it is someone
/// else's name.
pub(crate) fn mistaken_name(name: &str, patterns: Patterns) -> Option<String> {
    let other = match patterns {
        Patterns::Wildcards => name.to_owned(),
        Patterns::Literal => stored_name(name, Patterns::Wildcards),
    };
    let is_meant = match patterns {
        Patterns::Wildcards => reaches(&other, name, patterns),
        Patterns::Literal => true,
    };
    (other != stored_name(name, patterns) && is_meant).then_some(other)
}

/// Whether a stored name covers a database.
pub(crate) fn reaches(stored: &str, database: &str, patterns: Patterns) -> bool {
    match patterns {
        Patterns::Literal => stored == database,
        Patterns::Wildcards => {
            let pattern: Vec<char> = stored.chars().collect();
            let database: Vec<char> = database.chars().collect();
            super::privilege::matches_pattern(&pattern, &database)
        }
    }
}

#[cfg(test)]
mod tests;
