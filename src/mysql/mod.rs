//! All that knows `MySQL` and `MariaDB`.

pub(crate) mod catalog;
pub(crate) mod connect;
pub(crate) mod error;
pub(crate) mod grants;
pub(crate) mod leftover;
pub(crate) mod privilege;
pub(crate) mod quote;
pub(crate) mod schema;
pub(crate) mod server;
pub(crate) mod snapshot;
pub(crate) mod token;
#[cfg(test)]
pub(crate) mod trial;
pub(crate) mod wire;
