//! What a verb did, as one value. `--format json`, `--report FILE` and the end screen of a person
//! are three readings of it, so they cannot disagree.

use std::error::Error;

use schemars::JsonSchema;
use serde::Serialize;

use crate::application::Detected;
use crate::fault::{Blame, Fault};
use crate::finding::{Finding, Severity};
use crate::name::TableName;
use crate::twelve_factor::Audited;

/// The shape of the envelope; the number grows when a reader of the old shape would misread.
pub(crate) const SCHEMA: &str = "nirvana-report/1";

/// The verbs that report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verb {
    Audit,
    Configure,
    Detect,
    Env,
    Migrate,
    Verify,
    Provision,
    Release,
}

/// How a run ended. The verb that ran sets it; the exit code follows from it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// All was done and there is nothing to report.
    Done,
    /// All was done, and a warning or an error stands in the findings.
    DoneWithFindings,
    /// Both sides were compared to the end, and at least one table is not equal.
    Differs,
    /// Asked only to say what it would do, and it would do something.
    Planned,
    /// As `Planned`, and a warning or an error stands in the findings.
    PlannedWithFindings,
    /// Asked whether it would do something, and it would.
    WouldChange,
    /// An argument, a file or the environment is wrong; nothing was tried.
    UsageError,
    /// Failed before anything was written.
    FailedUnchanged,
    /// Failed after something was written.
    FailedPartial,
    /// Another run is at work on the same part of the target; nothing was tried.
    Locked,
    /// What was new did not prove well, and what was there before is in its place again.
    RolledBack,
    /// Somebody asked to stop before anything was written.
    StoppedUnchanged,
    /// Somebody asked to stop after something was written; all of it is whole and journalled.
    StoppedPartial,
}

impl Outcome {
    /// One meaning for every verb; the crate's `run` lists them.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Done | Self::Planned => 0,
            Self::DoneWithFindings
            | Self::Differs
            | Self::PlannedWithFindings
            | Self::WouldChange => 1,
            Self::UsageError => 2,
            Self::FailedUnchanged | Self::StoppedUnchanged => 3,
            Self::FailedPartial | Self::StoppedPartial => 4,
            Self::Locked => 5,
            Self::RolledBack => 6,
        }
    }
}

/// The one envelope of all verbs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Report {
    /// The shape of this envelope, such as `nirvana-report/1`.
    pub(crate) schema: &'static str,
    pub(crate) tool_version: &'static str,
    pub(crate) verb: Verb,
    /// The address of the source, without its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// The address of the target, without its password.
    pub(crate) target: String,
    /// Which end is a directory of files, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) directory: Option<DirectoryEnd>,
    pub(crate) outcome: Outcome,
    /// Why it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<ErrorReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) snapshot: Option<SnapshotReport>,
    /// What is to be moved or compared, table by table; a dry run has only this.
    pub(crate) plan: Vec<TablePlan>,
    /// What was moved or compared, table by table; a table that was not finished is not among it.
    pub(crate) tables: Vec<TableReport>,
    /// Tables whose rows differ, and how many of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) differing: Vec<DifferingTable>,
    /// What differs: of each table no more than the first 1,000.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) differences: Vec<Difference>,
    /// Statements that give those differences the source's values. One that would be longer than
    /// 10,000 characters is left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) repair: Vec<String>,
    /// What was changed beside the rows that were moved, a sentence each.
    pub(crate) changes: Vec<String>,
    /// What would be changed in files, as a unified diff whose secrets are masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) diff: Option<String>,
    /// What a tree of files was found to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detected: Option<Detected>,
    /// What an audit found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) audited: Option<Audited>,
    pub(crate) findings: Vec<Finding>,
    /// The statements that a dry run would execute, in order.
    pub(crate) statements: Vec<String>,
    /// Where those statements would run, if not all in the target.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) places: Vec<StatementsAt>,
    /// Which databases an account reaches today, grant by grant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reach: Vec<Reach>,
    /// The steps of a release, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) steps: Vec<StepReport>,
    /// What files a dry run of a release would change, in the form of a unified diff where it is text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) diffs: Vec<String>,
    /// The releases that hosts know of, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) releases: Vec<ReleaseReport>,
    pub(crate) duration_ms: u64,
}

