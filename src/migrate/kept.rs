//! `--if-exists truncate` and `append`: tables that stand in the target and are as planned are kept,
//! with all that hangs on them, and the others are made.
//!
//! Rows that were there before are not ours to prove, and yet must not be taken for ours. The digest
//! of a table is a sum; so it is taken before the first row is added, and what it has grown by must be
//! the source's digest. That proves the rows that were added and those that were there, as long as
//! nobody else writes.

use crate::event::Events;
use crate::finding::{Code, Finding, Place, PlaceKind, Severity};
use crate::migrate::conversion::Conversion;
use crate::migrate::digest::Digest;
use crate::migrate::error::Error;
use crate::migrate::fit::{DataOnly, Filled, Fit, RowsThere, Terms, keep as keep_tables};
use crate::migrate::mapping::{Owner, Part, TableMapping};
use crate::migrate::refused::Refused;
use crate::migrate::scan::Answers;
use crate::migrate::schemas::Schemas;
use crate::migrate::settings::Settings;
use crate::migrate::verify;
use crate::mysql::schema::Schema;
use crate::postgres::catalog::{self, Existing, Found};
use crate::postgres::connect::Session;
use crate::postgres::journal::{self, Kept};
use crate::postgres::schema as planned;
use crate::postgres::standing;

/// What is known before tables are kept.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) answers: &'a Answers,
    pub(crate) filled: &'a Filled,
    pub(crate) schemas: &'a Schemas,
    pub(crate) settings: &'a Settings,
    /// What stands in the target; `None` before the scan, when types may be others yet.
    pub(crate) found: Option<&'a Found>,
}

/// Takes out of a plan what stands in the target already, and says how it is not as planned.
pub(crate) async fn keep(
    session: &Session,
    known: Known<'_>,
    (rows_there, mut conversion): (RowsThere, Conversion),
) -> Result<Conversion, Error> {
    let schemas = known.schemas.all();
    let there = standing::read(session, &schemas).await?;
    let there = there.with_set_aside(session, &schemas).await?;
    let existing = catalog::existing(session, &schemas).await?;
    let noted = match known.filled {
        Filled::ByRun(past) => Some(past.kept.as_slice()),
        Filled::Unknown | Filled::Compared => None,
    };
    let is_kept = |mapping: &TableMapping| match noted {
        Some(kept) => kept.iter().any(|one| one.is_table(&mapping.source)),
        None => there.tables.contains_key(&mapping.target),
    };
    let objects = objects(&conversion.target, (&existing, noted));
    if !conversion.mappings.iter().any(is_kept) && objects.is_empty() {
        return Ok(conversion);
    }
    if let (None, Some(found)) = (noted, known.found) {
        let differences = differences(&conversion, (found, &is_kept), &objects);
        conversion.findings.extend(differences);
    }
    leave(&mut conversion, &objects);
    let data_only = DataOnly { accepts: Vec::new(), rows_there };
    let terms = Terms {
        data_only: &data_only,
        filled: known.filled,
        schemas: known.schemas,
        settings: known.settings,
        answers: known.answers,
    };
    let mut conversion = keep_tables(known.schema, (&there, &is_kept), terms, conversion);
    if let Some(fit) = &mut conversion.fit {
        fit.kept = objects.iter().map(|object| noted_as(object)).collect();
    }
    Ok(conversion)
}

fn noted_as(object: &Existing) -> Kept {
    Kept {
        kind: object.what.clone(),
        name: object.name.to_string(),
        rows: 0,
        digest: String::new(),
    }
}

/// Types, functions, sequences and views of the plan that stand; of a run that goes on those that
/// stood when it began.
fn objects<'a>(
    plan: &planned::Schema,
    (existing, noted): (&'a [Existing], Option<&[Kept]>),
) -> Vec<&'a Existing> {
    let standing = existing.iter().filter(|object| {
        let name = &object.name;
        let is_planned = match object.kind {
            PlaceKind::Type => plan.enums.iter().any(|one| one.name == *name),
            PlaceKind::Routine => plan.touch_functions.iter().any(|one| one.name == *name),
            PlaceKind::Sequence => plan.sequences.iter().any(|one| one.name == *name),
            PlaceKind::View => plan.views.iter().any(|one| one.name == *name),
            _ => false,
        };
        is_planned && noted.is_none_or(|noted| noted.contains(&noted_as(object)))
    });
    standing.collect()
}

