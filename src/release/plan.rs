//! What a release would do, host by host, decided before any of it is done.

use super::files::Delta;
use super::health::Check;
use super::ledger::{Id, Release, State};
use super::settings::Settings;
use super::site::{Seen, Site};
use super::step::StepKind;
use crate::report::{StepReport, StepState};

/// What is wanted, whatever is on the hosts.
#[derive(Clone, Debug)]
pub(super) struct Wish<'a> {
    pub(super) settings: &'a Settings,
    pub(super) commit: &'a str,
    /// Of all that the release is made of.
    pub(super) digest: &'a str,
    pub(super) files: usize,
    pub(super) check: Option<&'a Check>,
    /// A new release even where the same already serves.
    pub(super) anew: bool,
}

/// Which release it is to be, and whether a run before has begun it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) id: Id,
    pub(super) course: Course,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    New,
    /// A run was killed, or got only as far as some of the hosts.
    GoOn,
    /// It serves on every host, and is good.
    Settled,
}

/// What a host needs for the release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four questions, each of its own")]
pub(super) struct Needs {
    pub(super) begin: bool,
    pub(super) upload: bool,
    pub(super) build: bool,
    pub(super) switch: bool,
}

/// A run before that got somewhere with the same content is gone on with; else the next number.
pub(super) fn choose(wish: &Wish<'_>, sites: &[Site]) -> Choice {
    let serving = |seen: &Seen| {
        let release = seen.current().and_then(|id| seen.ledger.get(&id).cloned());
        release.filter(|release| release.is_known_good() && release.digest == wish.digest)
    };
    let all: Vec<Option<Release>> = sites.iter().map(|site| serving(&site.seen)).collect();
    if !wish.anew {
        if let Some(Some(first)) = all.first()
            && all.iter().flatten().filter(|release| release.id == first.id).count() == sites.len()
        {
            return Choice { id: first.id.clone(), course: Course::Settled };
        }
        let open = sites.iter().filter_map(|site| site.seen.ledger.open(wish.digest).cloned());
        // What is over on one host is not gone on with on another.
        let is_over = |id: &Id| {
            let mut releases = sites.iter().filter_map(|site| site.seen.ledger.get(id));
            releases.any(|release| release.state > State::Good)
        };
        let begun = open.chain(all.into_iter().flatten()).map(|release| release.id);
        let begun = begun.filter(|id| !is_over(id));
        if let Some(id) = begun.max_by_key(Id::number) {
            return Choice { id, course: Course::GoOn };
        }
    }
    let highest = sites.iter().map(|site| site.seen.ledger.highest()).max().unwrap_or(0);
    Choice { id: Id::new(highest + 1, wish.commit), course: Course::New }
}

/// What is left to do on a host.
pub(super) fn needs(seen: &Seen, id: &Id) -> Needs {
    let release = seen.ledger.get(id);
    let had = |state| release.is_some_and(|release| release.had(state));
    let upload = !(had(State::Uploaded) && seen.has(id));
    let serves = seen.current().as_ref() == Some(id);
    Needs {
        begin: release.is_none(),
        upload,
        build: upload || !had(State::Built),
        switch: !(serves && release.is_some_and(Release::is_known_good)),
    }
}

/// Whether the release command ran already, on whichever host.
pub(super) fn is_commanded(sites: &[Site], id: &Id) -> bool {
    let releases = sites.iter().filter_map(|site| site.seen.ledger.get(id));
    releases.into_iter().any(|release| release.had(State::Commanded) || release.had(State::Good))
}

