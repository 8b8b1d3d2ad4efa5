//! The same plan as entries that `pg_restore` makes, by any number of connections. Pure.
//!
//! What the server refuses, `pg_restore` tells and counts, and goes on (`--exit-on-error`: does not).
//! So that no more is lost by it than by a load of our own, each statement that rows may break is an
//! entry of its own: a foreign key and a check are first made NOT VALID, and then validated.
//!
//! Rows of a table in one file hang on their table, as `pg_dump` has it; `pg_restore -j` may then
//! empty the table that it has just made before it copies. Where a table's rows are in several
//! files, or go on into partitions, that would take rows away or fail: those hang on nothing, since
//! all tables are made before any rows, and whatever comes behind waits for each of them by name.

use crate::archive::{Entry, Format, Id, Rows, Section, Toc};
use crate::migrate::mapping::TableMapping;
use crate::migrate::pack::files::{self, Written};
use crate::name::{TableName, postgres_quoted};
use crate::postgres::ddl;
use crate::postgres::quote::literal;
use crate::postgres::schema::{Check, ForeignKey, Index, IndexRole, Schema, Table};

/// What is to be restored.
pub(super) struct Plan<'a> {
    pub(super) schema: &'a Schema,
    pub(super) mappings: &'a [TableMapping],
    /// By the table's place in both.
    pub(super) chunks: &'a [(usize, Written)],
    /// What `--create` makes.
    pub(super) database: &'a str,
    /// What stands behind the names of files.
    pub(super) ending: &'static str,
}

/// The entries that others wait for, by table.
#[derive(Clone, Debug, Default)]
struct Made {
    /// The table and its rows.
    filled: Vec<Id>,
    /// What foreign keys may lead to.
    keys: Vec<Id>,
}

struct Writer<'a> {
    plan: &'a Plan<'a>,
    toc: Toc,
    made: Vec<Made>,
}

pub(super) fn toc(plan: &Plan<'_>) -> Toc {
    let made = vec![Made::default(); plan.schema.tables.len()];
    let mut writer = Writer { plan, toc: Toc::default(), made };
    writer.session();
    writer.before();
    writer.rows();
    writer.indexes();
    writer.constraints();
    writer.foreign_keys();
    writer.triggers_and_views();
    writer.toc
}

/// What is in no schema.
fn top(name: &str) -> TableName {
    TableName::new("", name)
}

/// What is part of a table, and named with it.
fn part(kind: &'static str, table: &TableName, name: &str, make: &str) -> Entry {
    let name = TableName::new(&table.schema, format!("{} {name}", table.name));
    Entry::new(Section::PostData, kind, &name, make)
}

