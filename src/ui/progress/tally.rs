//! What all events so far add up to; the bars and the log lines are two readings of it.
//!
//! Estimates are the source's statistics and can be wrong by any factor, and the bytes that move
//! are not the bytes that the source stores. So progress is not bytes moved of bytes estimated: a
//! table weighs what the source says it stores, and is done by its share of rows. A wrong estimate
//! of rows then distorts one table, and a table that is finished counts as wholly done.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::event::{Event, Phase};
use crate::finding::Severity;
use crate::name::TableName;
use crate::ui::naming::Naming;
use crate::ui::progress::rate::Done;

/// What is not finished is never shown as done, whatever its estimate was.
const NEARLY: f64 = 0.99;

/// What is done to a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Doing {
    Copy,
    /// An index, key or constraint.
    Build(String),
    Verify,
}

/// Something that is being done to a table right now.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    pub(crate) table: TableName,
    pub(crate) doing: Doing,
    pub(crate) since: Duration,
    pub(crate) rows: u64,
    rows_expected: u64,
    bytes: u64,
    /// Bytes that the source says it stores.
    weight: u64,
}

impl Activity {
    /// From 0 to nearly 1; none if nobody knows.
    pub(crate) fn share(&self) -> Option<f64> {
        let (done, of) = match (&self.doing, self.rows_expected) {
            (Doing::Build(_), _) => return None,
            (Doing::Copy, 0) => (self.bytes, self.weight),
            (Doing::Copy | Doing::Verify, rows) => (self.rows, rows),
        };
        (of > 0).then(|| (done as f64 / of as f64).min(NEARLY))
    }

    fn done(&self) -> f64 {
        self.share().unwrap_or(0.0) * self.weight as f64
    }
}

/// What the run is mainly about at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing of the size of the data happens yet, or any more.
    Phase(Phase),
    Copy,
    Build,
    Verify,
}

/// How far the stage is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Gauge {
    pub(crate) done: Done,
    /// In the unit of `done.work`.
    pub(crate) all: f64,
}

impl Gauge {
    /// From 0 to 1; none if nobody knows.
    pub(crate) fn share(&self) -> Option<f64> {
        (self.all > 0.0).then(|| (self.done.work / self.all).clamp(0.0, 1.0))
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Planned {
    tables: u64,
    rows: u64,
    bytes: u64,
}

/// Counts of what is over.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) copied: u64,
    pub(crate) built: u64,
    pub(crate) verified: u64,
    pub(crate) differing: u64,
    pub(crate) warnings: u64,
    pub(crate) errors: u64,
}

/// Whether somebody asked to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Course {
    #[default]
    Going,
    Stopping,
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    phase: Option<Phase>,
    planned: Planned,
    pub(crate) counts: Counts,
    pub(crate) course: Course,
    /// In the order in which they began.
    pub(crate) activities: Vec<Activity>,
    /// Bytes the source says it stores, of all tables whose copy began, and of those it is over.
    weight_begun: u64,
    weight_copied: u64,
    /// Rows and bytes of tables whose copy is over.
    copied: Done,
    /// Rows of tables whose verification began, and of those it is over.
    rows_to_verify: u64,
    rows_verified: u64,
    /// Schemas seen.
    schemas: BTreeSet<String>,
}

impl Tally {
    pub(crate) fn take(&mut self, event: &Event, now: Duration) {
        match event {
            Event::PhaseStarted { phase } => self.phase = Some(*phase),
            Event::Planned { tables, rows_estimate, bytes_estimate } => {
                let (tables, rows, bytes) = (*tables as u64, *rows_estimate, *bytes_estimate);
                self.planned = Planned { tables, rows, bytes };
            }
            Event::CopyStarted { table, rows_estimate, bytes_estimate } => {
                // A table of which nobody knows the size still counts a little.
                let weight = (*bytes_estimate).max(1);
                self.weight_begun += weight;
                self.begin(table, Doing::Copy, now, (*rows_estimate, weight));
            }
            Event::CopyProgress { table, rows, bytes } => {
                self.advance(table, &Doing::Copy, *rows, *bytes);
            }
            Event::CopyFinished { table, rows, bytes, .. } => {
                let over = self.finish(table, &Doing::Copy);
                self.weight_copied += over.map_or(0, |activity| activity.weight);
                self.copied.rows += rows;
                self.copied.bytes += bytes;
                self.counts.copied += 1;
            }
            Event::BuildStarted { table, object } => {
                self.begin(table, Doing::Build(object.clone()), now, (0, 0));
            }
            Event::BuildFinished { table, object, .. } => {
                self.finish(table, &Doing::Build(object.clone()));
                self.counts.built += 1;
            }
            Event::VerifyStarted { table, rows } => {
                self.rows_to_verify += rows;
                self.begin(table, Doing::Verify, now, (*rows, 0));
            }
            Event::VerifyProgress { table, rows } => self.advance(table, &Doing::Verify, *rows, 0),
            Event::VerifyFinished { table, equal, .. } => {
                let over = self.finish(table, &Doing::Verify);
                self.rows_verified += over.map_or(0, |activity| activity.rows_expected);
                self.counts.verified += 1;
                self.counts.differing += u64::from(!equal);
            }
            Event::Found { finding } => {
                if let Some(table) = &finding.place.table {
                    self.schemas.insert(table.schema.clone());
                }
                match finding.severity {
                    Severity::Error => self.counts.errors += 1,
                    Severity::Warning => self.counts.warnings += 1,
                    Severity::Note => {}
                }
            }
            Event::Stopping => self.course = Course::Stopping,
            // What was under way is over; what is done is told again.
            Event::Retrying { .. } => {
                let Counts { warnings, errors, .. } = self.counts;
                let counts = Counts { warnings, errors, ..Counts::default() };
                *self = Self { counts, course: self.course, ..Self::default() };
            }
            Event::SnapshotTaken { .. }
            | Event::StepStarted { .. }
            | Event::StepFinished { .. } => {}
        }
    }

