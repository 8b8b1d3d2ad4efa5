//! The surface: what was typed becomes what is meant, once. One file per command.

mod migrate;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Moves an application from MySQL to PostgreSQL, and proves each step.
#[derive(Debug, Parser)]
#[command(name = "nirvana", version, max_term_width = 100, after_help = EXIT_CODES)]
#[command(disable_help_subcommand = true, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes, the same for every command:
  0  done, nothing to report
  1  done, with findings: something was altered, weakened, left out or differs
  2  usage or configuration
  3  failed, nothing was changed
  4  failed after a part was changed; the message says what is there
  5  locked by another run
  6  unhealthy, rolled back";

#[derive(Debug, Subcommand)]
enum Command {
    Migrate(migrate::Arguments),
}

/// Runs the command that was typed.
pub(crate) fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Arguments::try_parse_from(args) {
        Ok(Arguments { command: Command::Migrate(arguments) }) => migrate::run(arguments),
        // Help and version are no errors; clap knows where each belongs, and its colours.
        Err(error) => match error.print() {
            Ok(()) => ExitCode::from(error.exit_code() as u8),
            Err(_closed) => ExitCode::from(2),
        },
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Arguments::command().debug_assert();
    }
}
