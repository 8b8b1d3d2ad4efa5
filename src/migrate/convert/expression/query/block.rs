//! One SELECT with the tables it reads: where its column names lead.

use std::cell::Cell;

use sqlparser::ast::{Expr, Ident, TableAlias};

use super::super::parse::without_parentheses;
use super::super::{NotTranslated, ScopeColumn};
use super::output::{Output, Resolved};
use crate::migrate::convert::names::fitted;
use crate::name::{TableName, postgres_quoted};

/// The tables and views that queries may read.
pub(crate) trait Catalog {
    /// The database of names without one.
    fn database(&self) -> &str;
    /// Whether a database's tables and views are among these.
    fn is_moved(&self, database: &str) -> bool;
    /// A table, or a view that is translated already: its SQL and what it holds.
    fn relation(&self, name: &TableName) -> Option<(String, Relation)>;
    /// The target's `server_version_num`.
    fn server_version(&self) -> u32;
}

/// What stands in a FROM: a table, a view, a query.
#[derive(Clone, Debug)]
pub(crate) struct Relation {
    /// As queries call it.
    pub(crate) name: String,
    /// Its database, as long as it has no other name than its own: queries may say it before that.
    pub(crate) database: Option<String>,
    /// As the target's query calls it.
    pub(crate) called: String,
    pub(crate) columns: Vec<Output>,
    /// The primary key's columns, as the target names them; none if there is none.
    pub(crate) key: Vec<String>,
}

impl Relation {
    pub(crate) fn of_table(source: &TableName, columns: Vec<Output>, key: Vec<String>) -> Self {
        let (name, called) = (source.name.clone(), fitted(&source.name));
        Self { name, database: Some(source.schema.clone()), called, columns, key }
    }

    /// Gives it another name.
    pub(super) fn rename(&mut self, name: &str) {
        (self.name, self.called, self.database) = (name.to_owned(), fitted(name), None);
    }

    /// Whether a query that says `name`, or `database`.`name`, means it.
    fn is_meant(&self, database: Option<&str>, name: &str) -> bool {
        self.name == name && (database.is_none() || self.database.as_deref() == database)
    }

    /// A query with a name, and names for its columns if it gives some.
    pub(super) fn of_query(
        alias: &TableAlias,
        mut columns: Vec<Output>,
    ) -> Result<Self, NotTranslated> {
        if !alias.columns.is_empty() {
            if alias.columns.len() != columns.len() {
                return Err(NotTranslated::new(format!("the columns of {alias}")));
            }
            for (column, name) in columns.iter_mut().zip(&alias.columns) {
                column.rename(&name.name.value);
            }
        }
        let name = alias.name.value.clone();
        Ok(Self { called: fitted(&name), name, database: None, columns, key: Vec::new() })
    }

    /// For the side of an outer join that may be missing.
    pub(super) fn may_be_missing(&mut self) {
        for column in &mut self.columns {
            column.source.nullable = true;
        }
    }
}

/// What an expression that is translated now stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Mode {
    /// Before rows are grouped: FROM, WHERE, GROUP BY.
    Rows,
    /// SELECT, HAVING and ORDER BY of a query that may turn out to be grouped.
    Undecided,
    /// The same of one that is.
    Groups,
    /// An argument of an aggregate.
    Aggregate,
}

/// One SELECT.
pub(crate) struct Block<'a> {
    pub(in super::super) relations: Vec<Relation>,
    pub(in super::super) outer: Option<&'a Block<'a>>,
    pub(in super::super) catalog: &'a dyn Catalog,
    pub(in super::super) made: Vec<Relation>,
    /// GROUP BY.
    pub(in super::super) groups: Vec<Expr>,
    /// The select list's names.
    pub(in super::super) aliases: Vec<(String, &'a Expr)>,
    pub(in super::super) mode: Cell<Mode>,
    /// Whether an aggregate was met while the mode was undecided.
    pub(in super::super) aggregates: Cell<bool>,
}

