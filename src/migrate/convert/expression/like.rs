//! LIKE and REGEXP.

use sqlparser::ast::Expr;

use crate::postgres::quote::literal;

use super::NotTranslated;
use super::node::Translator;
use super::pattern::{self, Engine};
use super::term::{Encoding, Kind, Term, unfit};

impl<'s> Translator<'s> {
    /// The patterns mean the same; both escape by a backslash unless told otherwise.
    pub(crate) fn like(
        &mut self,
        expr: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
        negated: bool,
    ) -> Result<Term<'s>, NotTranslated> {
        let value = self.expression(expr)?;
        let value = self.text(value)?;
        let pattern = self.expression(pattern)?;
        let escape = escape.map(|escape| self.expression(escape)).transpose()?;
        let escape_text = match &escape {
            None => "\\",
            Some(term) => term
                .text_constant()
                .ok_or_else(|| NotTranslated::new("LIKE … ESCAPE that is no literal"))?,
        };
        let (Kind::Text(left), Kind::Text(right), Some(text)) =
            (&value.kind, &pattern.kind, pattern.text_constant())
        else {
            return Err(NotTranslated::new("LIKE with a pattern that is no literal"));
        };
        if !ends_well(text, escape_text) || left.encoding == Encoding::Binary {
            return Err(NotTranslated::new(format!("LIKE '{text}'")));
        }
        self.note_case(left.with(*right), [&value, &pattern]);
        let not = if negated { "NOT " } else { "" };
        let mut sql = format!("{} {not}LIKE {}", value.operand(), pattern.operand());
        if escape.is_some() {
            sql.push_str(" ESCAPE ");
            sql.push_str(&literal(escape_text));
        }
        Ok(Term::predicate(sql).nullable(value.nullable))
    }

    pub(crate) fn matches(
        &mut self,
        expr: &Expr,
        pattern: &Expr,
        (engine, negated): (Engine, bool),
    ) -> Result<Term<'s>, NotTranslated> {
        let value = self.expression(expr)?;
        let value = self.text(value)?;
        let pattern = self.expression(pattern)?;
        let (Kind::Text(left), Kind::Text(right), Some(text)) =
            (&value.kind, &pattern.kind, pattern.text_constant())
        else {
            return Err(NotTranslated::new("REGEXP with a pattern that is no literal"));
        };
        if left.encoding == Encoding::Binary {
            return Err(unfit(&value, "before REGEXP"));
        }
        let translated = pattern::translate(text, engine)?;
        self.note_case(left.with(*right), [&value, &pattern]);
        let operator = if negated { "!~" } else { "~" };
        let sql = format!("{} {operator} {}", value.operand(), literal(&translated));
        Ok(Term::predicate(sql).nullable(value.nullable))
    }
}

/// Whether no escape character stands alone at the end, which `PostgreSQL` refuses.
fn ends_well(pattern: &str, escape: &str) -> bool {
    let mut letters = pattern.chars();
    let mut escapes = escape.chars();
    let (escape, rest) = (escapes.next(), escapes.next());
    if rest.is_some() {
        return false;
    }
    while let Some(letter) = letters.next() {
        if Some(letter) == escape && letters.next().is_none() {
            return false;
        }
    }
    true
}
