//! What a release shows beside what all verbs show: its steps, what a dry run would change, and the
//! releases that hosts know of.

use crate::finding::Severity;
use crate::report::{Outcome, ReleaseReport, Report, StepReport, StepState};
use crate::ui::audit::github::data;
use crate::ui::figures::{counted, span};
use crate::ui::findings;
use crate::ui::grid::{Grid, Side, hanging};
use crate::ui::paper::{Ink, Tone, harmless, harmless_lines};
use crate::ui::sheet::Sheet;

/// `✓ upload web1: commit 3f2a9c1b… (0.2 s)`
pub(crate) fn step(step: &StepReport, ink: Ink) -> String {
    let (sign, tone) = match step.state {
        StepState::Planned => ("·", Tone::Strong),
        StepState::Skipped => ("–", Tone::Faint),
        StepState::Done => ("✓", Tone::Good),
        StepState::Failed => ("✗", Tone::Error),
        StepState::Undone => ("↶", Tone::Warning),
    };
    let place = step.host.as_ref().map_or(String::new(), |host| format!(" {host}"));
    let mut text = format!("{}{place}: {}", step.step, step.what);
    match (step.state, &step.why, step.milliseconds) {
        (StepState::Skipped, Some(why), _) => text.push_str(&format!(" (skipped: {why})")),
        (StepState::Skipped, None, _) => text.push_str(" (skipped)"),
        (StepState::Undone, ..) => text.push_str(" (undone)"),
        (StepState::Done, _, Some(time)) => text.push_str(&format!(" ({})", span(time))),
        _ => {}
    }
    format!("{} {}", ink.paint(tone, sign), harmless(&text))
}

pub(crate) fn steps(steps: &[StepReport], sheet: &Sheet) -> Vec<String> {
    steps
        .iter()
        .flat_map(|one| hanging("", &step(one, sheet.paper.ink), 4, sheet.paper.width))
        .map(|line| format!("  {}", line.trim_start_matches(' ')))
        .collect()
}

pub(crate) fn diffs(diffs: &[String]) -> Vec<String> {
    diffs
        .iter()
        .flat_map(|diff| diff.lines())
        .map(|line| format!("  {}", harmless_lines(line)))
        .collect()
}

/// The newest first; what serves is marked.
pub(crate) fn releases(releases: &[ReleaseReport], sheet: &Sheet) -> Vec<String> {
    if releases.is_empty() {
        return Vec::new();
    }
    let ink = sheet.paper.ink;
    let heads = ["", "release", "state", "since", "commit", "by", "serves on"];
    let mut grid = Grid::new(heads.map(|head| (ink.paint(Tone::Faint, head), Side::Left)));
    for release in releases {
        let serves = !release.serving.is_empty();
        let tone = match release.state.as_str() {
            "good" => Tone::Good,
            "failed" | "rolled-back" => Tone::Error,
            _ => Tone::Faint,
        };
        let why = release.reason.as_ref().filter(|_| release.state != "good");
        let why =
            why.map_or(String::new(), |why| format!(": {}", why.lines().next().unwrap_or("")));
        grid.row(vec![
            if serves { ink.paint(Tone::Good, "→") } else { String::new() },
            harmless(&release.id),
            ink.paint(tone, &harmless(&format!("{}{why}", release.state))),
            harmless(&release.at),
            harmless(&release.commit[..release.commit.len().min(12)]),
            harmless(&release.by),
            harmless(&release.serving.join(", ")),
        ]);
    }
    grid.lines(2, sheet.paper.width)
}

