//! The walk over the syntax tree.

use sqlparser::ast::{BinaryOperator, CaseWhen, CeilFloorKind, DateTimeField, Expr, UnaryOperator};

use crate::mysql::schema::ColumnType as Source;
use crate::name::postgres_quoted;
use crate::postgres::schema::ColumnType as Target;

use super::parse::{last_part, without_parentheses};
use super::pattern::Engine;
use super::query::{Block, Mode, Remarks};
use super::relation::Relation;
use super::term::{Integer, Kind, Shape, Term, Text, Width, unfit};
use super::{NotTranslated, Scope, ScopeColumn, Translated};

/// Operands within operands that we follow: far more than people write, far less than our stack
/// holds.
const DEPTH: usize = 200;
/// Some translations repeat an operand; nested, that doubles the text at each level.
const LONGEST: usize = 64 * 1024;

/// Translates one expression and keeps what is true of all of it.
pub(crate) struct Translator<'s> {
    scope: &'s Scope<'s>,
    depth: usize,
    immutable: bool,
    case_sensitive_compare: bool,
    never_cut: bool,
}

impl<'s> Translator<'s> {
    pub(crate) fn new(scope: &'s Scope<'s>) -> Self {
        Self { scope, depth: 0, immutable: true, case_sensitive_compare: false, never_cut: false }
    }

    pub(crate) fn finish(self, term: Term<'_>) -> Translated {
        Translated {
            sql: term.sql,
            ty: term.kind.coarse(),
            immutable: self.immutable,
            case_sensitive_compare: self.case_sensitive_compare,
        }
    }

    /// What follows depends on more than its operands: the time, the session, the catalog.
    pub(crate) fn depends_on_session(&mut self) {
        self.immutable = false;
    }

    pub(crate) fn compares_by_case(&mut self) {
        self.case_sensitive_compare = true;
    }

    pub(crate) fn never_cuts(&mut self) {
        self.never_cut = true;
    }

    /// What is to be said of a query.
    pub(crate) fn remarks(&self) -> Remarks {
        Remarks { by_collation: self.case_sensitive_compare, never_cut: self.never_cut }
    }

    /// The same of a query within.
    pub(crate) fn remark(&mut self, remarks: Remarks) {
        self.case_sensitive_compare |= remarks.by_collation;
        self.never_cut |= remarks.never_cut;
    }

    /// The query that the expression is a part of.
    pub(crate) fn block(&self) -> Option<&'s Block<'s>> {
        self.scope.query
    }

