//! What a person should know: every altered, skipped, renamed or refused thing is a finding.

use schemars::JsonSchema;
use serde::Serialize;

use crate::name::TableName;

/// How much it matters. A run with a warning or an error exits 1 at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
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
    /// A tree of files: a folder or a commit.
    Project,
    /// A file or a folder of a project.
    /// A user at a host, or a role.
    Account,
    Database,
    File,
}

/// Where a finding is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) struct Place {
    pub(crate) kind: PlaceKind,
    /// The table concerned, as the source names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) table: Option<TableName>,
    /// The database of an object that belongs to no table; of one of the target, its schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<String>,
    /// The column, index, key, view… within it; of a file its path from the project's root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// The line of a file, the first one being 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u32>,
}

impl Place {
    pub(crate) fn source() -> Self {
        Self::whole(PlaceKind::Source)
    }

    pub(crate) fn target() -> Self {
        Self::whole(PlaceKind::Target)
    }

    pub(crate) fn project() -> Self {
        Self::whole(PlaceKind::Project)
    }

    /// A file of the project, or a folder, and the line if one is meant.
    pub(crate) fn file(path: impl Into<String>, line: Option<u32>) -> Self {
        Self { line, ..Self::object(PlaceKind::File, path) }
    }

    fn whole(kind: PlaceKind) -> Self {
        Self { kind, table: None, schema: None, name: None, line: None }
    }

    pub(crate) fn table(table: &TableName) -> Self {
        Self { table: Some(table.clone()), ..Self::whole(PlaceKind::Table) }
    }

    pub(crate) fn column(table: &TableName, column: &str) -> Self {
        Self::part(PlaceKind::Column, table, column)
    }

    /// A part of a table: a column, an index, a key, a check, a trigger.
    pub(crate) fn part(kind: PlaceKind, table: &TableName, name: &str) -> Self {
        Self { table: Some(table.clone()), ..Self::object(kind, name) }
    }

    /// An object of a schema that belongs to no table: a view, a routine, an event.
    pub(crate) fn of(kind: PlaceKind, object: &TableName) -> Self {
        Self { schema: Some(object.schema.clone()), ..Self::object(kind, &object.name) }
    }

