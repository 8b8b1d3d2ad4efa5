//! Accounts and names that a server takes, and those that it would cut, fold or misread.

use std::fmt;

use crate::mysql::server::Flavour;
use crate::name::mysql_quoted;

/// A user at a host, or a role of `MariaDB`, which has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Account {
    pub(crate) user: String,
    pub(crate) host: Option<String>,
}

impl Account {
    pub(crate) fn new(user: impl Into<String>, host: impl Into<String>) -> Self {
        Self { user: user.into(), host: Some(host.into()) }
    }

    pub(crate) fn role(name: impl Into<String>) -> Self {
        Self { user: name.into(), host: None }
    }

    /// `` `user`@`host` ``, or `` `role` ``.
    pub(crate) fn sql(&self) -> String {
        match &self.host {
            Some(host) => format!("{}@{}", mysql_quoted(&self.user), mysql_quoted(host)),
            None => mysql_quoted(&self.user),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Some(host) => write!(f, "{}@{host}", self.user),
            None => f.write_str(&self.user),
        }
    }
}

/// Why a name cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameProblem {
    #[error("it is empty")]
    Empty,
    #[error("it has more than {0} characters, which the server would refuse or cut")]
    TooLong(usize),
    #[error("it ends with a space, which the server refuses or drops")]
    TrailingSpace,
    #[error("it has a character that the server's names cannot hold: {0:?}")]
    Character(char),
    #[error("it belongs to the server itself")]
    System,
}

/// Sources: `MySQL` manual 11.2.1 "Identifier Length Limits"; names are in three-byte UTF-8.
pub(crate) fn check_database(name: &str) -> Result<(), NameProblem> {
    let system = ["mysql", "information_schema", "performance_schema", "sys"];
    if system.iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Err(NameProblem::System);
    }
    check(name, 64)
}

pub(crate) fn check_account(account: &Account, flavour: Flavour) -> Result<(), NameProblem> {
    let longest = match flavour {
        Flavour::MySql => 32,
        Flavour::MariaDb => 128,
    };
    check(&account.user, longest)?;
    if account.user.starts_with("mysql.") || account.user.starts_with("mariadb.") {
        return Err(NameProblem::System);
    }
    account.host.as_deref().map_or(Ok(()), |host| check(host, 255))
}

fn check(name: &str, longest: usize) -> Result<(), NameProblem> {
    let odd = name.chars().find(|&letter| letter == '\0' || letter > '\u{ffff}');
    match (name, odd) {
        ("", _) => Err(NameProblem::Empty),
        (_, Some(odd)) => Err(NameProblem::Character(odd)),
        _ if name.chars().count() > longest => Err(NameProblem::TooLong(longest)),
        _ if name.ends_with(' ') => Err(NameProblem::TrailingSpace),
        _ => Ok(()),
    }
}
