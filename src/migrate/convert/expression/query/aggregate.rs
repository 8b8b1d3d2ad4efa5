//! Columns, aggregates and subqueries within the expressions of a query.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, Ident, OrderByExpr, Query, Value,
};

use super::super::function::plain_call;
use super::super::node::Translator;
use super::super::parse::without_parentheses;
use super::super::relation::Asks;
use super::super::term::{Comparison, Integer, Kind, Term, Text, Width, unfit};
use super::super::{NotTranslated, ScopeColumn};
use super::block::{Block, Mode};
use super::{Around, TranslatedQuery, folds, select, translated};
use crate::postgres::quote::literal;
use crate::postgres::schema::ColumnType as Target;

/// A call as aggregates have it.
struct Call<'q> {
    name: String,
    distinct: bool,
    args: Vec<&'q Expr>,
    order: &'q [OrderByExpr],
    separator: String,
}

impl<'s> Translator<'s> {
    /// A column of a query's tables.
    pub(in super::super) fn query_column(
        &mut self,
        block: &'s Block<'s>,
        parts: &[Ident],
    ) -> Result<Term<'s>, NotTranslated> {
        let resolved = block.column(parts)?;
        let term = self.column_term(resolved.column, resolved.sql);
        Ok(if resolved.plain { term } else { term.nullable(true) })
    }

    /// A name that stands alone: what it stands for in the select list.
    pub(in super::super) fn alias(
        &mut self,
        block: &'s Block<'s>,
        name: &str,
    ) -> Result<Term<'s>, NotTranslated> {
        let meant = block
            .aliased(name)
            .ok_or_else(|| NotTranslated::new(format!("a reference to column '{name}'")))?;
        if matches!(without_parentheses(meant), Expr::Identifier(_)) {
            return Err(NotTranslated::new(format!("a reference to column '{name}'")));
        }
        self.expression(meant)
    }

    /// An aggregate; `None` for other functions.
    pub(in super::super) fn aggregate(
        &mut self,
        block: &'s Block<'s>,
        function: &Function,
    ) -> Result<Option<Term<'s>>, NotTranslated> {
        let Some(call) = call(function) else { return Ok(None) };
        match block.mode.get() {
            Mode::Undecided => block.aggregates.set(true),
            Mode::Groups => {}
            Mode::Rows | Mode::Aggregate => {
                return Err(NotTranslated::new(format!("{} in that place", call.name)));
            }
        }
        block.during(Mode::Aggregate, || self.aggregated(&call)).map(Some)
    }

    fn aggregated(&mut self, call: &Call<'_>) -> Result<Term<'s>, NotTranslated> {
        let distinct = if call.distinct { "DISTINCT " } else { "" };
        match (call.name.as_str(), call.args.as_slice()) {
            ("GROUP_CONCAT", [_, ..]) => self.group_concat(call),
            ("COUNT", [arg]) => {
                let term = self.expression(arg)?;
                if call.distinct && folds(&term.kind) {
                    self.compares_by_case();
                }
                let all = !call.distinct && term.constant.is_some();
                let arg = if all { "*" } else { term.sql.as_str() };
                let high = i64::MAX.into();
                let integer = Integer { low: 0, high, width: Width::Big, unsigned: false };
                let sql = format!("count({distinct}{arg})");
                Ok(Term::atom(sql, Kind::Integer(integer)).nullable(false))
            }
            ("SUM", [arg]) => {
                let term = self.expression(arg)?;
                let term = self.settled(term)?;
                let term = self.number(term)?;
                let (kind, cast) = match &term.kind {
                    Kind::Integer(integer) if integer.width < Width::Big => {
                        (Kind::Numeric { scale: 0 }, "::numeric")
                    }
                    Kind::Integer(_) => (Kind::Numeric { scale: 0 }, ""),
                    kind => (kind.clone(), ""),
                };
                Ok(Term::atom(format!("sum({distinct}{}){cast}", term.sql), kind))
            }
            ("AVG", [arg]) => {
                let term = self.expression(arg)?;
                let term = self.settled(term)?;
                let term = self.number(term)?;
                let kind = match &term.kind {
                    Kind::Integer(_) => Kind::Quotient { scale: 4 },
                    Kind::Numeric { scale } => Kind::Quotient { scale: scale + 4 },
                    kind => kind.clone(),
                };
                Ok(Term::atom(format!("avg({distinct}{})", term.sql), kind))
            }
            ("MIN" | "MAX", [arg]) => self.extreme_of(&call.name.to_lowercase(), arg),
            (name, args) => {
                Err(NotTranslated::new(format!("{name} of {} expressions", args.len())))
            }
        }
    }

    fn extreme_of(&mut self, name: &str, arg: &Expr) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(arg)?;
        let term = self.settled(term)?;
        let term = if term.kind == Kind::Boolean { self.number(term)? } else { term };
        match &term.kind {
            Kind::Text(Text { comparison: Comparison::Binary, .. }) => {
                let sql = format!("{name}({} COLLATE \"C\")", term.operand());
                return Ok(Term::atom(sql, term.kind));
            }
            Kind::Text(_) => self.compares_by_case(),
            kind if kind.is_number() || kind.is_temporal() => {}
            _ => return Err(unfit(&term, &format!("in {name}"))),
        }
        Ok(Term::atom(format!("{name}({})", term.sql), term.kind))
    }

    /// NULLs are left out on both sides.
    fn group_concat(&mut self, call: &Call<'_>) -> Result<Term<'s>, NotTranslated> {
        self.never_cuts();
        let mut texts = Vec::with_capacity(call.args.len());
        let mut of = Text::literal();
        for arg in &call.args {
            let term = self.expression(arg)?;
            let term = self.text(term)?;
            if let Kind::Text(text) = &term.kind {
                of = of.with(*text);
            }
            texts.push(term.operand());
        }
        let value = texts.join(" || ");
        let kind = Kind::Text(of);
        if call.distinct && folds(&kind) {
            self.compares_by_case();
        }
        let mut order = Vec::with_capacity(call.order.len());
        for by in call.order {
            let term = self.expression(&by.expr)?;
            if term.constant.is_some() {
                // A number is the place of an argument.
                return Err(NotTranslated::new("GROUP_CONCAT in the order of a constant"));
            }
            if folds(&term.kind) {
                self.compares_by_case();
            }
            order.push((term, &by.options));
        }
        let separator = literal(&call.separator);
        let same = order.iter().all(|(term, _)| term.sql == value);
        if call.distinct && !same {
            return distinct_in_order((value, kind), &separator, &order);
        }
        let mut by = Vec::with_capacity(order.len());
        for (term, options) in &order {
            by.push(select::ordered(&term.sql, options, term.nullable)?);
        }
        let by = if by.is_empty() { String::new() } else { format!(" ORDER BY {}", by.join(", ")) };
        let distinct = if call.distinct { "DISTINCT " } else { "" };
        Ok(Term::atom(format!("string_agg({distinct}{value}, {separator}{by})"), kind))
    }

    fn subquery(&mut self, query: &Query) -> Result<TranslatedQuery, NotTranslated> {
        let Some(block) = self.block() else {
            return Err(NotTranslated::new("a subquery"));
        };
        let query = translated(query, Around::within(block), None)?;
        self.remark(query.remarks);
        Ok(query)
    }

    /// EXISTS, IN and a query in the place of a value; `None` for other expressions.
    pub(in super::super) fn query_in(
        &mut self,
        expr: &Expr,
    ) -> Result<Option<Term<'s>>, NotTranslated> {
        let not = |negated: bool| if negated { "NOT " } else { "" };
        let term = match expr {
            Expr::Exists { subquery, negated } => {
                let query = self.subquery(subquery)?;
                let sql = format!("{}EXISTS ({})", not(*negated), query.sql);
                Term::predicate(sql).nullable(false)
            }
            Expr::InSubquery { expr, subquery, negated } => {
                let left = self.expression(expr)?;
                let (query, right) = self.value_of(subquery)?;
                let (left, right) = self.alike(left, right, Asks::Equality)?;
                if right.sql != PLACE {
                    return Err(unfit(&left, "IN a query of another kind"));
                }
                let sql = format!("{} {}IN ({query})", left.operand(), not(*negated));
                Term::predicate(sql)
            }
            Expr::Subquery(query) => {
                let (query, value) = self.value_of(query)?;
                let sql = format!("({query})");
                Term { sql, column: None, ..value }
            }
            _ => return Ok(None),
        };
        Ok(Some(term))
    }

    /// A query of one column, and what kind of value it gives.
    fn value_of(&mut self, query: &Query) -> Result<(String, Term<'s>), NotTranslated> {
        let query = self.subquery(query)?;
        let [column] = query.columns.as_slice() else {
            return Err(NotTranslated::new("a query of several columns as a value"));
        };
        let found =
            ScopeColumn { source: &column.source, name: &column.name, target: &column.target };
        let kind = super::super::node::column_kind(&found);
        if column.target == Target::Real {
            return Err(NotTranslated::new("a query of FLOAT as a value"));
        }
        Ok((query.sql, Term::atom(PLACE, kind)))
    }
}

