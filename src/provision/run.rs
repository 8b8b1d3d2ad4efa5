//! Reads, plans, and runs what was planned, server by server.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::error::Error;
use super::passwords::{Keeper, Password, write_new};
use super::plan::{Excess, Plan, Step};
use super::server::{End, Session};
use super::wanted::{Server, Wanted};
use super::{mysql, postgres};
use crate::environment::Environment;
use crate::event::Events;
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::report::{ErrorReport, Outcome, Report, StatementsAt, Verb};
use crate::shutdown::Shutdown;

/// What to do with what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Show,
    /// Say by the exit code whether anything is missing.
    Check,
    Apply,
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) wanted: Wanted,
    /// What relative paths in it start from.
    pub(crate) folder: PathBuf,
    pub(crate) environment: Environment,
    pub(crate) connect_timeout: Duration,
    pub(crate) mode: Mode,
    /// Whether what the file does not say is taken away.
    pub(crate) prune: bool,
}

/// Brings the servers of a file to what it says, or says what that would take.
pub(crate) async fn provision(request: Request, _events: Events, shutdown: Shutdown) -> Report {
    let excess = if request.prune { Excess::Revoke } else { Excess::Name };
    let mut run = Run::new(request.mode, shutdown);
    let prepared = jobs(&request, excess, &mut run.report);
    let ended = match prepared {
        Ok(jobs) => run.all(jobs).await,
        Err(error) => Err(error),
    };
    run.end(ended)
}

fn jobs(request: &Request, excess: Excess, report: &mut Report) -> Result<Vec<Job>, Error> {
    let mut keeper = Keeper::new(&request.environment, &request.folder);
    let mut jobs = Vec::new();
    for (name, server) in &request.wanted.servers {
        server.check(name)?;
        let end = End::of(name, server, &mut keeper, request.connect_timeout)?;
        let mut passwords = Vec::new();
        for user in &server.users {
            let whose = format!("provision.servers.{name}, user {}", user.name);
            let password = user.password.as_ref();
            passwords.push(password.map(|it| keeper.find(it, &whose)).transpose()?);
        }
        jobs.push(Job {
            end,
            want: Want::File { server: Box::new(server.clone()), passwords },
            excess,
            expiry: None,
        });
    }
    if jobs.is_empty() {
        let error = Error::wanted("provision", "the file names no server");
        return Err(error.hinted("begin with [provision.servers.main] and its url"));
    }
    report.findings.append(&mut keeper.findings);
    Ok(jobs)
}

/// When an account ends: as a moment in UTC, and in days from now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expiry {
    pub(super) until: String,
    pub(super) days: u32,
}

/// A server, and what is wanted there.
pub(super) struct Job {
    pub(super) end: End,
    pub(super) want: Want,
    pub(super) excess: Excess,
    /// Of all users of the job.
    pub(super) expiry: Option<Expiry>,
}

pub(super) enum Want {
    File { server: Box<Server>, passwords: Vec<Option<Password>> },
    Postgres(Box<postgres::Wish>),
}

impl Job {
    /// Looks at the server and says what is missing.
    pub(super) async fn plan(&self) -> Result<Plan, Error> {
        self.check_own_login()?;
        match &self.end {
            End::MySql(end) => {
                let Want::File { server, passwords } = &self.want else {
                    return Ok(Plan::default());
                };
                let present = end.read(&mysql::accounts(server)?).await?;
                let mut wish = mysql::Wish::of(server, passwords.clone(), &present)?;
                for account in wish.accounts_mut() {
                    end.try_login(account, &present).await?;
                    account.expire_after(self.expiry.as_ref().map(|expiry| expiry.days));
                }
                mysql::plan(&wish, &present, self.excess)
            }
            End::Postgres(end) => {
                let mut wish = match &self.want {
                    Want::File { server, passwords } => {
                        postgres::Wish::of(server, passwords.clone())?
                    }
                    Want::Postgres(wish) => (**wish).clone(),
                };
                wish.check()?;
                for database in &mut wish.databases {
                    database.is_ours = self.excess != Excess::Ignore;
                }
                for role in &mut wish.roles {
                    role.until = self.expiry.as_ref().map(|expiry| expiry.until.clone());
                }
                let present = end.read(&wish).await?;
                for role in &mut wish.roles {
                    end.try_login(role, &present).await?;
                }
                postgres::plan(&wish, &present, self.excess)
            }
        }
    }

    /// A run that changed the password it came in by could not come in again.
    fn check_own_login(&self) -> Result<(), Error> {
        let Want::File { server, .. } = &self.want else { return Ok(()) };
        match server.users.iter().find(|user| user.name == self.end.user()) {
            Some(user) => {
                let problem = "this run logs in as that user, whose own login it does not change";
                Err(Error::wanted(format!("user {}", user.name), problem)
                    .hinted("let an administrator's URL name another user"))
            }
            None => Ok(()),
        }
    }

