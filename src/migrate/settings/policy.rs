//! What is done with values that the target has no equal for. Each default alters or sets aside as
//! little as there is a way to; whoever names a policy knows of it, and is not warned.

use schemars::JsonSchema;
use serde::Deserialize;

/// Dates that do not exist: 0000-00-00, 2020-00-15, 30 February.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ZeroDates {
    /// NULL; NOT NULL is dropped where it stands in the way. So it is unless told.
    Null,
    /// 1970-01-01, at midnight UTC.
    Epoch,
    /// Before all others.
    #[serde(rename = "-infinity")]
    MinusInfinity,
    /// The row is set aside.
    Quarantine,
    /// Nothing is moved if there is one.
    Stop,
}

/// U+0000 in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Nul {
    /// Taken out. So it is unless told.
    Remove,
    /// U+FFFD in its place.
    Replace,
    /// The row is set aside.
    Quarantine,
    /// Nothing is moved if there is one.
    Stop,
}

/// The '' that an ENUM holds for a value that is none of its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EnumErrors {
    /// NULL; NOT NULL is dropped where it stands in the way. So it is unless told.
    Null,
    /// '' becomes a label of the type, the first, as it is in the source's order.
    AddLabel,
    /// The row is set aside.
    Quarantine,
    /// Nothing is moved if there is one.
    Stop,
}

/// Bytes that are no text in the column's charset, and characters that Unicode does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum InvalidText {
    /// The row is set aside. So it is unless told.
    Quarantine,
    /// '?' or U+FFFD for each of them.
    Replace,
    /// Nothing is moved if there is one.
    Stop,
}

/// Values beyond the target's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OutOfRange {
    /// The row is set aside. So it is unless told.
    Quarantine,
    /// The run ends with the first.
    Stop,
}

/// How text compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Comparison {
    /// With regard to case. So it is unless told.
    Plain,
    /// As in the source: where its collation ignores case, by an ICU collation that does.
    Ci,
}

/// All that may be asked for by name; what is not is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policies {
    pub(crate) zero_dates: Option<ZeroDates>,
    pub(crate) nul: Option<Nul>,
    pub(crate) enum_errors: Option<EnumErrors>,
    pub(crate) invalid_text: Option<InvalidText>,
    pub(crate) out_of_range: Option<OutOfRange>,
}
