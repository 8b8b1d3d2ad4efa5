//! Arithmetic and bit operators.
//!
//! `MySQL` computes whole numbers in 64 bits, signed or unsigned; `PostgreSQL` in the operands' own
//! width. Bounds of each part tell where an operand must be widened first.
//!
//! Sources: `MySQL` manual 14.6.1 "Arithmetic Operators", 14.12 "Bit Functions and Operators",
//! 14.24 "Precision Math".

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};

use super::NotTranslated;
use super::calendar::Direction;
use super::literal::number_of_bytes;
use super::node::Translator;
use super::parse::without_parentheses;
use super::term::{Constant, Integer, Kind, Term, Width, unfit};

/// The digits after the point that `MySQL` keeps in one decimal word.
const WORD_DIGITS: u32 = 9;
/// Digits that a quotient gains: the default of `div_precision_increment`.
const QUOTIENT_DIGITS: u32 = 4;
/// The most digits after the point in `MySQL`.
const MOST_DIGITS: u32 = 30;

impl<'s> Translator<'s> {
    /// A value as `MySQL` takes it where it wants a number.
    #[expect(clippy::unused_self, reason = "it stands among its kind, which need the scope")]
    pub(crate) fn number(&mut self, term: Term<'s>) -> Result<Term<'s>, NotTranslated> {
        match &term.kind {
            Kind::Integer(_) | Kind::Numeric { .. } | Kind::Float => Ok(term),
            Kind::Boolean => Ok(term.cast("integer", Kind::Integer(Integer::truth()))),
            Kind::Bits { bits } if *bits < 64 => {
                let high = (1_i128 << bits) - 1;
                let integer = Integer { low: 0, high, width: Width::Big, unsigned: true };
                Ok(term.cast("bigint", Kind::Integer(integer)))
            }
            Kind::Bytes => match &term.constant {
                Some(Constant::Bytes(bytes)) if number_of_bytes(bytes).is_some() => {
                    Ok(Term::integer(number_of_bytes(bytes).unwrap_or_default()))
                }
                Some(_) | None => Err(unfit(&term, "as a number")),
            },
            Kind::Null
            | Kind::Quotient { .. }
            | Kind::Text(_)
            | Kind::Date
            | Kind::Timestamp { .. }
            | Kind::TimestampTz { .. }
            | Kind::Time { .. }
            | Kind::Interval
            | Kind::Json
            | Kind::Bits { .. }
            | Kind::Enum
            | Kind::Set
            | Kind::Uuid
            | Kind::Opaque => Err(unfit(&term, "as a number")),
        }
    }

    pub(crate) fn unary(
        &mut self,
        op: UnaryOperator,
        expr: &Expr,
    ) -> Result<Term<'s>, NotTranslated> {
        match op {
            UnaryOperator::Plus => self.expression(expr),
            UnaryOperator::Minus => {
                let term = self.expression(expr)?;
                let term = self.number(term)?;
                Ok(negative(&term))
            }
            other => Err(NotTranslated::new(format!("the operator {other}"))),
        }
    }

