//! One SELECT: its list, its groups and its order.

use std::cell::Cell;

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, OrderByExpr, OrderByOptions, OrderBySort, Select, SelectItem,
};

use super::super::parse::without_parentheses;
use super::super::term::{Comparison, Kind, Text};
use super::super::{NotTranslated, Scope};
use super::block::{Block, Mode};
use super::from::{Sources, Writer};
use super::output::{Output, Wanted};
use super::{Around, Remarks, TranslatedQuery, folds, place, with_translator};
use crate::migrate::convert::names::fitted;
use crate::mysql::schema::ColumnType as Source;
use crate::name::postgres_quoted;
use crate::postgres::schema::ColumnType as Target;

/// What is asked of a SELECT besides: the types of its columns, and its order.
type Asked<'q> = (Option<&'q [Wanted]>, &'q [OrderByExpr]);

pub(super) fn translated(
    select: &Select,
    around: Around<'_>,
    (wanted, order): Asked<'_>,
) -> Result<TranslatedQuery, NotTranslated> {
    refuse_unusual(select)?;
    let items: Vec<(String, &Expr)> =
        select.projection.iter().map(item).collect::<Result<_, _>>()?;
    if wanted.is_some_and(|wanted| wanted.len() != items.len()) {
        return Err(NotTranslated::new("a select list of another length than the view"));
    }
    let Sources { relations, written, mut remarks } = Sources::of(&select.from, around)?;
    let block = Block {
        relations,
        outer: around.outer,
        catalog: around.catalog,
        made: around.made.to_vec(),
        groups: groups(&select.group_by, &items)?,
        aliases: items.clone(),
        mode: Cell::new(Mode::Rows),
        aggregates: Cell::new(false),
    };
    let scope = Scope::of_query(&block);
    let mut writer = Writer { scope: &scope, written: written.into_iter(), remarks: &mut remarks };
    let from = writer.all(&select.from)?;
    let mut query = Writing { select, block: &block, scope: &scope, items: &items, remarks };
    let begun = query.before_groups(&from)?;
    let mode = if block.groups.is_empty() { Mode::Undecided } else { Mode::Groups };
    let mut rest = query.groups(mode, (wanted, order))?;
    if mode == Mode::Undecided && block.aggregates.get() {
        rest = query.groups(Mode::Groups, (wanted, order))?;
    } else if mode == Mode::Undecided && select.having.is_some() {
        return Err(NotTranslated::new("HAVING without groups"));
    }
    let distinct = if select.distinct.is_some() { " DISTINCT" } else { "" };
    let sql = format!("SELECT{distinct} {}{begun}{}", rest.list, rest.tail);
    Ok(TranslatedQuery { sql, columns: rest.columns, remarks: query.remarks })
}

fn refuse_unusual(select: &Select) -> Result<(), NotTranslated> {
    let modifiers = select.select_modifiers.as_ref();
    let unusual = [
        (select.top.is_some(), "TOP"),
        (select.into.is_some(), "INTO"),
        (select.exclude.is_some(), "EXCLUDE"),
        (!select.lateral_views.is_empty(), "LATERAL VIEW"),
        (!select.named_window.is_empty(), "WINDOW"),
        (select.qualify.is_some(), "QUALIFY"),
        (matches!(select.distinct, Some(Distinct::On(_))), "DISTINCT ON"),
        (modifiers.is_some_and(|one| one.sql_calc_found_rows), "SQL_CALC_FOUND_ROWS"),
    ];
    match unusual.iter().find(|(found, _)| *found) {
        Some((_, word)) => Err(NotTranslated::new(*word)),
        None => Ok(()),
    }
}

/// A column of the select list and its name.
fn item(item: &SelectItem) -> Result<(String, &Expr), NotTranslated> {
    match item {
        SelectItem::ExprWithAlias { expr, alias } => Ok((alias.value.clone(), expr)),
        SelectItem::UnnamedExpr(expr) => {
            let name = match expr {
                Expr::CompoundIdentifier(parts) => {
                    parts.last().map_or_else(String::new, |part| part.value.clone())
                }
                other => other.to_string(),
            };
            Ok((name, expr))
        }
        other => Err(NotTranslated::new(format!("'{other}' in a select list"))),
    }
}

/// What rows are grouped by; an alias of the select list is what it stands for.
fn groups(by: &GroupByExpr, items: &[(String, &Expr)]) -> Result<Vec<Expr>, NotTranslated> {
    let GroupByExpr::Expressions(groups, modifiers) = by else {
        return Err(NotTranslated::new("GROUP BY ALL"));
    };
    if let Some(modifier) = modifiers.first() {
        return Err(NotTranslated::new(modifier.to_string()));
    }
    let meant = groups.iter().map(|group| match without_parentheses(group) {
        Expr::Identifier(name) => items
            .iter()
            .find(|(alias, _)| alias.eq_ignore_ascii_case(&name.value))
            .map_or_else(|| group.clone(), |(_, expr)| (*expr).clone()),
        other => match place(other, items.len()) {
            Some(at) => items[at].1.clone(),
            None => group.clone(),
        },
    });
    Ok(meant.collect())
}

/// A SELECT that is being written.
struct Writing<'s, 'q> {
    select: &'q Select,
    block: &'s Block<'s>,
    scope: &'s Scope<'s>,
    items: &'q [(String, &'s Expr)],
    remarks: Remarks,
}

/// What depends on whether there are groups.
struct Rest {
    list: String,
    columns: Vec<Output>,
    /// HAVING and ORDER BY.
    tail: String,
}

