//! `nirvana release`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::cli::SECTIONS;
use crate::cli::perform::{Output, boxed, perform};
use crate::environment::Environment;
use crate::fault::{Blame, Fault};
use crate::release::{
    DeployRequest, Level, Mode, Request, RollbackRequest, Status, check, deploy, list, prune,
    rollback, unlock,
};
use crate::settings::{FILE as SETTINGS, Settings};
use crate::ui::{Detail, Format, Ui};

/// From a commit to a release that serves, as the section release of nirvana.toml says.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Deploy(Deploy),
    List(List),
    Rollback(Rollback),
    Prune(Prune),
    Unlock(Unlock),
    Check(Check),
}

/// What all of them take.
#[derive(Debug, Args)]
struct Shared {
    /// The file that has the section release [default: the nearest nirvana.toml upward]
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

/// Releases, what became of each, and which one serves where.
#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    shared: Shared,
}

/// Make an older release the one that serves.
#[derive(Debug, Args)]
struct Rollback {
    /// Such as 7-3f2a9c1b [default: what was good last before the one that serves]
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// Even to one that is not known to be good
    #[arg(long, requires = "id")]
    force: bool,
    #[command(flatten)]
    act: Act,
}

/// Remove old releases, but never what serves, nor what a rollback would return to.
#[derive(Debug, Args)]
struct Prune {
    /// Good releases to keep [default: release.keep, or 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    keep: Option<u16>,
    #[command(flatten)]
    act: Act,
}

/// Show who is at work on the hosts; exits 5 if somebody is.
#[derive(Debug, Args)]
struct Unlock {
    /// End what holds the lock; a host that has switched returns to what served before
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    shared: Shared,
}

/// One line for a monitor, as Nagios, Icinga and Sensu read it.
///
/// Exits 0 if all is well, 1 for a warning, 2 if a host does not answer as it should, 3 if nobody can
/// tell. These are the codes of monitoring plugins, and not those of the other commands.
#[derive(Debug, Args)]
struct Check {
    /// The file that has the section release [default: the nearest nirvana.toml upward]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  nirvana release deploy --dry-run     every step, and which files are other ones
  nirvana release deploy v2.1
  nirvana release list
  nirvana release rollback
  nirvana release check                for Nagios, Icinga, Sensu";

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
        Command::List(List { shared }) => {
            perform(&shared.output, |environment| read(&shared, environment), list)
        }
        Command::Rollback(Rollback { id, force, act }) => {
            let output = &act.shared.output;
            let request = |environment: &Environment| {
                Ok(RollbackRequest { request: request(&act, environment)?, id, force })
            };
            perform(output, request, rollback)
        }
        Command::Prune(Prune { keep, act }) => {
            let output = &act.shared.output;
            let request = |environment: &Environment| {
                Ok(request(&act, environment)?.keeping(keep.map(usize::from)))
            };
            perform(output, request, prune)
        }
        Command::Unlock(Unlock { force, shared }) => {
            let request = |environment: &Environment| Ok((read(&shared, environment)?, force));
            perform(&shared.output, request, unlock)
        }
        Command::Check(Check { file }) => watch(file.as_deref()),
    }
}

/// What cannot be told is told in the same form, as a monitor reads nothing else.
fn watch(file: Option<&Path>) -> ExitCode {
    let environment = Environment::of_process();
    let unknown = |error: &dyn Blame| Status::of(Level::Unknown, &error.to_string(), "");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let status = match (find(file, &environment), runtime) {
        (Ok(request), Ok(runtime)) => runtime.block_on(check(request)),
        (Err(error), _) => unknown(&*error),
        (_, Err(error)) => Status::of(Level::Unknown, &error.to_string(), ""),
    };
    match Ui::new(Format::Human, Detail::Brief, &environment).line(&status.line) {
        Ok(()) => ExitCode::from(status.level.exit_code()),
        Err(_closed) => ExitCode::from(Level::Unknown.exit_code()),
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
    find(shared.file.as_deref(), environment)
}

fn find(file: Option<&Path>, environment: &Environment) -> Result<Request, Box<dyn Blame>> {
    let here = std::env::current_dir().unwrap_or_default();
    let settings = Settings::find(file, &here, &SECTIONS).map_err(boxed)?;
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
