//! Proves that a directory is what its source holds: every file is the one that was written, every
//! row of the source stands in the files and no other does, and the source would become the very
//! catalog that was planned then. No server of PostgreSQL is asked.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::task::JoinSet;

use crate::archive::{Archive, Column, Table as PackedTable};
use crate::event::{Event, Events, Phase};
use crate::finding::{Code, Finding, Place, Severity};
use crate::migrate::conversion::Conversion;
use crate::migrate::convert::convert;
use crate::migrate::copy::read_judged;
use crate::migrate::digest::Digest;
use crate::migrate::ending::{self, Touched};
use crate::migrate::error::Error;
use crate::migrate::judge::Judge;
use crate::migrate::mapping::{ColumnMapping, TableMapping};
use crate::migrate::pack::{Directory, Loaders, TextRows, stored_rows};
use crate::migrate::pair::Pair;
use crate::migrate::preflight;
use crate::migrate::scan::{self, Depth};
use crate::migrate::schemas::Schemas;
use crate::migrate::source::{Frozen, Reader, Selection};
use crate::migrate::verify::bench::Compared;
use crate::migrate::verify::differ::Repair;
use crate::migrate::verify::here::{Here, Line};
use crate::migrate::verify::packed::{damaged, generated, no_row, other_files, set_aside};
use crate::migrate::verify::planned;
use crate::migrate::verify::sample::Look;
use crate::migrate::verify::subject::Subject;
use crate::name::TableName;
use crate::postgres::schema::Schema;
use crate::report::{DirectoryEnd, Report, Verb};
use crate::shutdown::Shutdown;

/// What is asked for: a source, and the directory that it was written into.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) pair: Pair<PathBuf>,
}

/// Compares; the report says what differs and how it ended.
pub(crate) async fn run(request: Request, events: Events, shutdown: Shutdown) -> Report {
    let begun = Instant::now();
    let mut report = Report::new(Verb::Verify, request.pair.target.display().to_string());
    report.source = Some(request.pair.source.address());
    report.directory = Some(DirectoryEnd::Target);
    let ended = tokio::select! {
        ended = Box::pin(compare(request.pair, (&events, &shutdown), &mut report)) => ended,
        () = shutdown.requested() => Err(Error::Stopped),
    };
    ending::report(report, (&events, &shutdown, begun), Touched::Nothing, ended)
}

async fn compare(
    pair: Pair<PathBuf>,
    (events, shutdown): (&Events, &Shutdown),
    report: &mut Report,
) -> Result<(), Error> {
    let archive = Archive::open(&pair.target)?;
    let written: Schema =
        serde_json::from_slice(&archive.text("catalog.json")?).map_err(Error::Catalog)?;
    let pair = as_it_was(pair, &archive);
    let (conversion, frozen) = departure(&pair, events, report).await?;
    events.emit(Event::PhaseStarted { phase: Phase::Verify });
    let bench = Bench::new(archive, conversion, (events.clone(), shutdown.child()));
    for finding in bench.strangers(pair.only.is_empty()) {
        events.found(finding);
    }
    let compared = bench.tables.iter().map(|(table, _)| table);
    other_files(&bench.archive, compared, events);
    for (table, _) in &bench.tables {
        set_aside(table, events);
    }
    let bench = Arc::new(bench);
    let mut workers = JoinSet::new();
    for reader in frozen.readers {
        let bench = Arc::clone(&bench);
        workers.spawn(async move { Box::pin(work(reader, &bench)).await });
    }
    let worked = ending::all(workers, &bench.shutdown).await;
    let planned = bench.tell(report);
    worked?;
    for finding in planned::differences(&planned, &chosen(written, &pair.only, &planned)) {
        events.found(finding);
    }
    Ok(())
}

/// With the target that the directory was written for.
fn as_it_was(pair: Pair<PathBuf>, archive: &Archive) -> Pair<Directory> {
    let assumed = &archive.manifest.target;
    let target = Directory {
        path: pair.target.clone(),
        postgres: assumed.postgres,
        extensions: assumed.extensions.clone(),
        form: archive.manifest.data,
        loaders: Loaders::Psql,
    };
    let pair = pair.with_target(target);
    match assumed.schemas.as_slice() {
        [schema] => Pair { schemas: Schemas::one(schema), ..pair },
        // Which database goes where is said again.
        _ => pair,
    }
}

