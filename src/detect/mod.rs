//! `nirvana detect`: what is this codebase? Reads files, writes nothing.

use std::path::PathBuf;
use std::time::Instant;

use crate::fault::Blame;
use crate::finding::{Code, Finding, Place};
use crate::project::error::Error;
use crate::project::stack;
use crate::project::tree::Tree;
use crate::report::{ErrorReport, Outcome, Report, Verb};

/// What to look at.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// A folder, or a repository.
    pub(crate) path: PathBuf,
    /// A commit, a branch or a tag; without it the folder as it lies on disk.
    pub(crate) rev: Option<String>,
}

/// Detects; what can be wrong with the request is an outcome too.
pub(crate) fn detect(request: &Request) -> Report {
    let started = Instant::now();
    let mut report = Report::new(Verb::Detect, request.path.display().to_string());
    match Tree::open(&request.path, request.rev.as_deref()) {
        Ok(tree) => describe(&tree, &mut report),
        Err(error) => {
            report.outcome = outcome(&error);
            report.error = Some(ErrorReport::of(&error as &dyn Blame));
        }
    }
    report.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    report
}

fn describe(tree: &Tree, report: &mut Report) {
    let (detected, findings) = stack::detect(tree);
    report.findings = findings;
    if detected.applications.is_empty() {
        report.findings.push(nothing(detected.components.len()));
    }
    report.detected = Some(detected);
    report.outcome = report.ended();
}

fn nothing(components: usize) -> Finding {
    let message = if components > 0 {
        "no application is here, only components"
    } else {
        "no application of a kind that nirvana knows is here"
    };
    Finding::warning(Code::NothingDetected, Place::project(), message)
        .help("name the folder of the application, or another revision with --rev")
}

/// What was asked for is not there, or it is there and cannot be read.
fn outcome(error: &Error) -> Outcome {
    match error {
        Error::NoFolder(_)
        | Error::NotAFolder(_)
        | Error::NoRepository { .. }
        | Error::Repository { .. }
        | Error::UnknownRevision { .. }
        | Error::UnbornHead
        | Error::NoFolderAtRevision { .. } => Outcome::UsageError,
        Error::Folder { .. }
        | Error::MissingObject { .. }
        | Error::Object { .. }
        | Error::Read { .. }
        | Error::LfsPointer { .. }
        | Error::Submodule { .. } => Outcome::FailedUnchanged,
    }
}