/// Different values in the order of something else, which `string_agg` does not take.
fn distinct_in_order<'s>(
    (value, kind): (String, Kind),
    separator: &str,
    order: &[(Term<'s>, &sqlparser::ast::OrderByOptions)],
) -> Result<Term<'s>, NotTranslated> {
    let mut arrays = vec![format!("array_agg({value})")];
    let (mut names, mut outer) = (vec!["v".to_owned()], Vec::new());
    for (at, (term, options)) in order.iter().enumerate() {
        arrays.push(format!("array_agg({})", term.sql));
        names.push(format!("o{at}"));
        outer.push(select::ordered(&format!("d.o{at}"), options, term.nullable)?);
    }
    let names = names.join(", ");
    let sql = format!(
        "(SELECT string_agg(d.v, {separator} ORDER BY {}) FROM (SELECT DISTINCT ON (u.v) u.* \
         FROM unnest({}) AS u({names}) WHERE u.v IS NOT NULL ORDER BY {names}) AS d)",
        outer.join(", "),
        arrays.join(", ")
    );
    Ok(Term::atom(sql, kind))
}

/// Stands for a query while its kind is compared.
const PLACE: &str = "?";

const AGGREGATES: [&str; 23] = [
    "COUNT",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "GROUP_CONCAT",
    "STD",
    "STDDEV",
    "STDDEV_POP",
    "STDDEV_SAMP",
    "VARIANCE",
    "VAR_POP",
    "VAR_SAMP",
    "BIT_AND",
    "BIT_OR",
    "BIT_XOR",
    "JSON_ARRAYAGG",
    "JSON_OBJECTAGG",
    "ANY_VALUE",
    "MEDIAN",
    "PERCENTILE_CONT",
    "PERCENTILE_DISC",
    "ST_COLLECT",
];

/// The call, if it is an aggregate's; window functions are none.
fn call(function: &Function) -> Option<Call<'_>> {
    if function.over.is_some() || function.filter.is_some() || !function.within_group.is_empty() {
        return None;
    }
    let [part] = function.name.0.as_slice() else { return None };
    let name = part.as_ident()?.value.to_ascii_uppercase();
    if !AGGREGATES.contains(&name.as_str()) {
        return None;
    }
    let FunctionArguments::List(list) = &function.args else {
        let (name, args) = plain_call(function)?;
        return Some(Call { name, distinct: false, args, order: &[], separator: String::new() });
    };
    let args: Option<Vec<&Expr>> = list
        .args
        .iter()
        .map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect();
    let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    let mut call = Call { name, distinct, args: args?, order: &[], separator: ",".to_owned() };
    for clause in &list.clauses {
        match clause {
            FunctionArgumentClause::OrderBy(order) => call.order = order,
            FunctionArgumentClause::Separator(value) => match &value.value {
                Value::SingleQuotedString(text) => call.separator.clone_from(text),
                _ => return None,
            },
            _ => return None,
        }
    }
    Some(call)
}
