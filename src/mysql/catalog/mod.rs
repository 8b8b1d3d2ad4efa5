//! Reads whole databases' schemas, in a number of queries that does not grow with their tables,
//! but for those tables of which `information_schema` tells less than the truth.

mod assemble;
mod constraint;
mod create_table;
mod default;
mod index;
mod rows;
mod type_text;
pub(crate) mod written;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use create_table::CreateTable;
use default::Style;
use rows::Rows;

use super::error::Error;
use super::schema::{NameCase, Schema, Sequence};
use super::server::{Flavour, Server};
use super::wire::{Connection, TextRow};
use crate::name::{TableName, mysql_quoted};

/// Reads the schemas of `databases` as one. DDL must be held off meanwhile (see `snapshot`): the
/// queries are one after the other.
pub(crate) async fn read<S: AsRef<str>>(
    connection: &mut Connection,
    server: &Server,
    databases: &[S],
) -> Result<Schema, Error> {
    let dialect = Dialect::of(server);
    let mut all = Schema::default();
    for database in databases {
        all.join(read_one(connection, (server, dialect), database.as_ref()).await?);
    }
    assemble::resolve_names(&mut all, dialect);
    Ok(all)
}

async fn read_one(
    connection: &mut Connection,
    (server, dialect): (&Server, Dialect),
    database: &str,
) -> Result<Schema, Error> {
    let name = existing_database(connection, server, database).await?;
    let rows = Rows::read(connection, &name).await?;
    let told = Told {
        created: show_create_tables(connection, &name, &assemble::tables_to_show(&rows, dialect))
            .await?,
        defaults: ask_defaults(connection, &name, &assemble::defaults_to_ask(&rows, dialect))
            .await?,
    };
    let sequences = read_sequences(connection, &name, &assemble::sequences_to_read(&rows)).await?;
    Ok(assemble::schema(name, rows, (&told, sequences), dialect))
}

/// What was asked besides `information_schema`.
struct Told {
    /// `SHOW CREATE TABLE`, by table.
    created: HashMap<String, CreateTable>,
    /// `DEFAULT(column)`, by table and column.
    defaults: HashMap<(String, String), String>,
}

/// How this server writes its catalog.
#[derive(Clone, Copy, Debug)]
struct Dialect {
    flavour: Flavour,
    defaults: Style,
    name_case: NameCase,
}

impl Dialect {
    fn of(server: &Server) -> Self {
        let sql = server.is_mariadb((10, 2, 7));
        Self {
            flavour: server.flavour,
            defaults: if sql { Style::Sql } else { Style::Bare },
            name_case: server.name_case,
        }
    }
}

/// The database's name as the server keeps it.
async fn existing_database(
    connection: &mut Connection,
    server: &Server,
    wanted: &str,
) -> Result<String, Error> {
    let mut similar = None;
    for row in connection.rows("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA").await? {
        let found = row.required(0)?;
        if found == wanted {
            return Ok(found.to_owned());
        }
        if server.name_case != NameCase::Sensitive && found.to_lowercase() == wanted.to_lowercase()
        {
            similar = Some(found.to_owned());
        }
    }
    similar.ok_or_else(|| Error::NoDatabase { name: wanted.to_owned() })
}

/// A sequence is a table of one row; all of them are read by one statement.
async fn read_sequences(
    connection: &mut Connection,
    database: &str,
    sequences: &[(&str, &str)],
) -> Result<Vec<Sequence>, Error> {
    let selects: Vec<String> = sequences
        .iter()
        .enumerate()
        .map(|(at, (name, _))| {
            let from = TableName::new(database, *name).mysql();
            format!(
                "SELECT {at}, start_value, increment, minimum_value, maximum_value, \
                 cycle_option, cache_size, next_not_cached_value FROM {from}"
            )
        })
        .collect();
    if selects.is_empty() {
        return Ok(Vec::new());
    }
    let mut read = Vec::with_capacity(sequences.len());
    for row in connection.rows(&selects.join(" UNION ALL ")).await? {
        let at = row.number(0)?.and_then(|at| sequences.get(at as usize));
        let (name, comment) = at.copied().unwrap_or_default();
        read.push(Sequence {
            name: TableName::new(database, name),
            start: integer(&row, 1)?,
            increment: integer(&row, 2)?,
            minimum: integer(&row, 3)?,
            maximum: integer(&row, 4)?,
            cycles: integer(&row, 5)? != 0,
            cache: row.number(6)?.unwrap_or(0),
            next: integer(&row, 7)?,
            comment: comment.to_owned(),
        });
    }
    Ok(read)
}

fn integer(row: &TextRow, at: usize) -> Result<i128, Error> {
    let problem = "no whole number";
    let refused = |_| Error::Value { column: format!("{at} of a sequence"), problem };
    row.required(at)?.parse().map_err(refused)
}

/// Results arrive unconverted meanwhile (see `create_table` for why).
async fn show_create_tables(
    connection: &mut Connection,
    database: &str,
    tables: &[&str],
) -> Result<HashMap<String, CreateTable>, Error> {
    if tables.is_empty() {
        return Ok(HashMap::new());
    }
    connection.execute("SET character_set_results = binary").await?;
    let shown = show_each(connection, database, tables).await;
    connection.execute("SET character_set_results = utf8mb4").await?;
    shown
}

async fn show_each(
    connection: &mut Connection,
    database: &str,
    tables: &[&str],
) -> Result<HashMap<String, CreateTable>, Error> {
    let mut shown = HashMap::new();
    for table in tables {
        let statement = format!("SHOW CREATE TABLE {}", TableName::new(database, *table).mysql());
        for row in connection.rows(&statement).await? {
            let text = row.bytes(1).unwrap_or_default();
            shown.insert((*table).to_owned(), CreateTable::parse(text));
        }
    }
    Ok(shown)
}

/// `DEFAULT(column)` needs a row. Where the table has none, one that an outer join makes up will do,
/// but only for columns that may be NULL: for the others the printed default stands, question marks
/// and all.
async fn ask_defaults(
    connection: &mut Connection,
    database: &str,
    wanted: &BTreeMap<&str, Vec<&str>>,
) -> Result<HashMap<(String, String), String>, Error> {
    let mut defaults = HashMap::new();
    for (table, columns) in wanted {
        let from = TableName::new(database, *table).mysql();
        let list: Vec<String> =
            columns.iter().map(|column| format!("DEFAULT(t.{})", mysql_quoted(column))).collect();
        let list = list.join(", ");
        let mut rows = connection.rows(&format!("SELECT {list} FROM {from} t LIMIT 1")).await?;
        if rows.is_empty() {
            let made_up = format!("SELECT {list} FROM (SELECT 1) one LEFT JOIN {from} t ON FALSE");
            rows = connection.rows(&made_up).await?;
        }
        for (at, column) in columns.iter().enumerate() {
            if let Some(text) = rows.first().and_then(|row| row.text(at)) {
                defaults.insert(((*table).to_owned(), (*column).to_owned()), text.to_owned());
            }
        }
    }
    Ok(defaults)
}
