//! What is told of a dump, whatever its rows are.

/// What should be told of a dump.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Remark {
    /// A file ends in the middle of the statement that begins at this byte.
    CutOff { path: String, at: u64, bytes: u64 },
    /// It begins as a tool's dumps do, and lacks what they end with.
    NoEnd { path: String, bytes: u64, lacks: &'static str },
    /// It has neither a beginning nor an end that tell whether it is whole.
    EndUntold { path: String },
    /// Letters that this charset lacks are `?` in the dump.
    Narrow { charset: String },
    /// Rows that do not match a condition were left out.
    Partial { path: String, condition: String },
    /// A statement that may change rows or tables, and is not read.
    NotRead { path: String, at: u64, statement: String },
    /// So many more of them.
    MoreNotRead { statements: u64 },
    /// TIMESTAMPs are in a time zone that the dump does not tell.
    NoTimeZone,
    /// Tables, and no row of any of them.
    NoRows { path: String },
    /// Tables without ENGINE and whatever stands beside it.
    NoOptions { path: String },
    /// Rows of a system-versioned table that are no longer: --dump-history.
    History,
    /// A folder lacks what its tool writes.
    Lacks { path: String, what: String },
}
