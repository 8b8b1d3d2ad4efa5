//! All that would stop a run or needs a decision, before anything is written: one list.

use crate::finding::{Code, Finding, Place};
use crate::migrate::conversion::Conversion;
use crate::migrate::dumped::findings as of_dump;
use crate::migrate::resume::Past;
use crate::migrate::source::Source;
use crate::mysql::privilege::{Need, Privilege};
use crate::mysql::schema::{IndexKind, Schema, Table};
use crate::mysql::server::{Flavour, Server};
use crate::mysql::snapshot::{Choice, Obstacle, Rung, obstacle, rungs};
use crate::name::postgres_quoted as quoted;
use crate::postgres::catalog::{self, Existing};
use crate::postgres::journal;
use crate::postgres::server::Server as Target;

/// The oldest servers that we are tested against, and so stand by.
const MYSQL_SINCE: (u16, u16, u16) = (5, 7, 0);
const MARIADB_SINCE: (u16, u16, u16) = (10, 2, 7);
const POSTGRES_SINCE: u32 = 130_000;

/// What is known of both ends before a run.
pub(crate) struct Ends<'a> {
    pub(crate) source: &'a Source,
    pub(crate) schema: &'a Schema,
    pub(crate) target: &'a Target,
    /// What stands in the target's schemas already.
    pub(crate) existing: &'a [Existing],
    pub(crate) conversion: &'a Conversion,
    pub(crate) target_schemas: &'a [&'a str],
    pub(crate) jobs: usize,
    /// Which ways to the snapshot may be taken.
    pub(crate) snapshot: Choice,
    pub(crate) past: &'a Past,
}

/// The list. An error in it stops the run.
pub(crate) fn findings(ends: &Ends<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    target_version(ends.target, &mut found);
    target_privileges(ends, &mut found);
    match ends.source {
        Source::Server { server, .. } => {
            source_version(server, &mut found);
            source_privileges(server, &ends.schema.databases, &mut found);
            snapshot(server, &ends.schema.databases, ends.snapshot, &mut found);
        }
        Source::Dump(dump) => of_dump(dump, ends.schema, &mut found),
    }
    connections(ends.source, ends.target, ends.jobs, &mut found);
    if !matches!(ends.past, Past::Resumed(_)) {
        in_the_way(ends, &mut found);
    }
    nothing_to(ends.schema, "move", &mut found);
    for table in &ends.schema.tables {
        tables(ends.source, table, &mut found);
    }
    found
}

/// The list for a target that is a directory: what the source alone must satisfy.
pub(crate) fn departure(
    source: &Source,
    schema: &Schema,
    jobs: usize,
    choice: Choice,
) -> Vec<Finding> {
    let mut found = Vec::new();
    match source {
        Source::Server { server, .. } => {
            source_version(server, &mut found);
            source_privileges(server, &schema.databases, &mut found);
            snapshot(server, &schema.databases, choice, &mut found);
            enough(Place::source(), server.free_connections(), jobs, &mut found);
        }
        Source::Dump(dump) => of_dump(dump, schema, &mut found),
    }
    nothing_to(schema, "move", &mut found);
    for table in &schema.tables {
        tables(source, table, &mut found);
    }
    found
}

/// The list for a comparison, which makes nothing in the target.
pub(crate) fn comparison(
    source: &Source,
    schema: &Schema,
    target: &Target,
    jobs: usize,
) -> Vec<Finding> {
    let mut found = Vec::new();
    match source {
        Source::Server { server, .. } => source_privileges(server, &schema.databases, &mut found),
        Source::Dump(dump) => of_dump(dump, schema, &mut found),
    }
    connections(source, target, jobs, &mut found);
    nothing_to(schema, "compare", &mut found);
    for table in &schema.tables {
        tables(source, table, &mut found);
    }
    found
}

/// A database without a table is most likely another one than was meant.
fn nothing_to(schema: &Schema, verb: &str, found: &mut Vec<Finding>) {
    let has_tables = |name: &&String| schema.tables.iter().any(|table| table.name.schema == **name);
    for database in schema.databases.iter().filter(|name| !has_tables(name)) {
        let message = format!("the database {database} has no tables to {verb}");
        let help = "check the database's name, and --only if it was given";
        // One of several may have been left out.
        let told = if schema.tables.is_empty() { Finding::error } else { Finding::note };
        found.push(told(Code::NothingToMove, Place::source(), message).help(help));
    }
}

fn source_version(server: &Server, found: &mut Vec<Finding>) {
    let (name, oldest) = match server.flavour {
        Flavour::MySql => ("MySQL", MYSQL_SINCE),
        Flavour::MariaDb => ("MariaDB", MARIADB_SINCE),
    };
    if server.version < oldest {
        let (major, minor, patch) = oldest;
        let message = format!(
            "{name} {} is older than {major}.{minor}.{patch}, the oldest that is supported",
            server.version_text
        );
        found.push(Finding::error(Code::ServerVersion, Place::source(), message));
    }
    if !server.binary_log.enabled {
        let message = "the binary log is off: the snapshot has no position to follow from";
        found.push(Finding::note(Code::NoBinaryLog, Place::source(), message));
    }
}