    pub(crate) fn arithmetic(
        &mut self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
    ) -> Result<Term<'s>, NotTranslated> {
        match (op, without_parentheses(left), without_parentheses(right)) {
            (BinaryOperator::Plus, _, Expr::Interval(interval)) => {
                self.shift(left, interval, Direction::Later)
            }
            (BinaryOperator::Plus, Expr::Interval(interval), _) => {
                self.shift(right, interval, Direction::Later)
            }
            (BinaryOperator::Minus, _, Expr::Interval(interval)) => {
                self.shift(left, interval, Direction::Earlier)
            }
            (
                BinaryOperator::BitwiseAnd,
                Expr::UnaryOp { op: UnaryOperator::BitwiseNot, expr },
                _,
            ) => self.bit_clear(right, expr),
            (
                BinaryOperator::BitwiseAnd,
                _,
                Expr::UnaryOp { op: UnaryOperator::BitwiseNot, expr },
            ) => self.bit_clear(left, expr),
            _ => {
                let (left, right) = (self.expression(left)?, self.expression(right)?);
                self.operation(left, op, right)
            }
        }
    }

    fn operation(
        &mut self,
        left: Term<'s>,
        op: &BinaryOperator,
        right: Term<'s>,
    ) -> Result<Term<'s>, NotTranslated> {
        let (left, right) = (self.number(left)?, self.number(right)?);
        match op {
            BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply => {
                sum_or_product(&left, op, &right)
            }
            BinaryOperator::Divide => divide(&left, &right),
            BinaryOperator::MyIntegerDivide => divide_whole(&left, &right),
            BinaryOperator::Modulo => self.modulo(left, right),
            BinaryOperator::BitwiseAnd => bit_and(&left, &right),
            BinaryOperator::BitwiseOr => bit_join(&left, "|", &right),
            BinaryOperator::BitwiseXor => bit_join(&left, "#", &right),
            BinaryOperator::PGBitwiseShiftLeft => bit_shift(&left, "<<", &right),
            BinaryOperator::PGBitwiseShiftRight => bit_shift(&left, ">>", &right),
            other => Err(NotTranslated::new(format!("the operator {other}"))),
        }
    }

    /// The remainder takes the dividend's sign on both sides.
    pub(crate) fn modulo(
        &mut self,
        left: Term<'s>,
        right: Term<'s>,
    ) -> Result<Term<'s>, NotTranslated> {
        let (left, right) = (self.number(left)?, self.number(right)?);
        let sql = format!("{} % {}", left.operand(), divisor(&right));
        match (&left.kind, &right.kind) {
            (Kind::Integer(dividend), Kind::Integer(divisor)) => {
                let most = magnitude(divisor).saturating_sub(1).max(0).min(magnitude(dividend));
                let integer = Integer {
                    low: if dividend.low < 0 { -most } else { 0 },
                    high: if dividend.high > 0 { most } else { 0 },
                    width: dividend.width.max(divisor.width),
                    unsigned: dividend.unsigned,
                };
                Ok(Term::compound(sql, Kind::Integer(integer)))
            }
            (Kind::Float, _) | (_, Kind::Float) => {
                Err(NotTranslated::new("% of floating-point numbers"))
            }
            _ => {
                let scale = scale_of(&left)?.max(scale_of(&right)?);
                Ok(Term::compound(sql, Kind::Numeric { scale }))
            }
        }
    }

    /// `value & ~mask`. `~` gives an unsigned number of 64 bits in `MySQL`, a negative one here, but
    /// what `&` leaves of it is the same.
    fn bit_clear(&mut self, value: &Expr, mask: &Expr) -> Result<Term<'s>, NotTranslated> {
        let (value, mask) = (self.expression(value)?, self.expression(mask)?);
        let (value, mask) = (self.number(value)?, self.number(mask)?);
        let Some(of) = bit_pattern(&mask) else {
            return Err(bits_refused("~"));
        };
        let integer = Integer { low: -of.high - 1, high: -of.low - 1, ..of };
        let nullable = mask.nullable;
        let mask = Term::compound(format!("~{}", mask.operand()), Kind::Integer(integer));
        bit_and(&value, &mask.nullable(nullable))
    }
}

/// `-x`, of a number.
pub(crate) fn negative<'s>(term: &Term<'s>) -> Term<'s> {
    if let Some(value) = term.integer_constant() {
        return Term::integer(-value);
    }
    let sql = format!("-{}", term.operand());
    let Kind::Integer(of) = &term.kind else {
        return Term::compound(sql, term.kind.clone()).nullable(term.nullable);
    };
    let zero = Term::integer(0);
    let bounds = (-of.high, -of.low);
    let (wide, integer) = widened(&[term, &zero], bounds);
    let sql = format!("-{}", wide.first().map_or(sql, String::clone));
    Term::compound(sql, Kind::Integer(integer)).nullable(term.nullable)
}

/// The larger of the two bounds' distances from 0.
fn magnitude(integer: &Integer) -> i128 {
    integer.low.saturating_abs().max(integer.high.saturating_abs())
}

/// Digits after the point of an exact number.
fn scale_of(term: &Term<'_>) -> Result<u32, NotTranslated> {
    match &term.kind {
        Kind::Integer(_) => Ok(0),
        Kind::Numeric { scale } => Ok(*scale),
        Kind::Null
        | Kind::Boolean
        | Kind::Quotient { .. }
        | Kind::Float
        | Kind::Text(_)
        | Kind::Bytes
        | Kind::Date
        | Kind::Timestamp { .. }
        | Kind::TimestampTz { .. }
        | Kind::Time { .. }
        | Kind::Interval
        | Kind::Json
        | Kind::Bits { .. }
        | Kind::Enum
        | Kind::Set
        | Kind::Uuid
        | Kind::Opaque => Err(unfit(term, "in exact arithmetic")),
    }
}

