//! What is wanted of every application.

use crate::project::read::dotenv::Dialect;

/// The server that an application is to speak to from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Postgres,
}

/// What is wanted of every application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) to: Option<Target>,
    /// None is the one that the application's own loader reads.
    pub(super) dialect: Option<Dialect>,
}

impl Goal {
    pub(super) fn is_switch(self) -> bool {
        self.to == Some(Target::Postgres)
    }
}
