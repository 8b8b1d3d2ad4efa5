//! What is different where the source is a dump: what it cannot tell, and what must be said of it.
//! Pure.

use crate::dump::{Dump, Remark};
use crate::finding::{Code, Finding, Place};
use crate::migrate::conversion::Conversion;
use crate::migrate::mapping::TableMapping;
use crate::mysql::schema::{Column, ColumnType, Schema, Table};
use crate::name::TableName;

/// What a dump says of itself, before anything is written. An error in it stops the run.
pub(crate) fn findings(dump: &Dump, schema: &Schema, found: &mut Vec<Finding>) {
    let mut columns = schema.tables.iter().flat_map(|table| &table.columns);
    let has_timestamps =
        columns.any(|column| matches!(column.column_type, ColumnType::Timestamp { .. }));
    let matters = |remark: &&Remark| match remark {
        Remark::NoTimeZone => has_timestamps,
        Remark::Narrow { charset } => lacks_letters(charset, schema),
        _ => true,
    };
    found.extend(dump.remarks.iter().filter(matters).map(remark));
    for table in dump.without_form() {
        let place = Place::table(table);
        let message = "the dump has rows of it and no CREATE TABLE";
        let help = "dump it again with its form (without --no-create-info)";
        found.push(Finding::error(Code::TableNotCopied, place, message).help(help));
    }
    found.extend(schema.tables.iter().flat_map(|table| left_out(dump, table)));
    found.extend(schema.tables.iter().filter_map(|table| {
        let column = dump.blurred(table)?;
        let place = Place::column(&table.name, &column.name);
        let message = "the server writes such columns without escapes where it writes the file itself \
                       (--tab): where its values end cannot be told";
        let help = "dump this table without --tab";
        Some(Finding::error(Code::TableNotCopied, place, message).help(help))
    }));
    found.extend(counters(dump, schema));
    let floats = schema.tables.iter().flat_map(|table| {
        let floats = table.columns.iter().filter(|one| one.column_type == ColumnType::Float);
        floats.map(|column| Place::column(&table.name, &column.name))
    });
    found.extend(floats.map(|place| {
        let message =
            "FLOATs stand in a dump with six digits, where the server holds seven or eight";
        Finding::note(Code::DumpRounds, place, message)
    }));
}

/// Values that statements leave to the server: those of a counter are counted as it would, and plain
/// defaults stand in; others cannot be known.
fn left_out(dump: &Dump, table: &Table) -> Vec<Finding> {
    let place = |column: &str| Place::column(&table.name, column);
    let unknown = dump.unknown(table);
    let counted = dump.counted(table);
    let is_told = |column: &&Column| {
        counted.is_some_and(|counted| counted.name == column.name)
            || unknown.iter().any(|(name, _)| *name == column.name)
    };
    let mut found: Vec<Finding> = dump
        .left_out(table)
        .into_iter()
        .filter(|column| !is_told(column))
        .map(|column| {
            let message = "the dump has no values of it: each row gets the column's default";
            let help = "if it had others, dump it again with its columns named (--complete-insert)";
            Finding::warning(Code::DumpLacksValues, place(&column.name), message).help(help)
        })
        .collect();
    found.extend(unknown.iter().map(|(column, what)| {
        let help = "dump it again with a tool that writes this column (mydumper 0.10 leaves out computed \
                    defaults of MySQL 8), leave the table out (exclude), or load the dump into a \
                    server and migrate from there";
        Finding::error(Code::DumpLacksValues, place(column), what.clone()).help(help)
    }));
    found.extend(counted.map(|column| {
        let message =
            "counted in the order of the rows, as a server would: they leave it to AUTO_INCREMENT";
        Finding::note(Code::DumpLacksValues, place(&column.name), message)
    }));
    found
}

/// Whether a column may hold letters that the charset of the dump does not have.
fn lacks_letters(charset: &str, schema: &Schema) -> bool {
    let is = |name: &str| charset.eq_ignore_ascii_case(name);
    let narrow = is("utf8") || is("utf8mb3");
    let fits = |own: &str| {
        own == "ascii"
            || is(own)
            || (narrow && !["utf8mb4", "utf16", "utf32", "gb18030"].contains(&own))
    };
    let mut columns = schema.tables.iter().flat_map(|table| &table.columns);
    columns.any(|column| match &column.collation {
        Some(collation) => !fits(&collation.charset),
        None => matches!(column.column_type, ColumnType::Json { .. }),
    })
}

/// AUTO_INCREMENT columns of tables with rows, of which the dump does not tell the next value: the
/// counter goes on behind the rows then, and numbers of rows that were deleted may come again.
fn counters(dump: &Dump, schema: &Schema) -> Vec<Finding> {
    let untold =
        |table: &&Table| table.auto_increment == Some(1) && !dump.pieces(&table.name).is_empty();
    let counted = schema.tables.iter().filter(untold).flat_map(|table| {
        let columns = table.columns.iter().filter(|column| column.auto_increment);
        columns.map(|column| (&table.name, &column.name))
    });
    let finding = |(table, column): (&TableName, &String)| {
        let message =
            "goes on behind the largest value: the dump does not tell the next AUTO_INCREMENT";
        Finding::note(Code::DumpLacksOptions, Place::column(table, column), message)
    };
    counted.map(finding).collect()
}