/// Operands such that a result within `bounds` does not overflow where `MySQL`'s does not: the
/// first one is widened where needed, a literal never.
pub(crate) fn widened(operands: &[&Term<'_>], bounds: (i128, i128)) -> (Vec<String>, Integer) {
    let integers = || {
        operands.iter().filter_map(|term| match &term.kind {
            Kind::Integer(integer) => Some(*integer),
            _ => None,
        })
    };
    let unsigned = integers().any(|integer| integer.unsigned);
    let natural = integers().map(|integer| integer.width).max().unwrap_or(Width::Int);
    let mut needed = Width::holding(bounds.0, bounds.1);
    let (mut low, mut high) = bounds;
    if needed == Width::Numeric && !unsigned {
        // Past 64 bits MySQL raises an error too.
        needed = Width::Big;
        (low, high) = (low.max(i64::MIN.into()), high.min(i64::MAX.into()));
    }
    let width = natural.max(needed);
    let to_widen = operands.iter().position(|term| term.constant.is_none()).unwrap_or(0);
    let sql = operands.iter().enumerate().map(|(at, term)| {
        if at == to_widen && width > natural {
            format!("{}::{}", term.operand(), width.name())
        } else {
            term.operand()
        }
    });
    (sql.collect(), Integer { low, high, width, unsigned })
}

fn sum_or_product<'s>(
    left: &Term<'s>,
    op: &BinaryOperator,
    right: &Term<'s>,
) -> Result<Term<'s>, NotTranslated> {
    let nullable = left.nullable || right.nullable;
    if let (Kind::Integer(a), Kind::Integer(b)) = (&left.kind, &right.kind) {
        let bounds = match op {
            BinaryOperator::Plus => (a.low.saturating_add(b.low), a.high.saturating_add(b.high)),
            BinaryOperator::Minus => (a.low.saturating_sub(b.high), a.high.saturating_sub(b.low)),
            _ => product_bounds(a, b),
        };
        let (operands, integer) = widened(&[left, right], bounds);
        let sql = operands.join(&format!(" {op} "));
        return Ok(Term::compound(sql, Kind::Integer(integer)).nullable(nullable));
    }
    let sql = format!("{} {op} {}", left.operand(), right.operand());
    let kind = if left.kind == Kind::Float || right.kind == Kind::Float {
        Kind::Float
    } else {
        let (left, right) = (scale_of(left)?, scale_of(right)?);
        let scale = if *op == BinaryOperator::Multiply { left + right } else { left.max(right) };
        if scale > MOST_DIGITS {
            return Err(NotTranslated::new("a product with more than 30 digits after the point"));
        }
        Kind::Numeric { scale }
    };
    Ok(Term::compound(sql, kind).nullable(nullable))
}

fn product_bounds(a: &Integer, b: &Integer) -> (i128, i128) {
    let corners = [
        a.low.saturating_mul(b.low),
        a.low.saturating_mul(b.high),
        a.high.saturating_mul(b.low),
        a.high.saturating_mul(b.high),
    ];
    let [first, ..] = corners;
    corners.iter().fold((first, first), |(low, high), &corner| (low.min(corner), high.max(corner)))
}

/// A divisor that is NULL where it would be 0, as dividing by 0 gives NULL in `MySQL`.
fn divisor(term: &Term<'_>) -> String {
    match term.integer_constant() {
        Some(value) if value != 0 => term.operand(),
        Some(_) | None => format!("NULLIF({}, 0)", term.sql),
    }
}

/// `/`. The quotient of exact numbers has 4 digits more than the dividend, rounded half up.
fn divide<'s>(left: &Term<'s>, right: &Term<'s>) -> Result<Term<'s>, NotTranslated> {
    if left.kind == Kind::Float || right.kind == Kind::Float {
        let sql = format!("{} / {}", left.operand(), divisor(right));
        return Ok(Term::compound(sql, Kind::Float));
    }
    let (left_scale, right_scale) = (scale_of(left)?, scale_of(right)?);
    let scale = left_scale + QUOTIENT_DIGITS;
    if internal_digits(left_scale, right_scale) <= scale || scale > MOST_DIGITS {
        return Err(NotTranslated::new("a quotient with so many digits"));
    }
    // div() is exact where numeric division rounds; one digit more suffices to round once.
    let digits = scale as usize + 1;
    let sql = format!(
        "round(div({} * 1{zeros}.0, {}) * 0.{less}1, {scale})",
        left.operand(),
        divisor(right),
        zeros = "0".repeat(digits),
        less = "0".repeat(digits - 1),
    );
    Ok(Term::atom(sql, Kind::Quotient { scale }))
}

