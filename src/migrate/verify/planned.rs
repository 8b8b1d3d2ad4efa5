//! What a schema is planned to be, compared with what another was: part by part, as their DDL. Pure.

use std::collections::BTreeMap;

use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::name::TableName;
use crate::postgres::ddl;
use crate::postgres::schema::{Column, Schema, Sequence, Table};

/// A table's part, of what kind it is, and its name; or what is no table's, by its own name.
type Part = (TableName, PlaceKind, String);

/// What the source would become now, and what the directory has. Next values change with every row,
/// and are left out.
pub(super) fn differences(planned: &Schema, written: &Schema) -> Vec<Finding> {
    let (planned, written) = (parts(planned), parts(written));
    let mut found = Vec::new();
    for (part, now) in &planned {
        match written.get(part) {
            Some(then) if then == now => {}
            Some(then) => found.push(differs(part, now, then)),
            None => found.push(differs(part, now, "nothing")),
        }
    }
    let gone = written.iter().filter(|(part, _)| !planned.contains_key(*part));
    found.extend(gone.map(|(part, then)| differs(part, "nothing", then)));
    found
}

fn differs((table, kind, name): &Part, now: &str, then: &str) -> Finding {
    let place = match kind {
        PlaceKind::Table => Place::table(table),
        PlaceKind::View | PlaceKind::Type | PlaceKind::Sequence => {
            let schema = Some(table.schema.clone());
            Place { schema, ..Place::object(*kind, &table.name) }
        }
        kind => Place::part(*kind, table, name),
    };
    let message = format!("the source would become: {now}; the directory has: {then}");
    Finding::error(Code::CatalogDiffers, place, message)
}

fn parts(schema: &Schema) -> BTreeMap<Part, String> {
    let mut parts = BTreeMap::new();
    for table in &schema.tables {
        parts.extend(of_table(table));
    }
    let mut put = |kind, name: &TableName, sql| {
        parts.insert((name.clone(), kind, String::new()), sql);
    };
    for kind in &schema.enums {
        put(PlaceKind::Type, &kind.name, ddl::create_type(kind));
    }
    for sequence in &schema.sequences {
        let lasting = Sequence { next: sequence.start.into(), ..sequence.clone() };
        put(PlaceKind::Sequence, &sequence.name, ddl::create_sequence(&lasting));
    }
    for view in &schema.views {
        put(PlaceKind::View, &view.name, ddl::create_view(view));
    }
    parts
}

fn of_table(table: &Table) -> Vec<(Part, String)> {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let whole = [columns.join(", ")]
        .into_iter()
        .chain(ddl::create_partitions(table))
        .chain(ddl::table_comments(table))
        .chain(table.triggers.iter().map(|trigger| ddl::create_trigger(table, trigger)));
    let whole: Vec<String> = whole.collect();
    let part = |kind, name: &str| (table.name.clone(), kind, name.to_owned());
    let mut parts = vec![(part(PlaceKind::Table, ""), whole.join("; "))];
    parts.extend(table.columns.iter().map(|column| {
        let lasting = Column { identity: column.identity.map(|_next| 1), ..column.clone() };
        (part(PlaceKind::Column, &column.name), ddl::column_sql(&lasting))
    }));
    parts.extend(table.indexes.iter().map(|index| {
        let key = ddl::add_constraint(table, index).map(|key| format!("; {key}"));
        let sql = ddl::create_index(table, index) + &key.unwrap_or_default();
        (part(PlaceKind::Index, &index.name), sql)
    }));
    parts.extend(
        table
            .checks
            .iter()
            .map(|check| (part(PlaceKind::Check, &check.name), ddl::add_check(table, check))),
    );
    parts.extend(
        table
            .foreign_keys
            .iter()
            .map(|key| (part(PlaceKind::ForeignKey, &key.name), ddl::add_foreign_key(table, key))),
    );
    parts
}
