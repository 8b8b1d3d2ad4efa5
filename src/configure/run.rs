//! Plans, proves that a second run would change nothing, and writes all files or none.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::fault::Blame;
use crate::finding::{Code, Finding, Place, Severity};
use crate::project::read::dotenv::Dialect;
use crate::project::stack;
use crate::project::tree::{Origin, Tree, shown};
use crate::report::{ErrorReport, Outcome, Report, Verb};

use super::diff::unified;
use super::error::Error;
use super::goal::{Goal, Target};
use super::mask::MASK;
use super::plan::{Plan, plan};
use super::project::Project;
use super::site::Change;

/// What to do with what would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Print,
    Check,
    Write,
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// A folder, or a repository.
    pub(crate) path: PathBuf,
    pub(crate) mode: Mode,
    pub(crate) to: Option<Target>,
    /// The program that reads the file of variables; none is the application's own.
    pub(crate) dialect: Option<Dialect>,
}

/// Configures; what can be wrong with the request is an outcome too.
pub(crate) fn configure(request: &Request) -> Report {
    let started = Instant::now();
    let mut report = Report::new(Verb::Configure, request.path.display().to_string());
    if let Err(error) = act(request, &mut report) {
        report.outcome = match error {
            Error::Project(_) | Error::NoFolder(_) => Outcome::UsageError,
            Error::HalfWritten { .. } => Outcome::FailedPartial,
            _ => Outcome::FailedUnchanged,
        };
        report.error = Some(ErrorReport::of(&error as &dyn Blame));
    }
    report.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    report
}

fn act(request: &Request, report: &mut Report) -> Result<(), Error> {
    let tree = Tree::open(&request.path, None)?;
    if request.mode == Mode::Write && matches!(tree.origin(), Origin::Commit(_)) {
        return Err(Error::NoFolder(request.path.display().to_string()));
    }
    let (detected, findings) = stack::detect(&tree);
    report.findings = findings;
    if !detected.applications.iter().any(|one| one.framework.is_server()) {
        let message = "no application is here that is configured for a server";
        report.findings.push(
            Finding::warning(Code::NothingDetected, Place::project(), message)
                .help("`nirvana detect` says what is here; name the application's folder"),
        );
    }
    let goal = Goal { to: request.to, dialect: request.dialect };
    let mut project = Project::new(&tree);
    let mut made = plan(&project, &detected.applications, goal);
    for change in &made.changes {
        project.over.insert(change.path.clone(), change.after.clone());
    }
    let unsettled = settled(&mut made, &plan(&project, &detected.applications, goal));
    report.findings.append(&mut made.findings);
    if let Some(path) = unsettled {
        return Err(Error::Unsettled(path));
    }
    if goal.is_switch() && !made.changes.is_empty() {
        let message = "SQL in the code is no setting, and stays as it is";
        let note = Finding::note(Code::SettingLeft, Place::project(), message);
        let help = "`nirvana audit` lists what of it PostgreSQL would not run";
        report.findings.push(note.help(help));
    }
    if request.mode == Mode::Write {
        write(&tree, &made.changes)?;
        report.changes = made.changes.iter().map(told).collect();
    } else {
        let diff: String = made.changes.iter().map(unified).collect();
        if diff.contains(MASK) {
            let message = format!(
                "secrets in the diff are masked as {MASK}, so it cannot be applied as a patch"
            );
            let note = Finding::note(Code::SecretsMasked, Place::project(), message);
            report.findings.push(note.help("--write makes the real change"));
        }
        report.diff = (!diff.is_empty()).then_some(diff);
    }
    report.outcome = outcome(request.mode, made.changes.is_empty(), &report.findings);
    Ok(())
}

fn outcome(mode: Mode, is_done: bool, findings: &[Finding]) -> Outcome {
    let found = findings.iter().any(|finding| finding.severity > Severity::Note);
    match (mode, is_done, found) {
        (Mode::Check, false, _) => Outcome::WouldChange,
        (Mode::Print, false, false) => Outcome::Planned,
        (Mode::Print, false, true) => Outcome::PlannedWithFindings,
        (_, _, true) => Outcome::DoneWithFindings,
        (_, _, false) => Outcome::Done,
    }
}

