//! What a person should know: every altered, skipped, renamed or refused thing is a finding.

use schemars::JsonSchema;
use serde::Serialize;

use crate::name::TableName;

/// How much it matters. A run with a warning or an error exits 1 at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Severity {
    /// Good to know; nothing was lost or changed.
    Note,
    /// Something is not as it was: not carried, altered, or weaker than in the source.
    Warning,
    /// Something was refused or failed.
    Error,
}

/// What kind of thing a place names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PlaceKind {
    Source,
    Target,
    Table,
    Column,
    Index,
    ForeignKey,
    Check,
    View,
    Trigger,
    Routine,
    Event,
    Sequence,
    Type,
}

/// Where a finding is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) struct Place {
    pub(crate) kind: PlaceKind,
    /// The table concerned, as the source names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) table: Option<TableName>,
    /// The column, index, key, view… within it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

impl Place {
    pub(crate) fn source() -> Self {
        Self { kind: PlaceKind::Source, table: None, name: None }
    }

    pub(crate) fn target() -> Self {
        Self { kind: PlaceKind::Target, table: None, name: None }
    }

    pub(crate) fn table(table: &TableName) -> Self {
        Self { kind: PlaceKind::Table, table: Some(table.clone()), name: None }
    }

    pub(crate) fn column(table: &TableName, column: &str) -> Self {
        Self::part(PlaceKind::Column, table, column)
    }

    /// A part of a table: a column, an index, a key, a check, a trigger.
    pub(crate) fn part(kind: PlaceKind, table: &TableName, name: &str) -> Self {
        Self { kind, table: Some(table.clone()), name: Some(name.to_owned()) }
    }

    /// An object of the schema that belongs to no table: a view, a routine, an event.
    pub(crate) fn object(kind: PlaceKind, name: impl Into<String>) -> Self {
        Self { kind, table: None, name: Some(name.into()) }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.table, &self.name) {
            (Some(table), Some(name)) => write!(f, "{}.{name}", table.name),
            (Some(table), None) => f.write_str(&table.name),
            (None, Some(name)) => f.write_str(name),
            (None, None) if self.kind == PlaceKind::Source => f.write_str("source"),
            (None, None) => f.write_str("target"),
        }
    }
}

/// What was found: a closed list, so that scripts can rely on the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Code {
    // Preflight
    /// A server is too old, or of a kind we do not know.
    ServerVersion,
    /// A privilege is missing; the help is the GRANT that mends it.
    MissingPrivilege,
    /// The target already has an object of that name.
    ObjectInTheWay,
    /// A server has too few free connections for `--jobs`.
    TooFewConnections,
    /// The source has no table to move.
    NothingToMove,
    /// A table has no primary key and no unique key without NULLs.
    NoKey,
    /// The source's binary log is off: no position can be told.
    NoBinaryLog,
    /// A table's engine takes no part in a snapshot.
    EngineWithoutSnapshot,
    /// The target database does not store UTF-8.
    TargetEncoding,
    /// A table was altered in the source during the copy.
    ChangedDuringCopy,
    // Convert
    /// The object's kind is not carried over yet.
    NotCarried,
    /// An expression could not be translated.
    ExpressionNotTranslated,
    /// A default could not be translated, and was left out.
    DefaultNotTranslated,
    /// A generated column became an ordinary column with its values.
    GeneratedColumnFlattened,
    /// A partitioned table became one table.
    PartitionsFlattened,
    /// A case-insensitive comparison became a case-sensitive one.
    CollationLost,
    /// A name was changed to fit.
    Renamed,
    /// A type was chosen that a reader might not expect.
    TypeChosen,
    /// A type we do not know arrives as the text that the server prints.
    UnknownType,
    /// NOT NULL was dropped, as zero dates became NULL.
    NotNullDropped,
    /// Something about presentation only, such as ZEROFILL.
    PresentationLost,
    /// An index was changed to fit.
    IndexChanged,
    /// A CHECK that the source does not enforce.
    CheckNotEnforced,
    /// A foreign key was changed, or could not be expressed.
    ForeignKeyChanged,
    // Copy
    /// Values were altered by policy; the message counts them.
    ValuesAltered,
    /// A table could not be copied.
    TableNotCopied,
    // Build
    /// The target refused to make an object; the message has its words.
    ObjectNotBuilt,
    /// Rows refer to rows that do not exist; the key stays NOT VALID.
    Orphans,
    // Verify
    /// Rows differ between source and target.
    RowsDiffer,
    /// The target's catalog is not what was planned.
    CatalogDiffers,
}

impl Code {
    /// The word scripts see, as in JSON: `rows-differ`.
    pub(crate) fn word(self) -> String {
        let debug = format!("{self:?}");
        let mut word = String::with_capacity(debug.len() + 4);
        for (at, letter) in debug.char_indices() {
            if letter.is_ascii_uppercase() && at > 0 {
                word.push('-');
            }
            word.push(letter.to_ascii_lowercase());
        }
        word
    }
}

/// One thing a person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) code: Code,
    pub(crate) place: Place,
    pub(crate) message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) help: Option<String>,
}

impl Finding {
    pub(crate) fn note(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, place, message.into())
    }

    pub(crate) fn warning(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, place, message.into())
    }

    pub(crate) fn error(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, place, message.into())
    }

    fn new(severity: Severity, code: Code, place: Place, message: String) -> Self {
        Self { severity, code, place, message, help: None }
    }

    /// Adds what to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, Finding, Place};

    #[test]
    fn the_word_is_the_one_in_json() {
        for code in [Code::RowsDiffer, Code::NoKey, Code::NotNullDropped] {
            let json = serde_json::to_string(&code).unwrap();
            assert_eq!(json, format!("\"{}\"", code.word()));
        }
    }

    #[test]
    fn a_finding_without_help_has_no_help_in_json() {
        let finding = Finding::note(Code::NothingToMove, Place::source(), "m");
        let json = serde_json::to_string(&finding).unwrap();
        assert_eq!(
            json,
            r#"{"severity":"note","code":"nothing-to-move","place":{"kind":"source"},"message":"m"}"#
        );
    }
}
