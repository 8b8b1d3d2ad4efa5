//! What should be on a `PostgreSQL` server.

mod plan;
mod wish;

pub(super) use self::plan::plan;
pub(super) use self::wish::{Access, DatabaseWish, PartWish, RoleWish, Wish};