impl Writer<'_> {
    fn add(&mut self, entry: Entry) -> Id {
        self.toc.add(entry)
    }

    /// What each session is set to. Names are qualified, but for what an extension has.
    fn session(&mut self) {
        let schemas = self.plan.schema.extensions.iter();
        let path: Vec<String> = schemas.map(|made| postgres_quoted(&made.schema)).collect();
        let settings = [
            ("search_path", path.join(", ").as_str()),
            ("TimeZone", "UTC"),
            ("DateStyle", "ISO, YMD"),
            ("IntervalStyle", "postgres"),
        ]
        .map(|(name, value)| format!("pg_catalog.set_config('{name}', {}, false)", literal(value)));
        for (word, statement) in [
            ("ENCODING", "SET client_encoding = 'UTF8'".to_owned()),
            ("STDSTRINGS", "SET standard_conforming_strings = 'on'".to_owned()),
            ("SEARCHPATH", format!("SELECT {}", settings.join(", "))),
        ] {
            self.add(Entry::new(Section::PreData, word, &top(word), &statement));
        }
        let (name, quoted) = (top(self.plan.database), postgres_quoted(self.plan.database));
        let make = format!("CREATE DATABASE {quoted} WITH TEMPLATE = template0 ENCODING = 'UTF8'");
        self.add(Entry::new(Section::PreData, "DATABASE", &name, &make).dropped(&quoted));
    }

    /// All that must be there before rows come.
    fn before(&mut self) {
        let schema = self.plan.schema;
        let pre =
            |kind, name: &TableName, make: &str| Entry::new(Section::PreData, kind, name, make);
        for name in ddl::schema_names(schema).into_iter().filter(|name| *name != "public") {
            let made = pre("SCHEMA", &top(name), &ddl::create_schema(name));
            self.add(made.dropped(&postgres_quoted(name)));
        }
        // An extension is others', too: it stays where all else is dropped.
        for extension in &schema.extensions {
            self.add(pre("EXTENSION", &top(&extension.name), &ddl::create_extension(extension)));
        }
        for collation in &schema.collations {
            let made = pre("COLLATION", &collation.name, &ddl::create_collation(collation));
            self.add(made.dropped(&collation.name.postgres()));
        }
        for kind in &schema.enums {
            let made = pre("TYPE", &kind.name, &ddl::create_type(kind));
            self.add(made.dropped(&kind.name.postgres()));
        }
        for function in &schema.touch_functions {
            let name = TableName::new(&function.name.schema, format!("{}()", function.name.name));
            let made = pre("FUNCTION", &name, &ddl::create_touch_function(function));
            self.add(made.dropped(&format!("{}()", function.name.postgres())));
        }
        for sequence in &schema.sequences {
            let made = pre("SEQUENCE", &sequence.name, &ddl::create_sequence(sequence));
            let id = self.add(made.dropped(&sequence.name.postgres()));
            let comment = ddl::sequence_comment(sequence);
            self.comment("SEQUENCE", &sequence.name, comment, id);
        }
        for (at, table) in schema.tables.iter().enumerate() {
            let parts = ddl::create_partitions(table);
            let make = [vec![ddl::create_table(table)], parts].concat().join(";\n");
            let made = pre("TABLE", &table.name, &make).dropped(&table.name.postgres());
            let id = self.add(made);
            self.comment("TABLE", &table.name, ddl::table_comments(table), id);
            self.made[at].filled.push(id);
        }
    }

    /// COMMENT ON, which is left out with its object.
    fn comment(
        &mut self,
        kind: &str,
        of: &TableName,
        statements: impl IntoIterator<Item = String>,
        id: Id,
    ) {
        let statements: Vec<String> = statements.into_iter().collect();
        if !statements.is_empty() {
            let name = TableName::new(&of.schema, format!("{kind} {}", of.name));
            let made = Entry::new(Section::None, "COMMENT", &name, &statements.join(";\n"));
            self.add(made.after(vec![id]));
        }
    }

    /// Rows, and the counters that come behind the greatest of them.
    fn rows(&mut self) {
        let Plan { schema, mappings, chunks, ending, .. } = self.plan;
        for (at, table) in schema.tables.iter().enumerate() {
            let files: Vec<&Written> =
                chunks.iter().filter(|(of, _)| *of == at).map(|(_, written)| written).collect();
            let hangs = files.len() == 1 && table.partitioning.is_none();
            let on = if hangs { self.made[at].filled.clone() } else { Vec::new() };
            for Written { path, .. } in files {
                let copy = files::copy_from_stdin(&mappings[at], Format::Text) + ";\n";
                let file = path.strip_suffix(ending).unwrap_or(path).to_owned();
                let rows = Some(Rows { copy, file });
                let made = Entry::new(Section::Data, "TABLE DATA", &table.name, "");
                let id = self.add(Entry { rows, ..made.after(on.clone()) });
                self.made[at].filled.push(id);
            }
        }
        // Named as the table is, so that --table takes them along.
        for (at, table) in schema.tables.iter().enumerate() {
            let next = table.columns.iter();
            for set in next.filter_map(|column| ddl::set_next_value(&table.name, column)) {
                let made = Entry::new(Section::Data, "SEQUENCE SET", &table.name, &set);
                self.add(made.after(self.made[at].filled.clone()));
            }
        }
        for sequence in &schema.sequences {
            let set = ddl::set_sequence(sequence);
            self.add(Entry::new(Section::Data, "SEQUENCE SET", &sequence.name, &set));
        }
    }

    /// All indexes, those of keys, too, so that connections build several of one table at once.
    fn indexes(&mut self) {
        for (at, table) in self.plan.schema.tables.iter().enumerate() {
            for index in &table.indexes {
                let id = self.index(table, index, self.made[at].filled.clone());
                if index.role != IndexRole::Plain {
                    self.made[at].keys.push(id);
                }
            }
        }
    }

    fn index(&mut self, table: &Table, index: &Index, filled: Vec<Id>) -> Id {
        let name = TableName::new(&table.name.schema, &index.name);
        let statement = ddl::create_index(table, index);
        let plain = Entry::new(Section::PostData, "INDEX", &name, &statement);
        let (mut made, becomes) = match ddl::add_constraint(table, index) {
            // It goes with its constraint.
            Some(constraint) => (plain, Some(constraint)),
            None if ddl::becomes_constraint(index) => {
                let made = part("CONSTRAINT", &table.name, &index.name, &statement);
                (made.dropped_from(&table.name, &index.name), None)
            }
            None => (plain.dropped(&name.postgres()), None),
        };
        made.after.clone_from(&filled);
        let mut id = self.add(made);
        if let Some(constraint) = becomes {
            let made = part("CONSTRAINT", &table.name, &index.name, &constraint);
            let after = [filled, vec![id]].concat();
            id = self.add(made.dropped_from(&table.name, &index.name).after(after));
        }
        self.comment("INDEX", &name, ddl::index_comment(table, index), id);
        id
    }

    /// Checks, which hold for new rows first.
    fn constraints(&mut self) {
        for (at, table) in self.plan.schema.tables.iter().enumerate() {
            for check in &table.checks {
                let loose = Check { not_valid: true, ..check.clone() };
                let statement = ddl::add_check(table, &loose);
                let made = part("CHECK CONSTRAINT", &table.name, &check.name, &statement);
                let made = made.dropped_from(&table.name, &check.name);
                let id = self.add(made.after(self.made[at].filled.clone()));
                if !check.not_valid {
                    self.validated("CHECK CONSTRAINT", (at, table), &check.name, id);
                }
            }
        }
    }

    /// The server looks at all rows; if some break it, the constraint stays NOT VALID.
    fn validated(&mut self, kind: &'static str, (at, table): (usize, &Table), name: &str, id: Id) {
        let statement = ddl::validate(&table.name, name);
        let made = part(kind, &table.name, &format!("{name} (validated)"), &statement);
        let after = [self.made[at].filled.clone(), vec![id]].concat();
        self.add(made.after(after));
    }

    /// Each after the keys of both tables.
    fn foreign_keys(&mut self) {
        let tables = &self.plan.schema.tables;
        for (at, table) in tables.iter().enumerate() {
            for key in &table.foreign_keys {
                let far = tables.iter().position(|table| table.name == key.referenced_table);
                let mut after: Vec<Id> = Vec::new();
                for made in [Some(at), far.filter(|far| *far != at)].into_iter().flatten() {
                    after.extend(&self.made[made].filled);
                    after.extend(&self.made[made].keys);
                }
                self.foreign_key((at, table), key, after);
            }
        }
    }

    fn foreign_key(&mut self, (at, table): (usize, &Table), key: &ForeignKey, after: Vec<Id>) {
        const KIND: &str = "FK CONSTRAINT";
        let made = part(KIND, &table.name, &key.name, &ddl::add_foreign_key(table, key));
        let id = self.add(made.dropped_from(&table.name, &key.name).after(after));
        self.validated(KIND, (at, table), &key.name, id);
    }

    /// A view may group by a key, and reads those before it.
    fn triggers_and_views(&mut self) {
        let schema = self.plan.schema;
        for (at, table) in schema.tables.iter().enumerate() {
            for trigger in &table.triggers {
                let statement = ddl::create_trigger(table, trigger);
                let made = part("TRIGGER", &table.name, &trigger.name, &statement);
                let (name, of) = (postgres_quoted(&trigger.name), table.name.postgres());
                let made = made.dropped(&format!("{name} ON {of}"));
                self.add(made.after(self.made[at].filled.clone()));
            }
        }
        let mut after: Vec<Id> = self.made.iter().flat_map(|made| made.keys.clone()).collect();
        for view in &schema.views {
            let make = ddl::create_view(view);
            let made = Entry::new(Section::PostData, "VIEW", &view.name, &make);
            after = vec![self.add(made.dropped(&view.name.postgres()).after(after))];
        }
    }
}
