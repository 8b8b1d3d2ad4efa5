//! Numeric functions.
//!
//! Source: `MySQL` manual 14.6.2 "Mathematical Functions".

use sqlparser::ast::Expr;

use super::NotTranslated;
use super::arithmetic::widened;
use super::node::Translator;
use super::term::{Integer, Kind, Term, Width, unfit};

impl<'s> Translator<'s> {
    pub(crate) fn number_function(
        &mut self,
        name: &str,
        args: &[&Expr],
    ) -> Result<Option<Term<'s>>, NotTranslated> {
        let term = match (name, args) {
            ("ABS", [of]) => self.absolute(of)?,
            ("CEIL" | "CEILING", [of]) => self.whole("ceil", of)?,
            ("FLOOR", [of]) => self.whole("floor", of)?,
            ("ROUND", [of]) => self.rounded("round", of, 0)?,
            ("ROUND", [of, digits]) => match self.expression(digits)?.integer_constant() {
                Some(digits @ -30..=30) => self.rounded("round", of, digits)?,
                Some(_) | None => return Ok(None),
            },
            ("TRUNCATE", [of, digits]) => match self.expression(digits)?.integer_constant() {
                Some(digits @ -30..=30) => self.rounded("trunc", of, digits)?,
                Some(_) | None => return Ok(None),
            },
            ("MOD", [dividend, divisor]) => {
                let (dividend, divisor) = (self.expression(dividend)?, self.expression(divisor)?);
                self.modulo(dividend, divisor)?
            }
            ("SIGN", [of]) => {
                let of = self.expression(of)?;
                let of = self.number(of)?;
                let kind = Kind::Integer(Integer::between(-1, 1));
                Term::atom(format!("sign({})::integer", of.sql), kind).nullable(of.nullable)
            }
            ("RAND", []) => {
                self.depends_on_session();
                Term::atom("random()", Kind::Float).nullable(false)
            }
            _ => return Ok(None),
        };
        Ok(Some(term))
    }

    fn absolute(&mut self, of: &Expr) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(of)?;
        let term = self.number(term)?;
        let Kind::Integer(integer) = &term.kind else {
            return Ok(Term::atom(format!("abs({})", term.sql), term.kind).nullable(term.nullable));
        };
        let most = integer.low.saturating_abs().max(integer.high.saturating_abs());
        let (operands, integer) = widened(&[&term], (0, most));
        let sql = format!("abs({})", operands.join(""));
        Ok(Term::atom(sql, Kind::Integer(integer)).nullable(term.nullable))
    }

    /// FLOOR and CEIL.
    pub(crate) fn whole(&mut self, function: &str, of: &Expr) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(of)?;
        let term = self.number(term)?;
        let kind = match &term.kind {
            Kind::Integer(_) => {
                return Ok(Term { column: None, ..term });
            }
            Kind::Float => Kind::Float,
            _ => Kind::Numeric { scale: 0 },
        };
        Ok(Term::atom(format!("{function}({})", term.sql), kind).nullable(term.nullable))
    }

    /// ROUND and TRUNCATE of exact numbers; both round half away from zero. How floating-point
    /// numbers are rounded is the C library's matter in `MySQL`.
    fn rounded(
        &mut self,
        function: &str,
        of: &Expr,
        digits: i128,
    ) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(of)?;
        if let Kind::Quotient { scale } = &term.kind
            && i128::from(*scale) == digits
            && function == "round"
        {
            return Ok(Term { kind: Kind::Numeric { scale: *scale }, ..term });
        }
        let term = self.number(term)?;
        let scale = match &term.kind {
            Kind::Integer(_) if digits >= 0 => {
                return Ok(Term { column: None, ..term });
            }
            Kind::Integer(integer) => {
                // Rounding may carry to one digit more.
                let most = integer.low.saturating_abs().max(integer.high.saturating_abs());
                let (low, high) = (most.saturating_mul(-10), most.saturating_mul(10));
                let integer = Integer { low, high, width: Width::Numeric, ..*integer };
                let sql = format!("{function}({}::numeric, {digits})", term.operand());
                return Ok(Term::atom(sql, Kind::Integer(integer)).nullable(term.nullable));
            }
            Kind::Numeric { scale } => *scale,
            _ => return Err(unfit(&term, "in ROUND or TRUNCATE")),
        };
        if digits > i128::from(scale) {
            // How many digits are shown then differs between the servers.
            return Err(NotTranslated::new("ROUND or TRUNCATE to more digits than there are"));
        }
        let sql = format!("{function}({}, {digits})", term.sql);
        let kind = Kind::Numeric { scale: digits.max(0) as u32 };
        Ok(Term::atom(sql, kind).nullable(term.nullable))
    }
}