    /// Copying outweighs building, and that verifying, as they overlap in this order.
    pub(crate) fn stage(&self) -> Option<Stage> {
        let happens =
            |is: fn(&Doing) -> bool| self.activities.iter().any(|activity| is(&activity.doing));
        let begun = self.phase >= Some(Phase::Copy) || !self.activities.is_empty();
        // Between two tables nothing is in flight for a moment, yet the stage is the same.
        let to_copy = self.phase == Some(Phase::Copy) && self.counts.copied < self.planned.tables;
        let to_verify =
            self.phase == Some(Phase::Verify) && self.counts.verified < self.planned.tables;
        if happens(|doing| *doing == Doing::Copy) || to_copy {
            Some(Stage::Copy)
        } else if begun && happens(|doing| matches!(doing, Doing::Build(_))) {
            Some(Stage::Build)
        } else if happens(|doing| *doing == Doing::Verify) || to_verify {
            Some(Stage::Verify)
        } else {
            self.phase.map(Stage::Phase)
        }
    }

    /// None where there is nothing to measure.
    pub(crate) fn gauge(&self, stage: Stage) -> Option<Gauge> {
        match stage {
            Stage::Copy => Some(self.copy_gauge()),
            Stage::Verify => Some(self.verify_gauge()),
            Stage::Build | Stage::Phase(_) => None,
        }
    }

    /// Tables that are to be moved or compared.
    pub(crate) fn tables(&self) -> u64 {
        let copies = self.running(&Doing::Copy).count() as u64;
        let verifications = self.running(&Doing::Verify).count() as u64;
        let seen = (self.counts.copied + copies).max(self.counts.verified + verifications);
        self.planned.tables.max(seen)
    }

    /// How tables are called, as far as is known by now.
    pub(crate) fn naming(&self) -> Naming {
        if self.schemas.len() > 1 { Naming::WithSchema } else { Naming::Short }
    }

    pub(crate) fn name(&self, table: &TableName) -> String {
        self.naming().table(table)
    }

    fn copy_gauge(&self) -> Gauge {
        let mut done = self.copied;
        done.work = self.weight_copied as f64;
        for activity in self.running(&Doing::Copy) {
            done.rows += activity.rows;
            done.bytes += activity.bytes;
            done.work += activity.done();
        }
        Gauge { done, all: self.planned.bytes.max(self.weight_begun) as f64 }
    }

    fn verify_gauge(&self) -> Gauge {
        let mut rows = self.rows_verified;
        for activity in self.running(&Doing::Verify) {
            rows += activity.rows.min(activity.rows_expected);
        }
        // After a copy the rows are known; without one only the estimate is.
        let known = if self.copied.rows > 0 { self.copied.rows } else { self.planned.rows };
        let all = known.max(self.rows_to_verify) as f64;
        Gauge { done: Done { rows, bytes: 0, work: rows as f64 }, all }
    }

    fn running<'a>(&'a self, doing: &'a Doing) -> impl Iterator<Item = &'a Activity> {
        self.activities.iter().filter(move |activity| activity.doing == *doing)
    }

    fn begin(&mut self, table: &TableName, doing: Doing, now: Duration, expected: (u64, u64)) {
        self.schemas.insert(table.schema.clone());
        let (rows_expected, weight) = expected;
        let table = table.clone();
        let (rows, bytes) = (0, 0);
        let activity = Activity { table, doing, since: now, rows, rows_expected, bytes, weight };
        self.activities.push(activity);
    }

    fn advance(&mut self, table: &TableName, doing: &Doing, rows: u64, bytes: u64) {
        let mut activities = self.activities.iter_mut();
        if let Some(activity) = activities.find(|one| one.table == *table && one.doing == *doing) {
            activity.rows += rows;
            activity.bytes += bytes;
        }
    }