/// Digits after the point that `do_div_mod` of `decimal.cc` computes: whole words.
fn internal_digits(left: u32, right: u32) -> u32 {
    let words = |digits: u32| digits.div_ceil(WORD_DIGITS) * WORD_DIGITS;
    let gained = (words(left) - left) + (words(right) - right);
    words(words(left) + words(right) + QUOTIENT_DIGITS.saturating_sub(gained))
}

/// DIV: the quotient without its fraction.
fn divide_whole<'s>(left: &Term<'s>, right: &Term<'s>) -> Result<Term<'s>, NotTranslated> {
    if let (Kind::Integer(a), Kind::Integer(b)) = (&left.kind, &right.kind)
        && a.width.max(b.width) < Width::Numeric
    {
        let most = magnitude(a);
        let low = if a.low < 0 || b.low < 0 { -most } else { 0 };
        let by_zero = Term { constant: None, sql: divisor(right), ..right.clone() };
        let by_zero = Term { shape: super::term::Shape::Atom, ..by_zero };
        let (operands, integer) = widened(&[left, &by_zero], (low, most));
        return Ok(Term::compound(operands.join(" / "), Kind::Integer(integer)));
    }
    if left.kind == Kind::Float || right.kind == Kind::Float {
        return Err(NotTranslated::new("DIV of floating-point numbers"));
    }
    let sql = format!("div({}, {})::bigint", left.sql, divisor(right));
    let (low, high) = (i64::MIN.into(), i64::MAX.into());
    let integer = Integer { low, high, width: Width::Big, unsigned: false };
    Ok(Term::atom(sql, Kind::Integer(integer)))
}

/// A whole number whose bits are the same in `bigint` and in `MySQL`'s 64 bits.
fn bit_pattern(term: &Term<'_>) -> Option<Integer> {
    match &term.kind {
        Kind::Integer(integer) if integer.width < Width::Numeric => Some(*integer),
        _ => None,
    }
}

fn bits_refused(operator: &str) -> NotTranslated {
    NotTranslated::new(format!("{operator} of numbers that may be negative or beyond 63 bits"))
}

/// `&`: one side without a sign is enough, as it clears the other's sign.
fn bit_and<'s>(left: &Term<'s>, right: &Term<'s>) -> Result<Term<'s>, NotTranslated> {
    let (Some(a), Some(b)) = (bit_pattern(left), bit_pattern(right)) else {
        return Err(bits_refused("&"));
    };
    let high = match (a.low >= 0, b.low >= 0) {
        (true, true) => a.high.min(b.high),
        (true, false) => a.high,
        (false, true) => b.high,
        (false, false) => return Err(bits_refused("&")),
    };
    let integer = Integer { low: 0, high, width: a.width.max(b.width), unsigned: true };
    let sql = format!("{} & {}", left.operand(), right.operand());
    Ok(Term::compound(sql, Kind::Integer(integer)).nullable(left.nullable || right.nullable))
}

/// `|` and `^`: a sign on either side would become a bit in `MySQL`.
fn bit_join<'s>(
    left: &Term<'s>,
    operator: &str,
    right: &Term<'s>,
) -> Result<Term<'s>, NotTranslated> {
    let (Some(a), Some(b)) = (bit_pattern(left), bit_pattern(right)) else {
        return Err(bits_refused("| and ^"));
    };
    if a.low < 0 || b.low < 0 {
        return Err(bits_refused("| and ^"));
    }
    let bits = 128 - (a.high | b.high).leading_zeros();
    let high = (1_i128 << bits) - 1;
    let integer = Integer { low: 0, high, width: a.width.max(b.width), unsigned: true };
    let sql = format!("{} {operator} {}", left.operand(), right.operand());
    Ok(Term::compound(sql, Kind::Integer(integer)).nullable(left.nullable || right.nullable))
}

/// `<<` and `>>` by a literal, where no bit is lost at the upper end.
fn bit_shift<'s>(
    left: &Term<'s>,
    operator: &str,
    right: &Term<'s>,
) -> Result<Term<'s>, NotTranslated> {
    let (Some(a), Some(by @ 0..=62)) = (bit_pattern(left), right.integer_constant()) else {
        return Err(bits_refused("<< and >>"));
    };
    let high = if operator == "<<" { a.high.saturating_mul(1 << by) } else { a.high >> by };
    if a.low < 0 || high > i64::MAX.into() {
        return Err(bits_refused("<< and >>"));
    }
    let integer = Integer { low: 0, high, width: Width::Big, unsigned: true };
    let sql = format!("{}::bigint {operator} {by}", left.operand());
    Ok(Term::compound(sql, Kind::Integer(integer)).nullable(left.nullable))
}
