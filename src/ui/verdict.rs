//! The last lines: how it ended in one sentence with its exit code, and what to do next.

use crate::application::Detected;
use crate::fault::Fault;
use crate::finding::Severity;
use crate::report::{DirectoryEnd, Outcome, Report, TableReport, Verb, Verified};
use crate::ui::figures::{counted, size, span, thousands};
use crate::ui::grid::{hanging, labelled};
use crate::ui::naming::Naming;
use crate::ui::paper::{Tone, harmless};
use crate::ui::sheet::Sheet;
use crate::ui::{audit, configured, findings, provision, release};

/// Differing tables that the sentence names.
const NAMED: usize = 5;

/// The sentence, where the report is, and the next step if there is one.
pub(crate) fn text(report: &Report, sheet: &Sheet) -> String {
    let tone = match report.outcome {
        Outcome::Done => Tone::Good,
        Outcome::Planned | Outcome::PlannedWithFindings | Outcome::WouldChange => Tone::Strong,
        Outcome::DoneWithFindings | Outcome::StoppedUnchanged | Outcome::StoppedPartial => {
            Tone::Warning
        }
        _ => Tone::Error,
    };
    let (ink, width) = (sheet.paper.ink, sheet.paper.width);
    let (head, rest) = sentence(report);
    let mut lines = hanging(&ink.paint(tone, head), &harmless(&rest), 0, width);
    if let Some(file) = sheet.saved {
        lines.extend(labelled(&ink.paint(Tone::Strong, "Report:"), &harmless(file), width));
    }
    if let Some(next) = next(report) {
        lines.extend(labelled(&ink.paint(Tone::Strong, "Next:"), next, width));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// A head that can be seen from afar, and the rest of the sentence.
fn sentence(report: &Report) -> (&'static str, String) {
    let exit = format!("(exit {})", report.outcome.exit_code());
    let after = format!("after {} {exit}.", span(report.duration_ms));
    if differs(report) {
        return ("NOT EQUAL:", format!("{} {exit}.", differing(report)));
    }
    if let Some(detected) = &report.detected {
        let head = if detected.applications.is_empty() { "NOTHING FOUND:" } else { "Found:" };
        let exit = if report.outcome == Outcome::Done { String::new() } else { format!(" {exit}") };
        return (head, format!("{}{}{exit}.", detection(report, detected), found(report)));
    }
    if report.verb == Verb::Release {
        return release::sentence(report);
    }
    if let Some(audited) = &report.audited {
        return audit::sentence(report, audited);
    }
    let is_over = report.outcome.exit_code() < 2;
    if report.verb == Verb::Provision && is_over {
        return provision::sentence(report);
    }
    if report.verb == Verb::Configure && is_over {
        return configured::sentence(report);
    }
    if report.verb == Verb::Env && is_over {
        let exit = if report.outcome == Outcome::Done { String::new() } else { format!(" {exit}") };
        let head = if report.findings.is_empty() { "Kept:" } else { "Checked:" };
        return (head, format!("the contract with the environment{}{exit}.", found(report)));
    }
    match report.outcome {
        Outcome::Done => (proof(report), format!("{}.", proven(report))),
        Outcome::DoneWithFindings | Outcome::Differs => {
            (proof(report), format!("{}{} {exit}.", proven(report), found(report)))
        }
        Outcome::Planned | Outcome::PlannedWithFindings | Outcome::WouldChange => {
            ("Nothing was written:", format!("{}{} {exit}.", would(report), found(report)))
        }
        Outcome::Locked => ("LOCKED, nothing was changed,", after),
        Outcome::UsageError => ("Nothing was tried", format!("{exit}.")),
        Outcome::FailedUnchanged => ("FAILED, nothing was changed,", after),
        Outcome::FailedPartial => ("FAILED part-way", format!("{after}{}", kept(report))),
        Outcome::RolledBack => ("UNHEALTHY, rolled back,", after),
        Outcome::StoppedUnchanged => ("Stopped as asked, nothing was changed,", after),
        Outcome::StoppedPartial => ("Stopped as asked", format!("{after}{}", kept(report))),
    }
}

/// `2 applications (Rails, Hugo) and 1 component in 1,204 files, in 0.1 s`
fn detection(report: &Report, detected: &Detected) -> String {
    let applications = counted(detected.applications.len() as u64, "application", "applications");
    let names: Vec<&str> =
        detected.applications.iter().map(|one| one.framework.name()).take(NAMED).collect();
    let names = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    let components = counted(detected.components.len() as u64, "component", "components");
    let files = counted(detected.files as u64, "file", "files");
    let time = span(report.duration_ms);
    format!("{applications}{names} and {components} in {files}, in {time}")
}

fn next(report: &Report) -> Option<&'static str> {
    if report.verb == Verb::Provision {
        return provision::next(report);
    }
    if let Some(end) = report.directory {
        return next_of_directory(report, end);
    }
    if report.verb == Verb::Release {
        return release::next(report);
    }
    if report.verb == Verb::Configure {
        return configured::next(report);
    }
    if differs(report) {
        return Some(match report.verb {
            Verb::Migrate => {
                "let no application use the target; `nirvana verify` tells which rows."
            }
            Verb::Audit
            | Verb::Configure
            | Verb::Detect
            | Verb::Env
            | Verb::Provision
            | Verb::Release
            | Verb::Verify => "--repair gives the target the source's rows, where they differ.",
        });
    }
    match (report.verb, report.outcome) {
        (Verb::Migrate, Outcome::Planned | Outcome::PlannedWithFindings) => {
            Some("the same command without --dry-run moves them.")
        }
        (Verb::Migrate, Outcome::FailedPartial) if fault(report) == Some(Fault::Operator) => None,
        (Verb::Migrate, Outcome::FailedPartial | Outcome::StoppedPartial) => {
            Some("the same command with --resume goes on from here.")
        }
        (Verb::Migrate, Outcome::Done | Outcome::DoneWithFindings)
            if with(report, Verified::NotChecked).next().is_some() =>
        {
            Some("do not rely on the tables that are not proven.")
        }
        (Verb::Migrate, Outcome::DoneWithFindings) => {
            Some("read the findings above before an application uses the target.")
        }
        _ => None,
    }
}

/// Where one end is a directory.
fn next_of_directory(report: &Report, end: DirectoryEnd) -> Option<&'static str> {
    match (end, report.outcome) {
        (DirectoryEnd::Source, _) if differs(report) => {
            Some("the statements above give the target the directory's rows.")
        }
        (DirectoryEnd::Target, Outcome::Planned | Outcome::PlannedWithFindings) => {
            Some("the same command without --dry-run writes them.")
        }
        (DirectoryEnd::Target, Outcome::Done) => {
            Some("its load.sh loads it, and `nirvana verify` proves what was loaded.")
        }
        (DirectoryEnd::Target, Outcome::DoneWithFindings) => Some(
            "read the findings above; then its load.sh loads it, and `nirvana verify` proves what \
             was loaded.",
        ),
        (DirectoryEnd::Target, Outcome::FailedPartial | Outcome::StoppedPartial) => {
            Some("the same command with --resume writes it anew, in its place.")
        }
        _ => None,
    }
}