/// Takes what stands out of what is made; a view and a sequence that stay are told.
fn leave(conversion: &mut Conversion, objects: &[&Existing]) {
    let stays = |kind: PlaceKind| {
        move |name: &crate::name::TableName| {
            objects.iter().any(|one| one.kind == kind && one.name == *name)
        }
    };
    let target = &mut conversion.target;
    let is_type = stays(PlaceKind::Type);
    target.enums.retain(|one| !is_type(&one.name));
    let is_function = stays(PlaceKind::Routine);
    target.touch_functions.retain(|one| !is_function(&one.name));
    let is_sequence = stays(PlaceKind::Sequence);
    target.sequences.retain(|one| !is_sequence(&one.name));
    let is_view = stays(PlaceKind::View);
    target.views.retain(|one| !is_view(&one.name));
    let told =
        objects.iter().filter(|one| matches!(one.kind, PlaceKind::Sequence | PlaceKind::View));
    conversion.findings.extend(told.map(|object| {
        let place = Place::of(object.kind, &object.name);
        Finding::note(Code::LeftAlone, place, "stands in the target, and is left as it is")
    }));
}

/// How what stands is not as planned: an error where rows could not go in as they are, else a
/// warning, as what is missing is not made.
fn differences(
    conversion: &Conversion,
    (found, is_kept): (&Found, &dyn Fn(&TableMapping) -> bool),
    objects: &[&Existing],
) -> Vec<Finding> {
    let pairs = || conversion.mappings.iter().zip(&conversion.target.tables);
    let kept = pairs().filter(|(mapping, _)| is_kept(mapping));
    let stands = |name: &crate::name::TableName| objects.iter().any(|one| one.name == *name);
    let mut plan = planned::Schema {
        tables: kept.map(|(_, table)| table.clone()).collect(),
        enums: conversion.target.enums.clone(),
        ..planned::Schema::default()
    };
    plan.enums.retain(|one| stands(&one.name));
    let mut all: Vec<Finding> = plan.tables.iter().flat_map(|table| extra(table, found)).collect();
    for difference in catalog::differences(&plan, found) {
        // What a counter stands at is of the rows.
        if difference.kind == PlaceKind::Sequence {
            continue;
        }
        let place = conversion.place(&difference);
        let message =
            format!("planned: {}; the target has: {}", difference.planned, difference.found);
        let help =
            "make it as planned (--dry-run into an empty schema prints how), or --if-exists drop";
        let severity =
            if difference.forbids_rows(&plan, found) { Severity::Error } else { Severity::Warning };
        let finding = Finding::warning(Code::CatalogDiffers, place, message).help(help);
        all.push(Finding { severity, ..finding });
    }
    all
}

/// Columns that the plan has nothing for, and that take no row without them.
fn extra(table: &planned::Table, found: &Found) -> Vec<Finding> {
    let there = found.tables.get(&table.name).into_iter().flat_map(|there| &there.columns);
    let extra = there.filter(|column| {
        let is_given = column.has_default
            || column.identity.is_some()
            || column.generated_stored.is_some()
            || !column.not_null;
        !is_given && table.columns.iter().all(|known| known.name != column.name)
    });
    let found = extra.map(|column| {
        let message =
            "a column of the target that may not be NULL, has no default, and no value here";
        let place = Place::part(PlaceKind::Column, &table.name, &column.name);
        let help = "give it a default, or drop NOT NULL";
        Finding::error(Code::ExtraColumn, place, message).help(help)
    });
    found.collect()
}

