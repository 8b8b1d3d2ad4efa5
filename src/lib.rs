//! nirvana moves an application from `MySQL` to `PostgreSQL` and proves each step.
//!
//! Folders that are verbs do, folders that are nouns stand, files beside this one are words.
//! Imports go only down, in the order below; `tests/tidy.rs` holds that.

// The surface: one file per command.
mod cli;
// The only code that prints.
mod ui;
// Verbs.
mod audit;
mod configure;
mod detect;
mod env;
mod migrate;
mod provision;
mod release;
// Places.
mod archive;
mod dump;
mod host;
mod mysql;
mod postgres;
mod project;
// Words.
mod application;
mod environment;
mod event;
mod fault;
mod finding;
mod name;
mod report;
mod secret;
mod secret_shape;
mod settings;
mod shutdown;
mod statement;
mod template;
mod twelve_factor;

// For ci/fuzz, and a test of what it runs.
#[cfg(any(test, fuzzing))]
pub mod fuzz;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command that `args` name, the program's own name first, and says how it ended:
/// 0 done, nothing to report · 1 findings · 2 usage or configuration · 3 failed, nothing changed ·
/// 4 failed after a partial change · 5 locked by another run · 6 unhealthy, rolled back.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    cli::run(args)
}
