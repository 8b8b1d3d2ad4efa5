//! What the statements of a dump make and unmake, one after the other, as a server would have it: a
//! table that is dropped goes with its rows.

use std::collections::BTreeMap;

use super::index::{Index, Pieces};
use crate::mysql::catalog::written::{Over, Statement, Written, WrittenTable};
use crate::name::TableName;

/// All that a dump has of one database.
#[derive(Debug, Default)]
pub(super) struct Database {
    pub(super) written: Written,
    pub(super) pieces: BTreeMap<String, Pieces>,
}

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
