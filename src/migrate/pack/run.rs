//! The journey into a directory, in order; it only connects the steps.

use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;

use crate::archive::{Before, Folder};
use crate::event::{Event, Events, Phase};
use crate::finding::{Code, Finding, Severity};
use crate::migrate::chunk;
use crate::migrate::conversion::Conversion;
use crate::migrate::convert::convert;
use crate::migrate::ending::{self, Touched};
use crate::migrate::error::Error;
use crate::migrate::foresee;
use crate::migrate::jobs;
use crate::migrate::mapping::Owner;
use crate::migrate::pack::work::{Board, Worker};
use crate::migrate::pack::{Request, whole};
use crate::migrate::plan;
use crate::migrate::preflight;
use crate::migrate::prove;
use crate::migrate::run::Mode;
use crate::migrate::scan::{self, Answers, Depth};
use crate::migrate::source::{Cuts, Frozen, Reader, Source};
use crate::mysql::schema::Schema;
use crate::report::{DirectoryEnd, Report, Verb};
use crate::shutdown::Shutdown;

/// Writes the directory, or says what would be written; the report says how it ended.
pub(crate) async fn run(request: Request, events: Events, shutdown: Shutdown) -> Report {
    let begun = Instant::now();
    let mut report = Report::new(Verb::Migrate, request.pair.target.address());
    report.source = Some(request.pair.source.address());
    report.directory = Some(DirectoryEnd::Target);
    let touched = Touched::Nothing;
    let mut journey = Journey { request, events, shutdown, report, touched };
    let ended = journey.travel().await;
    let Journey { events, report, touched, shutdown, .. } = journey;
    ending::report(report, (&events, &shutdown, begun), touched, ended)
}

struct Journey {
    request: Request,
    events: Events,
    shutdown: Shutdown,
    report: Report,
    touched: Touched,
}

/// All that is known and open before the first write.
struct Prepared {
    source: Source,
    schema: Schema,
    conversion: Conversion,
    frozen: Frozen,
}

impl Journey {
    async fn travel(&mut self) -> Result<(), Error> {
        let shutdown = self.shutdown.clone();
        let prepared = tokio::select! {
            prepared = Box::pin(self.prepare()) => prepared?,
            () = shutdown.requested() => return Err(Error::Stopped),
        };
        match prepared {
            Some(prepared) => Box::pin(self.pack(prepared)).await,
            None => Ok(()),
        }
    }

    fn before(&self) -> Before {
        if self.request.mode == Mode::Resume { Before::Replace } else { Before::Refuse }
    }

    /// Everything up to the first write; `None` if there is nothing to write.
    async fn prepare(&mut self) -> Result<Option<Prepared>, Error> {
        let Request { pair, mode, .. } = &self.request;
        if *mode != Mode::DryRun {
            Folder::check(&pair.target.path, self.before())?;
        }
        let start = |phase| self.events.emit(Event::PhaseStarted { phase });
        start(Phase::Connect);
        let mut source = pair.source.open().await?;
        start(Phase::Read);
        let known = pair.read(&mut source).await?;
        start(Phase::Preflight);
        self.tell(&preflight::departure(&source, &known, pair.jobs, pair.snapshot))?;
        start(Phase::Scan);
        if *mode == Mode::DryRun {
            let mut reader = source.reader(&pair.source).await?;
            let asked = (pair.depth(Depth::Foresight), &pair.settings);
            let answers = scan::answers(&known, &mut [&mut reader], asked).await?;
            reader.close().await;
            let mut conversion = self.convert(&source, &known, &answers);
            conversion.findings.extend(foresee::findings(
                &known,
                &answers,
                (&pair.settings, Owner::Ours),
            ));
            self.report.changes.extend(pair.write_names(&conversion)?);
            plan::describe(&known, &conversion, &mut self.report, &self.events);
            return Ok(None);
        }
        let (schema, mut frozen, snapshot) = pair.take(&source, &known, &self.events).await?;
        self.report.snapshot = Some(snapshot);
        let mut readers: Vec<&mut Reader> = frozen.readers.iter_mut().collect();
        let asked = (pair.depth(Depth::Keys), &pair.settings);
        let answers = scan::answers(&schema, &mut readers, asked).await?;
        let conversion = self.convert(&source, &schema, &answers);
        let mut refused = foresee::stops(&schema, &answers, &pair.settings);
        let collide = |finding: &&Finding| finding.code == Code::NamesCollide;
        refused.extend(conversion.findings.iter().filter(collide).cloned());
        self.tell(&refused)?;
        self.report.changes.extend(self.request.pair.write_names(&conversion)?);
        Ok(Some(Prepared { source, schema, conversion, frozen }))
    }

    fn convert(&self, source: &Source, schema: &Schema, answers: &Answers) -> Conversion {
        let pair = &self.request.pair;
        let choices = pair.choices_for(pair.target.server_version(), &pair.target.facts());
        let mut conversion = convert(schema, answers, &choices);
        source.leave_out(schema, &mut conversion);
        conversion
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

    async fn pack(&mut self, prepared: Prepared) -> Result<(), Error> {
        let Prepared { mut source, schema, conversion, mut frozen } = prepared;
        for finding in &conversion.findings {
            self.events.found(finding.clone());
        }
        let chunk_bytes = match frozen.cuts {
            Cuts::None => u64::MAX,
            Cuts::Allowed => self.request.chunk_bytes,
        };
        let mut readers: Vec<&mut Reader> = frozen.readers.iter_mut().collect();
        let tables = (&schema, conversion.mappings.as_slice());
        let plans = chunk::plans(tables, &mut readers, chunk_bytes).await?;
        let pairs = conversion.mappings.iter().zip(&plans);
        let jobs = pairs.map(|(mapping, plan)| jobs::of_new_table(0, mapping, plan)).collect();
        self.events.emit(Event::PhaseStarted { phase: Phase::Create });
        let folder = Folder::begin(&self.request.pair.target.path, self.before())?;
        self.touched = Touched::Something;
        plan::announce(&conversion, &self.events);
        let (events, shutdown) = (self.events.clone(), self.shutdown.child());
        let form = self.request.pair.target.form;
        let board = Arc::new(Board::new(conversion, jobs, (folder, form), (events, shutdown)));
        let Frozen { readers, holds_ddl_off, .. } = frozen;
        let (worked, left) = tokio::join!(work(&board, readers), async {
            board.queue.copied().await;
            if !board.shutdown.is_requested() {
                let now = self.request.pair.read(&mut source).await?;
                prove::source_unchanged(&schema, &now, &self.events);
            }
            if let Some(control) = holds_ddl_off {
                control.close().await;
            }
            Ok::<_, Error>(())
        });
        self.report.tables = board.reports();
        worked.and(left)?;
        let Some(board) = Arc::into_inner(board) else {
            return Err(Error::Panicked("a worker still holds the directory".to_owned()));
        };
        whole::finish(board, &self.request.pair, &self.report)
    }
}

/// Runs the workers to their end.
async fn work(board: &Arc<Board>, readers: Vec<Reader>) -> Result<(), Error> {
    board.events.emit(Event::PhaseStarted { phase: Phase::Copy });
    let mut workers = JoinSet::new();
    for reader in readers {
        let (board, worker) = (Arc::clone(board), Worker { reader: Some(reader) });
        workers.spawn(async move { Box::pin(worker.work(&board)).await });
    }
    ending::all(workers, &board.shutdown).await
}