    fn finish(&mut self, table: &TableName, doing: &Doing) -> Option<Activity> {
        let mut activities = self.activities.iter();
        let at = activities.position(|one| one.table == *table && one.doing == *doing)?;
        Some(self.activities.remove(at))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Stage, Tally};
    use crate::event::{Event, Phase};
    use crate::name::TableName;

    fn copy_share(tally: &Tally) -> f64 {
        tally.gauge(Stage::Copy).and_then(|gauge| gauge.share()).unwrap_or(-1.0)
    }

    #[test]
    fn a_wrong_estimate_never_finishes_a_table_nor_passes_the_whole() {
        let (big, small) = (TableName::new("shop", "big"), TableName::new("shop", "small"));
        let mut tally = Tally::default();
        let mut take = |event| {
            tally.take(&event, Duration::ZERO);
            copy_share(&tally)
        };
        take(Event::Planned { tables: 2, rows_estimate: 110, bytes_estimate: 1100 });
        let (rows_estimate, bytes_estimate) = (100, 1000);
        take(Event::CopyStarted { table: big.clone(), rows_estimate, bytes_estimate });
        let half = take(Event::CopyProgress { table: big.clone(), rows: 50, bytes: 90_000 });
        assert!((half - 500.0 / 1100.0).abs() < 1e-9, "{half}");
        let over = take(Event::CopyProgress { table: big.clone(), rows: 900, bytes: 9_000_000 });
        assert!((over - 990.0 / 1100.0).abs() < 1e-9, "{over}");
        let (rows, bytes, milliseconds) = (950, 9_090_000, 1);
        take(Event::CopyFinished { table: big, rows, bytes, milliseconds });
        // A table larger than all that was planned.
        let (rows_estimate, bytes_estimate) = (0, 7000);
        let more = take(Event::CopyStarted { table: small.clone(), rows_estimate, bytes_estimate });
        assert!((more - 1000.0 / 8000.0).abs() < 1e-9, "{more}");
        let all = take(Event::CopyFinished { table: small, rows, bytes, milliseconds });
        assert!((all - 1.0).abs() < 1e-9, "{all}");
    }

    #[test]
    fn the_stage_is_what_one_waits_for() {
        let table = TableName::new("shop", "orders");
        let object = "orders_idx".to_owned();
        let mut tally = Tally::default();
        let mut take = |event| {
            tally.take(&event, Duration::ZERO);
            tally.stage()
        };
        let phase = |phase| Event::PhaseStarted { phase };
        assert_eq!(take(phase(Phase::Read)), Some(Stage::Phase(Phase::Read)));
        take(Event::Planned { tables: 2, rows_estimate: 0, bytes_estimate: 0 });
        assert_eq!(take(phase(Phase::Copy)), Some(Stage::Copy));
        let (rows_estimate, bytes_estimate) = (0, 0);
        take(Event::CopyStarted { table: table.clone(), rows_estimate, bytes_estimate });
        // The build of one table overlaps the copy of others.
        assert_eq!(take(phase(Phase::Build)), Some(Stage::Copy));
        let build = Event::BuildStarted { table: table.clone(), object: object.clone() };
        assert_eq!(take(build), Some(Stage::Copy));
        let (rows, bytes, milliseconds, equal) = (0, 0, 0, true);
        let copied = Event::CopyFinished { table: table.clone(), rows, bytes, milliseconds };
        assert_eq!(take(copied), Some(Stage::Build));
        take(Event::VerifyStarted { table: table.clone(), rows });
        let built = Event::BuildFinished { table: table.clone(), object, milliseconds };
        assert_eq!(take(built), Some(Stage::Verify));
        let verified = Event::VerifyFinished { table, rows, equal, milliseconds };
        assert_eq!(take(verified), Some(Stage::Phase(Phase::Build)));
    }

    #[test]
    fn a_comparison_alone_is_measured_by_its_rows() {
        let (one, two) = (TableName::new("shop", "one"), TableName::new("shop", "two"));
        let mut tally = Tally::default();
        let mut take = |event| {
            tally.take(&event, Duration::ZERO);
            let gauge = tally.stage().and_then(|stage| tally.gauge(stage));
            gauge.and_then(|gauge| gauge.share())
        };
        take(Event::Planned { tables: 2, rows_estimate: 200, bytes_estimate: 0 });
        assert_eq!(take(Event::PhaseStarted { phase: Phase::Verify }), Some(0.0));
        take(Event::VerifyStarted { table: one.clone(), rows: 50 });
        assert_eq!(take(Event::VerifyProgress { table: one.clone(), rows: 20 }), Some(0.1));
        // More rows than it was said to have.
        assert_eq!(take(Event::VerifyProgress { table: one.clone(), rows: 90 }), Some(0.25));
        let (rows, equal, milliseconds) = (110, true, 1);
        let verified = Event::VerifyFinished { table: one, rows, equal, milliseconds };
        assert_eq!(take(verified), Some(0.25));
        assert_eq!(take(Event::VerifyStarted { table: two, rows: 450 }), Some(0.1));
    }
}
