//! The files of SQL, and where the pieces in them are that `load.sh` runs side by side. Pure.
//!
//! What a live run would tell as a finding, because a server refuses it or because rows are as they
//! are, no server could tell when these files were written. Each such statement stands in a block
//! that lets all others go on, says so in a warning that `load.sh` counts, and keeps a constraint
//! that rows break for rows to come. What is about the server and not about the statement (a full
//! disk, a lost connection, somebody's cancelling) ends the load all the same.

use crate::migrate::build::orphan_queries;
use crate::name::TableName;
use crate::postgres::ddl;
use crate::postgres::quote::{dollar_quoted, literal};
use crate::postgres::schema::{Check, Column, ForeignKey, Schema, Table};

/// What a session that loads is set to, whatever the server's defaults are.
pub(super) const SETTINGS: &str = "\
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET client_min_messages = warning;
SET row_security = off;
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
";

/// Which step of the load a piece belongs to; each waits for all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Indexes,
    Keys,
    ForeignKeys,
    Validate,
    Rest,
}

impl Step {
    /// As load.tsv has it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Indexes => "indexes",
            Self::Keys => "keys",
            Self::ForeignKeys => "foreign-keys",
            Self::Validate => "validate",
            Self::Rest => "rest",
        }
    }
}

/// A range of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) step: Step,
    pub(super) from: usize,
    pub(super) bytes: usize,
}

/// A file of SQL under way.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) text: String,
    pub(super) pieces: Vec<Piece>,
}

impl Script {
    pub(super) fn new(title: &str) -> Self {
        Self { text: format!("-- {title}\n\n{SETTINGS}"), pieces: Vec::new() }
    }

    /// A comment of one line, which a line break in a name cannot end.
    pub(super) fn remark(&mut self, words: &str) {
        self.text.push_str(&format!("\n-- {}\n", words.replace(['\n', '\r'], " ")));
    }

    pub(super) fn statement(&mut self, statement: &str) {
        self.text.push_str(statement);
        self.text.push_str(";\n");
    }

    /// Statements that one session runs in a row.
    fn piece(&mut self, step: Step, statements: impl IntoIterator<Item = String>) {
        let from = self.text.len();
        for statement in statements {
            self.statement(&statement);
        }
        let bytes = self.text.len() - from;
        if bytes > 0 {
            self.pieces.push(Piece { step, from, bytes });
        }
    }
}

/// All that must be there before rows come, in one transaction of its own or the caller's.
pub(super) fn schema(schema: &Schema, schemas: &[&str], since: u16) -> String {
    let mut script = Script::new("All that must be there before the rows.");
    script.remark("The target must be able to hold it, and must be empty.");
    script.statement(&guard(schemas, since));
    script.remark("Schema, types, sequences and tables");
    let names = ddl::schema_names(schema).into_iter().filter(|name| *name != "public");
    let mut all: Vec<String> = names.map(ddl::create_schema).collect();
    all.extend(schema.extensions.iter().map(ddl::create_extension));
    all.extend(schema.collations.iter().map(ddl::create_collation));
    all.extend(schema.enums.iter().map(ddl::create_type));
    for sequence in &schema.sequences {
        all.push(ddl::create_sequence(sequence));
        all.extend(ddl::sequence_comment(sequence));
    }
    for statement in all {
        script.statement(&statement);
    }
    for table in &schema.tables {
        script.remark(&format!("Table {}", table.name));
        script.statement(&ddl::create_table(table));
        for statement in ddl::create_partitions(table).into_iter().chain(ddl::table_comments(table))
        {
            script.statement(&statement);
        }
    }
    script.text
}

/// Ends the load before it has begun, where the server is too old, stores another encoding, or has
/// something in the schema already; what belongs to an extension is nobody's.
fn guard(schemas: &[&str], since: u16) -> String {
    let schemas: Vec<String> = schemas.iter().map(|schema| literal(schema)).collect();
    let body = format!(
        "
DECLARE
    things text;
    schema_name text;
BEGIN
    IF current_setting('server_version_num')::int < {since}0000 THEN
        RAISE EXCEPTION 'nirvana: this directory was written for PostgreSQL {since} and later, \
         and this is %', current_setting('server_version')
        USING HINT = 'nirvana migrate --for-postgres N writes one for older servers';
    END IF;
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'nirvana: the database stores %, which cannot hold every character', \
         current_setting('server_encoding')
        USING HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0';
    END IF;
    FOREACH schema_name IN ARRAY ARRAY[{}] LOOP
        SELECT count(*) || ' objects, such as ' || min(name) INTO things FROM (
            SELECT relname AS name, oid, 'pg_class'::regclass AS class, relnamespace AS space
              FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
            UNION ALL
            SELECT typname, oid, 'pg_type'::regclass, typnamespace
              FROM pg_type WHERE typtype IN ('e', 'd', 'r')
            UNION ALL
            SELECT proname, oid, 'pg_proc'::regclass, pronamespace FROM pg_proc
        ) there
         WHERE space = (SELECT oid FROM pg_namespace WHERE nspname = schema_name)
           AND NOT EXISTS (SELECT FROM pg_depend WHERE deptype = 'e' AND classid = there.class
                           AND objid = there.oid)
        HAVING count(*) > 0;
        IF things IS NOT NULL THEN
            RAISE EXCEPTION 'nirvana: the schema % is not empty: it has %', schema_name, things
            USING HINT = 'load into an empty database, or write the directory with --schema NAME';
        END IF;
    END LOOP;
END
",
        schemas.join(", ")
    );
    format!("DO {}", dollar_quoted("nirvana", &body))
}

