//! The surface: what was typed becomes what is meant.

use std::ffi::OsString;
use std::process::ExitCode;

pub(crate) fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let _ = args.into_iter().count();
    ExitCode::SUCCESS
}
