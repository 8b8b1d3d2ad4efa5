//! What a person accepts of the differences between a source and a schema that stands: one by one.

use std::fmt;
use std::str::FromStr;

/// A kind of difference that can be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The target has no such table: its rows stay behind.
    MissingTable,
    /// The target has no such column: its values stay behind.
    MissingColumn,
    /// The target's column has no type that the values can be moved into exactly: they stay behind.
    NoExactWay,
    /// The target's column is narrower: rows with a value that does not fit are set aside.
    Narrower,
    /// DATETIME, which knows no time zone, goes into timestamptz as UTC.
    DatetimeAsUtc,
}

const KINDS: [Kind; 5] = [
    Kind::MissingTable,
    Kind::MissingColumn,
    Kind::NoExactWay,
    Kind::Narrower,
    Kind::DatetimeAsUtc,
];

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::MissingTable => "missing-table",
            Self::MissingColumn => "missing-column",
            Self::NoExactWay => "no-exact-way",
            Self::Narrower => "narrower",
            Self::DatetimeAsUtc => "datetime-as-utc",
        }
    }
}

/// One difference: its kind and its place, as the source names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Accept {
    pub(crate) kind: Kind,
    pub(crate) table: String,
    /// None for a table as a whole.
    pub(crate) column: Option<String>,
}

/// Every place: only for `datetime-as-utc`, which is one question about an application and not one
/// about each of its columns.
pub(crate) const EVERYWHERE: &str = "*";

impl Accept {
    /// Whether this, as somebody wrote it, speaks of that difference.
    pub(crate) fn covers(&self, difference: &Self) -> bool {
        self == difference || self.kind == difference.kind && self.table == EVERYWHERE
    }
}

impl fmt::Display for Accept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.word(), self.table)?;
        self.column.as_ref().map_or(Ok(()), |column| write!(f, ".{column}"))
    }
}

/// A word that cannot be read as `kind:table.column`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AcceptError {
    #[error("write it as in the finding that it answers, such as missing-column:orders.legacy")]
    Form,
    #[error("nothing is called {word}; nearest: {nearest}")]
    Unknown { word: String, nearest: &'static str },
    #[error("{0} is accepted column by column: {0}:table.column")]
    NeedsColumn(&'static str),
    #[error("{0} is accepted for a table: {0}:table")]
    NeedsTable(&'static str),
}

impl FromStr for Accept {
    type Err = AcceptError;

    fn from_str(text: &str) -> Result<Self, AcceptError> {
        let (word, place) = text.split_once(':').ok_or(AcceptError::Form)?;
        let kind = KINDS.into_iter().find(|kind| kind.word() == word);
        let kind = kind.ok_or_else(|| AcceptError::Unknown {
            word: word.to_owned(),
            nearest: nearest(word, KINDS.map(Kind::word)).unwrap_or_default(),
        })?;
        if place.is_empty() {
            return Err(AcceptError::Form);
        }
        let whole = |table: &str| Self { kind, table: table.to_owned(), column: None };
        match (kind, place.rsplit_once('.')) {
            (Kind::MissingTable, _) if place == EVERYWHERE => {
                Err(AcceptError::NeedsTable(word_of(kind)))
            }
            (Kind::MissingTable, _) => Ok(whole(place)),
            (Kind::DatetimeAsUtc, _) if place == EVERYWHERE => Ok(whole(place)),
            (_, Some((table, column))) if !table.is_empty() && !column.is_empty() => {
                Ok(Self { column: Some(column.to_owned()), ..whole(table) })
            }
            _ => Err(AcceptError::NeedsColumn(word_of(kind))),
        }
    }
}

fn word_of(kind: Kind) -> &'static str {
    kind.word()
}

/// The most similar of some words; `None` if there are none.
pub(super) fn nearest<T: AsRef<str>>(word: &str, known: impl IntoIterator<Item = T>) -> Option<T> {
    known.into_iter().min_by(|one, other| {
        let similarity = |known: &T| strsim::jaro_winkler(word, known.as_ref());
        similarity(other).total_cmp(&similarity(one))
    })
}

#[cfg(test)]
mod tests {
    use super::{Accept, AcceptError, Kind};

    #[test]
    fn differences_are_written_as_they_are_accepted() {
        for text in [
            "missing-table:old.orders",
            "missing-column:orders.legacy",
            "no-exact-way:orders.shape",
            "narrower:orders.note",
            "datetime-as-utc:orders.placed_at",
            "datetime-as-utc:*",
        ] {
            assert_eq!(text.parse::<Accept>().unwrap().to_string(), text);
        }
        let everywhere: Accept = "datetime-as-utc:*".parse().unwrap();
        assert!(everywhere.covers(&"datetime-as-utc:a.b".parse().unwrap()));
        assert!(!everywhere.covers(&"narrower:a.b".parse().unwrap()));
        let unknown = |text: &str| text.parse::<Accept>().unwrap_err();
        let nearest =
            AcceptError::Unknown { word: "mising-colum".to_owned(), nearest: "missing-column" };
        assert_eq!(unknown("mising-colum:a.b"), nearest);
        assert_eq!(unknown("orders.legacy"), AcceptError::Form);
        assert_eq!(unknown("narrower:orders"), AcceptError::NeedsColumn("narrower"));
        // A blanket is for the one question that is not a column's own.
        assert_eq!(unknown("narrower:*"), AcceptError::NeedsColumn("narrower"));
        assert_eq!(unknown("missing-table:*"), AcceptError::NeedsTable("missing-table"));
        assert_eq!(Kind::Narrower.word(), "narrower");
    }
}