/// All indexes, each a piece of its own.
pub(super) fn indexes(schema: &Schema) -> Script {
    let mut script = Script::new("Indexes, once all rows are there.");
    for table in &schema.tables {
        for index in &table.indexes {
            let what = format!("index {} of {}", index.name, table.name.name);
            script.remark(&what);
            let mut statement = ddl::create_index(table, index);
            if let Some(comment) = ddl::index_comment(table, index) {
                statement.push_str(";\n    ");
                statement.push_str(&comment);
            }
            script.piece(Step::Indexes, [tolerant(&what, &statement)]);
        }
    }
    script
}

/// Keys, checks, foreign keys, triggers, next values and views, in this order.
pub(super) fn constraints(schema: &Schema) -> Script {
    let mut script = Script::new("Keys and constraints, next values, triggers and views.");
    for table in &schema.tables {
        script.remark(&format!("Keys, checks, next values and statistics of {}", table.name));
        script.piece(Step::Keys, keys(table));
    }
    let keyed = || schema.tables.iter().filter(|table| !table.foreign_keys.is_empty());
    if keyed().next().is_some() {
        script.remark("Foreign keys, which hold for new rows from here on");
        script.piece(Step::ForeignKeys, keyed().flat_map(foreign_keys));
    }
    for table in keyed() {
        script.remark(&format!("Rows of {} looked at", table.name));
        let keys = table.foreign_keys.iter();
        script.piece(Step::Validate, keys.map(|key| validated(table, key)));
    }
    script.remark("Columns that follow the time of an update, sequences, and views");
    script.piece(Step::Rest, rest(schema));
    script
}

fn keys(table: &Table) -> Vec<String> {
    let of = &table.name.name;
    let mut statements = Vec::new();
    for index in &table.indexes {
        if let Some(statement) = ddl::add_constraint(table, index) {
            statements.push(tolerant(&format!("key {} of {of}", index.name), &statement));
        }
    }
    statements.extend(table.checks.iter().map(|check| checked(table, check)));
    let next = |column: &Column| ddl::set_next_value(&table.name, column);
    statements.extend(table.columns.iter().filter_map(next));
    statements.push(ddl::analyze(&table.name));
    statements
}

fn foreign_keys(table: &Table) -> Vec<String> {
    let keys = table.foreign_keys.iter();
    keys.map(|key| tolerant(&foreign_key_words(table, key), &ddl::add_foreign_key(table, key)))
        .collect()
}

fn foreign_key_words(table: &Table, key: &ForeignKey) -> String {
    format!("foreign key {} of {}", key.name, table.name.name)
}

fn rest(schema: &Schema) -> Vec<String> {
    let functions = schema.touch_functions.iter().map(ddl::create_touch_function);
    let triggers = schema.tables.iter().flat_map(|table| {
        table.triggers.iter().map(move |trigger| ddl::create_trigger(table, trigger))
    });
    let sequences = schema.sequences.iter().map(ddl::set_sequence);
    let views = schema
        .views
        .iter()
        .map(|view| tolerant(&format!("view {}", view.name.name), &ddl::create_view(view)));
    functions.chain(triggers).chain(sequences).chain(views).collect()
}

/// A statement that lets all others go on, should the server refuse it.
fn tolerant(what: &str, statement: &str) -> String {
    block("", statement, &format!("WHEN OTHERS THEN{}", refused(what)))
}

/// A check; where rows break it, it holds for those to come.
fn checked(table: &Table, check: &Check) -> String {
    let what = format!("check {} of {}", check.name, table.name.name);
    let loose = ddl::add_check(table, &Check { not_valid: true, ..check.clone() });
    let mend = ddl::validate(&table.name, &check.name);
    let message = format!("{what}: rows of the source break it, so it stays NOT VALID");
    let broken = format!(
        "WHEN check_violation THEN\n    {loose};{}",
        warned(&message, &format!("mend the rows, then: {mend};"))
    );
    let handlers = format!("{broken}\nWHEN OTHERS THEN{}", refused(&what));
    block("", &ddl::add_check(table, check), &handlers)
}