/// Whose fault it is; the error's hint then says what to do first.
fn fault(report: &Report) -> Option<Fault> {
    report.error.as_ref().map(|error| error.fault)
}

/// Whether it came to its end, and the end is that rows differ; whatever the verb calls that.
fn differs(report: &Report) -> bool {
    report.error.is_none() && with(report, Verified::Differs).next().is_some()
}

/// `; 2 warnings`
fn found(report: &Report) -> String {
    findings::tallied(&report.findings).map_or(String::new(), |found| format!("; {found}"))
}

/// What the first words may promise: no more than what was checked.
fn proof(report: &Report) -> &'static str {
    let all_equal = report.tables.iter().all(|table| table.verified == Verified::Equal);
    let errors = report.findings.iter().any(|finding| finding.severity == Severity::Error);
    match report.verb {
        _ if report.tables.is_empty() && report.plan.is_empty() => "Done:",
        _ if report.plan.len() > report.tables.len() => "NOT ALL TABLES:",
        Verb::Audit | Verb::Configure | Verb::Detect | Verb::Env => "Done:",
        Verb::Migrate if all_equal && !errors && report.directory.is_some() => {
            "Written and proven:"
        }
        Verb::Migrate if !all_equal => "Moved, NOT PROVEN:",
        Verb::Migrate if errors => "Moved, WITH ERRORS:",
        Verb::Migrate => "Moved and proven:",
        Verb::Verify if with(report, Verified::SampleEqual).next().is_some() => "SAMPLED ONLY:",
        Verb::Verify if !all_equal => "NOT ALL COMPARED:",
        Verb::Verify if errors => "Rows equal, WITH ERRORS:",
        Verb::Verify => "Equal:",
        Verb::Provision | Verb::Release => "Done:",
    }
}