fn target_version(target: &Target, found: &mut Vec<Finding>) {
    if target.version_num < POSTGRES_SINCE {
        let message = format!("PostgreSQL {} is older than 13", target.version);
        found.push(Finding::error(Code::ServerVersion, Place::target(), message));
    }
    if target.encoding != "UTF8" {
        let message = format!(
            "the database stores {}, which cannot hold every character of the source",
            target.encoding
        );
        let help = "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and move into that";
        found.push(Finding::error(Code::TargetEncoding, Place::target(), message).help(help));
    }
    if target.in_recovery || target.default_transaction_read_only {
        let message = "the target takes no writes: it is a standby, or read-only by default";
        let help = "give the address of the primary";
        found.push(Finding::error(Code::ServerVersion, Place::target(), message).help(help));
    }
}

fn source_privileges(source: &Server, databases: &[String], found: &mut Vec<Finding>) {
    for missing in source.missing_privileges(databases) {
        let message = format!("{} is missing: {}", missing.privilege.word(), missing.why);
        let code = Code::MissingPrivilege;
        let finding = match missing.need {
            Need::Required => Finding::error(code, Place::source(), message),
            Need::Wanted => Finding::warning(code, Place::source(), message),
            Need::Helpful => Finding::note(code, Place::source(), message),
        };
        found.push(finding.help(missing.grant_sql));
    }
}

fn target_privileges(ends: &Ends<'_>, found: &mut Vec<Finding>) {
    let user = quoted(&ends.target.user);
    for schema in ends.target_schemas {
        let (missing, grant) = match ends.target.schema(schema) {
            Some(facts) => {
                let schema = quoted(schema);
                (!facts.can_create, format!("GRANT CREATE, USAGE ON SCHEMA {schema} TO {user};"))
            }
            None => (
                !ends.target.can_create_schema,
                format!("GRANT CREATE ON DATABASE {} TO {user};", quoted(&ends.target.database)),
            ),
        };
        // A schema that stands is filled only.
        let makes = |table: &crate::postgres::schema::Table| table.name.schema == *schema;
        if missing && ends.conversion.made().tables.iter().any(makes) {
            let message = format!("{} may not create in schema {schema}", ends.target.user);
            let finding = Finding::error(Code::MissingPrivilege, Place::target(), message);
            found.push(finding.help(grant));
        }
    }
    let journal = ends.target.schema(journal::SCHEMA);
    if !journal.map_or(ends.target.can_create_schema, |facts| facts.can_create) {
        let message = format!("{} may not create the journal's schema", ends.target.user);
        let finding = Finding::error(Code::MissingPrivilege, Place::target(), message);
        let name = quoted(journal::SCHEMA);
        found.push(finding.help(format!("CREATE SCHEMA {name} AUTHORIZATION {user};")));
    }
}

/// How the snapshot will be taken, if that says less than the best; why it cannot, if it cannot.
fn snapshot(source: &Server, databases: &[String], choice: Choice, found: &mut Vec<Finding>) {
    let place = Place::source;
    let rungs = rungs(source, databases, choice);
    let Some(best) = rungs.first() else {
        no_snapshot(source, databases, choice, found);
        return;
    };
    if *best == Rung::PerTable {
        let message = "each table will be read at an instant of its own: rows of different tables \
                       need not fit together";
        let help = "stop writers during the run, or leave --snapshot per-table out";
        found.push(Finding::warning(Code::SnapshotPerTable, place(), message).help(help));
    } else if choice == Choice::Auto && !source.may_lock_globally() {
        let message = format!(
            "RELOAD is missing: the snapshot is taken by {}, which does as well, but {}",
            best.word(),
            match best {
                Rung::LockTables => "lets writers wait while the catalog is read",
                _ => "may have to be tried often while others write",
            }
        );
        let missing = source.missing(Privilege::Reload, Need::Helpful, "", "*.*");
        let finding = Finding::note(Code::MissingPrivilege, place(), message);
        found.push(finding.help(missing.grant_sql));
    }
}