impl<'s> Writing<'s, '_> {
    /// FROM, WHERE and GROUP BY.
    fn before_groups(&mut self, from: &str) -> Result<String, NotTranslated> {
        let mut sql = String::new();
        if !from.is_empty() {
            sql.push_str(&format!("\nFROM {from}"));
        }
        if let Some(condition) = &self.select.selection {
            let condition = with_translator(self.scope, &mut self.remarks, |translator| {
                Ok(translator.condition(condition)?.sql)
            })?;
            sql.push_str(&format!("\nWHERE {condition}"));
        }
        let mut groups = Vec::with_capacity(self.block.groups.len());
        for group in &self.block.groups {
            let term = with_translator(self.scope, &mut self.remarks, |translator| {
                let term = translator.expression(group)?;
                translator.settled(term)
            })?;
            self.remarks.by_collation |= folds(&term.kind);
            // A constant alone would be the number of a column.
            groups.push(if term.constant.is_some() { format!("({})", term.sql) } else { term.sql });
        }
        if !groups.is_empty() {
            sql.push_str(&format!("\nGROUP BY {}", groups.join(", ")));
        }
        Ok(sql)
    }

    fn groups(&mut self, mode: Mode, (wanted, order): Asked<'_>) -> Result<Rest, NotTranslated> {
        let block = self.block;
        block.during(mode, || {
            let mut list = Vec::with_capacity(self.items.len());
            let mut columns = Vec::with_capacity(self.items.len());
            for (at, (name, expr)) in self.items.iter().enumerate() {
                let wanted = wanted.and_then(|wanted| wanted.get(at));
                let (sql, mut column) = self.item(expr, wanted)?;
                column.rename(name);
                if self.select.distinct.is_some() {
                    self.remarks.by_collation |= column.folds_case();
                }
                let called = postgres_quoted(&fitted(name));
                let same = sql == called || sql.ends_with(&format!(".{called}"));
                list.push(if same { sql } else { format!("{sql} AS {called}") });
                columns.push(column);
            }
            let mut tail = String::new();
            if let Some(having) = &self.select.having {
                let condition = with_translator(self.scope, &mut self.remarks, |translator| {
                    Ok(translator.condition(having)?.sql)
                })?;
                tail.push_str(&format!("\nHAVING {condition}"));
            }
            let mut by = Vec::with_capacity(order.len());
            for one in order {
                by.push(self.order(one)?);
            }
            if !by.is_empty() {
                tail.push_str(&format!("\nORDER BY {}", by.join(", ")));
            }
            Ok(Rest { list: list.join(",\n    "), columns, tail })
        })
    }

    /// A column of the list: one that is passed on keeps its type.
    fn item(
        &mut self,
        expr: &'s Expr,
        wanted: Option<&Wanted>,
    ) -> Result<(String, Output), NotTranslated> {
        if let Expr::CompoundIdentifier(parts) = without_parentheses(expr) {
            let resolved = self.block.column(parts)?;
            let same = Output::same(&resolved);
            if wanted.is_none_or(|wanted| passes(&same, wanted)) {
                return Ok((resolved.sql, same));
            }
        }
        with_translator(self.scope, &mut self.remarks, |translator| {
            let term = translator.expression(expr)?;
            translator.output(term, wanted.map(|wanted| &wanted.target))
        })
    }

    fn order(&mut self, by: &OrderByExpr) -> Result<String, NotTranslated> {
        let expr = without_parentheses(&by.expr);
        let at = match expr {
            Expr::Identifier(name) => {
                self.items.iter().position(|(alias, _)| alias.eq_ignore_ascii_case(&name.value))
            }
            other => place(other, self.items.len()).or_else(|| {
                self.items.iter().position(|(_, item)| without_parentheses(item) == other)
            }),
        };
        let meant = at.map_or(expr, |at| without_parentheses(self.items[at].1));
        let term = with_translator(self.scope, &mut self.remarks, |translator| {
            let term = translator.expression(meant)?;
            if term.kind == Kind::Set {
                Err(super::super::term::unfit(&term, "in an order"))
            } else {
                Ok(term)
            }
        })?;
        self.remarks.by_collation |= folds(&term.kind);
        let binary = matches!(term.kind, Kind::Text(Text { comparison: Comparison::Binary, .. }));
        let sql = match at {
            Some(at) if !binary || self.select.distinct.is_some() => (at + 1).to_string(),
            _ if binary => format!("{} COLLATE \"C\"", term.operand()),
            _ if term.constant.is_some() => format!("({})", term.sql),
            _ => term.sql,
        };
        ordered(&sql, &by.options, term.nullable)
    }
}

/// Whether a column that is passed on is what is wanted already. The source's own type decides:
/// a view has columns of the types that its tables' columns have.
fn passes(same: &Output, wanted: &Wanted) -> bool {
    let truth = |source: &Source| {
        matches!(source, Source::TinyInt { display_width: Some(1), .. } | Source::Bit { bits: 1 })
    };
    match &same.target {
        Target::Boolean => truth(&wanted.source) || wanted.target == Target::Boolean,
        Target::Enum { .. } | Target::TextArray => same.source.column_type == wanted.source,
        _ => same.source.column_type == wanted.source || same.target == wanted.target,
    }
}

/// `MySQL` puts NULL before all values, `PostgreSQL` behind them.
pub(super) fn ordered(
    sql: &str,
    options: &OrderByOptions,
    nullable: bool,
) -> Result<String, NotTranslated> {
    let (word, nulls) = match &options.sort {
        None | Some(OrderBySort::Asc) => ("", " NULLS FIRST"),
        Some(OrderBySort::Desc) => (" DESC", " NULLS LAST"),
        Some(OrderBySort::Using(_)) => return Err(NotTranslated::new("ORDER BY … USING")),
    };
    Ok(format!("{sql}{word}{}", if nullable { nulls } else { "" }))
}
