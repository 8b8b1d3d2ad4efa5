//! What is to be moved and what was moved, as values for the report and the screen. Pure.

use crate::event::{Event, Events};
use crate::migrate::conversion::Conversion;
use crate::migrate::digest::Digest;
use crate::migrate::fit::Fit;
use crate::migrate::work::Board;
use crate::mysql::schema::{IndexKey, Schema, Table};
use crate::postgres::ddl;
use crate::report::{Report, TablePlan, TableReport, Verified};

/// Fills in what a dry run tells: the plan and the statements.
pub(crate) fn describe(
    schema: &Schema,
    conversion: Conversion,
    report: &mut Report,
    events: &Events,
) {
    announce(&conversion, events);
    for finding in conversion.findings.iter().cloned() {
        events.found(finding);
    }
    let tables = conversion.mappings.iter().zip(&conversion.target.tables);
    let tables = tables.filter_map(|(mapping, target)| {
        Some((schema.tables.iter().find(|table| table.name == mapping.source)?, target))
    });
    report.plan = tables
        .map(|(source, target)| TablePlan {
            source: source.name.clone(),
            target: target.name.clone(),
            rows_estimate: source.rows_estimate,
            bytes_estimate: source.bytes_estimate,
            key: key_columns(source),
            indexes: target.indexes.len(),
            foreign_keys: target.foreign_keys.len(),
        })
        .collect();
    let dropped = conversion.dropped.statements.iter().cloned();
    report.statements = dropped.chain(ddl::statements(&conversion.made())).collect();
    report.statements.extend(conversion.fit.iter().flat_map(Fit::statements));
}

/// The primary key's columns.
fn key_columns(table: &Table) -> Vec<String> {
    let parts = table.primary_key().map(|index| index.parts.as_slice()).unwrap_or_default();
    parts
        .iter()
        .map(|part| match &part.key {
            IndexKey::Column(column) | IndexKey::Prefix { column, .. } => column.clone(),
            IndexKey::Expression(expression) => expression.clone(),
        })
        .collect()
}

/// Tells how much there is to move.
pub(crate) fn announce(conversion: &Conversion, events: &Events) {
    events.emit(Event::Planned {
        tables: conversion.mappings.len(),
        rows_estimate: conversion.mappings.iter().map(|table| table.rows_estimate).sum(),
        bytes_estimate: conversion.mappings.iter().map(|table| table.bytes_estimate).sum(),
    });
}

/// What became of each table.
pub(crate) fn table_reports(board: &Board) -> Vec<TableReport> {
    let tables = board.conversion.mappings.iter().zip(board.tables());
    tables
        .map(|(mapping, state)| TableReport {
            source: mapping.source.clone(),
            target: mapping.target.clone(),
            rows: state.source.map_or(0, |digest| digest.rows),
            bytes: state.copied.bytes,
            quarantined: state.copied.refused.count,
            duration_ms: state.milliseconds,
            verified: verified(state.source, state.target),
            source_digest: state.source.map(|digest| digest.to_string()),
            target_digest: state.target.map(|digest| digest.to_string()),
        })
        .collect()
}

/// What two digests prove; one that is not there proves nothing.
pub(crate) fn verified(source: Option<Digest>, target: Option<Digest>) -> Verified {
    match (source, target) {
        (Some(source), Some(target)) if source == target => Verified::Equal,
        (Some(_), Some(_)) => Verified::Differs,
        (_, None) | (None, _) => Verified::NotChecked,
    }
}