/// `16 tables, 47,273 rows in 3.2 s; every row read back and equal`
fn proven(report: &Report) -> String {
    let time = span(report.duration_ms);
    if report.tables.is_empty() {
        return format!("no table moved or compared, in {time}");
    }
    let checked = with(report, Verified::Equal).count();
    let sampled = with(report, Verified::SampleEqual).count();
    let unchecked = with(report, Verified::NotChecked).count();
    let read = match report.verb {
        Verb::Migrate => "read back and equal",
        Verb::Audit
        | Verb::Configure
        | Verb::Detect
        | Verb::Env
        | Verb::Provision
        | Verb::Release
        | Verb::Verify => "compared and equal",
    };
    let proof = match (checked, unchecked) {
        _ if sampled > 0 => "all that was compared is equal, the rest nobody read".to_owned(),
        (_, 0) if report.plan.len() > report.tables.len() => format!("every row of these {read}"),
        (_, 0) => format!("every row {read}"),
        (0, _) => "nothing was read back".to_owned(),
        _ => format!("{checked} of them {read}, {unchecked} not checked"),
    };
    let quarantined: u64 = report.tables.iter().map(|table| table.quarantined).sum();
    let aside = match quarantined {
        0 => String::new(),
        rows => format!("; {} quarantined", counted(rows, "row", "rows")),
    };
    format!("{} in {time}; {proof}{aside}", tables_and_rows(report))
}

/// `2 of 16 tables differ: orders, items`
fn differing(report: &Report) -> String {
    let naming = Naming::of_report(report);
    let differing = with(report, Verified::Differs);
    let names: Vec<String> = differing.map(|table| naming.table(&table.source)).collect();
    let of = counted(report.tables.len() as u64, "table", "tables");
    let verb = if names.len() == 1 { "differs" } else { "differ" };
    let named = names[..names.len().min(NAMED)].join(", ");
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {} more", thousands(more as u64)),
    };
    format!("{} of {of} {verb}: {named}{more}", thousands(names.len() as u64))
}

fn would(report: &Report) -> String {
    let tables = counted(report.plan.len() as u64, "table", "tables");
    let rows = report.plan.iter().map(|table| table.rows_estimate).sum();
    let bytes = report.plan.iter().map(|table| table.bytes_estimate).sum();
    let rows = counted(rows, "row", "rows");
    format!("{tables}, about {rows} and {} would move to {}", size(bytes), report.target)
}

/// What a resumed run need not do again.
fn kept(report: &Report) -> String {
    if report.tables.is_empty() {
        return String::new();
    }
    format!(" Moved so far: {}.", tables_and_rows(report))
}

/// `9 of 16 tables, 47,273 rows`
fn tables_and_rows(report: &Report) -> String {
    let (moved, planned) = (report.tables.len() as u64, report.plan.len() as u64);
    let tables = if planned > moved {
        format!("{} of {}", thousands(moved), counted(planned, "table", "tables"))
    } else {
        counted(moved, "table", "tables")
    };
    let rows = report.tables.iter().map(|table| table.rows).sum();
    format!("{tables}, {}", counted(rows, "row", "rows"))
}

fn with(report: &Report, verified: Verified) -> impl Iterator<Item = &TableReport> {
    report.tables.iter().filter(move |table| table.verified == verified)
}
