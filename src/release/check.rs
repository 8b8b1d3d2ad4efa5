//! One line for a monitor, in the form that Nagios, Icinga and Sensu read: a word, what is wrong, and
//! figures after a bar. Source: Monitoring Plugins Development Guidelines, 2 "Plugin output".

use std::time::Duration;

use super::error::Error;
use super::ledger::State;
use super::list::{differing, shown};
use super::run::{Request, Run};
use super::site::{Owner, Site};
use crate::event::Events;
use crate::shutdown::Shutdown;

/// The worst counts; unknown counts less than what is known to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Ok,
    Unknown,
    Warning,
    Critical,
}

impl Level {
    /// As plugins end: 0 OK, 1 warning, 2 critical, 3 unknown.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// What a monitor is told.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    pub(crate) level: Level,
    /// Without a line break at its end.
    pub(crate) line: String,
}

impl Status {
    pub(crate) fn of(level: Level, text: &str, figures: &str) -> Self {
        // A bar would begin the figures, a line break would end what is shown.
        let text = text.replace('|', "/").replace('\n', " ");
        let figures = if figures.is_empty() { String::new() } else { format!(" | {figures}") };
        Self { level, line: format!("RELEASE {} - {text}{figures}", level.word()) }
    }
}

pub(crate) async fn check(request: Request) -> Status {
    let (events, _unread) = Events::channel();
    let mut run = Run::new(request, events, Shutdown::new());
    let status = match go(&mut run).await {
        Ok(status) => status,
        Err(error) => Status::of(Level::Unknown, &run.hidden(&error), ""),
    };
    run.disconnect().await;
    status
}

async fn go(run: &mut Run) -> Result<Status, Error> {
    run.prepare()?;
    let sites = run.look().await?;
    let mut problems: Vec<(Level, String)> = Vec::new();
    if let Some(finding) = differing(&sites) {
        problems.push((Level::Warning, finding.message));
    }
    let mut slowest: Option<Duration> = None;
    for site in &sites {
        problems.extend(standing(site));
        match asked(run, site).await {
            Some(Ok(took)) => slowest = slowest.max(Some(took)),
            Some(Err(why)) => {
                let serving = shown(&site.seen.current);
                problems.push((Level::Critical, format!("{}: {serving}: {why}", site.host)));
            }
            None => {}
        }
    }
    let bad = problems.iter().filter(|(level, _)| *level == Level::Critical).count();
    let mut figures = format!("hosts={};;;0 unhealthy={bad};;1;0", sites.len());
    if let Some(slowest) = slowest {
        figures.push_str(&format!(" time={:.3}s;;;0", slowest.as_secs_f64()));
    }
    let level = problems.iter().map(|(level, _)| *level).max().unwrap_or(Level::Ok);
    if problems.is_empty() {
        let serving = sites.first().map_or("nothing", |site| shown(&site.seen.current));
        let how = if run.check.is_some() { "serves and answers" } else { "serves" };
        let text = format!("{serving} {how} on {} hosts", sites.len());
        return Ok(Status::of(level, &text, &figures));
    }
    let text: Vec<String> = problems.into_iter().map(|(_, text)| text).collect();
    Ok(Status::of(level, &text.join("; "), &figures))
}

/// What is wrong with what stands there.
fn standing(Site { host, seen }: &Site) -> Vec<(Level, String)> {
    let mut problems = Vec::new();
    let current = seen.current();
    match current.as_ref().and_then(|id| seen.ledger.get(id)) {
        _ if seen.current.is_empty() => {
            problems.push((Level::Critical, format!("{host}: nothing serves")));
        }
        None => {
            let text = format!("{host}: {} is no release of the ledger", shown(&seen.current));
            problems.push((Level::Warning, text));
        }
        Some(release) if !release.is_known_good() => {
            // A run is at work on it at this moment.
            let busy =
                matches!(seen.held, Some(Owner::Alive(_))) && release.state == State::Switched;
            if !busy {
                let text = format!("{host}: {} serves and is {}", release.id, release.state.word());
                problems.push((Level::Warning, text));
            }
        }
        Some(_) => {}
    }
    let open = seen.ledger.releases().iter().find(|release| release.is_open());
    if let (Some(open), None) = (open, &seen.held) {
        problems
            .push((Level::Warning, format!("{host}: {} was begun and never finished", open.id)));
    }
    problems
}

async fn asked(run: &Run, site: &Site) -> Option<Result<Duration, String>> {
    let id = site.seen.current()?;
    let check = run.check.as_ref()?;
    Some(check.once(&site.host, &id).await)
}

#[cfg(test)]
mod tests {
    use super::{Level, Status, standing};
    use crate::host::Host;
    use crate::release::site::{Seen, Site};

    #[test]
    fn a_line_has_one_bar_and_one_line() {
        let status = Status::of(Level::Critical, "a|b\nc", "hosts=2;;;0");
        assert_eq!(status.line, "RELEASE CRITICAL - a/b c | hosts=2;;;0");
        assert_eq!(status.level.exit_code(), 2);
    }

    #[test]
    fn what_stands_there_is_judged_by_the_ledger() {
        let judged = |text: &str| {
            let host = Host::parse("local", None).unwrap();
            let problems = standing(&Site { host, seen: Seen::parse(text) });
            problems.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("; ")
        };
        let line = |id: &str, state: &str| {
            format!("ledger {{\"at\":\"t\",\"release\":\"{id}\",\"state\":\"{state}\"}}\n")
        };
        let serving = "current releases/1-a\nfolder 1-a\n".to_owned();
        assert_eq!(judged(&(serving.clone() + &line("1-a", "good"))), "");
        assert_eq!(judged(""), "local: nothing serves");
        let open = serving.clone() + &line("1-a", "good") + &line("2-b", "uploaded");
        assert_eq!(judged(&open), "local: 2-b was begun and never finished");
        let held = open + "held {\"by\":\"a\",\"since\":\"t\"}\n";
        assert_eq!(judged(&held), "");
        let unsure = serving + &line("1-a", "switched");
        assert!(judged(&unsure).starts_with("local: 1-a serves and is switched"));
    }
}
