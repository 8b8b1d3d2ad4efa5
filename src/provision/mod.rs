//! Databases, users and grants, as `nirvana.toml` wants them: what is missing is printed as the exact
//! statements, and run if asked.
//!
//! What holds whatever the server:
//! - A plan is wanted − present. Once it has run there is nothing left of it: each run that writes
//!   reads again afterwards and says so if something is.
//! - All grants come before all revokes, so that no application loses access in between.
//! - What is there and not in the file is named, and taken away only by `--prune`.
//! - A password is a reference. What is sent is its hash, made here; what is shown is neither.
//!
//! What it does not cover: privileges that a server gives through roles, plugins or its host-based
//! authentication; `--apply` is not one transaction, as neither server has one for all of it, but
//! each statement may be run again.

mod access;
mod carry;

mod error;
mod mysql;
mod passwords;
mod plan;
mod postgres;
mod reach;
mod run;
mod server;
mod wanted;

pub(crate) use self::access::{AccessRequest, Grant, Until, access};
pub(crate) use self::carry::{CarryRequest, carry};
pub(crate) use self::reach::{ReachRequest, reach};
pub(crate) use self::run::{Mode, Request, provision};
pub(crate) use self::wanted::Wanted;
