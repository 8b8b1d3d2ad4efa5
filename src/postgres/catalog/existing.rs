//! What already has the names that a plan wants.
//!
//! Tables, indexes, views and sequences of a schema share one space of names; types share another,
//! in which every table also has its row type; functions are told apart by their arguments.

use std::collections::BTreeSet;

use crate::finding::PlaceKind;
use crate::name::TableName;
use crate::postgres::connect::Session;
use crate::postgres::error::Error;
use crate::postgres::quote::literal;
use crate::postgres::schema::Schema;

/// An object that is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Existing {
    pub(crate) kind: PlaceKind,
    pub(crate) name: TableName,
    /// In the server's words, such as `foreign table`.
    pub(crate) what: String,
}

/// All relations, types and functions without arguments in the schemas.
pub(crate) async fn existing(session: &Session, schemas: &[&str]) -> Result<Vec<Existing>, Error> {
    let names: Vec<String> = schemas.iter().map(|schema| literal(schema)).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let question = QUESTION.replace("SCHEMAS", &names.join(", "));
    let mut found = Vec::new();
    for row in session.rows(&question).await? {
        let [Some(what), Some(schema), Some(name)] = row.as_slice() else {
            let address = session.address().to_owned();
            return Err(Error::Unreadable { address, what: format!("{row:?}") });
        };
        found.push(Existing {
            kind: kind_of(what),
            name: TableName::new(schema, name),
            what: what.clone(),
        });
    }
    Ok(found)
}

fn kind_of(what: &str) -> PlaceKind {
    match what {
        "index" => PlaceKind::Index,
        "view" | "materialized view" => PlaceKind::View,
        "sequence" => PlaceKind::Sequence,
        "type" => PlaceKind::Type,
        "function" => PlaceKind::Routine,
        _ => PlaceKind::Table,
    }
}

/// Row types of relations are left out, as the relation is listed; so are array types, which the
/// server renames out of the way.
const QUESTION: &str = "
SELECT CASE c.relkind WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' WHEN 'S' THEN 'sequence'
            WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
            WHEN 'c' THEN 'composite type' ELSE 'table' END,
       n.nspname, c.relname
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname IN (SCHEMAS)
UNION ALL
SELECT 'type', n.nspname, t.typname
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
 WHERE n.nspname IN (SCHEMAS) AND t.typrelid = 0
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
UNION ALL
SELECT 'function', n.nspname, p.proname
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname IN (SCHEMAS) AND p.pronargs = 0
 ORDER BY 2, 3, 1";

/// Those of the existing objects that the plan's own would collide with.
pub(crate) fn in_the_way<'a>(planned: &Schema, existing: &'a [Existing]) -> Vec<&'a Existing> {
    let mut relations = BTreeSet::new();
    let mut types = BTreeSet::new();
    for table in &planned.tables {
        let name = |name: &str| TableName::new(&table.name.schema, name);
        relations.insert(table.name.clone());
        relations.extend(table.indexes.iter().map(|index| name(&index.name)));
        types.insert(table.name.clone());
        for partition in table.partitioning.iter().flat_map(|parts| &parts.partitions) {
            relations.insert(name(&partition.name));
            types.insert(name(&partition.name));
        }
    }
    relations.extend(planned.sequences.iter().map(|sequence| sequence.name.clone()));
    relations.extend(planned.views.iter().map(|view| view.name.clone()));
    types.extend(planned.views.iter().map(|view| view.name.clone()));
    types.extend(planned.enums.iter().map(|kind| kind.name.clone()));
    let functions: BTreeSet<TableName> =
        planned.touch_functions.iter().map(|function| function.name.clone()).collect();
    let collides = |object: &&Existing| match object.kind {
        PlaceKind::Routine => functions.contains(&object.name),
        PlaceKind::Type => types.contains(&object.name),
        // A table's row type is in the way of a type; an index and a sequence have none.
        PlaceKind::Index | PlaceKind::Sequence => relations.contains(&object.name),
        _ => relations.contains(&object.name) || types.contains(&object.name),
    };
    existing.iter().filter(collides).collect()
}
