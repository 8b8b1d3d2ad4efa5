//! Progress in a log: a line when something began or ended, and now and then one that it goes on.

use std::time::Duration;

use crate::event::Event;
use crate::finding::Severity;
use crate::report::StepState;
use crate::ui::figures::{clock, counted, size, span};
use crate::ui::findings;
use crate::ui::paper::{Ink, harmless};
use crate::ui::progress::rate::Rate;
use crate::ui::progress::tally::{Stage, Tally};
use crate::ui::progress::words;

/// In the first minute a line this often, as somebody may be watching.
const SOON: Duration = Duration::from_secs(5);
/// Later a line this often, as a log of ten hours is to be read too.
const LATER: Duration = Duration::from_secs(30);
/// Building something quicker than this needs no line of its own.
const LONG_BUILD_MS: u64 = 5_000;
/// Tables in flight that are named.
const NAMED: usize = 4;

#[derive(Debug, Default)]
pub(crate) struct Lines {
    tally: Tally,
    rate: Rate,
    stage: Option<Stage>,
    /// When a line was last written.
    told: Duration,
}

impl Lines {
    pub(crate) fn take(&mut self, event: &Event, now: Duration) -> String {
        self.tally.take(event, now);
        let Some(said) = self.said(event) else {
            return String::new();
        };
        format!("[{:>4}] {said}\n", clock(now))
    }

    /// A line that it goes on, if it is time for one.
    pub(crate) fn tick(&mut self, now: Duration) -> String {
        let stage = self.tally.stage();
        if stage != self.stage {
            self.stage = stage;
            self.rate.forget();
        }
        let Some(stage) = stage else {
            return String::new();
        };
        let gauge = self.tally.gauge(stage);
        // The rate wants to see every tick, told or not.
        let speed = gauge.and_then(|gauge| self.rate.speed(gauge.done, now));
        let often = if now < Duration::from_mins(1) { SOON } else { LATER };
        if now.saturating_sub(self.told) < often {
            return String::new();
        }
        self.told = now;
        let mut parts = Vec::new();
        if let Some(gauge) = gauge {
            let rows = counted(gauge.done.rows, "row", "rows");
            parts.push(match gauge.share() {
                Some(share) => format!("{} %, {rows}", words::percent(share)),
                None => rows,
            });
            if gauge.done.bytes > 0 {
                parts.push(size(gauge.done.bytes));
            }
            parts.extend(words::speed(&gauge, speed));
        }
        parts.extend(words::counts(&self.tally, self.stage));
        parts.extend(self.in_flight(now));
        let doing = words::stage(stage);
        let space = if parts.is_empty() { "" } else { ": " };
        format!("[{:>4}] {doing}{space}{}\n", clock(now), parts.join(", "))
    }

