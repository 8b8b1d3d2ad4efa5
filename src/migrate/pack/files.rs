//! What `psql` and `load.sh` read, beside the SQL. Pure.

use crate::archive::{Compression, DataForm, Format};
use crate::migrate::mapping::{Form, TableMapping};
use crate::migrate::pack::script::{Piece, SETTINGS, Script};
use crate::name::{TableName, postgres_list, postgres_quoted};
use crate::postgres::quote::{dollar_quoted, literal};

/// A file of rows, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) path: String,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

/// The name of a chunk's file: the table's name is in it for people, as far as every system can have
/// it in a name.
pub(super) fn name(table: usize, mapping: &TableMapping, chunk: usize, form: DataForm) -> String {
    let known = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let letters = mapping.target.name.chars().take(40);
    let word: String = letters.map(|letter| if known(letter) { letter } else { '_' }).collect();
    let ending = match form.format {
        Format::Binary => "copy",
        Format::Text => "tsv",
    };
    let chunk = chunk + 1;
    format!("{:04}_{word}.{chunk:04}.{ending}{}", table + 1, form.compression.ending())
}

/// The statements that take rows, one a table, and where each of them is.
pub(super) fn copies(mappings: &[TableMapping], format: Format) -> (String, Vec<(usize, usize)>) {
    let mut text = "-- The statements that load.sh gives the files in data/ to.\n".to_owned();
    let mut places = Vec::new();
    for mapping in mappings {
        text.push('\n');
        let statement = copy_from_stdin(mapping, format);
        places.push((text.len(), statement.len()));
        text.push_str(&statement);
        text.push_str(";\n");
    }
    (text, places)
}

pub(super) fn copy_from_stdin(mapping: &TableMapping, format: Format) -> String {
    copy(mapping, &mapping.target.postgres(), "STDIN", format, false)
}

fn copy(mapping: &TableMapping, table: &str, from: &str, format: Format, freeze: bool) -> String {
    let columns = postgres_list(mapping.columns[..mapping.copied].iter().map(|c| &c.target));
    let columns = if columns.is_empty() { String::new() } else { format!(" ({columns})") };
    let format = match format {
        Format::Binary => "binary",
        Format::Text => "text",
    };
    let freeze = if freeze { ", FREEZE" } else { "" };
    format!("COPY {table}{columns} FROM {from} WITH (FORMAT {format}{freeze})")
}

/// load.tsv: a line for each piece of work, the largest file first.
pub(super) fn work(
    chunks: &[(usize, Written)],
    places: &[(usize, usize)],
    scripts: &[(&str, &Script)],
) -> String {
    let mut text = String::new();
    let mut chunks: Vec<_> = chunks.iter().collect();
    chunks.sort_by_key(|(_, written)| std::cmp::Reverse(written.bytes));
    for (table, Written { path, rows, .. }) in chunks {
        let (from, bytes) = places[*table];
        text.push_str(&format!("copy\tcopy.sql\t{from}\t{bytes}\t{path}\t{rows}\n"));
    }
    for (file, script) in scripts {
        for Piece { step, from, bytes } in &script.pieces {
            text.push_str(&format!("{}\t{file}\t{from}\t{bytes}\n", step.word()));
        }
    }
    text
}

/// load.sql: all of it in one transaction of one session. Rows are written as frozen ones, as their
/// table is made in the same transaction.
pub(super) fn session(
    mappings: &[TableMapping],
    chunks: &[(usize, Written)],
    form: DataForm,
) -> String {
    let mut text = format!(
        "-- Loads this directory in one transaction: all of it, or nothing. In this directory:
--     psql -X -d DATABASE -f load.sql
-- psql exits with 0 if all was loaded with nothing to report, and with 3 otherwise: its last words
-- say which. load.sh is faster, as it uses several connections.

\\set ON_ERROR_STOP on
\\set QUIET on
\\o /dev/null
{SETTINGS}SELECT set_config('nirvana.findings', '0', false) AS nirvana_findings \\gset
BEGIN;
-- Every file is the one that was written.
CREATE TEMP TABLE nirvana_check (word text) ON COMMIT DROP;
\\copy nirvana_check from program 'bash ./load.sh --check'
\\ir schema.sql
"
    );
    for (table, written) in chunks {
        let mapping = &mappings[*table];
        text.push_str(&copied(mapping, written, form));
    }
    let body = "
DECLARE
    found int := current_setting('nirvana.findings')::int;
BEGIN
    IF found > 0 THEN
        RAISE EXCEPTION 'nirvana: all was loaded and committed, with % finding(s): see above', found;
    END IF;
END
";
    text.push_str("\n\\ir indexes.sql\n\\ir constraints.sql\nCOMMIT;\n");
    text.push_str(&format!("DO {};\n", dollar_quoted("nirvana", body)));
    text.push_str("\\o\n\\echo 'nirvana: all was loaded, with nothing to report'\n");
    text
}

/// One file. psql's own copy takes no line break in a name, so such a name is away meanwhile.
fn copied(mapping: &TableMapping, written: &Written, form: DataForm) -> String {
    let plain = Plain::of(mapping);
    let Written { path, rows, .. } = written;
    let from = match form.compression {
        Compression::None => literal(path),
        Compression::Gzip => format!("program 'gzip -dcq -- {path}'"),
        Compression::Zstd => format!("program 'zstd -dcq -- {path}'"),
    };
    let freeze = mapping.form == Form::Plain;
    let table = plain.mapping.target.postgres();
    let statement = copy(&plain.mapping, &table, &from, form.format, freeze);
    let check = format!(
        "
BEGIN
    IF current_setting('nirvana.taken') <> '{rows}' THEN
        RAISE EXCEPTION 'nirvana: {path} has {rows} rows, and % were taken', \
         current_setting('nirvana.taken');
    END IF;
END
"
    );
    format!(
        "\n{}\\{}\nSELECT set_config('nirvana.taken', :'ROW_COUNT', true) AS nirvana_taken \\gset\n\
         DO {};\n{}",
        plain.before,
        // Its words are those of COPY, in lower case or not.
        statement.replacen("COPY", "copy", 1),
        dollar_quoted("nirvana", &check),
        plain.after
    )
}

/// A table as a line of psql can name it.
struct Plain {
    mapping: TableMapping,
    /// The statements that make it so, and undo it.
    before: String,
    after: String,
}

impl Plain {
    fn of(mapping: &TableMapping) -> Self {
        let breaks = |name: &str| name.contains(['\n', '\r']);
        let mut plain =
            Self { mapping: mapping.clone(), before: String::new(), after: String::new() };
        if breaks(&mapping.target.name) {
            plain.mapping.target = TableName::new(&mapping.target.schema, "nirvana_loading");
            let (odd, name) = (&mapping.target, &plain.mapping.target);
            plain.before.push_str(&rename(odd, "", &name.name));
            plain.after.push_str(&rename(name, "", &odd.name));
        }
        for at in 0..mapping.copied {
            let odd = mapping.columns[at].target.clone();
            if breaks(&odd) {
                let name = format!("nirvana_column_{at}");
                let table = plain.mapping.target.clone();
                let column = |name: &str| format!("COLUMN {} ", postgres_quoted(name));
                plain.before.push_str(&rename(&table, &column(&odd), &name));
                plain.after.insert_str(0, &rename(&table, &column(&name), &odd));
                plain.mapping.columns[at].target = name;
            }
        }
        plain
    }
}

fn rename(table: &TableName, part: &str, name: &str) -> String {
    format!("ALTER TABLE {} RENAME {part}TO {};\n", table.postgres(), postgres_quoted(name))
}
