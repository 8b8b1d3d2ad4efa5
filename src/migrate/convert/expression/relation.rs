//! The operators that compare.

use sqlparser::ast::BinaryOperator;

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    Different,
    /// `<=>`: NULL is equal to NULL.
    Same,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    pub(crate) fn of(op: &BinaryOperator) -> Option<Self> {
        match op {
            BinaryOperator::Eq => Some(Self::Equal),
            BinaryOperator::NotEq => Some(Self::Different),
            BinaryOperator::Spaceship => Some(Self::Same),
            BinaryOperator::Lt => Some(Self::Less),
            BinaryOperator::LtEq => Some(Self::LessOrEqual),
            BinaryOperator::Gt => Some(Self::Greater),
            BinaryOperator::GtEq => Some(Self::GreaterOrEqual),
            _ => None,
        }
    }

    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Different => "<>",
            Self::Same => "IS NOT DISTINCT FROM",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// With the sides exchanged.
    pub(super) fn mirrored(self) -> Self {
        match self {
            Self::Equal | Self::Different | Self::Same => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    pub(super) fn asks(self) -> Asks {
        match self {
            Self::Equal | Self::Different | Self::Same => Asks::Equality,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => Asks::Order,
        }
    }
}

/// What a comparison wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    Equality,
    Order,
}
