//! All that knows `PostgreSQL`.

pub(crate) mod quote;
pub(crate) mod schema;
