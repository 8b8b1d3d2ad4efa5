//! A translated part of an expression: its SQL and all that its neighbours must know of it.

use crate::mysql::schema::{Collation, Column, ColumnType as Source};

use super::{NotTranslated, Type};

/// A translated part.
#[derive(Clone, Debug)]
pub(crate) struct Term<'s> {
    pub(crate) sql: String,
    pub(crate) shape: Shape,
    pub(crate) kind: Kind,
    /// What it is worth, if that is known now.
    pub(crate) constant: Option<Constant>,
    /// Whether it can be NULL.
    pub(crate) nullable: bool,
    /// The column, if it is nothing but one.
    pub(crate) column: Option<&'s Column>,
}

/// Whether a part can be an operand as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Atom,
    /// A comparison: an operand of AND and OR, but of nothing else.
    Predicate,
    /// It needs parentheses.
    Compound,
}

/// The kind of value, as finely as exactness asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Integer(Integer),
    /// Exact decimals, with the digits after the point that `MySQL` shows.
    Numeric {
        scale: u32,
    },
    /// A quotient of exact numbers. `MariaDB` and `MySQL` before 9 compute with more digits than
    /// they show, later ones do not, so it may only be stored or shown with exactly `scale` digits.
    Quotient {
        scale: u32,
    },
    Float,
    Text(Text),
    Bytes,
    Date,
    Timestamp {
        fraction: u8,
    },
    TimestampTz {
        fraction: u8,
    },
    /// A time of day.
    Time {
        fraction: u8,
    },
    /// A `MySQL` TIME beyond a day.
    Interval,
    Json,
    Bits {
        bits: u8,
    },
    Enum,
    Set,
    Uuid,
    /// What has no more than a name to us, such as a geometry.
    Opaque,
}

/// What is known of a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Integer {
    /// Bounds of what it can be.
    pub(crate) low: i128,
    pub(crate) high: i128,
    pub(crate) width: Width,
    /// `MySQL` computes with UNSIGNED, up to 2^64 - 1.
    pub(crate) unsigned: bool,
}

/// The type in `PostgreSQL` that holds a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Width {
    Small,
    Int,
    Big,
    Numeric,
}

/// What is known of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) comparison: Comparison,
    pub(crate) encoding: Encoding,
}

/// How `MySQL` compares a text; of two texts the later one of this list decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Comparison {
    /// A literal: as the other side.
    Coercible,
    Insensitive,
    Sensitive,
    /// By code point.
    Binary,
}

/// What `MySQL` counts as a text's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// The same bytes as in `PostgreSQL`.
    Utf8,
    Other,
    /// CAST (… AS BINARY): each character is a byte.
    Binary,
}

/// A value that is known while we translate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Integer(i128),
    /// A decimal number, as written.
    Decimal(String),
    Text(String),
    Bytes(Vec<u8>),
    /// The time of the statement, with that many fractional digits.
    Now(u8),
    /// A new UUID, as text or as 16 bytes.
    Uuid,
}

impl Width {
    /// The narrowest that holds all from `low` to `high`.
    pub(crate) fn holding(low: i128, high: i128) -> Self {
        let within = |least: i128, most: i128| low >= least && high <= most;
        if within(i16::MIN.into(), i16::MAX.into()) {
            Self::Small
        } else if within(i32::MIN.into(), i32::MAX.into()) {
            Self::Int
        } else if within(i64::MIN.into(), i64::MAX.into()) {
            Self::Big
        } else {
            Self::Numeric
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Small => "smallint",
            Self::Int => "integer",
            Self::Big => "bigint",
            Self::Numeric => "numeric",
        }
    }
}

