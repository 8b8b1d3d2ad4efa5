//! The journey in order; it only connects the steps.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::event::{Event, Events, Phase};
use crate::finding::Severity;
use crate::migrate::build;
use crate::migrate::convert::{Choices, Conversion, convert};
use crate::migrate::error::Error;
use crate::migrate::plan;
use crate::migrate::preflight::{self, Ends};
use crate::migrate::prove;
use crate::migrate::scan::{self, Answers};
use crate::migrate::work::{Board, Worker};
use crate::mysql::catalog as source_catalog;
use crate::mysql::connect::Options as SourceOptions;
use crate::mysql::schema::Schema;
use crate::mysql::server::Server as Source;
use crate::mysql::snapshot::{self, Snapshot};
use crate::mysql::wire::Connection;
use crate::postgres::catalog as target_catalog;
use crate::postgres::connect::{Options as TargetOptions, Session};
use crate::postgres::server::Server as Target;
use crate::report::{ErrorReport, Outcome, Report, SnapshotReport, Verb, Verified};
use crate::shutdown::Shutdown;

/// What is asked for; nothing in it is optional that is not truly optional.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) source: SourceOptions,
    pub(crate) target: TargetOptions,
    /// The target schema that everything goes into.
    pub(crate) schema: String,
    /// Tables to move; all of them if empty.
    pub(crate) only: Vec<String>,
    /// Connections to each end, and tables in flight.
    pub(crate) jobs: usize,
    /// How long writers may wait for the snapshot.
    pub(crate) lock_timeout: Duration,
    pub(crate) mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Say what would be done; write nothing.
    DryRun,
    Move,
}

/// How much of the target is ours already: it decides what a failure is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Touched {
    Nothing,
    Something,
}

/// Moves the database, or says what would be moved; the report says how it ended.
pub(crate) async fn run(request: Request, events: Events, shutdown: Shutdown) -> Report {
    let begun = Instant::now();
    let mut report = Report::new(Verb::Migrate, request.target.address());
    report.source = Some(request.source.address());
    let mut journey = Journey { request, events, shutdown, report, touched: Touched::Nothing };
    let ended = journey.travel().await;
    let Journey { events, mut report, touched, shutdown, .. } = journey;
    report.findings = events.findings();
    report.duration_ms = begun.elapsed().as_millis() as u64;
    report.outcome = outcome(&report, touched, ended.as_ref().err(), &shutdown);
    if let Err(error) = ended {
        report.error = Some(ErrorReport::of(&error));
    }
    report
}

fn outcome(
    report: &Report,
    touched: Touched,
    error: Option<&Error>,
    shutdown: &Shutdown,
) -> Outcome {
    let stopped = matches!(error, Some(Error::Stopped)) && shutdown.is_requested();
    match (error, touched) {
        (Some(_), Touched::Nothing) if stopped => Outcome::StoppedUnchanged,
        (Some(_), Touched::Something) if stopped => Outcome::StoppedPartial,
        (Some(_), Touched::Nothing) => Outcome::FailedUnchanged,
        (Some(_), Touched::Something) => Outcome::FailedPartial,
        (None, Touched::Something) if !is_whole(report) => Outcome::FailedPartial,
        (None, _) => report.ended(),
    }
}

/// Whether every table arrived, and is proven.
fn is_whole(report: &Report) -> bool {
    report.tables.iter().all(|table| table.verified == Verified::Equal)
}

struct Journey {
    request: Request,
    events: Events,
    shutdown: Shutdown,
    report: Report,
    touched: Touched,
}

/// Both ends, as they were met.
struct Met {
    control: Connection,
    source: Source,
    session: Session,
    target: Target,
}

impl Journey {
    async fn travel(&mut self) -> Result<(), Error> {
        let shutdown = self.shutdown.clone();
        let prepared = tokio::select! {
            prepared = self.prepare() => prepared?,
            () = shutdown.requested() => return Err(Error::Stopped),
        };
        match prepared {
            Some((met, schema, conversion, snapshot)) => {
                self.migrate(met, schema, conversion, snapshot).await
            }
            None => Ok(()),
        }
    }

