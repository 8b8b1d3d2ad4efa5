//! What a provisioning run shows beside what all verbs show: which statement runs where, which
//! databases an account reaches, and how it ended.

use crate::report::{Outcome, Reach, Report, StatementsAt};
use crate::ui::ddl;
use crate::ui::figures::{counted, span};
use crate::ui::findings;
use crate::ui::grid::labelled;
use crate::ui::paper::{Tone, harmless};
use crate::ui::sheet::Sheet;

/// The statements in groups, each under a comment that says where it runs.
pub(crate) fn script(statements: &[String], places: &[StatementsAt]) -> String {
    if places.is_empty() {
        return ddl::script(statements);
    }
    let mut text = String::new();
    let mut rest = statements;
    for StatementsAt { place, count } in places {
        let (group, after) = rest.split_at((*count).min(rest.len()));
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("-- {}\n", harmless(place)));
        for statement in group {
            text.push_str(&format!("{statement};\n"));
        }
        rest = after;
    }
    text
}

/// Grant by grant, the databases under it.
pub(crate) fn reach(reach: &[Reach], sheet: &Sheet) -> Vec<String> {
    let mut lines = Vec::new();
    let mut account = "";
    for entry in reach {
        if entry.account != account {
            let head = format!("{} on {}", harmless(&entry.account), harmless(&entry.server));
            lines.push(format!("  {}", sheet.paper.ink.paint(Tone::Strong, &head)));
            account = &entry.account;
        }
        let databases = match entry.databases.as_slice() {
            [] => "no database that is there".to_owned(),
            databases => databases.join(", "),
        };
        lines.extend(labelled(
            &format!("    {} →", harmless(&entry.grant)),
            &harmless(&databases),
            sheet.paper.width,
        ));
    }
    lines
}

pub(crate) fn sentence(report: &Report) -> (&'static str, String) {
    let exit = format!("(exit {})", report.outcome.exit_code());
    let found =
        findings::tallied(&report.findings).map_or(String::new(), |found| format!("; {found}"));
    let time = span(report.duration_ms);
    let statements = |count: usize| counted(count as u64, "statement", "statements");
    match report.outcome {
        Outcome::Planned | Outcome::PlannedWithFindings | Outcome::WouldChange => (
            "Nothing was changed:",
            format!(
                "{} would run on {}{found} {exit}.",
                statements(report.statements.len()),
                report.target
            ),
        ),
        _ if !report.reach.is_empty() => {
            let grants = counted(report.reach.len() as u64, "grant", "grants");
            ("Done:", format!("{grants} in {time}{found} {exit}."))
        }
        _ if report.changes.is_empty() => {
            ("Nothing to do:", format!("all is there, seen in {time}{found} {exit}."))
        }
        _ => {
            let changes = counted(report.changes.len() as u64, "change", "changes");
            ("Done:", format!("{changes} in {time}{found} {exit}."))
        }
    }
}

pub(crate) fn next(report: &Report) -> Option<&'static str> {
    match report.outcome {
        Outcome::Planned | Outcome::PlannedWithFindings | Outcome::WouldChange => {
            Some("the same command with --apply runs them.")
        }
        Outcome::FailedPartial | Outcome::StoppedPartial => {
            Some("the same command again: what is done is not done twice.")
        }
        Outcome::Done | Outcome::DoneWithFindings if !report.changes.is_empty() => {
            Some("the same command again finds nothing to do.")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::script;
    use crate::report::StatementsAt;

    #[test]
    fn statements_stand_under_the_place_where_they_run() {
        let at = |place: &str, count| StatementsAt { place: place.to_owned(), count };
        let statements = ["CREATE ROLE a", "CREATE DATABASE d", "GRANT x"].map(str::to_owned);
        let places = [at("main: postgres://h/postgres", 2), at("main, in database d", 1)];
        insta::assert_snapshot!(script(&statements, &places), @r"
        -- main: postgres://h/postgres
        CREATE ROLE a;
        CREATE DATABASE d;

        -- main, in database d
        GRANT x;
        ");
    }
}
