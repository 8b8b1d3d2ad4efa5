//! What is to be said of a table's rows. Pure.

use crate::fault::Blame;
use crate::finding::{Code, Finding, Place};
use crate::migrate::copied::{ColumnAlteration, Copied, Refusals};
use crate::migrate::error::Error;
use crate::migrate::mapping::TableMapping;
use crate::migrate::transcode::Alteration;
use crate::postgres::journal::is_table;
use crate::postgres::schema::Table;

/// What was altered on the way, which NOT NULL could not hold then, and which rows were set aside.
pub(crate) fn altered(mapping: &TableMapping, table: &Table, copied: &Copied) -> Vec<Finding> {
    let mut found = Vec::new();
    for ColumnAlteration { column: name, alteration, count, first_keys } in
        copied.alterations(mapping)
    {
        let place = || Place::column(&mapping.source, name);
        let first = first_keys.join(" · ");
        let column = mapping.columns.iter().find(|column| column.source == *name);
        let asked = column.is_some_and(|column| column.transcoder.asks(alteration));
        let as_asked = if asked { ", as was asked for" } else { "" };
        let message = format!("{count} {}{as_asked}; first where {first}", alteration.words());
        let help = format!(
            "SELECT column_name, what, count, first_keys FROM nirvana.altered WHERE {}",
            is_table(&mapping.source)
        );
        found.push(told(asked, Code::ValuesAltered, place(), message).help(help));
        let planned = column
            .and_then(|column| table.columns.iter().find(|planned| planned.name == column.target));
        if planned.is_some_and(|planned| planned.not_null) {
            found.extend(not_null_dropped(place(), (alteration, asked), count));
        }
    }
    found.extend(quarantined(mapping, &copied.refused));
    found
}

/// What somebody has asked for by name is good to know; what nobody has is a warning.
fn told(asked: bool, code: Code, place: Place, message: String) -> Finding {
    if asked { Finding::note(code, place, message) } else { Finding::warning(code, place, message) }
}

/// Which rows are not in the target.
pub(crate) fn quarantined(mapping: &TableMapping, refused: &Refusals) -> Option<Finding> {
    let (key, reason) = refused.first.first()?;
    let rows = if refused.count == 1 { "row is" } else { "rows are" };
    let message = format!(
        "{} {rows} not in the target, which cannot hold them: where {key}: {reason}",
        refused.count
    );
    let help = format!(
        "SELECT key, column_name, reason, row FROM nirvana.quarantined WHERE {}; mend them in the \
         source, then run again with --resume",
        is_table(&mapping.source)
    );
    let place = Place::table(&mapping.source);
    let finding = if refused.asked == refused.count {
        Finding::note(
            Code::RowsQuarantined,
            place,
            format!("{message}; set aside, as was asked for"),
        )
    } else {
        Finding::error(Code::RowsQuarantined, place, message)
    };
    Some(finding.help(help))
}

/// The same where rows are added to others: those that are mended do not come by a run that goes on.
pub(crate) fn mended_by_hand(mapping: &TableMapping, finding: Finding) -> Finding {
    finding.help(format!(
        "SELECT key, column_name, reason, row FROM nirvana.quarantined WHERE {}; mend them, and insert \
         them into the target by hand",
        is_table(&mapping.source)
    ))
}

/// A NOT NULL that values break which become NULL; `None` if these do not.
pub(crate) fn not_null_dropped(
    place: Place,
    (alteration, asked): (Alteration, bool),
    values: u64,
) -> Option<Finding> {
    let what = match alteration {
        Alteration::ZeroDate => "zero dates",
        Alteration::EnumError => "'' for an invalid label",
        Alteration::EmptyToNull => "''",
        _ => return None,
    };
    let message = format!("NOT NULL is dropped: {values} rows hold {what}, which become NULL");
    let help = "mend those rows in the source, or set them and ALTER … SET NOT NULL in the target";
    Some(told(asked, Code::NotNullDropped, place, message).help(help))
}

/// Why a table has no rows.
pub(crate) fn not_copied(mapping: &TableMapping, error: &Error) -> Finding {
    let message = format!("not copied: {}", error.words());
    let finding = Finding::error(Code::TableNotCopied, Place::table(&mapping.source), message);
    match error.hint() {
        Some(hint) => finding.help(hint),
        None => finding,
    }
}

/// Why a table that has its rows is not proven.
pub(crate) fn not_compared(mapping: &TableMapping, error: &Error) -> Finding {
    let message = format!("not read back: {}", error.words());
    let computed = mapping.columns[mapping.copied..].iter().map(|column| column.target.as_str());
    let computed = computed.collect::<Vec<_>>().join(", ");
    let finding = Finding::error(Code::TableNotCompared, Place::table(&mapping.source), message);
    if computed.is_empty() {
        return finding;
    }
    finding.help(format!(
        "the expressions of {computed} are computed when they are read: ALTER TABLE … DROP COLUMN \
         the one that fails, or mend the rows that it fails for"
    ))
}
