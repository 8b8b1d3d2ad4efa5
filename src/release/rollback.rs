//! Back to a release that was good, by the same switch.

use super::board::Board;
use super::error::Error;
use super::hold::{hold_all, release_all};
use super::job::{Action, Content, Job, Subject};
use super::ledger::{Entry, Id, Release, State};
use super::plan::{Choice, Course, rollback_steps};
use super::run::{Mode, Request, Run};
use super::site::Site;
use super::step::StepKind;
use super::switch;
use crate::event::Events;
use crate::finding::{Code, Finding, Place};
use crate::report::{Outcome, Report, StepState};
use crate::shutdown::Shutdown;

#[derive(Clone, Debug)]
pub(crate) struct RollbackRequest {
    pub(crate) request: Request,
    /// Without it, the one that was good last before the one that serves.
    pub(crate) id: Option<String>,
    /// Even to one that is not known to be good.
    pub(crate) force: bool,
}

/// Makes an older release the one that serves, or says what that would take.
pub(crate) async fn rollback(
    wanted: RollbackRequest,
    events: Events,
    shutdown: Shutdown,
) -> Report {
    let mut run = Run::new(wanted.request.clone(), events, shutdown);
    let ended = Box::pin(go(&mut run, &wanted)).await;
    run.end(ended).await
}

async fn go(run: &mut Run, wanted: &RollbackRequest) -> Result<Outcome, Error> {
    run.prepare()?;
    let sites = run.look().await?;
    let mut job = plan(run, wanted, sites)?;
    run.subject = Some(Subject::of(&job));
    run.report.steps.clone_from(&job.steps);
    if run.settings().command.is_some() {
        let message = "what release commands did to the database since is not undone";
        run.found(Finding::note(Code::ReleaseReturned, Place::target(), message));
    }
    if run.request.mode == Mode::Show {
        return Ok(run.planned());
    }
    let board = Board::new(&run.events, &run.env, job.steps.clone());
    let held = hold_all(run, &job.choice.id, &board).await;
    run.report.steps = board.report();
    let mut holds = held?;
    let done = async {
        let sites = run.look().await?;
        job = plan(run, wanted, sites)?;
        for step in job.steps.iter_mut().filter(|step| step.step == StepKind::Lock.word()) {
            step.state = StepState::Done;
        }
        let board = Board::new(&run.events, &run.env, job.steps.clone());
        run.has_written = true;
        let switched = Box::pin(switch::all(run, &job, &board, &mut holds)).await;
        run.report.steps = board.report();
        switched?;
        leave(run, &job).await
    };
    let done = done.await;
    release_all(holds).await;
    done.map(|()| run.done())
}

/// Who rolled back found something wrong with what served: nobody returns to it unasked.
async fn leave(run: &Run, job: &Job) -> Result<(), Error> {
    for Site { host, seen } in &job.sites {
        let left = seen.current().filter(|id| *id != job.choice.id);
        if let Some(left) = left.filter(|id| seen.ledger.get(id).is_some()) {
            let reason = format!("left for {} by {}", job.choice.id, run.by);
            run.record(host, &Entry::new(&left, State::RolledBack).reason(reason)).await?;
        }
    }
    Ok(())
}

fn plan(run: &Run, wanted: &RollbackRequest, sites: Vec<Site>) -> Result<Job, Error> {
    let id = match &wanted.id {
        Some(text) => named(text, &sites, wanted.force)?,
        None => before(&sites)?,
    };
    let commit = sites.iter().find_map(|site| site.seen.ledger.get(&id));
    let commit = commit.map_or(String::new(), |release| release.commit.clone());
    let choice = Choice { id, course: Course::GoOn };
    let steps = rollback_steps(run.settings(), &choice, &sites, run.check.as_ref());
    let content = Content::default();
    Ok(Job { action: Action::Rollback, commit, sites, choice, steps, content })
}

fn named(text: &str, sites: &[Site], force: bool) -> Result<Id, Error> {
    let id = Id::parse(text)
        .ok_or_else(|| Error::wanted("ID", format!("'{text}' is no release's id")))?;
    for Site { host, seen } in sites {
        if !seen.has(&id) {
            let error = Error::site(host, format!("release {id} is not there"));
            return Err(error.hinted("`nirvana release list` names those that are"));
        }
        let release = seen.ledger.get(&id);
        if !force && !release.is_some_and(Release::is_known_good) {
            let state = release.map_or("unknown", |release| release.state.word());
            let error = Error::site(host, format!("release {id} is not known to be good: {state}"));
            return Err(error.hinted("--force returns to it all the same"));
        }
    }
    Ok(id)
}

/// The one that was good last, does not serve now, and is on every host.
fn before(sites: &[Site]) -> Result<Id, Error> {
    let Some(first) = sites.first() else {
        return Err(Error::wanted("release.hosts", "there is no host"));
    };
    let current = first.seen.current();
    let is_everywhere = |id: &Id| {
        sites.iter().all(|site| {
            site.seen.has(id) && site.seen.ledger.get(id).is_some_and(Release::is_known_good)
        })
    };
    let mut good = first.seen.ledger.good().map(|release| &release.id);
    let found = good.find(|id| current.as_ref() != Some(*id) && is_everywhere(id));
    found.cloned().ok_or_else(|| {
        let problem = "no other release is known to be good on every host";
        Error::site(&first.host, problem).hinted("`nirvana release list` shows all there are")
    })
}

#[cfg(test)]
mod tests {
    use super::{before, named};
    use crate::host::Host;
    use crate::release::site::{Seen, Site};

    fn site(current: &str, story: &str) -> Site {
        let mut text = format!("current releases/{current}\n");
        for line in story.split(", ") {
            let (id, state) = line.split_once(' ').unwrap();
            text.push_str(&format!("folder {id}\n"));
            text.push_str(&format!(
                "ledger {{\"at\":\"t\",\"release\":\"{id}\",\"state\":\"{state}\"}}\n"
            ));
        }
        Site { host: Host::parse("local", None).unwrap(), seen: Seen::parse(&text) }
    }

    #[test]
    fn a_rollback_goes_to_what_was_good_last_on_every_host() {
        let back = |sites: &[Site]| before(sites).map(|id| id.to_string()).unwrap_or_default();
        let one = || site("3-c", "1-a good, 2-b good, 3-c good, 4-d failed");
        assert_eq!(back(&[one()]), "2-b");
        assert_eq!(back(&[one(), site("3-c", "1-a good, 2-b rolled-back, 3-c good")]), "1-a");
        assert_eq!(back(&[site("1-a", "1-a good")]), "");
    }

    #[test]
    fn one_that_is_not_known_to_be_good_wants_force() {
        let sites = [site("3-c", "1-a good, 2-b rolled-back, 3-c good")];
        assert_eq!(named("1-a", &sites, false).unwrap().as_str(), "1-a");
        assert!(named("2-b", &sites, false).is_err());
        assert_eq!(named("2-b", &sites, true).unwrap().as_str(), "2-b");
        assert!(named("9-f", &sites, true).is_err());
        assert!(named("../x", &sites, true).is_err());
    }
}