/// A file that a second run would change again is not written the first time; nor is any other.
fn settled(made: &mut Plan, again: &Plan) -> Option<String> {
    for change in &again.changes {
        let line = change.edits.iter().map(|edit| edit.span.start).min().unwrap_or(0);
        let before = change.before.as_deref().unwrap_or_default();
        let line = crate::project::read::line_of(before, line);
        let place = Place::file(shown(&change.path), Some(line));
        let message =
            "a second run would change this again, so nothing was planned for the project";
        made.findings.push(
            Finding::error(Code::NotConfigured, place, message)
                .help("this is a mistake of nirvana's, and not the project's"),
        );
    }
    again.changes.first().map(|change| shown(&change.path))
}

/// `changed config/database.yml in 3 places`
fn told(change: &Change) -> String {
    let name = shown(&change.path);
    let count = change.edits.len();
    let places = if count == 1 { "place" } else { "places" };
    match (&change.before, change.is_private) {
        (None, true) => format!("made {name}, which only its owner reads"),
        (None, false) => format!("made {name}"),
        (Some(_), _) => format!("changed {name} in {count} {places}"),
    }
}

/// A file that lies beside its target until all of them do.
struct Prepared {
    target: PathBuf,
    temporary: PathBuf,
    before: Option<(Vec<u8>, Permissions)>,
}

fn write(tree: &Tree, changes: &[Change]) -> Result<(), Error> {
    let mut prepared = Vec::new();
    for change in changes {
        match prepare(tree, change) {
            Ok(one) => prepared.push(one),
            Err(error) => {
                clear(&prepared);
                return Err(error);
            }
        }
    }
    for (done, one) in prepared.iter().enumerate() {
        if let Err(source) = fs::rename(&one.temporary, &one.target) {
            clear(&prepared[done..]);
            let path = one.target.clone();
            return Err(match undo(&prepared[..done]) {
                Ok(()) => Error::Write { path, source },
                Err((left, source)) => Error::HalfWritten { path, left, source },
            });
        }
    }
    Ok(())
}

fn prepare(tree: &Tree, change: &Change) -> Result<Prepared, Error> {
    let target = Project::new(tree)
        .on_disk(&change.path)
        .ok_or_else(|| Error::NoFolder(tree.origin().to_string()))?;
    let there = match fs::read(&target) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(source) => return Err(Error::Read { path: target, source }),
    };
    if there != change.before {
        return Err(Error::ChangedMeanwhile(target));
    }
    let before = match there {
        Some(bytes) => {
            let metadata = fs::metadata(&target);
            let metadata =
                metadata.map_err(|source| Error::Read { path: target.clone(), source })?;
            Some((bytes, metadata.permissions()))
        }
        None => None,
    };
    let mode = match &before {
        Some((_, permissions)) => permissions.mode() & 0o7777,
        None if change.is_private => 0o600,
        None => 0o644,
    };
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".nirvana-{}", std::process::id()));
    let temporary = target.with_file_name(name);
    put(&temporary, &change.after, mode)
        .map_err(|source| Error::Write { path: temporary.clone(), source })?;
    Ok(Prepared { target, temporary, before })
}

/// A new file that nobody else could read before it had its mode.
fn put(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}

fn clear(prepared: &[Prepared]) {
    for one in prepared {
        // What cannot be removed is a copy beside the file; the error that is told matters more.
        let _ = fs::remove_file(&one.temporary);
    }
}

/// Puts back what was there, the last one first.
fn undo(done: &[Prepared]) -> Result<(), (PathBuf, io::Error)> {
    for one in done.iter().rev() {
        let undone = match &one.before {
            None => fs::remove_file(&one.target),
            Some((bytes, permissions)) => put(&one.temporary, bytes, permissions.mode() & 0o7777)
                .and_then(|()| fs::rename(&one.temporary, &one.target)),
        };
        undone.map_err(|error| (one.target.clone(), error))?;
    }
    Ok(())
}
