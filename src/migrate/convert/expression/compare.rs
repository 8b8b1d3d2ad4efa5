//! Comparisons: =, <>, <=>, <, BETWEEN and IN.
//!
//! `MySQL` brings the two sides of a comparison to one type by rules of its own (manual 14.3 "Type
//! Conversion in Expression Evaluation"); each pair of kinds that is known to come out the same is
//! listed in `alike`.

use sqlparser::ast::Expr;

use crate::mysql::schema::ColumnType as Source;
use crate::postgres::quote::literal;

use super::NotTranslated;
use super::literal::{bytes, number, number_of_bytes, uuid};
use super::moment::{clock, moment};
use super::node::{Translator, negation};
use super::relation::{Asks, Relation};
use super::term::{Comparison, Constant, Kind, Term, Text};

type Pair<'s> = (Term<'s>, Term<'s>);

impl<'s> Translator<'s> {
    pub(crate) fn comparison(
        &mut self,
        left: &Expr,
        relation: Relation,
        right: &Expr,
    ) -> Result<Term<'s>, NotTranslated> {
        if let Some(term) = self.json_type_test(left, relation, right)? {
            return Ok(term);
        }
        let (left, right) = (self.expression(left)?, self.expression(right)?);
        self.compare(left, relation, right)
    }

    pub(crate) fn compare(
        &mut self,
        left: Term<'s>,
        relation: Relation,
        right: Term<'s>,
    ) -> Result<Term<'s>, NotTranslated> {
        // MySQL prints a column used as a condition as `0 <> flag`.
        if left.constant.is_some() && right.constant.is_none() {
            return self.compare(right, relation.mirrored(), left);
        }
        let (left, right) = self.alike(left, right, relation.asks())?;
        if left.kind == Kind::Boolean
            && let Some(term) = truth(&left, relation, &right)
        {
            return Ok(term);
        }
        let nullable = relation != Relation::Same && (left.nullable || right.nullable);
        let sql = format!("{} {} {}", left.operand(), relation.sql(), right.operand());
        Ok(Term::predicate(sql).nullable(nullable))
    }

    /// The two sides of a comparison as values that `PostgreSQL` compares as `MySQL` does.
    pub(crate) fn alike(
        &mut self,
        left: Term<'s>,
        right: Term<'s>,
        asks: Asks,
    ) -> Result<Pair<'s>, NotTranslated> {
        if right.constant.is_none() && left.constant.is_some() {
            let (right, left) = self.alike(right, left, asks)?;
            return Ok((left, right));
        }
        refuse_short_year(&left, &right)?;
        match (&left.kind, &right.kind) {
            (Kind::Quotient { .. }, _) | (_, Kind::Quotient { .. }) => {
                Err(NotTranslated::new("a comparison with a quotient"))
            }
            (_, Kind::Null) | (Kind::Null, _) | (Kind::Boolean, Kind::Boolean) => Ok((left, right)),
            (Kind::Boolean, Kind::Integer(_)) if as_truth(&right).is_some() => {
                let right = as_truth(&right).unwrap_or(right);
                Ok((left, right))
            }
            (left_kind, right_kind) if left_kind.is_number() && right_kind.is_number() => {
                Ok((self.number(left)?, self.number(right)?))
            }
            (kind, Kind::Text(_) | Kind::Bytes) if kind.is_number() => {
                let right = number_literal(&left, &right)?;
                self.alike(left, right, asks)
            }
            (Kind::Text(left_text), Kind::Text(right_text)) => {
                let text = left_text.with(*right_text);
                self.texts(left, right, (text, asks))
            }
            (Kind::Enum, Kind::Text(_) | Kind::Enum) | (Kind::Text(_), Kind::Enum) => {
                self.labels(left, right, asks)
            }
            (Kind::Set, Kind::Text(_)) if asks == Asks::Equality => {
                let right = set_literal(&left, &right)?;
                Ok((left, right))
            }
            (Kind::Bytes, Kind::Bytes) => Ok((left, right)),
            (Kind::Bytes, Kind::Text(_)) if right.text_constant().is_some() => {
                let right = bytes(right.text_constant().unwrap_or_default().as_bytes().to_vec());
                Ok((left, right))
            }
            (Kind::Uuid, Kind::Uuid) if asks == Asks::Equality => Ok((left, right)),
            (Kind::Uuid, Kind::Text(_)) if asks == Asks::Equality => {
                let uuid = right.text_constant().and_then(uuid);
                let uuid = uuid.ok_or_else(|| incomparable(&left, &right))?;
                Ok((left, Term::atom(uuid, Kind::Uuid).nullable(false)))
            }
            (left_kind, _) if left_kind.is_temporal() => self.temporals(left, &right),
            _ => Err(incomparable(&left, &right)),
        }
    }

    /// Equality is by bytes here; order is the same only where `MySQL` compares by code point.
    fn texts(
        &mut self,
        left: Term<'s>,
        right: Term<'s>,
        (text, asks): (Text, Asks),
    ) -> Result<Pair<'s>, NotTranslated> {
        match asks {
            Asks::Equality => {
                self.note_case(text, [&left, &right]);
                Ok((left, right))
            }
            Asks::Order if text.comparison == Comparison::Binary => {
                let kind = left.kind.clone();
                let sql = format!("{} COLLATE \"C\"", left.operand());
                let left = Term::compound(sql, kind).nullable(left.nullable);
                Ok((left, right))
            }
            Asks::Order => Err(NotTranslated::new("the order of texts by a collation")),
        }
    }

    /// Remembers that a comparison is by case now, unless one side has no letters.
    pub(crate) fn note_case(&mut self, text: Text, sides: [&Term<'s>; 2]) {
        let ignores_case = match text.comparison {
            Comparison::Coercible | Comparison::Insensitive => true,
            Comparison::Sensitive | Comparison::Binary => false,
        };
        let without_letters = |term: &&Term<'_>| {
            let plain = |letter: char| letter.is_ascii() && !letter.is_ascii_alphabetic();
            term.text_constant().is_some_and(|text| text.chars().all(plain))
        };
        if ignores_case && !sides.iter().any(without_letters) {
            self.compares_by_case();
        }
    }

    /// `MySQL` compares an ENUM with a text as texts, by the column's collation.
    fn labels(
        &mut self,
        left: Term<'s>,
        right: Term<'s>,
        asks: Asks,
    ) -> Result<Pair<'s>, NotTranslated> {
        if asks == Asks::Equality
            && let Some(column) = left.column
            && let Source::Enum { labels } = &column.column_type
            && let Some(text) = right.text_constant()
        {
            let sensitive = column.collation.as_ref().is_some_and(|of| !of.is_case_insensitive());
            let same = |label: &&String| {
                label.as_str() == text
                    || (!sensitive && label.to_lowercase() == text.to_lowercase())
            };
            if let Some(label) = labels.iter().find(same) {
                let right = Term::atom(literal(label), Kind::Enum).nullable(false);
                return Ok((left, right));
            }
        }
        let (left, right) = (self.text(left)?, self.text(right)?);
        self.alike(left, right, asks)
    }

    fn temporals(&mut self, left: Term<'s>, right: &Term<'s>) -> Result<Pair<'s>, NotTranslated> {
        let right = match (right.text_constant(), &left.kind) {
            (Some(text), Kind::Time { .. } | Kind::Interval) => {
                clock(text).map(|clock| clock.term())
            }
            (Some(text), _) => moment(text).map(|moment| moment.term()),
            (None, _) => Some(right.clone()),
        }
        .ok_or_else(|| incomparable(&left, right))?;
        match (&left.kind, &right.kind) {
            (Kind::Date, Kind::Date | Kind::Timestamp { .. })
            | (Kind::Timestamp { .. }, Kind::Date | Kind::Timestamp { .. })
            | (Kind::TimestampTz { .. }, Kind::TimestampTz { .. })
            | (Kind::Time { .. }, Kind::Time { .. })
            | (Kind::Interval, Kind::Interval) => Ok((left, right)),
            // By the session's time zone, as in MySQL.
            (Kind::TimestampTz { .. }, Kind::Date | Kind::Timestamp { .. })
            | (Kind::Date | Kind::Timestamp { .. }, Kind::TimestampTz { .. }) => {
                self.depends_on_session();
                Ok((left, right))
            }
            (Kind::Time { .. }, Kind::Interval) => {
                Ok((left.cast("interval", Kind::Interval), right))
            }
            (Kind::Interval, Kind::Time { .. }) => {
                let right = right.cast("interval", Kind::Interval);
                Ok((left, right))
            }
            _ => Err(incomparable(&left, &right)),
        }
    }

    pub(crate) fn between(
        &mut self,
        expr: &Expr,
        [low, high]: [&Expr; 2],
        negated: bool,
    ) -> Result<Term<'s>, NotTranslated> {
        let value = self.expression(expr)?;
        let (low, high) = (self.expression(low)?, self.expression(high)?);
        let nullable = value.nullable || low.nullable || high.nullable;
        let (value_low, low) = self.alike(value.clone(), low, Asks::Order)?;
        let (value_high, high) = self.alike(value, high, Asks::Order)?;
        if value_low.sql != value_high.sql {
            return Err(NotTranslated::new("BETWEEN with bounds of two kinds"));
        }
        let not = if negated { "NOT " } else { "" };
        let value = value_low.operand();
        let sql = format!("{value} {not}BETWEEN {} AND {}", low.operand(), high.operand());
        Ok(Term::compound(sql, Kind::Boolean).nullable(nullable))
    }

    pub(crate) fn in_list(
        &mut self,
        expr: &Expr,
        list: &[Expr],
        negated: bool,
    ) -> Result<Term<'s>, NotTranslated> {
        let list: Vec<&Expr> = list.iter().collect();
        let items = self.expressions(&list)?;
        let mut value = self.expression(expr)?;
        let all_truths = items.iter().all(|item| as_truth(item).is_some());
        if value.kind == Kind::Boolean && !all_truths {
            value = self.number(value)?;
        }
        let nullable = value.nullable || items.iter().any(|item| item.nullable);
        let mut left = None;
        let mut right = Vec::with_capacity(items.len());
        for item in items {
            let (value, item) = self.alike(value.clone(), item, Asks::Equality)?;
            let value = value.operand();
            if *left.get_or_insert_with(|| value.clone()) != value {
                return Err(NotTranslated::new("IN with items of several kinds"));
            }
            right.push(item.sql);
        }
        let not = if negated { "NOT " } else { "" };
        let sql = format!("{} {not}IN ({})", left.unwrap_or_default(), right.join(", "));
        Ok(Term::predicate(sql).nullable(nullable))
    }
}

