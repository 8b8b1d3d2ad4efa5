//! Puts the catalog's rows together: pure, so that it can be tested without a server.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::create_table::{CreateTable, is_plain};
use super::default::{self, DefaultRow, Style};
use super::rows::{ColumnRow, PartitionRow, Rows, TableRow, ViewRow};
use super::{Dialect, Told, constraint, index, type_text};
use crate::mysql::schema::{
    Collation, Column, ColumnType, Generated, Partition, PartitionValues, Partitioning, Schema,
    Sequence, Table, View,
};
use crate::mysql::server::Flavour;
use crate::name::TableName;

/// What a table holds that is read from elsewhere than its own row.
#[derive(Default)]
struct Parts {
    columns: Vec<ColumnRow>,
    indexes: Vec<super::rows::IndexRow>,
    foreign_keys: Vec<super::rows::ForeignKeyRow>,
    rules: Vec<super::rows::RuleRow>,
    checks: Vec<super::rows::CheckRow>,
    partitions: Vec<PartitionRow>,
}

/// The tables of which `SHOW CREATE TABLE` tells what `information_schema` does not (see
/// `create_table`), in order.
pub(super) fn tables_to_show(rows: &Rows, dialect: Dialect) -> Vec<&str> {
    let mut wanted = BTreeSet::new();
    for column in &rows.columns {
        let column_type = type_text::parse(&column.type_text).column_type;
        if default_row(column, &column_type).wants_create_table(dialect.defaults) {
            wanted.insert(column.table.as_str());
        }
    }
    let generated = rows.columns.iter().map(|row| (&row.table, row.generation.as_deref()));
    let checks = rows.checks.iter().map(|row| (&row.table, Some(row.expression.as_str())));
    let functional = rows.indexes.iter().map(|row| (&row.table, row.expression.as_deref()));
    let spoilt = generated
        .chain(checks)
        .chain(functional)
        .filter(|(_, expression)| expression.is_some_and(|expression| !is_plain(expression)));
    wanted.extend(spoilt.map(|(table, _)| table.as_str()));
    if dialect.flavour == Flavour::MariaDb {
        wanted.extend(index::tables_with_periods(rows));
        // There DEFAULT and IN (0) look the same.
        let lists = rows.partitions.iter().filter(|row| row.method.starts_with("LIST"));
        wanted.extend(lists.map(|row| row.table.as_str()));
    }
    tables(rows).filter(|name| wanted.contains(name)).collect()
}

/// The columns, by table, of which only `DEFAULT(column)` tells the default.
pub(super) fn defaults_to_ask(rows: &Rows, dialect: Dialect) -> BTreeMap<&str, Vec<&str>> {
    let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for column in &rows.columns {
        let column_type = type_text::parse(&column.type_text).column_type;
        if default_row(column, &column_type).wants_asking(dialect.defaults) {
            wanted.entry(&column.table).or_default().push(&column.name);
        }
    }
    let tables: BTreeSet<&str> = tables(rows).collect();
    wanted.retain(|table, _| tables.contains(table));
    wanted
}

/// Views have columns too, and these questions are for tables.
fn tables(rows: &Rows) -> impl Iterator<Item = &str> {
    rows.tables.iter().filter(|table| is_table(table)).map(|table| table.name.as_str())
}

/// The sequences' names, in order.
pub(super) fn sequences_to_read(rows: &Rows) -> Vec<(&str, &str)> {
    let sequences = rows.tables.iter().filter(|row| row.table_type == "SEQUENCE");
    let mut names: Vec<(&str, &str)> =
        sequences.map(|row| (row.name.as_str(), row.comment.as_str())).collect();
    names.sort_unstable();
    names
}

pub(super) fn schema(
    name: String,
    rows: Rows,
    (told, sequences): (&Told, Vec<Sequence>),
    dialect: Dialect,
) -> Schema {
    let mut objects = rows.objects.clone();
    objects.sort_by(|a, b| (a.kind, &a.name, &a.table).cmp(&(b.kind, &b.name, &b.table)));
    objects.dedup();
    let view_rows = rows.views.clone();
    let (table_rows, mut parts) = by_table(rows);
    let mut views: Vec<View> = view_rows
        .into_iter()
        .map(|row| {
            let columns = parts.remove(&row.name).unwrap_or_default().columns;
            view(&name, row, columns, dialect.defaults)
        })
        .collect();
    views.sort_by(|a, b| a.name.cmp(&b.name));
    let mut tables: Vec<Table> = table_rows
        .into_iter()
        .filter(is_table)
        .map(|row| {
            let parts = parts.remove(&row.name).unwrap_or_default();
            table(TableName::new(name.clone(), row.name.clone()), row, parts, (told, dialect))
        })
        .collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Schema { databases: vec![name], tables, sequences, views, objects }
}

/// Once all databases are there: a foreign key may lead from one into another.
pub(super) fn resolve_names(schema: &mut Schema, dialect: Dialect) {
    constraint::resolve_names(&mut schema.tables, dialect.name_case);
}

