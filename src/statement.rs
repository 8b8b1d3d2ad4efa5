//! An SQL statement that may hold a secret: what is run, and what is shown.

use std::fmt;

use crate::secret::Secret;

/// What stands where a secret is, quotes included.
pub(crate) const MASK: &str = "'…'";

/// `Display` and `Debug` show it with its secret masked.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    shown: String,
    sql: Secret,
}

impl Statement {
    pub(crate) fn plain(sql: impl Into<String>) -> Self {
        let shown = sql.into();
        Self { sql: Secret::new(shown.as_str()), shown }
    }

    /// `secret` is a whole literal with its quotes, as the dialect writes it.
    pub(crate) fn with_secret(before: &str, secret: &Secret, after: &str) -> Self {
        Self {
            shown: format!("{before}{MASK}{after}"),
            sql: Secret::new(format!("{before}{}{after}", secret.expose())),
        }
    }

    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// For the one place that sends it.
    pub(crate) fn sql(&self) -> &str {
        self.sql.expose()
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::Statement;
    use crate::secret::Secret;

    #[test]
    fn what_is_shown_has_no_secret() {
        let secret = Secret::new("'hunter2'");
        let statement = Statement::with_secret("ALTER ROLE \"a\" PASSWORD ", &secret, " LOGIN");
        assert_eq!(format!("{statement:?}"), "ALTER ROLE \"a\" PASSWORD '…' LOGIN");
        assert_eq!(statement.sql(), "ALTER ROLE \"a\" PASSWORD 'hunter2' LOGIN");
    }
}
