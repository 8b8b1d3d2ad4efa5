//! Names that are not what they were: cut to fit, or written in another way, as was asked for. Two
//! that would become one are refused before anything is made.

use std::collections::BTreeMap;

use super::Converter;
use super::names::fitted;
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::settings::Identifiers;
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

impl Converter<'_> {
    /// What is written in another way, and what must not be.
    pub(super) fn renamed(&mut self) {
        let identifiers = self.names.identifiers;
        let mut found = Vec::new();
        let views = self.source.views.iter().map(|view| (PlaceKind::View, &view.name));
        let sequences = self.source.sequences.iter();
        let sequences = sequences.map(|one| (PlaceKind::Sequence, &one.name));
        let others: Vec<(PlaceKind, &TableName)> = views.chain(sequences).collect();
        for (kind, name) in &others {
            if let Some(change) = changed(identifiers, std::iter::once(name.name.as_str())).first()
            {
                let message = format!("named anew, as was asked for: {change}");
                found.push(Finding::note(Code::Renamed, Place::of(*kind, name), message));
            }
        }
        let tables = self.source.tables.iter().map(|table| (&table.name, self.wanted(table)));
        let others = others.iter().map(|(_, name)| (*name, name.name.as_str()));
        // Relations as they would be, but still in their databases.
        let mut by_schema: BTreeMap<&str, Vec<TableName>> = BTreeMap::new();
        for (source, wanted) in tables.chain(others) {
            let relation = TableName::new(&source.schema, wanted);
            by_schema.entry(self.schema(source)).or_default().push(relation);
        }
        for relations in by_schema.values() {
            let names = relations.iter().map(|relation| relation.name.as_str());
            for (name, one, other) in collisions(names, identifiers) {
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

    /// The name that a table wants.
    fn wanted<'t>(&'t self, table: &'t Table) -> &'t str {
        self.choices.settings.wanted_name(&table.name)
    }

    /// The same of a table and all that belongs to it.
    fn renamed_of(&self, table: &Table) -> Vec<Finding> {
        let identifiers = self.names.identifiers;
        let columns: Vec<&str> = table.columns.iter().map(|one| one.name.as_str()).collect();
        let collisions = collisions(columns.iter().copied(), identifiers).into_iter();
        let mut found: Vec<Finding> = collisions
            .map(|(name, one, other)| {
                let [one, other] = [columns[one], columns[other]];
                let message = format!("{one} and {other} would both be named {name}");
                collide(Place::column(&table.name, other), message)
            })
            .collect();
        let indexes = table.indexes.iter().map(|index| index.name.as_str());
        let indexes = indexes.filter(|name| *name != "PRIMARY");
        let keys = table.foreign_keys.iter().map(|key| key.name.as_str());
        let checks = table.checks.iter().map(|check| check.name.as_str());
        let mut told = changed(identifiers, std::iter::once(self.wanted(table)));
        for (what, names) in [
            ("columns", changed(identifiers, columns.iter().copied())),
            ("indexes", changed(identifiers, indexes)),
            ("foreign keys", changed(identifiers, keys)),
            ("checks", changed(identifiers, checks)),
        ] {
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
    let help = "rename = { … } in [migrate] of nirvana.toml, or --identifiers preserve";
    Finding::error(Code::NamesCollide, place, message).help(help)
}

/// `OrderId → order_id`.
fn changed<'a>(identifiers: Identifiers, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let pairs = names.map(|name| (name, identifiers.name(name)));
    let changed = pairs.filter(|(name, new)| name != new);
    changed.map(|(name, new)| format!("{name} → {new}")).collect()
}

/// The new name, and the places of two that would both have it.
fn collisions<'a>(
    names: impl Iterator<Item = &'a str>,
    identifiers: Identifiers,
) -> Vec<(String, usize, usize)> {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, name) in names.enumerate() {
        let new = identifiers.name(name);
        match taken.get(&new) {
            Some(first) => found.push((new, *first, at)),
            None => {
                taken.insert(new, at);
            }
        }
    }
    found
}
