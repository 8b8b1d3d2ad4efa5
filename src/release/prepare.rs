//! All that is done for a release before it serves. None of it touches what serves now, but for the
//! release command.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::board::Board;
use super::command_lock::CommandLock;
use super::env::find;
use super::error::{Error, Printed};
use super::files::Files;
use super::hold::Hold;
use super::hook::{self, When};
use super::job::Job;
use super::ledger::{Entry, Id, State};
use super::plan::needs;
use super::run::Run;
use super::settings::File;
use super::site::Site;
use super::step::StepKind;
use crate::host::Command;
use crate::project::tree::Tree;
use crate::secret::Secret;
use crate::template;

const LOCK_WAIT: Duration = Duration::from_mins(1);
/// Changed files that are told one by one.
const MOST_TOLD: usize = 200;

/// Step by step, each on all hosts side by side.
pub(super) async fn all(
    run: &mut Run,
    job: &Job,
    board: &Board,
    holds: &mut [Hold],
) -> Result<(), Error> {
    run.has_written = true;
    begin(run, job).await?;
    for kind in
        [StepKind::Upload, StepKind::Share, StepKind::Render, StepKind::Build, StepKind::Validate]
    {
        if !board.wants(kind) {
            continue;
        }
        may_go_on(run, holds)?;
        hook::run(run, job, (When::Before, kind), &job.sites).await?;
        let all =
            join_all((0..job.sites.len()).map(|at| on_host(run, job, board, (kind, at)))).await;
        all.into_iter().collect::<Result<Vec<()>, Error>>()?;
        if kind == StepKind::Build {
            record(run, job, State::Built).await?;
        }
        hook::run(run, job, (When::After, kind), &job.sites).await?;
    }
    if run.settings().build.is_empty() {
        record(run, job, State::Built).await?;
    }
    may_go_on(run, holds)?;
    command(run, job, board).await
}

/// Between two steps: whether somebody asked to stop, and whether the hosts are still ours.
pub(super) fn may_go_on(run: &Run, holds: &mut [Hold]) -> Result<(), Error> {
    if run.shutdown.is_requested() {
        return Err(Error::Stopped);
    }
    for (hold, host) in holds.iter_mut().zip(&run.hosts) {
        if !hold.is_held() {
            let problem = "the lock is gone: the connection was lost, or somebody ended it";
            return Err(Error::site(host, problem).hinted("run the same command again: it goes on"));
        }
    }
    Ok(())
}

async fn begin(run: &Run, job: &Job) -> Result<(), Error> {
    for site in &job.sites {
        if needs(&site.seen, &job.choice.id).begin {
            let mut entry = Entry::new(&job.choice.id, State::Begun);
            entry.commit = Some(job.commit.clone());
            entry.digest = Some(job.content.digest.clone());
            entry.by = Some(run.by.clone());
            run.record(&site.host, &entry).await?;
        }
    }
    Ok(())
}

/// On hosts that do not have it in their ledger yet.
async fn record(run: &Run, job: &Job, state: State) -> Result<(), Error> {
    for site in &job.sites {
        let release = site.seen.ledger.get(&job.choice.id);
        if release.is_none_or(|release| !release.had(state) && !release.is_known_good()) {
            run.record(&site.host, &Entry::new(&job.choice.id, state)).await?;
        }
    }
    Ok(())
}