/// All steps in their order. `deltas` has what each host needs of the files.
pub(super) fn steps(
    wish: &Wish<'_>,
    choice: &Choice,
    sites: &[Site],
    deltas: &[Option<Delta>],
) -> Vec<StepReport> {
    let settings = wish.settings;
    let mut plan = Steps { steps: Vec::new() };
    let all: Vec<Needs> = sites.iter().map(|site| needs(&site.seen, &choice.id)).collect();
    let is_settled = choice.course == Course::Settled;
    let (what, unknown) = contract(settings);
    plan.one(StepKind::Contract, what, unknown);
    if !is_settled {
        plan.each(StepKind::Lock, sites, |_| (format!("{}/.nirvana/lock", settings.path), None));
        plan.each(StepKind::Upload, sites, |at| upload(wish, choice, all[at], deltas[at].as_ref()));
    }
    let prepares = |at: usize| (!all[at].switch).then(|| "it serves already".to_owned());
    let shared = settings.shared.directories.iter().chain(&settings.shared.files);
    let shared: Vec<&str> = shared.map(String::as_str).collect();
    if !shared.is_empty() && !is_settled {
        plan.each(StepKind::Share, sites, |at| (shared.join(", "), prepares(at)));
    }
    let rendered = rendered(settings);
    if !rendered.is_empty() && !is_settled {
        plan.each(StepKind::Render, sites, |at| (rendered.join(", "), prepares(at)));
    }
    for command in &settings.build {
        let done = |at: usize| (!all[at].build).then(|| "it is built already".to_owned());
        plan.each(StepKind::Build, sites, |at| (command.clone(), done(at)));
    }
    for file in settings.files.iter().filter(|_| !is_settled) {
        if let Some(command) = &file.validate {
            let what = format!("{}: {command}", file.to);
            plan.each(StepKind::Validate, sites, |at| (what.clone(), prepares(at)));
        }
    }
    if let Some(command) = &settings.command {
        let done = is_commanded(sites, &choice.id).then(|| "it ran already".to_owned());
        let what = match &command.lock {
            Some(_) => format!("{} (under the database's advisory lock)", command.run),
            None => command.run.clone(),
        };
        plan.on(StepKind::Command, sites.first(), what, done);
    }
    plan.each(StepKind::Switch, sites, |at| switch(settings, choice, &sites[at].seen, all[at]));
    if let Some(check) = wish.check {
        plan.each(StepKind::Health, sites, |at| (asks(check, choice, &sites[at]), None));
    }
    if !is_settled {
        plan.each(StepKind::Confirm, sites, |at| (format!("{} is good", choice.id), prepares(at)));
    }
    prune(&mut plan, settings, choice, sites);
    plan.steps
}

/// The step is there whether or not something is to be removed: a run finds out at its end.
fn prune(plan: &mut Steps, settings: &Settings, choice: &Choice, sites: &[Site]) {
    plan.each(StepKind::Prune, sites, |at| {
        let seen = &sites[at].seen;
        let pruned = pruned_after(seen, &choice.id, settings.keep());
        let ids: Vec<&str> = pruned.iter().map(Id::as_str).collect();
        match ids.as_slice() {
            [] => (format!("keep {}", settings.keep()), Some("nothing to remove".to_owned())),
            ids => (ids.join(", "), None),
        }
    });
}

/// Of a return to an older release.
pub(super) fn rollback_steps(
    settings: &Settings,
    choice: &Choice,
    sites: &[Site],
    check: Option<&Check>,
) -> Vec<StepReport> {
    let mut plan = Steps { steps: Vec::new() };
    let all: Vec<Needs> = sites.iter().map(|site| needs(&site.seen, &choice.id)).collect();
    let serves = |at: usize| (!all[at].switch).then(|| "it serves already".to_owned());
    plan.each(StepKind::Lock, sites, |_| (format!("{}/.nirvana/lock", settings.path), None));
    plan.each(StepKind::Switch, sites, |at| switch(settings, choice, &sites[at].seen, all[at]));
    if let Some(check) = check {
        plan.each(StepKind::Health, sites, |at| (asks(check, choice, &sites[at]), serves(at)));
    }
    plan.each(StepKind::Confirm, sites, |at| (format!("{} is good", choice.id), serves(at)));
    plan.steps
}

fn asks(check: &Check, choice: &Choice, site: &Site) -> String {
    format!("{} answers with {}", check.address(site.host.name()), choice.id)
}

