//! `nirvana migrate`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::environment::Environment;
use crate::event::{Event, Events};
use crate::fault::{Blame, Fault};
use crate::migrate::{Mode, Request, run as migrate};
use crate::mysql::connect::Options as SourceOptions;
use crate::postgres::connect::Options as TargetOptions;
use crate::report::Outcome;
use crate::shutdown::Shutdown;
use crate::ui::{Detail, Format, ReportFile, Ui};

/// Move a database: convert, copy, build, verify.
///
/// Reads everything from one consistent snapshot of SOURCE, writes it into an empty schema of
/// TARGET, reads it back, and compares every row. Nothing that exists is touched; whatever
/// cannot be carried over exactly is listed.
///
/// Passwords are best given by MYSQL_PWD or ~/.my.cnf, and PGPASSWORD or ~/.pgpass: other users
/// of this machine can see the command line.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// mysql://user@host:3306/database, or mariadb://…; parameters: socket, ssl-mode, ssl-ca,
    /// ssl-cert, ssl-key
    #[arg(value_name = "SOURCE")]
    source: String,
    /// postgres://user@host:5432/database; libpq's parameters and environment
    #[arg(value_name = "TARGET")]
    target: String,
    /// Print the plan and the DDL, write nothing and lock nothing
    #[arg(long)]
    dry_run: bool,
    /// Move these tables only; what is no table is left out
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    only: Vec<String>,
    /// The schema of the target that everything goes into
    #[arg(long, value_name = "NAME", default_value = "public")]
    schema: String,
    /// Tables in flight, each with one connection to each end [default: the number of
    /// processors, at most 8]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
    /// Seconds that writers may wait for the snapshot, and that it may wait for them
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    lock_timeout: u64,
    /// Seconds until a server that does not answer is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    connect_timeout: u64,
    /// Write the report to this file, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// human: bars and a table; json: one event a line, the report last
    #[arg(long, value_enum, default_value_t = FormatWord::Human)]
    format: FormatWord,
    /// List every table and every finding
    #[arg(long, short)]
    verbose: bool,
}

const EXAMPLES: &str = "\
Examples:
  nirvana migrate --dry-run mysql://root@localhost/shop postgres://shop@db/shop > shop.sql
  MYSQL_PWD=… PGPASSWORD=… nirvana migrate mysql://reader@db1/shop postgres://shop@db2/shop";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatWord {
    Human,
    Json,
}

/// The most connections to each end that we take unasked.
const DEFAULT_JOBS_AT_MOST: usize = 8;

pub(super) fn run(arguments: Arguments) -> ExitCode {
    let environment = Environment::of_process();
    let format = match arguments.format {
        FormatWord::Human => Format::Human,
        FormatWord::Json => Format::Json,
    };
    let detail = if arguments.verbose { Detail::Full } else { Detail::Brief };
    let ui = Ui::new(format, detail, &environment);
    match perform(arguments, &environment, &ui) {
        Ok(outcome) => ExitCode::from(outcome.exit_code()),
        Err(error) => {
            ui.error(&*error);
            ExitCode::from(Outcome::UsageError.exit_code())
        }
    }
}

/// Anything that can be wrong with the arguments is found before a server is asked.
fn perform(
    arguments: Arguments,
    environment: &Environment,
    ui: &Ui,
) -> Result<Outcome, Box<dyn Blame>> {
    let file = arguments.report.as_deref().map(ReportFile::open).transpose().map_err(boxed)?;
    let request = request(arguments, environment)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| boxed(NoRuntime(error)))?;
    let report = runtime.block_on(ui.watch(async |events| {
        let shutdown = Shutdown::new();
        tokio::select! {
            report = migrate(request, events.clone(), shutdown.clone()) => report,
            never = interrupts(&events, &shutdown) => match never {},
        }
    }));
    // What was moved is moved, even if nobody could be told.
    if let Err(error) = ui.report(&report, file) {
        ui.error(&error);
    }
    Ok(report.outcome)
}

fn boxed(error: impl Blame + 'static) -> Box<dyn Blame> {
    Box::new(error)
}

#[derive(Debug, thiserror::Error)]
#[error("cannot start the threads that the work needs")]
struct NoRuntime(#[source] std::io::Error);

impl Blame for NoRuntime {
    fn fault(&self) -> Fault {
        Fault::Operator
    }
}

/// What was typed, as what is meant.
fn request(arguments: Arguments, environment: &Environment) -> Result<Request, Box<dyn Blame>> {
    let connect_timeout = Duration::from_secs(arguments.connect_timeout.max(1));
    let source =
        SourceOptions::from_url(&arguments.source, environment, connect_timeout).map_err(boxed)?;
    let target =
        TargetOptions::from_url(&arguments.target, environment, connect_timeout).map_err(boxed)?;
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    Ok(Request {
        source,
        target,
        schema: arguments.schema,
        only: arguments.only,
        jobs: arguments.jobs.map_or(processors.min(DEFAULT_JOBS_AT_MOST), usize::from),
        lock_timeout: Duration::from_secs(arguments.lock_timeout.max(1)),
        mode: if arguments.dry_run { Mode::DryRun } else { Mode::Move },
    })
}

/// Turns Ctrl-C and SIGTERM into the wish to stop, for as long as the run lasts.
async fn interrupts(events: &Events, shutdown: &Shutdown) -> std::convert::Infallible {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = signal(SignalKind::terminate());
    let asked = async {
        match terminated {
            Ok(mut terminated) => {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminated.recv() => {}
                }
            }
            // Without a handler the signal ends us at once, which the target undoes.
            Err(_unsupported) => std::future::pending().await,
        }
    };
    asked.await;
    events.emit(Event::Stopping);
    shutdown.request();
    std::future::pending().await
}
