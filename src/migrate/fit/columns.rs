//! The columns of one table that stands: which of the source's go where, and what stands against it.

use crate::finding::{Code, Finding, Place};
use crate::migrate::fit::accept::{Accept, Kind as Difference};
use crate::migrate::fit::names::{self, Match};
use crate::migrate::fit::passage::{Clock, Passage, kind, made, passage};
use crate::migrate::fit::{Fitter, missing};
use crate::migrate::mapping::{ColumnMapping, row_key};
use crate::migrate::mapping::{Form, Owner, TableMapping};
use crate::migrate::settings::ColumnRule;
use crate::migrate::{reading, transform};
use crate::mysql::schema as mysql;
use crate::name::{TableName, postgres_quoted};
use crate::postgres::standing::{StandingColumn, StandingTable};

/// The columns of a table: those that are copied, and those that the target computes itself.
#[derive(Debug, Default)]
pub(super) struct Columns {
    copied: Vec<ColumnMapping>,
    proven: Vec<ColumnMapping>,
}

impl TableMapping {
    /// A table whose target somebody else has made.
    pub(super) fn theirs(source: &mysql::Table, target: TableName, columns: Columns) -> Self {
        let Columns { copied: mut all, proven } = columns;
        let copied = all.len();
        all.extend(proven);
        Self {
            source: source.name.clone(),
            target,
            rows: None,
            key: row_key(source, &all),
            columns: all,
            copied,
            form: Form::Plain,
            owner: Owner::Theirs,
            rows_estimate: source.rows_estimate,
            bytes_estimate: source.bytes_estimate,
        }
    }
}

