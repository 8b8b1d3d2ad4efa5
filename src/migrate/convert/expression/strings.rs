//! Text functions.
//!
//! Both count positions in characters from 1. LENGTH counts bytes, which are the same only in
//! UTF-8. Source: `MySQL` manual 14.8 "String Functions and Operators".

use sqlparser::ast::{Expr, TrimWhereField};

use crate::postgres::quote::literal;

use super::NotTranslated;
use super::function::plain_call;
use super::literal::{bytes, bytes_of_hex};
use super::node::Translator;
use super::parse::{string_literal, without_parentheses};
use super::term::{Constant, Encoding, Integer, Kind, Shape, Term, Text, Width, unfit};

/// The most characters or bytes of a text.
const LONGEST: i128 = i32::MAX as i128;

impl<'s> Translator<'s> {
    /// A value as `MySQL` makes a text of it.
    pub(crate) fn text(&mut self, term: Term<'s>) -> Result<Term<'s>, NotTranslated> {
        let text = Kind::Text(Text::literal());
        match &term.kind {
            Kind::Text(_) => Ok(term),
            Kind::Boolean if term.is_bits() => Err(unfit(&term, "as a text")),
            Kind::Boolean => {
                let number = self.number(term)?;
                Ok(number.cast("text", text))
            }
            Kind::Integer(_) if term.column.is_some_and(|column| column.zerofill) => {
                Err(unfit(&term, "with ZEROFILL as a text"))
            }
            Kind::Integer(_) if term.is_year() => {
                let sql = format!("lpad({}::text, 4, '0')", term.operand());
                Ok(Term::atom(sql, text).nullable(term.nullable))
            }
            Kind::Integer(_) => Ok(term.cast("text", text)),
            Kind::Numeric { scale } | Kind::Quotient { scale } if *scale <= 30 => {
                let shown = match (term.column, &term.constant) {
                    (None, None) => format!("round({}, {scale})::text", term.sql),
                    (_, _) => format!("{}::text", term.operand()),
                };
                Ok(Term::atom(shown, text).nullable(term.nullable))
            }
            Kind::Enum => {
                // The name of a label can be changed, so that PostgreSQL calls this STABLE.
                self.depends_on_session();
                let of = Text::of(term.column.and_then(|column| column.collation.as_ref()));
                Ok(term.cast("text", Kind::Text(of)))
            }
            Kind::Date | Kind::Timestamp { .. } | Kind::TimestampTz { .. } | Kind::Time { .. } => {
                self.shown(term)
            }
            Kind::Null
            | Kind::Numeric { .. }
            | Kind::Quotient { .. }
            | Kind::Float
            | Kind::Bytes
            | Kind::Interval
            | Kind::Json
            | Kind::Bits { .. }
            | Kind::Set
            | Kind::Uuid
            | Kind::Opaque => Err(unfit(&term, "as a text")),
        }
    }

    /// An argument as a text, whose characters are characters.
    fn text_of(&mut self, expr: &Expr) -> Result<(Term<'s>, Text), NotTranslated> {
        let term = self.expression(expr)?;
        let term = self.text(term)?;
        match &term.kind {
            Kind::Text(text) if text.encoding != Encoding::Binary => {
                let text = *text;
                Ok((term, text))
            }
            _ => Err(unfit(&term, "in a text function")),
        }
    }

    /// An argument as a text with the same bytes on both sides.
    fn utf8_of(&mut self, expr: &Expr) -> Result<Term<'s>, NotTranslated> {
        let (term, text) = self.text_of(expr)?;
        if text.encoding != Encoding::Utf8 {
            return Err(unfit(&term, "whose bytes differ in UTF-8"));
        }
        Ok(term)
    }