fn is_table(row: &TableRow) -> bool {
    matches!(row.table_type.as_str(), "BASE TABLE" | "SYSTEM VERSIONED")
}

fn view(database: &str, row: ViewRow, columns: Vec<ColumnRow>, style: Style) -> View {
    let unshown = CreateTable::default();
    let told = || default::Told { create_table: &unshown, default: None };
    View {
        name: TableName::new(database, row.name),
        definition: row.definition,
        columns: columns.into_iter().map(|row| column(row, told(), style)).collect(),
        check_option: Some(row.check_option).filter(|option| option != "NONE"),
        invoker: row.security == "INVOKER",
    }
}

/// PARTITION BY, from one row per partition.
fn partitioning(rows: Vec<PartitionRow>, create: &CreateTable) -> Option<Partitioning> {
    let first = rows.first()?;
    let (method, expression) = (first.method.clone(), first.expression.clone());
    let has_subpartitions = rows.iter().any(|row| row.has_subpartitions);
    // MariaDB makes those of SYSTEM_TIME itself as time goes on.
    let kept = rows.into_iter().filter(|row| row.method != "SYSTEM_TIME");
    let partitions = kept.map(|row| Partition {
        values: match row.description {
            _ if create.default_partition() == Some(row.name.as_str()) => PartitionValues::Rest,
            Some(values) => PartitionValues::Listed(values),
            None => PartitionValues::Hashed,
        },
        name: row.name,
        comment: row.comment,
    });
    Some(Partitioning { method, expression, has_subpartitions, partitions: partitions.collect() })
}

fn by_table(rows: Rows) -> (Vec<TableRow>, HashMap<String, Parts>) {
    let mut parts: HashMap<String, Parts> = HashMap::new();
    for row in rows.columns {
        parts.entry(row.table.clone()).or_default().columns.push(row);
    }
    for row in rows.indexes {
        parts.entry(row.table.clone()).or_default().indexes.push(row);
    }
    for row in rows.foreign_keys {
        parts.entry(row.table.clone()).or_default().foreign_keys.push(row);
    }
    for row in rows.rules {
        parts.entry(row.table.clone()).or_default().rules.push(row);
    }
    for row in rows.checks {
        parts.entry(row.table.clone()).or_default().checks.push(row);
    }
    for row in rows.partitions {
        parts.entry(row.table.clone()).or_default().partitions.push(row);
    }
    (rows.tables, parts)
}

fn table(name: TableName, row: TableRow, parts: Parts, (told, dialect): (&Told, Dialect)) -> Table {
    let unshown = CreateTable::default();
    let create = told.created.get(&row.name).unwrap_or(&unshown);
    let columns: Vec<Column> = parts
        .columns
        .into_iter()
        .map(|row| {
            let default = told.defaults.get(&(row.table.clone(), row.name.clone()));
            let told = default::Told { create_table: create, default: default.map(String::as_str) };
            column(row, told, dialect.defaults)
        })
        .collect();
    let counts = columns.iter().any(|column| column.auto_increment);
    let mut table = Table {
        name,
        engine: row.engine,
        system_versioned: row.table_type == "SYSTEM VERSIONED",
        partitioning: partitioning(parts.partitions, create),
        rows_estimate: row.rows,
        bytes_estimate: row.bytes,
        // MySQL says NULL as long as nothing was ever inserted.
        auto_increment: counts.then(|| row.auto_increment.unwrap_or(1)),
        comment: row.comment,
        columns,
        indexes: index::indexes(parts.indexes, create),
        foreign_keys: constraint::foreign_keys(parts.foreign_keys, &parts.rules),
        checks: constraint::checks(parts.checks, create),
    };
    if dialect.flavour == Flavour::MariaDb {
        constraint::recognise_json(&mut table);
        index::drop_row_end(&mut table);
    }
    table
}

fn default_row<'a>(row: &'a ColumnRow, column_type: &'a ColumnType) -> DefaultRow<'a> {
    DefaultRow {
        column: &row.name,
        column_type,
        charset: row.charset.as_deref(),
        nullable: row.nullable,
        text: row.default.as_deref(),
        extra: &row.extra,
    }
}

fn column(row: ColumnRow, told: default::Told<'_>, style: Style) -> Column {
    let type_text::TypeText { mut column_type, zerofill } = type_text::parse(&row.type_text);
    if let ColumnType::Geometry { srid, .. } = &mut column_type {
        *srid = row.srid;
    }
    let default = default_row(&row, &column_type).read(style, told);
    let stored = row.extra.contains("stored") || row.extra.contains("persistent");
    Column {
        default,
        generated: row.generation.map(|text| Generated {
            expression: told.create_table.generated(&row.name).map_or(text, str::to_owned),
            stored,
        }),
        collation: row
            .charset
            .zip(row.collation)
            .map(|(charset, name)| Collation { charset, name }),
        on_update_now: row.extra.contains("on update"),
        auto_increment: row.extra.contains("auto_increment"),
        invisible: row.extra.contains("invisible"),
        name: row.name,
        column_type,
        nullable: row.nullable,
        comment: row.comment,
        zerofill,
    }
}
