//! What the statements of a dump make and unmake, one after the other, as a server would have it: a
//! table that is dropped goes with its rows.

use super::found::{Database, Index};
use crate::mysql::catalog::written::{Over, Statement, WrittenTable};
use crate::name::TableName;

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Run,
    /// It cannot be run without a server.
    NotRun,
    /// A server would refuse it, and stop there.
    Refused(&'static str),
}

/// A table that is there already, made again.
const THERE: Outcome = Outcome::Refused(
    "CREATE TABLE of a table that the dump has made before and not dropped: the server refuses that",
);

impl Database {
    /// A table, view or sequence goes, and what hangs on it.
    fn drop(&mut self, name: &str) {
        let written = &mut self.written;
        written.tables.retain(|table| table.name != name);
        written.views.retain(|view| view.name != name);
        written.sequences.retain(|sequence| sequence.name.name != name);
        written.objects.retain(|object| object.table.as_ref().is_none_or(|on| on.name != name));
        self.pieces.remove(name);
    }

    fn create(&mut self, table: WrittenTable, over: Over) -> Outcome {
        match over {
            Over::Refused if self.written.table(&table.name).is_some() => return THERE,
            Over::Stays if self.written.table(&table.name).is_some() => return Outcome::Run,
            Over::Goes => self.drop(&table.name),
            Over::Refused | Over::Stays => {}
        }
        self.written.tables.push(table);
        Outcome::Run
    }
}

impl Index {
    pub(super) fn run(&mut self, statement: Statement) -> Outcome {
        match statement {
            // Who reads the file knows what that means for it.
            Statement::Use { .. } | Statement::OfServer => {}
            Statement::CreateDatabase { name } => {
                self.database(&name);
            }
            Statement::CreateTable { database, table, over } => {
                return self.database(&database).create(table, over);
            }
            Statement::CreateLike { name, like, over } => {
                let like = self.table(&like).and_then(|table| table.like(&name.name));
                let Some(table) = like else { return Outcome::NotRun };
                return self.database(&name.schema).create(table, over);
            }
            Statement::CreateView { database, view } => {
                let found = self.database(&database);
                found.drop(&view.name);
                found.written.views.push(view);
            }
            Statement::CreateSequence { database, sequence } => {
                let found = self.database(&database);
                found.drop(&sequence.name.name);
                found.written.sequences.push(sequence);
            }
            Statement::SetSequence { database, name, next } => {
                let sequences = &mut self.database(&database).written.sequences;
                if let Some(found) = sequences.iter_mut().find(|found| found.name.name == name) {
                    found.next = next;
                }
            }
            Statement::CreateObject { database, object } => {
                let objects = &mut self.database(&database).written.objects;
                objects.retain(|one| (one.kind, &one.name) != (object.kind, &object.name));
                objects.push(object);
            }
            unmaking => return self.unmake(unmaking),
        }
        Outcome::Run
    }

    fn unmake(&mut self, statement: Statement) -> Outcome {
        match statement {
            Statement::Drop { names } => {
                for name in names {
                    if let Some(database) = self.databases.get_mut(&name.schema) {
                        database.drop(&name.name);
                    }
                    self.loads.retain(|loading| loading.load.table != name);
                }
            }
            Statement::DropDatabase { name } => {
                self.databases.remove(&name);
                self.loads.retain(|loading| loading.load.table.schema != name);
            }
            Statement::DropObject { kind, name } => {
                if let Some(database) = self.databases.get_mut(&name.schema) {
                    let objects = &mut database.written.objects;
                    objects.retain(|one| (one.kind, &one.name) != (kind, &name));
                }
            }
            Statement::Empty { name } => {
                if self.table(&name).is_none() {
                    return Outcome::NotRun;
                }
                self.database(&name.schema).pieces.remove(&name.name);
                self.loads.retain(|loading| loading.load.table != name);
            }
            Statement::Rename { names } => {
                let runs = names.iter().all(|(from, to)| self.rename(from, to));
                return if runs { Outcome::Run } else { Outcome::NotRun };
            }
            Statement::Alter { name, changes } => {
                let database = self.database(&name.schema);
                let has_rows = database.pieces.contains_key(&name.name);
                let mut tables = database.written.tables.iter_mut();
                let table = tables.find(|table| table.name == name.name);
                if !table.is_some_and(|table| table.alter(&changes, has_rows)) {
                    return Outcome::NotRun;
                }
            }
            _ => return Outcome::NotRun,
        }
        Outcome::Run
    }