/// All that the journal is to know of what is kept: before the first row is added.
pub(crate) async fn note(
    session: &Session,
    conversion: &Conversion,
    events: &Events,
) -> Result<Vec<Kept>, Error> {
    let mut all: Vec<Kept> = conversion.refused.iter().map(noted_refusal).collect();
    let Some(fit) = &conversion.fit else { return Ok(all) };
    all.extend(fit.kept.iter().cloned());
    for mapping in conversion.mappings.iter().filter(|mapping| mapping.owner == Owner::Theirs) {
        let mut digest = Digest::default();
        if fit.appended.contains(&mapping.target) {
            let copy_out = mapping.copy_out(Part::WHOLE);
            digest = verify::target_digest(session, mapping, &copy_out, events).await?;
        }
        let (kind, name) = (Kept::TABLE.to_owned(), mapping.source.to_string());
        all.push(Kept { kind, name, rows: digest.rows, digest: digest.to_string() });
    }
    Ok(all)
}

/// What the target refuses is kept out by a run that goes on, too: its plan must be the same.
const REFUSED: &str = "refused";

fn noted_refusal(refused: &Refused) -> Kept {
    let (kind, name) = (REFUSED.to_owned(), serde_json::json!(refused).to_string());
    Kept { kind, name, rows: 0, digest: String::new() }
}

/// What a run that goes on has found refused.
pub(crate) fn refusals(kept: &[Kept]) -> Result<Vec<Refused>, Error> {
    let noted = kept.iter().filter(|one| one.kind == REFUSED);
    noted.map(|one| serde_json::from_str(&one.name).map_err(Error::JournalUnreadable)).collect()
}

/// Of each mapping, what its target had before.
pub(crate) fn before(mappings: &[TableMapping], kept: &[Kept]) -> Vec<Digest> {
    let of = |mapping: &TableMapping| {
        kept.iter().find(|one| one.is_table(&mapping.source)).map(Digest::of_kept)
    };
    mappings.iter().map(|mapping| of(mapping).unwrap_or_default()).collect()
}

impl Digest {
    fn of_kept(kept: &Kept) -> Self {
        Self::read(kept.rows, &kept.digest)
    }
}

/// What adding rows would double: those of a run that did not come to its end, and of a table without
/// a key those of an earlier run from the same source.
pub(crate) async fn doubled(
    session: &Session,
    (schemas, source): (&[&str], &str),
    (conversion, fit): (&Conversion, &Fit),
) -> Result<Vec<Finding>, Error> {
    if fit.appended.is_empty() {
        return Ok(Vec::new());
    }
    let Some(run) = journal::last_run(session, schemas).await? else {
        return Ok(Vec::new());
    };
    let entries = journal::entries(session, run.id).await?;
    let done = entries.iter().filter(|entry| entry.done.is_some()).count();
    if run.finished_at.is_none() && (1..entries.len()).contains(&done) {
        let message = format!(
            "the run begun {} has added rows and did not come to its end: adding them again would \
             double them",
            run.begun_at
        );
        let help = "go on with it: --resume";
        let place = Place::target();
        return Ok(vec![Finding::error(Code::TargetNotEmpty, place, message).help(help)]);
    }
    if run.source != source {
        return Ok(Vec::new());
    }
    let moved = |mapping: &&TableMapping| {
        mapping.key.is_empty()
            && fit.appended.contains(&mapping.target)
            && entries.iter().any(|entry| {
                entry.table == mapping.source
                    && entry.done.as_ref().is_some_and(|done| done.rows > 0)
            })
    };
    let found = conversion.mappings.iter().filter(moved).map(|mapping| {
        let message = format!(
            "has no key, and the run begun {} has moved its rows from this source: they would be there \
             twice",
            run.begun_at
        );
        let help = "leave it out (exclude, --only); or, if they are wanted, DROP SCHEMA nirvana CASCADE";
        Finding::error(Code::TargetNotEmpty, Place::table(&mapping.source), message).help(help)
    });
    Ok(found.collect())
}
