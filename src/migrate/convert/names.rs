//! Names that fit the target: unique per schema where `PostgreSQL` wants it, and at most
//! 63 bytes, as the server would otherwise cut them and fold two into one.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

use crate::migrate::settings::{Identifiers, Settings};
use crate::mysql::schema::Table;
use crate::name::POSTGRES_NAME_BYTES;

/// What every table of the target has of its own: no column can be called so.
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// The names of every schema.
#[derive(Debug)]
pub(crate) struct Spaces {
    pub(crate) identifiers: Identifiers,
    by_schema: HashMap<String, Names>,
}

impl Spaces {
    pub(crate) fn of(identifiers: Identifiers) -> Self {
        Self { identifiers, by_schema: HashMap::new() }
    }

    pub(crate) fn within(&mut self, schema: &str) -> &mut Names {
        let names = || Names::of(self.identifiers);
        self.by_schema.entry(schema.to_owned()).or_insert_with(names)
    }

    /// As names are to be written, cut to fit.
    pub(crate) fn fitted(&self, name: &str) -> String {
        fitted(&self.identifiers.name(name))
    }
}

/// Hands out names of relations and types, which share one space within a schema.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) identifiers: Identifiers,
    taken: HashSet<String>,
    /// How often each index name is wanted: one that several tables want is nobody's.
    wanted: HashMap<String, usize>,
}

impl Names {
    fn of(identifiers: Identifiers) -> Self {
        Self { identifiers, ..Self::default() }
    }

    /// Counts a wish, before any index name is claimed.
    pub(crate) fn want(&mut self, name: &str) {
        let name = fitted(&self.identifiers.name(name));
        *self.wanted.entry(name).or_default() += 1;
    }

    /// Keeps names for those that they were told for.
    pub(crate) fn reserve<'n>(&mut self, names: impl IntoIterator<Item = &'n String>) {
        self.taken.extend(names.into_iter().cloned());
    }

    /// The name that was told, or else the one that `claim` gives.
    pub(crate) fn claim_as(&mut self, told: Option<&str>, wanted: &str, front: &str) -> String {
        told.map_or_else(|| self.claim(wanted, front), str::to_owned)
    }

    /// The wanted name, cut to fit if need be; if it is taken or wanted by several, the same
    /// with `front` before it.
    pub(crate) fn claim(&mut self, wanted: &str, front: &str) -> String {
        let (wanted, front) = (self.identifiers.name(wanted), self.identifiers.name(front));
        let name = fitted(&wanted);
        let contested = self.wanted.get(&name).is_some_and(|times| *times > 1);
        if !contested && self.taken.insert(name.clone()) {
            return name;
        }
        let mut name = fitted(&format!("{front}_{wanted}"));
        let mut number = 2;
        while !self.taken.insert(name.clone()) {
            name = fitted(&format!("{front}_{wanted}_{number}"));
            number += 1;
        }
        name
    }
}

/// What a column's name was told to be, or else is by how names are to be written.
pub(super) fn column_wanted(settings: &Settings, table: &Table, name: &str) -> String {
    let told = settings.column_name(table, name);
    told.map_or_else(|| settings.identifiers().name(name), str::to_owned)
}

/// The same cut to fit. A system column's name gets underscores, as many as make it a name of its
/// own in the table.
pub(super) fn column(settings: &Settings, table: &Table, name: &str) -> String {
    let mut column = fitted(&column_wanted(settings, table, name));
    if SYSTEM_COLUMNS.contains(&column.as_str()) {
        let others = table.columns.iter().map(|one| column_wanted(settings, table, &one.name));
        let taken: HashSet<String> = others.collect();
        while taken.contains(&column) || SYSTEM_COLUMNS.contains(&column.as_str()) {
            column.push('_');
        }
    }
    column
}

/// The name itself if it fits; else its start, cut at a character, and a hash of the whole.
pub(crate) fn fitted(name: &str) -> String {
    if name.len() <= POSTGRES_NAME_BYTES {
        return name.to_owned();
    }
    let hash = format!("_{:08x}", xxh3_64(name.as_bytes()) as u32);
    let start = name.floor_char_boundary(POSTGRES_NAME_BYTES - hash.len());
    format!("{}{hash}", &name[..start])
}

#[cfg(test)]
mod tests {
    use super::{Names, fitted};

    #[test]
    fn long_names_are_cut_at_a_character_and_stay_apart() {
        let long = "é".repeat(64);
        let other = format!("{}x", "é".repeat(63));
        assert_eq!(fitted("short"), "short");
        assert!(fitted(&long).len() <= 63);
        assert_ne!(fitted(&long), fitted(&other));
        assert_eq!(fitted(&long), fitted(&long));
    }

    #[test]
    fn a_name_that_two_tables_want_gets_the_table_in_front_on_both() {
        let mut names = Names::default();
        for name in ["by_user", "by_user", "by_day"] {
            names.want(name);
        }
        assert_eq!(names.claim("by_user", "orders"), "orders_by_user");
        assert_eq!(names.claim("by_user", "carts"), "carts_by_user");
        assert_eq!(names.claim("by_day", "carts"), "by_day");
        assert_eq!(names.claim("by_day", "carts"), "carts_by_day");
        assert_eq!(names.claim("by_day", "carts"), "carts_by_day_2");
    }
}
