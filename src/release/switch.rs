//! The switch: the first host alone, then all others, each guarded, none of them for good until all
//! have answered.

use futures_util::future::join_all;

use super::board::Board;
use super::error::Error;
use super::guard::{Guard, Returned, Why};
use super::hold::Hold;
use super::hook::{self, When};
use super::job::{Action, Job};
use super::ledger::{Entry, Id, State};
use super::plan::needs;
use super::prepare::may_go_on;
use super::run::Run;
use super::script::Switch;
use super::site::Site;
use super::step::StepKind;
use crate::finding::{Code, Finding, Place};

/// Switches, and undoes all of it if any of it is not well.
pub(super) async fn all(
    run: &mut Run,
    job: &Job,
    board: &Board,
    holds: &mut [Hold],
) -> Result<(), Error> {
    let mut guards: Vec<Guard> = Vec::new();
    let done = Box::pin(switch_all(run, job, (board, holds), &mut guards)).await;
    match done {
        Ok(()) => confirm(run, job, board, guards).await,
        Err(error) => {
            let switched: Vec<String> =
                guards.iter().map(|guard| guard.host().name().to_owned()).collect();
            if !guards.is_empty() || error.is_of_health() {
                let is_stopped = matches!(error, Error::Stopped);
                let why = if is_stopped { Why::Stopped } else { Why::NotWell };
                Box::pin(undo(run, job, board, (guards, why))).await;
                if why == Why::NotWell {
                    leave_others(run, job, &switched, &error).await;
                }
            }
            Err(run.masked(error))
        }
    }
}

