//! Progress on a terminal: one bar for all, one line of counts, and a line for what is in flight.
//!
//! The cursor always rests at the start of the line below. So a run that is killed, or a Ctrl-C
//! that the terminal echoes, leaves nothing to put right: no hidden cursor, no half line.

use std::time::Duration;

use console::{Term, measure_text_width};

use crate::event::Event;
use crate::finding::Severity;
use crate::ui::figures::{clock, counted, size, thousands};
use crate::ui::findings;
use crate::ui::grid::cut;
use crate::ui::paper::{Ink, Tone, harmless};
use crate::ui::progress::rate::{Rate, Speed};
use crate::ui::progress::tally::{Activity, Course, Doing, Gauge, Stage, Tally};
use crate::ui::progress::words;

/// More lines than this are noise, however tall the terminal is.
const MOST_ACTIVITIES: usize = 16;
/// A bar is not longer than this, nor is one drawn that would be shorter.
const BAR_COLUMNS: (usize, usize) = (10, 40);
/// What a name takes at most.
const NAME_COLUMNS: usize = 32;

/// Rows and columns of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Size {
    /// The terminal can be resized at any time.
    fn of_stderr() -> Self {
        let (rows, columns) = Term::stderr().size();
        Self { rows: rows.into(), columns: columns.into() }
    }
}

#[derive(Debug)]
pub(crate) struct Bars {
    ink: Ink,
    size: fn() -> Size,
    tally: Tally,
    rate: Rate,
    stage: Option<Stage>,
    /// The highest share shown in this stage: a bar that goes back tells nobody anything.
    peak: f64,
    /// Columns of the widest name so far, so that what stands behind it does not jump.
    name_columns: usize,
    /// Columns of each line that is on the screen.
    drawn: Vec<usize>,
}

impl Bars {
    pub(crate) fn new(ink: Ink) -> Self {
        Self::sized(ink, Size::of_stderr)
    }

    fn sized(ink: Ink, size: fn() -> Size) -> Self {
        Self {
            ink,
            size,
            tally: Tally::default(),
            rate: Rate::default(),
            stage: None,
            peak: 0.0,
            name_columns: 0,
            drawn: Vec::new(),
        }
    }

    /// An error is shown at once, above the bars, where it stays; all else waits for the next
    /// drawing.
    pub(crate) fn take(&mut self, event: &Event, now: Duration) -> String {
        self.tally.take(event, now);
        match event {
            Event::Found { finding } if finding.severity == Severity::Error => {
                let line = findings::headline(finding, self.tally.naming(), self.ink);
                format!("{}{line}\n", self.end())
            }
            Event::StepStarted { step, host, what } => {
                let place = host.as_ref().map_or(String::new(), |host| format!(" {host}"));
                format!("{}{}\n", self.end(), harmless(&format!("{step}{place}: {what}")))
            }
            Event::Retrying { error, seconds } => {
                let line = format!("interrupted, goes on in {seconds} s: {error}");
                format!("{}{}\n", self.end(), harmless(&line))
            }
            _ => String::new(),
        }
    }

    /// Draws all lines anew over the old ones, without a moment in which there are none.
    pub(crate) fn tick(&mut self, now: Duration) -> String {
        let size = (self.size)();
        let lines = self.lines(size, now);
        let mut text = self.up(size);
        self.drawn.clear();
        for line in lines {
            // The last column stays free: some terminals wrap as soon as it is written.
            let line = cut(&line, size.columns.saturating_sub(1));
            self.drawn.push(measure_text_width(&line));
            text.push_str(&line);
            text.push_str("\u{1b}[K\n");
        }
        text.push_str("\u{1b}[J");
        text
    }

    /// Takes the bars away.
    pub(crate) fn end(&mut self) -> String {
        let up = self.up((self.size)());
        self.drawn.clear();
        format!("{up}\u{1b}[J")
    }

    /// To the start of what is drawn. A terminal that became narrower has wrapped it.
    fn up(&self, size: Size) -> String {
        let columns = size.columns.max(1);
        let rows: usize = self.drawn.iter().map(|wide| wide.div_ceil(columns).max(1)).sum();
        if rows == 0 { "\r".to_owned() } else { format!("\r\u{1b}[{rows}A") }
    }

    fn lines(&mut self, size: Size, now: Duration) -> Vec<String> {
        let mut lines = vec![self.total(size, now), self.counts(now)];
        // Two lines are above, and the cursor rests on one below.
        let room = size.rows.saturating_sub(3).min(MOST_ACTIVITIES);
        let all = self.tally.activities.len();
        let shown = if all > room { room.saturating_sub(1) } else { all };
        for activity in &self.tally.activities[..shown] {
            let name = cut(&harmless(&self.tally.name(&activity.table)), NAME_COLUMNS);
            self.name_columns = self.name_columns.max(measure_text_width(&name));
            lines.push(self.activity(activity, &name, now));
        }
        if room > 0 && shown < all {
            let rest = format!("  … and {} more in flight", thousands((all - shown) as u64));
            lines.push(self.ink.paint(Tone::Faint, &rest));
        }
        lines.truncate(size.rows.saturating_sub(1).max(1));
        lines
    }

