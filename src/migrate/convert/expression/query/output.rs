//! The columns that a query gives, and the types they have on both sides.

use crate::migrate::convert::names::fitted;
use crate::mysql::schema::{Collation, Column, ColumnType as Source, Default};
use crate::postgres::schema::ColumnType as Target;

use super::super::node::Translator;
use super::super::term::{Comparison, Encoding, Integer, Kind, Term, Text, Width, unfit};
use super::super::{NotTranslated, ScopeColumn};

/// One column of a query.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// As the target names it.
    pub(crate) name: String,
    /// As the source sees it: of its type and collation, whatever it was made of.
    pub(crate) source: Column,
    pub(crate) target: Target,
}

/// A column that was found, and how it is written.
pub(in super::super) struct Resolved<'a> {
    pub(in super::super) column: ScopeColumn<'a>,
    pub(in super::super) sql: String,
    /// Whether `sql` is the column and nothing else.
    pub(in super::super) plain: bool,
}

/// What a column is to be.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) source: Source,
    pub(crate) target: Target,
}

impl Output {
    pub(super) fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.source.name);
        self.name = fitted(name);
    }

    /// `MySQL` ignores case in column names.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.source.name.to_lowercase() == name.to_lowercase()
    }

    pub(super) fn wanted(&self) -> Wanted {
        Wanted { source: self.source.column_type.clone(), target: self.target.clone() }
    }

    /// Whether equality and order of its values follow a collation.
    pub(super) fn folds_case(&self) -> bool {
        let binary = |collation: &Collation| collation.name.ends_with("_bin");
        self.source.collation.as_ref().is_some_and(|collation| !binary(collation))
    }

    /// A column that is passed on.
    pub(super) fn same(resolved: &Resolved<'_>) -> Self {
        let source = resolved.column.source.clone();
        Self { name: String::new(), source, target: resolved.column.target.clone() }
    }

    /// What a computed value is.
    fn of(term: &Term<'_>, target: Target) -> Result<Self, NotTranslated> {
        let (column_type, collation) = match &term.kind {
            Kind::Null => (Source::Text, None),
            Kind::Boolean => (Source::TinyInt { unsigned: false, display_width: Some(1) }, None),
            Kind::Integer(Integer { width, unsigned, .. }) => (integer(*width, *unsigned), None),
            Kind::Numeric { scale } | Kind::Quotient { scale } => {
                let scale = u8::try_from(*scale).unwrap_or(u8::MAX);
                (Source::Decimal { precision: 65, scale }, None)
            }
            Kind::Float => (Source::Double, None),
            Kind::Text(text) => (Source::Text, Some(collation(*text))),
            Kind::Bytes => (Source::Blob, None),
            Kind::Date => (Source::Date, None),
            Kind::Timestamp { fraction } => (Source::DateTime { fraction: *fraction }, None),
            Kind::TimestampTz { fraction } => (Source::Timestamp { fraction: *fraction }, None),
            Kind::Time { fraction } => (Source::Time { fraction: *fraction }, None),
            Kind::Interval => (Source::Time { fraction: 6 }, None),
            Kind::Json => (Source::Json { native: true }, None),
            Kind::Bits { bits } => (Source::Bit { bits: *bits }, None),
            Kind::Uuid => (Source::Uuid, None),
            Kind::Enum | Kind::Set | Kind::Opaque => {
                return Err(unfit(term, "that is computed"));
            }
        };
        let source = Column {
            name: String::new(),
            column_type,
            nullable: term.nullable,
            default: Default::Absent,
            on_update_now: false,
            auto_increment: false,
            generated: None,
            collation,
            comment: String::new(),
            invisible: false,
            zerofill: false,
        };
        Ok(Self { name: String::new(), source, target })
    }
}

fn integer(width: Width, unsigned: bool) -> Source {
    match width {
        Width::Small => Source::SmallInt { unsigned: false },
        Width::Int => Source::Int { unsigned: false },
        Width::Big => Source::BigInt { unsigned: false },
        Width::Numeric => Source::BigInt { unsigned },
    }
}

/// A collation by which a text compares as that one does.
fn collation(text: Text) -> Collation {
    let name = match text.comparison {
        Comparison::Binary => "utf8mb4_bin",
        Comparison::Sensitive => "utf8mb4_0900_as_cs",
        Comparison::Coercible | Comparison::Insensitive => "utf8mb4_general_ci",
    };
    let charset = if text.encoding == Encoding::Utf8 { "utf8mb4" } else { "latin1" };
    Collation { charset: charset.to_owned(), name: name.to_owned() }
}

