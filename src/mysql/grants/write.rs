//! Grants as statements, and as the lines that the server would show of them.

#[cfg(test)]
use super::Line;
use super::{Account, Privileges, Scope};
use crate::name::mysql_quoted;

impl Scope {
    /// What stands behind ON.
    pub(crate) fn sql(&self) -> String {
        match self {
            Self::Global => "*.*".to_owned(),
            Self::Database(stored) => format!("{}.*", mysql_quoted(stored)),
            Self::Table { database, table } => {
                format!("{}.{}", mysql_quoted(database), mysql_quoted(table))
            }
            Self::Routine { kind, database, name } => {
                format!("{} {}.{}", kind.word(), mysql_quoted(database), mysql_quoted(name))
            }
            Self::Proxy(account) => account.sql(),
        }
    }
}

#[cfg(test)]
impl Line {
    /// The line as a server shows it; a test holds reading to it.
    pub(super) fn sql(&self) -> String {
        match self {
            Self::Grant { privileges, scope, to } => grant(privileges, scope, to),
            Self::Revoke { privileges, scope, from } => {
                format!("REVOKE {} ON {} FROM {}", privileges.list(true), scope.sql(), from.sql())
            }
            Self::Roles { roles, to, admin } => {
                let roles: Vec<String> = roles.iter().map(Account::sql).collect();
                let admin = if *admin { " WITH ADMIN OPTION" } else { "" };
                format!("GRANT {} TO {}{admin}", roles.join(", "), to.sql())
            }
            Self::DefaultRole { role, of } => {
                format!("SET DEFAULT ROLE {} FOR {}", role.sql(), of.sql())
            }
        }
    }
}

fn grant(privileges: &Privileges, scope: &Scope, to: &Account) -> String {
    let option = if privileges.has_option() { " WITH GRANT OPTION" } else { "" };
    format!("GRANT {} ON {} TO {}{option}", privileges.list(false), scope.sql(), to.sql())
}

/// The statement that gives them.
pub(crate) fn grant_sql(privileges: &Privileges, scope: &Scope, to: &Account) -> String {
    grant(privileges, scope, to)
}

/// The statements that take them: ALL and GRANT OPTION of one scope do not fit into one.
pub(crate) fn revoke_sql(privileges: &Privileges, scope: &Scope, from: &Account) -> Vec<String> {
    let (option, rest) = privileges.split_option();
    [rest, option]
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(|part| format!("REVOKE {} ON {} FROM {}", part.list(true), scope.sql(), from.sql()))
        .collect()
}
