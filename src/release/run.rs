//! What all subcommands share: the file's settings turned into hosts, and how a run ends.

use std::path::PathBuf;
use std::time::Instant;

use futures_util::future::join_all;

use super::env::Env;
use super::error::{Error, Printed};
use super::health::{Check, told};
use super::job::{Job, Subject};
use super::ledger::Entry;
use super::notice::{self, News};
use super::script::Scripts;
use super::settings::{IdIn, Settings};
use super::site::{Site, hosts, look};
use crate::environment::Environment;
use crate::event::Events;
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::host::Host;
use crate::report::{ErrorReport, Outcome, Report, Verb};
use crate::secret::Secret;
use crate::shutdown::Shutdown;

/// What every subcommand gets.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) settings: Settings,
    /// What relative paths start from.
    pub(crate) folder: PathBuf,
    pub(crate) environment: Environment,
    pub(crate) mode: Mode,
    /// Seconds that another run is waited for.
    pub(crate) patience: u64,
}

impl Request {
    /// As many good releases are kept, whatever the file says.
    pub(crate) fn keeping(mut self, keep: Option<usize>) -> Self {
        self.settings.keep = keep.or(self.settings.keep);
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Show,
    Act,
}

/// A run, and what there is to report of it.
pub(super) struct Run {
    pub(super) request: Request,
    pub(super) scripts: Scripts,
    pub(super) hosts: Vec<Host>,
    pub(super) check: Option<Check>,
    pub(super) env: Env,
    pub(super) by: String,
    pub(super) events: Events,
    pub(super) shutdown: Shutdown,
    pub(super) report: Report,
    /// What the run is about, once it is known.
    pub(super) subject: Option<Subject>,
    /// Whether anything was written on any host.
    pub(super) has_written: bool,
    /// Whether a switch was undone.
    pub(super) has_returned: bool,
    pub(super) begun: Instant,
}

impl Run {
    pub(super) fn new(request: Request, events: Events, shutdown: Shutdown) -> Self {
        let scripts = Scripts::new(&request.settings.path);
        let by = whoami(&request.environment);
        let report = Report::new(Verb::Release, request.settings.path.clone());
        Self {
            request,
            scripts,
            hosts: Vec::new(),
            check: None,
            env: Env::default(),
            by,
            events,
            shutdown,
            report,
            subject: None,
            has_written: false,
            has_returned: false,
            begun: Instant::now(),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.request.settings
    }

    /// Judges the file as far as hosts are concerned.
    pub(super) fn find_hosts(&mut self) -> Result<(), Error> {
        self.settings().check()?;
        self.hosts = hosts(self.settings(), &self.request.folder)?;
        let names: Vec<String> = self.hosts.iter().map(Host::to_string).collect();
        self.report.target = format!("{} on {}", self.settings().path, names.join(", "));
        Ok(())
    }

    /// Judges the file, without asking anybody.
    pub(super) fn prepare(&mut self) -> Result<(), Error> {
        self.find_hosts()?;
        self.check = self.settings().health.as_ref().map(Check::of).transpose()?;
        self.env = Env::resolve(self.settings(), &self.request.environment, &self.request.folder)?;
        let doubt = match self.check.as_ref().map(|check| check.id_in) {
            None => Some((Code::HealthNotChecked, "nobody looks whether the release answers")),
            Some(IdIn::Nowhere) => {
                Some((Code::HealthNotChecked, "an old release that still answers would pass"))
            }
            Some(_) => None,
        };
        if let Some((code, message)) = doubt {
            let help = "[release.health] with a url whose answer has the release's id in it";
            let finding = Finding::warning(code, Place::target(), message).help(help);
            self.found(finding);
        }
        Ok(())
    }

    /// What is on the hosts, and what forbids a release there.
    pub(super) async fn look(&mut self) -> Result<Vec<Site>, Error> {
        let sites = look(self.settings(), &self.scripts, &self.hosts).await?;
        for Site { host, seen } in &sites {
            if let Some(program) = seen.missing.first() {
                let error = Error::site(host, format!("there is no `{program}`"));
                return Err(
                    error.hinted("GNU coreutils, tar and util-linux have all that is needed")
                );
            }
            if seen.is_occupied {
                let path = format!("{}/current", self.settings().path);
                let error = Error::site(host, format!("{path} is there and is no link"));
                return Err(
                    error.hinted("move it away: nirvana removes no folder that it did not make")
                );
            }
            if seen.ledger.unread > 0 {
                let message = format!(
                    "{host}: {} lines of the ledger cannot be read, as after a crash of the machine",
                    seen.ledger.unread
                );
                let place = Place::object(PlaceKind::File, super::ledger::FILE);
                self.found(Finding::warning(Code::LedgerTorn, place, message));
            }
        }
        Ok(sites)
    }

    pub(super) fn found(&mut self, finding: Finding) {
        self.events.found(finding.clone());
        if !self.report.findings.contains(&finding) {
            self.report.findings.push(finding);
        }
    }

    /// Writes a line into a host's ledger.
    pub(super) async fn record(&self, host: &Host, entry: &Entry) -> Result<(), Error> {
        let output = host.run(&self.scripts.record(entry)).await?;
        if output.code == 0 {
            return Ok(());
        }
        Err(Error::site(host, format!("cannot write the ledger: {}", output.stderr.trim())))
    }

    /// Connections are ended, and the report says how it went.
    pub(super) async fn end(mut self, ended: Result<Outcome, Error>) -> Report {
        self.disconnect().await;
        self.report.duration_ms = self.begun.elapsed().as_millis() as u64;
        self.report.outcome = match &ended {
            Ok(outcome) => *outcome,
            Err(Error::Locked { .. }) if !self.has_written => Outcome::Locked,
            Err(error) if error.is_of_usage() && !self.has_written => Outcome::UsageError,
            Err(Error::Stopped) if !self.has_written => Outcome::StoppedUnchanged,
            Err(Error::Stopped) => Outcome::StoppedPartial,
            Err(_) if self.has_returned => Outcome::RolledBack,
            Err(_) if !self.has_written => Outcome::FailedUnchanged,
            Err(_) => Outcome::FailedPartial,
        };
        if let Err(error) = ended {
            let mut error = ErrorReport::of(&error);
            error.message = self.env.hide(&error.message);
            error.causes = error.causes.iter().map(|cause| self.env.hide(cause)).collect();
            self.report.error = Some(error);
        }
        self.tell().await;
        self.report
    }

    pub(super) async fn disconnect(&self) {
        join_all(self.hosts.iter().map(Host::disconnect)).await;
    }

    /// Tells who wants to be told, if there was anything to tell of.
    async fn tell(&mut self) {
        let Some(Subject { action, id, commit, previous }) = self.subject.take() else { return };
        if self.request.mode == Mode::Show || !self.has_written {
            return;
        }
        let error = self.report.error.clone().map(|error| {
            let causes = error.causes.iter().map(|cause| format!(": {cause}"));
            format!("{}{}", error.message, causes.collect::<String>())
        });
        let news = News {
            action,
            outcome: self.report.outcome,
            release: &id,
            commit: &commit,
            previous: &previous,
            path: &self.request.settings.path,
            hosts: self.hosts.iter().map(Host::name).collect(),
            by: &self.by,
            error: error.as_deref(),
            duration_ms: self.report.duration_ms,
        };
        let Request { settings, environment, folder, .. } = &self.request;
        let unheard = notice::tell(settings, environment, folder, &news).await;
        if !unheard.is_empty() && self.report.outcome == Outcome::Done {
            self.report.outcome = Outcome::DoneWithFindings;
        }
        self.report.findings.extend(unheard);
    }

    /// `Done`, or with findings.
    pub(super) fn done(&self) -> Outcome {
        self.report.ended()
    }

    pub(super) fn planned(&self) -> Outcome {
        match self.report.ended() {
            Outcome::Done => Outcome::Planned,
            _ => Outcome::PlannedWithFindings,
        }
    }

    pub(super) fn hidden(&self, error: &Error) -> String {
        self.env.hide(&told(error))
    }

    /// The same error without what is secret in what a program printed.
    pub(super) fn masked(&self, error: Error) -> Error {
        match error {
            Error::Command { step, at, command, code, source } => {
                let source = Printed::last_of(&self.env.hide(&source.0));
                Error::Command { step, at, command, code, source }
            }
            other => other,
        }
    }

    /// The environment of commands in the release: what it is, and the file's own settings.
    pub(super) fn settings_of(&self, job: &Job) -> Secret {
        let (id, commit) = (job.choice.id.as_str(), job.commit.as_str());
        self.env.lines(&[("NIRVANA_RELEASE", id), ("NIRVANA_COMMIT", commit)])
    }
}

/// `alice@desk`, as far as it can be told.
fn whoami(environment: &Environment) -> String {
    let user = ["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "SUDO_USER", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| environment.get(name))
        .unwrap_or("somebody");
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match host.trim() {
        "" => user.to_owned(),
        host => format!("{user}@{host}"),
    }
}
