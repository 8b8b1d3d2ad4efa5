//! `nirvana env`: the variables of a project's `.env`, for a command, for a shell, and held against
//! what the code reads.
//!
//! A file is read as one **dialect** reads it, since the same line means different things to
//! different programs. Which one: as asked for, as nirvana.toml says, as the files beside it show, or,
//! where nothing tells, only if those of Ruby and PHP agree on every line. A command in a value is
//! never run. A value is never printed; names are.

mod check;
mod error;
mod exec;
mod expand;
mod hook;
mod load;
mod plan;
mod settings;
mod shell;
mod trust;

pub(crate) use check::{CheckRequest, check};
pub(crate) use error::Error;
pub(crate) use exec::{ExecRequest, exec};
pub(crate) use hook::{Answer, Decision, HookRequest, Told, decide, enter, hook};
pub(crate) use settings::{Settings, dialect_named};
pub(crate) use shell::Shell;

/// Variables of a process, as the system has them.
pub(crate) type Variables = std::collections::BTreeMap<std::ffi::OsString, std::ffi::OsString>;
