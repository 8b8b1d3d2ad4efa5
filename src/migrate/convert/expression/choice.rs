//! Choices between values: IF, IFNULL, COALESCE, NULLIF, CASE, GREATEST, LEAST, ELT and FIELD.
//!
//! Source: `MySQL` manual 14.5 "Flow Control Functions" and 14.4.2 "Comparison Functions".

use sqlparser::ast::Expr;

use super::NotTranslated;
use super::compare::as_truth;
use super::moment::{Moment, moment};
use super::node::{Translator, boolean};
use super::relation::Relation;
use super::term::{Integer, Kind, Term, Text, Width};

impl<'s> Translator<'s> {
    pub(crate) fn choice_function(
        &mut self,
        name: &str,
        args: &[&Expr],
    ) -> Result<Option<Term<'s>>, NotTranslated> {
        let term = match (name, args) {
            ("IF", [test, yes, no]) => {
                let test = self.condition(test)?;
                let results = self.expressions(&[yes, no])?;
                self.chosen(&[test], results)?
            }
            ("IFNULL" | "NVL", [_, _]) | ("COALESCE", [_, ..]) => self.coalesce(args)?,
            ("NULLIF", [value, other]) => self.null_if(value, other)?,
            ("GREATEST", [_, _, ..]) => self.extreme("GREATEST", args)?,
            ("LEAST", [_, _, ..]) => self.extreme("LEAST", args)?,
            ("ELT", [at, items @ ..]) if !items.is_empty() => self.elt(at, items)?,
            ("FIELD", [value, items @ ..]) if !items.is_empty() => self.field(value, items)?,
            _ => return Ok(None),
        };
        Ok(Some(term))
    }

    /// CASE with one result more than tests: the last is for when none holds.
    pub(crate) fn chosen(
        &mut self,
        tests: &[Term<'s>],
        results: Vec<Term<'s>>,
    ) -> Result<Term<'s>, NotTranslated> {
        let (results, kind) = self.unified(results)?;
        let nullable = results.iter().any(|result| result.nullable);
        let mut sql = String::from("CASE");
        for (test, result) in tests.iter().zip(&results) {
            sql.push_str(&format!(" WHEN {} THEN {}", test.sql, result.sql));
        }
        if let Some(otherwise) = results.get(tests.len())
            && otherwise.kind != Kind::Null
        {
            sql.push_str(&format!(" ELSE {}", otherwise.sql));
        }
        sql.push_str(" END");
        Ok(Term::atom(sql, kind).nullable(nullable))
    }

    fn coalesce(&mut self, args: &[&Expr]) -> Result<Term<'s>, NotTranslated> {
        let terms = self.expressions(args)?;
        let (terms, kind) = self.unified(terms)?;
        let nullable = terms.iter().all(|term| term.nullable);
        let list: Vec<&str> = terms.iter().map(|term| term.sql.as_str()).collect();
        Ok(Term::atom(format!("COALESCE({})", list.join(", ")), kind).nullable(nullable))
    }

    /// The result has the type of the first, whatever it is compared with.
    fn null_if(&mut self, value: &Expr, other: &Expr) -> Result<Term<'s>, NotTranslated> {
        let equal = self.comparison(value, Relation::Equal, other)?;
        let (value, other) = (self.expression(value)?, self.expression(other)?);
        self.settled(value.clone())?;
        let plain = format!("{} = {}", value.operand(), other.operand());
        let sql = if equal.sql == plain {
            format!("NULLIF({}, {})", value.sql, other.sql)
        } else {
            format!("CASE WHEN {} THEN NULL ELSE {} END", equal.sql, value.sql)
        };
        Ok(Term::atom(sql, value.kind))
    }

    /// GREATEST and LEAST are NULL in `MySQL` if any argument is; `PostgreSQL`'s ignore NULLs.
    fn extreme(&mut self, name: &str, args: &[&Expr]) -> Result<Term<'s>, NotTranslated> {
        let terms = self.expressions(args)?;
        let numbers = terms.iter().all(|term| term.kind.is_number());
        let terms = if numbers {
            terms.into_iter().map(|term| self.number(term)).collect::<Result<_, _>>()?
        } else {
            terms
        };
        let (terms, kind) = self.unified(terms)?;
        if !(kind.is_number() || kind.is_temporal())
            || terms.iter().any(|term| term.kind == Kind::Null)
        {
            return Err(NotTranslated::new(format!("{name} of {}", kind.name())));
        }
        let list: Vec<&str> = terms.iter().map(|term| term.sql.as_str()).collect();
        let call = format!("{name}({})", list.join(", "));
        let tests: Vec<String> = terms
            .iter()
            .filter(|term| term.nullable)
            .map(|term| format!("{} IS NOT NULL", term.operand()))
            .collect();
        if tests.is_empty() {
            return Ok(Term::atom(call, kind).nullable(false));
        }
        Ok(Term::atom(format!("CASE WHEN {} THEN {call} END", tests.join(" AND ")), kind))
    }

    /// ELT (n, a, b…): the n-th of them, or NULL.
    fn elt(&mut self, at: &Expr, items: &[&Expr]) -> Result<Term<'s>, NotTranslated> {
        let mut tests = Vec::with_capacity(items.len());
        for place in 1..=items.len() {
            let value = self.expression(at)?;
            let value = self.number(value)?;
            if !matches!(value.kind, Kind::Integer(_)) {
                return Err(NotTranslated::new("ELT by a number with a fraction"));
            }
            tests.push(self.compare(value, Relation::Equal, Term::integer(place as i128))?);
        }
        let mut results = Vec::with_capacity(items.len() + 1);
        for item in items {
            let item = self.expression(item)?;
            results.push(self.text(item)?);
        }
        results.push(Term::null());
        self.chosen(&tests, results)
    }

    /// FIELD (value, a, b…): the place of the first equal one, or 0. It compares as texts if all
    /// are texts, as numbers if all are numbers.
    fn field(&mut self, value: &Expr, items: &[&Expr]) -> Result<Term<'s>, NotTranslated> {
        let mut sql = String::from("CASE");
        for (at, item) in items.iter().enumerate() {
            let (value, item) = (self.expression(value)?, self.expression(item)?);
            let texts = matches!((&value.kind, &item.kind), (Kind::Text(_), Kind::Text(_)));
            let whole = matches!((&value.kind, &item.kind), (Kind::Integer(_), Kind::Integer(_)));
            if !(texts || whole) {
                return Err(NotTranslated::new("FIELD of other than texts or whole numbers"));
            }
            let equal = self.compare(value, Relation::Equal, item)?;
            sql.push_str(&format!(" WHEN {} THEN {}", equal.sql, at + 1));
        }
        sql.push_str(" ELSE 0 END");
        let integer = Integer::between(0, items.len() as i128);
        Ok(Term::atom(sql, Kind::Integer(integer)).nullable(false))
    }

    /// Values of one kind, as `MySQL` makes the results of a choice; NULLs stay as they are.
    fn unified(&mut self, terms: Vec<Term<'s>>) -> Result<(Vec<Term<'s>>, Kind), NotTranslated> {
        let kinds: Vec<&Kind> =
            terms.iter().map(|term| &term.kind).filter(|kind| **kind != Kind::Null).collect();
        let Some(first) = kinds.first().map(|kind| (*kind).clone()) else {
            return Ok((terms, Kind::Null));
        };
        let all = |test: fn(&Kind) -> bool| kinds.iter().all(|kind| test(kind));
        if all(Kind::is_number) {
            return self.unified_numbers(terms);
        }
        if all(|kind| matches!(kind, Kind::Date | Kind::Timestamp { .. } | Kind::Text(_)))
            && kinds.iter().any(|kind| kind.is_temporal())
            && let Some(unified) = unified_moments(&terms)
        {
            return Ok(unified);
        }
        let same = matches!(
            first,
            Kind::TimestampTz { .. }
                | Kind::Time { .. }
                | Kind::Interval
                | Kind::Json
                | Kind::Bytes
                | Kind::Uuid
        );
        if same && kinds.iter().all(|kind| **kind == first) {
            return Ok((terms, first));
        }
        let mixed_with_text = kinds.iter().any(|kind| matches!(kind, Kind::Text(_) | Kind::Enum));
        if !mixed_with_text {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            return Err(NotTranslated::new(format!("a choice between {}", names.join(" and "))));
        }
        self.unified_texts(terms)
    }

    fn unified_texts(
        &mut self,
        terms: Vec<Term<'s>>,
    ) -> Result<(Vec<Term<'s>>, Kind), NotTranslated> {
        let mut of = Text::literal();
        let mut texts = Vec::with_capacity(terms.len());
        for term in terms {
            let term = if term.kind == Kind::Null { term } else { self.text(term)? };
            if let Kind::Text(text) = &term.kind {
                of = of.with(*text);
            }
            texts.push(term);
        }
        Ok((texts, Kind::Text(of)))
    }

    fn unified_numbers(
        &mut self,
        terms: Vec<Term<'s>>,
    ) -> Result<(Vec<Term<'s>>, Kind), NotTranslated> {
        let any_boolean = terms.iter().any(|term| term.kind == Kind::Boolean);
        let truths = |term: &Term<'_>| {
            matches!(term.kind, Kind::Boolean | Kind::Null) || as_truth(term).is_some()
        };
        if any_boolean && terms.iter().all(truths) {
            let terms: Result<Vec<Term<'s>>, NotTranslated> = terms
                .into_iter()
                .map(|term| if term.kind == Kind::Null { Ok(term) } else { boolean(term) })
                .collect();
            return Ok((terms?, Kind::Boolean));
        }
        let mut numbers = Vec::with_capacity(terms.len());
        for term in terms {
            numbers.push(if term.kind == Kind::Null { term } else { self.number(term)? });
        }
        let kind = common_number(&numbers);
        Ok((numbers, kind))
    }
}

