//! The workers that compare tables, each with a reader of the snapshot and a session of the target.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::task::JoinSet;

use crate::event::{Event, Events};
use crate::finding::{Code, Finding, Place, Severity};
use crate::migrate::copied::Copied;
use crate::migrate::copy::read_source;
use crate::migrate::digest::Digest;
use crate::migrate::error::Error;
use crate::migrate::mapping::Part;
use crate::migrate::plan::verified;
use crate::migrate::source::Reader;
use crate::migrate::tell;
use crate::migrate::verify::differ::{Differ, Repair, Told};
use crate::migrate::verify::independent::{self, Opinion};
use crate::migrate::verify::manner::{Judge, Manner};
use crate::migrate::verify::near::Near;
use crate::migrate::verify::subject::Subject;
use crate::migrate::verify::{repair, target_digest};
use crate::name::TableName;
use crate::postgres::connect::Session;
use crate::report::{DifferingTable, TableReport, Verified};
use crate::shutdown::Shutdown;

/// What became of one table.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) source: Option<Digest>,
    /// The target's, after the repair if there was one.
    pub(super) target: Option<Digest>,
    pub(super) bytes: u64,
    pub(super) quarantined: u64,
    pub(super) milliseconds: u64,
    /// What differs, if that could be told.
    pub(super) told: Option<Told>,
    pub(super) mended: Mended,
    /// What both servers say, if they were asked.
    pub(super) opinion: Option<Opinion>,
    /// Why its rows could not be compared, told or mended.
    pub(super) failed: Option<Error>,
}

