//! `nirvana release`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::cli::SECTIONS;
use crate::cli::perform::{Output, boxed, perform};
use crate::environment::Environment;
use crate::fault::{Blame, Fault};
use crate::release::{DeployRequest, Mode, Request, deploy};
use crate::settings::{FILE as SETTINGS, Settings};

/// From a commit to a release that serves, as [release] in nirvana.toml says.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Deploy(Deploy),
}

/// What all of them take.
#[derive(Debug, Args)]
struct Shared {
    /// The file that has [release] [default: the nearest nirvana.toml upward]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// What those that change something take.
#[derive(Debug, Args)]
struct Act {
    /// Print every step, and which files are other ones; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Wait for another run, this many seconds at most [default: 600]; without it, exit 5
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "600")]
    wait: Option<u64>,
    #[command(flatten)]
    shared: Shared,
}

/// Make a commit the release that serves.
#[derive(Debug, Args)]
struct Deploy {
    /// A commit, a branch or a tag
    #[arg(value_name = "REV", default_value = "HEAD")]
    rev: String,
    /// A new release even if the same serves already
    #[arg(long)]
    anew: bool,
    #[command(flatten)]
    act: Act,
}

const EXAMPLES: &str = "\
Examples:
  nirvana release deploy --dry-run     every step, and which files are other ones
  nirvana release deploy v2.1";

pub(super) fn run(arguments: Arguments) -> ExitCode {
    match arguments.command {
        Command::Deploy(Deploy { rev, anew, act }) => {
            let output = &act.shared.output;
            let request = |environment: &Environment| {
                let request = request(&act, environment)?;
                Ok(DeployRequest { request, rev, anew })
            };
            perform(output, request, deploy)
        }
    }
}

fn request(act: &Act, environment: &Environment) -> Result<Request, Box<dyn Blame>> {
    let mode = if act.dry_run { Mode::Show } else { Mode::Act };
    let mut request = read(&act.shared, environment)?;
    request.mode = mode;
    request.patience = act.wait.unwrap_or(0);
    Ok(request)
}

/// The section, and the folder that its paths start from.
fn read(shared: &Shared, environment: &Environment) -> Result<Request, Box<dyn Blame>> {
    let here = std::env::current_dir().unwrap_or_default();
    let settings = Settings::find(shared.file.as_deref(), &here, &SECTIONS).map_err(boxed)?;
    let settings = settings.ok_or_else(|| boxed(NothingSaid("there is no nirvana.toml")))?;
    let section = settings.section("release").map_err(boxed)?;
    let section = section.ok_or_else(|| boxed(NothingSaid("the file has no [release]")))?;
    Ok(Request {
        settings: section,
        folder: settings.folder().to_owned(),
        environment: environment.clone(),
        mode: Mode::Show,
        patience: 0,
    })
}

#[derive(Debug, thiserror::Error)]
#[error("nothing says where to release to: {0}")]
struct NothingSaid(&'static str);

impl Blame for NothingSaid {
    fn fault(&self) -> Fault {
        Fault::Operator
    }

    fn hint(&self) -> Option<String> {
        Some(format!("write [release] in {SETTINGS}, or name a file that has it with --file"))
    }
}
