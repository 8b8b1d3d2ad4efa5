//! How a run ended, as its report says it: the same for every verb and every kind of end.

use std::time::Instant;

use tokio::task::JoinSet;

use crate::archive::Error as FileError;
use crate::event::Events;
use crate::migrate::error::Error;
use crate::report::{ErrorReport, Outcome, Report};
use crate::shutdown::Shutdown;

/// Whether the target is ours in part already: it decides what a failure is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touched {
    Nothing,
    Something,
}

/// The report of a run that has ended.
pub(crate) fn report(
    mut report: Report,
    (events, shutdown, begun): (&Events, &Shutdown, Instant),
    touched: Touched,
    ended: Result<(), Error>,
) -> Report {
    report.findings = events.findings();
    report.duration_ms = begun.elapsed().as_millis() as u64;
    let stopped = matches!(ended, Err(Error::Stopped)) && shutdown.is_requested();
    report.outcome = match (&ended, touched) {
        (Ok(()), _) => report.ended(),
        (Err(Error::Locked(_) | Error::Files(FileError::Busy(_))), _) => Outcome::Locked,
        (Err(_), Touched::Nothing) if stopped => Outcome::StoppedUnchanged,
        (Err(_), Touched::Something) if stopped => Outcome::StoppedPartial,
        (Err(_), Touched::Nothing) => Outcome::FailedUnchanged,
        (Err(_), Touched::Something) => Outcome::FailedPartial,
    };
    report.error = ended.err().map(|error| ErrorReport::of(&error));
    report
}

/// Runs the workers to their end; the first error that is not "stopped" is the one that tells, and
/// stops the others.
pub(crate) async fn all(
    mut workers: JoinSet<Result<(), Error>>,
    shutdown: &Shutdown,
) -> Result<(), Error> {
    let mut ended = Ok(());
    while let Some(worker) = workers.join_next().await {
        let worked = worker.unwrap_or_else(|panic| Err(Error::Panicked(panic.to_string())));
        if let Err(error) = worked
            && matches!(ended, Ok(()) | Err(Error::Stopped))
        {
            shutdown.request();
            ended = Err(error);
        }
    }
    if ended.is_ok() && shutdown.is_requested() {
        return Err(Error::Stopped);
    }
    ended
}
