//! The proofs that concern more than rows: the target's catalog is the planned one, and the
//! source's did not change meanwhile.

use crate::event::{Event, Events, Phase};
use crate::finding::{Code, Finding, Place};
use crate::migrate::conversion::Conversion;
use crate::migrate::error::Error;
use crate::migrate::fit::aside;
use crate::mysql::schema::{Schema, Table};
use crate::postgres::catalog;
use crate::postgres::connect::Session;
use crate::postgres::ddl;

/// Compares every table, column, key, index, foreign key and sequence with the plan.
pub(crate) async fn catalog(
    session: &Session,
    conversion: &Conversion,
    events: &Events,
) -> Result<(), Error> {
    events.emit(Event::PhaseStarted { phase: Phase::Verify });
    // What somebody else has made is not of our plan, but for what was taken away.
    if let Some(fit) = &conversion.fit {
        aside::prove(session, (conversion, fit), events).await?;
    }
    let made = conversion.made();
    let found = catalog::read(session, &ddl::schema_names(&made)).await?;
    // What was refused when it was built is a finding already; what else was said of the same place,
    // such as that a table has no key, says nothing of its form.
    let findings = events.findings();
    let known = |place: &Place| {
        let mut told = findings.iter().filter(|finding| is_of_building(finding.code));
        told.any(|finding| finding.place == *place)
    };
    // A table that could not be copied has nothing more to be told.
    let lost = |place: &Place| {
        let mut lost = findings.iter().filter(|finding| finding.code == Code::TableNotCopied);
        lost.any(|finding| finding.place.table == place.table)
    };
    for difference in catalog::differences(&made, &found) {
        let place = conversion.place(&difference);
        if known(&place) || lost(&place) {
            continue;
        }
        let message = format!("planned: {}; there is: {}", difference.planned, difference.found);
        events.found(Finding::error(Code::CatalogDiffers, place, message));
    }
    Ok(())
}

/// Whether a finding tells how something was not made as planned.
fn is_of_building(code: Code) -> bool {
    matches!(
        code,
        Code::ObjectNotBuilt | Code::Orphans | Code::NotNullDropped | Code::CheckNotEnforced
    )
}

/// Names every table that was altered, made or dropped in the source during the run.
pub(crate) fn source_unchanged(before: &Schema, now: &Schema, events: &Events) {
    let gone = before.tables.iter().filter(|table| same_name(now, table).is_none());
    let made = now.tables.iter().filter(|table| same_name(before, table).is_none());
    let altered = before
        .tables
        .iter()
        .filter(|table| same_name(now, table).is_some_and(|other| shape(other) != shape(table)));
    let named = gone.map(|table| (table, "dropped")).chain(made.map(|table| (table, "made")));
    for (table, what) in named.chain(altered.map(|table| (table, "altered"))) {
        let message = format!("{what} in the source during the run; the snapshot's form was moved");
        let help = "move it again if the change matters";
        let place = Place::table(&table.name);
        events.found(Finding::warning(Code::ChangedDuringCopy, place, message).help(help));
    }
}

/// Whether both have the same tables in the same form.
pub(crate) fn same_tables(before: &Schema, now: &Schema) -> bool {
    before.tables.iter().map(shape).eq(now.tables.iter().map(shape))
}

fn same_name<'a>(schema: &'a Schema, table: &Table) -> Option<&'a Table> {
    schema.tables.iter().find(|other| other.name == table.name)
}

/// The table without what changes by itself: statistics and the counter.
fn shape(table: &Table) -> Table {
    Table { rows_estimate: 0, bytes_estimate: 0, auto_increment: None, ..table.clone() }
}
