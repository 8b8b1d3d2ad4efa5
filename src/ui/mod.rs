//! The only code that prints: stdout carries data, stderr carries talk.

mod audit;
mod configured;
mod ddl;
mod detected;
mod differences;
mod error;
mod figures;
mod findings;
mod grid;
mod json;
mod naming;
mod paper;
mod progress;
mod provision;
mod release;
mod report;
mod report_file;
#[cfg(test)]
mod schemas;
mod sheet;
mod talk;
mod verdict;

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::environment::Environment;
use crate::event::Events;
use crate::fault::{Blame, Fault};
use crate::report::{ErrorReport, Report, Verb};
use crate::ui::paper::{Behind, Paper, Stream};
use crate::ui::progress::{Face, Progress};
use crate::ui::sheet::Sheet;

pub(crate) use crate::ui::report_file::ReportFile;

/// Whom the output is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A person: bars or plain lines while it runs, then one screen.
    Human,
    /// A machine: on stdout a JSON object a line, the report last.
    Json,
    /// Code scanners: one SARIF 2.1.0 log, once the work is done.
    Sarif,
    /// GitHub: annotations of the lines that a change has.
    Github,
    /// A team: one page that needs nothing beside it.
    Html,
}

/// How much a person is shown at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What fits one screen; a count says what is left out.
    Brief,
    /// Every table and every finding.
    Full,
}

/// Both ends of the conversation with whoever started this run.
#[derive(Debug)]
pub(crate) struct Ui {
    format: Format,
    detail: Detail,
    stdout: Paper,
    stderr: Paper,
    /// Whether GitHub reads along.
    annotates: bool,
    /// Why events could not be written, if so; told with the report, as the work matters more.
    lost: Mutex<Option<UiError>>,
}

impl Ui {
    pub(crate) fn new(format: Format, detail: Detail, environment: &Environment) -> Self {
        Self {
            format,
            detail,
            stdout: Paper::of(Stream::Stdout, environment),
            stderr: Paper::of(Stream::Stderr, environment),
            annotates: environment.get("GITHUB_ACTIONS") == Some("true"),
            lost: Mutex::new(None),
        }
    }

    /// Does `work` and shows its events while they happen. The events end with the work: one that
    /// a forgotten task sends later is shown to nobody, and nobody waits for it.
    pub(crate) async fn watch<W>(&self, work: impl FnOnce(Events) -> W) -> W::Output
    where
        W: Future,
    {
        let (events, receiver) = Events::channel();
        let progress = Progress::start(self.face(), receiver);
        let output = work(events).await;
        if let Err(error) = progress.end() {
            *self.lost() = Some(error);
        }
        output
    }

    /// Shows what a verb did. With `--report`, the file is written first, as a terminal can go
    /// away; the screen then points to it.
    pub(crate) fn report(&self, report: &Report, file: Option<ReportFile>) -> Result<(), UiError> {
        let path = file.as_ref().map(|file| file.path().display().to_string());
        let kept = file.map_or(Ok(()), |file| file.write(report));
        if self.annotates {
            self.stderr.write(&self.annotations(report))?;
        }
        if self.format == Format::Json {
            self.stdout.write(&json::report_line(report)?)?;
            return self.lost().take().map_or(kept, Err);
        }
        if let Some(page) = audit::page(report, self.format)? {
            self.stdout.write(&page)?;
            if let Some(failure) = &report.error {
                self.stderr.write(&error::block(failure, &self.stderr))?;
            }
            return kept;
        }
        let saved = if kept.is_ok() { path.as_deref() } else { None };
        let stdout = Sheet { paper: &self.stdout, detail: self.detail, saved };
        let stderr = Sheet { paper: &self.stderr, ..stdout };
        for piece in report::pieces(report, &stdout, &stderr) {
            match piece.stream {
                Stream::Stdout => self.stdout.write(&piece.text)?,
                Stream::Stderr => self.stderr.write(&piece.text)?,
            }
        }
        kept
    }

    /// What GitHub shows beside what was asked for. It makes its own of SARIF, and has them already
    /// where they are the format.
    fn annotations(&self, report: &Report) -> String {
        match (report.verb, self.format) {
            (Verb::Audit, Format::Human | Format::Json | Format::Html) => {
                audit::annotations(report)
            }
            (Verb::Release, Format::Human) => release::annotations(report),
            _ => String::new(),
        }
    }

    /// One line of data, for a command whose output is that line.
    pub(crate) fn line(&self, text: &str) -> Result<(), UiError> {
        self.stdout.write(&format!("{}\n", paper::harmless(text)))
    }

    /// An error that is in no report: of the arguments, or of the report itself.
    pub(crate) fn error(&self, error: &dyn Blame) {
        let text = error::block(&ErrorReport::of(error), &self.stderr);
        // Talk is never refused: see `Paper::write`.
        let _ = self.stderr.write(&text);
    }

    fn lost(&self) -> MutexGuard<'_, Option<UiError>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn face(&self) -> Face {
        match (self.format, self.stderr.behind) {
            (Format::Json, _) => Face::Json(self.stdout),
            (_, Behind::Terminal) => Face::Bars(self.stderr),
            (_, Behind::Roll) => Face::Lines(self.stderr),
        }
    }
}

/// What can go wrong with saying what happened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UiError {
    #[error("cannot write to standard output")]
    Stdout(#[source] io::Error),
    #[error("cannot write the report to {}", path.display())]
    ReportFile { path: PathBuf, source: io::Error },
    #[error("cannot put the report into JSON")]
    Json(#[from] serde_json::Error),
}

impl Blame for UiError {
    fn fault(&self) -> Fault {
        match self {
            Self::Stdout(_) | Self::ReportFile { .. } => Fault::Operator,
            Self::Json(_) => Fault::Bug,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::ReportFile { .. } => {
                Some("name a file that can be written with --report".to_owned())
            }
            Self::Stdout(_) | Self::Json(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Detail, Format, Ui};
    use crate::environment::Environment;
    use crate::event::Event;

    #[tokio::test]
    async fn events_end_with_the_work_even_if_somebody_keeps_the_sender() {
        let ui = Ui::new(Format::Human, Detail::Brief, &Environment::of(&[]));
        let kept = ui.watch(async |events| events).await;
        kept.emit(Event::Stopping);
        assert!(ui.lost().is_none());
    }
}
