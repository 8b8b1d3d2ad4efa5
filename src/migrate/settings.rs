//! `[migrate]` of nirvana.toml: what is moved, under which names and as which types.

mod identifiers;
mod kind;
mod named;
mod policy;
mod rule;
mod type_word;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use wildmatch::WildMatch;

pub(crate) use self::identifiers::Identifiers;
pub(crate) use self::named::{Named, Renamed, TableNames};
pub(crate) use self::policy::{
    Comparison, EnumErrors, InvalidText, Nul, OutOfRange, Policies, ZeroDates,
};
pub(crate) use self::rule::{ColumnRule, Transform};
use self::type_word::TypeWord;
use crate::mysql::schema::{Column, Schema, Table};
use crate::name::TableName;

/// Tables are named as the source names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// Tables to move: names, or patterns with * and ?. All of them if none is named.
    pub(crate) include: Vec<String>,
    /// Tables to leave, in the same way; they are left even if `include` names them.
    pub(crate) exclude: Vec<String>,
    /// The schema of the target that everything is in; `--schema` outweighs it.
    pub(crate) schema: Option<String>,
    /// Several databases of the source, which are moved in one run and at one instant: database → the
    /// schema of the target that it becomes. SOURCE then names none; `--database` takes some of them.
    /// Where two have a table of the same name, `database.table` says which is meant.
    pub(crate) databases: BTreeMap<String, String>,
    /// Pieces of work at once; `--jobs` outweighs it.
    pub(crate) jobs: Option<u16>,
    /// Table → its name in the target.
    pub(crate) rename: BTreeMap<String, String>,
    /// Table → a condition in the source's SQL: only rows that fulfil it are moved, and compared.
    #[serde(rename = "where")]
    pub(crate) rows: BTreeMap<String, String>,
    /// The short form of `columns` for a type alone: `table.column`, or a kind of type of the source
    /// (`tinyint(1)`, `bigint unsigned`, `json`: without its length) → the type in the target. A
    /// column's own rule outweighs that of its type.
    pub(crate) types: BTreeMap<String, TypeWord>,
    /// Rules for columns: `*`, a kind of type (`datetime`), those of a table (`datetime in orders`),
    /// `table.column`; tables and columns may be patterns with * and ?. The more exact key counts.
    pub(crate) columns: BTreeMap<String, ColumnRule>,
    /// How names are written in the target; `--identifiers` outweighs it.
    pub(crate) identifiers: Option<Identifiers>,
    /// A file of names that are others in the target, written if it is not there; `--names` outweighs
    /// it. A relative path starts from the working directory.
    pub(crate) names: Option<String>,
    /// What that file says.
    #[serde(skip)]
    #[schemars(skip)]
    pub(crate) named: Named,
    /// How text compares where the source ignores case.
    pub(crate) collation: Option<Comparison>,
    /// Tables whose partitions become one table: names, or patterns.
    pub(crate) flatten: Vec<String>,
    /// BINARY(16), CHAR(36) and CHAR(32) become uuid where the scan proves that every value is one.
    pub(crate) uuid: bool,
    /// Whether the data is asked what its types leave open; `--no-scan` is the same as false, and
    /// the wider types are taken then.
    pub(crate) scan: Option<bool>,
    /// SQL that the target executes before the first table is made.
    pub(crate) before: Vec<String>,
    /// SQL that the target executes after all is proven.
    pub(crate) after: Vec<String>,
}

impl Settings {
    /// Whether a table is to be moved.
    pub(crate) fn takes(&self, table: &TableName) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| speaks_of(pattern, table));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }

    /// Whether some of what is no table is left too.
    pub(crate) fn is_selective(&self) -> bool {
        !self.include.is_empty()
    }

    pub(crate) fn is_flattened(&self, table: &TableName) -> bool {
        self.flatten.iter().any(|pattern| speaks_of(pattern, table))
    }

    /// The name that a table wants in the target.
    pub(crate) fn wanted_name<'a>(&'a self, table: &'a TableName) -> &'a str {
        let (wanted, told) = self.name_of(table);
        told.unwrap_or(wanted)
    }

    /// Which of a table's rows are meant, if not all.
    pub(crate) fn condition(&self, table: &TableName) -> Option<&String> {
        said_of(&self.rows, table)
    }

    /// The first table or column that is named here and is not in the source.
    pub(crate) fn unknown(&self, schema: &Schema) -> Option<String> {
        let is_there = |name: &str| schema.tables.iter().any(|table| table.name.is_called(name));
        let mut tables = self.rename.keys().chain(self.rows.keys());
        let unknown_table = tables.find(|name| !is_there(name)).cloned();
        let is_known = |key: &String| {
            let columns = |table: &Table| {
                table.columns.iter().any(|column| rule::rank(key, table, column).is_some())
            };
            let speaks_of_types = key == "*"
                || kind::is_kind(key)
                || key.split_once(" in ").is_some_and(|(word, _)| kind::is_kind(word));
            speaks_of_types || schema.tables.iter().any(columns)
        };
        let mut keys = self.types.keys().chain(self.columns.keys());
        let unknown = unknown_table.or_else(|| keys.find(|key| !is_known(key)).cloned());
        unknown.or_else(|| self.named.unknown(schema))
    }

    /// All that is said of a column.
    pub(crate) fn rule(&self, table: &Table, column: &Column) -> ColumnRule {
        let types = self.types.iter().map(|(key, wanted)| {
            (key, ColumnRule { wanted: Some(wanted.clone()), ..ColumnRule::default() })
        });
        let columns = self.columns.iter().map(|(key, rule)| (key, rule.clone()));
        let ranked = types
            .chain(columns)
            .filter_map(|(key, rule)| rule::rank(key, table, column).map(|rank| (rank, rule)));
        let mut rules: Vec<_> = ranked.collect();
        rules.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        let whole = ColumnRule { collation: self.collation, ..ColumnRule::default() };
        rules.iter().fold(ColumnRule::default(), |said, (_, rule)| said.or(rule)).or(&whole)
    }

    /// The name that a table wants, and the one that is told for it as it stands, if one is.
    pub(crate) fn name_of<'a>(&'a self, table: &'a TableName) -> (&'a str, Option<&'a str>) {
        let renamed = said_of(&self.rename, table);
        let told = self.named.table(table).filter(|_| renamed.is_none());
        (renamed.unwrap_or(&table.name), told)
    }

    /// The name that somebody has told for a column.
    pub(crate) fn column_name(&self, table: &Table, column: &str) -> Option<&str> {
        self.named.part(&table.name, |names| &names.columns, column)
    }

    pub(crate) fn identifiers(&self) -> Identifiers {
        self.identifiers.unwrap_or_default()
    }
}

