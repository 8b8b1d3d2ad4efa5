//! The releases that the hosts' ledgers tell of.

use super::error::Error;
use super::run::{Request, Run};
use super::site::{Owner, Site};
use crate::event::Events;
use crate::finding::{Code, Finding, Place};
use crate::report::{Outcome, ReleaseReport, Report};
use crate::shutdown::Shutdown;

pub(crate) async fn list(request: Request, events: Events, shutdown: Shutdown) -> Report {
    let mut run = Run::new(request, events, shutdown);
    let ended = go(&mut run).await;
    run.end(ended).await
}

async fn go(run: &mut Run) -> Result<Outcome, Error> {
    run.find_hosts()?;
    let sites = run.look().await?;
    for Site { host, seen } in &sites {
        if let Some(Owner::Alive(owner) | Owner::Busy(owner)) = &seen.held {
            let message = format!("{host}: at work: {owner}");
            run.found(Finding::note(Code::RunLeftOver, Place::target(), message));
        }
    }
    if let Some(finding) = differing(&sites) {
        run.found(finding);
    }
    run.report.releases = merged(&sites);
    Ok(run.done())
}

/// Whether hosts serve different releases.
pub(super) fn differing(sites: &[Site]) -> Option<Finding> {
    let first = sites.first()?;
    let other = sites.iter().find(|site| site.seen.current != first.seen.current)?;
    let message = format!(
        "{} serves {}, and {} serves {}",
        first.host,
        shown(&first.seen.current),
        other.host,
        shown(&other.seen.current)
    );
    let finding = Finding::warning(Code::HostsDiffer, Place::target(), message);
    Some(finding.help("`nirvana release deploy` finishes what was begun on all hosts"))
}

pub(super) fn shown(current: &str) -> &str {
    match current {
        "" => "nothing",
        current => current.strip_prefix("releases/").unwrap_or(current),
    }
}

/// The newest first. Where hosts tell differently of one, the first that knows it counts.
fn merged(sites: &[Site]) -> Vec<ReleaseReport> {
    let mut all: Vec<ReleaseReport> = Vec::new();
    for Site { host, seen } in sites {
        for release in seen.ledger.releases() {
            let id = release.id.as_str();
            let at = all.iter().position(|known| known.id == id).unwrap_or_else(|| {
                all.push(ReleaseReport {
                    id: id.to_owned(),
                    state: release.state.word().to_owned(),
                    commit: release.commit.clone(),
                    by: release.by.clone(),
                    at: release.at.clone(),
                    reason: release.reason.clone(),
                    serving: Vec::new(),
                    known_good: release.is_known_good(),
                });
                all.len() - 1
            });
            if seen.current().as_ref() == Some(&release.id) {
                all[at].serving.push(host.name().to_owned());
            }
        }
    }
    let number =
        |release: &ReleaseReport| super::ledger::Id::parse(&release.id).map_or(0, |id| id.number());
    all.sort_by_key(|release| std::cmp::Reverse(number(release)));
    all
}
