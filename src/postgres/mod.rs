//! All that knows `PostgreSQL`.

pub(crate) mod catalog;
pub(crate) mod connect;
pub(crate) mod ddl;
pub(crate) mod encode;
pub(crate) mod error;
pub(crate) mod exclusion;
pub(crate) mod grants;
pub(crate) mod journal;
pub(crate) mod jsonb;
pub(crate) mod load;
#[cfg(test)]
pub(crate) mod psql;
pub(crate) mod quote;
pub(crate) mod schema;
pub(crate) mod server;
pub(crate) mod standing;
#[cfg(test)]
mod testing;