/// Whether a pattern speaks of a table: by its name, or, if it has a dot, by `database.table`.
fn speaks_of(pattern: &str, table: &TableName) -> bool {
    let pattern_matches = WildMatch::new(pattern);
    pattern_matches.matches(&table.name)
        || pattern.contains('.') && pattern_matches.matches(&table.to_string())
}

/// What is said of a table, by `database.table` rather than by its name.
fn said_of<'a>(said: &'a BTreeMap<String, String>, table: &TableName) -> Option<&'a String> {
    said.get(&table.to_string()).or_else(|| said.get(&table.name))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::type_word::parse;
    use super::{ColumnRule, Settings, ZeroDates};
    use crate::mysql::schema::{Column, ColumnType as SourceType, Default as SourceDefault, Table};
    use crate::name::TableName;
    use crate::postgres::schema::ColumnType;

    /// A table of one DATETIME.
    pub(crate) fn table(name: &str, column: &str) -> Table {
        Table {
            name: TableName::new("shop", name),
            engine: "InnoDB".to_owned(),
            system_versioned: false,
            partitioning: None,
            rows_estimate: 0,
            bytes_estimate: 0,
            auto_increment: None,
            comment: String::new(),
            columns: vec![Column {
                name: column.to_owned(),
                column_type: SourceType::DateTime { fraction: 0 },
                nullable: true,
                default: SourceDefault::Absent,
                on_update_now: false,
                auto_increment: false,
                generated: None,
                collation: None,
                comment: String::new(),
                invisible: false,
                zerofill: false,
            }],
            indexes: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
        }
    }

    #[test]
    fn what_several_rules_say_is_joined() {
        let rule = |zero_dates, wanted: Option<&str>| ColumnRule {
            zero_dates,
            wanted: wanted.and_then(parse).map(super::TypeWord),
            ..ColumnRule::default()
        };
        let mut settings = Settings::default();
        settings.columns.insert("*".to_owned(), rule(Some(ZeroDates::Stop), None));
        settings.columns.insert("datetime".to_owned(), rule(Some(ZeroDates::Epoch), None));
        settings.columns.insert("orders.at".to_owned(), rule(None, Some("date")));
        let table = table("orders", "at");
        let joined = settings.rule(&table, &table.columns[0]);
        assert_eq!(joined.zero_dates, Some(ZeroDates::Epoch));
        assert_eq!(joined.wanted, rule(None, Some("date")).wanted);
    }

    #[test]
    fn what_is_excluded_is_left_even_if_it_is_included() {
        let patterns = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        let mut settings = Settings::default();
        let table = |name: &str| TableName::new("shop", name);
        assert!(settings.takes(&table("orders")));
        settings.include = patterns(&["order*", "users"]);
        settings.exclude = patterns(&["*_old", "orders_?"]);
        let taken = ["orders", "users", "order_items"];
        let left = ["items", "orders_old", "orders_2", "Users"];
        assert!(taken.iter().all(|name| settings.takes(&table(name))));
        assert!(!left.iter().any(|name| settings.takes(&table(name))));
        settings.exclude = patterns(&["blog.*"]);
        assert!(settings.takes(&table("orders")));
        assert!(!settings.takes(&TableName::new("blog", "orders")));
    }

    #[test]
    fn of_two_tables_of_one_name_one_can_be_meant() {
        let mut settings = Settings::default();
        let (shop, blog) = (TableName::new("shop", "users"), TableName::new("blog", "users"));
        settings.rename.insert("users".to_owned(), "people".to_owned());
        settings.rename.insert("blog.users".to_owned(), "authors".to_owned());
        assert_eq!(settings.wanted_name(&shop), "people");
        assert_eq!(settings.wanted_name(&blog), "authors");
        settings.rows.insert("blog.users".to_owned(), "id > 1".to_owned());
        assert_eq!((settings.condition(&shop), settings.condition(&blog).is_some()), (None, true));
    }

    #[test]
    fn types_are_written_as_in_sql() {
        let numeric = ColumnType::Numeric { precision: 20, scale: 0 };
        assert_eq!(parse("numeric(20, 0)"), Some(numeric));
        assert_eq!(parse("Double Precision"), Some(ColumnType::DoublePrecision));
        assert_eq!(parse("timestamp(3)"), Some(ColumnType::Timestamp { fraction: 3 }));
        for wrong in ["", "numeric", "varchar", "text(3)", "money", "numeric(1,2", "time(999)"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
