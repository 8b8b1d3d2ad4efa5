//! Proves that a database is what a directory holds: every file is the one that was written, every
//! row of the target is the manifest's, and the catalog is the planned one. The source is not asked.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::task::JoinSet;

use crate::archive::{Archive, Format, Table as PackedTable};
use crate::event::{Event, Events, Phase};
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::conversion::Conversion;
use crate::migrate::digest::Digest;
use crate::migrate::ending::{self, Touched};
use crate::migrate::error::Error;
use crate::migrate::mapping::{ColumnMapping, Form, Owner, Part, TableMapping};
use crate::migrate::pack::{QUARANTINED, binary_digest};
use crate::migrate::prove;
use crate::migrate::transcode::Transcoder;
use crate::migrate::verify::bench::Compared;
use crate::migrate::verify::differ::{Differ, Repair};
use crate::migrate::verify::near::{Files, Near, Text};
use crate::migrate::verify::sample::Look;
use crate::migrate::verify::subject::Subject;
use crate::migrate::verify::target_digest;
use crate::postgres::connect::{Options, Session};
use crate::postgres::schema::{Schema, Table as Planned};
use crate::postgres::{catalog, ddl};
use crate::report::{DifferingTable, DirectoryEnd, Report, Verb};
use crate::shutdown::Shutdown;

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) archive: PathBuf,
    pub(crate) target: Options,
    pub(crate) jobs: usize,
}

/// Compares; the report says what differs and how it ended.
pub(crate) async fn run(request: Request, events: Events, shutdown: Shutdown) -> Report {
    let begun = Instant::now();
    let mut report = Report::new(Verb::Verify, request.target.address());
    report.source = Some(request.archive.display().to_string());
    report.directory = Some(DirectoryEnd::Source);
    let ended = tokio::select! {
        ended = Box::pin(compare(&request, (&events, &shutdown), &mut report)) => ended,
        () = shutdown.requested() => Err(Error::Stopped),
    };
    ending::report(report, (&events, &shutdown, begun), Touched::Nothing, ended)
}

async fn compare(
    request: &Request,
    (events, shutdown): (&Events, &Shutdown),
    report: &mut Report,
) -> Result<(), Error> {
    let archive = Archive::open(&request.archive)?;
    let schema: Schema =
        serde_json::from_slice(&archive.text("catalog.json")?).map_err(Error::Catalog)?;
    events.emit(Event::PhaseStarted { phase: Phase::Connect });
    let control = Session::open(&request.target).await?;
    events.emit(Event::PhaseStarted { phase: Phase::Verify });
    let found = catalog::read(&control, &ddl::schema_names(&schema)).await?;
    let (mut waiting, mut subjects) = (Vec::new(), Vec::new());
    for (table, planned) in archive.manifest.tables.iter().zip(&schema.tables) {
        // One that is missing is told by the comparison of the catalogs.
        let there = found.tables.get(&table.target);
        let has =
            |column: &String| there.is_some_and(|t| t.columns.iter().any(|c| c.name == *column));
        let missing: Vec<_> = table.columns.iter().filter(|c| !has(&c.target)).collect();
        if missing.is_empty() {
            waiting.push(subjects.len());
            subjects.push((table.clone(), subject(table, planned)));
        } else if there.is_some() {
            let names: Vec<&str> = missing.iter().map(|column| column.target.as_str()).collect();
            let message = format!("not compared: the target lacks {}", names.join(", "));
            let place = Place::table(&table.source);
            events.found(Finding::error(Code::TableNotCompared, place, message));
        }
        set_aside(table, events);
    }
    other_files(&archive, subjects.iter().map(|(table, _)| table), events);
    let (events, shutdown) = (events.clone(), shutdown.child());
    let compared = Mutex::default();
    let bench =
        Bench { archive, subjects, waiting: Mutex::new(waiting), compared, events, shutdown };
    let bench = Arc::new(bench);
    let worked = work(&bench, request).await;
    bench.tell(report);
    worked?;
    let conversion = Conversion { target: schema, ..Conversion::default() };
    prove::catalog(&control, &conversion, &bench.events).await
}