    /// Everything up to the first write; `None` after a dry run.
    async fn prepare(&mut self) -> Result<Option<(Met, Schema, Conversion, Snapshot)>, Error> {
        let mut met = self.meet().await?;
        self.events.emit(Event::PhaseStarted { phase: Phase::Read });
        let schema = self.read(&mut met.control, &met.source).await?;
        self.check(&met, &schema).await?;
        if self.request.mode == Mode::DryRun {
            let answers = self.scan(&schema, &mut [&mut met.control]).await?;
            let conversion = convert(&schema, &answers, &self.choices(&met.target));
            plan::describe(&schema, conversion, &mut self.report, &self.events);
            return Ok(None);
        }
        let (schema, mut snapshot) = self.snapshot(&met.source).await?;
        let mut readers: Vec<&mut Connection> = snapshot.readers.iter_mut().collect();
        let answers = self.scan(&schema, &mut readers).await?;
        let conversion = convert(&schema, &answers, &self.choices(&met.target));
        Ok(Some((met, schema, conversion, snapshot)))
    }

    async fn meet(&mut self) -> Result<Met, Error> {
        self.events.emit(Event::PhaseStarted { phase: Phase::Connect });
        let (control, session) = tokio::join!(
            Connection::open(&self.request.source),
            Session::open(&self.request.target)
        );
        let (mut control, session) = (control?, session?);
        let source = Source::read(&mut control).await?;
        let target = Target::read(&session, &[&self.request.schema]).await?;
        Ok(Met { control, source, session, target })
    }

    fn choices(&self, target: &Target) -> Choices {
        Choices { target_schema: self.request.schema.clone(), server_version: target.version_num }
    }

    /// The tables that are asked for, and what is no table.
    async fn read(&self, control: &mut Connection, source: &Source) -> Result<Schema, Error> {
        let database = self.request.source.database.clone().unwrap_or_default();
        let mut schema = source_catalog::read(control, source, &database).await?;
        let only = &self.request.only;
        if !only.is_empty() {
            if let Some(unknown) = only.iter().find(|name| !has_table(&schema, name)) {
                return Err(Error::UnknownTable { name: unknown.clone(), database });
            }
            schema.tables.retain(|table| only.contains(&table.name.name));
            schema.objects.clear();
        }
        Ok(schema)
    }

    /// The preflight list; an error in it ends the run before anything is locked or written.
    async fn check(&mut self, met: &Met, schema: &Schema) -> Result<(), Error> {
        self.events.emit(Event::PhaseStarted { phase: Phase::Preflight });
        let conversion = convert(schema, &Answers::default(), &self.choices(&met.target));
        let existing = target_catalog::existing(&met.session, &[&self.request.schema]).await?;
        let found = preflight::findings(&Ends {
            source: &met.source,
            schema,
            target: &met.target,
            existing: &existing,
            conversion: &conversion,
            target_schema: &self.request.schema,
            jobs: self.request.jobs,
        });
        let refused = found.iter().filter(|finding| finding.severity == Severity::Error).count();
        for finding in found {
            self.events.found(finding);
        }
        if refused > 0 && self.request.mode == Mode::Move {
            return Err(Error::Refused { reasons: refused });
        }
        Ok(())
    }

