//! FROM: tables and joins.

use sqlparser::ast::{
    Join, JoinConstraint, JoinOperator, ObjectName, TableAlias, TableFactor, TableWithJoins,
};

use super::super::{NotTranslated, Scope};
use super::block::Relation;
use super::{Around, Remarks, translated, with_translator};
use crate::migrate::convert::names::fitted;
use crate::name::{TableName, postgres_quoted};

/// The tables of a FROM, in the order in which they are met.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) relations: Vec<Relation>,
    /// The SQL of each.
    pub(super) written: Vec<String>,
    pub(super) remarks: Remarks,
}

impl Sources {
    pub(super) fn of(from: &[TableWithJoins], around: Around<'_>) -> Result<Self, NotTranslated> {
        let mut sources = Self::default();
        for table in from {
            sources.joined(table, around)?;
        }
        Ok(sources)
    }

    fn joined(&mut self, table: &TableWithJoins, around: Around<'_>) -> Result<(), NotTranslated> {
        let first = self.relations.len();
        self.factor(&table.relation, around)?;
        for join in &table.joins {
            let next = self.relations.len();
            self.factor(&join.relation, around)?;
            let missing = match kind(join)?.0 {
                "LEFT JOIN" => next..self.relations.len(),
                "RIGHT JOIN" => first..next,
                _ => continue,
            };
            self.relations[missing].iter_mut().for_each(Relation::may_be_missing);
        }
        Ok(())
    }

    fn factor(&mut self, factor: &TableFactor, around: Around<'_>) -> Result<(), NotTranslated> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                version: None,
                with_ordinality: false,
                partitions,
                json_path: None,
                sample: None,
                ..
            } if partitions.is_empty() => self.table(name, alias.as_ref(), around),
            TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None } => {
                let query = translated(subquery, around, None)?;
                self.remarks.add(query.remarks);
                let relation = Relation::of_query(alias, query.columns)?;
                let columns: Vec<String> =
                    relation.columns.iter().map(|column| postgres_quoted(&column.name)).collect();
                let name = postgres_quoted(&relation.called);
                let sql = format!("({}) AS {name} ({})", query.sql, columns.join(", "));
                self.add(sql, relation);
                Ok(())
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.joined(table_with_joins, around)
            }
            other => Err(NotTranslated::new(format!("'{other}' in FROM"))),
        }
    }

    fn table(
        &mut self,
        name: &ObjectName,
        alias: Option<&TableAlias>,
        around: Around<'_>,
    ) -> Result<(), NotTranslated> {
        let parts: Option<Vec<&str>> =
            name.0.iter().map(|part| Some(part.as_ident()?.value.as_str())).collect();
        let unknown = || {
            let other = match parts.as_deref() {
                Some([database, _]) if !around.catalog.is_moved(database) => {
                    format!(" of the database {database}, which is not moved,")
                }
                _ => String::new(),
            };
            NotTranslated::new(format!("the table or view {name}{other}"))
        };
        let (sql, mut relation) = match parts.as_deref() {
            Some([table]) => {
                let made = around.made.iter().rev().find(|one| one.name == *table).cloned();
                let made = made.map(|one| (postgres_quoted(&one.called), one));
                let own = TableName::new(around.catalog.database(), *table);
                made.or_else(|| around.catalog.relation(&own))
            }
            Some([database, table]) => around.catalog.relation(&TableName::new(*database, *table)),
            _ => None,
        }
        .ok_or_else(unknown)?;
        if let Some(alias) = alias {
            if !alias.columns.is_empty() {
                return Err(unknown());
            }
            relation.rename(&alias.name.value);
        } else if let Some(database) = &relation.database
            && self.relations.iter().any(|other| other.called == relation.called)
        {
            // Two databases have a table of that name, and the target would call both the same.
            relation.called = fitted(&format!("{database}_{}", relation.name));
        }
        let called = postgres_quoted(&relation.called);
        let sql = if sql == called || sql.ends_with(&format!(".{called}")) {
            sql
        } else {
            format!("{sql} AS {called}")
        };
        self.add(sql, relation);
        Ok(())
    }

    fn add(&mut self, sql: String, relation: Relation) {
        self.written.push(sql);
        self.relations.push(relation);
    }
}

/// Writes what `Sources` has read, with the conditions of the joins.
pub(super) struct Writer<'s, 'r> {
    pub(super) scope: &'s Scope<'s>,
    pub(super) written: std::vec::IntoIter<String>,
    pub(super) remarks: &'r mut Remarks,
}

impl Writer<'_, '_> {
    pub(super) fn all(&mut self, from: &[TableWithJoins]) -> Result<String, NotTranslated> {
        let parts: Result<Vec<String>, NotTranslated> =
            from.iter().map(|table| self.joined(table)).collect();
        Ok(parts?.join(", "))
    }

    fn joined(&mut self, table: &TableWithJoins) -> Result<String, NotTranslated> {
        let mut sql = self.factor(&table.relation)?;
        for join in &table.joins {
            let right = self.factor(&join.relation)?;
            let (word, constraint) = kind(join)?;
            let (word, on) = match constraint {
                JoinConstraint::On(expr) => {
                    let condition = with_translator(self.scope, self.remarks, |translator| {
                        Ok(translator.condition(expr)?.sql)
                    })?;
                    (word, format!(" ON {condition}"))
                }
                JoinConstraint::None if word == "JOIN" => ("CROSS JOIN", String::new()),
                _ => return Err(NotTranslated::new(format!("'{join}'"))),
            };
            sql = format!("{sql}\n    {word} {right}{on}");
        }
        Ok(sql)
    }

    fn factor(&mut self, factor: &TableFactor) -> Result<String, NotTranslated> {
        match factor {
            TableFactor::NestedJoin { table_with_joins, .. }
                if table_with_joins.joins.is_empty() =>
            {
                self.joined(table_with_joins)
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                Ok(format!("({})", self.joined(table_with_joins)?))
            }
            _ => Ok(self.written.next().unwrap_or_default()),
        }
    }
}

fn kind(join: &Join) -> Result<(&'static str, &JoinConstraint), NotTranslated> {
    match &join.join_operator {
        JoinOperator::Join(on)
        | JoinOperator::Inner(on)
        | JoinOperator::CrossJoin(on)
        | JoinOperator::StraightJoin(on) => Ok(("JOIN", on)),
        JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => Ok(("LEFT JOIN", on)),
        JoinOperator::Right(on) | JoinOperator::RightOuter(on) => Ok(("RIGHT JOIN", on)),
        _ => Err(NotTranslated::new(format!("'{join}'"))),
    }
}
