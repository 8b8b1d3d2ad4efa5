//! SELECT of views: from `MySQL`'s to `PostgreSQL`'s.
//!
//! Both servers print a view's query with every column in backticks behind its table, so that only
//! a name that stands alone can be an alias of the select list. What a query gives is the same as in
//! the source, with three exceptions that are told: comparisons, groups and orders of text follow
//! the target's collation; GROUP_CONCAT is never cut; and where `MySQL` takes the value of any row
//! of a group, so does the target, perhaps of another row.

mod aggregate;
mod block;
mod from;
mod output;
mod select;
#[cfg(test)]
mod tests;

use sqlparser::ast::{
    Expr, LimitClause, OrderBy, OrderByKind, Query, SetExpr, SetOperator, SetQuantifier, Value,
    With,
};

pub(in crate::migrate::convert::expression) use self::block::Mode;
pub(crate) use self::block::{Block, Catalog, Relation};
pub(crate) use self::output::{Output, Wanted};

use super::node::Translator;
use super::parse::{parse_query, without_parentheses};
use super::term::{Comparison, Kind, Text};
use super::{NotTranslated, Scope};
use crate::name::postgres_quoted;

/// A query in `PostgreSQL`'s SQL.
#[derive(Clone, Debug)]
pub(crate) struct TranslatedQuery {
    pub(crate) sql: String,
    pub(crate) columns: Vec<Output>,
    pub(crate) remarks: Remarks,
}

/// What is different without being wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Remarks {
    /// Text is compared or ordered as the target does it.
    pub(crate) by_collation: bool,
    /// GROUP_CONCAT, which the source cuts at `group_concat_max_len`.
    pub(crate) never_cut: bool,
}

impl Remarks {
    fn add(&mut self, other: Self) {
        self.by_collation |= other.by_collation;
        self.never_cut |= other.never_cut;
    }
}

/// What a query stands in.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    catalog: &'a dyn Catalog,
    /// The query that this one is a part of, if it may name its tables.
    outer: Option<&'a Block<'a>>,
    /// Tables made by WITH.
    made: &'a [Relation],
}

impl<'a> Around<'a> {
    /// Within a block's expressions.
    pub(super) fn within(block: &'a Block<'a>) -> Self {
        Self { catalog: block.catalog, outer: Some(block), made: &block.made }
    }
}

/// Translates a view's query; each of its columns is to have the type wanted, if one is.
pub(crate) fn translate_query(
    text: &str,
    catalog: &dyn Catalog,
    wanted: Option<&[Wanted]>,
) -> Result<TranslatedQuery, NotTranslated> {
    let query = parse_query(text)?;
    translated(&query, Around { catalog, outer: None, made: &[] }, wanted)
}

/// A query at any depth.
pub(super) fn translated(
    query: &Query,
    around: Around<'_>,
    wanted: Option<&[Wanted]>,
) -> Result<TranslatedQuery, NotTranslated> {
    if query.fetch.is_some() || !query.locks.is_empty() || query.for_clause.is_some() {
        return Err(NotTranslated::new("a query that locks its rows"));
    }
    let mut remarks = Remarks::default();
    let (with, made) = match &query.with {
        Some(with) => tables_made(with, around, &mut remarks)?,
        None => (String::new(), around.made.to_vec()),
    };
    let around = Around { made: &made, ..around };
    let order = order_by(query.order_by.as_ref())?;
    let mut all = match query.body.as_ref() {
        SetExpr::Select(select) => select::translated(select, around, (wanted, order))?,
        body => {
            let mut all = set(body, around, wanted)?;
            let order = by_columns(order, &all.columns, &mut remarks)?;
            all.sql.push_str(&order);
            all
        }
    };
    all.sql = format!("{with}{}{}", all.sql, limit(query.limit_clause.as_ref())?);
    all.remarks.add(remarks);
    Ok(all)
}

/// WITH, and the tables that it makes.
fn tables_made(
    with: &With,
    around: Around<'_>,
    remarks: &mut Remarks,
) -> Result<(String, Vec<Relation>), NotTranslated> {
    if with.recursive {
        return Err(NotTranslated::new("WITH RECURSIVE"));
    }
    let mut made = around.made.to_vec();
    let mut parts = Vec::with_capacity(with.cte_tables.len());
    for table in &with.cte_tables {
        let query = translated(&table.query, Around { made: &made, ..around }, None)?;
        remarks.add(query.remarks);
        let relation = Relation::of_query(&table.alias, query.columns)?;
        let columns: Vec<String> =
            relation.columns.iter().map(|column| postgres_quoted(&column.name)).collect();
        let name = postgres_quoted(&relation.name);
        parts.push(format!("{name} ({}) AS (\n{}\n)", columns.join(", "), query.sql));
        made.push(relation);
    }
    Ok((format!("WITH {}\n", parts.join(", ")), made))
}