/// What the source would become now, and all that reads it.
async fn departure(
    pair: &Pair<Directory>,
    events: &Events,
    report: &mut Report,
) -> Result<(Conversion, Frozen), Error> {
    let start = |phase| events.emit(Event::PhaseStarted { phase });
    start(Phase::Connect);
    let mut source = pair.source.open().await?;
    start(Phase::Read);
    let known = pair.read(&mut source).await?;
    start(Phase::Preflight);
    let found = preflight::departure(&source, &known, pair.jobs, pair.snapshot);
    let reasons = found.iter().filter(|finding| finding.severity == Severity::Error).count();
    for finding in found {
        events.found(finding);
    }
    if reasons > 0 {
        return Err(Error::Refused { reasons });
    }
    let (schema, mut frozen, snapshot) = pair.take(&source, &known, events).await?;
    report.snapshot = Some(snapshot);
    start(Phase::Scan);
    let mut readers: Vec<&mut Reader> = frozen.readers.iter_mut().collect();
    let asked = (pair.depth(Depth::Types), &pair.settings);
    let answers = scan::answers(&schema, &mut readers, asked).await?;
    let choices = pair.choices_for(pair.target.server_version(), &pair.target.facts());
    let mut conversion = convert(&schema, &answers, &choices);
    source.leave_out(&schema, &mut conversion);
    Ok((conversion, frozen))
}

/// The written schema, with no more than the tables that are asked for.
fn chosen(mut written: Schema, only: &[String], planned: &Schema) -> Schema {
    if !only.is_empty() {
        let asked = |name: &TableName| planned.tables.iter().any(|table| table.name == *name);
        written.tables.retain(|table| asked(&table.name));
        (written.sequences, written.views) = (Vec::new(), Vec::new());
        written.enums.retain(|kind| planned.enums.iter().any(|other| other.name == kind.name));
    }
    written
}

/// What all workers share.
struct Bench {
    archive: Archive,
    conversion: Conversion,
    /// Tables of both, and where the conversion has them.
    tables: Vec<(PackedTable, usize)>,
    /// Tables that wait, the next one last.
    waiting: Mutex<Vec<usize>>,
    done: Mutex<Vec<(usize, Compared, Vec<u64>)>>,
    events: Events,
    shutdown: Shutdown,
}

impl Bench {
    fn new(archive: Archive, conversion: Conversion, told: (Events, Shutdown)) -> Self {
        let mut tables = Vec::new();
        for (at, mapping) in conversion.mappings.iter().enumerate() {
            let mut packed = archive.manifest.tables.iter();
            let there = packed.find(|table| table.target == mapping.target);
            tables.extend(
                there.filter(|table| same_columns(mapping, table)).map(|t| (t.clone(), at)),
            );
        }
        let mut waiting: Vec<usize> = (0..tables.len()).collect();
        waiting.sort_by_key(|at| tables[*at].0.rows);
        let (waiting, done, (events, shutdown)) = (Mutex::new(waiting), Mutex::default(), told);
        Self { archive, conversion, tables, waiting, done, events, shutdown }
    }

    /// Tables that only one side has, or that hold something else on either.
    fn strangers(&self, all: bool) -> Vec<Finding> {
        let packed = &self.archive.manifest.tables;
        let not_compared = |table: &TableName, why: &str| {
            Finding::error(
                Code::TableNotCompared,
                Place::table(table),
                format!("not compared: {why}"),
            )
        };
        let mut found = Vec::new();
        for mapping in &self.conversion.mappings {
            match packed.iter().find(|table| table.target == mapping.target) {
                None => found.push(not_compared(&mapping.source, "the directory does not have it")),
                Some(table) if !same_columns(mapping, table) => {
                    let why = "the directory has rows of other columns";
                    found.push(not_compared(&mapping.source, why));
                }
                Some(_) => {}
            }
        }
        let mapped = |table: &PackedTable| {
            self.conversion.mappings.iter().any(|one| one.target == table.target)
        };
        let gone = packed.iter().filter(|table| all && !mapped(table));
        found.extend(gone.map(|table| not_compared(&table.source, "the source does not have it")));
        found
    }

