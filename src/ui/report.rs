//! The end screen: what was moved and what is proven, what one should know, and the verdict last,
//! as the last line is the one that is read.

use std::cmp::Reverse;

use crate::finding::Finding;
use crate::name::TableName;
use crate::report::{Outcome, Report, SnapshotReport, TablePlan, TableReport, Verified};
use crate::ui::Detail;
use crate::ui::figures::{counted, mebibytes, seconds, span, thousands};
use crate::ui::grid::{Grid, Side, labelled, name_for};
use crate::ui::naming::Naming;
use crate::ui::paper::{Stream, Tone, harmless};
use crate::ui::sheet::Sheet;
use crate::ui::{
    audit, configured, detected, differences, error, findings, provision, release, verdict,
};

/// Lines for tables in brief, the fewest and the most; differing ones are named all the same.
const BRIEF_TABLES: (usize, usize) = (5, 20);
/// Lines for findings in brief, the fewest and the most.
const BRIEF_FINDINGS: (usize, usize) = (6, 20);
/// What a screen has beside tables and findings: heads, totals, the snapshot, the verdict.
const FRAME: usize = 12;
/// Changes that are named in brief.
const BRIEF_CHANGES: usize = 10;

/// What goes where, in the order in which a terminal shows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) stream: Stream,
    pub(crate) text: String,
}

/// A dry run's data is the DDL, so that `> schema.sql` gives a file to run; all else is talk. A
/// run's data is its tables and findings; if it failed, why is talk, and so is the verdict.
pub(crate) fn pieces(report: &Report, stdout: &Sheet, stderr: &Sheet) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut piece = |stream, text: String| {
        if !text.is_empty() {
            pieces.push(Piece { stream, text });
        }
    };
    let mut to = (Stream::Stdout, stdout);
    if !report.statements.is_empty() {
        piece(Stream::Stdout, provision::script(&report.statements, &report.places));
        to = (Stream::Stderr, stderr);
        if stdout.paper.width.is_some() {
            piece(to.0, "\n".to_owned());
        }
    }
    if let Some(diff) = &report.diff {
        piece(Stream::Stdout, configured::diff(diff, stdout));
        to = (Stream::Stderr, stderr);
        if stdout.paper.width.is_some() {
            piece(to.0, "\n".to_owned());
        }
    }
    piece(to.0, body(report, to.1));
    if let Some(failure) = &report.error {
        to = (Stream::Stderr, stderr);
        // Who asked to stop knows why it stopped; that is an outcome and no error.
        if !matches!(report.outcome, Outcome::StoppedUnchanged | Outcome::StoppedPartial) {
            piece(to.0, error::block(failure, to.1.paper));
        }
    }
    piece(to.0, verdict::text(report, to.1));
    pieces
}