fn set(
    body: &SetExpr,
    around: Around<'_>,
    wanted: Option<&[Wanted]>,
) -> Result<TranslatedQuery, NotTranslated> {
    match body {
        SetExpr::Select(select) => select::translated(select, around, (wanted, &[])),
        SetExpr::Query(query) => {
            let query = translated(query, around, wanted)?;
            Ok(TranslatedQuery { sql: format!("({})", query.sql), ..query })
        }
        SetExpr::SetOperation { left, op, set_quantifier, right } => {
            let (word, operator) = operator(*op, *set_quantifier)?;
            let left = set(left, around, wanted)?;
            // All sides are to be of one type: the one that is asked for, or the first one's.
            let same: Vec<Wanted> = left.columns.iter().map(Output::wanted).collect();
            let right = set(right, around, Some(wanted.unwrap_or(&same)))?;
            let mut remarks = left.remarks;
            remarks.add(right.remarks);
            remarks.by_collation |= word.is_empty() && left.columns.iter().any(Output::folds_case);
            let sql = format!("{}\n{operator}{word}\n{}", left.sql, right.sql);
            Ok(TranslatedQuery { sql, columns: left.columns, remarks })
        }
        _ => Err(NotTranslated::new("a query that is no SELECT")),
    }
}

fn operator(
    operator: SetOperator,
    quantifier: SetQuantifier,
) -> Result<(&'static str, &'static str), NotTranslated> {
    let word = match quantifier {
        SetQuantifier::All => " ALL",
        SetQuantifier::None | SetQuantifier::Distinct => "",
        other => return Err(NotTranslated::new(format!("{operator} {other}"))),
    };
    match operator {
        SetOperator::Union => Ok((word, "UNION")),
        SetOperator::Except => Ok((word, "EXCEPT")),
        SetOperator::Intersect => Ok((word, "INTERSECT")),
        SetOperator::Minus => Err(NotTranslated::new("MINUS")),
    }
}

fn order_by(order: Option<&OrderBy>) -> Result<&[sqlparser::ast::OrderByExpr], NotTranslated> {
    match order {
        None => Ok(&[]),
        Some(OrderBy { kind: OrderByKind::Expressions(by), interpolate: None }) => Ok(by),
        Some(other) => Err(NotTranslated::new(other.to_string())),
    }
}

/// The order of a UNION, which can be by its columns only.
fn by_columns(
    order: &[sqlparser::ast::OrderByExpr],
    columns: &[Output],
    remarks: &mut Remarks,
) -> Result<String, NotTranslated> {
    let mut parts = Vec::with_capacity(order.len());
    for by in order {
        let at = match without_parentheses(&by.expr) {
            Expr::Identifier(name) => {
                columns.iter().position(|one| one.name.eq_ignore_ascii_case(&name.value))
            }
            other => place(other, columns.len()),
        };
        let at = at.ok_or_else(|| NotTranslated::new(format!("the order by {}", by.expr)))?;
        remarks.by_collation |= columns[at].folds_case();
        parts.push(select::ordered(&(at + 1).to_string(), &by.options, true)?);
    }
    Ok(if parts.is_empty() { String::new() } else { format!("\nORDER BY {}", parts.join(", ")) })
}

/// A column given by its number.
pub(super) fn place(expr: &Expr, columns: usize) -> Option<usize> {
    let at = whole(expr)?.checked_sub(1)? as usize;
    (at < columns).then_some(at)
}

fn whole(expr: &Expr) -> Option<u64> {
    match without_parentheses(expr) {
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

fn limit(clause: Option<&LimitClause>) -> Result<String, NotTranslated> {
    let (limit, offset) = match clause {
        None => return Ok(String::new()),
        Some(LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
            (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
        }
        Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
        Some(other) => return Err(NotTranslated::new(other.to_string())),
    };
    let number = |expr: &Expr| {
        whole(expr).ok_or_else(|| NotTranslated::new(format!("a limit of {expr} rows")))
    };
    let mut sql = String::new();
    if let Some(limit) = limit {
        // MySQL's way to say "all of them" is a number that bigint does not hold.
        let limit = number(limit)?;
        if i64::try_from(limit).is_ok() {
            sql.push_str(&format!("\nLIMIT {limit}"));
        }
    }
    if let Some(offset) = offset {
        sql.push_str(&format!("\nOFFSET {}", number(offset)?));
    }
    Ok(sql)
}

/// Whether equality or order of such values follows a collation.
pub(super) fn folds(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Text(Text { comparison: Comparison::Insensitive | Comparison::Sensitive, .. })
    )
}

/// Translates within a block, and keeps what is to be remarked.
pub(super) fn with_translator<'s, T>(
    scope: &'s Scope<'s>,
    remarks: &mut Remarks,
    translate: impl FnOnce(&mut Translator<'s>) -> Result<T, NotTranslated>,
) -> Result<T, NotTranslated> {
    let mut translator = Translator::new(scope);
    let translated = translate(&mut translator)?;
    remarks.add(translator.remarks());
    Ok(translated)
}
