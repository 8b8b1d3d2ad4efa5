//! Names that are not what they were: cut to fit, or written in another way, as was asked for. Two
//! that would become one are refused before anything is made.

use std::collections::BTreeMap;

use super::Converter;
use super::names::{Names, fitted};
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::settings::{Renamed, TableNames};
use crate::mysql::schema::Table;

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

/// A name of the source, and what it is to be.
type Pair<'a> = (&'a str, String);

impl Converter<'_> {
    /// What is written in another way, and what must not be.
    pub(super) fn renamed(&mut self) {
        let named = &self.choices.settings.named;
        let mut found = Vec::new();
        let views =
            self.source.views.iter().map(|view| {
                (PlaceKind::View, self.called(&view.name, named.views.get(&view.name)))
            });
        let sequences = self.source.sequences.iter().map(|one| {
            (PlaceKind::Sequence, self.called(&one.name, named.sequences.get(&one.name)))
        });
        let others: Vec<(PlaceKind, Pair<'_>)> = views.chain(sequences).collect();
        for (kind, pair) in &others {
            if let Some(change) = changed(std::slice::from_ref(pair)).first() {
                let message = format!("named anew, as was asked for: {change}");
                found.push(Finding::note(Code::Renamed, Place::object(*kind, pair.0), message));
            }
        }
        let tables = self.source.tables.iter().map(|table| self.table_pair(table));
        let relations: Vec<Pair<'_>> =
            tables.chain(others.into_iter().map(|(_, pair)| pair)).collect();
        for (name, one, other) in collisions(&relations) {
            let message = format!("{one} and {other} would both be named {name}");
            found.push(collide(Place::object(PlaceKind::Table, other), message));
        }
        for table in &self.source.tables {
            found.extend(self.renamed_of(table));
        }
        self.conversion.findings.extend(found);
    }

    /// Notes what is called otherwise, for a file of names.
    pub(super) fn note_names(&mut self) {
        self.conversion.note_mapped();
        let mut named = std::mem::take(&mut self.conversion.named);
        for table in &self.source.tables {
            let name = table.name.name.as_str();
            let keys = table.foreign_keys.iter().map(|key| &key.name);
            for (old, new) in self.parts(table, |names| &names.foreign_keys, keys) {
                named.note(name, |names| &mut names.foreign_keys, (old, &fitted(&new)));
            }
            let checks = table.checks.iter().map(|check| &check.name);
            for (old, new) in self.parts(table, |names| &names.checks, checks) {
                named.note(name, |names| &mut names.checks, (old, &fitted(&new)));
            }
        }
        let views = self.view_names.iter().filter(|(name, new)| name != new);
        named.views = views.map(|(name, new)| (name.clone(), new.clone())).collect();
        let sequences = self.sequences.iter().filter(|(name, new)| *name != new.name);
        named.sequences = sequences.map(|(name, new)| (name.clone(), new.name.clone())).collect();
        self.conversion.named = named;
    }

    /// A name as it was told, or else as names are to be written.
    fn called<'t>(&self, name: &'t str, told: Option<&String>) -> Pair<'t> {
        (name, told.cloned().unwrap_or_else(|| self.names.identifiers.name(name)))
    }

    /// A table's name as the source has it, or as `rename` of nirvana.toml has it.
    fn table_pair<'t>(&'t self, table: &'t Table) -> Pair<'t> {
        let settings = &self.choices.settings;
        match settings.rename.get(&table.name.name) {
            Some(wanted) => self.called(wanted, None),
            None => {
                let told = settings.table_name(table).map(str::to_owned);
                self.called(&table.name.name, told.as_ref())
            }
        }
    }

    /// Names of parts of a table.
    fn parts<'t>(
        &self,
        table: &Table,
        of: fn(&TableNames) -> &Renamed,
        names: impl Iterator<Item = &'t String>,
    ) -> Vec<Pair<'t>> {
        let told = self.choices.settings.named.tables.get(&table.name.name).map(of);
        names.map(|name| self.called(name, told.and_then(|told| told.get(name)))).collect()
    }

    /// The same of a table and all that belongs to it.
    fn renamed_of(&self, table: &Table) -> Vec<Finding> {
        let columns = table.columns.iter().map(|one| &one.name);
        let columns: Vec<Pair<'_>> = self.parts(table, |names| &names.columns, columns);
        let mut found: Vec<Finding> = collisions(&columns)
            .into_iter()
            .map(|(name, one, other)| {
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

/// The new name, and two that would both have it.
fn collisions<'a>(pairs: &[Pair<'a>]) -> Vec<(String, &'a str, &'a str)> {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for (name, new) in pairs {
        match taken.get(new.as_str()) {
            Some(first) => found.push((new.clone(), *first, *name)),
            None => {
                taken.insert(new, name);
            }
        }
    }
    found
}
