//! Tables before the copy; indexes, keys and counters after it. One that fails is a finding
//! with the server's words, and everything else is still built.

use crate::event::{Event, Events};
use crate::fault::{Blame, Fault};
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::conversion::Conversion;
use crate::migrate::digest::Digest;
use crate::migrate::error::Error;
use crate::migrate::fit;
use crate::name::{TableName, postgres_quoted};
use crate::postgres::connect::Session;
use crate::postgres::ddl;
use crate::postgres::journal::{self, Entry, NewRun};
use crate::postgres::schema::{Check, ForeignKey, Schema, Table};
use crate::postgres::server::Server;

/// Everything that must be there before rows come: schema, types, functions, tables, triggers.
/// All in one transaction, so that a failure leaves nothing behind.
fn before_copy(target: &Server, schema: &Schema) -> Vec<String> {
    let mut statements = before_tables(target, schema);
    statements.extend(schema.tables.iter().flat_map(of_table));
    statements
}

/// What tables need.
pub(crate) fn before_tables(target: &Server, schema: &Schema) -> Vec<String> {
    // A schema that stands is not asked for again: that would want a privilege on the database.
    let missing =
        ddl::schema_names(schema).into_iter().filter(|name| target.schema(name).is_none());
    let mut statements: Vec<String> = missing.map(ddl::create_schema).collect();
    // No part of the plan's digest: a run that goes on finds them there.
    statements.extend(schema.extensions.iter().map(ddl::create_extension));
    statements.extend(objects(schema));
    statements
}

fn objects(schema: &Schema) -> Vec<String> {
    let mut statements = Vec::new();
    statements.extend(schema.collations.iter().map(ddl::create_collation));
    statements.extend(schema.enums.iter().map(ddl::create_type));
    statements.extend(schema.touch_functions.iter().map(ddl::create_touch_function));
    for sequence in &schema.sequences {
        statements.push(ddl::create_sequence(sequence));
        statements.extend(ddl::sequence_comment(sequence));
    }
    statements
}

/// One table as rows go into it.
pub(crate) fn of_table(table: &Table) -> Vec<String> {
    let mut statements = vec![ddl::create_table(table)];
    statements.extend(ddl::create_partitions(table));
    statements.extend(ddl::table_comments(table));
    let triggers = table.triggers.iter();
    statements.extend(triggers.map(|trigger| ddl::create_trigger(table, trigger)));
    statements
}

/// What a run's plan is known by: the tables that rows go into. Counters go on in the source, and
/// are set at the end, so that they are no part of it.
pub(crate) fn plan_digest(conversion: &Conversion) -> String {
    let mut schema = conversion.made();
    let columns = schema.tables.iter_mut().flat_map(|table| &mut table.columns);
    for identity in columns.filter_map(|column| column.identity.as_mut()) {
        *identity = 1;
    }
    let mut digest = Digest::default();
    let tables = schema.tables.iter().flat_map(of_table);
    for statement in objects(&schema).into_iter().chain(tables) {
        digest.add(statement.as_bytes());
    }
    if conversion.fit.is_some() {
        digest.add(fit::digest(&conversion.mappings).as_bytes());
    }
    digest.to_string()
}

/// Makes all of that, and the journal's word of it, in one transaction; of a schema that stands
/// already, takes away what would disturb. Gives the run's number.
pub(crate) async fn create(
    session: &Session,
    target: &Server,
    conversion: &Conversion,
    (run, chunks): (NewRun<'_>, &[Entry]),
) -> Result<i64, Error> {
    in_transaction(session, async {
        let dropped = conversion.dropped.statements.iter().cloned();
        for statement in dropped.chain(before_copy(target, &conversion.made())) {
            session.execute(&statement).await?;
        }
        let run = journal::begin(session, run, chunks).await?;
        if let Some(fit) = &conversion.fit {
            fit.take(session).await?;
        }
        Ok(run)
    })
    .await
}

async fn in_transaction<T>(
    session: &Session,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    session.execute("BEGIN").await?;
    match work.await {
        Ok(done) => {
            session.execute("COMMIT").await?;
            Ok(done)
        }
        Err(error) => {
            if !matches!(&error, Error::Target(error) if error.is_connection_lost()) {
                session.execute("ROLLBACK").await?;
            }
            Err(error)
        }
    }
}

/// Takes away what stands in the way of rows that are to be copied again; it is made anew later.
pub(crate) async fn drop_foreign_keys(
    session: &Session,
    conversion: &Conversion,
) -> Result<(), Error> {
    if let Some(fit) = &conversion.fit {
        in_transaction(session, fit.take(session)).await?;
    }
    for table in &conversion.made().tables {
        for key in &table.foreign_keys {
            session.execute(&ddl::drop_constraint(&table.name, &key.name)).await?;
        }
    }
    Ok(())
}

/// Whether what is to be built may stand already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum History {
    New,
    /// An earlier run built some of it; the catalog is compared with the plan at the end.
    Resumed,
}

