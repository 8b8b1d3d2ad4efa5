//! `nirvana audit`: what of a codebase breaks the twelve factors, and what of it will not run on
//! PostgreSQL. Reads files, writes nothing but a baseline that is asked for.
//!
//! A factor is a file (or a folder) of `factor/`, with one table of rules. A rule says that it
//! passes, that it has findings, or that it does not apply, and why. What it finds is then allowed,
//! known, or open; only what is open counts.

#![expect(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "frameworks load their files by names in one case"
)]

mod baseline;
#[cfg(any(test, fuzzing))]
mod check;
mod context;
mod error;
mod factor;
mod file;
mod found;
mod history;
mod reading;
mod rule;
mod run;
mod score;
mod secret;
mod settings;
mod suppress;

use std::path::PathBuf;
use std::time::Instant;

use crate::application::Detected;
use crate::audit::context::Context;
use crate::audit::error::Error;
use crate::audit::found::Found;
use crate::audit::run::{Inspected, inspect};
use crate::fault::Blame;
use crate::finding::{Code, Finding, Place, Severity};
use crate::project::error::Error as ProjectError;
use crate::project::history::History;
use crate::project::tree::{Origin, Tree};
use crate::report::{ErrorReport, Outcome, Report, Verb};
use crate::twelve_factor::{Audited, Card, Hit, State};

#[cfg(any(test, fuzzing))]
pub(crate) use crate::audit::check::check;
pub(crate) use crate::audit::settings::{LevelWord, Settings};

/// What to audit, and how.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// A folder, or a repository.
    pub(crate) path: PathBuf,
    /// A commit, a branch or a tag; without it the folder as it lies on disk.
    pub(crate) rev: Option<String>,
    /// Only what has come since the tree parted from this commit.
    pub(crate) base: Option<String>,
    /// Whether to look for secrets in all that was ever committed.
    pub(crate) history: bool,
    pub(crate) fail_on: Severity,
    pub(crate) baseline: Option<PathBuf>,
    pub(crate) write_baseline: Option<PathBuf>,
    pub(crate) settings: Settings,
}

/// The cards of all rules.
pub(crate) fn cards() -> Vec<Card> {
    factor::rules().iter().map(|rule| rule.card).collect()
}

/// Audits; what can be wrong with the request is an outcome too.
pub(crate) fn audit(request: &Request) -> Report {
    let started = Instant::now();
    let mut report = Report::new(Verb::Audit, request.path.display().to_string());
    if let Err(error) = fill(request, &mut report) {
        report.outcome = outcome(&error);
        report.error = Some(ErrorReport::of(&error as &dyn Blame));
    }
    report.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    report
}

fn fill(request: &Request, report: &mut Report) -> Result<(), Error> {
    held(&request.settings)?;
    let known = request.baseline.as_deref().map(baseline::read).transpose()?;
    let repository = History::of(&request.path);
    let tree = Tree::open(&request.path, request.rev.as_deref())?;
    let needs = |what| Error::NoRepository { path: request.path.clone(), what };
    let mut inspected = inspect(&tree, repository.as_ref());
    if request.history {
        let history = repository.as_ref().ok_or_else(|| needs("history"))?;
        let context = Context::new(&tree, &inspected.detected, None);
        let dug = history::dig(history, request.rev.as_deref(), &context, &inspected.hits)?;
        inspected.looked.history = Some(dug.blobs);
        inspected.looked.history_left_out = Some(dug.left_out);
        inspected.hits.extend(dug.hits);
        inspected.findings.extend(dug.findings);
    } else {
        let reason = "the history is looked at with --history only";
        inspected.not_applicable.insert("III-025", reason.to_owned());
    }
    if inspected.comments.is_empty() && request.settings.allow.is_empty() {
        for rule in ["A-001", "A-002"] {
            inspected.not_applicable.insert(rule, "nothing is allowed here".to_owned());
        }
    }
    allow(&request.settings, &mut inspected);
    let base = match &request.base {
        Some(base) => {
            let history = repository.as_ref().ok_or_else(|| needs("other commits"))?;
            let base = history.fork(base, request.rev.as_deref())?;
            since(&request.path, &base, &tree, &mut inspected)?;
            Some(base)
        }
        None => None,
    };
    if let Some(known) = known {
        let gone = baseline::apply(known, &mut inspected.hits);
        report.findings.extend(settled(gone));
    }
    if let Some(path) = &request.write_baseline {
        let number = baseline::write(path, &inspected.hits)?;
        report.changes.push(format!("wrote {}: {number} findings are known", path.display()));
        let open = inspected.hits.iter_mut().filter(|hit| hit.is_open());
        open.for_each(|hit| hit.state = State::Known);
    }
    inspected.hits.sort_by(|one, other| {
        let order = |hit: &Hit| (std::cmp::Reverse(hit.level), hit.factor, hit.rule);
        order(one).cmp(&order(other)).then_with(|| {
            (&one.path, one.line, &one.message).cmp(&(&other.path, other.line, &other.message))
        })
    });
    conclude(request, &tree, base, inspected, report);
    Ok(())
}