    fn table(&self, name: &TableName) -> Option<&WrittenTable> {
        self.databases.get(&name.schema)?.written.table(&name.name)
    }

    /// Whether a table has another name now; foreign keys that name it would have to follow.
    fn rename(&mut self, from: &TableName, to: &TableName) -> bool {
        let named = self.databases.values().flat_map(|database| &database.written.tables);
        let is_free = self.table(to).is_none();
        if named.clone().any(|table| table.refers_to(&from.name)) || !is_free {
            return false;
        }
        let Some(database) = self.databases.get_mut(&from.schema) else { return false };
        let tables = &mut database.written.tables;
        let Some(at) = tables.iter().position(|table| table.name == from.name) else {
            return false;
        };
        let mut table = tables.remove(at);
        to.name.clone_into(&mut table.name);
        let pieces = database.pieces.remove(&from.name);
        for object in &mut database.written.objects {
            if object.table.as_ref() == Some(from) {
                object.table = Some(to.clone());
            }
        }
        let database = self.database(&to.schema);
        database.written.tables.push(table);
        database.pieces.extend(pieces.map(|pieces| (to.name.clone(), pieces)));
        true
    }
}

#[cfg(test)]
mod tests {
    use crate::dump::file::File;
    use crate::dump::found::Index;
    use crate::dump::remark::Remark;
    use crate::dump::scanner::DELIMITER;
    use crate::dump::session::Session;

    /// The tables and their rows, in the order of their names, and what is told; or the error.
    fn made(text: &str) -> String {
        let file = File::of_bytes(text.as_bytes()).unwrap();
        let mut index = Index::default();
        if let Err(error) = index.read((0, &file), "db", Session::new(), DELIMITER) {
            return error.to_string();
        }
        let mut told = Vec::new();
        for (name, database) in &index.databases {
            let mut tables: Vec<&str> =
                database.written.tables.iter().map(|table| table.name.as_str()).collect();
            tables.extend(database.pieces.keys().map(String::as_str));
            tables.sort_unstable();
            tables.dedup();
            for table in tables {
                let pieces = database.pieces.get(table).map(|found| found.pieces.as_slice());
                let rows: u64 = pieces.unwrap_or_default().iter().map(|piece| piece.rows).sum();
                told.push(format!("{name}.{table} {rows}"));
            }
        }
        told.extend(index.remarks.iter().filter_map(|remark| match remark {
            Remark::NotRead { at, .. } => Some(format!("not read {at}")),
            Remark::CutOff { .. } => Some("cut off".to_owned()),
            Remark::NoEnd { bytes, .. } => Some(format!("no end {bytes}")),
            Remark::Lacks { what, .. } => Some(what.clone()),
            _ => None,
        }));
        told.join(", ")
    }

    const T: &str = "CREATE TABLE `t` (`a` int, KEY `a` (`a`));INSERT INTO `t` VALUES (1),(2);";

    #[test]
    fn statements_do_what_they_do_on_a_server() {
        for (behind, expected) in [
            ("", "db.t 2"),
            ("DROP TABLE t;", ""),
            ("DROP TABLE IF EXISTS `x`, `t`;", ""),
            ("DROP TABLE t; CREATE TABLE t (a int);", "db.t 0"),
            ("DROP DATABASE IF EXISTS `db`;", ""),
            ("CREATE TABLE IF NOT EXISTS t (b int);INSERT INTO t VALUES (3);", "db.t 3"),
            ("CREATE OR REPLACE TABLE t (b int);INSERT INTO t VALUES (3);", "db.t 1"),
            ("TRUNCATE TABLE t;INSERT INTO t VALUES (3);", "db.t 1"),
            ("TRUNCATE t;", "db.t 0"),
            ("DELETE FROM t;", "db.t 0"),
            ("RENAME TABLE t TO u, u TO `v`;", "db.v 2"),
            ("CREATE TABLE u LIKE t;", "db.t 2, db.u 0"),
            ("CREATE TABLE u (LIKE t);", "db.t 2, db.u 0"),
            ("CREATE INDEX i ON t (a);", "db.t 2"),
            ("ALTER TABLE t ADD PRIMARY KEY (a), AUTO_INCREMENT=7;", "db.t 2"),
            ("USE other;CREATE TABLE t (a int);", "db.t 2, other.t 0"),
            ("SELECT 1; CREATE USER a; DROP ROLE b; DROP TRIGGER IF EXISTS c;", "db.t 2"),
            ("PREPARE s FROM @rocksdb_enable_bulk_load; EXECUTE s;", "db.t 2"),
        ] {
            assert_eq!(made(&format!("{T}{behind}")), expected, "{behind}");
        }
    }

