//! `[migrate]` of nirvana.toml: what is moved, under which names and as which types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use wildmatch::WildMatch;

use crate::mysql::schema::{Column, ColumnType as SourceType, Schema, Table};
use crate::postgres::schema::ColumnType;

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
    /// Pieces of work at once; `--jobs` outweighs it.
    pub(crate) jobs: Option<u16>,
    /// Table → its name in the target.
    pub(crate) rename: BTreeMap<String, String>,
    /// Table → a condition in the source's SQL: only rows that fulfil it are moved, and compared.
    #[serde(rename = "where")]
    pub(crate) rows: BTreeMap<String, String>,
    /// `table.column`, or a kind of type of the source (`tinyint(1)`, `bigint unsigned`, `json`:
    /// without its length) → the type in the target. A column's own rule outweighs that of its type.
    pub(crate) types: BTreeMap<String, TypeWord>,
    /// SQL that the target executes before the first table is made.
    pub(crate) before: Vec<String>,
    /// SQL that the target executes after all is proven.
    pub(crate) after: Vec<String>,
}

impl Settings {
    /// Whether a table is to be moved.
    pub(crate) fn takes(&self, table: &str) -> bool {
        let any = |patterns: &[String]| {
            patterns.iter().any(|pattern| WildMatch::new(pattern).matches(table))
        };
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }

    /// Whether some of what is no table is left too.
    pub(crate) fn is_selective(&self) -> bool {
        !self.include.is_empty()
    }

    /// The first table or column that is named here and is not in the source.
    pub(crate) fn unknown(&self, schema: &Schema) -> Option<String> {
        let table = |name: &str| schema.tables.iter().find(|table| table.name.name == name);
        let mut tables = self.rename.keys().chain(self.rows.keys());
        let unknown_table = tables.find(|name| table(name).is_none()).cloned();
        let is_known = |rule: &str| {
            let columns = schema
                .tables
                .iter()
                .flat_map(|table| table.columns.iter().map(move |column| own_rule(table, column)));
            !rule.contains('.') || columns.into_iter().any(|own| own == rule)
        };
        unknown_table.or_else(|| self.types.keys().find(|rule| !is_known(rule)).cloned())
    }

    /// The type that a rule asks for.
    pub(crate) fn type_of(&self, table: &Table, column: &Column) -> Option<&ColumnType> {
        let rule = self.types.get(&own_rule(table, column));
        let rule = rule.or_else(|| self.types.get(&kind(&column.column_type)));
        rule.map(|TypeWord(wanted)| wanted)
    }
}

fn own_rule(table: &Table, column: &Column) -> String {
    format!("{}.{}", table.name.name, column.name)
}

/// What a rule calls a type of the source.
fn kind(source: &SourceType) -> String {
    let number = |name: &str, unsigned: bool| {
        if unsigned { format!("{name} unsigned") } else { name.to_owned() }
    };
    match source {
        SourceType::TinyInt { display_width: Some(1), .. } => "tinyint(1)".to_owned(),
        SourceType::TinyInt { unsigned, .. } => number("tinyint", *unsigned),
        SourceType::SmallInt { unsigned } => number("smallint", *unsigned),
        SourceType::MediumInt { unsigned } => number("mediumint", *unsigned),
        SourceType::Int { unsigned } => number("int", *unsigned),
        SourceType::BigInt { unsigned } => number("bigint", *unsigned),
        SourceType::Decimal { .. } => "decimal".to_owned(),
        SourceType::Float => "float".to_owned(),
        SourceType::Double => "double".to_owned(),
        SourceType::Bit { .. } => "bit".to_owned(),
        SourceType::Year => "year".to_owned(),
        SourceType::Date => "date".to_owned(),
        SourceType::DateTime { .. } => "datetime".to_owned(),
        SourceType::Timestamp { .. } => "timestamp".to_owned(),
        SourceType::Time { .. } => "time".to_owned(),
        SourceType::Char { .. } => "char".to_owned(),
        SourceType::VarChar { .. } => "varchar".to_owned(),
        SourceType::Text => "text".to_owned(),
        SourceType::Binary { .. } => "binary".to_owned(),
        SourceType::VarBinary { .. } => "varbinary".to_owned(),
        SourceType::Blob => "blob".to_owned(),
        SourceType::Enum { .. } => "enum".to_owned(),
        SourceType::Set { .. } => "set".to_owned(),
        SourceType::Json { .. } => "json".to_owned(),
        SourceType::Geometry { .. } => "geometry".to_owned(),
        SourceType::Uuid => "uuid".to_owned(),
        SourceType::Inet4 => "inet4".to_owned(),
        SourceType::Inet6 => "inet6".to_owned(),
        SourceType::Vector { .. } => "vector".to_owned(),
        SourceType::Unknown { .. } => "unknown".to_owned(),
    }
}