    pub(crate) fn string_function(
        &mut self,
        name: &str,
        args: &[&Expr],
    ) -> Result<Option<Term<'s>>, NotTranslated> {
        let term = match (name, args) {
            ("LOWER" | "LCASE", [of]) => self.mapped("lower", of)?,
            ("UPPER" | "UCASE", [of]) => self.mapped("upper", of)?,
            ("LTRIM", [of]) => self.mapped("ltrim", of)?,
            ("RTRIM", [of]) => self.mapped("rtrim", of)?,
            ("TRIM", [of]) => self.mapped("btrim", of)?,
            ("REVERSE", [of]) => self.mapped("reverse", of)?,
            ("CONCAT", [_, ..]) => self.concat(args)?,
            ("CONCAT_WS", [_, _, ..]) => self.concat_ws(args)?,
            ("LEFT", [of, length]) => self.end("left", of, length)?,
            ("RIGHT", [of, length]) => self.end("right", of, length)?,
            ("SUBSTR" | "SUBSTRING" | "MID", [of, from]) => self.substring(of, from, None)?,
            ("SUBSTR" | "SUBSTRING" | "MID", [of, from, length]) => {
                self.substring(of, from, Some(length))?
            }
            ("SUBSTRING_INDEX", [of, delimiter, count]) => self.part(of, delimiter, count)?,
            ("REPLACE", [of, from, to]) => self.replace([of, from, to])?,
            ("REPEAT", [of, times]) => self.repeat(of, times)?,
            ("LPAD", [of, length, with]) => self.pad("lpad", [of, length, with])?,
            ("RPAD", [of, length, with]) => self.pad("rpad", [of, length, with])?,
            ("LOCATE", [what, of]) | ("INSTR", [of, what]) => self.locate(what, of)?,
            ("CHAR_LENGTH" | "CHARACTER_LENGTH", [of]) => {
                let (of, _) = self.text_of(of)?;
                counted("char_length", &of)
            }
            ("LENGTH" | "OCTET_LENGTH", [of]) => self.octets(of)?,
            _ => return self.digest_function(name, args),
        };
        Ok(Some(term))
    }

    fn digest_function(
        &mut self,
        name: &str,
        args: &[&Expr],
    ) -> Result<Option<Term<'s>>, NotTranslated> {
        let term = match (name, args) {
            ("MD5", [of]) => {
                let of = self.bytes_or_utf8(of)?;
                Term::atom(format!("md5({})", of.sql), Kind::Text(Text::literal()))
                    .nullable(of.nullable)
            }
            ("SHA2", [of, bits]) => {
                let bits = self.expression(bits)?.integer_constant();
                let function = match bits {
                    Some(224) => "sha224",
                    Some(0 | 256) => "sha256",
                    Some(384) => "sha384",
                    Some(512) => "sha512",
                    Some(_) | None => return Ok(None),
                };
                let of = self.bytes_or_utf8(of)?;
                let nullable = of.nullable;
                let of = self.encoded(of);
                let sql = format!("encode({function}({of}), 'hex')");
                Term::atom(sql, Kind::Text(Text::literal())).nullable(nullable)
            }
            ("HEX", [of]) => self.hex(of)?,
            ("UNHEX", [of]) => self.unhex(of)?,
            ("UUID", []) => {
                self.depends_on_session();
                Term::atom("gen_random_uuid()::text", Kind::Text(Text::literal()))
                    .nullable(false)
                    .known(Constant::Uuid)
            }
            ("UUID_TO_BIN", [uuid]) if self.is_new_uuid(uuid)? => self.uuid_bytes(),
            _ => return Ok(None),
        };
        Ok(Some(term))
    }

    /// A function from text to text that has the same meaning under another name.
    fn mapped(&mut self, function: &str, of: &Expr) -> Result<Term<'s>, NotTranslated> {
        let (of, text) = self.text_of(of)?;
        let sql = format!("{function}({})", of.sql);
        Ok(Term::atom(sql, Kind::Text(text)).nullable(of.nullable))
    }

    fn concat(&mut self, args: &[&Expr]) -> Result<Term<'s>, NotTranslated> {
        let mut text = Text::literal();
        let mut parts = Vec::with_capacity(args.len());
        let mut nullable = false;
        let mut shape = Shape::Atom;
        for arg in args {
            let (part, of) = self.text_of(arg)?;
            text = text.with(of);
            nullable |= part.nullable;
            // || is associative, so that a || (b || c) needs no parentheses.
            shape = part.shape;
            parts.push(part.sql);
        }
        if parts.len() > 1 {
            shape = Shape::Compound;
        }
        let term = Term::atom(parts.join(" || "), Kind::Text(text)).nullable(nullable);
        Ok(Term { shape, ..term })
    }

    /// Both skip NULLs and give NULL for a NULL separator; `PostgreSQL` calls it STABLE.
    fn concat_ws(&mut self, args: &[&Expr]) -> Result<Term<'s>, NotTranslated> {
        let mut text = Text::literal();
        let mut parts = Vec::with_capacity(args.len());
        let mut nullable = true;
        for arg in args {
            let (part, of) = self.text_of(arg)?;
            text = text.with(of);
            if parts.is_empty() {
                nullable = part.nullable;
            }
            parts.push(part.sql);
        }
        self.depends_on_session();
        let sql = format!("concat_ws({})", parts.join(", "));
        Ok(Term::atom(sql, Kind::Text(text)).nullable(nullable))
    }

    /// LEFT and RIGHT; a negative length means "all but" to `PostgreSQL` and nothing to `MySQL`.
    fn end(&mut self, function: &str, of: &Expr, length: &Expr) -> Result<Term<'s>, NotTranslated> {
        let (of, text) = self.text_of(of)?;
        let length = self.count(length)?;
        let sql = if length.starts_at_zero() {
            format!("{function}({}, {})", of.sql, length.sql)
        } else {
            format!("{function}({}, GREATEST({}, 0))", of.sql, length.sql)
        };
        if !length.starts_at_zero() && length.nullable {
            // GREATEST would make 0 of NULL.
            return Err(NotTranslated::new(format!("{function} by a length that may be negative")));
        }
        Ok(Term::atom(sql, Kind::Text(text)).nullable(of.nullable || length.nullable))
    }

    /// SUBSTR (of, from, length). A negative position counts from the end in `MySQL`.
    pub(crate) fn substring(
        &mut self,
        of: &Expr,
        from: &Expr,
        length: Option<&Expr>,
    ) -> Result<Term<'s>, NotTranslated> {
        let (of, text) = self.text_of(of)?;
        let from = self.count(from)?;
        let length = length.map(|length| self.count(length)).transpose()?;
        let nullable =
            of.nullable || from.nullable || length.as_ref().is_some_and(|length| length.nullable);
        let taken = match &length {
            None => String::new(),
            Some(length) if length.starts_at_zero() => format!(", {}", length.sql),
            Some(length) if !length.nullable => format!(", GREATEST({}, 0)", length.sql),
            Some(_) => {
                return Err(NotTranslated::new("SUBSTR by a length that may be negative"));
            }
        };
        let nothing = format!("left({}, 0)", of.sql);
        let sql = match (from.value, from.low) {
            (Some(0), _) => nothing,
            (Some(back), _) if back < 0 => {
                let back = -back;
                let tail = format!("right({}, {back})", of.sql);
                let tail = match taken.strip_prefix(", ") {
                    Some(length) => format!("left({tail}, {length})"),
                    None => tail,
                };
                format!("CASE WHEN char_length({}) < {back} THEN {nothing} ELSE {tail} END", of.sql)
            }
            (_, 1..) => format!("substr({}, {}{taken})", of.sql, from.sql),
            (_, 0) => {
                let (of, from) = (&of.sql, &from.sql);
                format!("CASE WHEN {from} = 0 THEN {nothing} ELSE substr({of}, {from}{taken}) END")
            }
            _ => {
                return Err(NotTranslated::new("SUBSTR from a place that may be negative"));
            }
        };
        Ok(Term::atom(sql, Kind::Text(text)).nullable(nullable))
    }

    /// A number of characters, as `integer`.
    fn count(&mut self, expr: &Expr) -> Result<Count, NotTranslated> {
        let term = self.expression(expr)?;
        let term = self.number(term)?;
        let Kind::Integer(integer) = &term.kind else {
            return Err(unfit(&term, "as a number of characters"));
        };
        if integer.low < i32::MIN.into() || integer.high > LONGEST + 1 {
            return Err(unfit(&term, "as a number of characters"));
        }
        let sql = if integer.width > Width::Int {
            format!("{}::integer", term.operand())
        } else {
            term.sql.clone()
        };
        let value = term.integer_constant();
        Ok(Count { sql, value, low: integer.low, nullable: term.nullable })
    }

    /// SUBSTRING_INDEX, of the first or last part; the delimiter is matched by case on both sides.
    fn part(
        &mut self,
        of: &Expr,
        delimiter: &Expr,
        count: &Expr,
    ) -> Result<Term<'s>, NotTranslated> {
        let (of, text) = self.text_of(of)?;
        let count = self.expression(count)?.integer_constant();
        match (string_literal(delimiter), count) {
            (Some(delimiter), Some(count @ (1 | -1))) if delimiter.chars().count() == 1 => {
                let sql = format!("split_part({}, {}, {count})", of.sql, literal(delimiter));
                Ok(Term::atom(sql, Kind::Text(text)).nullable(of.nullable))
            }
            _ => Err(NotTranslated::new("SUBSTRING_INDEX of other than the first or last part")),
        }
    }

    fn replace(&mut self, args: [&Expr; 3]) -> Result<Term<'s>, NotTranslated> {
        let [of, from, to] = args;
        let ((of, text), (from, _), (to, of_to)) =
            (self.text_of(of)?, self.text_of(from)?, self.text_of(to)?);
        let sql = format!("replace({}, {}, {})", of.sql, from.sql, to.sql);
        let nullable = of.nullable || from.nullable || to.nullable;
        Ok(Term::atom(sql, Kind::Text(text.with(of_to))).nullable(nullable))
    }

    fn repeat(&mut self, of: &Expr, times: &Expr) -> Result<Term<'s>, NotTranslated> {
        let (of, text) = self.text_of(of)?;
        let times = self.count(times)?;
        let sql = format!("repeat({}, {})", of.sql, times.sql);
        Ok(Term::atom(sql, Kind::Text(text)).nullable(of.nullable || times.nullable))
    }

    /// LPAD and RPAD, which also cut. An empty filling gives NULL or not, by server.
    fn pad(&mut self, function: &str, args: [&Expr; 3]) -> Result<Term<'s>, NotTranslated> {
        let [of, length, with] = args;
        let (of, text) = self.text_of(of)?;
        let length = self.count(length)?;
        let (with, _) = self.text_of(with)?;
        let filled = with.text_constant().is_some_and(|with| !with.is_empty());
        if !filled || !length.starts_at_zero() {
            return Err(NotTranslated::new(format!("{function} by other than literals")));
        }
        let sql = format!("{function}({}, {}, {})", of.sql, length.sql, with.sql);
        Ok(Term::atom(sql, Kind::Text(text)).nullable(of.nullable || length.nullable))
    }

    /// LOCATE, INSTR and POSITION, which `MySQL` compares by collation.
    pub(crate) fn locate(&mut self, what: &Expr, of: &Expr) -> Result<Term<'s>, NotTranslated> {
        let ((what, text), (of, of_text)) = (self.text_of(what)?, self.text_of(of)?);
        self.note_case(text.with(of_text), [&what, &of]);
        let sql = format!("strpos({}, {})", of.sql, what.sql);
        let kind = Kind::Integer(Integer::between(0, LONGEST));
        Ok(Term::atom(sql, kind).nullable(of.nullable || what.nullable))
    }

    /// TRIM (BOTH x FROM y): `PostgreSQL` takes x as a set of characters.
    pub(crate) fn trim(
        &mut self,
        side: Option<TrimWhereField>,
        what: Option<&Expr>,
        of: &Expr,
    ) -> Result<Term<'s>, NotTranslated> {
        let function = match side {
            None | Some(TrimWhereField::Both) => "btrim",
            Some(TrimWhereField::Leading) => "ltrim",
            Some(TrimWhereField::Trailing) => "rtrim",
        };
        let Some(what) = what else {
            return self.mapped(function, of);
        };
        let (of, text) = self.text_of(of)?;
        match string_literal(what) {
            Some(letter) if letter.chars().count() == 1 => {
                let sql = format!("{function}({}, {})", of.sql, literal(letter));
                Ok(Term::atom(sql, Kind::Text(text)).nullable(of.nullable))
            }
            Some(_) | None => Err(NotTranslated::new("TRIM of other than one character")),
        }
    }

    fn octets(&mut self, of: &Expr) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(of)?;
        if term.kind == Kind::Bytes {
            return Ok(counted("octet_length", &term));
        }
        let term = self.text(term)?;
        match &term.kind {
            Kind::Text(text) if text.encoding != Encoding::Other => {
                Ok(counted("octet_length", &term))
            }
            _ => Err(unfit(&term, "whose bytes differ in UTF-8")),
        }
    }

    fn bytes_or_utf8(&mut self, of: &Expr) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(of)?;
        if term.kind == Kind::Bytes { Ok(term) } else { self.utf8_of(of) }
    }

    /// The bytes of a text; `PostgreSQL` calls the conversion STABLE.
    fn encoded(&mut self, term: Term<'s>) -> String {
        if term.kind == Kind::Bytes {
            return term.sql;
        }
        self.depends_on_session();
        format!("convert_to({}, 'UTF8')", term.sql)
    }

    fn hex(&mut self, of: &Expr) -> Result<Term<'s>, NotTranslated> {
        let term = self.expression(of)?;
        let kind = Kind::Text(Text::literal());
        let nullable = term.nullable;
        let sql = match &term.kind {
            Kind::Integer(integer) if integer.low >= 0 && integer.width < Width::Numeric => {
                let wide = if integer.width == Width::Small { "::integer" } else { "" };
                format!("upper(to_hex({}{wide}))", term.sql)
            }
            Kind::Bytes => format!("upper(encode({}, 'hex'))", term.sql),
            Kind::Text(_) => {
                let of = self.utf8_of(of)?;
                format!("upper(encode({}, 'hex'))", self.encoded(of))
            }
            _ => return Err(unfit(&term, "in HEX")),
        };
        Ok(Term::atom(sql, kind).nullable(nullable))
    }

    /// UNHEX of a literal, and of a new UUID without its hyphens; of anything else it may be NULL.
    fn unhex(&mut self, of: &Expr) -> Result<Term<'s>, NotTranslated> {
        if let Some(value) = string_literal(of).and_then(bytes_of_hex) {
            return Ok(bytes(value));
        }
        if let Expr::Function(function) = without_parentheses(of)
            && let Some((name, args)) = plain_call(function)
            && let ("REPLACE", [uuid, hyphen, nothing]) = (name.as_str(), args.as_slice())
            && self.is_new_uuid(uuid)?
            && string_literal(hyphen) == Some("-")
            && string_literal(nothing) == Some("")
        {
            return Ok(self.uuid_bytes());
        }
        Err(NotTranslated::new("UNHEX of a computed text"))
    }

    fn is_new_uuid(&mut self, expr: &Expr) -> Result<bool, NotTranslated> {
        Ok(self.expression(expr)?.constant == Some(Constant::Uuid))
    }

    fn uuid_bytes(&mut self) -> Term<'s> {
        self.depends_on_session();
        Term::atom("uuid_send(gen_random_uuid())", Kind::Bytes)
            .nullable(false)
            .known(Constant::Uuid)
    }
}

/// A number of characters.
struct Count {
    sql: String,
    value: Option<i128>,
    low: i128,
    nullable: bool,
}

impl Count {
    fn starts_at_zero(&self) -> bool {
        self.low >= 0
    }
}

fn counted<'s>(function: &str, of: &Term<'s>) -> Term<'s> {
    let kind = Kind::Integer(Integer::between(0, LONGEST));
    Term::atom(format!("{function}({})", of.sql), kind).nullable(of.nullable)
}
