//! What is to be run, and where; decided before anything is.

use crate::finding::Finding;
use crate::statement::Statement;

/// A statement and where it is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// PostgreSQL: the database to be connected to; `None` is the one that the URL names.
    pub(super) database: Option<String>,
    pub(super) statement: Statement,
}

impl Step {
    pub(super) fn on_server(sql: impl Into<String>) -> Self {
        Self { database: None, statement: Statement::plain(sql) }
    }

    pub(super) fn within(database: &str, sql: impl Into<String>) -> Self {
        Self { database: Some(database.to_owned()), statement: Statement::plain(sql) }
    }

    pub(super) fn secret(statement: Statement) -> Self {
        Self { database: None, statement }
    }
}

/// By what `access` knows whom it has let in: the comment of a role (PostgreSQL), an attribute of a
/// user (MySQL). A name alone says nothing: somebody else may have made one that looks alike.
pub(super) const MARK: &str = "nirvana provision access";
/// MariaDB's users have neither: there it is to be in this role, which has no privileges.
pub(super) const MARK_ROLE: &str = "nirvana_access";

/// Whether what is there and not in the file is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// The file does not speak of all that is there.
    Ignore,
    Name,
    Revoke,
}

/// All grants come before all revokes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) makes: Vec<Step>,
    pub(super) grants: Vec<Step>,
    pub(super) revokes: Vec<Step>,
    pub(super) findings: Vec<Finding>,
}

impl Plan {
    pub(super) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.makes.iter().chain(&self.grants).chain(&self.revokes)
    }

    #[cfg(test)]
    pub(super) fn shown(&self) -> Vec<&str> {
        self.steps().map(|step| step.statement.shown()).collect()
    }
}