async fn on_host(
    run: &Run,
    job: &Job,
    board: &Board,
    (kind, at): (StepKind, usize),
) -> Result<(), Error> {
    let site = &job.sites[at];
    let host = Some(site.host.name());
    match kind {
        StepKind::Upload => board.step(kind, host, upload(run, job, at)).await,
        StepKind::Share => {
            let command = run.scripts.share(&job.choice.id, links(run));
            board.step(kind, host, ran(run, site, (kind, "ln -s"), command)).await
        }
        StepKind::Render => board.step(kind, host, render(run, job, site)).await,
        StepKind::Build => {
            for text in &run.settings().build {
                let settings = run.settings_of(job);
                let command = run.scripts.command(&job.choice.id, (text, ""), settings);
                board.step(kind, host, ran(run, site, (kind, text), command)).await?;
            }
            Ok(())
        }
        StepKind::Validate => {
            for file in &run.settings().files {
                let Some(text) = &file.validate else { continue };
                let what = (text.as_str(), file.to.as_str());
                let command = run.scripts.command(&job.choice.id, what, run.settings_of(job));
                board.step(kind, host, ran(run, site, (kind, text), command)).await?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

async fn upload(run: &Run, job: &Job, at: usize) -> Result<(), Error> {
    let (site, id) = (&job.sites[at], &job.choice.id);
    let Some(files) = &job.content.files else { return Ok(()) };
    let delta = job.content.deltas[at].clone().unwrap_or_default();
    let command = run.scripts.upload(id, &Entry::new(id, State::Uploaded));
    let writer = Arc::clone(files).writer(id, run.settings().id_file(), &delta);
    let (output, written) = site.host.feed(&command, writer).await?;
    if output.code != 0 {
        return Err(failed(run, site, (StepKind::Upload, "tar -x"), (output.code, &output.stderr)));
    }
    written
}

/// Kind, path and target of each link: relative, so that the whole folder may move.
fn links(run: &Run) -> Vec<[String; 3]> {
    let shared = &run.settings().shared;
    let directories = shared.directories.iter().map(|path| ("d", path));
    let files = shared.files.iter().map(|path| ("f", path));
    let link = |(kind, path): (&str, &String)| {
        let up = "../".repeat(2 + path.matches('/').count());
        [kind.to_owned(), path.clone(), format!("{up}shared/{path}")]
    };
    directories.chain(files).map(link).collect()
}

/// What is written into a release: path, mode, text.
pub(super) fn rendered(run: &Run, id: &Id) -> Result<Vec<(String, String, Secret)>, Error> {
    let settings = run.settings();
    let mut files = Vec::new();
    if let Some(env) = &settings.env {
        let mode = env.mode.clone().unwrap_or_else(|| "0600".to_owned());
        files.push((settings.env_file().to_owned(), mode, run.env.file(id)));
    }
    for file in &settings.files {
        let text = rendered_file(run, id, file)?;
        files.push((file.to.clone(), "0644".to_owned(), Secret::new(text)));
    }
    Ok(files)
}

fn rendered_file(run: &Run, id: &Id, file: &File) -> Result<String, Error> {
    let place = format!("release.files, {}", file.to);
    let mut values = file.values.clone();
    values.entry("release".to_owned()).or_insert_with(|| id.as_str().into());
    match (&file.template, &file.source) {
        (Some(name), None) => {
            if !template::names().any(|known| known == name) {
                let known: Vec<&str> = template::names().collect();
                let error = Error::wanted(place, format!("there is no template '{name}'"));
                return Err(error.hinted(format!("known: {}", known.join(", "))));
            }
            Ok(template::render_named(name, &values)?)
        }
        (None, Some(source)) => {
            let path = run.request.folder.join(source);
            let text = std::fs::read_to_string(&path);
            let text = text.map_err(|source| Error::File { path, source })?;
            let language = file.language.as_deref().unwrap_or_default();
            let context = template::Context::of(language).ok_or_else(|| {
                let problem = format!("'{language}' is no language that nirvana can quote for");
                Error::wanted(place, problem)
            })?;
            Ok(template::render_own(source, &text, context, &values)?)
        }
        _ => Err(Error::wanted(place, "one of template and source is wanted")),
    }
}

async fn render(run: &Run, job: &Job, site: &Site) -> Result<(), Error> {
    for (path, mode, text) in rendered(run, &job.choice.id)? {
        let command = run.scripts.render(&job.choice.id, &path, &mode, text);
        ran(run, site, (StepKind::Render, &path), command).await?;
    }
    Ok(())
}

/// Once, on the first host, while no other run can do the same to the database.
async fn command(run: &Run, job: &Job, board: &Board) -> Result<(), Error> {
    let (Some(wanted), Some(site)) = (&run.settings().command, job.sites.first()) else {
        return Ok(());
    };
    if !job.wants_command() {
        return Ok(());
    }
    hook::run(run, job, (When::Before, StepKind::Command), &job.sites[..1]).await?;
    let work = async {
        let lock = match &wanted.lock {
            Some(reference) => {
                let place = "release.command.lock";
                let (environment, folder) = (&run.request.environment, &run.request.folder);
                let url = find(reference, environment, folder, place)?;
                let patience = wanted.lock_wait.map_or(LOCK_WAIT, Duration::from_secs);
                let name = run.settings().path.trim_end_matches('/');
                Some(Box::pin(CommandLock::take(&url, environment, name, patience)).await?)
            }
            None => None,
        };
        let settings = run.settings_of(job);
        let command = run.scripts.command(&job.choice.id, (&wanted.run, ""), settings);
        ran(run, site, (StepKind::Command, &wanted.run), command).await?;
        match lock {
            Some(lock) => lock.release().await,
            None => Ok(()),
        }
    };
    board.step(StepKind::Command, Some(site.host.name()), work).await?;
    record(run, job, State::Commanded).await?;
    hook::run(run, job, (When::After, StepKind::Command), &job.sites[..1]).await
}

async fn ran(
    run: &Run,
    site: &Site,
    what: (StepKind, &str),
    command: Command,
) -> Result<(), Error> {
    let output = site.host.run(&command).await?;
    if output.code == 0 {
        return Ok(());
    }
    let said = format!("{}{}", output.stdout, output.stderr);
    Err(failed(run, site, what, (output.code, &said)))
}

fn failed(
    run: &Run,
    site: &Site,
    (kind, command): (StepKind, &str),
    (code, said): (i32, &str),
) -> Error {
    let at = format!(" on {}", site.host);
    let source = Printed(said.to_owned());
    run.masked(Error::Command { step: kind.word(), at, command: command.to_owned(), code, source })
}

/// What a dry run tells beside the steps: which files are other ones than those that serve now.
pub(super) fn show(run: &mut Run, job: &Job, files: &Files) -> Result<(), Error> {
    let serving = job.sites.first().and_then(|site| {
        let id = site.seen.current()?;
        site.seen.ledger.get(&id).cloned()
    });
    let mut text = String::new();
    let repository = run.request.folder.join(run.settings().repository.as_deref().unwrap_or("."));
    // A commit that this clone does not have cannot be compared, and nothing hangs on it.
    let before = serving.as_ref().and_then(|it| Tree::open(&repository, Some(&it.commit)).ok());
    if let (Some(serving), Some(before)) = (&serving, &before) {
        let changes = files.changes(before);
        text.push_str(&format!("--- {}\n+++ {}\n", serving.id, job.choice.id));
        for (letter, path) in changes.iter().take(MOST_TOLD) {
            text.push_str(&format!("{letter} {path}\n"));
        }
        if changes.len() > MOST_TOLD {
            text.push_str(&format!("… and {} more\n", changes.len() - MOST_TOLD));
        }
    } else {
        text.push_str(&format!("+++ {}: {} files, all new\n", job.choice.id, files.len()));
    }
    run.report.diffs.push(text);
    if run.settings().env.is_some() {
        let text = format!("+++ {}\n{}", run.settings().env_file(), run.env.shown());
        run.report.diffs.push(text);
    }
    for file in run.settings().files.clone() {
        let text = rendered_file(run, &job.choice.id, &file)?;
        run.report.diffs.push(format!("+++ {}\n{text}", file.to));
    }
    Ok(())
}