impl Report {
    /// The report of a run that has done nothing yet; the verb fills in what it did.
    pub(crate) fn new(verb: Verb, target: impl Into<String>) -> Self {
        Self {
            schema: SCHEMA,
            tool_version: env!("CARGO_PKG_VERSION"),
            verb,
            source: None,
            target: target.into(),
            directory: None,
            outcome: Outcome::Done,
            error: None,
            snapshot: None,
            plan: Vec::new(),
            tables: Vec::new(),
            differing: Vec::new(),
            differences: Vec::new(),
            repair: Vec::new(),
            changes: Vec::new(),
            diff: None,
            detected: None,
            audited: None,
            findings: Vec::new(),
            statements: Vec::new(),
            places: Vec::new(),
            reach: Vec::new(),
            steps: Vec::new(),
            diffs: Vec::new(),
            releases: Vec::new(),
            duration_ms: 0,
        }
    }

    /// How a run that came to its end has ended: statements are only kept by a dry run, which
    /// would do them; a difference outweighs a finding, and a note alone is nothing that an exit
    /// code should speak of.
    pub(crate) fn ended(&self) -> Outcome {
        let found = self.findings.iter().any(|finding| finding.severity > Severity::Note);
        let differs = self.tables.iter().any(|table| table.verified == Verified::Differs);
        match (self.statements.is_empty(), differs, found) {
            (false, _, false) => Outcome::Planned,
            (false, _, true) => Outcome::PlannedWithFindings,
            (true, true, _) => Outcome::Differs,
            (true, false, true) => Outcome::DoneWithFindings,
            (true, false, false) => Outcome::Done,
        }
    }
}

/// An end that is no server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DirectoryEnd {
    Source,
    Target,
}

/// How consistent the read was, and what it cost the source.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SnapshotReport {
    /// How it was reached, such as `backup-stage`.
    pub(crate) rung: String,
    /// What that promises, such as "all tables at one instant".
    pub(crate) guarantee: String,
    /// 0 if the source is a dump.
    pub(crate) connections: usize,
    pub(crate) writers_waited_ms: u64,
    /// Binary log file and position, or GTID set, if the source has a binary log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<String>,
}

/// A table as it would be moved; rows and bytes are estimates of the source's statistics.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct TablePlan {
    pub(crate) source: TableName,
    pub(crate) target: TableName,
    pub(crate) rows_estimate: u64,
    pub(crate) bytes_estimate: u64,
    /// The columns that tell its rows apart; none if rows can only be compared as a multiset.
    pub(crate) key: Vec<String>,
    pub(crate) indexes: usize,
    pub(crate) foreign_keys: usize,
}

/// Whether the target's rows are the source's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verified {
    /// Every row was read on both sides, and they are the same rows.
    Equal,
    /// At least one row is missing, extra or different.
    Differs,
    /// A share of the rows was read on both sides, and is the same.
    SampleEqual,
    /// Nobody looked.
    NotChecked,
}

/// A table that was moved or compared.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct TableReport {
    pub(crate) source: TableName,
    pub(crate) target: TableName,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// Rows that the target cannot hold; they are not among `rows`.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) quarantined: u64,
    /// From its first row read to its last row verified.
    pub(crate) duration_ms: u64,
    pub(crate) verified: Verified,
    /// The sum of its rows' digests in the source, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source_digest: Option<String>,
    /// The sum of its rows' digests in the target, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target_digest: Option<String>,
}

/// Where statements would run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct StatementsAt {
    /// The server, and the database where it matters.
    pub(crate) place: String,
    /// How many of the statements; they stand in the order of these places.
    pub(crate) count: usize,
}

/// What a grant opens today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Reach {
    pub(crate) server: String,
    pub(crate) account: String,
    /// The grant, or why else the databases are open.
    pub(crate) grant: String,
    pub(crate) databases: Vec<String>,
}

/// How far a step of a release is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StepState {
    /// Not done yet, or not to be done in a dry run.
    Planned,
    /// What it would do is true already.
    Skipped,
    Done,
    Failed,
    /// It was done, and is undone.
    Undone,
}