pub(crate) fn sentence(report: &Report) -> (&'static str, String) {
    let exit = format!("(exit {})", report.outcome.exit_code());
    let found =
        findings::tallied(&report.findings).map_or(String::new(), |found| format!("; {found}"));
    let time = span(report.duration_ms);
    let count = |state| report.steps.iter().filter(|step| step.state == state).count() as u64;
    let planned = counted(count(StepState::Planned), "step", "steps");
    match report.outcome {
        Outcome::Planned | Outcome::PlannedWithFindings | Outcome::WouldChange => (
            "Nothing was changed:",
            format!("{planned} would run for {}{found} {exit}.", report.target),
        ),
        Outcome::RolledBack => (
            "UNHEALTHY, rolled back:",
            format!("what served before serves again, after {time}{found} {exit}."),
        ),
        Outcome::Locked => ("LOCKED, nothing was changed,", format!("after {time} {exit}.")),
        Outcome::UsageError => ("Nothing was tried", format!("{exit}.")),
        Outcome::FailedUnchanged => {
            ("FAILED, nothing was changed,", format!("after {time}{found} {exit}."))
        }
        Outcome::StoppedUnchanged => {
            ("Stopped as asked, nothing was changed,", format!("after {time} {exit}."))
        }
        Outcome::FailedPartial => {
            ("FAILED part-way:", format!("what served still serves, after {time}{found} {exit}."))
        }
        Outcome::StoppedPartial => {
            ("Stopped as asked:", format!("what served still serves, after {time}{found} {exit}."))
        }
        _ if !report.releases.is_empty() => {
            let releases = counted(report.releases.len() as u64, "release", "releases");
            ("Known:", format!("{releases} of {}{found} {exit}.", report.target))
        }
        _ if count(StepState::Done) == 0 => {
            ("Nothing to do:", format!("{} in {time}{found} {exit}.", report.target))
        }
        _ => ("Done:", format!("{} in {time}{found} {exit}.", report.target)),
    }
}

/// For GitHub's page of a run, which shows what a line says that begins so.
/// <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>
pub(crate) fn annotations(report: &Report) -> String {
    let mut text = String::new();
    if let Some(error) = &report.error {
        let mut message = error.message.clone();
        for cause in &error.causes {
            message.push('\n');
            message.push_str(cause);
        }
        text.push_str(&format!("::error title=nirvana release::{}\n", data(&message)));
    }
    for finding in &report.findings {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let (code, message) = (finding.code.word(), data(&finding.message));
        text.push_str(&format!("::{command} title=nirvana release {code}::{message}\n"));
    }
    let (head, rest) = sentence(report);
    text.push_str(&format!(
        "::notice title=nirvana release::{}\n",
        data(&format!("{head} {rest}"))
    ));
    text
}

pub(crate) fn next(report: &Report) -> Option<&'static str> {
    match report.outcome {
        Outcome::Planned | Outcome::PlannedWithFindings => {
            Some("the same command without --dry-run does it.")
        }
        Outcome::FailedPartial | Outcome::StoppedPartial => {
            Some("the same command again: steps that are true already are skipped.")
        }
        Outcome::RolledBack => Some("`nirvana release list` shows what serves, and what failed."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{annotations, sentence, steps};
    use crate::finding::{Code, Finding, Place};
    use crate::report::{Outcome, Report, StepReport, StepState, Verb};
    use crate::ui::Detail;
    use crate::ui::paper::Paper;
    use crate::ui::sheet::Sheet;

    fn report() -> Report {
        let step = |step: &str, state, why: Option<&str>| StepReport {
            step: step.to_owned(),
            host: Some("web1".to_owned()),
            what: "7-3f2a9c1b".to_owned(),
            state,
            why: why.map(str::to_owned),
            milliseconds: (state == StepState::Done).then_some(1_234),
        };
        let mut report = Report::new(Verb::Release, "/srv/shop on web1");
        report.outcome = Outcome::RolledBack;
        report.duration_ms = 12_000;
        report.steps = vec![
            step("build", StepState::Skipped, Some("it is built already")),
            step("upload", StepState::Done, None),
            step("switch", StepState::Undone, None),
            step("health", StepState::Failed, Some("status 500")),
            step("confirm", StepState::Planned, None),
        ];
        let place = Place::target();
        report.findings = vec![Finding::warning(Code::NoticeNotHeard, place, "100 %\nlost")];
        report
    }

    #[test]
    fn each_step_says_how_it_ended() {
        let paper = Paper::roll();
        let sheet = Sheet { paper: &paper, detail: Detail::Brief, saved: None };
        let shown = steps(&report().steps, &sheet).join("\n");
        insta::assert_snapshot!(shown, @r"
          – build web1: 7-3f2a9c1b (skipped: it is built already)
          ✓ upload web1: 7-3f2a9c1b (1.2 s)
          ↶ switch web1: 7-3f2a9c1b (undone)
          ✗ health web1: 7-3f2a9c1b
          · confirm web1: 7-3f2a9c1b
        ");
        let (head, rest) = sentence(&report());
        assert_eq!(
            format!("{head} {rest}"),
            "UNHEALTHY, rolled back: what served before serves again, after 12.0 s; 1 warning (exit 6)."
        );
    }

    #[test]
    fn an_annotation_is_one_line() {
        let text = annotations(&report());
        assert!(
            text.starts_with("::warning title=nirvana release notice-not-heard::100 %25%0Alost\n"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 2);
    }
}
