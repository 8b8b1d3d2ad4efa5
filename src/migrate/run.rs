//! The journey in order; it only connects the steps.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::{Event, Events, Phase};
use crate::finding::{Code, Finding, Severity};
use crate::migrate::build::{self, History};
use crate::migrate::chunk;
use crate::migrate::conversion::Conversion;
use crate::migrate::ending::{self, Touched};
use crate::migrate::error::Error;
use crate::migrate::fit::{Earlier, Filled};
use crate::migrate::foresee;
use crate::migrate::instant;
use crate::migrate::jobs;
use crate::migrate::kept;
use crate::migrate::objects;
use crate::migrate::pair::{Met, Pair};
use crate::migrate::plan;
use crate::migrate::preflight::{self, Ends};
use crate::migrate::prove;
use crate::migrate::rehearse;
use crate::migrate::resume::{self, Past};
use crate::migrate::scan::{self, Answers, Depth};
use crate::migrate::source::{Cuts, Frozen, Reader, Source};
use crate::migrate::work::{Begun, Board};
use crate::migrate::workers::{watch, work};
use crate::mysql::leftover::Leftover;
use crate::mysql::schema::Schema;
use crate::mysql::wire::Connection;
use crate::postgres::catalog as target_catalog;
use crate::postgres::connect::Session;
use crate::postgres::exclusion;
use crate::postgres::journal::{self, NewRun, Run};
use crate::postgres::server::Server as Target;
use crate::report::{Outcome, Report, Verb, Verified};
use crate::shutdown::Shutdown;

/// What is asked for; nothing in it is optional that is not truly optional.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) pair: Pair,
    /// How long the target may give no sign of life.
    pub(crate) answer_timeout: Duration,
    /// How long to wait, in all, for what interrupted the run to pass.
    pub(crate) retry_for: Duration,
    /// Source data that one chunk should hold.
    pub(crate) chunk_bytes: u64,
    pub(crate) mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Say what would be done; write nothing.
    DryRun,
    Move,
    /// Go on where an earlier run ended; where none was begun, as `Move`.
    Resume,
}

/// Moves the database, or says what would be moved; the report says how it ended.
pub(crate) async fn run(request: Request, events: Events, shutdown: Shutdown) -> Report {
    let begun = Instant::now();
    let mut report = Report::new(Verb::Migrate, request.pair.target.address());
    report.source = Some(request.pair.source.address());
    let (touched, readers, backends) = (Touched::Nothing, None, Vec::new());
    let mut journey = Journey { request, events, shutdown, report, touched, readers, backends };
    let ended = journey.persist().await;
    let Journey { events, report, touched, shutdown, .. } = journey;
    let mut report = ending::report(report, (&events, &shutdown, begun), touched, ended);
    if report.error.is_none() && touched == Touched::Something && !is_whole(&report) {
        report.outcome = Outcome::FailedPartial;
    }
    report
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
    /// The source's connections and the target's processes that have served us.
    readers: Option<Leftover>,
    backends: Vec<i32>,
}

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// All that is known and open before the first write.
struct Prepared {
    met: Met,
    schema: Schema,
    conversion: Conversion,
    frozen: Frozen,
    past: Past,
}

