//! JSON lines: an event a line while the work goes on, the report last.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::event::Event;
use crate::name::TableName;
use crate::report::Report;
use crate::ui::UiError;

/// Progress of one table is told at most once in this time; what comes between is added up.
const MERGE: Duration = Duration::from_secs(1);

/// One line of `--format json`.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Line<'a> {
    /// Something happened.
    Event(EventLine<'a>),
    /// The last line: how it ended.
    Report(ReportLine<'a>),
}

/// An event and when it happened.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EventLine<'a> {
    #[serde(flatten)]
    event: &'a Event,
    /// Since the start of the run.
    elapsed_ms: u64,
}

/// The envelope as a line: what `--report` keeps, and the word that tells it from an event.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ReportLine<'a> {
    event: ReportWord,
    #[serde(flatten)]
    report: &'a Report,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum ReportWord {
    Report,
}

pub(crate) fn report_line(report: &Report) -> Result<String, UiError> {
    line(&Line::Report(ReportLine { event: ReportWord::Report, report }))
}

fn event_line(event: &Event, now: Duration) -> Result<String, UiError> {
    let elapsed_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    line(&Line::Event(EventLine { event, elapsed_ms }))
}

fn line(line: &Line) -> Result<String, UiError> {
    let mut json = serde_json::to_string(line)?;
    json.push('\n');
    Ok(json)
}

/// Which kind of progress of which table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    doing: Doing,
    table: TableName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Doing {
    Copy,
    Verify,
}

/// Progress that was not told yet.
#[derive(Debug)]
struct Untold {
    rows: u64,
    bytes: u64,
    /// When progress of this table was last told, or first heard of.
    told: Duration,
}

/// Events as lines; progress merged.
#[derive(Debug, Default)]
pub(crate) struct JsonLines {
    untold: BTreeMap<Key, Untold>,
}

impl JsonLines {
    pub(crate) fn take(&mut self, event: &Event, now: Duration) -> Result<String, UiError> {
        match event {
            Event::CopyProgress { table, rows, bytes } => {
                self.add(Doing::Copy, table, (*rows, *bytes), now);
                Ok(String::new())
            }
            Event::VerifyProgress { table, rows } => {
                self.add(Doing::Verify, table, (*rows, 0), now);
                Ok(String::new())
            }
            Event::CopyFinished { table, .. } => {
                let rest = self.finish(Doing::Copy, table, now)?;
                Ok(rest + &event_line(event, now)?)
            }
            Event::VerifyFinished { table, .. } => {
                let rest = self.finish(Doing::Verify, table, now)?;
                Ok(rest + &event_line(event, now)?)
            }
            _ => event_line(event, now),
        }
    }

    /// Tells the progress whose time has come.
    pub(crate) fn tick(&mut self, now: Duration) -> Result<String, UiError> {
        let mut text = String::new();
        for (key, untold) in &mut self.untold {
            let due = now.saturating_sub(untold.told) >= MERGE;
            if due && (untold.rows, untold.bytes) != (0, 0) {
                text.push_str(&event_line(&progress(key, untold), now)?);
                *untold = Untold { rows: 0, bytes: 0, told: now };
            }
        }
        Ok(text)
    }

    /// Tells what was not told yet, as nothing comes after.
    pub(crate) fn end(&mut self, now: Duration) -> Result<String, UiError> {
        let mut text = String::new();
        for (key, untold) in std::mem::take(&mut self.untold) {
            text.push_str(&rest(&key, &untold, now)?);
        }
        Ok(text)
    }

    fn add(&mut self, doing: Doing, table: &TableName, moved: (u64, u64), now: Duration) {
        let key = Key { doing, table: table.clone() };
        let untold =
            self.untold.entry(key).or_insert_with(|| Untold { rows: 0, bytes: 0, told: now });
        untold.rows += moved.0;
        untold.bytes += moved.1;
    }

    fn finish(
        &mut self,
        doing: Doing,
        table: &TableName,
        now: Duration,
    ) -> Result<String, UiError> {
        let key = Key { doing, table: table.clone() };
        self.untold.remove(&key).map_or(Ok(String::new()), |untold| rest(&key, &untold, now))
    }
}

fn rest(key: &Key, untold: &Untold, now: Duration) -> Result<String, UiError> {
    if (untold.rows, untold.bytes) == (0, 0) {
        return Ok(String::new());
    }
    event_line(&progress(key, untold), now)
}

fn progress(key: &Key, untold: &Untold) -> Event {
    let (table, rows, bytes) = (key.table.clone(), untold.rows, untold.bytes);
    match key.doing {
        Doing::Copy => Event::CopyProgress { table, rows, bytes },
        Doing::Verify => Event::VerifyProgress { table, rows },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{JsonLines, report_line};
    use crate::event::{Event, Phase};
    use crate::name::TableName;
    use crate::report::{Report, Verb};

    #[test]
    fn progress_is_merged_to_a_line_a_second_and_nothing_is_lost() {
        let table = || TableName::new("shop", "orders");
        let mut json = JsonLines::default();
        let mut text =
            json.take(&Event::PhaseStarted { phase: Phase::Copy }, Duration::ZERO).unwrap();
        for tenth in 0..25 {
            let now = Duration::from_millis(tenth * 100);
            let event = Event::CopyProgress { table: table(), rows: 10, bytes: 1000 };
            text.push_str(&json.take(&event, now).unwrap());
            text.push_str(&json.tick(now).unwrap());
        }
        let now = Duration::from_millis(2_500);
        let event =
            Event::CopyFinished { table: table(), rows: 250, bytes: 25_000, milliseconds: 2_500 };
        text.push_str(&json.take(&event, now).unwrap());
        let event = Event::VerifyProgress { table: table(), rows: 99 };
        text.push_str(&json.take(&event, now).unwrap());
        text.push_str(&json.end(now).unwrap());
        insta::assert_snapshot!(text, @r#"
        {"event":"phase-started","phase":"copy","elapsed_ms":0}
        {"event":"copy-progress","table":{"schema":"shop","name":"orders"},"rows":110,"bytes":11000,"elapsed_ms":1000}
        {"event":"copy-progress","table":{"schema":"shop","name":"orders"},"rows":100,"bytes":10000,"elapsed_ms":2000}
        {"event":"copy-progress","table":{"schema":"shop","name":"orders"},"rows":40,"bytes":4000,"elapsed_ms":2500}
        {"event":"copy-finished","table":{"schema":"shop","name":"orders"},"rows":250,"bytes":25000,"milliseconds":2500,"elapsed_ms":2500}
        {"event":"verify-progress","table":{"schema":"shop","name":"orders"},"rows":99,"elapsed_ms":2500}
        "#);
    }

    #[test]
    fn the_last_line_is_the_report() {
        let line = report_line(&Report::new(Verb::Migrate, "postgres://db/shop")).unwrap();
        insta::assert_snapshot!(line, @r#"{"event":"report","schema":"nirvana-report/1","tool_version":"0.1.0","verb":"migrate","target":"postgres://db/shop","outcome":"done","plan":[],"tables":[],"changes":[],"findings":[],"statements":[],"duration_ms":0}"#);
    }
}
