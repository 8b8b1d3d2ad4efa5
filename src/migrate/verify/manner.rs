//! How both sides are compared, as values.

use crate::migrate::verify::differ::Repair;
use crate::migrate::verify::sample::Share;

/// How tables are compared, and what is done about what differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    pub(crate) share: Share,
    pub(crate) judge: Judge,
    pub(crate) repair: Repair,
}

/// Whose word is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judge {
    /// Ours: every value of both sides is read and compared.
    Rows,
    /// That of both servers too, which sum hashes by SQL of their own.
    RowsAndServers,
}