impl Journey {
    /// Travels until the end or until an error that time does not mend: what interrupts a run that
    /// has written something, such as a server that restarts, is waited out, and the run goes on
    /// where its journal says, as if somebody had said --resume.
    async fn persist(&mut self) -> Result<(), Error> {
        let patience = self.request.retry_for;
        let (mut waited, mut before) = (Duration::ZERO, 0);
        loop {
            let error = match self.travel().await {
                Err(error) if self.touched == Touched::Something && error.may_pass() => error,
                ended => return ended,
            };
            // Time alone is no progress: what interrupts each attempt at the same chunk, however long
            // it takes, would do so for ever.
            let arrived = self.report.tables.iter().map(|table| table.rows).sum();
            if arrived > before {
                (waited, before) = (Duration::ZERO, arrived);
            }
            // The first is of one second, and as all before it together are each after it.
            let pause = waited
                .max(Duration::from_secs(1))
                .min(LONGEST_PAUSE)
                .min(patience.saturating_sub(waited));
            if pause.is_zero() {
                return Err(error);
            }
            waited += pause;
            let seconds = pause.as_secs();
            self.events.emit(Event::Retrying { error: error.to_string(), seconds });
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.shutdown.requested() => return Err(Error::Stopped),
            }
            self.request.mode = Mode::Resume;
        }
    }

    async fn travel(&mut self) -> Result<(), Error> {
        let shutdown = self.shutdown.clone();
        let prepared = tokio::select! {
            prepared = self.prepare() => prepared?,
            () = shutdown.requested() => return Err(Error::Stopped),
        };
        match prepared {
            Some(prepared) => self.migrate(prepared).await,
            None => Ok(()),
        }
    }

    /// Everything up to the first write; `None` if there is nothing to write.
    async fn prepare(&mut self) -> Result<Option<Prepared>, Error> {
        let mut met = self.request.pair.meet(self.readers.take(), &self.events).await?;
        let Some(past) = self.past(&met.session).await? else { return Ok(None) };
        self.events.emit(Event::PhaseStarted { phase: Phase::Read });
        let schema = self.request.pair.read(&mut met.source).await?;
        self.check(&met, &schema, &past).await?;
        if self.request.mode == Mode::DryRun {
            let mut reader = met.source.reader(&self.request.pair.source).await?;
            let mut answers = self.scan(&schema, &mut [&mut reader]).await?;
            reader.close().await;
            let mut conversion = self.rehearsed(&met, &schema, (&mut answers, &past)).await?;
            let pair = &self.request.pair;
            let asked = (&pair.settings, pair.owner());
            conversion.findings.extend(foresee::findings(&schema, &answers, asked));
            self.report.changes.extend(pair.write_names(&conversion)?);
            plan::describe(&schema, &conversion, &mut self.report, &self.events);
            return Ok(None);
        }
        let (schema, mut frozen) = self.freeze(&met.source, &schema).await?;
        let mut readers: Vec<&mut Reader> = frozen.readers.iter_mut().collect();
        let mut answers = self.scan(&schema, &mut readers).await?;
        let conversion = self.rehearsed(&met, &schema, (&mut answers, &past)).await?;
        self.report.changes.extend(self.request.pair.write_names(&conversion)?);
        self.tell(&foresee::stops(&schema, &answers, &self.request.pair.settings))?;
        // Of a schema that is made, they hold no run up.
        if let Some(fit) = &conversion.fit {
            self.tell(&conversion.findings)?;
            self.tell(&fit.count_left(&mut readers).await?)?;
        }
        Ok(Some(Prepared { met, schema, conversion, frozen, past }))
    }

    /// Takes the target for this run, and says what became of an earlier one; `None` if that has
    /// come to its end and there is nothing to go on with.
    async fn past(&mut self, session: &Session) -> Result<Option<Past>, Error> {
        let schemas = self.request.pair.schemas.all();
        if self.request.mode != Mode::DryRun {
            exclusion::end(session, &schemas, &std::mem::take(&mut self.backends)).await?;
            if let Some(holder) = exclusion::take(session, &schemas).await? {
                return Err(Error::Locked(holder));
            }
            self.backends.push(session.process().await?);
        }
        let Some(run) = journal::last_run(session, &schemas).await? else {
            return Ok(Some(Past::None));
        };
        if self.request.mode != Mode::Resume {
            // What it has set aside of those would be forgotten with it.
            if run.schemas.iter().any(|schema| !schemas.contains(&schema.as_str())) {
                return Err(Error::OtherSchemas { run: Box::new(run), asked: schemas.join(", ") });
            }
            return Ok(Some(if run.finished_at.is_none() { Past::Unfinished } else { Past::None }));
        }
        let asked = self.request.pair.source.address();
        // What has come to its end from another source is no reason not to begin.
        if run.source != asked && run.finished_at.is_some() {
            return Ok(Some(Past::None));
        }
        if run.source != asked {
            let Run { begun_at, source: source_address, .. } = run;
            return Err(Error::NothingToResume { begun_at, source_address, asked });
        }
        if run.schemas != schemas {
            return Err(Error::OtherSchemas { run: Box::new(run), asked: schemas.join(", ") });
        }
        if let Some(finished) = &run.finished_at {
            let change = format!("nothing: the run begun {} was finished {finished}", run.begun_at);
            self.report.changes.push(change);
            return Ok(None);
        }
        self.touched = Touched::Something;
        Ok(Some(Past::Resumed(run)))
    }

    /// The preflight list; an error in it ends the run before anything is locked or written.
    async fn check(&mut self, met: &Met, schema: &Schema, past: &Past) -> Result<(), Error> {
        self.events.emit(Event::PhaseStarted { phase: Phase::Preflight });
        let conversion = self.convert(met, schema, (&Answers::none_yet(), past)).await?;
        let schemas = self.request.pair.schemas.all();
        let existing = target_catalog::existing(&met.session, &schemas).await?;
        let mut found = preflight::findings(&Ends {
            source: &met.source,
            schema,
            target: &met.target,
            existing: &existing,
            conversion: &conversion,
            target_schemas: &schemas,
            jobs: self.request.pair.jobs,
            snapshot: self.request.pair.snapshot,
            past,
        });
        // What stands in the target is the schema: what it lacks is known before a row moves.
        if let (false, Some(fit)) = (matches!(past, Past::Resumed(_)), &conversion.fit) {
            let (asked, pair) = ((&conversion, fit), &self.request.pair);
            found.extend(
                kept::doubled(&met.session, (&schemas, &pair.source.address()), asked).await?,
            );
        }
        let stands = conversion.fit.is_some();
        let findings = conversion.findings.into_iter();
        found.extend(findings.filter(|one| stands || one.code == Code::NamesCollide));
        self.tell(&found)
    }

    /// Tells what was found; an error in it ends the run.
    fn tell(&self, found: &[Finding]) -> Result<(), Error> {
        let refused = found.iter().filter(|finding| finding.severity == Severity::Error).count();
        for finding in found {
            self.events.found(finding.clone());
        }
        if refused > 0 && self.request.mode != Mode::DryRun {
            return Err(Error::Refused { reasons: refused });
        }
        Ok(())
    }

    /// What becomes of the schema, given what came before.
    async fn convert(
        &self,
        met: &Met,
        schema: &Schema,
        (answers, past): (&Answers, &Past),
    ) -> Result<Conversion, Error> {
        let filled = match past {
            Past::None | Past::Unfinished => Filled::Unknown,
            Past::Resumed(run) => {
                let entries = journal::entries(&met.session, run.id).await?;
                let tables = entries.into_iter().map(|entry| entry.table).collect();
                let kept = journal::kept(&met.session, run.id).await?;
                Filled::ByRun(Earlier { tables, kept })
            }
        };
        let target = (&met.session, &met.target);
        let mut conversion = self.request.pair.convert(target, schema, answers, &filled).await?;
        met.source.leave_out(schema, &mut conversion);
        Ok(conversion)
    }

    /// The same, without what the target refuses: a run that goes on leaves out what it did.
    async fn rehearsed(
        &self,
        met: &Met,
        schema: &Schema,
        (answers, past): (&mut Answers, &Past),
    ) -> Result<Conversion, Error> {
        if let Past::Resumed(run) = past {
            answers.refused = kept::refusals(&journal::kept(&met.session, run.id).await?)?;
            return self.convert(met, schema, (answers, past)).await;
        }
        loop {
            let conversion = self.convert(met, schema, (answers, past)).await?;
            // A dry run locks nothing, and so drops nothing; and SQL that somebody wants before the
            // first table may be what it needs.
            let drops = !conversion.dropped.statements.is_empty();
            let prepared = !self.request.pair.settings.before.is_empty();
            if prepared || self.request.mode == Mode::DryRun && drops {
                return Ok(conversion);
            }
            let refused = rehearse::refused(&met.session, &met.target, &conversion).await?;
            let new: Vec<_> =
                refused.into_iter().filter(|one| !answers.refused.contains(one)).collect();
            if new.is_empty() {
                return Ok(conversion);
            }
            answers.refused.extend(new);
        }
    }

    async fn freeze(&mut self, source: &Source, known: &Schema) -> Result<(Schema, Frozen), Error> {
        let (schema, frozen, report) = self.request.pair.take(source, known, &self.events).await?;
        self.readers = Some(frozen.leftover());
        self.report.snapshot = Some(report);
        Ok((schema, frozen))
    }

    async fn scan(
        &mut self,
        schema: &Schema,
        readers: &mut [&mut Reader],
    ) -> Result<Answers, Error> {
        let pair = &self.request.pair;
        let depth = pair.depth(match self.request.mode {
            Mode::DryRun => Depth::Foresight,
            Mode::Move | Mode::Resume => Depth::Keys,
        });
        if depth > Depth::None {
            self.events.emit(Event::PhaseStarted { phase: Phase::Scan });
        }
        scan::answers(schema, readers, (depth, &pair.settings)).await
    }

    async fn migrate(&mut self, prepared: Prepared) -> Result<(), Error> {
        let Prepared { mut met, schema, conversion, mut frozen, past } = prepared;
        for finding in &conversion.findings {
            self.events.found(finding.clone());
        }
        let sessions = self.sessions(&met.target).await?;
        let (run, begun) = self.begin(&met, &schema, &conversion, (&mut frozen, &past)).await?;
        self.touched = Touched::Something;
        plan::announce(&conversion, &self.events);
        // An error stops the other workers, but is no wish to stop: the run may begin again.
        let shutdown = self.shutdown.child();
        let history = begun.history;
        let board = Board::new(conversion, begun, self.events.clone(), shutdown);
        let board = Arc::new(board);
        let worked = tokio::select! {
            (worked, left) = async {
                tokio::join!(
                    work(&board, frozen.readers, sessions),
                    self.leave(&board, &mut met.source, &schema, frozen.holds_ddl_off)
                )
            } => worked.and(left),
            lost = watch(&met.session, self.request.answer_timeout) => Err(lost),
        };
        self.report.tables = plan::table_reports(&board);
        worked?;
        objects::finish(&met.session, &board.conversion, history, &self.events).await?;
        prove::catalog(&met.session, &board.conversion, &self.events).await?;
        for sql in &self.request.pair.settings.after {
            met.session.execute(sql).await?;
            self.report.changes.push(format!("executed after: {sql}"));
        }
        // Rows that are set aside may be mended in the source; then there is something to resume.
        let quarantined = self.report.tables.iter().any(|table| table.quarantined > 0);
        if is_whole(&self.report) && !quarantined {
            journal::finish(&met.session, run).await?;
        }
        Ok(())
    }

    /// Once the last row is read: looks whether the source's tables are as they were, and lets DDL
    /// go that was held off.
    async fn leave(
        &self,
        board: &Board,
        source: &mut Source,
        before: &Schema,
        holds_ddl_off: Option<Connection>,
    ) -> Result<(), Error> {
        board.queue.copied().await;
        if !board.shutdown.is_requested() {
            let now = self.request.pair.read(source).await?;
            prove::source_unchanged(before, &now, &self.events);
        }
        if let Some(control) = holds_ddl_off {
            control.close().await;
        }
        Ok(())
    }

    /// Makes the tables and the journal's word of them, or takes up what the journal has.
    async fn begin(
        &mut self,
        met: &Met,
        schema: &Schema,
        conversion: &Conversion,
        (frozen, past): (&mut Frozen, &Past),
    ) -> Result<(i64, Begun), Error> {
        let mappings = &conversion.mappings;
        let digest = build::plan_digest(conversion);
        let target_version = met.target.version_num;
        // Chunks of one table may be read by several readers, which must see one instant then.
        let chunk_bytes = match frozen.cuts {
            Cuts::None => u64::MAX,
            Cuts::Allowed => self.request.chunk_bytes,
        };
        let mut readers: Vec<&mut Reader> = frozen.readers.iter_mut().collect();
        if let Past::Resumed(run) = past {
            if run.plan != digest {
                return Err(Error::PlanChanged { begun_at: run.begun_at.clone() });
            }
            instant::can_resume(frozen.cuts, &met.session, run.id).await?;
            build::drop_foreign_keys(&met.session, conversion).await?;
            let kept = journal::kept(&met.session, run.id).await?;
            let before = kept::before(mappings, &kept);
            let tables = (schema, mappings.as_slice(), before.as_slice());
            let jobs = resume::jobs(
                &met.session,
                run.id,
                tables,
                &mut readers,
                (&self.events, &self.shutdown),
            )
            .await?;
            return Ok((run.id, Begun { jobs, before, history: History::Resumed, target_version }));
        }
        let plans = chunk::plans((schema, mappings), &mut readers, chunk_bytes).await?;
        self.events.emit(Event::PhaseStarted { phase: Phase::Create });
        let pairs = || mappings.iter().zip(&plans);
        let entries: Vec<_> =
            pairs().flat_map(|(mapping, plan)| jobs::entries(mapping, plan)).collect();
        for sql in &self.request.pair.settings.before {
            met.session.execute(sql).await?;
            self.touched = Touched::Something;
            self.report.changes.push(format!("executed before: {sql}"));
        }
        let source = self.request.pair.source.address();
        let kept = kept::note(&met.session, conversion, &self.events).await?;
        let schemas = self.request.pair.schemas.all();
        let new = NewRun { source: &source, schemas: &schemas, plan: &digest, kept: &kept };
        let run = build::create(&met.session, &met.target, conversion, (new, &entries)).await?;
        let jobs = pairs().map(|(mapping, plan)| jobs::of_new_table(run, mapping, plan));
        let (jobs, before) = (jobs.collect(), kept::before(mappings, &kept));
        Ok((run, Begun { jobs, before, history: History::New, target_version }))
    }

    /// One session per job, with as much memory for index builds as the server can spare.
    async fn sessions(&mut self, target: &Target) -> Result<Vec<Session>, Error> {
        let mut sessions = Vec::new();
        for _ in 0..self.request.pair.jobs {
            let session = Session::open(&self.request.pair.target).await?;
            exclusion::join(&session, &self.request.pair.schemas.all()).await?;
            session.execute(&build::settings(target, self.request.pair.jobs)).await?;
            self.backends.push(session.process().await?);
            sessions.push(session);
        }
        Ok(sessions)
    }
}