/// A type of the target, as it is written in SQL.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "String")]
pub(crate) struct TypeWord(pub(crate) ColumnType);

impl<'de> Deserialize<'de> for TypeWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        parse(&word).map(Self).ok_or_else(|| {
            serde::de::Error::custom(format!("{word:?} is no type; the types are {WORDS}"))
        })
    }
}

const WORDS: &str = "boolean, smallint, integer, bigint, numeric(p,s), real, double precision, date, \
    timestamp(n), timestamptz(n), time(n), interval(n), varchar(n), text, bytea, text[], json, jsonb, uuid, inet";

fn parse(word: &str) -> Option<ColumnType> {
    let word = word.trim().to_ascii_lowercase();
    let (name, arguments) = match word.split_once('(') {
        Some((name, rest)) => (name.trim().to_owned(), rest.strip_suffix(')')?.to_owned()),
        None => (word, String::new()),
    };
    let mut numbers = Vec::new();
    for argument in arguments.split(',').filter(|argument| !argument.is_empty()) {
        numbers.push(argument.trim().parse::<u32>().ok()?);
    }
    let fraction = || numbers.first().map_or(Some(6), |n| u8::try_from(*n).ok());
    Some(match (name.as_str(), numbers.as_slice()) {
        ("boolean", []) => ColumnType::Boolean,
        ("smallint", []) => ColumnType::SmallInt,
        ("integer" | "int", []) => ColumnType::Integer,
        ("bigint", []) => ColumnType::BigInt,
        ("numeric", [precision, scale]) => ColumnType::Numeric {
            precision: u16::try_from(*precision).ok()?,
            scale: u16::try_from(*scale).ok()?,
        },
        ("real", []) => ColumnType::Real,
        ("double precision", []) => ColumnType::DoublePrecision,
        ("date", []) => ColumnType::Date,
        ("timestamp", [] | [_]) => ColumnType::Timestamp { fraction: fraction()? },
        ("timestamptz", [] | [_]) => ColumnType::TimestampTz { fraction: fraction()? },
        ("time", [] | [_]) => ColumnType::Time { fraction: fraction()? },
        ("interval", [] | [_]) => ColumnType::Interval { fraction: fraction()? },
        ("varchar", [length]) => ColumnType::VarChar { length: *length },
        ("text", []) => ColumnType::Text,
        ("bytea", []) => ColumnType::Bytea,
        ("text[]", []) => ColumnType::TextArray,
        ("json", []) => ColumnType::Json,
        ("jsonb", []) => ColumnType::Jsonb,
        ("uuid", []) => ColumnType::Uuid,
        ("inet", []) => ColumnType::Inet,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Settings, parse};
    use crate::postgres::schema::ColumnType;

    #[test]
    fn what_is_excluded_is_left_even_if_it_is_included() {
        let patterns = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        let mut settings = Settings::default();
        assert!(settings.takes("orders"));
        settings.include = patterns(&["order*", "users"]);
        settings.exclude = patterns(&["*_old", "orders_?"]);
        let taken = ["orders", "users", "order_items"];
        let left = ["items", "orders_old", "orders_2", "Users"];
        assert!(taken.iter().all(|table| settings.takes(table)));
        assert!(!left.iter().any(|table| settings.takes(table)));
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
