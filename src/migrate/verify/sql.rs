//! The statements by which the target's server compares rows of both sides, tells what differs
//! and mends it. Pure.
//!
//! Values are compared as the server's own text, so that a type needs no equality of its own, and
//! NULL equals NULL. A row is known by its key and by a number among the rows with that key: a
//! table without a key has the whole row for one, and a key that is there twice, as it may be in a
//! target that has lost its constraint, is not joined to itself.

use crate::migrate::mapping::TableMapping;
use crate::name::postgres_quoted as quoted;
use crate::postgres::quote::literal;

pub(super) const SOURCE: &str = "pg_temp.nirvana_source";
pub(super) const TARGET: &str = "pg_temp.nirvana_target";
const DIFFERENCES: &str = "pg_temp.nirvana_differences";
const PLACES: &str = "pg_temp.nirvana_places";

/// Characters of a value that are told; one more shows that it was cut.
pub(super) const VALUE_CHARACTERS: usize = 200;

/// Statements of the report are no longer than this.
const STATEMENT_CHARACTERS: usize = 10_000;

/// A table, as far as statements speak of it.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    table: String,
    /// Quoted, as the target names them; the copied ones first.
    columns: Vec<String>,
    copied: usize,
    /// Positions in `columns`; none if the table has no key.
    key: Vec<usize>,
}

impl Shape {
    pub(super) fn of(mapping: &TableMapping, key: &[usize]) -> Self {
        Self {
            table: mapping.target.postgres(),
            columns: mapping.columns.iter().map(|column| quoted(&column.target)).collect(),
            copied: mapping.copied,
            key: key.to_vec(),
        }
    }

    /// Positions of the columns by which a row is known.
    pub(super) fn known_by(&self) -> Vec<usize> {
        if self.key.is_empty() { (0..self.columns.len()).collect() } else { self.key.clone() }
    }

    /// Empty tables for rows of both sides, in place of those of the group before.
    pub(super) fn make_room(&self) -> String {
        let columns = self.columns.join(", ");
        let make = |name: &str| {
            let table = &self.table;
            let name = name.trim_start_matches("pg_temp.");
            format!(
                "CREATE TEMP TABLE {name} ON COMMIT DROP AS SELECT {columns} FROM {table} LIMIT 0"
            )
        };
        let drop = format!("DROP TABLE IF EXISTS {SOURCE}, {TARGET}, {DIFFERENCES}, {PLACES}");
        format!(
            "SET LOCAL client_min_messages = warning; {drop}; {}; {}",
            make(SOURCE),
            make(TARGET)
        )
    }

    /// The statement that takes rows of either side.
    pub(super) fn copy_in(&self, into: &str) -> String {
        format!("COPY {into} ({}) FROM STDIN (FORMAT binary)", self.columns.join(", "))
    }

    /// Compares the rows of both sides.
    pub(super) fn compare(&self) -> String {
        format!(
            "CREATE TEMP TABLE nirvana_differences ON COMMIT DROP AS \
             SELECT CASE WHEN s.v IS NULL THEN 'extra' WHEN t.v IS NULL THEN 'missing' \
             ELSE 'changed' END AS kind, coalesce(s.k, t.k) AS k, coalesce(s.n, t.n) AS n, \
             s.place AS source_place, s.v AS source_v, t.v AS target_v \
             FROM ({}) s FULL JOIN ({}) t ON t.k = s.k AND t.n = s.n \
             WHERE s.v IS DISTINCT FROM t.v",
            self.numbered(SOURCE, "true"),
            self.numbered(TARGET, "true"),
        )
    }

    /// Rows with their key, their values, their place, and their number among those with that key.
    fn numbered(&self, from: &str, condition: &str) -> String {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let (key, values) = (self.texts(&self.known_by()), self.texts(&all));
        format!(
            "SELECT x.*, row_number() OVER (PARTITION BY x.k ORDER BY x.v) AS n \
             FROM (SELECT {key} AS k, {values} AS v, ctid AS place, tableoid AS part FROM {from}) x \
             WHERE {condition}"
        )
    }

    fn texts(&self, columns: &[usize]) -> String {
        let texts: Vec<String> =
            columns.iter().map(|at| format!("{}::text COLLATE \"C\"", self.columns[*at])).collect();
        format!("ARRAY[{}]::text[]", texts.join(", "))
    }

    /// The number of differing rows by kind.
    pub(super) fn count() -> String {
        format!("SELECT kind, count(*) FROM {DIFFERENCES} GROUP BY kind")
    }

    /// Kind, key as a JSON array, number of the differing column from 1, both its values; one line
    /// per differing value, or per row that is on one side only.
    pub(super) fn tell(most: usize) -> String {
        let cut = VALUE_CHARACTERS + 1;
        format!(
            "SELECT d.kind, (SELECT coalesce(json_agg(left(u.x, {cut}) ORDER BY u.o), '[]') \
             FROM unnest(d.k) WITH ORDINALITY AS u(x, o))::text, c.o, left(c.s, {cut}), \
             left(c.t, {cut}) FROM {DIFFERENCES} d LEFT JOIN LATERAL (SELECT u.s, u.t, u.o \
             FROM unnest(d.source_v, d.target_v) WITH ORDINALITY AS u(s, t, o) \
             WHERE d.kind = 'changed' AND u.s IS DISTINCT FROM u.t) c ON true \
             ORDER BY d.k, d.n, c.o LIMIT {most}"
        )
    }