/// Of nothing but the removal of old releases.
pub(super) fn prune_steps(settings: &Settings, sites: &[Site]) -> Vec<StepReport> {
    let mut plan = Steps { steps: Vec::new() };
    plan.each(StepKind::Lock, sites, |_| (format!("{}/.nirvana/lock", settings.path), None));
    plan.each(StepKind::Prune, sites, |at| {
        let seen = &sites[at].seen;
        let current = seen.current();
        let ids = seen.ledger.to_prune(&seen.folders, current.as_ref(), settings.keep());
        let ids: Vec<&str> = ids.iter().map(Id::as_str).collect();
        match ids.as_slice() {
            [] => (format!("keep {}", settings.keep()), Some("nothing to remove".to_owned())),
            ids => (ids.join(", "), None),
        }
    });
    plan.steps
}

/// What is removed once `id` is good too.
pub(super) fn pruned_after(seen: &Seen, id: &Id, keep: usize) -> Vec<Id> {
    let is_new = seen.ledger.get(id).is_none_or(|release| !release.is_known_good());
    let others = if is_new { keep.saturating_sub(1) } else { keep };
    // The new one is among those that are kept.
    let current = seen.current();
    let mut pruned = seen.ledger.to_prune(&seen.folders, current.as_ref(), others);
    pruned.retain(|pruned| pruned != id);
    pruned
}

/// Whether there is an environment that could be compared with what the code reads.
fn contract(settings: &Settings) -> (String, Option<String>) {
    let file = settings.env_file();
    let is_shared = settings.shared.files.iter().any(|shared| shared == file);
    match (&settings.env, is_shared) {
        (Some(_), _) => (format!("what the code reads is in {file}"), None),
        (None, true) => (format!("what the code reads is in shared/{file}"), None),
        (None, false) => {
            let why = "the file says nothing of its environment".to_owned();
            ("what the code reads is in its environment".to_owned(), Some(why))
        }
    }
}

/// Files that are written into the release.
fn rendered(settings: &Settings) -> Vec<String> {
    let env = settings.env.iter().map(|_| settings.env_file().to_owned());
    env.chain(settings.files.iter().map(|file| file.to.clone())).collect()
}

fn upload(
    wish: &Wish<'_>,
    choice: &Choice,
    needs: Needs,
    delta: Option<&Delta>,
) -> (String, Option<String>) {
    let commit = &wish.commit[..wish.commit.len().min(12)];
    let what = format!("commit {commit} as {}, {} files", choice.id, wish.files);
    if !needs.upload {
        return (what, Some("its files are there already".to_owned()));
    }
    let Some(delta) = delta else { return (what, None) };
    let linked = match &delta.from {
        Some(from) => format!(", {} linked from {from}", delta.linked.len()),
        None => String::new(),
    };
    (format!("{what}: {} sent ({} bytes){linked}", delta.sent, delta.sent_bytes), None)
}

fn switch(
    settings: &Settings,
    choice: &Choice,
    seen: &Seen,
    needs: Needs,
) -> (String, Option<String>) {
    let from = if seen.current.is_empty() { "nothing" } else { seen.current.as_str() };
    let then = match &settings.reload {
        Some(reload) => format!(", then {reload}"),
        None => String::new(),
    };
    let what = format!("current → releases/{} instead of {from}{then}", choice.id);
    if needs.switch {
        return (what, None);
    }
    (format!("current → releases/{}", choice.id), Some("it serves already".to_owned()))
}

struct Steps {
    steps: Vec<StepReport>,
}

impl Steps {
    fn one(&mut self, kind: StepKind, what: String, done: Option<String>) {
        let state = if done.is_some() { StepState::Skipped } else { StepState::Planned };
        let step = kind.word().to_owned();
        self.steps.push(StepReport {
            step,
            host: None,
            what,
            state,
            why: done,
            milliseconds: None,
        });
    }

    fn on(&mut self, kind: StepKind, site: Option<&Site>, what: String, done: Option<String>) {
        self.one(kind, what, done);
        if let (Some(step), Some(site)) = (self.steps.last_mut(), site) {
            step.host = Some(site.host.name().to_owned());
        }
    }

    fn each(
        &mut self,
        kind: StepKind,
        sites: &[Site],
        tell: impl Fn(usize) -> (String, Option<String>),
    ) {
        for (at, site) in sites.iter().enumerate() {
            let (what, done) = tell(at);
            self.on(kind, Some(site), what, done);
        }
    }
}

#[cfg(test)]
mod tests;