fn remark(remark: &Remark) -> Finding {
    let source = Place::source;
    let cut_off = |message: String| {
        let help = "the dump is not whole, or may not be: make it, or copy it, again";
        Finding::error(Code::DumpCutOff, source(), message).help(help)
    };
    match remark {
        Remark::CutOff { path, at, bytes } => {
            let what = format!("in the middle of what begins at byte {at}");
            cut_off(format!("{path} ends at byte {bytes} {what}"))
        }
        Remark::NoEnd { path, bytes, lacks } => {
            cut_off(format!("{path} ends at byte {bytes} without {lacks}"))
        }
        Remark::EndUntold { path } => {
            let message = format!(
                "nothing in {path} tells whether it is whole: its tool writes no last line, or was \
                 told not to"
            );
            Finding::note(Code::DumpEndUntold, source(), message)
        }
        Remark::Narrow { charset } => {
            let message = format!(
                "written in {charset}: letters of its columns that {charset} does not have stand in it \
                 as ?, and arrive so"
            );
            let help =
                "dump it with --default-character-set=utf8mb4, or binary from a MySQL before 5.5";
            Finding::warning(Code::DumpLettersLost, source(), message).help(help)
        }
        Remark::Partial { path, condition } => {
            let message = format!("{path} has only rows WHERE {condition}: it was made so");
            Finding::warning(Code::DumpPartial, source(), message)
        }
        Remark::NotRead { path, at, statement } => {
            let message = format!("{path}, byte {at}: a statement that is not read: {statement}");
            Finding::warning(Code::DumpStatementNotRead, source(), message)
        }
        Remark::MoreNotRead { statements } => {
            let message = format!("{statements} more statements that are not read");
            Finding::warning(Code::DumpStatementNotRead, source(), message)
        }
        Remark::NoRows { path } => {
            let message = format!("{path} has tables, and not one row of any of them");
            let help = "if it was made with --no-data, this is right";
            Finding::warning(Code::DumpWithoutRows, source(), message).help(help)
        }
        Remark::NoOptions { path } => {
            let message = format!(
                "{path} has CREATE TABLE without what stands behind the columns: the tables' charset \
                 and comment, and perhaps AUTO_INCREMENT and ON UPDATE, too, are not told"
            );
            let help = "dump it without --skip-opt, --skip-create-options and --compatible";
            Finding::warning(Code::DumpLacksOptions, source(), message).help(help)
        }
        Remark::History => {
            let message =
                "made with --dump-history: rows that are no longer stand among those that are";
            let help = "dump it without --dump-history, or migrate from the server";
            Finding::error(Code::DumpHasHistory, source(), message).help(help)
        }
        Remark::Lacks { path, what } => cut_off(format!("{path} lacks {what}")),
        Remark::NoTimeZone => {
            let message = "the dump does not tell its time zone (--skip-tz-utc): its TIMESTAMPs are \
                           taken as UTC";
            Finding::warning(Code::DumpTimeZone, source(), message)
        }
    }
}

/// Takes out of the mappings what the dump has no values of. A column that the target computes is
/// then not proven; one that cannot be computed there has no values at all.
pub(crate) fn leave_out(dump: &Dump, schema: &Schema, conversion: &mut Conversion) {
    for at in 0..conversion.mappings.len() {
        let mapping = &conversion.mappings[at];
        let Some(table) = schema.tables.iter().find(|table| table.name == mapping.source) else {
            continue;
        };
        let absent = dump.absent(table);
        let is_absent = |name: &String| absent.contains(name);
        for (position, column) in mapping.columns.iter().enumerate() {
            if !is_absent(&column.source) {
                continue;
            }
            let place = Place::column(&mapping.source, &column.source);
            conversion.findings.push(if position < mapping.copied {
                let message = "left NULL: a dump has no values of generated columns, and the \
                               target cannot compute this one";
                let help = "migrate from the server, or fill the column in the target";
                Finding::error(Code::DumpLacksValues, place, message).help(help)
            } else {
                let message = "computed by the target and not compared: a dump has no values of \
                               generated columns";
                Finding::note(Code::DumpLacksValues, place, message)
            });
        }
        for column in &mut conversion.target.tables[at].columns {
            let mapped = mapping.columns.iter().find(|mapped| mapped.target == column.name);
            if mapped.is_some_and(|mapped| is_absent(&mapped.source)) && column.generated.is_none()
            {
                column.not_null = false;
            }
        }
        conversion.mappings[at] = without(mapping, &absent);
    }
}

/// The mapping without some of its columns.
fn without(mapping: &TableMapping, absent: &[String]) -> TableMapping {
    let mut kept = mapping.clone();
    let is_absent = |at: usize| absent.contains(&mapping.columns[at].source);
    kept.columns.retain(|column| !absent.contains(&column.source));
    kept.copied -= (0..mapping.copied).filter(|at| is_absent(*at)).count();
    kept.key =
        mapping.key.iter().map(|at| at - (0..*at).filter(|at| is_absent(*at)).count()).collect();
    if mapping.key.iter().any(|at| is_absent(*at)) {
        kept.key.clear();
    }
    kept
}