    /// Statements, with literals of the server's making, that would mend the differing rows.
    pub(super) fn statements(&self, most: usize) -> String {
        let text = |text: String| literal(&text);
        let copied = self.copied;
        let columns = self.columns[..copied].join(", ");
        let names: Vec<String> = self.columns.iter().map(|name| literal(name)).collect();
        let names = format!("(ARRAY[{}]::text[])", names.join(", "));
        let insert = text(format!(
            "INSERT INTO {} ({columns}) OVERRIDING SYSTEM VALUE VALUES (",
            self.table
        ));
        let update = text(format!("UPDATE {} SET ", self.table));
        let delete = text(format!("DELETE FROM {} WHERE ", self.table));
        let condition = self.condition();
        format!(
            "SELECT w.sql FROM (SELECT d.k, d.n, d.kind, CASE d.kind \
             WHEN 'missing' THEN {insert} || (SELECT string_agg(quote_nullable(u.x), ', ' \
             ORDER BY u.o) FROM unnest(d.source_v) WITH ORDINALITY AS u(x, o) \
             WHERE u.o <= {copied}) || ')' \
             WHEN 'extra' THEN {delete} || {condition} \
             ELSE {update} || (SELECT string_agg({names}[u.o] || ' = ' || quote_nullable(u.s), ', ' \
             ORDER BY u.o) FROM unnest(d.source_v, d.target_v) WITH ORDINALITY AS u(s, t, o) \
             WHERE u.s IS DISTINCT FROM u.t AND u.o <= {copied}) || ' WHERE ' || {condition} \
             END AS sql FROM {DIFFERENCES} d) w \
             WHERE w.sql IS NOT NULL AND length(w.sql) <= {STATEMENT_CHARACTERS} \
             ORDER BY array_position(ARRAY['extra', 'changed', 'missing'], w.kind), w.k, w.n \
             LIMIT {most}"
        )
    }

    /// SQL that makes the condition which one row of the target meets.
    fn condition(&self) -> String {
        let names: Vec<String> = self
            .known_by()
            .iter()
            .map(|at| {
                let name = &self.columns[*at];
                // Of a type without equality the text is compared.
                literal(&if self.key.is_empty() { format!("{name}::text") } else { name.clone() })
            })
            .collect();
        let all = format!(
            "(SELECT string_agg((ARRAY[{}]::text[])[u.o] || CASE WHEN u.x IS NULL THEN ' IS NULL' \
             ELSE ' = ' || quote_literal(u.x) END, ' AND ' ORDER BY u.o) \
             FROM unnest(d.k) WITH ORDINALITY AS u(x, o))",
            names.join(", ")
        );
        if self.key.is_empty() {
            // Pages are counted within each partition, and whether there are some is not known here of
            // a table that somebody else has made.
            let one = literal(&format!(
                "(tableoid, ctid) = (SELECT tableoid, ctid FROM {} WHERE ",
                self.table
            ));
            format!("{one} || {all} || ' LIMIT 1)'")
        } else {
            all
        }
    }

    /// Mends the differing rows of the target. Changed rows are updated and not made anew, so that
    /// no foreign key's ON DELETE takes other rows along.
    pub(super) fn mend(&self) -> Vec<String> {
        let table = &self.table;
        let known = format!("x.k IN (SELECT k FROM {DIFFERENCES} WHERE kind <> 'missing')");
        let numbered = self.numbered(table, &known);
        let mut statements = vec![
            format!(
                "CREATE TEMP TABLE nirvana_places ON COMMIT DROP AS \
                 SELECT t.part, t.place, d.kind, d.source_place FROM ({numbered}) t \
                 JOIN {DIFFERENCES} d ON d.k = t.k AND d.n = t.n WHERE d.kind <> 'missing'"
            ),
            format!(
                "DELETE FROM {table} AS t USING {PLACES} p \
                 WHERE t.tableoid = p.part AND t.ctid = p.place AND p.kind = 'extra'"
            ),
        ];
        let copied = &self.columns[..self.copied];
        let set: Vec<String> = copied
            .iter()
            .enumerate()
            .filter(|(at, _)| !self.key.contains(at))
            .map(|(_, name)| format!("{name} = s.{name}"))
            .collect();
        if !set.is_empty() && !self.key.is_empty() {
            statements.push(format!(
                "UPDATE {table} AS t SET {} FROM {PLACES} p JOIN {SOURCE} s \
                 ON s.ctid = p.source_place \
                 WHERE t.tableoid = p.part AND t.ctid = p.place AND p.kind = 'changed'",
                set.join(", ")
            ));
        }
        let values: Vec<String> = copied.iter().map(|name| format!("s.{name}")).collect();
        statements.push(format!(
            "INSERT INTO {table} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {DIFFERENCES} d \
             JOIN {SOURCE} s ON s.ctid = d.source_place WHERE d.kind = 'missing'",
            copied.join(", "),
            values.join(", ")
        ));
        statements
    }

    /// Keeps a trigger still, or lets it work again.
    pub(super) fn trigger(&self, word: &str, trigger: &str) -> String {
        format!("ALTER TABLE {} {word} TRIGGER {}", self.table, quoted(trigger))
    }
}