impl Fitter<'_> {
    pub(super) fn columns(
        &mut self,
        source: &mysql::Table,
        (name, there): (&TableName, &StandingTable),
    ) -> Columns {
        let settings = self.terms.settings;
        let told = |column: &'_ mysql::Column| settings.column_name(source, &column.name);
        let wanted = source.columns.iter().map(|column| told(column).unwrap_or(&column.name));
        let wanted: Vec<&str> = wanted.collect();
        let names: Vec<&str> = there.columns.iter().map(|column| column.name.as_str()).collect();
        let mut columns = Columns::default();
        let mut filled = vec![false; names.len()];
        for (from, matched) in source.columns.iter().zip(names::pair(&wanted, &names)) {
            let Match::One(at) = matched else {
                self.lacks(source, from, &missing("column", &matched));
                continue;
            };
            let to = &there.columns[at];
            if let Some(mapping) = self.column(source, from, to) {
                filled[at] = true;
                if to.is_generated {
                    columns.proven.push(mapping);
                } else {
                    columns.copied.push(mapping);
                }
            }
        }
        let extra = there.columns.iter().zip(filled).filter(|(_, filled)| !filled);
        let extra: Vec<&StandingColumn> = extra.map(|(column, _)| column).collect();
        self.extra(source, name, &extra);
        columns
    }

    fn lacks(&mut self, table: &mysql::Table, column: &mysql::Column, what: &str) {
        let place = Place::column(&table.name, &column.name);
        let then = ("its values stay behind", "add it to the target");
        let difference = difference(Difference::MissingColumn, (self.source, table), column);
        if self.differs(difference, (Code::MissingInTarget, place), what, then) {
            self.plan().leave(&table.name, Some(&column.name));
        }
    }

    /// The way of a column's values, if it is known and accepted.
    fn column(
        &mut self,
        table: &mysql::Table,
        from: &mysql::Column,
        to: &StandingColumn,
    ) -> Option<ColumnMapping> {
        let place = || Place::column(&table.name, &from.name);
        let schema = self.source;
        let of = |kind| difference(kind, (schema, table), from);
        let rule = self.terms.settings.rule(table, from);
        let ruled = ruled(&rule, from, to);
        if let Err(message) = &ruled {
            let help = "take another rule in [migrate.columns] or [migrate.types] of nirvana.toml, \
                        or give the target's column another type";
            self.found(Finding::error(Code::TypeRefused, place(), message).help(help));
        }
        let way = ruled.ok()?.or_else(|| passage(&from.column_type, &to.kind));
        let Some(way) = way else {
            let what = format!("no exact way from its type to {}", to.type_text);
            let then = ("its values stay behind", "give the target's column another type");
            if self.differs(of(Difference::NoExactWay), (Code::NoExactWay, place()), &what, then) {
                self.plan().leave(&table.name, Some(&from.name));
            }
            return None;
        };
        if to.name != from.name {
            let message = format!("goes into {}", to.name);
            self.found(Finding::note(Code::Renamed, place(), message));
        }
        let nulls = from.nullable && to.not_null && !to.is_generated;
        let nulls = nulls.then(|| "NULL has no place in the target".to_owned());
        let reasons: Vec<String> = way.narrower.into_iter().chain(nulls).collect();
        if !reasons.is_empty() {
            let what = format!("the target's {} is narrower: {}", to.type_text, reasons.join("; "));
            let then = "rows with a value that does not fit are set aside whole";
            let or = (then, "widen the target's column");
            self.differs(of(Difference::Narrower), (Code::Narrower, place()), &what, or);
        }
        match way.clock {
            Clock::AsItIs => {}
            Clock::Lost => {
                let message = format!("an instant; the target's {} has its UTC", to.type_text);
                self.found(Finding::note(Code::TimeZoneChosen, place(), message));
            }
            Clock::Gained => {
                let what = format!(
                    "a DATETIME says nothing of a time zone, and the target is {}",
                    to.type_text
                );
                let or = ("its values are taken as UTC", "make it timestamp without time zone");
                let difference = of(Difference::DatetimeAsUtc);
                self.differs(difference, (Code::TimeZoneChosen, place()), &what, or);
            }
        }
        if from.auto_increment && to.sequence.is_none() {
            let message =
                "AUTO_INCREMENT in the source, and no sequence gives the target's numbers";
            let help = format!(
                "ALTER TABLE … ALTER COLUMN {} ADD GENERATED BY DEFAULT AS IDENTITY",
                postgres_quoted(&to.name)
            );
            self.found(Finding::warning(Code::NotCarried, place(), message).help(help));
        }
        let (source, target) = (from.name.clone(), to.name.clone());
        let known = (&rule, self.terms.answers);
        let (transcoder, read) = reading::read((table, from), way.transcoder, known);
        Some(ColumnMapping { source, target, transcoder, read })
    }

    /// Columns that the source has nothing for.
    fn extra(&mut self, source: &mysql::Table, name: &TableName, columns: &[&StandingColumn]) {
        let is_needed = |column: &&&StandingColumn| {
            column.not_null && !column.has_default && !column.is_generated
        };
        for column in columns.iter().filter(is_needed) {
            let message =
                "a column of the target that may not be NULL, has no default, and no value here";
            let (table, quoted) = (name.postgres(), postgres_quoted(&column.name));
            let help = format!(
                "ALTER TABLE {table} ALTER COLUMN {quoted} SET DEFAULT …, or DROP NOT NULL"
            );
            let place = Place::column(&source.name, &column.name);
            self.found(Finding::error(Code::ExtraColumn, place, message).help(help));
        }
        let filled: Vec<&str> = columns
            .iter()
            .filter(|column| !is_needed(column) && !column.is_generated)
            .map(|column| column.name.as_str())
            .collect();
        if !filled.is_empty() {
            let message = format!(
                "columns of the target that get their default or NULL: {}",
                filled.join(", ")
            );
            self.found(Finding::note(Code::ExtraColumn, Place::table(&source.name), message));
        }
    }
}

/// The way that was asked for by name, if one was; why it does not lead into a column that stands.
fn ruled(
    rule: &ColumnRule,
    from: &mysql::Column,
    to: &StandingColumn,
) -> Result<Option<Passage>, String> {
    if let Some(transform) = transform::senseless(&rule.using, &from.column_type) {
        return Err(format!("{} is no way for values of its type", transform.word()));
    }
    if let Some(wanted) = &rule.wanted
        && kind(&wanted.0).is_some_and(|kind| kind != to.kind)
    {
        let (wanted, there) = (&wanted.0, &to.type_text);
        return Err(format!("{wanted} was asked for, and the target's column is {there}"));
    }
    let Some(transform) = transform::converting(&rule.using) else { return Ok(None) };
    let way = made(&to.kind).and_then(|made| transform::way(transform, &from.column_type, &made));
    let nowhere =
        || format!("no exact way from its type to {} by {}", to.type_text, transform.word());
    Ok(Some(Passage::new(way.ok_or_else(nowhere)?)))
}

fn difference(
    kind: Difference,
    (schema, table): (&mysql::Schema, &mysql::Table),
    column: &mysql::Column,
) -> Accept {
    Accept { kind, table: schema.called(&table.name), column: Some(column.name.clone()) }
}