impl History {
    /// Whether an error says only that an earlier run has done it: duplicate table (an index),
    /// duplicate object (a constraint), invalid table definition (a second primary key), and an
    /// index that is a constraint's already.
    pub(crate) fn excuses(self, error: &crate::postgres::error::Error) -> bool {
        self == Self::Resumed
            && matches!(error.sqlstate(), Some("42P07" | "42710" | "42P16" | "55000"))
    }
}

/// The most memory that one index build may take, in KiB: more has no use for sorts that spill.
const BUILD_MEMORY_KIB: u64 = 1024 * 1024;

/// What a session that copies and builds is set to.
pub(crate) fn settings(target: &Server, jobs: usize) -> String {
    let memory = target.maintenance_work_mem_kib.max(256 * 1024 / jobs.max(1) as u64);
    format!("SET maintenance_work_mem = '{}kB'", memory.min(BUILD_MEMORY_KIB))
}

/// SQLSTATE `check_violation`.
const CHECK_VIOLATION: &str = "23514";

/// Makes things of one table, and tells what became of them.
pub(crate) struct Builder<'a> {
    pub(crate) session: &'a Session,
    pub(crate) events: &'a Events,
    /// The table as the source names it, for findings.
    pub(crate) source: &'a TableName,
    pub(crate) table: &'a Table,
    pub(crate) history: History,
}

impl Builder<'_> {
    /// One index. A primary key or unique constraint is made of it in `finish`.
    pub(crate) async fn index(&self, index: usize) -> Result<(), Error> {
        let index = &self.table.indexes[index];
        let statement = ddl::create_index(self.table, index);
        self.build(PlaceKind::Index, &index.name, &statement).await
    }

    /// Constraints of the unique indexes, checks, comments, the counter, statistics.
    pub(crate) async fn finish(&self) -> Result<(), Error> {
        for index in &self.table.indexes {
            // Of an index that was refused there is no more to tell.
            let (kind, name) = (PlaceKind::Index, &index.name);
            let place = Place::part(kind, self.source, name);
            if self.events.findings().iter().any(|one| one.place == place && one.is_refusal()) {
                continue;
            }
            if let Some(statement) = ddl::add_constraint(self.table, index) {
                self.build(kind, name, &statement).await?;
            }
            if let Some(statement) = ddl::index_comment(self.table, index) {
                self.build(kind, name, &statement).await?;
            }
        }
        for check in &self.table.checks {
            self.check(check).await?;
        }
        for column in &self.table.columns {
            if let Some(statement) = ddl::set_next_value(&self.table.name, column) {
                self.build(PlaceKind::Sequence, &column.name, &statement).await?;
            }
        }
        self.build(PlaceKind::Table, "statistics", &ddl::analyze(&self.table.name)).await
    }

    /// One check; where rows break it, it holds for those to come only.
    async fn check(&self, check: &Check) -> Result<(), Error> {
        let broken = match self.session.execute(&ddl::add_check(self.table, check)).await {
            Err(error) if error.sqlstate() == Some(CHECK_VIOLATION) => error,
            Ok(()) => return Ok(()),
            Err(error) if ends_the_run(&error) => return Err(error.into()),
            Err(error) if self.history.excuses(&error) => return Ok(()),
            Err(error) => {
                self.refused(PlaceKind::Check, &check.name, &error);
                return Ok(());
            }
        };
        let loose = Check { not_valid: true, ..check.clone() };
        let statement = ddl::add_check(self.table, &loose);
        self.build(PlaceKind::Check, &check.name, &statement).await?;
        let place = Place::part(PlaceKind::Check, self.source, &check.name);
        let message = format!("rows of the source break it, so it stays NOT VALID: {broken}");
        let help =
            format!("mend the rows, then: {};", ddl::validate(&self.table.name, &check.name));
        self.events.found(Finding::warning(Code::CheckNotEnforced, place, message).help(help));
        Ok(())
    }

    /// Adds the foreign keys; what is in the table already is not looked at yet.
    pub(crate) async fn add_foreign_keys(&self) -> Result<(), Error> {
        for key in &self.table.foreign_keys {
            let statement = ddl::add_foreign_key(self.table, key);
            self.build(PlaceKind::ForeignKey, &key.name, &statement).await?;
        }
        Ok(())
    }

    /// Has the server look at all rows; a key with orphans stays NOT VALID.
    pub(crate) async fn validate_foreign_keys(&self) -> Result<(), Error> {
        for key in &self.table.foreign_keys {
            let started = self.started(&key.name);
            let statement = ddl::validate(&self.table.name, &key.name);
            match self.session.execute(&statement).await {
                Ok(()) => {}
                Err(error) if ends_the_run(&error) => return Err(error.into()),
                // The key itself was refused, which is a finding already.
                Err(error) if error.sqlstate() == Some("42704") => {}
                Err(error) if error.sqlstate() == Some("23503") => self.orphans(key).await?,
                Err(error) => self.refused(PlaceKind::ForeignKey, &key.name, &error),
            }
            self.finished(&key.name, started);
        }
        Ok(())
    }

    async fn orphans(&self, key: &ForeignKey) -> Result<(), Error> {
        let (count, sample) = orphan_queries(&self.table.name, key);
        let count = self.session.rows(&count).await?;
        let count = count.first().and_then(|row| row.first().cloned().flatten());
        let sample = self.session.rows(&sample).await?;
        let sample: Vec<String> =
            sample.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect();
        let place = Place::part(PlaceKind::ForeignKey, self.source, &key.name);
        let message = format!(
            "{} rows refer to rows of {} that do not exist, such as {}; the key stays NOT VALID",
            count.unwrap_or_else(|| "some".to_owned()),
            key.referenced_table.name,
            sample.join(", "),
        );
        let help = format!("mend the rows, then: {};", ddl::validate(&self.table.name, &key.name));
        self.events.found(Finding::warning(Code::Orphans, place, message).help(help));
        Ok(())
    }

    async fn build(&self, kind: PlaceKind, name: &str, statement: &str) -> Result<(), Error> {
        let started = self.started(name);
        match self.session.execute(statement).await {
            Ok(()) => {}
            Err(error) if ends_the_run(&error) => return Err(error.into()),
            Err(error) if self.history.excuses(&error) => {}
            Err(error) => self.refused(kind, name, &error),
        }
        self.finished(name, started);
        Ok(())
    }

    fn refused(&self, kind: PlaceKind, name: &str, error: &crate::postgres::error::Error) {
        let place = Place::part(kind, self.source, name);
        let mut finding = Finding::error(Code::ObjectNotBuilt, place, error.to_string());
        if let Some(hint) = error.hint() {
            finding = finding.help(hint);
        }
        self.events.found(finding);
    }

    fn started(&self, object: &str) -> std::time::Instant {
        let table = self.source.clone();
        self.events.emit(Event::BuildStarted { table, object: object.to_owned() });
        std::time::Instant::now()
    }

    fn finished(&self, object: &str, started: std::time::Instant) {
        self.events.emit(Event::BuildFinished {
            table: self.source.clone(),
            object: object.to_owned(),
            milliseconds: started.elapsed().as_millis() as u64,
        });
    }
}

