//! The whole of a schema as one file that a person reads and `psql` runs.

use super::{
    add_check, add_constraint, add_foreign_key, analyze, create_collation, create_extension,
    create_index, create_partitions, create_schema, create_sequence, create_table,
    create_touch_function, create_trigger, create_type, create_view, index_comment, schema_names,
    sequence_comment, set_next_value, set_sequence, table_comments, validate,
};
use crate::postgres::schema::{Schema, Table};

/// All statements in the order a run takes, without semicolons. The first of a section has the
/// section's name before it, as a comment.
pub(crate) fn statements(schema: &Schema) -> Vec<String> {
    let mut script = Script {
        statements: vec!["SET client_encoding = 'UTF8'".to_owned()],
        remarks: String::new(),
    };
    let schemas = schema_names(schema).into_iter().filter(|name| *name != "public");
    script.section("Schemas", schemas.map(create_schema));
    script.section("Extensions", schema.extensions.iter().map(create_extension));
    script.section("Collations", schema.collations.iter().map(create_collation));
    script.section("Types", schema.enums.iter().map(create_type));
    let sequences = schema.sequences.iter();
    let sequences = sequences
        .flat_map(|sequence| [Some(create_sequence(sequence)), sequence_comment(sequence)]);
    script.section("Sequences", sequences.flatten());
    for table in &schema.tables {
        let mut statements = vec![create_table(table)];
        statements.extend(create_partitions(table));
        statements.extend(table_comments(table));
        script.section(&format!("Table {}", table.name), statements);
    }
    script.remark("The rows are copied here.");
    script.section("Indexes, keys and checks", schema.tables.iter().flat_map(finish));
    script.section("Foreign keys", schema.tables.iter().flat_map(foreign_keys));
    let functions = schema.touch_functions.iter().map(create_touch_function);
    let triggers = schema.tables.iter().flat_map(triggers);
    script.section("Columns that follow the time of an update", functions.chain(triggers));
    let sequences = schema.sequences.iter().map(set_sequence);
    script.section("Next values", schema.tables.iter().flat_map(next_values).chain(sequences));
    script.section("Views", schema.views.iter().map(create_view));
    script.section("Statistics", schema.tables.iter().map(|table| analyze(&table.name)));
    script.statements
}

/// The statements as one text, which `psql` runs.
#[cfg(test)]
pub(crate) fn script(schema: &Schema) -> String {
    statements(schema).into_iter().flat_map(|statement| [statement, ";\n".to_owned()]).collect()
}

fn finish(table: &Table) -> Vec<String> {
    let mut statements = Vec::new();
    for index in &table.indexes {
        statements.push(create_index(table, index));
        statements.extend(add_constraint(table, index));
        statements.extend(index_comment(table, index));
    }
    statements.extend(table.checks.iter().map(|check| add_check(table, check)));
    statements
}

fn foreign_keys(table: &Table) -> Vec<String> {
    let keys = table.foreign_keys.iter();
    keys.flat_map(|key| [add_foreign_key(table, key), validate(&table.name, &key.name)]).collect()
}

fn triggers(table: &Table) -> Vec<String> {
    table.triggers.iter().map(|trigger| create_trigger(table, trigger)).collect()
}

fn next_values(table: &Table) -> Vec<String> {
    table.columns.iter().filter_map(|column| set_next_value(&table.name, column)).collect()
}

struct Script {
    statements: Vec<String>,
    /// Comments that stand before the next statement.
    remarks: String,
}

impl Script {
    /// A headline and its statements; nothing where there are none.
    fn section(&mut self, title: &str, statements: impl IntoIterator<Item = String>) {
        let mut statements = statements.into_iter().peekable();
        if statements.peek().is_none() {
            return;
        }
        self.remark(title);
        for statement in statements {
            self.statements.push(std::mem::take(&mut self.remarks) + &statement);
        }
    }

    /// A comment of one line, which a line break in a name cannot end.
    fn remark(&mut self, words: &str) {
        self.remarks.push_str("\n-- ");
        self.remarks.push_str(&words.replace(['\n', '\r'], " "));
        self.remarks.push('\n');
    }
}