    pub(crate) fn expression(&mut self, expr: &Expr) -> Result<Term<'s>, NotTranslated> {
        if self.depth >= DEPTH {
            return Err(NotTranslated::new("an expression nested so deeply"));
        }
        self.depth += 1;
        let term = self.node(expr);
        self.depth -= 1;
        let term = term?;
        if term.sql.len() > LONGEST {
            return Err(NotTranslated::new("an expression that grows so long"));
        }
        Ok(term)
    }

    /// All of `exprs`, in their order.
    pub(crate) fn expressions(&mut self, exprs: &[&Expr]) -> Result<Vec<Term<'s>>, NotTranslated> {
        exprs.iter().map(|expr| self.expression(expr)).collect()
    }

    fn node(&mut self, expr: &Expr) -> Result<Term<'s>, NotTranslated> {
        match self.block() {
            // What rows are grouped by is written as in GROUP BY.
            Some(block) if block.mode.get() == Mode::Groups && block.is_group(expr) => {
                block.during(Mode::Rows, || self.any_node(expr))
            }
            _ => self.any_node(expr),
        }
    }

    fn any_node(&mut self, expr: &Expr) -> Result<Term<'s>, NotTranslated> {
        match expr {
            Expr::Nested(inner) => self.expression(inner),
            Expr::Identifier(ident) => match self.block() {
                Some(block) => self.alias(block, &ident.value),
                None => self.column(&ident.value),
            },
            Expr::CompoundIdentifier(parts) => match (self.block(), last_part(parts)) {
                (Some(block), _) => self.query_column(block, parts),
                (None, Some(name)) => self.column(name),
                (None, None) => Err(NotTranslated::new("a name without parts")),
            },
            Expr::Value(value) => super::literal::value(&value.value),
            Expr::Prefixed { prefix, value } => super::literal::introduced(&prefix.value, value),
            Expr::TypedString(typed) => super::literal::typed(typed),
            Expr::IsNull(inner) => self.null_test(inner, "IS NULL"),
            Expr::IsNotNull(inner) => self.null_test(inner, "IS NOT NULL"),
            Expr::IsTrue(inner) => self.truth_test(inner, "IS TRUE"),
            Expr::IsNotTrue(inner) => self.truth_test(inner, "IS NOT TRUE"),
            Expr::IsFalse(inner) => self.truth_test(inner, "IS FALSE"),
            Expr::IsNotFalse(inner) => self.truth_test(inner, "IS NOT FALSE"),
            Expr::IsUnknown(inner) => self.truth_test(inner, "IS UNKNOWN"),
            Expr::IsNotUnknown(inner) => self.truth_test(inner, "IS NOT UNKNOWN"),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.not(expr),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right),
            Expr::InList { expr, list, negated } => self.in_list(expr, list, *negated),
            Expr::Between { expr, negated, low, high } => self.between(expr, [low, high], *negated),
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like(expr, pattern, escape_char.as_deref(), *negated)
            }
            Expr::RLike { negated, expr, pattern, .. } => {
                self.matches(expr, pattern, (Engine::Pcre, *negated))
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Function(function) => self.function(function),
            other => self.special_form(other),
        }
    }

    /// Functions and casts that have a syntax of their own.
    fn special_form(&mut self, expr: &Expr) -> Result<Term<'s>, NotTranslated> {
        match expr {
            Expr::Cast { expr, data_type, format: None, .. } => self.cast(expr, data_type, None),
            Expr::Convert { is_try: false, expr, data_type, charset, styles, .. }
                if styles.is_empty() =>
            {
                self.convert(expr, data_type.as_ref(), charset.as_ref())
            }
            Expr::Collate { expr, collation } => self.collate(expr, collation),
            Expr::Extract { field, expr, .. } => self.extract(field, expr),
            Expr::Ceil { expr, field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) } => {
                self.whole("ceil", expr)
            }
            Expr::Floor {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => self.whole("floor", expr),
            Expr::Position { expr, r#in } => self.locate(expr, r#in),
            Expr::Substring { expr, substring_from: Some(from), substring_for, .. } => {
                self.substring(expr, from, substring_for.as_deref())
            }
            Expr::Trim { trim_where, trim_what, expr, trim_characters: None } => {
                self.trim(*trim_where, trim_what.as_deref(), expr)
            }
            other => match self.query_in(other)? {
                Some(term) => Ok(term),
                None => Err(NotTranslated::new(format!("'{other}'"))),
            },
        }
    }

    fn column(&mut self, name: &str) -> Result<Term<'s>, NotTranslated> {
        let Some(column) = self.scope.column(name) else {
            return Err(NotTranslated::new(format!("a reference to column '{name}'")));
        };
        Ok(self.column_term(column, postgres_quoted(column.name)))
    }

    /// A column that is written so.
    #[expect(clippy::unused_self, reason = "it stands among its kind, which need the scope")]
    pub(crate) fn column_term(&mut self, column: ScopeColumn<'s>, quoted: String) -> Term<'s> {
        let kind = column_kind(&column);
        // MySQL computes with FLOAT as with DOUBLE; PostgreSQL would compute with real.
        let sql = match column.target {
            Target::Real => format!("{quoted}::double precision"),
            Target::Boolean
            | Target::SmallInt
            | Target::Integer
            | Target::BigInt
            | Target::Numeric { .. }
            | Target::DoublePrecision
            | Target::Bit { .. }
            | Target::Date
            | Target::Timestamp { .. }
            | Target::TimestampTz { .. }
            | Target::Time { .. }
            | Target::Interval { .. }
            | Target::VarChar { .. }
            | Target::Text
            | Target::Bytea
            | Target::Enum { .. }
            | Target::TextArray
            | Target::Jsonb
            | Target::Json
            | Target::Uuid
            | Target::Inet
            | Target::RealArray
            | Target::Geometry { .. }
            | Target::Vector { .. } => quoted,
        };
        // A zero date or an ENUM's error value becomes NULL even where the source has NOT NULL.
        let may_become_null = matches!(
            kind,
            Kind::Date | Kind::Timestamp { .. } | Kind::TimestampTz { .. } | Kind::Enum
        );
        let nullable = column.source.nullable || may_become_null;
        let column = Some(column.source);
        Term { nullable, column, ..Term::atom(sql, kind) }
    }

    fn null_test(&mut self, expr: &Expr, test: &str) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(expr)?;
        Ok(Term::predicate(format!("{} {test}", term.operand())).nullable(false))
    }

    fn truth_test(&mut self, expr: &Expr, test: &str) -> Result<Term<'s>, NotTranslated> {
        let term = self.condition(expr)?;
        Ok(Term::predicate(format!("{} {test}", term.operand())).nullable(false))
    }

    fn not(&mut self, expr: &Expr) -> Result<Term<'s>, NotTranslated> {
        let term = self.condition(expr)?;
        Ok(negation(&term))
    }

    fn binary(
        &mut self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
    ) -> Result<Term<'s>, NotTranslated> {
        if let Some(relation) = Relation::of(op) {
            return self.comparison(left, relation, right);
        }
        match op {
            BinaryOperator::And => self.chain(op, "AND", [left, right]),
            BinaryOperator::Or => self.chain(op, "OR", [left, right]),
            BinaryOperator::Xor => {
                let (left, right) = (self.condition(left)?, self.condition(right)?);
                let nullable = left.nullable || right.nullable;
                let sql = format!("{} <> {}", left.operand(), right.operand());
                Ok(Term::predicate(sql).nullable(nullable))
            }
            BinaryOperator::StringConcat => {
                Err(NotTranslated::new("'||' (OR or CONCAT, by the session's sql_mode)"))
            }
            other => self.arithmetic(left, other, right),
        }
    }

    /// A AND B AND C…, however it is nested: the parser follows such chains without end, so we
    /// must not follow them by recursion.
    fn chain(
        &mut self,
        op: &BinaryOperator,
        word: &str,
        ends: [&Expr; 2],
    ) -> Result<Term<'s>, NotTranslated> {
        let mut operands = Vec::new();
        let mut ahead = vec![ends[1], ends[0]];
        while let Some(expr) = ahead.pop() {
            match without_parentheses(expr) {
                Expr::BinaryOp { left, op: inner, right } if inner == op => {
                    ahead.push(right);
                    ahead.push(left);
                }
                other => operands.push(self.condition(other)?),
            }
        }
        let nullable = operands.iter().any(|operand| operand.nullable);
        let parts: Vec<String> = operands.iter().map(chained).collect();
        let sql = parts.join(&format!(" {word} "));
        Ok(Term::compound(sql, Kind::Boolean).nullable(nullable))
    }

    /// A boolean: a number is true where it is not 0.
    pub(crate) fn condition(&mut self, expr: &Expr) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(expr)?;
        boolean(term)
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Result<Term<'s>, NotTranslated> {
        let mut tests = Vec::with_capacity(conditions.len());
        let mut results = Vec::with_capacity(conditions.len() + 1);
        for when in conditions {
            let test = match operand {
                Some(operand) => self.comparison(operand, Relation::Equal, &when.condition)?,
                None => self.condition(&when.condition)?,
            };
            tests.push(test);
            results.push(self.expression(&when.result)?);
        }
        results.push(match otherwise {
            Some(otherwise) => self.expression(otherwise)?,
            None => Term::null(),
        });
        self.chosen(&tests, results)
    }

    /// Refuses what is exact only where it is stored.
    #[expect(clippy::unused_self, reason = "it stands among its kind, which need the scope")]
    pub(crate) fn settled(&mut self, term: Term<'s>) -> Result<Term<'s>, NotTranslated> {
        if matches!(term.kind, Kind::Quotient { .. }) {
            return Err(unfit(&term, "that is not stored in a column"));
        }
        Ok(term)
    }
}