fn no_snapshot(source: &Server, databases: &[String], choice: Choice, found: &mut Vec<Finding>) {
    let asked = match choice {
        Choice::Auto => {
            vec![Rung::BackupStage, Rung::GlobalReadLock, Rung::BinlogPosition, Rung::LockTables]
        }
        Choice::Only(rung) => vec![rung],
    };
    let obstacles =
        || asked.iter().filter_map(|rung| Some((*rung, obstacle(source, databases, *rung)?)));
    let why = obstacles().map(|(rung, obstacle)| match obstacle {
        Obstacle::Missing(privilege) => format!("{}: {} is missing", rung.word(), privilege.word()),
        Obstacle::Server(why) => format!("{}: {why}", rung.word()),
    });
    let message = format!(
        "no way to give all connections one and the same snapshot ({})",
        why.collect::<Vec<_>>().join("; ")
    );
    let help = "--snapshot per-table does without: each table at an instant of its own";
    found.push(Finding::error(Code::NoSnapshot, Place::source(), message).help(help));
    // Any one of these is enough: the error above is the one that counts.
    for privilege in [Privilege::Reload, Privilege::LockTables] {
        if obstacles().any(|(_, obstacle)| obstacle == Obstacle::Missing(privilege)) {
            let grants: Vec<String> = if privilege == Privilege::Reload {
                vec![source.missing(privilege, Need::Helpful, "", "*.*").grant_sql]
            } else {
                let on = |name: &String| source.missing_on(name, (privilege, Need::Helpful), "");
                databases.iter().map(|name| on(name).grant_sql).collect()
            };
            let message = format!("{} would be enough for the snapshot", privilege.word());
            let finding = Finding::note(Code::MissingPrivilege, Place::source(), message);
            found.push(finding.help(grants.join(" ")));
        }
    }
}

/// Each job has one connection to each end; one more reads the catalogs.
fn connections(source: &Source, target: &Target, jobs: usize, found: &mut Vec<Finding>) {
    if let Source::Server { server, .. } = source {
        enough(Place::source(), server.free_connections(), jobs, found);
    }
    enough(Place::target(), u64::from(target.free_connections), jobs, found);
}

fn enough(place: Place, free: u64, jobs: usize, found: &mut Vec<Finding>) {
    let wanted = jobs as u64 + 1;
    if free < wanted {
        let message = format!("{free} connections are free, {wanted} are needed");
        let help = format!("--jobs {}, or raise max_connections", free.saturating_sub(1).max(1));
        found.push(Finding::error(Code::TooFewConnections, place, message).help(help));
    }
}

/// Nothing that exists is touched.
fn in_the_way(ends: &Ends<'_>, found: &mut Vec<Finding>) {
    let dropped = &ends.conversion.dropped.objects;
    for existing in dropped {
        let message = format!(
            "the target's {} of that name is dropped first, as was asked for",
            existing.what
        );
        let place = Place::of(existing.kind, &existing.name);
        found.push(Finding::note(Code::TargetDropped, place, message));
    }
    if !dropped.is_empty() {
        return;
    }
    for existing in catalog::in_the_way(&ends.conversion.made(), ends.existing) {
        let message = format!("the target has a {} of that name already", existing.what);
        let help = match ends.past {
            Past::Unfinished => {
                "go on with the run that made it (--resume), or drop it first (--if-exists drop)"
            }
            _ => {
                "move into an empty schema (--schema NAME), or drop it first (--if-exists drop); tables \
                 may also be kept and emptied (truncate) or added to (append)"
            }
        };
        let place = Place::of(existing.kind, &existing.name);
        found.push(Finding::error(Code::ObjectInTheWay, place, message).help(help));
    }
}

fn tables(source: &Source, table: &Table, found: &mut Vec<Finding>) {
    if table.engine.is_empty() {
        let message = format!("the source cannot open it: {}", table.comment);
        let help = "repair or drop it in the source, or name the others with --only";
        let place = Place::table(&table.name);
        found.push(Finding::error(Code::TableNotCopied, place, message).help(help));
        return;
    }
    if !has_key(table) {
        let message = "has no primary key and no unique key without NULLs: \
                       its rows are proven as a multiset";
        found.push(Finding::note(Code::NoKey, Place::table(&table.name), message));
    }
    let is_read = matches!(source, Source::Server { .. });
    if is_read && !matches!(table.engine.to_ascii_lowercase().as_str(), "innodb" | "rocksdb") {
        let message = format!(
            "its engine {} takes no part in the snapshot: rows written during the copy may show",
            table.engine
        );
        let help = "stop writers during the run, or ALTER TABLE … ENGINE=InnoDB first";
        let place = Place::table(&table.name);
        found.push(Finding::warning(Code::EngineWithoutSnapshot, place, message).help(help));
    }
}

/// Whether every row can be told from every other.
fn has_key(table: &Table) -> bool {
    use crate::mysql::schema::IndexKey;
    table.indexes.iter().any(|index| match index.kind {
        IndexKind::Primary => true,
        IndexKind::Unique => index.parts.iter().all(|part| match &part.key {
            IndexKey::Column(name) => table.column(name).is_some_and(|column| !column.nullable),
            IndexKey::Prefix { .. } | IndexKey::Expression(_) => false,
        }),
        IndexKind::Plain | IndexKind::FullText | IndexKind::Spatial | IndexKind::Other => false,
    })
}
