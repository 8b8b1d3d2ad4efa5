//! From a commit to a release that serves.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::{join_all, try_join_all};
use sha2::{Digest as _, Sha256};

use super::board::Board;
use super::error::Error;
use super::files::{Files, hexadecimal};
use super::hold::{Hold, hold_all, release_all};
use super::hook::{self, When};
use super::job::{Action, Content, Job, Subject};
use super::ledger::{Entry, Id, State};
use super::plan::{Course, Wish, choose, needs, pruned_after, steps};
use super::run::{Mode, Request, Run};
use super::site::Site;
use super::step::StepKind;
use super::{contract, prepare, switch};
use crate::event::Events;
use crate::finding::{Code, Finding, Place};
use crate::report::{Outcome, Report, StepState};
use crate::shutdown::Shutdown;

/// Which commit, and whether it is released even if it serves already.
#[derive(Clone, Debug)]
pub(crate) struct DeployRequest {
    pub(crate) request: Request,
    pub(crate) rev: String,
    pub(crate) anew: bool,
}

/// Makes a commit the release that serves, or says what that would take.
pub(crate) async fn deploy(wanted: DeployRequest, events: Events, shutdown: Shutdown) -> Report {
    let DeployRequest { request, rev, anew } = wanted;
    let mut run = Run::new(request, events, shutdown);
    let ended = Box::pin(go(&mut run, &rev, anew)).await;
    run.end(ended).await
}

async fn go(run: &mut Run, rev: &str, anew: bool) -> Result<Outcome, Error> {
    run.prepare()?;
    let files = Arc::new(read(run, rev).await?);
    for finding in &files.findings {
        run.found(finding.clone());
    }
    shared_in_repository(run, &files);
    let digest = digest(run, &files)?;
    let sites = run.look().await?;
    contract::check(run, &files, &sites)?;
    let job = plan(run, (Arc::clone(&files), digest), sites, anew).await?;
    run.subject = Some(Subject::of(&job));
    run.report.steps.clone_from(&job.steps);
    if run.request.mode == Mode::Show {
        prepare::show(run, &job, &files)?;
        return Ok(run.planned());
    }
    let board = Board::new(&run.events, &run.env, job.steps.clone());
    board.step(StepKind::Contract, None, async { Ok(()) }).await?;
    let acted = act(run, (job, files), board, anew).await;
    acted.map(|()| run.done())
}

async fn act(
    run: &mut Run,
    (job, files): (Job, Arc<Files>),
    board: Board,
    anew: bool,
) -> Result<(), Error> {
    if job.choice.course == Course::Settled {
        board.tell_skipped();
        let asked = switch::ask_all(run, &job, &board).await;
        run.report.steps = board.report();
        return asked;
    }
    hook::run(run, &job, (When::Before, StepKind::Lock), &job.sites).await?;
    let held = hold_all(run, &job.choice.id, &board).await;
    run.report.steps = board.report();
    let mut holds = held?;
    let done = under_lock(run, (files, job.content.digest), &mut holds, anew).await;
    release_all(holds).await;
    done
}

async fn under_lock(
    run: &mut Run,
    content: (Arc<Files>, String),
    holds: &mut [Hold],
    anew: bool,
) -> Result<(), Error> {
    // Another run may have been at work until we had the lock.
    let sites = run.look().await?;
    let mut job = plan(run, content, sites, anew).await?;
    for step in &mut job.steps {
        if step.step == StepKind::Lock.word() || step.step == StepKind::Contract.word() {
            step.state = StepState::Done;
        }
    }
    let board = Board::new(&run.events, &run.env, job.steps.clone());
    board.tell_skipped();
    let done = Box::pin(work(run, &job, &board, holds)).await;
    run.subject = Some(Subject::of(&job));
    run.report.steps = board.report();
    done
}

async fn work(run: &mut Run, job: &Job, board: &Board, holds: &mut [Hold]) -> Result<(), Error> {
    hook::run(run, job, (When::After, StepKind::Lock), &job.sites).await?;
    for site in &job.sites {
        if site.seen.absent.is_empty() {
            continue;
        }
        let absent = site.seen.absent.join(", ");
        let problem = format!("shared files are not there: {absent}");
        return Err(Error::site(&site.host, problem)
            .hinted(format!("put them into {}/shared", run.scripts.root())));
    }
    let prepared = Box::pin(prepare::all(run, job, board, holds)).await;
    if let Err(error) = prepared {
        // Who asked to stop may go on; what failed is over.
        if !matches!(error, Error::Stopped) && run.has_written {
            fail(run, job, &error).await;
        }
        return Err(error);
    }
    Box::pin(switch::all(run, job, board, holds)).await?;
    Box::pin(prune(run, job, board)).await;
    Ok(())
}