/// The target's type for a computed value, where nobody asks for one.
fn own_type(term: &Term<'_>) -> Result<Target, NotTranslated> {
    Ok(match &term.kind {
        Kind::Null | Kind::Text(_) | Kind::Enum => Target::Text,
        Kind::Boolean => Target::Boolean,
        Kind::Integer(integer) => match integer.width {
            Width::Small => Target::SmallInt,
            Width::Int => Target::Integer,
            Width::Big => Target::BigInt,
            Width::Numeric => Target::Numeric { precision: 20, scale: 0 },
        },
        Kind::Numeric { scale } | Kind::Quotient { scale } => Target::Numeric {
            precision: 65,
            scale: u16::try_from(*scale).map_err(|_| unfit(term, "of so many digits"))?,
        },
        Kind::Float => Target::DoublePrecision,
        Kind::Bytes => Target::Bytea,
        Kind::Date => Target::Date,
        Kind::Timestamp { fraction } => Target::Timestamp { fraction: *fraction },
        Kind::TimestampTz { fraction } => Target::TimestampTz { fraction: *fraction },
        Kind::Time { fraction } => Target::Time { fraction: *fraction },
        Kind::Interval => Target::Interval { fraction: 6 },
        Kind::Json => Target::Jsonb,
        Kind::Bits { bits } => Target::Bit { bits: *bits },
        Kind::Uuid => Target::Uuid,
        Kind::Set | Kind::Opaque => return Err(unfit(term, "that is computed")),
    })
}

impl<'s> Translator<'s> {
    /// A computed value as a column of the type wanted: numbers are cast where the source shows
    /// them with digits of their own.
    pub(super) fn output(
        &mut self,
        term: Term<'s>,
        wanted: Option<&Target>,
    ) -> Result<(String, Output), NotTranslated> {
        // Labels that were computed are texts.
        let wanted = match wanted {
            Some(Target::Enum { .. } | Target::TextArray) => Some(&Target::Text),
            wanted => wanted,
        };
        let term = if term.kind == Kind::Enum { self.text(term)? } else { term };
        let target = match wanted {
            Some(target) => target.clone(),
            None => own_type(&term)?,
        };
        if term.kind == Kind::Null {
            return Ok((format!("NULL::{target}"), Output::of(&term, target)?));
        }
        if let (Kind::Quotient { scale }, Target::Numeric { scale: shown, .. }) =
            (&term.kind, &target)
            && u32::from(*shown) == *scale
        {
            let sql = format!("round({}, {scale})", term.sql);
            let kind = Kind::Numeric { scale: *scale };
            let term = Term::atom(sql.clone(), kind).nullable(term.nullable);
            return Ok((sql, Output::of(&term, target)?));
        }
        let assigned = self.assign(term, &target)?;
        let exact = match (&assigned.kind, &target) {
            (Kind::Boolean, Target::Boolean)
            | (Kind::Float, Target::DoublePrecision)
            | (Kind::Text(_), Target::Text) => true,
            (Kind::Integer(integer), Target::SmallInt) => integer.width == Width::Small,
            (Kind::Integer(integer), Target::Integer) => integer.width == Width::Int,
            (Kind::Integer(integer), Target::BigInt) => integer.width == Width::Big,
            (Kind::Date, Target::Date) | (Kind::Json, Target::Jsonb) => true,
            _ => false,
        };
        let sql = match (&assigned.kind, &target) {
            _ if exact && assigned.constant.is_none() => assigned.sql.clone(),
            // A length in the source's type says what fits, not what is there.
            (Kind::Text(_), _) => format!("{}::text", assigned.operand()),
            // As many digits as the source shows.
            (Kind::Numeric { .. }, Target::Numeric { .. }) => {
                let sql = assigned.operand();
                format!("{}::{target}", sql.strip_suffix("::numeric").unwrap_or(&sql))
            }
            (Kind::Bytes, _) => assigned.sql.clone(),
            _ => format!("{}::{target}", assigned.operand()),
        };
        let target = match &assigned.kind {
            Kind::Text(_) => Target::Text,
            _ => target,
        };
        Ok((sql, Output::of(&assigned, target)?))
    }
}