impl<'a> Block<'a> {
    /// Translates with another mode, and goes back to the one before.
    pub(in super::super) fn during<T>(&self, mode: Mode, translate: impl FnOnce() -> T) -> T {
        let before = self.mode.replace(mode);
        let done = translate();
        self.mode.set(before);
        done
    }

    /// Whether the expression is one that rows are grouped by.
    pub(in super::super) fn is_group(&self, expr: &Expr) -> bool {
        let expr = without_parentheses(expr);
        self.groups.iter().any(|group| without_parentheses(group) == expr)
    }

    /// An expression of the select list, by its name.
    pub(in super::super) fn aliased(&self, name: &str) -> Option<&'a Expr> {
        let mut found = self.aliases.iter().filter(|(alias, _)| alias.eq_ignore_ascii_case(name));
        found.next().map(|(_, expr)| *expr)
    }

    /// `table`.`column` or `database`.`table`.`column`, of this query or one around it.
    pub(in super::super) fn column(
        &'a self,
        parts: &[Ident],
    ) -> Result<Resolved<'a>, NotTranslated> {
        let (database, table, name) = match parts {
            [table, name] => (None, &table.value, &name.value),
            [database, table, name] => (Some(database.value.as_str()), &table.value, &name.value),
            _ => return Err(unknown(parts)),
        };
        let mut block = Some(self);
        while let Some(here) = block {
            if let Some(relation) = here.relation(database, table) {
                let column = relation.columns.iter().find(|one| one.is_called(name));
                let column = column.ok_or_else(|| unknown(parts))?;
                return Ok(here.written(relation, column));
            }
            block = here.outer;
        }
        Err(unknown(parts))
    }

    /// The table of this query that `table`, or `database`.`table`, means; a name alone means rather
    /// one of the view's own database.
    fn relation(&self, database: Option<&str>, table: &str) -> Option<&Relation> {
        let of = |database| self.relations.iter().find(|one| one.is_meant(database, table));
        match database {
            Some(_) => of(database),
            None => of(Some(self.catalog.database())).or_else(|| of(None)),
        }
    }

    fn written(&'a self, relation: &'a Relation, column: &'a Output) -> Resolved<'a> {
        let sql = qualified(&relation.called, &column.name);
        let plain = self.mode.get() != Mode::Groups || self.depends_on_group(relation, column);
        let sql = if plain {
            sql
        } else if self.catalog.server_version() >= 160_000 {
            format!("any_value({sql})")
        } else {
            format!("(array_agg({sql}))[1]")
        };
        let column =
            ScopeColumn { source: &column.source, name: &column.name, target: &column.target };
        Resolved { column, sql, plain }
    }

    /// Whether rows are grouped by the column, or by the primary key of its table.
    fn depends_on_group(&self, relation: &Relation, column: &Output) -> bool {
        let grouped = |name: &str| {
            self.groups.iter().any(|group| match without_parentheses(group) {
                Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                    [before @ .., table, named] => {
                        let named = relation.columns.iter().find(|one| one.is_called(&named.value));
                        let database = before.last().map(|database| database.value.as_str());
                        let meant = self.relation(database, &table.value);
                        meant.is_some_and(|meant| std::ptr::eq(meant, relation))
                            && named.is_some_and(|one| one.name == name)
                    }
                    _ => false,
                },
                _ => false,
            })
        };
        let by_key = !relation.key.is_empty() && relation.key.iter().all(|name| grouped(name));
        by_key || grouped(&column.name)
    }
}

fn unknown(parts: &[Ident]) -> NotTranslated {
    let names: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
    NotTranslated::new(format!("a reference to column '{}'", names.join(".")))
}

pub(super) fn qualified(table: &str, column: &str) -> String {
    format!("{}.{}", postgres_quoted(table), postgres_quoted(column))
}