    /// The longest first, as that is what one waits for.
    fn in_flight(&self, now: Duration) -> Option<String> {
        let activities = &self.tally.activities;
        let named: Vec<String> = activities
            .iter()
            .take(NAMED)
            .map(|activity| {
                let name = harmless(&self.tally.name(&activity.table));
                let doing = words::doing(&activity.doing);
                format!("{doing} {name} for {}", clock(now.saturating_sub(activity.since)))
            })
            .collect();
        let more = activities.len() - named.len();
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!named.is_empty()).then(|| format!("now {}{rest}", named.join(", ")))
    }

    /// What is worth a line at once.
    fn said(&self, event: &Event) -> Option<String> {
        let name = |table| harmless(&self.tally.name(table));
        Some(match event {
            Event::PhaseStarted { phase } => words::phase(*phase).to_owned(),
            Event::SnapshotTaken { rung, connections, writers_waited_ms, position, .. } => {
                let at = position.as_ref().map_or(String::new(), |at| format!(", at {at}"));
                if *connections == 0 {
                    return Some(harmless(&format!("snapshot: {rung}{at}")));
                }
                let connections = counted(*connections as u64, "connection", "connections");
                let waited = span(*writers_waited_ms);
                harmless(&format!("snapshot: {rung}, {connections}{at}; writers waited {waited}"))
            }
            Event::Planned { tables, rows_estimate, bytes_estimate } => {
                let tables = counted(*tables as u64, "table", "tables");
                let rows = counted(*rows_estimate, "row", "rows");
                format!("{tables}, about {rows} and {}", size(*bytes_estimate))
            }
            Event::CopyFinished { table, rows, bytes, milliseconds } => format!(
                "{}: copied {}, {} in {}",
                name(table),
                counted(*rows, "row", "rows"),
                size(*bytes),
                span(*milliseconds)
            ),
            Event::BuildFinished { table, object, milliseconds }
                if *milliseconds >= LONG_BUILD_MS =>
            {
                let object = harmless(object);
                format!("{}: built {object} in {}", name(table), span(*milliseconds))
            }
            Event::VerifyFinished { table, rows, equal, milliseconds } => {
                let verdict = if *equal { "equal" } else { "NOT EQUAL" };
                let (rows, time) = (counted(*rows, "row", "rows"), span(*milliseconds));
                format!("{}: {rows} read back, {verdict}, in {time}", name(table))
            }
            Event::Found { finding } if finding.severity == Severity::Error => {
                findings::headline(finding, self.tally.naming(), Ink::Plain)
            }
            Event::Retrying { error, seconds } => {
                harmless(&format!("interrupted, goes on in {seconds} s: {error}"))
            }
            Event::StepStarted { step, host, what } => {
                let place = host.as_ref().map_or(String::new(), |host| format!(" {host}"));
                harmless(&format!("{step}{place}: {what}"))
            }
            Event::StepFinished { state: StepState::Failed, step, host, .. } => {
                let place = host.as_ref().map_or(String::new(), |host| format!(" on {host}"));
                harmless(&format!("{step}{place} FAILED"))
            }
            Event::Stopping => "stopping at the next safe points".to_owned(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Lines;
    use crate::event::{Event, Phase};
    use crate::finding::{Code, Finding, Place};
    use crate::name::TableName;

    fn snapshot_taken() -> Event {
        Event::SnapshotTaken {
            rung: "backup-stage".to_owned(),
            guarantee: "all tables at one instant".to_owned(),
            connections: 5,
            writers_waited_ms: 12,
            position: Some("bin.000004:1573".to_owned()),
        }
    }

    #[test]
    fn a_log_tells_what_began_what_ended_and_that_it_goes_on() {
        let table = || TableName::new("shop", "orders");
        let mut lines = Lines::default();
        let mut log = String::new();
        let start = |phase| Event::PhaseStarted { phase };
        let (rows_estimate, bytes_estimate) = (100_000, 10_000_000);
        for event in [
            start(Phase::Connect),
            snapshot_taken(),
            Event::Planned { tables: 2, rows_estimate, bytes_estimate },
            start(Phase::Copy),
            Event::CopyStarted { table: table(), rows_estimate, bytes_estimate },
        ] {
            log.push_str(&lines.take(&event, Duration::ZERO));
        }
        // Two minutes of a table that has far more rows than was estimated.
        for tenth in 1..1_200 {
            let now = Duration::from_millis(tenth * 100);
            let event = Event::CopyProgress { table: table(), rows: 150, bytes: 15_000 };
            log.push_str(&lines.take(&event, now));
            log.push_str(&lines.tick(now));
        }
        let error = Finding::error(Code::RowsDiffer, Place::table(&table()), "1 row\nid 7");
        for event in [
            Event::CopyFinished {
                table: table(),
                rows: 179_850,
                bytes: 17_985_000,
                milliseconds: 120_000,
            },
            Event::BuildFinished { table: table(), object: "a".to_owned(), milliseconds: 4_999 },
            Event::BuildFinished { table: table(), object: "b".to_owned(), milliseconds: 5_000 },
            Event::VerifyFinished {
                table: table(),
                rows: 179_850,
                equal: false,
                milliseconds: 900,
            },
            Event::Found { finding: error },
            Event::Stopping,
        ] {
            log.push_str(&lines.take(&event, Duration::from_mins(2)));
        }
        insta::assert_snapshot!(log, @r"
        [0:00] connecting
        [0:00] snapshot: backup-stage, 5 connections, at bin.000004:1573; writers waited 12 ms
        [0:00] 2 tables, about 100,000 rows and 9.5 MiB
        [0:00] copying
        [0:05] copying: 7 %, 7,500 rows, 732.4 KiB, 1,500 rows/s, 146.5 KiB/s, 1:02 left, 0 of 2 tables copied, now copying orders for 0:05
        [0:10] copying: 15 %, 15,000 rows, 1.4 MiB, 1,500 rows/s, 146.5 KiB/s, 0:57 left, 0 of 2 tables copied, now copying orders for 0:10
        [0:15] copying: 22 %, 22,500 rows, 2.1 MiB, 1,500 rows/s, 146.5 KiB/s, 0:52 left, 0 of 2 tables copied, now copying orders for 0:15
        [0:20] copying: 30 %, 30,000 rows, 2.9 MiB, 1,500 rows/s, 146.5 KiB/s, 0:47 left, 0 of 2 tables copied, now copying orders for 0:20
        [0:25] copying: 37 %, 37,500 rows, 3.6 MiB, 1,500 rows/s, 146.5 KiB/s, 0:42 left, 0 of 2 tables copied, now copying orders for 0:25
        [0:30] copying: 45 %, 45,000 rows, 4.3 MiB, 1,500 rows/s, 146.5 KiB/s, 0:37 left, 0 of 2 tables copied, now copying orders for 0:30
        [0:35] copying: 52 %, 52,500 rows, 5.0 MiB, 1,500 rows/s, 146.5 KiB/s, 0:32 left, 0 of 2 tables copied, now copying orders for 0:35
        [0:40] copying: 60 %, 60,000 rows, 5.7 MiB, 1,500 rows/s, 146.5 KiB/s, 0:27 left, 0 of 2 tables copied, now copying orders for 0:40
        [0:45] copying: 67 %, 67,500 rows, 6.4 MiB, 1,500 rows/s, 146.5 KiB/s, 0:22 left, 0 of 2 tables copied, now copying orders for 0:45
        [0:50] copying: 75 %, 75,000 rows, 7.2 MiB, 1,500 rows/s, 146.5 KiB/s, 0:17 left, 0 of 2 tables copied, now copying orders for 0:50
        [0:55] copying: 82 %, 82,500 rows, 7.9 MiB, 1,500 rows/s, 146.5 KiB/s, 0:12 left, 0 of 2 tables copied, now copying orders for 0:55
        [1:25] copying: 99 %, 127,500 rows, 12.2 MiB, 1,500 rows/s, 146.5 KiB/s, 0 of 2 tables copied, now copying orders for 1:25
        [1:55] copying: 99 %, 172,500 rows, 16.5 MiB, 1,500 rows/s, 146.5 KiB/s, 0 of 2 tables copied, now copying orders for 1:55
        [2:00] orders: copied 179,850 rows, 17.2 MiB in 2 min 00 s
        [2:00] orders: built b in 5.0 s
        [2:00] orders: 179,850 rows read back, NOT EQUAL, in 900 ms
        [2:00] error[rows-differ] orders: 1 row
        [2:00] stopping at the next safe points
        ");
    }
}
