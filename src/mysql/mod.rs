//! All that knows `MySQL` and `MariaDB`.

pub(crate) mod catalog;
pub(crate) mod connect;
pub(crate) mod error;
pub(crate) mod privilege;
mod quote;
pub(crate) mod schema;
pub(crate) mod server;
pub(crate) mod snapshot;
mod token;
#[cfg(test)]
mod trial;
pub(crate) mod wire;
