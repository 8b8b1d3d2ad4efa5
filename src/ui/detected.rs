//! What a codebase is, as a person reads it: each application with what it is made of and where
//! that stands, then the components.

use std::collections::BTreeSet;

use crate::application::{
    Application, Component, Confidence, Database, Detected, Evidence, Version,
};
use crate::ui::Detail;
use crate::ui::figures::counted;
use crate::ui::grid::{Grid, Side, hanging, labelled};
use crate::ui::paper::{Tone, harmless};
use crate::ui::sheet::Sheet;

/// Lines of evidence in brief, shared by all applications; each has a few.
const BRIEF_EVIDENCE: (usize, usize) = (4, 16);
/// Components that are named in brief.
const BRIEF_COMPONENTS: usize = 8;
/// Columns of a label.
const LABEL: usize = 10;

pub(crate) fn lines(detected: Option<&Detected>, sheet: &Sheet) -> Vec<String> {
    let Some(detected) = detected else { return Vec::new() };
    let mut sections: Vec<Vec<String>> = Vec::new();
    let share = BRIEF_EVIDENCE.1 / detected.applications.len().max(1);
    for application in &detected.applications {
        sections.push(one(application, share.max(BRIEF_EVIDENCE.0), sheet));
    }
    sections.push(components(&detected.components, sheet));
    sections.retain(|section| !section.is_empty());
    let mut lines = sections.join(&String::new());
    if let Some(commit) = &detected.commit {
        lines.insert(0, format!("At commit {}", commit.get(..12).unwrap_or(commit)));
        lines.insert(1, String::new());
    }
    lines
}

fn one(application: &Application, most: usize, sheet: &Sheet) -> Vec<String> {
    let ink = sheet.paper.ink;
    let name = match &application.version {
        Some(version) => format!("{} {}", application.framework.name(), version.value),
        None => application.framework.name().to_owned(),
    };
    let sure = match application.confidence {
        Confidence::Certain => ink.paint(Tone::Good, "certain"),
        Confidence::Likely => ink.paint(Tone::Warning, "likely"),
        Confidence::Possible => ink.paint(Tone::Warning, "possible"),
    };
    let root = harmless(&application.root);
    let mut lines =
        vec![format!("{root}  {}  ({sure})", ink.paint(Tone::Strong, &harmless(&name)))];
    let mut part = |label: &str, text: &str| {
        if !text.is_empty() {
            let label = format!("  {}", ink.paint(Tone::Faint, &format!("{label:LABEL$}")));
            lines.extend(labelled(&label, &harmless(text), sheet.paper.width));
        }
    };
    part("serves", application.document_root.as_deref().unwrap_or_default());
    part(
        "languages",
        &listed(
            application
                .languages
                .iter()
                .map(|language| version(language.name, language.version.as_ref())),
        ),
    );
    part("packages", &listed(application.package_managers.iter().map(|one| one.name.to_owned())));
    part("databases", &databases(&application.databases));
    part("drivers", &listed(application.drivers.iter().map(|one| one.name.clone())));
    part(
        "processes",
        &listed(application.processes.iter().map(|one| format!("{}: {}", one.name, one.command))),
    );
    lines.extend(because(application, most, sheet));
    lines
}

/// Without doubles, in their order.
fn listed(parts: impl Iterator<Item = String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for part in parts {
        if !seen.contains(&part) {
            seen.push(part);
        }
    }
    seen.join(", ")
}

fn version(name: &str, version: Option<&Version>) -> String {
    version.map_or_else(|| name.to_owned(), |version| format!("{name} {}", version.value))
}

/// `development, test, production: MySQL (mysql2); queue: SQLite (sqlite3)`
fn databases(databases: &[Database]) -> String {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for one in databases {
        let place = match &one.connection {
            Some(connection) if *connection != one.environment => {
                format!("{}/{connection}", one.environment)
            }
            _ => one.environment.clone(),
        };
        let what = match (&one.adapter, &one.variable) {
            (Some(adapter), Some(variable)) => {
                format!("{} ({adapter}, or ${variable})", one.server.name())
            }
            (Some(adapter), None) => format!("{} ({adapter})", one.server.name()),
            (None, Some(variable)) => format!("as ${variable} says"),
            (None, None) => "not told".to_owned(),
        };
        match groups.iter_mut().find(|(known, _)| *known == what) {
            Some((_, places)) if places.contains(&place) => {}
            Some((_, places)) => places.push(place),
            None => groups.push((what, vec![place])),
        }
    }
    let groups = groups.iter().map(|(what, places)| format!("{}: {what}", places.join(", ")));
    groups.collect::<Vec<_>>().join("; ")
}

/// All evidence of an application, what decides first.
fn because(application: &Application, most: usize, sheet: &Sheet) -> Vec<String> {
    let mut all: Vec<&Evidence> = application.evidence.iter().collect();
    all.extend(application.version.iter().map(|one| &one.evidence));
    all.extend(application.databases.iter().map(|one| &one.evidence));
    all.extend(application.drivers.iter().map(|one| &one.evidence));
    all.extend(application.processes.iter().map(|one| &one.evidence));
    all.extend(application.package_managers.iter().map(|one| &one.evidence));
    all.extend(
        application.languages.iter().filter_map(|one| Some(&one.version.as_ref()?.evidence)),
    );
    let mut seen = BTreeSet::new();
    all.retain(|one| seen.insert((&one.path, one.line, one.rule, &one.what)));
    let brief = sheet.detail == Detail::Brief && all.len() > most;
    let shown = if brief { most - 1 } else { all.len() };
    let ink = sheet.paper.ink;
    let mut grid = Grid::new(
        ["evidence", "rule", "what"].map(|head| (ink.paint(Tone::Faint, head), Side::Left)),
    );
    for evidence in &all[..shown] {
        grid.row(vec![
            harmless(&evidence.to_string()),
            evidence.rule.to_owned(),
            harmless(&evidence.what),
        ]);
    }
    let mut lines = grid.lines(2, sheet.paper.width);
    if brief {
        lines.push(format!("  … and {} more lines: {}", all.len() - shown, sheet.elsewhere()));
    }
    lines
}

fn components(components: &[Component], sheet: &Sheet) -> Vec<String> {
    if components.is_empty() {
        return Vec::new();
    }
    let brief = sheet.detail == Detail::Brief && components.len() > BRIEF_COMPONENTS;
    let shown = if brief { BRIEF_COMPONENTS - 1 } else { components.len() };
    let count = counted(components.len() as u64, "component", "components");
    let mut lines = vec![format!("{count}, no applications of their own")];
    for component in &components[..shown] {
        let name = sheet.paper.ink.paint(Tone::Strong, &harmless(&component.root));
        let kind = component.kind.name();
        let why = harmless(&format!("{kind}: {} ({})", component.reason, component.evidence));
        lines.extend(hanging(&format!("  {name}"), &why, 6, sheet.paper.width));
    }
    if brief {
        lines.push(format!("  … and {} more: {}", components.len() - shown, sheet.elsewhere()));
    }
    lines
}