    #[test]
    fn what_cannot_be_run_is_told_with_its_place() {
        for behind in [
            "DELETE FROM t WHERE a = 1;",
            "UPDATE t SET a = 2;",
            "ALTER TABLE t ADD COLUMN b int;",
            "ALTER TABLE u ADD KEY (a);",
            "CREATE TABLE u AS SELECT * FROM t;",
            "CREATE TABLE u (b int) SELECT * FROM t;",
            "CREATE TABLE u (SELECT * FROM t);",
            "CREATE TEMPORARY TABLE u (a int);",
            "CREATE TABLE u LIKE w;",
            "RENAME TABLE u TO v;",
            "DROP INDEX a ON t;",
            "TRUNCATE u;",
            "PREPARE s FROM 'DELETE FROM t';",
            "EXECUTE s;",
            "CALL p();",
            "ROLLBACK;",
            "\\. other.sql\n;",
            "/*!50003 INSERT INTO t VALUES (1) */;",
        ] {
            assert_eq!(
                made(&format!("{T}{behind}")),
                format!("db.t 2, not read {}", T.len()),
                "{behind}"
            );
        }
        for (behind, what) in [
            ("CREATE TABLE t (b int);", "made before and not dropped"),
            ("USE other\nCREATE TABLE u (a int);", "does not end with a semicolon"),
            ("INSERT INTO t SELECT 1;", "not of plain rows"),
            ("INSERT INTO t SET a = 1;", "not of plain rows"),
            ("INSERT INTO t VALUES (3) ON DUPLICATE KEY UPDATE a = VALUES(a);", "more than rows"),
            (
                "INSERT INTO t (a) VALUES (3),(4) AS n ON DUPLICATE KEY UPDATE a=n.a;",
                "more than rows",
            ),
            ("SET sql_mode=(SELECT 1);INSERT INTO t VALUES (3);", "only a server can tell"),
        ] {
            let told = made(&format!("{T}{behind}"));
            assert!(told.contains(what) && told.contains("byte"), "{behind}: {told}");
        }
    }

    #[test]
    fn a_dump_that_stops_before_another_is_noticed() {
        const HEAD: &str = "-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n";
        const KEEP: &str = "SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0;\n";
        const BACK: &str = "SET SQL_NOTES=@OLD_SQL_NOTES;\n";
        const END: &str = "-- Dump completed on 2026-01-01  0:00:00\n";
        const U: &str = "DROP TABLE IF EXISTS t;\n";
        let whole = [HEAD, KEEP, U, T, BACK, END].concat();
        let quiet = [KEEP, U, T, BACK].concat();
        for (text, expected) in [
            (whole.repeat(2), "db.t 2".to_owned()),
            (quiet.repeat(2), "db.t 2".to_owned()),
            ([HEAD, T].concat(), format!("db.t 2, no end {}", HEAD.len() + T.len())),
            ([KEEP, T].concat(), format!("db.t 2, no end {}", KEEP.len() + T.len())),
            // MySQL Shell's files have the former's header, and no last line.
            (
                ["-- MySQLShell dump 2.0.1  Distrib Ver 8.0.32 for Linux\n", T].concat(),
                "db.t 2".to_owned(),
            ),
        ] {
            assert_eq!(made(&text), expected, "{text}");
        }
        for text in [[HEAD, T, &whole].concat(), [KEEP, T, &quiet].concat()] {
            let told = made(&text);
            assert!(told.contains("where another dump begins"), "{told}");
        }
    }
}