/// A step of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct StepReport {
    /// Such as `upload` or `switch`; hooks are named by it.
    pub(crate) step: String,
    /// Where; absent if here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    pub(crate) what: String,
    pub(crate) state: StepState,
    /// Why it was skipped or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) milliseconds: Option<u64>,
}

/// A release on the hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct ReleaseReport {
    pub(crate) id: String,
    /// `good`, `failed`, `rolled-back`…: the last word of the ledger.
    pub(crate) state: String,
    pub(crate) commit: String,
    /// Who released it, from where.
    pub(crate) by: String,
    /// When it got into that state, by the host's clock.
    pub(crate) at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The hosts on which it serves.
    pub(crate) serving: Vec<String>,
    /// Whether a rollback may return to it.
    pub(crate) known_good: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// How many rows of a table differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct DifferingTable {
    /// As the source names it.
    pub(crate) table: TableName,
    /// Rows of the source that the target does not have.
    pub(crate) missing: u64,
    /// Rows of the target that the source does not have.
    pub(crate) extra: u64,
    /// Rows with the same key and another value.
    pub(crate) changed: u64,
    /// Whether these are all: a table with very many is not counted to the end.
    pub(crate) complete: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DifferenceKind {
    /// A row of the source is not in the target.
    Missing,
    /// A row of the target is not in the source.
    Extra,
    /// A value of a row is not the same.
    Changed,
}

/// One row that is on one side only, or one value that is not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Difference {
    /// As the source names it.
    pub(crate) table: TableName,
    pub(crate) kind: DifferenceKind,
    /// What tells the row from others: its key, or all its columns where the table has no key.
    pub(crate) key: Vec<KeyValue>,
    /// The column that was changed, as the target names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<String>,
    /// The source's value in PostgreSQL's text form, cut at 200 characters; absent if NULL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// The target's value, in the same way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
}

/// A column of a key and its value in PostgreSQL's text form, cut at 200 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct KeyValue {
    pub(crate) column: String,
    /// Null if the value is NULL.
    pub(crate) value: Option<String>,
}

/// An error with all it is due to, as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct ErrorReport {
    pub(crate) message: String,
    /// Who can mend it.
    pub(crate) fault: Fault,
    /// What it is due to, the nearest first.
    pub(crate) causes: Vec<String>,
    /// What to try, naming the flag, the file or the statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
}

impl ErrorReport {
    pub(crate) fn of(error: &dyn Blame) -> Self {
        Self {
            message: error.to_string(),
            fault: error.fault(),
            causes: causes(error),
            hint: error.hint(),
        }
    }
}

/// The chain below an error. Our own errors print themselves only, but those of some libraries end
/// with the text of their cause; such a cause is left out, as nobody wants to read it twice.
fn causes(error: &dyn Error) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut above = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !above.ends_with(&text) {
            causes.push(text.clone());
            above = text;
        }
        next = cause.source();
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Report, TableReport, Verb, Verified};
    use crate::finding::{Code, Finding, Place};
    use crate::name::TableName;

    fn table(verified: Verified) -> TableReport {
        TableReport {
            source: TableName::new("shop", "orders"),
            target: TableName::new("shop", "orders"),
            rows: 1,
            bytes: 1,
            quarantined: 0,
            duration_ms: 1,
            verified,
            source_digest: None,
            target_digest: None,
        }
    }

    #[test]
    fn a_difference_outweighs_a_finding_and_a_note_is_none() {
        let mut report = Report::new(Verb::Migrate, "postgres://db/shop");
        report.tables = vec![table(Verified::Equal)];
        report.findings =
            vec![Finding::note(Code::NothingToMove, Place::source(), "as it should be")];
        assert_eq!(report.ended(), Outcome::Done);
        report.findings.push(Finding::warning(Code::NoKey, Place::source(), "none"));
        assert_eq!(report.ended(), Outcome::DoneWithFindings);
        report.tables.push(table(Verified::Differs));
        assert_eq!(report.ended(), Outcome::Differs);
        report.statements.push("CREATE SCHEMA shop".to_owned());
        assert_eq!(report.ended(), Outcome::PlannedWithFindings);
    }
}