    /// What is in no schema, or in the only one that there is.
    pub(crate) fn object(kind: PlaceKind, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::whole(kind) }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.table, &self.name) {
            (Some(table), Some(name)) => write!(f, "{}.{name}", table.name),
            (Some(table), None) => f.write_str(&table.name),
            (None, Some(name)) => match self.line {
                Some(line) => write!(f, "{name}:{line}"),
                None => f.write_str(name),
            },
            (None, None) if self.kind == PlaceKind::Source => f.write_str("source"),
            (None, None) if self.kind == PlaceKind::Project => f.write_str("project"),
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
    /// A dump is not whole.
    DumpCutOff,
    /// A dump has tables and no rows.
    DumpWithoutRows,
    /// A dump has rows that are no longer.
    DumpHasHistory,
    /// A dump does not tell what stands behind the columns of a table.
    DumpLacksOptions,
    /// A dump has a statement that may change rows or tables, and is not read.
    DumpStatementNotRead,
    /// A dump does not tell the time zone of its TIMESTAMPs.
    DumpTimeZone,
    /// A dump holds fewer digits than its server did.
    DumpRounds,
    /// A dump has no values of a generated column.
    DumpLacksValues,
    /// Nothing in a dump tells whether it is whole.
    DumpEndUntold,
    /// A dump is written in a charset that lacks letters of its columns.
    DumpLettersLost,
    /// A dump was made with a condition on rows.
    DumpPartial,
    /// Nothing that the server has and the account may do gives one snapshot to all connections.
    NoSnapshot,
    /// Each table is read at an instant of its own, as was asked for.
    SnapshotPerTable,
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
    /// The partitions of a table are not quite as they were.
    PartitionsChanged,
    /// A sequence is not quite as it was.
    SequenceChanged,
    /// A view is not quite as it was.
    ViewChanged,
    /// A case-insensitive comparison became a case-sensitive one.
    CollationLost,
    /// A name was changed to fit, or as was asked for.
    Renamed,
    /// Two names would become one.
    NamesCollide,
    /// A type was chosen that a reader might not expect.
    TypeChosen,
    /// A type that was asked for has no exact way to it; the usual one was taken.
    TypeRefused,
    /// Texts look as if they had been encoded twice; they arrive as they are.
    EncodedTwice,
    /// Not all rows of a table are moved, as was asked for.
    RowsFiltered,
    /// A type's extension is made in the target.
    ExtensionMade,
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
    // Into a schema that stands
    /// The target has no such table or column.
    MissingInTarget,
    /// What has no place in the target was counted, and stays behind, as was accepted.
    LeftBehind,
    /// The target has a column that the source has nothing for.
    ExtraColumn,
    /// The target's column may not hold every value; rows with such a value are set aside.
    Narrower,
    /// No exact way leads from a column's type to that of the target.
    NoExactWay,
    /// What becomes of a time where only one side has a time zone.
    TimeZoneChosen,
    /// A table that is to be filled has rows already.
    TargetNotEmpty,
    /// Rows of the target are deleted first, as was asked for.
    TargetEmptied,
    /// Rows of the target stay, and others are added, as was asked for.
    RowsAdded,
    /// An object of the target that stood in the way is dropped first, as was asked for.
    TargetDropped,
    /// A table of the target is left as it is.
    LeftAlone,
    /// Foreign keys and triggers of the target are away until all rows are in.
    SetAside,
    /// What was accepted is no difference.
    NothingToAccept,
    // Copy
    /// Values were altered by policy; the message counts them.
    ValuesAltered,
    /// The target cannot hold some rows: they stand in its table `nirvana.quarantined`.
    RowsQuarantined,
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
    /// A table was not compared, or its differing rows could not be told one by one.
    TableNotCompared,
    /// Differing rows of a table could not be mended; the message has the server's words.
    NotRepaired,
    // A directory
    /// A file of a directory is missing, or is not the one that was written.
    FileDamaged,
    // Project
    /// A clone without its whole history.
    ShallowClone,
    /// The git repository of a folder cannot be opened; the folder was read without it.
    RepositoryNotOpened,
    /// A file or a folder could not be read; the message says why.
    Unreadable,
    /// Only the pointer of a file is here; its contents are in Git LFS.
    LfsPointer,
    /// A submodule, whose files are in another repository and were not looked at.
    SubmoduleNotRead,
    /// A symbolic link that leads out of the tree.
    LinkNotFollowed,
    /// No application of a kind that we know.
    NothingDetected,
    /// Two frameworks have the same folder for a root.
    AmbiguousFramework,
    // Audit
    /// A file of text that is longer than what is read.
    TooLargeToAudit,
    /// Findings of the baseline are there no more.
    BaselineSettled,
    // Configure
    /// A setting, or a whole file, stays as it is; the message says why.
    NotConfigured,
    /// A setting stays in the code, as it is none of a deploy.
    SettingLeft,
    /// A value was found that the file of variables sets otherwise.
    ValueNotCarried,
    /// Git has a file with secrets.
    SecretTracked,
    /// Nothing in the application reads the file of variables.
    EnvironmentNotLoaded,
    /// Secrets of a diff are masked.
    SecretsMasked,
    /// The way to another database cannot be gone by changing settings.
    AdapterNotSwitched,
    /// A setting that only MySQL knows was taken out.
    MysqlSettingRemoved,
    /// A file that a tool writes must be made anew by that tool.
    LockFileOutdated,
    /// A value that was for MySQL must be given anew for PostgreSQL.
    ValueToSet,
    // Env
    /// The code reads a key that is not set.
    EnvMissing,
    /// The code reads a key that is set to nothing.
    EnvEmpty,
    /// Nothing reads a key that is set.
    EnvUnread,
    /// A key is in the file and not in the one that names all keys.
    EnvDrift,
    /// A line is not what its program can read, or a key is set twice.
    EnvFileSyntax,
    // Provision
    /// Others than its owner may read the file of a password.
    SecretReadable,
    /// A password will be made, and kept in a file.
    NewPassword,
    /// Somebody has a privilege that the file does not give.
    NotInFile,
    /// A grant that was written for another kind of server was replaced.
    GrantReplaced,
    /// A grant reaches more than its name says.
    GrantReachesFurther,
    /// Of several grants on a database only the most specific counts.
    GrantHidden,
    /// A grant could not be read.
    GrantNotRead,
    /// Nobody can log in as this account.
    NoLogin,
    /// The account logs in by a plugin that is weaker than the server's best.
    WeakLogin,
    /// The expiry of an account can be undone by who has it.
    ExpiryIsSoft,
    /// The account has expired.
    Expired,
    /// Objects belong to somebody else than the database's owner.
    OwnedByOthers,
    /// After a run there is still something to do.
    NotSettled,
    /// A role of that name is there already, and stays as it is.
    RoleIsThere,
    /// The other server has nothing like it.
    NoEqual,
    /// A password's hash cannot move between servers.
    PasswordNotCarried,
    // Release
    /// Nobody looks whether a release answers, or whether it is the new one that does.
    HealthNotChecked,
    /// Lines of a host's ledger cannot be read.
    LedgerTorn,
    /// Somebody who was to be told of a release was not.
    NoticeNotHeard,
    /// What a release links to is in the repository too.
    SharedInRepository,
    /// A release was left, as it was not well; what the release command did is not undone.
    ReleaseReturned,
    /// The release that is served again does not answer either.
    ReturnedUnhealthy,
    /// What should be removed is still there.
    NotPruned,
    /// Hosts do not serve the same release.
    HostsDiffer,
    /// A run was killed and left something behind.
    RunLeftOver,
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
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

    /// Whether the target refused to make what it speaks of.
    pub(crate) fn is_refusal(&self) -> bool {
        self.code == Code::ObjectNotBuilt
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
