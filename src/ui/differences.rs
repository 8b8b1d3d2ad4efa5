//! What a comparison found: the rows and values that differ, and the SQL that would mend them.

use crate::report::{Difference, DifferenceKind, Report};
use crate::ui::Detail;
use crate::ui::figures::counted;
use crate::ui::grid::{Grid, Side};
use crate::ui::naming::Naming;
use crate::ui::paper::harmless;
use crate::ui::sheet::Sheet;

/// Differences and statements that are shown in brief.
const BRIEF: usize = 10;

/// Characters of a value on the screen; the report has more.
const VALUE_CHARACTERS: usize = 40;

pub(crate) fn lines(report: &Report, sheet: &Sheet) -> Vec<String> {
    if report.differences.is_empty() {
        return Vec::new();
    }
    let most = if sheet.detail == Detail::Full { usize::MAX } else { BRIEF };
    let mut grid = Grid::new(
        ["differs in", "row", "", "column", "source", "target"].map(|head| (head, Side::Left)),
    );
    let naming = Naming::of_report(report);
    for difference in report.differences.iter().take(most) {
        grid.row(cells(difference, naming));
    }
    let mut lines = grid.lines(2, sheet.paper.width);
    lines.extend(more(report.differences.len().saturating_sub(most), "value", "values"));
    if !report.repair.is_empty() {
        lines.extend([String::new(), "  what would mend the target:".to_owned()]);
        let statements = report.repair.iter().take(most);
        lines.extend(statements.map(|statement| format!("    {};", harmless(statement))));
        lines.extend(more(report.repair.len().saturating_sub(most), "statement", "statements"));
    }
    lines
}

fn more(count: usize, one: &str, many: &str) -> Option<String> {
    let told = || format!("  … and {} more, in the report", counted(count as u64, one, many));
    (count > 0).then(told)
}

fn cells(difference: &Difference, naming: Naming) -> Vec<String> {
    let key = difference.key.iter();
    let key = key.map(|part| format!("{} = {}", part.column, value(part.value.as_ref())));
    let kind = match difference.kind {
        DifferenceKind::Missing => "missing",
        DifferenceKind::Extra => "extra",
        DifferenceKind::Changed => "changed",
    };
    let (source, target) = match difference.kind {
        DifferenceKind::Changed => {
            (value(difference.source.as_ref()), value(difference.target.as_ref()))
        }
        DifferenceKind::Missing | DifferenceKind::Extra => (String::new(), String::new()),
    };
    vec![
        harmless(&naming.table(&difference.table)),
        harmless(&key.collect::<Vec<_>>().join(", ")),
        kind.to_owned(),
        harmless(difference.column.as_deref().unwrap_or_default()),
        source,
        target,
    ]
}

/// `NULL`, or the text in quotes, so that '' and 'NULL' can be told from it.
fn value(text: Option<&String>) -> String {
    let Some(text) = text else { return "NULL".to_owned() };
    let cut: String = harmless(text).chars().take(VALUE_CHARACTERS).collect();
    let more = if text.chars().count() > VALUE_CHARACTERS { "…" } else { "" };
    format!("'{cut}'{more}")
}
