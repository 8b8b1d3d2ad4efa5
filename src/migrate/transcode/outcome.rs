//! What becomes of a value that does not arrive as it was.

use crate::mysql::error::Truncated;
use crate::postgres::jsonb;

/// A value that is not what it was, by policy; each is counted per column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alteration {
    /// A zero or partial date became NULL.
    ZeroDate,
    /// U+0000 was removed from text.
    NulRemoved,
    /// The '' that an ENUM holds for an invalid value became NULL.
    EnumError,
    /// Of members with the same key in one JSON object the last was kept.
    RepeatedKeys,
    /// A zero or partial date became 1970-01-01.
    ZeroDateEpoch,
    /// A zero or partial date became -infinity.
    ZeroDateInfinity,
    /// U+0000 became U+FFFD.
    NulReplaced,
    /// Bytes that are no UTF-8 became U+FFFD.
    InvalidReplaced,
    /// Characters that Unicode does not have became '?'.
    CharactersLost,
    /// Spaces around a text were taken away.
    Trimmed,
    /// '' became NULL.
    EmptyToNull,
    /// Text that was encoded twice was decoded once.
    Repaired,
}

impl Alteration {
    /// What the journal and the findings call it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::ZeroDate => "dates that do not exist (zero, partial, 30 February) became NULL",
            Self::NulRemoved => "texts lost their U+0000, which PostgreSQL cannot hold",
            Self::RepeatedKeys => "JSON values repeat a key in one object; the last was kept",
            Self::EnumError => "invalid labels ('') became NULL",
            Self::ZeroDateEpoch => "dates that do not exist became 1970-01-01",
            Self::ZeroDateInfinity => "dates that do not exist became -infinity",
            Self::NulReplaced => "texts have U+FFFD in place of U+0000",
            Self::InvalidReplaced => "texts have U+FFFD in place of bytes that are no UTF-8",
            Self::CharactersLost => "texts have '?' for characters that Unicode does not have",
            Self::Trimmed => "texts lost the spaces around them",
            Self::EmptyToNull => "empty texts became NULL",
            Self::Repaired => "texts that were encoded twice were decoded once",
        }
    }
}

impl Alteration {
    pub(crate) const ALL: [Self; 12] = [
        Self::ZeroDate,
        Self::NulRemoved,
        Self::EnumError,
        Self::RepeatedKeys,
        Self::ZeroDateEpoch,
        Self::ZeroDateInfinity,
        Self::NulReplaced,
        Self::InvalidReplaced,
        Self::CharactersLost,
        Self::Trimmed,
        Self::EmptyToNull,
        Self::Repaired,
    ];
}

/// A value that the target's type cannot hold.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ValueError {
    #[error("{value} is beyond {limit}")]
    OutOfRange { value: String, limit: &'static str },
    #[error("{value} does not fit {limit}")]
    DoesNotFit { value: String, limit: String },
    #[error("the JSON text is not one that jsonb holds: {0}")]
    Json(#[from] jsonb::Invalid),
    #[error("{what} cannot be read from {bytes} bytes")]
    Malformed { what: &'static str, bytes: usize },
    /// In the target's words, for a target that cannot be asked.
    #[error("{0}")]
    Refused(String),
    #[error("the value has {0}")]
    NoText(&'static str),
    /// To be set aside, as somebody has asked for by name.
    #[error("{0}")]
    Asked(String),
    /// Nothing more is to be moved, as somebody has asked for by name.
    #[error("{0}, and that is to stop the run")]
    Stop(String),
    #[error("the server sent a row that cannot be read")]
    Wire(#[from] Truncated),
}