/// An operand of AND or OR.
fn chained(term: &Term<'_>) -> String {
    match term.shape {
        Shape::Predicate => term.sql.clone(),
        Shape::Atom | Shape::Compound => term.operand(),
    }
}

/// NOT of a boolean.
pub(crate) fn negation<'s>(term: &Term<'s>) -> Term<'s> {
    let sql = match term.sql.as_str() {
        "TRUE" => return Term::truth(false),
        "FALSE" => return Term::truth(true),
        _ => format!("NOT {}", term.operand()),
    };
    Term::predicate(sql).nullable(term.nullable)
}

/// A boolean with the same truth as `term`.
pub(crate) fn boolean(term: Term<'_>) -> Result<Term<'_>, NotTranslated> {
    match &term.kind {
        Kind::Boolean => Ok(term),
        Kind::Null => Ok(Term::atom("NULL::boolean", Kind::Boolean)),
        Kind::Integer(_) | Kind::Numeric { .. } | Kind::Float => {
            if let Some(value) = term.integer_constant() {
                return Ok(Term::truth(value != 0));
            }
            Ok(Term::predicate(format!("{} <> 0", term.operand())).nullable(term.nullable))
        }
        Kind::Bits { .. } => {
            let sql = format!("{}::bigint <> 0", term.operand());
            Ok(Term::predicate(sql).nullable(term.nullable))
        }
        Kind::Quotient { .. }
        | Kind::Text(_)
        | Kind::Bytes
        | Kind::Date
        | Kind::Timestamp { .. }
        | Kind::TimestampTz { .. }
        | Kind::Time { .. }
        | Kind::Interval
        | Kind::Json
        | Kind::Enum
        | Kind::Set
        | Kind::Uuid
        | Kind::Opaque => Err(unfit(&term, "as a condition")),
    }
}

/// What a column holds: its type in the target, with what the source's type says beyond that.
pub(crate) fn column_kind(column: &ScopeColumn<'_>) -> Kind {
    let source = &column.source.column_type;
    let integer = |width| match Integer::of(source, width) {
        Some(integer) => Kind::Integer(integer),
        None => Kind::Opaque,
    };
    match column.target {
        Target::Boolean => Kind::Boolean,
        Target::SmallInt => integer(Width::Small),
        Target::Integer => integer(Width::Int),
        Target::BigInt => integer(Width::Big),
        Target::Numeric { scale, .. } => match source {
            Source::Decimal { .. } => Kind::Numeric { scale: u32::from(*scale) },
            _ => integer(Width::Numeric),
        },
        Target::Real | Target::DoublePrecision => Kind::Float,
        Target::Bit { bits } => Kind::Bits { bits: *bits },
        Target::Date => Kind::Date,
        Target::Timestamp { fraction } => Kind::Timestamp { fraction: *fraction },
        Target::TimestampTz { fraction } => Kind::TimestampTz { fraction: *fraction },
        Target::Time { fraction } => Kind::Time { fraction: *fraction },
        Target::Interval { .. } => Kind::Interval,
        Target::VarChar { .. } | Target::Text => match source {
            Source::Char { .. } | Source::VarChar { .. } | Source::Text | Source::Enum { .. } => {
                Kind::Text(Text::of(column.source.collation.as_ref()))
            }
            _ => Kind::Opaque,
        },
        Target::Bytea => Kind::Bytes,
        Target::Enum { .. } => Kind::Enum,
        Target::TextArray => Kind::Set,
        Target::Jsonb => Kind::Json,
        Target::Uuid => Kind::Uuid,
        Target::Json
        | Target::Inet
        | Target::RealArray
        | Target::Geometry { .. }
        | Target::Vector { .. } => Kind::Opaque,
    }
}