impl Compared {
    /// Tells that a table's comparison is over, which began then.
    pub(super) fn finish(&mut self, table: &TableName, begun: Instant, events: &Events) {
        self.milliseconds = begun.elapsed().as_millis() as u64;
        events.emit(Event::VerifyFinished {
            table: table.clone(),
            rows: self.target.map_or(0, |digest| digest.rows),
            equal: self.source.is_some() && self.source == self.target,
            milliseconds: self.milliseconds,
        });
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mended {
    #[default]
    No,
    Yes,
}

/// What all workers share.
pub(super) struct Bench {
    pub(super) subjects: Vec<Subject>,
    pub(super) manner: Manner,
    pub(super) events: Events,
    pub(super) shutdown: Shutdown,
    /// Tables that wait, the next one last.
    waiting: Mutex<Vec<usize>>,
    compared: Mutex<Vec<Compared>>,
}

/// One worker's connections.
pub(super) struct Pair {
    pub(super) reader: Reader,
    pub(super) session: Session,
}

impl Bench {
    pub(super) fn new(
        subjects: Vec<Subject>,
        manner: Manner,
        events: Events,
        shutdown: Shutdown,
    ) -> Self {
        let compared = subjects.iter().map(|_| Compared::default()).collect();
        let (waiting, compared) = (Mutex::new(Vec::new()), Mutex::new(compared));
        Self { subjects, manner, events, shutdown, waiting, compared }
    }

    /// What became of each table, in the order of the subjects; to be asked once.
    pub(super) fn take(&self) -> Vec<Compared> {
        std::mem::take(&mut *self.compared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn compared<T>(&self, with: impl FnOnce(&mut [Compared]) -> T) -> T {
        with(&mut self.compared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn next(&self) -> Option<usize> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Compares all tables, the largest first. A repair that failed, as of a row that another
    /// table still needs, is tried again for as long as others succeed.
    pub(super) async fn run(self: &Arc<Self>, mut pairs: Vec<Pair>) -> Result<(), Error> {
        let mut tables: Vec<usize> = (0..self.subjects.len()).collect();
        loop {
            tables.sort_by_key(|table| self.subjects[*table].whole.bytes_estimate);
            let before = self.mended();
            *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = tables;
            pairs = round(self, pairs).await?;
            tables = self.to_try_again();
            if tables.is_empty() || self.mended() == before {
                return Ok(());
            }
        }
    }

    fn mended(&self) -> usize {
        let mended = |one: &&Compared| one.mended == Mended::Yes;
        self.compared(|compared| compared.iter().filter(mended).count())
    }

    fn to_try_again(&self) -> Vec<usize> {
        let failed = |one: &Compared| one.failed.is_some() && one.source.is_some();
        if self.manner.repair == Repair::Leave {
            return Vec::new();
        }
        self.compared(|all| (0..all.len()).filter(|table| failed(&all[*table])).collect())
    }
}

/// Runs the workers until no table waits; the first error that is not "stopped" is the one that
/// tells.
async fn round(bench: &Arc<Bench>, pairs: Vec<Pair>) -> Result<Vec<Pair>, Error> {
    let mut workers = JoinSet::new();
    for pair in pairs {
        let bench = Arc::clone(bench);
        workers.spawn(async move { Box::pin(pair.work(&bench)).await });
    }
    let mut pairs = Vec::new();
    let mut ended = Ok(());
    while let Some(worker) = workers.join_next().await {
        match worker.unwrap_or_else(|panic| Err(Error::Panicked(panic.to_string()))) {
            Ok(pair) => pairs.push(pair),
            Err(error) => {
                bench.shutdown.request();
                if matches!(ended, Ok(()) | Err(Error::Stopped)) {
                    ended = Err(error);
                }
            }
        }
    }
    match ended {
        Ok(()) if bench.shutdown.is_requested() => Err(Error::Stopped),
        ended => ended.map(|()| pairs),
    }
}

impl Pair {
    async fn work(mut self, bench: &Bench) -> Result<Self, Error> {
        while let Some(table) = bench.next() {
            let compared = tokio::select! {
                compared = Box::pin(self.compare(&bench.subjects[table], bench)) => compared,
                () = bench.shutdown.requested() => Err(Error::Stopped),
            };
            match compared {
                Ok(compared) => bench.compared(|all| all[table] = compared),
                Err(error) => {
                    // The error is what there is to tell, whether or not the server hears of it.
                    let _ = self.session.cancel().await;
                    return Err(error);
                }
            }
        }
        Ok(self)
    }

    async fn compare(&mut self, subject: &Subject, bench: &Bench) -> Result<Compared, Error> {
        let begun = Instant::now();
        let (table, rows) = (&subject.whole.source, subject.whole.rows_estimate);
        bench.events.emit(Event::VerifyStarted { table: table.clone(), rows });
        let mut compared = Compared::default();
        if let Err(error) = self.transact(subject, bench, &mut compared).await {
            if error.ends_the_run() {
                return Err(error);
            }
            compared.failed = Some(error);
        }
        compared.finish(table, begun, &bench.events);
        Ok(compared)
    }

    /// All looks at the target are of one instant, so that they fit each other.
    async fn transact(
        &mut self,
        subject: &Subject,
        bench: &Bench,
        compared: &mut Compared,
    ) -> Result<(), Error> {
        self.session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
        let looked = self.look(subject, bench, compared).await;
        let mend =
            looked.is_ok() && compared.told.is_some() && bench.manner.repair == Repair::Apply;
        let ended = self.session.execute(if mend { "COMMIT" } else { "ROLLBACK" }).await;
        looked?;
        ended?;
        if mend {
            compared.mended = Mended::Yes;
            let copy_out = subject.whole.copy_out(Part::WHOLE);
            let target =
                target_digest(&self.session, &subject.whole, &copy_out, &bench.events).await?;
            compared.target = Some(target);
        }
        Ok(())
    }

    async fn look(
        &mut self,
        subject: &Subject,
        bench: &Bench,
        compared: &mut Compared,
    ) -> Result<(), Error> {
        let whole = &subject.whole;
        let (mut read, mut target) = (Copied::default(), Digest::default());
        for look in &subject.looks {
            let (near, far) = tokio::join!(
                read_source(&mut self.reader, (whole, &look.source), &bench.shutdown, |_| ()),
                target_digest(&self.session, whole, &look.target, &bench.events),
            );
            read += &near?;
            target += far?;
        }
        for finding in tell::altered(whole, &subject.table, &read) {
            let noted = finding.code != Code::RowsQuarantined;
            let severity = if noted { Severity::Note } else { finding.severity };
            bench.events.found(Finding { severity, ..finding });
        }
        compared.quarantined = read.refused.count;
        compared.bytes = read.bytes;
        (compared.source, compared.target) = (Some(read.digest), Some(target));
        if bench.manner.judge == Judge::RowsAndServers {
            let ends = (&mut self.reader, &self.session);
            compared.opinion = Some(independent::ask(ends, whole).await?);
        }
        if read.digest == target || subject.is_sampled() {
            return Ok(());
        }
        let repair = bench.manner.repair;
        if repair == Repair::Apply {
            repair::begin(&self.session, subject).await?;
        }
        let near = Near::Source(&mut self.reader);
        let (session, shutdown) = (&self.session, &bench.shutdown);
        let told = Differ { near, session, subject, shutdown, repair }.differ().await?;
        if repair == Repair::Apply {
            repair::end(&self.session, subject).await?;
        }
        compared.told = Some(told);
        Ok(())
    }
}

impl Compared {
    pub(super) fn report(&self, subject: &Subject) -> TableReport {
        TableReport {
            source: subject.whole.source.clone(),
            target: subject.whole.target.clone(),
            rows: self.source.map_or(0, |digest| digest.rows),
            bytes: self.bytes,
            quarantined: self.quarantined,
            duration_ms: self.milliseconds,
            verified: match verified(self.source, self.target) {
                Verified::Equal if subject.is_sampled() => Verified::SampleEqual,
                verified => verified,
            },
            source_digest: self.source.map(|digest| digest.to_string()),
            target_digest: self.target.map(|digest| digest.to_string()),
        }
    }

    /// What is to be said of the table, if anything is.
    pub(super) fn findings(&self, subject: &Subject, repair: Repair) -> Vec<Finding> {
        let place = || Place::table(&subject.whole.source);
        let mut found = Vec::new();
        let equal = self.source == self.target;
        if let (Some(source), Some(target)) = (self.source, self.target) {
            let told = self.told.as_ref().map(|told| words(&told.count));
            let difference = crate::migrate::verify::difference(source, target);
            match (equal, self.mended) {
                (true, Mended::No) => {}
                (true, Mended::Yes) => {
                    let message = format!("mended: {}", told.unwrap_or_default());
                    found.push(Finding::warning(Code::RowsDiffer, place(), message));
                }
                (false, _) => {
                    let message = told.or(difference).unwrap_or_default();
                    found.push(Finding::error(Code::RowsDiffer, place(), message));
                }
            }
        }
        if let Some(opinion) = &self.opinion {
            found.extend(opinion.findings(place, equal));
        }
        if let Some(error) = &self.failed {
            let (code, what) = match (self.source, repair) {
                (None, _) => (Code::TableNotCompared, "not compared"),
                (Some(_), Repair::Leave) => {
                    (Code::TableNotCompared, "its rows could not be compared one by one")
                }
                (Some(_), Repair::Apply) => (Code::NotRepaired, "not mended"),
            };
            let message = format!("{what}: {}", error.words());
            found.push(Finding::error(code, place(), message));
        }
        found
    }
}

/// `3 rows missing, 1 extra, 2 changed`
fn words(count: &DifferingTable) -> String {
    let kinds = [(count.missing, "missing"), (count.extra, "extra"), (count.changed, "changed")];
    let found: Vec<String> = kinds
        .iter()
        .filter(|(rows, _)| *rows > 0)
        .map(|(rows, kind)| format!("{rows} {kind}"))
        .collect();
    let least = if count.complete { "" } else { "at least " };
    format!("rows that differ: {least}{}", found.join(", "))
}
