//! Names that are not what they were: cut to fit, or written in another way, as was asked for. Two
//! that would become one are refused before anything is made.

use std::collections::BTreeMap;

use super::Converter;
use super::names::{Names, fitted};
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::settings::Identifiers;

/// A name that had to be cut.
pub(super) fn cut(
    names: &Names,
    wanted: &str,
    name: &str,
    place: impl FnOnce() -> Place,
) -> Option<Finding> {
    let whole = names.identifiers.name(wanted);
    (fitted(&whole) != whole).then(|| {
        let message = format!("named {name}: names hold 63 bytes in PostgreSQL");
        Finding::warning(Code::Renamed, place(), message)
    })
}

impl Converter<'_> {
    /// What is written in another way, table by table, and what must not be.
    pub(super) fn renamed(&mut self) {
        let identifiers = self.names.identifiers;
        if identifiers == Identifiers::Preserve {
            return;
        }
        let source = self.source;
        let mut found = Vec::new();
        for table in &source.tables {
            let renamed = self.choices.settings.rename.get(&table.name.name);
            let own = renamed.unwrap_or(&table.name.name);
            let columns: Vec<&str> = table.columns.iter().map(|one| one.name.as_str()).collect();
            for (name, one, other) in collisions(&columns, identifiers) {
                let message = format!("{one} and {other} would both be named {name}");
                found.push(collide(Place::column(&table.name, other), message));
            }
            let indexes = table.indexes.iter().map(|index| index.name.as_str());
            let indexes = indexes.filter(|name| *name != "PRIMARY");
            let keys = table.foreign_keys.iter().map(|key| key.name.as_str());
            let checks = table.checks.iter().map(|check| check.name.as_str());
            let mut told = changed(identifiers, std::iter::once(own.as_str()));
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
                let place = Place::table(&table.name);
                found.push(Finding::note(Code::Renamed, place, message));
            }
        }
        let views = source.views.iter().map(|view| (PlaceKind::View, view.name.as_str()));
        let sequences = source.sequences.iter().map(|one| (PlaceKind::Sequence, one.name.as_str()));
        let others: Vec<(PlaceKind, &str)> = views.chain(sequences).collect();
        for (kind, name) in &others {
            if let Some(change) = changed(identifiers, std::iter::once(*name)).first() {
                let message = format!("named anew, as was asked for: {change}");
                found.push(Finding::note(Code::Renamed, Place::object(*kind, *name), message));
            }
        }
        let tables = source.tables.iter().map(|table| {
            self.choices.settings.rename.get(&table.name.name).unwrap_or(&table.name.name).as_str()
        });
        let relations: Vec<&str> = tables.chain(others.iter().map(|(_, name)| *name)).collect();
        for (name, one, other) in collisions(&relations, identifiers) {
            let message = format!("{one} and {other} would both be named {name}");
            found.push(collide(Place::object(PlaceKind::Table, other), message));
        }
        self.conversion.findings.extend(found);
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

/// The new name, and two that would both have it.
fn collisions<'a>(names: &[&'a str], identifiers: Identifiers) -> Vec<(String, &'a str, &'a str)> {
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for name in names {
        let new = identifiers.name(name);
        match taken.get(&new) {
            Some(first) => found.push((new, *first, *name)),
            None => {
                taken.insert(new, name);
            }
        }
    }
    found
}
