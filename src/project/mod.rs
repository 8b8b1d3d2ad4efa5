//! All that knows an application's files: in a folder, or in git at any commit.

pub(crate) mod contract;
pub(crate) mod error;
pub(crate) mod history;
pub(crate) mod read;
pub(crate) mod stack;
pub(crate) mod tree;