async fn fail(run: &Run, job: &Job, error: &Error) {
    let entry = Entry::new(&job.choice.id, State::Failed).reason(run.hidden(error));
    // That it failed is told; a ledger that cannot be written does not change it.
    join_all(run.hosts.iter().map(|host| run.record(host, &entry))).await;
}

/// What is to be removed is a matter of tidiness: that it could not be is a finding.
async fn prune(run: &mut Run, job: &Job, board: &Board) {
    if !board.wants(StepKind::Prune) {
        return;
    }
    for site in &job.sites {
        let ids = pruned_after(&site.seen, &job.choice.id, run.settings().keep());
        let line = Entry::new(&job.choice.id, State::Pruned);
        let command = run.scripts.prune(&line, &ids);
        let host = site.host.name();
        let work = async {
            let output = site.host.run(&command).await?;
            if output.code == 0 { Ok(()) } else { Err(Error::site(host, output.stderr.trim())) }
        };
        if let Err(error) = board.step(StepKind::Prune, Some(host), work).await {
            let message = format!("{host}: old releases are still there: {}", run.hidden(&error));
            run.found(Finding::warning(Code::NotPruned, Place::target(), message));
        }
    }
}

async fn read(run: &Run, rev: &str) -> Result<Files, Error> {
    let repository = run.request.folder.join(run.settings().repository.as_deref().unwrap_or("."));
    let repository =
        if repository.as_os_str().is_empty() { Path::new(".").to_owned() } else { repository };
    let rev = rev.to_owned();
    let read = tokio::task::spawn_blocking(move || Files::read(&repository, &rev)).await;
    read.unwrap_or_else(|error| Err(Error::wanted("release.repository", error.to_string())))
}

/// Of the content and of what is made of it: a release with another is another release.
fn digest(run: &Run, files: &Files) -> Result<String, Error> {
    let settings = run.settings();
    let placeholder = Id::new(0, "0");
    let mut digest = Sha256::new();
    let mut add = |text: &str| {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    };
    add(&files.commit);
    add(settings.id_file());
    let shared = settings.shared.directories.iter().chain(&settings.shared.files);
    for text in shared.chain(&settings.build) {
        add(text);
    }
    add(settings.command.as_ref().map_or("", |command| command.run.as_str()));
    for (path, mode, text) in prepare::rendered(run, &placeholder)? {
        add(&path);
        add(&mode);
        add(text.expose());
    }
    Ok(hexadecimal(&digest.finalize())[..32].to_owned())
}

/// Looks at what each host has of the files, and decides.
async fn plan(
    run: &Run,
    (files, digest): (Arc<Files>, String),
    sites: Vec<Site>,
    anew: bool,
) -> Result<Job, Error> {
    let wish = Wish {
        settings: run.settings(),
        commit: &files.commit,
        digest: &digest,
        files: files.len(),
        check: run.check.as_ref(),
        anew,
    };
    let choice = choose(&wish, &sites);
    let survey = async |site: &Site| {
        if !needs(&site.seen, &choice.id).upload {
            return Ok(None);
        }
        let uploaded = site
            .seen
            .ledger
            .releases()
            .iter()
            .rev()
            .find(|release| release.had(State::Uploaded) && site.seen.has(&release.id));
        let Some(from) = uploaded.map(|release| release.id.to_string()) else {
            return Ok(Some(files.delta(None, "")));
        };
        let command = run.scripts.survey(&from, files.question());
        let output = site.host.run(&command).await?;
        Ok::<_, Error>(Some(files.delta(Some(from), &output.stdout)))
    };
    let deltas = try_join_all(sites.iter().map(survey)).await?;
    let steps = steps(&wish, &choice, &sites, &deltas);
    let commit = files.commit.clone();
    let content = Content { files: Some(files), digest, deltas };
    Ok(Job { action: Action::Deploy, commit, sites, choice, steps, content })
}

/// A shared file of the repository would never be seen: the link stands in its place.
fn shared_in_repository(run: &mut Run, files: &Files) {
    let shared = run.settings().shared.files.clone();
    for path in shared.into_iter().filter(|path| files.has(path)) {
        let message =
            "it is in the repository and among release.shared.files: the shared one counts";
        let finding =
            Finding::warning(Code::SharedInRepository, Place::file(path.as_str(), None), message);
        run.found(finding.help(format!("git rm --cached {path}, or take it out of shared.files")));
    }
}
