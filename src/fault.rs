//! Whose fault an error is: what a script asks before it tries again.

use schemars::JsonSchema;
use serde::Serialize;

/// Who can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fault {
    /// Time mends it: a lost connection, a deadlock, too many connections.
    Transient,
    /// Somebody must change the data or the schema.
    Data,
    /// Somebody must change an argument, a file, a privilege or a server.
    Operator,
    /// We must mend the program.
    Bug,
}

/// An error that knows whose fault it is and what to do now.
pub(crate) trait Blame: std::error::Error {
    fn fault(&self) -> Fault;

    /// What to try, naming the flag, the file or the statement.
    fn hint(&self) -> Option<String> {
        None
    }
}