    /// Tells what became of the tables; gives the schema as rows have it, where a NULL drops NOT
    /// NULL.
    fn tell(&self, report: &mut Report) -> Schema {
        let mut planned = self.conversion.target.clone();
        let mut done =
            std::mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner));
        done.sort_by_key(|(at, ..)| *at);
        for (at, compared, nulls) in done {
            let (table, position) = &self.tables[at];
            let mapping = &self.conversion.mappings[*position];
            for (column, nulls) in mapping.columns.iter().zip(nulls) {
                let mut columns = planned.tables[*position].columns.iter_mut();
                let column = columns.find(|planned| planned.name == column.target);
                if let Some(column) = column.filter(|_| nulls > 0) {
                    column.not_null = false;
                }
            }
            let subject = self.subject(at);
            report.tables.push(compared.report(&subject));
            if compared.told.as_ref().is_some_and(|told| no_row(&told.count)) {
                self.events.found(generated(table));
                continue;
            }
            for finding in compared.findings(&subject, Repair::Leave) {
                self.events.found(finding);
            }
            if let Some(told) = compared.told {
                report.differing.push(told.count);
                report.differences.extend(told.differences);
            }
        }
        planned
    }

    fn subject(&self, at: usize) -> Subject {
        let position = self.tables[at].1;
        let mapping = self.conversion.mappings[position].clone();
        Subject {
            key: mapping.key.clone(),
            looks: vec![Look::whole(&mapping)],
            whole: mapping.clone(),
            mapping,
            table: self.conversion.target.tables[position].clone(),
            triggers: Vec::new(),
        }
    }
}

/// Whether both have the same fields in their rows.
fn same_columns(mapping: &TableMapping, table: &PackedTable) -> bool {
    let same = |(one, other): (&ColumnMapping, &Column)| {
        (&one.source, &one.target) == (&other.source, &other.target)
    };
    let columns = &mapping.columns[..mapping.copied];
    mapping.copied == table.copied && columns.iter().zip(&table.columns).all(same)
}

/// Compares tables as long as some wait.
async fn work(mut reader: Reader, bench: &Bench) -> Result<(), Error> {
    loop {
        let next = bench.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(at) = next else { return Ok(()) };
        let begun = Instant::now();
        let table = &bench.tables[at].0;
        bench.events.emit(Event::VerifyStarted { table: table.source.clone(), rows: table.rows });
        let (mut compared, mut nulls) = (Compared::default(), Vec::new());
        if let Err(error) = look(&mut reader, (at, bench), (&mut compared, &mut nulls)).await {
            if error.ends_the_run() && !matches!(error, Error::Files(_)) {
                return Err(error);
            }
            compared.failed = Some(error);
        }
        compared.finish(&table.source, begun, &bench.events);
        bench.done.lock().unwrap_or_else(PoisonError::into_inner).push((at, compared, nulls));
    }
}

async fn look(
    reader: &mut Reader,
    (at, bench): (usize, &Bench),
    (compared, nulls): (&mut Compared, &mut Vec<u64>),
) -> Result<(), Error> {
    let (table, position) = &bench.tables[at];
    let (mapping, schema) = (&bench.conversion.mappings[*position], &bench.conversion.target);
    let planned = &schema.tables[*position];
    let files = files(table, bench)?;
    let mut text = TextRows::of(mapping, planned);
    let format = bench.archive.manifest.data.format;
    let mut source = Digest::default();
    let judged = (mapping, &Selection::Whole, Some(Judge::of(mapping, planned, schema)));
    let (copied, null_rows) = read_judged(reader, judged, &bench.shutdown, |fields| {
        source.add(Line::as_stored(&mut text, format, fields));
    })
    .await?;
    *nulls = null_rows;
    compared.quarantined = copied.refused.count;
    compared.bytes = copied.bytes;
    let then = Digest::read(table.rows, &table.digest);
    // What the server generates is in no file, but in the manifest's digest.
    let same_whole = mapping.columns.len() != table.columns.len() || copied.digest == then;
    (compared.source, compared.target) = (Some(copied.digest), Some(then));
    if source == files && same_whole {
        compared.target = compared.source;
        return Ok(());
    }
    let mut here = Here { archive: &bench.archive, table, mapping, planned };
    let judge = || Judge::of(mapping, planned, schema);
    compared.told = Some(here.differ(reader, judge, &bench.shutdown).await?);
    Ok(())
}

/// Reads the files of a table, which must be the ones that were written.
fn files(table: &PackedTable, bench: &Bench) -> Result<Digest, Error> {
    let (mut sum, format) = (Digest::default(), bench.archive.manifest.data.format);
    for chunk in &table.chunks {
        let read = bench.archive.read(&chunk.file);
        match read.and_then(|mut file| stored_rows(&mut file, format, |_row| ())) {
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
    Ok(sum)
}