/// What must be wrong in the settings whatever the tree is.
fn held(settings: &Settings) -> Result<(), Error> {
    for allow in &settings.allow {
        if allow.reason.trim().is_empty() {
            return Err(Error::Setting(format!("the allowance of {} has no reason", allow.path)));
        }
        let ids: Vec<&str> = cards().iter().map(|card| card.id).collect();
        if let Some(unknown) = allow.rules.iter().find(|rule| !ids.contains(&rule.as_str())) {
            return Err(Error::Setting(format!("there is no rule '{unknown}'")));
        }
    }
    Ok(())
}

/// Marks what comments and settings allow, and adds what is to be said of those.
fn allow(settings: &Settings, inspected: &mut Inspected) {
    let Inspected { hits, comments, .. } = inspected;
    let unused = suppress::apply(comments, hits);
    let mut new = Vec::new();
    let mut add = |rule: &str, path: &str, line: u32, message: String| {
        let mut found = Found::new(&factor::rule(rule).card);
        found.line(path, line as usize, "", message);
        new.extend(found.into_hits());
    };
    for comment in comments.iter() {
        let (path, line) = (&comment.path, comment.line);
        if comment.rules.is_empty() {
            add("A-001", path, line, "the comment names no rule, so it allows nothing".to_owned());
        } else if comment.reason.is_empty() {
            let rules = comment.rules.join(", ");
            add("A-001", path, line, format!("{rules} is allowed without a reason, so it is not"));
        }
    }
    for comment in unused {
        let rules = comment.rules.join(", ");
        add(
            "A-002",
            &comment.path,
            comment.line,
            format!("{rules} is allowed, and finds nothing here"),
        );
    }
    for allow in settings.apply(hits) {
        let what =
            if allow.rules.is_empty() { "all rules".to_owned() } else { allow.rules.join(", ") };
        let message = format!("{what} allowed for {}, and nothing is found there", allow.path);
        add("A-002", crate::settings::FILE, 1, message);
    }
    hits.extend(new);
}

/// Leaves only what the base does not have: by rule, path and line; of files that are there no
/// more, by rule and line, as they may have been renamed.
fn since(
    path: &std::path::Path,
    base: &str,
    tree: &Tree,
    inspected: &mut Inspected,
) -> Result<(), Error> {
    let before = Tree::open(path, Some(base))?;
    let old = inspect(&before, None);
    inspected
        .findings
        .extend(old.findings.into_iter().filter(|one| one.code != Code::ShallowClone));
    let mut there = baseline::counts(old.hits.iter());
    let mut moved: std::collections::BTreeMap<(&'static str, String), usize> =
        std::collections::BTreeMap::new();
    let paths: std::collections::BTreeSet<String> =
        tree.entries().iter().map(|entry| entry.shown()).collect();
    for hit in old.hits.iter().filter(|hit| !paths.contains(&hit.path)) {
        *moved.entry((hit.rule, hit.fingerprint.clone())).or_default() += 1;
    }
    inspected.hits.retain(|hit| {
        let key = (hit.rule.to_owned(), hit.path.clone(), hit.fingerprint.clone());
        let take = |left: Option<&mut usize>| match left {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        };
        !take(there.get_mut(&key)) && !take(moved.get_mut(&(hit.rule, hit.fingerprint.clone())))
    });
    Ok(())
}

fn settled(gone: usize) -> Option<Finding> {
    let message = format!("{gone} findings of the baseline are there no more");
    (gone > 0).then(|| {
        Finding::note(Code::BaselineSettled, Place::project(), message)
            .help("write it anew with --write-baseline, so that they cannot come back unseen")
    })
}

fn conclude(
    request: &Request,
    tree: &Tree,
    base: Option<String>,
    inspected: Inspected,
    report: &mut Report,
) {
    let Inspected { detected, hits, not_applicable, findings, looked, .. } = inspected;
    let rules = factor::rules();
    let results = score::results(&rules, &hits, &not_applicable);
    let scores = score::scores(&results, &hits);
    let commit = match tree.origin() {
        Origin::Commit(id) => Some(id.clone()),
        Origin::Folder(_) => None,
    };
    report.findings.extend(findings);
    let fails = hits.iter().any(|hit| hit.is_open() && hit.level >= request.fail_on);
    report.outcome = if fails { Outcome::DoneWithFindings } else { report.ended() };
    report.audited = Some(Audited {
        commit,
        base,
        applications: applications(&detected),
        looked,
        scores,
        rules: results,
        hits,
        fail_on: request.fail_on,
        cards: cards(),
    });
}

fn applications(detected: &Detected) -> Vec<String> {
    let name = |one: &crate::application::Application| {
        let version =
            one.version.as_ref().map_or(String::new(), |version| format!(" {}", version.value));
        format!("{}{version} at {}", one.framework.name(), one.root)
    };
    detected.applications.iter().map(name).collect()
}

/// What was asked for is not there, or it is there and cannot be read.
fn outcome(error: &Error) -> Outcome {
    match error {
        Error::Project(
            ProjectError::Folder { .. }
            | ProjectError::MissingObject { .. }
            | ProjectError::Object { .. }
            | ProjectError::Read { .. }
            | ProjectError::LfsPointer { .. }
            | ProjectError::Submodule { .. },
        ) => Outcome::FailedUnchanged,
        _ => Outcome::UsageError,
    }
}