/// All but the error and the verdict; sections are set apart by an empty line.
fn body(report: &Report, sheet: &Sheet) -> String {
    let room = Room::of(report, sheet);
    let first = match report.outcome {
        Outcome::Planned | Outcome::PlannedWithFindings | Outcome::WouldChange => {
            plan(&report.plan, room, sheet)
        }
        _ => tables(&report.tables, room, sheet),
    };
    let sections = [
        first,
        detected::lines(report.detected.as_ref(), sheet),
        audit::lines(report.audited.as_ref(), sheet),
        differences::lines(report, sheet),
        provision::reach(&report.reach, sheet),
        release::releases(&report.releases, sheet),
        release::steps(&report.steps, sheet),
        release::diffs(&report.diffs),
        snapshot(report.snapshot.as_ref(), sheet),
        changes(&report.changes, sheet),
        found((&report.findings, Naming::of_report(report)), room, sheet),
    ];
    let mut text = String::new();
    for section in sections.iter().filter(|section| !section.is_empty()) {
        for line in section {
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

/// Lines for the two things that may have any number of them.
#[derive(Clone, Copy)]
struct Room {
    tables: usize,
    findings: usize,
}

impl Room {
    /// As a screen is high. Findings may take half of it, and all that tables do not need.
    fn of(report: &Report, sheet: &Sheet) -> Self {
        let Some(height) = sheet.paper.height else {
            return Self { tables: BRIEF_TABLES.1, findings: BRIEF_FINDINGS.1 };
        };
        let room = height.saturating_sub(FRAME);
        let all = (report.findings.as_slice(), Naming::of_report(report));
        let wanted = findings::shown(all, BRIEF_FINDINGS.1, Detail::Brief, sheet.paper).lines.len();
        let tables = room.saturating_sub(wanted.min(room / 2));
        let tables = tables.clamp(BRIEF_TABLES.0, BRIEF_TABLES.1);
        let findings = room.saturating_sub(tables.min(report.tables.len().max(report.plan.len())));
        Self { tables, findings: findings.clamp(BRIEF_FINDINGS.0, BRIEF_FINDINGS.1) }
    }
}

/// Differing tables first, then the largest.
fn tables(tables: &[TableReport], room: Room, sheet: &Sheet) -> Vec<String> {
    if tables.is_empty() {
        return Vec::new();
    }
    let naming = Naming::of(tables.iter().map(|table| &table.source));
    let mut tables: Vec<&TableReport> = tables.iter().collect();
    tables.sort_by_key(|table| {
        let differs = table.verified == Verified::Differs;
        (Reverse(differs), Reverse((table.bytes, table.rows)), &table.source)
    });
    let differing = tables.iter().filter(|table| table.verified == Verified::Differs).count();
    let shown = most(tables.len(), room.tables, sheet.detail).max(differing);
    let mut grid = grid(
        &["table", "rows", "MiB", "seconds", "verified"],
        &[Side::Left, Side::Right, Side::Right, Side::Right, Side::Left],
        sheet,
    );
    for table in &tables[..shown] {
        grid.row(vec![
            named(naming, &table.source, sheet),
            thousands(table.rows),
            mebibytes(table.bytes),
            seconds(table.duration_ms),
            verified(table, sheet),
        ]);
    }
    let rest = &tables[shown..];
    if !rest.is_empty() {
        grid.row(rest_of(rest));
    }
    if tables.len() > 1 {
        grid.row(total(&tables, counted(tables.len() as u64, "table", "tables")));
    }
    grid.lines(2, sheet.paper.width)
}

/// The tables that are not named: their sums, and what they have in common.
fn rest_of(rest: &[&TableReport]) -> Vec<String> {
    let mut cells = total(rest, more(rest.len()));
    let equal = rest.iter().filter(|table| table.verified == Verified::Equal).count();
    let sampled = rest.iter().filter(|table| table.verified == Verified::SampleEqual).count();
    cells[4] = if equal == rest.len() {
        "✓ all equal".to_owned()
    } else if sampled == rest.len() {
        "≈ all samples equal".to_owned()
    } else {
        format!("– {} not checked", thousands((rest.len() - equal) as u64))
    };
    cells
}

/// Time is left out: tables move side by side, so that their sum is nobody's time.
fn total(tables: &[&TableReport], name: String) -> Vec<String> {
    let rows = tables.iter().map(|table| table.rows).sum();
    let bytes = tables.iter().map(|table| table.bytes).sum();
    vec![name, thousands(rows), mebibytes(bytes), String::new(), String::new()]
}

fn verified(table: &TableReport, sheet: &Sheet) -> String {
    let ink = sheet.paper.ink;
    match table.verified {
        Verified::Equal if table.quarantined > 0 => {
            let aside = format!("✓ equal, {} quarantined", thousands(table.quarantined));
            ink.paint(Tone::Warning, &aside)
        }
        Verified::Equal => ink.paint(Tone::Good, "✓ equal"),
        Verified::Differs => ink.paint(Tone::Error, "✗ DIFFERS"),
        Verified::SampleEqual => ink.paint(Tone::Warning, "≈ sample equal"),
        Verified::NotChecked => ink.paint(Tone::Warning, "– not checked"),
    }
}

/// What a dry run would move, the largest first.
fn plan(plan: &[TablePlan], room: Room, sheet: &Sheet) -> Vec<String> {
    if plan.is_empty() {
        return Vec::new();
    }
    let mut tables: Vec<&TablePlan> = plan.iter().collect();
    tables
        .sort_by_key(|table| (Reverse((table.bytes_estimate, table.rows_estimate)), &table.source));
    let shown = most(tables.len(), room.tables, sheet.detail);
    let naming = Naming::of(plan.iter().map(|table| &table.source));
    let mut grid = grid(
        &["table", "rows ~", "MiB ~", "indexes", "foreign keys", "key"],
        &[Side::Left, Side::Right, Side::Right, Side::Right, Side::Right, Side::Left],
        sheet,
    );
    for table in &tables[..shown] {
        let key = if table.key.is_empty() { "none".to_owned() } else { table.key.join(", ") };
        let mut cells = plan_sums(&[table], named(naming, &table.source, sheet));
        cells.push(name_for(sheet.paper.width, &harmless(&key)));
        grid.row(cells);
    }
    let rest = &tables[shown..];
    let mut sums = |tables: &[&TablePlan], name| {
        let mut cells = plan_sums(tables, name);
        cells.push(String::new());
        grid.row(cells);
    };
    if !rest.is_empty() {
        sums(rest, more(rest.len()));
    }
    if tables.len() > 1 {
        sums(&tables, counted(tables.len() as u64, "table", "tables"));
    }
    grid.lines(2, sheet.paper.width)
}

fn plan_sums(tables: &[&TablePlan], name: String) -> Vec<String> {
    vec![
        name,
        thousands(tables.iter().map(|table| table.rows_estimate).sum()),
        mebibytes(tables.iter().map(|table| table.bytes_estimate).sum()),
        thousands(tables.iter().map(|table| table.indexes as u64).sum()),
        thousands(tables.iter().map(|table| table.foreign_keys as u64).sum()),
    ]
}

fn snapshot(snapshot: Option<&SnapshotReport>, sheet: &Sheet) -> Vec<String> {
    let Some(snapshot) = snapshot else {
        return Vec::new();
    };
    let mut text = format!("{} ({})", snapshot.guarantee, snapshot.rung);
    if snapshot.connections > 0 {
        let connections = counted(snapshot.connections as u64, "connection", "connections");
        text = format!("{text}, {connections}");
    }
    if let Some(position) = &snapshot.position {
        text = format!("{text}, at {position}");
    }
    if snapshot.connections > 0 {
        text = format!("{text}; writers waited {}", span(snapshot.writers_waited_ms));
    }
    let label = format!("  {}", sheet.paper.ink.paint(Tone::Faint, "snapshot"));
    labelled(&label, &harmless(&text), sheet.paper.width)
}

fn changes(changes: &[String], sheet: &Sheet) -> Vec<String> {
    let shown = most(changes.len(), BRIEF_CHANGES, sheet.detail);
    let label = format!("  {}", sheet.paper.ink.paint(Tone::Faint, "changed"));
    let mut lines: Vec<String> = changes[..shown]
        .iter()
        .flat_map(|change| labelled(&label, &harmless(change), sheet.paper.width))
        .collect();
    if shown < changes.len() {
        let rest = thousands((changes.len() - shown) as u64);
        lines.push(format!("  … and {rest} more changes: {}", sheet.elsewhere()));
    }
    lines
}

/// The findings, and where the rest of them is if not all fit.
fn found(findings: (&[Finding], Naming), room: Room, sheet: &Sheet) -> Vec<String> {
    let mut shown = findings::shown(findings, room.findings, sheet.detail, sheet.paper);
    if shown.left_out > 0 {
        let rest = counted(shown.left_out as u64, "more finding", "more findings");
        shown.lines.push(format!("… {rest}: {}", sheet.elsewhere()));
    }
    shown.lines
}

/// How many of them to show; never all but one, as the line that says so takes as much room.
fn most(count: usize, brief: usize, detail: Detail) -> usize {
    if detail == Detail::Full || count <= brief { count } else { brief - 1 }
}

fn more(tables: usize) -> String {
    format!("… and {}", counted(tables as u64, "more table", "more tables"))
}

fn named(naming: Naming, table: &TableName, sheet: &Sheet) -> String {
    name_for(sheet.paper.width, &harmless(&naming.table(table)))
}

fn grid(heads: &[&str], sides: &[Side], sheet: &Sheet) -> Grid {
    let heads = heads.iter().map(|head| sheet.paper.ink.paint(Tone::Faint, head));
    Grid::new(heads.zip(sides.iter().copied()))
}

#[cfg(test)]
mod tests;