    fn passwords(&self) -> Vec<&Password> {
        match &self.want {
            Want::File { passwords, .. } => passwords.iter().flatten().collect(),
            Want::Postgres(wish) => {
                wish.roles.iter().filter_map(|role| role.password.as_ref()).collect()
            }
        }
    }
}

/// A run and what there is to report of it.
pub(super) struct Run {
    mode: Mode,
    shutdown: Shutdown,
    pub(super) report: Report,
    begun: Instant,
}

impl Run {
    pub(super) fn new(mode: Mode, shutdown: Shutdown) -> Self {
        let report = Report::new(Verb::Provision, String::new());
        Self { mode, shutdown, report, begun: Instant::now() }
    }

    /// Plans for all servers, before any is touched; then runs the plans, if asked to.
    pub(super) async fn all(&mut self, jobs: Vec<Job>) -> Result<(), Error> {
        let addresses: Vec<String> = jobs.iter().map(|job| job.end.address()).collect();
        self.report.target = addresses.join(", ");
        let mut plans = Vec::new();
        for job in &jobs {
            let plan = Box::pin(job.plan()).await?;
            self.report.findings.extend(plan.findings.iter().cloned());
            plans.push(plan);
        }
        if self.mode != Mode::Apply {
            for (job, plan) in jobs.iter().zip(&plans) {
                self.show(&job.end, plan);
                self.tell_of_new(job);
            }
            return Ok(());
        }
        for (job, plan) in jobs.iter().zip(&plans) {
            self.apply(job, plan).await?;
        }
        Ok(())
    }

    pub(super) fn shows_only(&self) -> bool {
        self.mode != Mode::Apply
    }

    pub(super) fn show(&mut self, end: &End, plan: &Plan) {
        for step in plan.steps() {
            let place = end.place(step);
            match self.report.places.last_mut() {
                Some(last) if last.place == place => last.count += 1,
                _ => self.report.places.push(StatementsAt { place, count: 1 }),
            }
            self.report.statements.push(step.statement.shown().to_owned());
        }
    }

    fn tell_of_new(&mut self, job: &Job) {
        for path in job.passwords().into_iter().filter_map(|password| password.unwritten.as_ref()) {
            let place = Place::object(PlaceKind::File, path.display().to_string());
            let message = "a new password will be made and kept there, mode 0600";
            let finding = Finding::note(Code::NewPassword, place, message);
            if !self.report.findings.contains(&finding) {
                self.report.findings.push(finding);
            }
        }
    }

    async fn apply(&mut self, job: &Job, plan: &Plan) -> Result<(), Error> {
        // A password that is nowhere to be read would be lost with this process.
        for password in job.passwords() {
            if let Some(path) = password.unwritten.as_ref().filter(|path| !path.exists()) {
                write_new(path, password.text.as_ref().unwrap_or(&password.secret))?;
                let change = format!("a new password is in {}, mode 0600", path.display());
                self.report.changes.push(change);
            }
        }
        if plan.steps().next().is_none() {
            return Ok(());
        }
        let mut session = Session::new(&job.end);
        self.steps(&mut session, plan).await?;
        let left = Box::pin(job.plan()).await?;
        for step in left.steps() {
            let message = format!("it ran, and is still missing: {}", step.statement.shown());
            self.report.findings.push(Finding::error(Code::NotSettled, Place::target(), message));
        }
        Ok(())
    }

    pub(super) async fn steps(
        &mut self,
        session: &mut Session<'_>,
        plan: &Plan,
    ) -> Result<(), Error> {
        for step in plan.steps() {
            if self.shutdown.is_requested() {
                return Err(Error::Stopped);
            }
            Box::pin(session.run(step)).await.map_err(|error| refused(step, error))?;
            self.report.changes.push(step.statement.shown().to_owned());
        }
        Ok(())
    }

    pub(super) fn end(mut self, ended: Result<(), Error>) -> Report {
        let is_stopped = matches!(ended, Err(Error::Stopped));
        self.report.duration_ms = self.begun.elapsed().as_millis() as u64;
        self.report.outcome = match (&ended, self.report.changes.is_empty()) {
            (Err(error), true) if error.is_of_usage() => Outcome::UsageError,
            (Err(_), true) if is_stopped => Outcome::StoppedUnchanged,
            (Err(_), false) if is_stopped => Outcome::StoppedPartial,
            (Err(_), true) => Outcome::FailedUnchanged,
            (Err(_), false) => Outcome::FailedPartial,
            (Ok(()), _) if self.mode == Mode::Check && !self.report.statements.is_empty() => {
                Outcome::WouldChange
            }
            (Ok(()), _) => self.report.ended(),
        };
        if let Err(error) = ended {
            self.report.error = Some(ErrorReport::of(&error));
        }
        self.report
    }
}

fn refused(step: &Step, error: Error) -> Error {
    Error::Statement { shown: step.statement.shown().to_owned(), source: Box::new(error) }
}
