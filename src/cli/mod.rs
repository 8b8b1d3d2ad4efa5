//! The surface: what was typed becomes what is meant, once. One file per command.

mod audit;
mod configure;
mod detect;
mod ends;
mod env;
mod migrate;
mod perform;
mod provision;
mod release;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::provision::Wanted;
use crate::settings::Section;

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
    Audit(audit::Arguments),
    Configure(configure::Arguments),
    Detect(detect::Arguments),
    Migrate(migrate::Arguments),
    Verify(verify::Arguments),
    Provision(provision::Arguments),
    Env(env::Arguments),
    Release(release::Arguments),
}

/// Runs the command that was typed.
pub(crate) fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Arguments::try_parse_from(args) {
        Ok(Arguments { command }) => match command {
            Command::Audit(arguments) => audit::run(arguments),
            Command::Configure(arguments) => configure::run(arguments),
            Command::Detect(arguments) => detect::run(arguments),
            Command::Migrate(arguments) => migrate::run(arguments),
            Command::Verify(arguments) => verify::run(arguments),
            Command::Provision(arguments) => provision::run(arguments),
            Command::Env(arguments) => env::run(arguments),
            Command::Release(arguments) => release::run(arguments),
        },
        // Help and version are no errors; clap knows where each belongs, and its colours.
        Err(error) => match error.print() {
            Ok(()) => ExitCode::from(error.exit_code() as u8),
            Err(_closed) => ExitCode::from(2),
        },
    }
}

/// The sections of nirvana.toml, each with the struct that its verb reads it as.
const SECTIONS: [Section; 5] = [
    Section::of::<crate::audit::Settings>("audit"),
    Section::of::<crate::env::Settings>("env"),
    Section::of::<crate::migrate::Settings>(MIGRATE),
    Section::of::<Wanted>("provision"),
    Section::of::<crate::release::Settings>("release"),
];

/// What `migrate` and `verify` read.
const MIGRATE: &str = "migrate";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use crate::settings;

    #[test]
    fn the_published_schema_is_that_of_the_sections() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        let schema = settings::schema(&super::SECTIONS);
        let wanted = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        let path = folder.join("nirvana.toml.json");
        if std::env::var_os("NIRVANA_UPDATE_SCHEMAS").is_some_and(|value| value == "1") {
            std::fs::write(&path, &wanted).unwrap();
        }
        let published = std::fs::read_to_string(&path).unwrap();
        assert!(published == wanted, "it is old: run this with NIRVANA_UPDATE_SCHEMAS=1");
    }

    #[test]
    fn the_command_line_is_sound() {
        super::Arguments::command().debug_assert();
    }
}