/// The kind that holds all of `numbers`.
fn common_number(numbers: &[Term<'_>]) -> Kind {
    if numbers.iter().any(|number| number.kind == Kind::Float) {
        return Kind::Float;
    }
    let scales = numbers.iter().filter_map(|number| match &number.kind {
        Kind::Numeric { scale } => Some(*scale),
        _ => None,
    });
    if let Some(scale) = scales.max() {
        return Kind::Numeric { scale };
    }
    let integers: Vec<&Integer> = numbers
        .iter()
        .filter_map(|number| match &number.kind {
            Kind::Integer(integer) => Some(integer),
            _ => None,
        })
        .collect();
    let low = integers.iter().map(|integer| integer.low).min().unwrap_or_default();
    let high = integers.iter().map(|integer| integer.high).max().unwrap_or_default();
    let width = integers.iter().map(|integer| integer.width).max().unwrap_or(Width::Int);
    let unsigned = integers.iter().any(|integer| integer.unsigned);
    Kind::Integer(Integer { low, high, width, unsigned })
}

/// Dates and points in time as one type, with literals that are written exactly as `MySQL` shows
/// a value of that type; otherwise the result is a text.
fn unified_moments<'s>(terms: &[Term<'s>]) -> Option<(Vec<Term<'s>>, Kind)> {
    let fraction = terms
        .iter()
        .filter_map(|term| match &term.kind {
            Kind::Timestamp { fraction } => Some(*fraction),
            _ => None,
        })
        .max();
    let has_text = terms.iter().any(|term| matches!(term.kind, Kind::Text(_)));
    let has_date = terms.iter().any(|term| term.kind == Kind::Date);
    if has_text && has_date && fraction.is_some() {
        return None;
    }
    let kind = fraction.map_or(Kind::Date, |fraction| Kind::Timestamp { fraction });
    let unified: Option<Vec<Term<'s>>> = terms
        .iter()
        .map(|term| match (&term.kind, term.text_constant()) {
            (Kind::Text(_), Some(text)) => {
                moment(text).map(Moment::term).filter(|term| term.kind == kind)
            }
            (Kind::Text(_), None) => None,
            (Kind::Date, _) if kind != Kind::Date => Some(term.cast("timestamp", kind.clone())),
            (_, _) => Some(term.clone()),
        })
        .collect();
    Some((unified?, kind))
}
