//! Expressions of CHECK, generated columns, functional indexes and DEFAULT, and the queries of views:
//! from `MySQL`'s SQL to `PostgreSQL`'s.
//!
//! The text is parsed, and every node, operator, function and cast that is known to mean the same
//! is translated; anything else is named in [`NotTranslated`]. "The same" is: for each row that
//! the source accepts, the target computes the same value, or refuses the row. Four things are
//! wider than that, and all four are settled for whole columns elsewhere:
//!
//! - Where `MySQL` raises an error (an UNSIGNED difference below zero, a date past 9999), the
//!   target may compute a value.
//! - A text comparison that ignores case and accents in `MySQL` does not here;
//!   [`Translated::case_sensitive_compare`] tells. Collations that also ignore trailing spaces
//!   (PAD SPACE: all of `MariaDB`'s, and `MySQL`'s older ones) lose that too.
//! - LOWER and UPPER follow the target database's locale.
//! - A number inside JSON is shown as jsonb shows it: 1e2 in `MySQL`'s text is 100 here.
//!
//! Verified by running one table of expressions over one table of rows on `MariaDB` 10.11,
//! `MySQL` 9, `PostgreSQL` 15 and 18.

mod arithmetic;
mod assign;
mod calendar;
mod cast;
mod choice;
mod compare;
mod format;
mod function;
mod json;
mod like;
mod literal;
mod moment;
mod node;
mod number;
mod parse;
mod pattern;
mod query;
mod relation;
mod strings;
mod term;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::mysql::schema::Column;
use crate::postgres::schema::ColumnType;

pub(crate) use compare::text_array;
pub(crate) use literal::{bytea, bytes_of_hex, uuid};
pub(crate) use moment::{clock, moment};
pub(crate) use query::{
    Catalog, Output, Relation, Remarks, TranslatedQuery, Wanted, translate_query,
};

use node::Translator;

/// A construct that has no exact translation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{construct} has no exact translation")]
pub(crate) struct NotTranslated {
    /// What it is, for people: `the function SOUNDEX`.
    pub(crate) construct: String,
}

impl NotTranslated {
    fn new(construct: impl Into<String>) -> Self {
        Self { construct: construct.into() }
    }
}

/// A column that an expression may refer to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScopeColumn<'a> {
    pub(crate) source: &'a Column,
    /// Its name in the target.
    pub(crate) name: &'a str,
    pub(crate) target: &'a ColumnType,
}

/// The columns that an expression may refer to.
#[derive(Default)]
pub(crate) struct Scope<'a> {
    /// By `MySQL`'s name in lower case, as `MySQL` ignores case in column names.
    columns: HashMap<String, ScopeColumn<'a>>,
    /// Of a view's query, whose tables have the columns.
    query: Option<&'a query::Block<'a>>,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(columns: impl IntoIterator<Item = ScopeColumn<'a>>) -> Self {
        let by_name = |column: ScopeColumn<'a>| (column.source.name.to_lowercase(), column);
        Self { columns: columns.into_iter().map(by_name).collect(), query: None }
    }

    /// For DEFAULT, which in `PostgreSQL` cannot refer to columns.
    pub(crate) fn empty() -> Self {
        Self::default()
    }

    fn of_query(block: &'a query::Block<'a>) -> Self {
        Self { columns: HashMap::new(), query: Some(block) }
    }

    fn column(&self, name: &str) -> Option<ScopeColumn<'a>> {
        self.columns.get(&name.to_lowercase()).copied()
    }
}

/// What kind of value an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// NULL and nothing else.
    Null,
    Boolean,
    Integer,
    Numeric,
    Float,
    Text,
    Bytea,
    Date,
    Timestamp,
    TimestampTz,
    Time,
    Interval,
    Json,
    Bit,
    Enum,
    Array,
    Uuid,
    Other,
}

/// An expression in `PostgreSQL`'s SQL, without outer parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Translated {
    pub(crate) sql: String,
    pub(crate) ty: Type,
    /// `PostgreSQL` sees that it depends on its row alone, which generated columns and indexes
    /// need; CHECK and DEFAULT do not.
    pub(crate) immutable: bool,
    /// A comparison, LIKE, IN, REGEXP or LOCATE ignored case in the source and does not here.
    pub(crate) case_sensitive_compare: bool,
}

/// Translates an expression to whatever kind of value it has, as for an index.
pub(crate) fn translate(text: &str, scope: &Scope<'_>) -> Result<Translated, NotTranslated> {
    let expr = parse::parse(text)?;
    let mut translator = Translator::new(scope);
    let term = translator.expression(&expr)?;
    let term = translator.settled(term)?;
    Ok(translator.finish(term))
}

/// Translates the condition of a CHECK: a number is true where it is not 0.
pub(crate) fn translate_condition(
    text: &str,
    scope: &Scope<'_>,
) -> Result<Translated, NotTranslated> {
    let expr = parse::parse(text)?;
    let mut translator = Translator::new(scope);
    let term = translator.condition(&expr)?;
    Ok(translator.finish(term))
}

/// Translates an expression to the value that a column of type `target` gets, with the casts that
/// `MySQL` makes by itself, as for a generated column or a DEFAULT.
pub(crate) fn translate_value(
    text: &str,
    scope: &Scope<'_>,
    target: &ColumnType,
) -> Result<Translated, NotTranslated> {
    let expr = parse::parse(text)?;
    let mut translator = Translator::new(scope);
    let term = translator.expression(&expr)?;
    let term = translator.assign(term, target)?;
    Ok(translator.finish(term))
}