/// TRUE or FALSE, for a literal 1 or 0.
pub(crate) fn as_truth<'s>(term: &Term<'_>) -> Option<Term<'s>> {
    match term.integer_constant() {
        Some(0) => Some(Term::truth(false)),
        Some(1) => Some(Term::truth(true)),
        Some(_) | None => None,
    }
}

/// A boolean compared with TRUE or FALSE is itself or its opposite.
fn truth<'s>(left: &Term<'s>, relation: Relation, right: &Term<'s>) -> Option<Term<'s>> {
    let wanted = match right.sql.as_str() {
        "TRUE" => true,
        "FALSE" => false,
        _ => return None,
    };
    match relation {
        Relation::Equal if wanted => Some(left.clone()),
        Relation::Equal => Some(negation(left)),
        Relation::Different if wanted => Some(negation(left)),
        Relation::Different => Some(left.clone()),
        Relation::Same => {
            let sql = format!("{} IS {}", left.operand(), right.sql);
            Some(Term::predicate(sql).nullable(false))
        }
        Relation::Less | Relation::LessOrEqual | Relation::Greater | Relation::GreaterOrEqual => {
            None
        }
    }
}

/// `MySQL` reads 70 as 1970 when it compares it with a YEAR.
fn refuse_short_year(left: &Term<'_>, right: &Term<'_>) -> Result<(), NotTranslated> {
    let is_short = right.integer_constant().is_some_and(|year| (1..=99).contains(&year));
    if left.is_year() && (is_short || right.text_constant().is_some()) {
        return Err(NotTranslated::new("a YEAR compared with a year of two digits"));
    }
    Ok(())
}

