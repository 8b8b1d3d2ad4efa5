//! Compares a database with what it became, afresh: nothing that an earlier run has noted is
//! believed.

use std::sync::Arc;
use std::time::Instant;

use crate::event::{Event, Events, Phase};
use crate::finding::Severity;
use crate::migrate::conversion::Conversion;
use crate::migrate::ending::{self, Touched};
use crate::migrate::error::Error;
use crate::migrate::fit::Filled;
use crate::migrate::pair::{Met, Pair as Ends};
use crate::migrate::scan::{self, Depth};
use crate::migrate::source::{Frozen, Reader};
use crate::migrate::verify::bench::{Bench, Mended, Pair};
use crate::migrate::verify::differ::Repair;
use crate::migrate::verify::manner::Manner;
use crate::migrate::verify::sample::{self, Share};
use crate::migrate::verify::subject::{Subject, subjects};
use crate::migrate::{preflight, prove};
use crate::mysql::schema::Schema;
use crate::postgres::connect::Session;
use crate::postgres::{catalog, ddl, exclusion};
use crate::report::{Report, Verb};
use crate::shutdown::Shutdown;

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) pair: Ends,
    pub(crate) manner: Manner,
}

/// Compares, and mends if that is asked for; the report says what differs and how it ended.
pub(crate) async fn run(request: Request, events: Events, shutdown: Shutdown) -> Report {
    let begun = Instant::now();
    let mut report = Report::new(Verb::Verify, request.pair.target.address());
    report.source = Some(request.pair.source.address());
    let touched = Touched::Nothing;
    let mut comparison = Comparison { request, events, shutdown, report, touched };
    let ended = comparison.run().await;
    let Comparison { events, shutdown, report, touched, .. } = comparison;
    ending::report(report, (&events, &shutdown, begun), touched, ended)
}

struct Comparison {
    request: Request,
    events: Events,
    shutdown: Shutdown,
    report: Report,
    /// Whether something was mended.
    touched: Touched,
}

/// All that is known and open before the first row is read.
struct Prepared {
    met: Met,
    conversion: Conversion,
    frozen: Frozen,
    subjects: Vec<Subject>,
    sessions: Vec<Session>,
}

impl Comparison {
    async fn run(&mut self) -> Result<(), Error> {
        let shutdown = self.shutdown.clone();
        let prepared = tokio::select! {
            prepared = Box::pin(self.prepare()) => prepared?,
            () = shutdown.requested() => return Err(Error::Stopped),
        };
        let Prepared { met, conversion, frozen, subjects, sessions } = prepared;
        self.events.emit(Event::PhaseStarted { phase: Phase::Verify });
        let (events, shutdown) = (self.events.clone(), self.shutdown.child());
        let bench = Arc::new(Bench::new(subjects, self.request.manner, events, shutdown));
        let pairs = frozen.readers.into_iter().zip(sessions);
        let pairs = pairs.map(|(reader, session)| Pair { reader, session }).collect();
        let worked = bench.run(pairs).await;
        self.tell(&bench);
        worked?;
        prove::catalog(&met.session, &conversion, &self.events).await
    }

    /// Everything up to the comparison.
    async fn prepare(&mut self) -> Result<Prepared, Error> {
        let (ends, events) = (&self.request.pair, &self.events);
        let mut met = ends.meet(None, events).await?;
        if self.request.manner.repair == Repair::Apply
            && let Some(holder) = exclusion::take(&met.session, &ends.schemas.all()).await?
        {
            return Err(Error::Locked(holder));
        }
        events.emit(Event::PhaseStarted { phase: Phase::Read });
        let known = ends.read(&mut met.source).await?;
        events.emit(Event::PhaseStarted { phase: Phase::Preflight });
        self.check(&met, &known)?;
        let (schema, mut frozen, report) = ends.take(&met.source, &known, events).await?;
        self.report.snapshot = Some(report);
        events.emit(Event::PhaseStarted { phase: Phase::Scan });
        let mut readers: Vec<&mut Reader> = frozen.readers.iter_mut().collect();
        let asked = (ends.depth(Depth::Types), &ends.settings);
        let answers = scan::answers(&schema, &mut readers, asked).await?;
        let target = (&met.session, &met.target);
        let mut conversion = ends.convert(target, &schema, &answers, &Filled::Compared).await?;
        met.source.leave_out(&schema, &mut conversion);
        let found = catalog::read(&met.session, &ddl::schema_names(&conversion.target)).await?;
        let (mut subjects, findings) = subjects(&conversion, &found);
        if let Share::Percent(percent) = self.request.manner.share {
            let mappings: Vec<_> = subjects.iter().map(|subject| subject.whole.clone()).collect();
            let looks = sample::looks((&schema, &mappings), &mut readers, percent).await?;
            for (subject, looks) in subjects.iter_mut().zip(looks) {
                subject.looks = looks;
            }
        }
        for finding in findings {
            events.found(finding);
        }
        let mut sessions = Vec::new();
        for _ in 0..ends.jobs {
            sessions.push(Session::open(&ends.target).await?);
        }
        Ok(Prepared { met, conversion, frozen, subjects, sessions })
    }

    /// What would end the comparison anyway is said before it begins.
    fn check(&self, met: &Met, schema: &Schema) -> Result<(), Error> {
        let jobs = self.request.pair.jobs;
        let found = preflight::comparison(&met.source, schema, &met.target, jobs);
        let refused = found.iter().filter(|finding| finding.severity == Severity::Error).count();
        for finding in found {
            self.events.found(finding);
        }
        if refused > 0 { Err(Error::Refused { reasons: refused }) } else { Ok(()) }
    }

    /// What became of the tables, as findings and in the report.
    fn tell(&mut self, bench: &Bench) {
        for (subject, compared) in bench.subjects.iter().zip(bench.take()) {
            for finding in compared.findings(subject, self.request.manner.repair) {
                self.events.found(finding);
            }
            if compared.mended == Mended::Yes {
                self.touched = Touched::Something;
            }
            self.report.tables.push(compared.report(subject));
            if let Some(told) = compared.told {
                self.report.differing.push(told.count);
                self.report.differences.extend(told.differences);
                self.report.repair.extend(told.statements);
            }
        }
    }
}