impl Integer {
    /// What a source column can hold; `width` is what its target column is.
    pub(crate) fn of(source: &Source, width: Width) -> Option<Self> {
        let (bits, unsigned) = match source {
            Source::TinyInt { unsigned, .. } => (8, *unsigned),
            Source::SmallInt { unsigned } => (16, *unsigned),
            Source::MediumInt { unsigned } => (24, *unsigned),
            Source::Int { unsigned } => (32, *unsigned),
            Source::BigInt { unsigned } => (64, *unsigned),
            Source::Year => {
                return Some(Self { low: 0, high: 2155, width, unsigned: true });
            }
            Source::Decimal { .. }
            | Source::Float
            | Source::Double
            | Source::Bit { .. }
            | Source::Date
            | Source::DateTime { .. }
            | Source::Timestamp { .. }
            | Source::Time { .. }
            | Source::Char { .. }
            | Source::VarChar { .. }
            | Source::Text
            | Source::Binary { .. }
            | Source::VarBinary { .. }
            | Source::Blob
            | Source::Enum { .. }
            | Source::Set { .. }
            | Source::Json { .. }
            | Source::Geometry { .. }
            | Source::Uuid
            | Source::Inet4
            | Source::Inet6
            | Source::Vector { .. }
            | Source::Unknown { .. } => return None,
        };
        let (low, high) = if unsigned {
            (0, (1_i128 << bits) - 1)
        } else {
            (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)
        };
        Some(Self { low, high, width, unsigned })
    }

    /// A result between `low` and `high` of a function that gives `PostgreSQL`'s `integer`.
    pub(crate) fn between(low: i128, high: i128) -> Self {
        Self { low, high, width: Width::Int, unsigned: false }
    }

    /// 0 or 1.
    pub(crate) fn truth() -> Self {
        Self::between(0, 1)
    }
}

impl Text {
    pub(crate) fn literal() -> Self {
        Self { comparison: Comparison::Coercible, encoding: Encoding::Utf8 }
    }

    /// What a column of that collation holds.
    pub(crate) fn of(collation: Option<&Collation>) -> Self {
        let Some(collation) = collation else {
            return Self::literal();
        };
        let comparison = if collation.name.ends_with("_bin") {
            Comparison::Binary
        } else if collation.is_case_insensitive() {
            Comparison::Insensitive
        } else {
            Comparison::Sensitive
        };
        let same_bytes =
            matches!(collation.charset.as_str(), "utf8mb4" | "utf8mb3" | "utf8" | "ascii");
        let encoding = if same_bytes { Encoding::Utf8 } else { Encoding::Other };
        Self { comparison, encoding }
    }

    /// What a text made of both is.
    pub(crate) fn with(self, other: Self) -> Self {
        let encoding = match (self.encoding, other.encoding) {
            (Encoding::Utf8, Encoding::Utf8) => Encoding::Utf8,
            (Encoding::Binary, _) | (_, Encoding::Binary) => Encoding::Binary,
            (Encoding::Other, _) | (_, Encoding::Other) => Encoding::Other,
        };
        Self { comparison: self.comparison.max(other.comparison), encoding }
    }
}

impl Kind {
    /// What `MySQL` computes with as a number by itself; a quotient only may look like one.
    pub(crate) fn is_number(&self) -> bool {
        matches!(
            self,
            Self::Boolean
                | Self::Integer(_)
                | Self::Numeric { .. }
                | Self::Float
                | Self::Bits { .. }
        )
    }

    /// A date, a point in time or a time of day.
    pub(crate) fn is_temporal(&self) -> bool {
        matches!(
            self,
            Self::Date
                | Self::Timestamp { .. }
                | Self::TimestampTz { .. }
                | Self::Time { .. }
                | Self::Interval
        )
    }

    /// For messages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Boolean => "a boolean",
            Self::Integer(_) => "a whole number",
            Self::Numeric { .. } => "a decimal number",
            Self::Quotient { .. } => "a quotient",
            Self::Float => "a floating-point number",
            Self::Text(_) => "a text",
            Self::Bytes => "a binary string",
            Self::Date => "a date",
            Self::Timestamp { .. } => "a DATETIME",
            Self::TimestampTz { .. } => "a TIMESTAMP",
            Self::Time { .. } | Self::Interval => "a TIME",
            Self::Json => "a JSON value",
            Self::Bits { .. } => "a BIT value",
            Self::Enum => "an ENUM",
            Self::Set => "a SET",
            Self::Uuid => "a UUID",
            Self::Opaque => "a value of that type",
        }
    }

    pub(crate) fn coarse(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Boolean => Type::Boolean,
            Self::Integer(_) => Type::Integer,
            Self::Numeric { .. } | Self::Quotient { .. } => Type::Numeric,
            Self::Float => Type::Float,
            Self::Text(_) => Type::Text,
            Self::Bytes => Type::Bytea,
            Self::Date => Type::Date,
            Self::Timestamp { .. } => Type::Timestamp,
            Self::TimestampTz { .. } => Type::TimestampTz,
            Self::Time { .. } => Type::Time,
            Self::Interval => Type::Interval,
            Self::Json => Type::Json,
            Self::Bits { .. } => Type::Bit,
            Self::Enum => Type::Enum,
            Self::Set => Type::Array,
            Self::Uuid => Type::Uuid,
            Self::Opaque => Type::Other,
        }
    }
}