/// Reads all files but those of the tables that are compared, which are read with them.
pub(super) fn other_files<'a>(
    archive: &Archive,
    compared: impl Iterator<Item = &'a PackedTable>,
    events: &Events,
) {
    let chunks = compared.flat_map(|table| &table.chunks);
    let data: HashSet<&str> = chunks.map(|chunk| chunk.file.as_str()).collect();
    for file in archive.manifest.files.iter().filter(|file| !data.contains(file.path.as_str())) {
        if let Err(error) = archive.read(&file.path).and_then(|mut file| file.take_all(|_| ())) {
            damaged(&file.path, &error, events);
        }
    }
}

/// Rows that are not in the target, as it cannot hold them.
pub(super) fn set_aside(table: &PackedTable, events: &Events) {
    if table.quarantined > 0 {
        let rows = table.quarantined;
        let message =
            format!("{rows} rows of the source are not in it, as PostgreSQL cannot hold them");
        let place = Place::table(&table.source);
        let help = format!("they stand in {QUARANTINED}");
        events.found(Finding::error(Code::RowsQuarantined, place, message).help(help));
    }
}

pub(super) fn damaged(path: &str, error: &crate::archive::Error, events: &Events) {
    use crate::fault::Blame;
    let cause = std::error::Error::source(error);
    let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
    let place = Place::object(PlaceKind::File, path);
    let mut finding = Finding::error(Code::FileDamaged, place, format!("{error}{cause}"));
    if let Some(hint) = error.hint() {
        finding = finding.help(hint);
    }
    events.found(finding);
}

/// A table, with the columns that the files have.
fn subject(table: &PackedTable, planned: &Planned) -> Subject {
    let mapping = mapping(table, table.copied);
    Subject {
        key: mapping.key.clone(),
        looks: vec![Look::whole(&mapping)],
        whole: mapping.clone(),
        mapping,
        table: planned.clone(),
        triggers: Vec::new(),
    }
}

/// The first so many columns of a table.
fn mapping(table: &PackedTable, columns: usize) -> TableMapping {
    let bytes = table.chunks.iter().map(|chunk| chunk.bytes).sum();
    let names = table.columns[..columns].iter();
    let place = |name: &String| table.columns[..columns].iter().position(|c| c.target == *name);
    let key: Option<Vec<usize>> = table.key.iter().map(place).collect();
    TableMapping {
        source: table.source.clone(),
        target: table.target.clone(),
        form: if table.partitioned { Form::Partitioned } else { Form::Plain },
        // Both sides are read as they are: nothing is transcoded.
        columns: names
            .map(|column| ColumnMapping {
                source: column.source.clone(),
                target: column.target.clone(),
                transcoder: Transcoder::Bytes,
                read: None,
            })
            .collect(),
        rows: None,
        copied: columns,
        owner: Owner::Ours,
        key: key.unwrap_or_default(),
        rows_estimate: table.rows,
        bytes_estimate: bytes,
    }
}

/// What all workers share.
struct Bench {
    archive: Archive,
    subjects: Vec<(PackedTable, Subject)>,
    /// Tables that wait, the next one last.
    waiting: Mutex<Vec<usize>>,
    compared: Mutex<Vec<(usize, Compared)>>,
    events: Events,
    shutdown: Shutdown,
}

/// One worker's: a session that reads the target, and one that reads text.
struct Sessions {
    far: Session,
    near: Session,
}

async fn work(bench: &Arc<Bench>, request: &Request) -> Result<(), Error> {
    let mut workers = JoinSet::new();
    for _ in 0..request.jobs.min(bench.subjects.len()) {
        let (far, near) =
            tokio::try_join!(Session::open(&request.target), Session::open(&request.target))?;
        let (bench, sessions) = (Arc::clone(bench), Sessions { far, near });
        workers.spawn(async move { Box::pin(sessions.work(&bench)).await });
    }
    ending::all(workers, &bench.shutdown).await
}

impl Sessions {
    async fn work(self, bench: &Bench) -> Result<(), Error> {
        loop {
            let next = bench.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(at) = next else { return Ok(()) };
            let (table, subject) = &bench.subjects[at];
            let begun = Instant::now();
            bench
                .events
                .emit(Event::VerifyStarted { table: table.source.clone(), rows: table.rows });
            let mut compared = Compared::default();
            if let Err(error) = self.compare((table, subject), bench, &mut compared).await {
                if matches!(error, Error::Stopped)
                    || matches!(&error, Error::Target(e) if e.is_connection_lost())
                {
                    return Err(error);
                }
                compared.failed = Some(error);
            }
            compared.finish(&table.source, begun, &bench.events);
            bench.compared.lock().unwrap_or_else(PoisonError::into_inner).push((at, compared));
        }
    }

