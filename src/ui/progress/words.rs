//! The words that bars and log lines share.

use std::time::Duration;

use crate::event::Phase;
use crate::ui::figures::{clock, counted, size, thousands};
use crate::ui::progress::rate::Speed;
use crate::ui::progress::tally::{Doing, Gauge, Stage, Tally};

pub(crate) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Connect => "connecting",
        Phase::Read => "reading the schema",
        Phase::Preflight => "checking both ends",
        Phase::Scan => "scanning values",
        Phase::Create => "creating tables",
        Phase::Recheck => "comparing what is done with the source",
        Phase::Copy => "copying",
        Phase::Build => "building indexes and keys",
        Phase::Verify => "verifying",
    }
}

pub(crate) fn stage(stage: Stage) -> &'static str {
    phase(match stage {
        Stage::Phase(phase) => phase,
        Stage::Copy => Phase::Copy,
        Stage::Build => Phase::Build,
        Stage::Verify => Phase::Verify,
    })
}

pub(crate) fn doing(doing: &Doing) -> &'static str {
    match doing {
        Doing::Copy => "copying",
        Doing::Build(_) => "building",
        Doing::Verify => "verifying",
    }
}

/// Whole per cents, rounded down: 100 is said of nothing that is not done.
pub(crate) fn percent(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * 100.0) as u64
}

/// `9 of 16 tables copied`, `3 verified`, `12 indexes and keys built`
pub(crate) fn counts(tally: &Tally, stage: Option<Stage>) -> Vec<String> {
    let counts = tally.counts;
    let of = counted(tally.tables(), "table", "tables");
    let mut parts = Vec::new();
    let copies = counts.copied > 0 || stage == Some(Stage::Copy);
    if copies {
        parts.push(format!("{} of {of} copied", thousands(counts.copied)));
    }
    if counts.verified > 0 || stage == Some(Stage::Verify) {
        let of = if copies { String::new() } else { format!(" of {of}") };
        parts.push(format!("{}{of} verified", thousands(counts.verified)));
    }
    if counts.built > 0 {
        parts.push(counted(counts.built, "index or key built", "indexes and keys built"));
    }
    if parts.is_empty() && tally.tables() > 0 {
        parts.push(of);
    }
    parts
}

/// `84,211 rows/s`, `52.1 MiB/s`, `0:41 left`
pub(crate) fn speed(gauge: &Gauge, speed: Option<Speed>) -> Vec<String> {
    let Some(speed) = speed else {
        return Vec::new();
    };
    let mut parts = vec![format!("{} rows/s", thousands(speed.rows))];
    if gauge.done.bytes > 0 {
        parts.push(format!("{}/s", size(speed.bytes)));
    }
    if let Some(left) = speed.time_left(gauge.all - gauge.done.work) {
        // Rounded up: what is not over is never said to be.
        parts.push(format!("{} left", clock(left + Duration::from_millis(999))));
    }
    parts
}
