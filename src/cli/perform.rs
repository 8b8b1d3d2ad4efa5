//! What all long commands share: where they write, how they are stopped, and how they end.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::environment::Environment;
use crate::event::{Event, Events};
use crate::fault::{Blame, Fault};
use crate::report::{Outcome, Report};
use crate::shutdown::Shutdown;
use crate::ui::{Detail, Format, ReportFile, Ui};

/// Where a command says what it does.
#[derive(Debug, Args)]
pub(super) struct Output {
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatWord {
    Human,
    Json,
}

/// Does `work` and shows it. Anything that can be wrong with the arguments is found by `request`,
/// before a server is asked.
pub(super) fn perform<R, W: Future<Output = Report>>(
    output: &Output,
    request: impl FnOnce(&Environment) -> Result<R, Box<dyn Blame>>,
    work: impl FnOnce(R, Events, Shutdown) -> W,
) -> ExitCode {
    let format = match output.format {
        FormatWord::Human => Format::Human,
        FormatWord::Json => Format::Json,
    };
    let detail = if output.verbose { Detail::Full } else { Detail::Brief };
    perform_as(&Channel { report: output.report.as_deref(), format, detail }, request, work)
}

/// The same for a command that has more formats.
pub(super) struct Channel<'a> {
    pub(super) report: Option<&'a Path>,
    pub(super) format: Format,
    pub(super) detail: Detail,
}

/// Does `work` and shows it; see [`perform`].
pub(super) fn perform_as<R, W: Future<Output = Report>>(
    channel: &Channel,
    request: impl FnOnce(&Environment) -> Result<R, Box<dyn Blame>>,
    work: impl FnOnce(R, Events, Shutdown) -> W,
) -> ExitCode {
    let environment = Environment::of_process();
    let ui = Ui::new(channel.format, channel.detail, &environment);
    let done = request(&environment).and_then(|request| {
        let file = channel.report.map(ReportFile::open).transpose().map_err(boxed)?;
        show(&ui, file, async |events, shutdown| work(request, events, shutdown).await)
    });
    match done {
        Ok(outcome) => ExitCode::from(outcome.exit_code()),
        Err(error) => {
            ui.error(&*error);
            ExitCode::from(Outcome::UsageError.exit_code())
        }
    }
}

fn show(
    ui: &Ui,
    file: Option<ReportFile>,
    work: impl AsyncFnOnce(Events, Shutdown) -> Report,
) -> Result<Outcome, Box<dyn Blame>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| boxed(NoRuntime(error)))?;
    let report = runtime.block_on(ui.watch(async |events| {
        let shutdown = Shutdown::new();
        tokio::select! {
            report = work(events.clone(), shutdown.clone()) => report,
            never = interrupts(&events, &shutdown) => match never {},
        }
    }));
    // What was done is done, even if nobody could be told.
    if let Err(error) = ui.report(&report, file) {
        ui.error(&error);
    }
    Ok(report.outcome)
}

pub(super) fn boxed(error: impl Blame + 'static) -> Box<dyn Blame> {
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