/// Whether a failed statement concerns more than the object it was to make.
pub(crate) fn ends_the_run(error: &crate::postgres::error::Error) -> bool {
    error.is_connection_lost() || error.is_out_of_resources() || error.fault() == Fault::Transient
}

/// Counts the rows whose reference leads nowhere, and shows a few.
pub(crate) fn orphan_queries(table: &TableName, key: &ForeignKey) -> (String, String) {
    let near = |column: &String| format!("near.{}", postgres_quoted(column));
    let pairs: Vec<String> = key
        .columns
        .iter()
        .zip(&key.referenced_columns)
        .map(|(from, to)| format!("far.{} = {}", postgres_quoted(to), near(from)))
        .collect();
    let present: Vec<String> =
        key.columns.iter().map(|column| format!("{} IS NOT NULL", near(column))).collect();
    let from = format!(
        "FROM {} near WHERE {} AND NOT EXISTS (SELECT FROM {} far WHERE {})",
        table.postgres(),
        present.join(" AND "),
        key.referenced_table.postgres(),
        pairs.join(" AND "),
    );
    let columns: Vec<String> = key.columns.iter().map(near).collect();
    let sample = format!("SELECT ROW({})::text {from} LIMIT 3", columns.join(", "));
    (format!("SELECT count(*) {from}"), sample)
}

#[cfg(test)]
mod tests {
    use super::orphan_queries;
    use crate::name::TableName;
    use crate::postgres::schema::ForeignKey;

    #[test]
    fn orphans_are_rows_with_a_full_reference_to_nothing() {
        let key = ForeignKey {
            name: "k".to_owned(),
            columns: vec!["a".to_owned(), "b".to_owned()],
            referenced_table: TableName::new("s", "p"),
            referenced_columns: vec!["x".to_owned(), "y".to_owned()],
            on_delete: String::new(),
            on_update: String::new(),
        };
        let (count, _) = orphan_queries(&TableName::new("s", "c"), &key);
        assert_eq!(
            count,
            "SELECT count(*) FROM \"s\".\"c\" near WHERE near.\"a\" IS NOT NULL AND \
             near.\"b\" IS NOT NULL AND NOT EXISTS (SELECT FROM \"s\".\"p\" far WHERE \
             far.\"x\" = near.\"a\" AND far.\"y\" = near.\"b\")"
        );
    }
}