async fn switch_all(
    run: &mut Run,
    job: &Job,
    (board, holds): (&Board, &mut [Hold]),
    guards: &mut Vec<Guard>,
) -> Result<(), Error> {
    let wanting = |site: &&Site| needs(&site.seen, &job.choice.id).switch;
    let sites: Vec<Site> = job.sites.iter().filter(wanting).cloned().collect();
    let (first, rest) = sites.split_at(sites.len().min(1));
    for group in [first, rest].into_iter().filter(|group| !group.is_empty()) {
        may_go_on(run, holds)?;
        hook::run(run, job, (When::Before, StepKind::Switch), group).await?;
        let switched = join_all(group.iter().map(|site| switch(run, job, board, site))).await;
        let mut fault = None;
        for one in switched {
            match one {
                Ok(guard) => guards.push(guard),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        fault.map_or(Ok(()), Err)?;
        hook::run(run, job, (When::After, StepKind::Switch), group).await?;
        ask(run, job, board, group).await?;
    }
    may_go_on(run, holds)?;
    hook::run(run, job, (When::Before, StepKind::Confirm), &job.sites).await
}

async fn switch(run: &Run, job: &Job, board: &Board, site: &Site) -> Result<Guard, Error> {
    let id = &job.choice.id;
    let back = site.seen.back();
    let gone = "nirvana was gone before it was found good";
    let gone = match job.action {
        // As if it had never been switched to: the next run goes on from there.
        Action::Deploy => Entry::new(id, State::Commanded).reason(gone),
        // It was good before, and nobody has found it to be otherwise.
        Action::Rollback => Entry::new(id, State::Good).reason(gone),
    };
    let wanted = Switch {
        id,
        now: &site.seen.current,
        back: &back,
        reload: run.settings().reload.as_deref().unwrap_or_default(),
        switched: Entry::new(id, State::Switched),
        good: Entry::new(id, State::Good),
        returned: Entry::new(id, State::RolledBack).reason("it was not well"),
        gone,
    };
    let mut guard = None;
    let work = async {
        let settings = run.settings_of(job);
        let switched = Guard::switch(&site.host, &run.scripts, &wanted, &settings).await;
        guard = Some(switched.map_err(|error| run.masked(error))?);
        Ok(())
    };
    board.step(StepKind::Switch, Some(site.host.name()), work).await?;
    guard.ok_or_else(|| Error::site(&site.host, "the plan has no switch"))
}

/// Asks hosts whether the release answers, each as often as it takes.
async fn ask(run: &Run, job: &Job, board: &Board, sites: &[Site]) -> Result<(), Error> {
    let Some(check) = &run.check else { return Ok(()) };
    hook::run(run, job, (When::Before, StepKind::Health), sites).await?;
    let one = async |site: &Site| {
        let work = async {
            tokio::select! {
                well = check.wait(&site.host, &job.choice.id) => well.map(|_| ()),
                () = run.shutdown.requested() => Err(Error::Stopped),
            }
        };
        board.step(StepKind::Health, Some(site.host.name()), work).await
    };
    let all = join_all(sites.iter().map(one)).await;
    all.into_iter().collect::<Result<Vec<()>, Error>>()?;
    hook::run(run, job, (When::After, StepKind::Health), sites).await
}

/// Of a release that serves everywhere: whether it still answers.
pub(super) async fn ask_all(run: &Run, job: &Job, board: &Board) -> Result<(), Error> {
    ask(run, job, board, &job.sites).await
}

async fn confirm(run: &Run, job: &Job, board: &Board, guards: Vec<Guard>) -> Result<(), Error> {
    let one = async |guard: Guard| {
        let host = guard.host().name().to_owned();
        board.step(StepKind::Confirm, Some(&host), guard.confirm()).await
    };
    let all = join_all(guards.into_iter().map(one)).await;
    all.into_iter().collect::<Result<Vec<()>, Error>>()?;
    hook::run(run, job, (When::After, StepKind::Confirm), &job.sites).await
}

/// On hosts that it never came to, the release is over too: nobody goes on with it. A host that has
/// switched writes its own line.
async fn leave_others(run: &Run, job: &Job, switched: &[String], error: &Error) {
    if job.action == Action::Rollback {
        return;
    }
    let entry = Entry::new(&job.choice.id, State::Failed).reason(run.hidden(error));
    for site in &job.sites {
        let has_own = switched.iter().any(|name| name == site.host.name());
        let serves = !needs(&site.seen, &job.choice.id).switch;
        if !has_own && !serves && !error.is_on(site.host.name()) {
            // It is told in the report what failed; a host that cannot be reached now has its lock.
            let _ = run.record(&site.host, &entry).await;
        }
    }
}

/// Everything that switched returns; then what serves again is asked whether it does.
async fn undo(run: &mut Run, job: &Job, board: &Board, (guards, why): (Vec<Guard>, Why)) {
    let all = join_all(guards.into_iter().map(async |guard| {
        let host = guard.host().name().to_owned();
        (host, guard.undo(why).await)
    }));
    for (host, returned) in all.await {
        if returned == Returned::Unknown {
            let message = format!(
                "{host}: the connection was lost; the host returns by itself as soon as it notices"
            );
            run.found(Finding::warning(Code::ReleaseReturned, Place::target(), message));
        }
    }
    run.has_returned = true;
    board.undone(&[StepKind::Switch]);
    if run.settings().command.is_some() && job.action == Action::Deploy {
        let message =
            "the release was left again; what its release command did to the database stays";
        let finding = Finding::warning(Code::ReleaseReturned, Place::target(), message);
        run.found(
            finding.help("the old code must be able to work with it: expand first, contract later"),
        );
    }
    for site in &job.sites {
        let back = site.seen.back();
        let id = back.strip_prefix("releases/").and_then(Id::parse);
        let (Some(id), Some(check)) = (id, run.check.clone()) else { continue };
        let finding = match check.wait(&site.host, &id).await {
            Ok(_) => {
                let message = format!("{}: {id} serves again, and answers", site.host);
                Finding::note(Code::ReleaseReturned, Place::target(), message)
            }
            Err(error) => {
                let message = run.hidden(&error);
                Finding::error(Code::ReturnedUnhealthy, Place::target(), message)
            }
        };
        run.found(finding);
    }
}
