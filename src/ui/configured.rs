//! What a configuring run shows beside what all verbs show: the diff, and how it ended.

use crate::finding::{Code, Finding, Severity};
use crate::report::{Outcome, Report};
use crate::ui::figures::{counted, span};
use crate::ui::findings;
use crate::ui::paper::{Tone, harmless};
use crate::ui::sheet::Sheet;

/// The diff, coloured where the paper has colours.
pub(crate) fn diff(diff: &str, sheet: &Sheet) -> String {
    let ink = sheet.paper.ink;
    let mut text = String::with_capacity(diff.len());
    for line in diff.lines() {
        // A carriage return is part of the line that a file has, and not of a screen's; a tab is of both.
        let parts: Vec<_> = line.trim_end_matches('\r').split('\t').map(harmless).collect();
        let line = parts.join("\t");
        let tone = match line.as_bytes().first() {
            _ if line.starts_with("--- ") || line.starts_with("+++ ") => Some(Tone::Strong),
            Some(b'+') => Some(Tone::Good),
            Some(b'-') => Some(Tone::Error),
            Some(b'@' | b'\\') => Some(Tone::Faint),
            _ => None,
        };
        match tone {
            Some(tone) => text.push_str(&ink.paint(tone, &line)),
            None => text.push_str(&line),
        }
        text.push('\n');
    }
    text
}

pub(crate) fn sentence(report: &Report) -> (&'static str, String) {
    let exit = format!("(exit {})", report.outcome.exit_code());
    let found =
        findings::tallied(&report.findings).map_or(String::new(), |found| format!("; {found}"));
    let time = span(report.duration_ms);
    let files = |count: usize| counted(count as u64, "file", "files");
    match (report.outcome, &report.diff) {
        (Outcome::Planned | Outcome::PlannedWithFindings | Outcome::WouldChange, Some(diff)) => {
            let count = diff.lines().filter(|line| line.starts_with("+++ b/")).count();
            (
                "Nothing was changed:",
                format!("{} would be, seen in {time}{found} {exit}.", files(count)),
            )
        }
        _ if report.changes.is_empty() && report.findings.iter().any(stays) => (
            "Nothing was changed:",
            format!("what is left to move is told above, seen in {time}{found} {exit}."),
        ),
        _ if report.changes.is_empty() => {
            ("Nothing to do:", format!("no setting is left to move, seen in {time}{found} {exit}."))
        }
        _ => ("Done:", format!("{} written in {time}{found} {exit}.", files(report.changes.len()))),
    }
}

/// Whether a finding says that something stays that should not.
fn stays(finding: &Finding) -> bool {
    finding.severity > Severity::Note
        && matches!(finding.code, Code::NotConfigured | Code::AdapterNotSwitched)
}

pub(crate) fn next(report: &Report) -> Option<&'static str> {
    match report.outcome {
        Outcome::Planned | Outcome::PlannedWithFindings | Outcome::WouldChange => {
            Some("the same command with --write makes the change.")
        }
        Outcome::Done | Outcome::DoneWithFindings if !report.changes.is_empty() => Some(
            "read `git diff`, run the tests, and give the servers the variables of .env.example.",
        ),
        _ => None,
    }
}
