//! Moves a database.
mod convert;
