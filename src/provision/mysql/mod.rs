//! What should be on a server of `MySQL`'s family.

mod plan;
mod wish;

pub(super) use self::plan::plan;
pub(super) use self::wish::{AccountWish, Wish, accounts};

#[cfg(test)]
mod tests;
