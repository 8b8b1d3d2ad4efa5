//! Names that are not what they were: cut to fit, or written in another way, as was asked for. Two
//! that would become one are refused before anything is made.

use std::collections::BTreeMap;

use super::Converter;
use super::names::fitted;
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::settings::{Identifiers, Named, Renamed, TableNames};
use crate::mysql::schema::Table;
use crate::name::TableName;

/// A name that had to be cut.
pub(super) fn cut(
    identifiers: Identifiers,
    wanted: &str,
    name: &TableName,
    place: impl FnOnce() -> Place,
) -> Option<Finding> {
    let whole = identifiers.name(wanted);
    (fitted(&whole) != whole).then(|| {
        let message = format!("named {}: names hold 63 bytes in PostgreSQL", name.name);
        Finding::warning(Code::Renamed, place(), message)
    })
}

/// A name of the source, and what it is to be.
type Pair<'a> = (&'a str, String);

impl Converter<'_> {
    /// What is written in another way, and what must not be.
    pub(super) fn renamed(&mut self) {
        let named = &self.choices.settings.named;
        let mut found = Vec::new();
        let views = self.source.views.iter().map(|view| {
            let told = Named::of(&named.views, &view.name);
            (PlaceKind::View, &view.name, self.called(&view.name.name, told))
        });
        let sequences = self.source.sequences.iter().map(|one| {
            let told = Named::of(&named.sequences, &one.name);
            (PlaceKind::Sequence, &one.name, self.called(&one.name.name, told))
        });
        let others: Vec<(PlaceKind, &TableName, Pair<'_>)> = views.chain(sequences).collect();
        for (kind, name, pair) in &others {
            if let Some(change) = changed(std::slice::from_ref(pair)).first() {
                let message = format!("named anew, as was asked for: {change}");
                found.push(Finding::note(Code::Renamed, Place::of(*kind, name), message));
            }
        }
        let tables = self.source.tables.iter().map(|table| (&table.name, self.table_pair(table)));
        let others = others.into_iter().map(|(_, name, pair)| (name, pair));
        // Relations as they would be, but still in their databases.
        let mut by_schema: BTreeMap<&str, (Vec<TableName>, Vec<Pair<'_>>)> = BTreeMap::new();
        for (source, pair) in tables.chain(others) {
            let (relations, pairs) = by_schema.entry(self.schema(source)).or_default();
            relations.push(TableName::new(&source.schema, pair.0));
            pairs.push(pair);
        }
        for (relations, pairs) in by_schema.values() {
            for (name, one, other) in collisions(pairs) {
                let [one, other] = [&relations[one], &relations[other]];
                let pair = [one, other].map(|relation| self.source.called(relation)).join(" and ");
                let message = format!("{pair} would both be named {name}");
                found.push(collide(Place::of(PlaceKind::Table, other), message));
            }
        }
        for table in &self.source.tables {
            found.extend(self.renamed_of(table));
        }
        self.conversion.findings.extend(found);
    }

    /// Notes what is called otherwise, for a file of names.
    pub(super) fn note_names(&mut self) {
        self.conversion.note_mapped(self.source);
        let mut named = std::mem::take(&mut self.conversion.named);
        for table in &self.source.tables {
            let name = self.source.called(&table.name);
            let keys = table.foreign_keys.iter().map(|key| &key.name);
            for (old, new) in self.parts(table, |names| &names.foreign_keys, keys) {
                named.note(&name, |names| &mut names.foreign_keys, (old, &fitted(&new)));
            }
            let checks = table.checks.iter().map(|check| &check.name);
            for (old, new) in self.parts(table, |names| &names.checks, checks) {
                named.note(&name, |names| &mut names.checks, (old, &fitted(&new)));
            }
        }
        let called = |(name, new): (&TableName, &TableName)| {
            (name.name != new.name).then(|| (self.source.called(name), new.name.clone()))
        };
        named.views = self.views.iter().filter_map(called).collect();
        let sequences = self.sequences.iter().map(|(name, new)| (name, new));
        named.sequences = sequences.filter_map(called).collect();
        self.conversion.named = named;
    }

    /// A name as it was told, or else as names are to be written.
    fn called<'t>(&self, name: &'t str, told: Option<&str>) -> Pair<'t> {
        (name, told.map_or_else(|| self.names.identifiers.name(name), str::to_owned))
    }

    /// A table's name as the source has it, or as `rename` of nirvana.toml has it.
    fn table_pair<'t>(&'t self, table: &'t Table) -> Pair<'t> {
        let (wanted, told) = self.choices.settings.name_of(&table.name);
        self.called(wanted, told)
    }

    /// Names of parts of a table.
    fn parts<'t>(
        &self,
        table: &Table,
        of: fn(&TableNames) -> &Renamed,
        names: impl Iterator<Item = &'t String>,
    ) -> Vec<Pair<'t>> {
        let named = &self.choices.settings.named;
        names.map(|name| self.called(name, named.part(&table.name, of, name))).collect()
    }

    /// The same of a table and all that belongs to it.
    fn renamed_of(&self, table: &Table) -> Vec<Finding> {
        let columns = table.columns.iter().map(|one| &one.name);
        let columns: Vec<Pair<'_>> = self.parts(table, |names| &names.columns, columns);
        let mut found: Vec<Finding> = collisions(&columns)
            .into_iter()
            .map(|(name, one, other)| {
                let [one, other] = [columns[one].0, columns[other].0];
                let message = format!("{one} and {other} would both be named {name}");
                collide(Place::column(&table.name, other), message)
            })
            .collect();
        let indexes = table.indexes.iter().map(|one| &one.name).filter(|name| *name != "PRIMARY");
        let keys = table.foreign_keys.iter().map(|key| &key.name);
        let checks = table.checks.iter().map(|check| &check.name);
        let mut told = changed(&[self.table_pair(table)]);
        for (what, pairs) in [
            ("columns", columns),
            ("indexes", self.parts(table, |names| &names.indexes, indexes)),
            ("foreign keys", self.parts(table, |names| &names.foreign_keys, keys)),
            ("checks", self.parts(table, |names| &names.checks, checks)),
        ] {
            let names = changed(&pairs);
            if !names.is_empty() {
                told.push(format!("{what}: {}", names.join(", ")));
            }
        }
        if !told.is_empty() {
            let message = format!("named anew, as was asked for: {}", told.join("; "));
            found.push(Finding::note(Code::Renamed, Place::table(&table.name), message));
        }
        found
    }
}

fn collide(place: Place, message: String) -> Finding {
    let help = "rename = { … } in [migrate] of nirvana.toml, --identifiers preserve, or another name in \
                the file after --names";
    Finding::error(Code::NamesCollide, place, message).help(help)
}

/// `OrderId → order_id`.
fn changed(pairs: &[Pair<'_>]) -> Vec<String> {
    let changed = pairs.iter().filter(|(name, new)| name != new);
    changed.map(|(name, new)| format!("{name} → {new}")).collect()
}

/// The new name, and the places of two that would both have it.
fn collisions(pairs: &[Pair<'_>]) -> Vec<(String, usize, usize)> {
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, (_, new)) in pairs.iter().enumerate() {
        match taken.get(new.as_str()) {
            Some(first) => found.push((new.clone(), *first, at)),
            None => {
                taken.insert(new, at);
            }
        }
    }
    found
}