    /// What the snapshot sees is what is moved: the catalog is read again, with DDL held off.
    async fn snapshot(&mut self, source: &Source) -> Result<(Schema, Snapshot), Error> {
        let Request { source: options, jobs, lock_timeout, .. } = &self.request;
        let mut locked = snapshot::lock(options, source, *jobs, *lock_timeout).await?;
        let schema = self.read(locked.catalog(), source).await?;
        let snapshot = locked.take().await?;
        let writers_waited_ms = snapshot.writers_waited.as_millis() as u64;
        let position = snapshot.position.as_ref().map(ToString::to_string);
        self.events.emit(Event::SnapshotTaken {
            rung: snapshot.rung.word().to_owned(),
            connections: snapshot.readers.len(),
            writers_waited_ms,
            position: position.clone(),
        });
        self.report.snapshot = Some(SnapshotReport {
            rung: snapshot.rung.word().to_owned(),
            guarantee: snapshot.rung.guarantee().to_owned(),
            connections: snapshot.readers.len(),
            writers_waited_ms,
            position,
        });
        Ok((schema, snapshot))
    }

    /// Asks the open questions, as many at once as there are readers.
    async fn scan(
        &mut self,
        schema: &Schema,
        readers: &mut [&mut Connection],
    ) -> Result<Answers, Error> {
        self.events.emit(Event::PhaseStarted { phase: Phase::Scan });
        let questions = std::sync::Mutex::new(scan::plan(schema));
        let asking = readers.iter_mut().map(async |reader| {
            let mut answers = Answers::default();
            loop {
                let next =
                    questions.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
                let Some(questions) = next else { return Ok::<_, Error>(answers) };
                answers.extend(scan::ask(reader, &questions).await?);
            }
        });
        let mut answers = Answers::default();
        for part in futures_util::future::try_join_all(asking).await? {
            answers.extend(part);
        }
        Ok(answers)
    }

    async fn migrate(
        &mut self,
        mut met: Met,
        schema: Schema,
        conversion: Conversion,
        snapshot: Snapshot,
    ) -> Result<(), Error> {
        for finding in &conversion.findings {
            self.events.found(finding.clone());
        }
        let sessions = self.sessions(&met.target).await?;
        self.events.emit(Event::PhaseStarted { phase: Phase::Create });
        build::create(&met.session, &met.target, &conversion.target).await?;
        self.touched = Touched::Something;
        plan::announce(&conversion, &self.events);
        let board = Board::new(conversion, self.events.clone(), self.shutdown.clone());
        let board = Arc::new(board);
        let worked = work(&board, snapshot.readers, sessions).await;
        self.report.tables = plan::table_reports(&board);
        worked?;
        prove::catalog(&met.session, &board.conversion, &self.events).await?;
        let now = self.read(&mut met.control, &met.source).await?;
        prove::source_unchanged(&schema, &now, &self.events);
        Ok(())
    }

    /// One session per job, with as much memory for index builds as the server can spare.
    async fn sessions(&self, target: &Target) -> Result<Vec<Session>, Error> {
        let mut sessions = Vec::new();
        for _ in 0..self.request.jobs {
            let session = Session::open(&self.request.target).await?;
            session.execute(&build::settings(target, self.request.jobs)).await?;
            sessions.push(session);
        }
        Ok(sessions)
    }
}

fn has_table(schema: &Schema, name: &str) -> bool {
    schema.tables.iter().any(|table| table.name.name == name)
}

/// Runs the workers to their end; the first error that is not "stopped" is the one that tells.
async fn work(
    board: &Arc<Board>,
    readers: Vec<Connection>,
    sessions: Vec<Session>,
) -> Result<(), Error> {
    board.events.emit(Event::PhaseStarted { phase: Phase::Copy });
    let mut workers = JoinSet::new();
    for (reader, session) in readers.into_iter().zip(sessions) {
        let board = Arc::clone(board);
        let worker = Worker { reader: Some(reader), session };
        workers.spawn(async move { worker.work(&board).await });
    }
    let mut ended = Ok(());
    while let Some(worker) = workers.join_next().await {
        let worked = worker.unwrap_or_else(|panic| Err(Error::Panicked(panic.to_string())));
        if let Err(error) = worked
            && matches!(ended, Ok(()) | Err(Error::Stopped))
        {
            board.shutdown.request();
            ended = Err(error);
        }
    }
    if ended.is_ok() && board.shutdown.is_requested() {
        return Err(Error::Stopped);
    }
    ended
}