    /// The bar, how much moved, how fast, and how long it will take.
    fn total(&mut self, size: Size, now: Duration) -> String {
        let stage = self.tally.stage();
        if stage != self.stage {
            self.stage = stage;
            self.peak = 0.0;
            self.rate.forget();
        }
        let Some(stage) = stage else {
            return "starting".to_owned();
        };
        let head = self.ink.paint(Tone::Strong, words::stage(stage));
        let Some(gauge) = self.tally.gauge(stage) else {
            return head;
        };
        let speed = self.rate.speed(gauge.done, now);
        let figures = figures(&gauge, speed);
        let Some(share) = gauge.share() else {
            return format!("{head}  {figures}");
        };
        self.peak = self.peak.max(share);
        let percent = format!("{:>3} %", words::percent(self.peak));
        let taken = [&head, &percent, &figures].map(|text| measure_text_width(text)).iter().sum();
        let room = size.columns.saturating_sub(taken_with_gaps(taken)).min(BAR_COLUMNS.1);
        if room < BAR_COLUMNS.0 {
            return format!("{head}  {percent}  {figures}");
        }
        format!("{head}  {}  {percent}  {figures}", bar(self.peak, room, self.ink))
    }

    /// What is wrong comes first, as a narrow terminal cuts off the end.
    fn counts(&self, now: Duration) -> String {
        let mut parts = vec![clock(now)];
        if self.tally.course == Course::Stopping {
            let text = "stopping at the next safe points";
            parts.push(self.ink.paint(Tone::Warning, text));
        }
        let counts = self.tally.counts;
        for (count, tone, one, many) in [
            (counts.differing, Tone::Error, "table DIFFERS", "tables DIFFER"),
            (counts.errors, Tone::Error, "error", "errors"),
            (counts.warnings, Tone::Warning, "warning", "warnings"),
        ] {
            if count > 0 {
                parts.push(self.ink.paint(tone, &counted(count, one, many)));
            }
        }
        parts.extend(words::counts(&self.tally, self.stage));
        parts.join(" · ")
    }

    /// `  orders  copying     0:12   71 %  1,234,567 rows`
    fn activity(&self, activity: &Activity, name: &str, now: Duration) -> String {
        let blank = " ".repeat(self.name_columns.saturating_sub(measure_text_width(name)));
        let time = clock(now.saturating_sub(activity.since));
        let doing = words::doing(&activity.doing);
        let detail = match (&activity.doing, activity.share()) {
            (Doing::Build(object), _) => harmless(object),
            (_, Some(share)) => {
                let percent = words::percent(share);
                format!("{percent:>3} %  {} rows", thousands(activity.rows))
            }
            (_, None) => format!("{} rows", thousands(activity.rows)),
        };
        format!("  {name}{blank}  {doing:<9}  {time:>7}  {detail}")
    }
}

/// What the bar leaves of the line: three gaps of two and the free last column.
fn taken_with_gaps(taken: usize) -> usize {
    taken + 7
}

fn figures(gauge: &Gauge, speed: Option<Speed>) -> String {
    let mut parts = Vec::new();
    if gauge.done.bytes > 0 {
        parts.push(size(gauge.done.bytes));
    } else {
        parts.push(format!("{} rows", thousands(gauge.done.rows)));
    }
    parts.extend(words::speed(gauge, speed));
    parts.join(" · ")
}

