//! What happened in long work. The screen of a person and the JSON of a machine read these.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::finding::Finding;
use crate::name::TableName;
use crate::report::StepState;

/// The parts of a migration, in order; building and verifying overlap the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    Connect,
    Read,
    Preflight,
    Scan,
    Create,
    /// What an earlier run has moved is compared with the source as it is now.
    Recheck,
    Copy,
    Build,
    Verify,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event {
    /// A part of the work began.
    PhaseStarted {
        phase: Phase,
    },
    /// The snapshot connections see the source as it was, at one instant unless `guarantee` says less.
    SnapshotTaken {
        /// How it was reached, such as `backup-stage`.
        rung: String,
        /// What that promises, such as "all tables at one instant".
        guarantee: String,
        /// 0 if the source is a dump.
        connections: usize,
        /// How long writers had to wait, in milliseconds.
        writers_waited_ms: u64,
        /// Binary log file and position, or GTID set, if the source has a binary log.
        position: Option<String>,
    },
    /// What is to be moved; estimates of the source's statistics.
    Planned {
        tables: usize,
        rows_estimate: u64,
        bytes_estimate: u64,
    },
    /// A table's rows begin to move.
    CopyStarted {
        table: TableName,
        rows_estimate: u64,
        bytes_estimate: u64,
    },
    /// Rows and bytes moved since the last such event of this table.
    CopyProgress {
        table: TableName,
        rows: u64,
        bytes: u64,
    },
    /// A table's rows are all committed in the target.
    CopyFinished {
        table: TableName,
        rows: u64,
        bytes: u64,
        milliseconds: u64,
    },
    /// An index, key or constraint is made.
    BuildStarted {
        table: TableName,
        object: String,
    },
    BuildFinished {
        table: TableName,
        object: String,
        milliseconds: u64,
    },
    /// A table is being read back.
    VerifyStarted {
        table: TableName,
        rows: u64,
    },
    /// Rows read back since the last such event of this table.
    VerifyProgress {
        table: TableName,
        rows: u64,
    },
    VerifyFinished {
        table: TableName,
        rows: u64,
        equal: bool,
        milliseconds: u64,
    },
    /// A step of a release began on a host, or here.
    StepStarted {
        step: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        host: Option<String>,
        what: String,
    },
    /// It is over, or was true already.
    StepFinished {
        step: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        host: Option<String>,
        what: String,
        state: StepState,
        milliseconds: u64,
    },
    /// Something a person should know.
    Found {
        finding: Finding,
    },
    /// The work is interrupted by something that time may mend, and begins again where it was.
    Retrying {
        /// What happened.
        error: String,
        seconds: u64,
    },
    /// Somebody asked to stop; the work stops at its next safe points.
    Stopping,
}

/// Where events are sent; cheap to clone. Sending never waits and never fails: when nobody
/// listens any more, the work goes on all the same. Findings are kept besides, for the report.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    sender: mpsc::UnboundedSender<(Instant, Event)>,
    findings: Arc<Mutex<Kept>>,
}

/// Findings in their order, each once: work that begins again finds the same things again.
#[derive(Debug, Default)]
struct Kept {
    order: Vec<Finding>,
    known: HashSet<Finding>,
}

impl Events {
    /// The two ends: workers send, one reader of `ui` receives, with the instant of each.
    pub(crate) fn channel() -> (Self, mpsc::UnboundedReceiver<(Instant, Event)>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender, findings: Arc::default() }, receiver)
    }

    pub(crate) fn emit(&self, event: Event) {
        // A reader that has gone is no reason to stop moving rows.
        let _ = self.sender.send((Instant::now(), event));
    }

    pub(crate) fn found(&self, finding: Finding) {
        let mut kept = self.kept();
        if !kept.known.insert(finding.clone()) {
            return;
        }
        kept.order.push(finding.clone());
        drop(kept);
        self.emit(Event::Found { finding });
    }

    /// All that was found so far, in the order it was found.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        self.kept().order.clone()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