    async fn compare(
        &self,
        (table, subject): (&PackedTable, &Subject),
        bench: &Bench,
        compared: &mut Compared,
    ) -> Result<(), Error> {
        compared.bytes = subject.whole.bytes_estimate;
        compared.quarantined = table.quarantined;
        files(table, bench)?;
        let source = Digest::read(table.rows, &table.digest);
        compared.source = Some(source);
        // All looks at the target are of one instant, so that they fit each other.
        self.far.execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
        let looked = self.look((table, subject, source), bench, compared).await;
        let ended = self.far.execute("ROLLBACK").await;
        looked?;
        Ok(ended?)
    }

    async fn look(
        &self,
        (table, subject, source): (&PackedTable, &Subject, Digest),
        bench: &Bench,
        compared: &mut Compared,
    ) -> Result<(), Error> {
        let all = mapping(table, table.columns.len());
        let copy_out = all.copy_out(Part::WHOLE);
        let target = target_digest(&self.far, &all, &copy_out, &bench.events).await?;
        compared.target = Some(target);
        if source != target {
            let (archive, session) = (&bench.archive, &self.near);
            let mut files = Files { archive, table, session, text: Text::Away };
            let (session, shutdown) = (&self.far, &bench.shutdown);
            let (near, repair) = (Near::Files(&mut files), Repair::Leave);
            let differ = Differ { near, session, subject, shutdown, repair }.differ().await;
            compared.told = Some(differ?);
        }
        Ok(())
    }
}

/// Reads the files of a table: each must be the one that was written, and all of them together must
/// have the rows that the manifest speaks of.
fn files(table: &PackedTable, bench: &Bench) -> Result<(), Error> {
    let (mut sum, format) = (Digest::default(), bench.archive.manifest.data.format);
    for chunk in &table.chunks {
        let read = bench.archive.read(&chunk.file).and_then(|mut file| match format {
            Format::Binary => binary_digest(&mut file, |_row| ()),
            Format::Text => file.take_all(|_piece| ()).map(|()| Digest::default()),
        });
        match read {
            Ok(digest) => sum += digest,
            Err(error) => {
                damaged(&chunk.file, &error, &bench.events);
                return Err(error.into());
            }
        }
        if bench.shutdown.is_requested() {
            return Err(Error::Stopped);
        }
    }
    let comparable = format == Format::Binary && table.copied == table.columns.len();
    if comparable && (sum.rows, sum.to_string()) != (table.rows, table.digest.clone()) {
        let what = "its files and the manifest speak of different rows".to_owned();
        let path = PathBuf::from(&table.source.name);
        return Err(crate::archive::Error::Damaged { path, what }.into());
    }
    Ok(())
}

impl Bench {
    /// What became of the tables, as findings and in the report.
    fn tell(&self, report: &mut Report) {
        let taken =
            std::mem::take(&mut *self.compared.lock().unwrap_or_else(PoisonError::into_inner));
        let mut all: Vec<(usize, Compared)> = taken;
        all.sort_by_key(|(at, _)| *at);
        for (at, compared) in all {
            let (table, subject) = &self.subjects[at];
            report.tables.push(compared.report(subject));
            let generated_only = compared.told.as_ref().is_some_and(|told| no_row(&told.count));
            if generated_only {
                self.events.found(generated(table));
                continue;
            }
            for finding in compared.findings(subject, Repair::Leave) {
                self.events.found(finding);
            }
            if let Some(told) = compared.told {
                report.differing.push(told.count);
                report.differences.extend(told.differences);
                report.repair.extend(told.statements);
            }
        }
    }
}

pub(super) fn no_row(count: &DifferingTable) -> bool {
    (count.missing, count.extra, count.changed, count.complete) == (0, 0, 0, true)
}

/// The rows are the files' rows, but not what the server has made of them.
pub(super) fn generated(table: &PackedTable) -> Finding {
    let names: Vec<&str> =
        table.columns[table.copied..].iter().map(|column| column.target.as_str()).collect();
    let message =
        format!("generated columns have other values than in the source: {}", names.join(", "));
    Finding::error(Code::RowsDiffer, Place::table(&table.source), message)
}
