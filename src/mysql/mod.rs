//! All that knows `MySQL` and `MariaDB`.

pub(crate) mod schema;
