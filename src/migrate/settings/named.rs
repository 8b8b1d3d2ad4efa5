//! The file of names (`--names`): what each thing is called in the target that is not called as in the
//! source. It is written by the run that first decides it, can be handed on and edited, and whoever
//! names it gets the same names again.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::mysql::schema::{Schema, Table};
use crate::name::{POSTGRES_NAME_BYTES, TableName};
use crate::settings::{Section, Settings, SettingsError};

/// Name in the source → name in the target.
pub(crate) type Renamed = BTreeMap<String, String>;

/// All names that differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) tables: BTreeMap<String, TableNames>,
    pub(crate) views: Renamed,
    pub(crate) sequences: Renamed,
}

/// Those of one table and all that belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct TableNames {
    /// Its own.
    pub(crate) name: Option<String>,
    pub(crate) columns: Renamed,
    pub(crate) indexes: Renamed,
    pub(crate) foreign_keys: Renamed,
    pub(crate) checks: Renamed,
    /// Column → the type that is made of its ENUM.
    pub(crate) types: Renamed,
}

impl TableNames {
    /// The table's own name, and those that share its space.
    fn relations(&self) -> impl Iterator<Item = &String> {
        self.name.iter().chain(self.indexes.values()).chain(self.types.values())
    }
}

const SECTIONS: [Section; 3] = [
    Section::of::<BTreeMap<String, TableNames>>("tables"),
    Section::of::<Renamed>("views"),
    Section::of::<Renamed>("sequences"),
];

impl Named {
    pub(crate) fn read(path: &Path) -> Result<Self, SettingsError> {
        let Some(file) = Settings::find(Some(path), Path::new(""), &SECTIONS)? else {
            return Ok(Self::default());
        };
        Ok(Self {
            tables: file.section("tables")?.unwrap_or_default(),
            views: file.section("views")?.unwrap_or_default(),
            sequences: file.section("sequences")?.unwrap_or_default(),
        })
    }

    /// What is told of a relation, by `database.name` rather than by its name.
    pub(crate) fn of<'a>(told: &'a Renamed, relation: &TableName) -> Option<&'a str> {
        told.get(&relation.to_string()).or_else(|| told.get(&relation.name)).map(String::as_str)
    }

    fn names(&self, table: &TableName) -> Option<&TableNames> {
        self.tables.get(&table.to_string()).or_else(|| self.tables.get(&table.name))
    }

    pub(crate) fn table(&self, table: &TableName) -> Option<&str> {
        self.names(table)?.name.as_deref()
    }

    /// The name of a part of a table, if it is told.
    pub(crate) fn part(
        &self,
        table: &TableName,
        of: impl FnOnce(&TableNames) -> &Renamed,
        name: &str,
    ) -> Option<&str> {
        of(self.names(table)?).get(name).map(String::as_str)
    }

    /// Notes a name, if it is not the source's.
    pub(crate) fn note(
        &mut self,
        table: &str,
        of: impl FnOnce(&mut TableNames) -> &mut Renamed,
        (name, new): (&str, &str),
    ) {
        if name != new {
            let names = self.tables.entry(table.to_owned()).or_default();
            of(names).insert(name.to_owned(), new.to_owned());
        }
    }

    /// Names of relations and types, which share the space of a schema: nothing else may take them.
    pub(crate) fn reserved<'a>(
        &'a self,
        source: &'a Schema,
    ) -> impl Iterator<Item = (&'a TableName, Vec<&'a String>)> {
        let tables = source.tables.iter().filter_map(|table| {
            let told = self.names(&table.name)?;
            Some((&table.name, told.relations().collect()))
        });
        let other = |told: &'a Renamed, name: &'a TableName| {
            let new = told.get(&name.to_string()).or_else(|| told.get(&name.name));
            Some((name, vec![new?]))
        };
        let views = source.views.iter().filter_map(move |view| other(&self.views, &view.name));
        let sequences = source.sequences.iter();
        let sequences = sequences.filter_map(move |one| other(&self.sequences, &one.name));
        tables.chain(views).chain(sequences)
    }

    /// The first name that the target cannot have.
    pub(crate) fn impossible(&self) -> Option<&str> {
        let tables = self.tables.values().flat_map(|table| {
            let parts = table.columns.values().chain(table.foreign_keys.values());
            table.relations().chain(parts).chain(table.checks.values())
        });
        let mut all = tables.chain(self.views.values()).chain(self.sequences.values());
        let fits = |name: &&String| !(1..=POSTGRES_NAME_BYTES).contains(&name.len());
        all.find(fits).map(String::as_str)
    }

    /// The first table or column that is named here and is not in the source.
    pub(crate) fn unknown(&self, schema: &Schema) -> Option<String> {
        self.tables.iter().find_map(|(name, names)| {
            let known = |table: &&Table| table.name.is_called(name);
            let Some(table) = schema.tables.iter().find(known) else { return Some(name.clone()) };
            let mut columns = names.columns.keys().chain(names.types.keys());
            let unknown = columns.find(|column| table.column(column).is_none());
            unknown.map(|column| format!("{name}.{column}"))
        })
    }

    /// The file. Pure.
    pub(crate) fn text(&self, source: &str) -> String {
        let mut text = format!(
            "# Names of {source} that are others in the target. `nirvana migrate --names` and `verify --names`\n\
             # take them from here; what is not here is named as ever.\n"
        );
        let mut section = |name: &str, pairs: &Renamed| {
            if !pairs.is_empty() {
                text.push_str(&format!("\n[{name}]\n"));
            }
            for (from, to) in pairs {
                text.push_str(&format!("{} = {}\n", quoted(from), quoted(to)));
            }
        };
        for (table, names) in &self.tables {
            let table = format!("tables.{}", quoted(table));
            let own = names.name.iter().map(|name| ("name".to_owned(), name.clone()));
            section(&table, &own.collect());
            for (part, pairs) in [
                ("columns", &names.columns),
                ("indexes", &names.indexes),
                ("foreign-keys", &names.foreign_keys),
                ("checks", &names.checks),
                ("types", &names.types),
            ] {
                section(&format!("{table}.{part}"), pairs);
            }
        }
        section("views", &self.views);
        section("sequences", &self.sequences);
        text
    }
}

/// A key or a string as TOML takes it; one of letters, digits, _ and - needs no quotes as a key, but
/// may have them.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::Named;

    #[test]
    fn what_is_written_is_read_again() {
        let mut named = Named::default();
        for (name, new) in
            [("Größe", "groesse"), ("a\"b\\c.d", "x y"), ("same", "same"), ("t\tn\n", "e")]
        {
            named.note("Order Items", |table| &mut table.columns, (name, new));
            named.note("Order Items", |table| &mut table.foreign_keys, (name, new));
        }
        named.tables.entry("Order Items".to_owned()).or_default().name = Some("items".to_owned());
        named.views.insert("V".to_owned(), "v".to_owned());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("names.toml");
        std::fs::write(&file, named.text("shop")).unwrap();
        assert_eq!(Named::read(&file).unwrap(), named);
        assert_eq!(named.tables["Order Items"].columns.len(), 3);
        assert_eq!(named.impossible(), None);
        named.views.insert("w".to_owned(), "x".repeat(64));
        assert_eq!(named.impossible().map(str::len), Some(64));
        // A mistyped key has its place.
        std::fs::write(&file, "[tables.a]\ncolums = {}").unwrap();
        assert!(Named::read(&file).unwrap_err().to_string().contains("colums"));
    }
}