/// Heavy for what is done, light for what is not, so that it reads without colour too.
fn bar(share: f64, columns: usize, ink: Ink) -> String {
    let done = ((share * columns as f64) as usize).min(columns);
    let heavy = ink.paint(Tone::Good, &"━".repeat(done));
    format!("{heavy}{}", ink.paint(Tone::Faint, &"─".repeat(columns - done)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Bars, Size};
    use crate::event::{Event, Phase};
    use crate::finding::{Code, Finding, Place};
    use crate::name::TableName;
    use crate::ui::paper::Ink;

    fn name(at: usize) -> TableName {
        TableName::new("shop", format!("{}_{at}", ["orders", "a_longer_name", "c"][at % 3]))
    }

    /// Ten seconds into a copy with `flight` tables in flight.
    fn running(size: fn() -> Size, flight: usize) -> Bars {
        let mut bars = Bars::sized(Ink::Plain, size);
        let now = Duration::ZERO;
        let (rows_estimate, bytes_estimate) = (100_000, 1 << 24);
        bars.take(&Event::PhaseStarted { phase: Phase::Copy }, now);
        let all = Event::Planned { tables: 40, rows_estimate: 4_000_000, bytes_estimate: 40 << 24 };
        bars.take(&all, now);
        for at in 0..flight {
            bars.take(&Event::CopyStarted { table: name(at), rows_estimate, bytes_estimate }, now);
        }
        for second in 0..=10 {
            let now = Duration::from_secs(second);
            for at in 0..flight {
                let rows = 3_000 * (at as u64 + 1);
                bars.take(&Event::CopyProgress { table: name(at), rows, bytes: rows * 150 }, now);
            }
            bars.tick(now);
        }
        bars
    }

    fn codes_shown(text: &str) -> String {
        text.replace('\u{1b}', "^").replace('\r', "<cr>")
    }

    #[test]
    fn bars_fit_a_common_terminal() {
        let mut bars = running(|| Size { rows: 24, columns: 80 }, 3);
        let now = Duration::from_secs(11);
        let (table, milliseconds) = (name(1), 9_000);
        bars.take(&Event::CopyFinished { table, rows: 70_000, bytes: 9 << 20, milliseconds }, now);
        let object = "orders_customer_idx".to_owned();
        bars.take(&Event::BuildStarted { table: name(1), object }, now);
        bars.take(&Event::VerifyStarted { table: name(7), rows: 800 }, now);
        let warning = Finding::warning(Code::NoKey, Place::table(&name(1)), "no key");
        bars.take(&Event::Found { finding: warning }, now);
        let text = bars.tick(Duration::from_secs(14));
        insta::assert_snapshot!(codes_shown(&text), @r"
        <cr>^[5Acopying  ─────────────    5 %  27.9 MiB · 13,142 rows/s · 1.8 MiB/s · 4:07 left^[K
        0:14 · 1 warning · 1 of 40 tables copied^[K
          orders_0         copying       0:14   33 %  33,000 rows^[K
          c_2              copying       0:14   99 %  99,000 rows^[K
          a_longer_name_1  building      0:03  orders_customer_idx^[K
          a_longer_name_7  verifying     0:03    0 %  0 rows^[K
        ^[J
        ");
    }

    #[test]
    fn whatever_the_size_it_fits() {
        let flight = |size: fn() -> Size| {
            let mut bars = running(size, 30);
            let text = bars.tick(Duration::from_secs(12));
            let widest = bars.drawn.iter().max().copied().unwrap_or(0);
            // The last line is the code that clears what is below.
            (text.lines().count() - 1, widest)
        };
        assert_eq!(flight(|| Size { rows: 10, columns: 80 }).0, 9);
        assert!(flight(|| Size { rows: 10, columns: 30 }).1 <= 29);
        assert_eq!(flight(|| Size { rows: 100, columns: 200 }).0, 18);
        for size in [
            || Size { rows: 1, columns: 1 },
            || Size { rows: 2, columns: 5 },
            || Size { rows: 3, columns: 0 },
            || Size { rows: 4, columns: 12 },
            || Size { rows: 0, columns: 80 },
        ] {
            let (rows, columns) = flight(size);
            assert!(rows <= size().rows.saturating_sub(1).max(1) && columns <= size().columns);
        }
    }

    #[test]
    fn an_error_stays_above_and_the_bars_leave_nothing_behind() {
        let mut bars = running(|| Size { rows: 24, columns: 80 }, 1);
        let finding = Finding::error(Code::RowsDiffer, Place::table(&name(0)), "3 rows differ");
        let now = Duration::from_secs(12);
        let mut text = bars.take(&Event::Found { finding }, now);
        text.push_str("--\n");
        bars.take(&Event::Stopping, now);
        text.push_str(&bars.tick(now));
        text.push_str("--\n");
        text.push_str(&bars.end());
        insta::assert_snapshot!(codes_shown(&text), @r"
        <cr>^[3A^[Jerror[rows-differ] orders_0: 3 rows differ
        --
        <cr>copying  ────────────    0 %  4.7 MiB · 2,500 rows/s · 366.2 KiB/s · 26:27 left^[K
        0:12 · stopping at the next safe points · 1 error · 0 of 40 tables copied^[K
          orders_0  copying       0:12   33 %  33,000 rows^[K
        ^[J--
        <cr>^[3A^[J
        ");
    }

    #[test]
    fn a_terminal_that_became_narrow_has_wrapped_what_is_drawn() {
        let mut bars = running(|| Size { rows: 24, columns: 80 }, 1);
        bars.tick(Duration::from_secs(12));
        bars.size = || Size { rows: 24, columns: 40 };
        let wide: Vec<usize> = bars.drawn.iter().map(|wide| wide.div_ceil(40)).collect();
        assert_eq!(bars.drawn.len(), 3);
        assert!(wide.iter().sum::<usize>() > 3);
        let up = format!("\r^[{}A", wide.iter().sum::<usize>());
        assert!(bars.end().replace('\u{1b}', "^").starts_with(&up));
    }
}