impl<'s> Term<'s> {
    /// A part that needs no parentheses.
    pub(crate) fn atom(sql: impl Into<String>, kind: Kind) -> Self {
        let sql = sql.into();
        Self { sql, shape: Shape::Atom, kind, constant: None, nullable: true, column: None }
    }

    /// A part that needs parentheses as an operand.
    pub(crate) fn compound(sql: impl Into<String>, kind: Kind) -> Self {
        Self { shape: Shape::Compound, ..Self::atom(sql, kind) }
    }

    /// A comparison.
    pub(crate) fn predicate(sql: impl Into<String>) -> Self {
        Self { shape: Shape::Predicate, ..Self::atom(sql, Kind::Boolean) }
    }

    pub(crate) fn null() -> Self {
        Self::atom("NULL", Kind::Null)
    }

    pub(crate) fn truth(value: bool) -> Self {
        Self::atom(if value { "TRUE" } else { "FALSE" }, Kind::Boolean).nullable(false)
    }

    pub(crate) fn integer(value: i128) -> Self {
        let width = Width::holding(value, value).max(Width::Int);
        let kind = Kind::Integer(Integer { low: value, high: value, width, unsigned: false });
        let shape = if value < 0 { Shape::Compound } else { Shape::Atom };
        let constant = Some(Constant::Integer(value));
        Self { shape, constant, ..Self::atom(value.to_string(), kind) }.nullable(false)
    }

    pub(crate) fn nullable(self, nullable: bool) -> Self {
        Self { nullable, ..self }
    }

    pub(crate) fn known(self, constant: Constant) -> Self {
        Self { constant: Some(constant), ..self }
    }

    /// The SQL as an operand or before a cast.
    pub(crate) fn operand(&self) -> String {
        match self.shape {
            Shape::Atom => self.sql.clone(),
            Shape::Predicate | Shape::Compound => format!("({})", self.sql),
        }
    }

    /// A cast to a type, as another kind; NULL where this is.
    pub(crate) fn cast(&self, to: &str, kind: Kind) -> Term<'s> {
        Term::atom(format!("{}::{to}", self.operand()), kind).nullable(self.nullable)
    }

    pub(crate) fn integer_constant(&self) -> Option<i128> {
        match &self.constant {
            Some(Constant::Integer(value)) => Some(*value),
            Some(
                Constant::Decimal(_)
                | Constant::Text(_)
                | Constant::Bytes(_)
                | Constant::Now(_)
                | Constant::Uuid,
            )
            | None => None,
        }
    }

    pub(crate) fn text_constant(&self) -> Option<&str> {
        match &self.constant {
            Some(Constant::Text(text)) => Some(text),
            Some(
                Constant::Decimal(_)
                | Constant::Integer(_)
                | Constant::Bytes(_)
                | Constant::Now(_)
                | Constant::Uuid,
            )
            | None => None,
        }
    }

    /// Whether it is a column of type YEAR.
    pub(crate) fn is_year(&self) -> bool {
        self.column.is_some_and(|column| column.column_type == Source::Year)
    }

    /// Whether it is a column of type BIT, which as a text is bytes, even BIT (1).
    pub(crate) fn is_bits(&self) -> bool {
        self.column.is_some_and(|column| matches!(column.column_type, Source::Bit { .. }))
    }

    /// For messages: what it is, and which column.
    pub(crate) fn describe(&self) -> String {
        match self.column {
            Some(column) => format!("{} (column '{}')", self.kind.name(), column.name),
            None => self.kind.name().to_owned(),
        }
    }
}

/// "… where …": a value that stands where another kind is wanted.
pub(crate) fn unfit(term: &Term<'_>, place: &str) -> NotTranslated {
    NotTranslated::new(format!("{} {place}", term.describe()))
}