/// The server looks at all rows; a key with orphans stays NOT VALID.
fn validated(table: &Table, key: &ForeignKey) -> String {
    let what = foreign_key_words(table, key);
    let validate = ddl::validate(&table.name, &key.name);
    let (count, sample) = orphan_queries(&table.name, key);
    let handlers = format!(
        "WHEN undefined_object THEN
    -- It could not be added, and that is told already.
    NULL;
WHEN foreign_key_violation THEN
    EXECUTE {} INTO nirvana_orphans;
    EXECUTE {} INTO nirvana_such_as;
    RAISE WARNING 'nirvana-finding: %: % rows refer to rows of % that do not exist, such as %; \
         it stays NOT VALID', {}, nirvana_orphans, {}, nirvana_such_as
    USING HINT = {};
    {COUNT}
WHEN OTHERS THEN{}",
        literal(&count),
        literal(&format!("SELECT string_agg(orphan, ', ') FROM ({sample}) orphans (orphan)")),
        literal(&what),
        literal(&key.referenced_table.name),
        literal(&format!("mend the rows, then: {validate};")),
        refused(&what)
    );
    block("DECLARE\n    nirvana_orphans bigint;\n    nirvana_such_as text;\n", &validate, &handlers)
}

/// Counts a finding, for whoever runs all in one session.
const COUNT: &str = "PERFORM set_config('nirvana.findings', (coalesce(nullif(current_setting(\
                     'nirvana.findings', true), ''), '0')::int + 1)::text, false);";

fn refused(what: &str) -> String {
    format!(
        "
    IF left(SQLSTATE, 2) IN ('08', '40', '53', '57', '58') THEN
        RAISE;
    END IF;
    RAISE WARNING 'nirvana-finding: % was not made: % (%)', {}, SQLERRM, SQLSTATE;
    {COUNT}",
        literal(what)
    )
}

fn warned(message: &str, hint: &str) -> String {
    format!(
        "\n    RAISE WARNING 'nirvana-finding: %', {}\n    USING HINT = {};\n    {COUNT}",
        literal(message),
        literal(hint)
    )
}

fn block(declare: &str, statement: &str, handlers: &str) -> String {
    let body = format!("\n{declare}BEGIN\n    {statement};\nEXCEPTION {handlers}\nEND\n");
    format!("DO {}", dollar_quoted("nirvana", &body))
}

/// Takes away what a load has made, with the rows.
pub(super) fn drop(schema: &Schema) -> String {
    let mut script = Script::new(
        "Takes away all that this directory has made in a database, WITH WHATEVER ROWS ARE THERE \
         NOW: for a load that did not come to its end.",
    );
    let list = |names: &[&TableName]| {
        names.iter().map(|name| name.postgres()).collect::<Vec<_>>().join(", ")
    };
    let views: Vec<_> = schema.views.iter().rev().map(|view| &view.name).collect();
    let tables: Vec<_> = schema.tables.iter().map(|table| &table.name).collect();
    let sequences: Vec<_> = schema.sequences.iter().map(|sequence| &sequence.name).collect();
    let enums: Vec<_> = schema.enums.iter().map(|kind| &kind.name).collect();
    script.remark("All of it or nothing");
    script.statement("BEGIN");
    for (kind, names) in
        [("VIEW", views), ("TABLE", tables), ("SEQUENCE", sequences), ("TYPE", enums)]
    {
        if !names.is_empty() {
            script.statement(&format!("DROP {kind} IF EXISTS {}", list(&names)));
        }
    }
    for function in &schema.touch_functions {
        script.statement(&format!("DROP FUNCTION IF EXISTS {}()", function.name.postgres()));
    }
    script.statement("COMMIT");
    script.text
}

#[cfg(test)]
mod tests {
    use super::{Script, Step, tolerant};

    #[test]
    fn a_piece_is_its_statements_and_nothing_else() {
        let mut script = Script::new("title");
        script.remark("a\nb");
        script.piece(Step::Keys, ["SELECT 'ü'".to_owned(), "SELECT 2".to_owned()]);
        script.piece(Step::Rest, []);
        assert!(script.text.contains("\n-- a b\nSELECT 'ü'"));
        let [piece] = script.pieces.as_slice() else { panic!("{:?}", script.pieces) };
        let text = &script.text[piece.from..piece.from + piece.bytes];
        assert_eq!(text, "SELECT 'ü';\nSELECT 2;\n");
    }

    #[test]
    fn a_name_cannot_end_the_block() {
        let text = tolerant("index x$nirvana$'", "CREATE INDEX \"x$nirvana$\" ON t (a)");
        assert!(text.starts_with("DO $_nirvana$\nBEGIN\n"), "{text}");
        assert!(text.contains("'index x$nirvana$'''"), "{text}");
    }
}
