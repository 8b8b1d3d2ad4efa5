//! Makes all tables once, each behind a savepoint, in a transaction that is undone. What the target
//! refuses is taken apart: without its defaults, generated columns and partitions, and then with one of
//! them at a time, so that only what is refused is left out.

use crate::migrate::build;
use crate::migrate::conversion::Conversion;
use crate::migrate::error::Error;
use crate::migrate::mapping::TableMapping;
use crate::migrate::refused::{Part, Refused};
use crate::postgres::connect::Session;
use crate::postgres::error::Error as TargetError;
use crate::postgres::schema::{Column, Table};
use crate::postgres::server::Server;

/// What the target refuses of a plan.
pub(crate) async fn refused(
    session: &Session,
    target: &Server,
    conversion: &Conversion,
) -> Result<Vec<Refused>, Error> {
    session.execute("BEGIN").await?;
    let refused = rehearse(session, target, conversion).await;
    if !matches!(&refused, Err(Error::Target(error)) if error.is_connection_lost()) {
        session.execute("ROLLBACK").await?;
    }
    refused
}

async fn rehearse(
    session: &Session,
    target: &Server,
    conversion: &Conversion,
) -> Result<Vec<Refused>, Error> {
    let made = conversion.made();
    let dropped = conversion.dropped.statements.iter().cloned();
    for statement in dropped.chain(build::before_tables(target, &made)) {
        match session.execute(&statement).await {
            Ok(()) => {}
            Err(error) if build::ends_the_run(&error) => return Err(error.into()),
            // It is of no table, and told when it is to be made.
            Err(_refused) => return Ok(Vec::new()),
        }
    }
    let mut all = Vec::new();
    for table in &made.tables {
        let mapping = conversion.mappings.iter().find(|mapping| mapping.target == table.name);
        let Some(mapping) = mapping else { continue };
        if let Some(words) = tried(session, table).await? {
            all.extend(taken_apart(session, (mapping, table), words).await?);
        }
    }
    Ok(all)
}

/// The words of the target, if it refuses a table in this form; nothing of it stays.
async fn tried(session: &Session, table: &Table) -> Result<Option<String>, Error> {
    session.execute("SAVEPOINT rehearsed").await?;
    let mut words = None;
    for statement in build::of_table(table) {
        match session.execute(&statement).await {
            Ok(()) => {}
            Err(error) if build::ends_the_run(&error) => return Err(error.into()),
            Err(error) => {
                words = is_of_form(&error).then(|| error.to_string());
                break;
            }
        }
    }
    session.execute("ROLLBACK TO SAVEPOINT rehearsed; RELEASE SAVEPOINT rehearsed").await?;
    Ok(words)
}

/// Whether it is the form that is refused, and neither this account nor what stands there already.
fn is_of_form(error: &TargetError) -> bool {
    const OTHERS: [&str; 7] = ["42501", "42P06", "42P07", "42710", "42712", "42723", "3F000"];
    error.sqlstate().is_some_and(|code| {
        ["22", "42", "0A", "54"].iter().any(|class| code.starts_with(class))
            && !OTHERS.contains(&code)
    })
}

async fn taken_apart(
    session: &Session,
    (mapping, table): (&TableMapping, &Table),
    whole: String,
) -> Result<Vec<Refused>, Error> {
    let refused = |part, words| Refused { table: mapping.source.to_string(), part, words };
    let bare = Table {
        columns: table.columns.iter().map(bare).collect(),
        partitioning: None,
        triggers: Vec::new(),
        ..table.clone()
    };
    if let Some(words) = tried(session, &bare).await? {
        return Ok(vec![refused(Part::Whole, words)]);
    }
    let mut all = Vec::new();
    for (at, column) in table.columns.iter().enumerate() {
        if column.default.is_none() && column.generated.is_none() {
            continue;
        }
        let mut one = bare.clone();
        one.columns[at] = column.clone();
        if let Some(words) = tried(session, &one).await? {
            // Of a dump a computed column is in no mapping; then it is called as in the source, or nothing
            // can be said of it alone.
            let known = mapping.columns.iter().find(|known| known.target == column.name);
            let name = known.map_or_else(|| column.name.clone(), |known| known.source.clone());
            let part = if column.generated.is_some() {
                Part::Generated(name)
            } else {
                Part::Default(name)
            };
            all.push(refused(part, words));
        }
    }
    if table.partitioning.is_some() {
        let one = Table { partitioning: table.partitioning.clone(), ..bare };
        if let Some(words) = tried(session, &one).await? {
            all.push(refused(Part::Partitions, words));
        }
    }
    // Each of its parts is good, and the whole is not.
    Ok(if all.is_empty() { vec![refused(Part::Whole, whole)] } else { all })
}

fn bare(column: &Column) -> Column {
    Column { default: None, generated: None, ..column.clone() }
}
