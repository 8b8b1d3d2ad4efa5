//! The tables that can be compared: what they are known by, and what the target has of them. Pure.

use crate::finding::{Code, Finding, Place};
use crate::migrate::conversion::Conversion;
use crate::migrate::mapping::TableMapping;
use crate::migrate::verify::sample::Look;
use crate::postgres::catalog::{Found, FoundTable};
use crate::postgres::schema::Table as Planned;

/// One table to compare.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) mapping: TableMapping,
    /// As `mapping`, with generated columns like all others.
    pub(super) whole: TableMapping,
    /// What is read of it: one look at the whole, or some at parts of it.
    pub(super) looks: Vec<Look>,
    /// As it was planned.
    pub(super) table: Planned,
    /// Positions, in the mapping's columns, of a key that every row has; empty without one.
    pub(super) key: Vec<usize>,
    /// Our triggers that set the time of a change, where they work.
    pub(super) triggers: Vec<String>,
}

/// Those of the source's tables that the target has with all their columns; of the others, why
/// they are not compared. A table that is missing is left to the comparison of the catalogs.
pub(super) fn subjects(conversion: &Conversion, found: &Found) -> (Vec<Subject>, Vec<Finding>) {
    let (mut subjects, mut findings) = (Vec::new(), Vec::new());
    for (mapping, planned) in conversion.mappings.iter().zip(&conversion.target.tables) {
        let Some(there) = found.tables.get(&mapping.target) else { continue };
        let missing = missing(mapping, there);
        if !missing.is_empty() {
            let message = format!("not compared: the target lacks {}", missing.join(", "));
            let place = Place::table(&mapping.source);
            findings.push(Finding::error(Code::TableNotCompared, place, message));
            continue;
        }
        let mut whole = mapping.clone();
        whole.copied = whole.columns.len();
        let triggers = there.triggers.iter().filter(|trigger| trigger.is_touch && trigger.enabled);
        subjects.push(Subject {
            key: mapping.key.clone(),
            looks: vec![Look::whole(&whole)],
            whole,
            mapping: mapping.clone(),
            table: planned.clone(),
            triggers: triggers.map(|trigger| trigger.name.clone()).collect(),
        });
    }
    // What is read through no known way is neither moved nor compared; nor is what a schema that
    // stands has no place for.
    let told =
        |finding: &&Finding| conversion.fit.is_some() || finding.code == Code::TableNotCopied;
    findings.extend(conversion.findings.iter().filter(told).cloned());
    (subjects, findings)
}

/// Names of the columns that the target's table does not have.
fn missing(mapping: &TableMapping, there: &FoundTable) -> Vec<String> {
    let columns = mapping.columns.iter().map(|column| &column.target);
    columns
        .filter(|name| !there.columns.iter().any(|column| column.name == **name))
        .cloned()
        .collect()
}

impl Subject {
    /// Whether only a share of its rows is looked at.
    pub(super) fn is_sampled(&self) -> bool {
        self.looks != [Look::whole(&self.whole)]
    }
}