/// A number for a text or binary literal beside a number. Both servers compare as floating-point
/// then, which is exact for whole numbers of up to 15 digits.
fn number_literal<'s>(left: &Term<'s>, right: &Term<'s>) -> Result<Term<'s>, NotTranslated> {
    if let Some(Constant::Bytes(bytes)) = &right.constant
        && let Some(value) = number_of_bytes(bytes)
    {
        return Ok(Term::integer(value));
    }
    let text = right.text_constant().ok_or_else(|| incomparable(left, right))?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let is_plain = (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_plain {
        return Err(incomparable(left, right));
    }
    let value = number(digits)?.integer_constant().unwrap_or_default();
    Ok(Term::integer(if negative { -value } else { value }))
}

/// A SET's value as `MySQL` prints it: its labels in their order, joined by commas.
fn set_literal<'s>(left: &Term<'s>, right: &Term<'s>) -> Result<Term<'s>, NotTranslated> {
    let refused = || incomparable(left, right);
    let Some(Source::Set { labels }) = left.column.map(|column| &column.column_type) else {
        return Err(refused());
    };
    let text = right.text_constant().ok_or_else(refused)?;
    let wanted: Vec<&str> = text.split(',').filter(|label| !label.is_empty()).collect();
    let in_order: Vec<&str> =
        labels.iter().map(String::as_str).filter(|label| wanted.contains(label)).collect();
    if wanted != in_order {
        return Err(refused());
    }
    Ok(Term::atom(text_array(&wanted), Kind::Set).nullable(false))
}

/// `ARRAY['a', 'b']::text[]`.
pub(crate) fn text_array(items: &[&str]) -> String {
    if items.is_empty() {
        return "'{}'::text[]".to_owned();
    }
    let items: Vec<String> = items.iter().map(|item| literal(item)).collect();
    format!("ARRAY[{}]::text[]", items.join(", "))
}

fn incomparable(left: &Term<'_>, right: &Term<'_>) -> NotTranslated {
    NotTranslated::new(format!("a comparison of {} with {}", left.describe(), right.describe()))
}
